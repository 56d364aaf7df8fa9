import pytest

from mappings.fhir.search_match import matches
from mappings.fhir.search_query import read_query

CODING = {"system": "http://x", "code": "a"}
PLAN = {
    "resourceType": "CarePlan",
    "status": "active",
    "category": [{"coding": [CODING, {"code": "bare"}], "text": "words"}],
    "period": {"start": "2026-01-01"},
}


def fits(kind: str, resource: dict, *given: tuple[str, str]) -> bool:
    return matches(resource, read_query(kind, given, base="https://g/fhir").criteria)


class TestTokens:
    @pytest.mark.parametrize("value", ["b", "http://x|b", "|a", "http://y|", "A", "words", "http://y|a", "a|"])
    def test_what_does_not_fit(self, value):
        assert not fits("CarePlan", PLAN, ("category", value))

    @pytest.mark.parametrize("value", ["a", "http://x|a", "http://x|", "|bare", "b,a"])
    def test_what_fits(self, value):
        assert fits("CarePlan", PLAN, ("category", value))

    def test_not_is_the_opposite_also_where_there_is_nothing(self):
        assert not fits("CarePlan", PLAN, ("status:not", "active"))
        assert fits("CarePlan", {"resourceType": "CarePlan"}, ("status:not", "active"))

    @pytest.mark.parametrize(("element", "said", "is_so"), [("status", "true", False), ("date", "false", True)])
    def test_missing(self, element, said, is_so):
        assert fits("CarePlan", PLAN, (f"{element}:missing", said)) is is_so

    def test_every_criterion_must_be_met(self):
        assert not fits("CarePlan", PLAN, ("status", "active"), ("category", "b"))

    def test_an_identifier_is_its_value(self):
        encounter = {"identifier": [{"system": "s", "value": "7"}]}
        assert fits("Encounter", encounter, ("identifier", "s|7"))
        assert not fits("Encounter", encounter, ("identifier", "t|7"))


class TestTexts:
    PERSON = {"name": [{"family": "Álder", "given": ["Ray", "José"]}]}  # noqa: RUF012  -- nothing changes it

    @pytest.mark.parametrize(
        ("name", "value", "is_so"),
        [
            ("family", "ald", True),
            ("family", "lder", False),
            ("family:contains", "LDER", True),
            ("family:exact", "Alder", False),
            ("family:exact", "Álder", True),
            ("given", "jose", True),
            ("name", "ray", True),
            ("name", "nobody", False),
        ],
    )
    def test_as_r4_compares_them(self, name, value, is_so):
        assert fits("Patient", self.PERSON, (name, value)) is is_so


class TestReferences:
    @pytest.mark.parametrize(("value", "is_so"), [("Practitioner/7", True), ("7", True), ("77", False), ("x/7", False)])
    def test_a_reference_or_its_id(self, value, is_so):
        role = {"practitioner": {"reference": "Practitioner/7"}}
        assert fits("PractitionerRole", role, ("practitioner", value)) is is_so

import pytest

from mappings.fhir.search_query import MOST_COUNT, USUAL_COUNT, Broken, QueryError, read_query
from mappings.fhir.search_table import TYPES, parameters_of

BASE = "https://g/fhir"


def broken(kind: str, *given: tuple[str, str]) -> tuple[str, Broken]:
    with pytest.raises(QueryError) as caught:
        read_query(kind, given, base=BASE)
    assert "canary" not in str(caught.value)
    return caught.value.parameter, caught.value.rule


class TestRefused:
    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ([("patient", "a,b")], ("patient", Broken.REPEATED)),
            ([("patient", "a"), ("subject", "b")], ("patient", Broken.REPEATED)),
            ([("patient", "Group/canary")], ("patient", Broken.VALUE)),
            ([("patient", "https://elsewhere/fhir/Patient/a")], ("patient", Broken.VALUE)),
            ([("patient", "Patient/")], ("patient", Broken.VALUE)),
            ([("subject:Group", "a")], ("subject", Broken.MODIFIER)),
            ([("_id:not", "a")], ("_id", Broken.MODIFIER)),
            ([("status:canary", "a")], ("status", Broken.MODIFIER)),
            ([("date:exact", "2026")], ("date", Broken.MODIFIER)),
            ([("status:missing", "canary")], ("status", Broken.VALUE)),
            ([("date", "canary")], ("date", Broken.VALUE)),
            ([("status", "a,,b")], ("status", Broken.VALUE)),
            ([("status", "canary\n")], ("status", Broken.VALUE)),
            ([("status", "x" * 257)], ("status", Broken.VALUE)),
            ([("status", ",".join("abcdefghijklmnopqrstuvwxyz"))], ("status", Broken.TOO_MANY)),
            ([("_count", "canary")], ("_count", Broken.COUNT)),
            ([("_count", "00")], ("_count", Broken.COUNT)),
            ([("_count", "5"), ("_count", "6")], ("_count", Broken.REPEATED)),
            ([("_summary", "count")], ("_summary", Broken.NOT_SERVED)),
            ([("_summary", "true")], ("_summary", Broken.NOT_SERVED)),
            ([(f"x{n}", "1") for n in range(41)], ("", Broken.TOO_MANY)),
        ],
    )
    def test_by_parameter_and_rule(self, given, said):
        assert broken("CarePlan", *given) == said

    def test_a_type_that_is_not_served(self):
        with pytest.raises(KeyError):
            read_query("Person", [], base=BASE)


class TestPassedOver:
    def test_only_what_is_a_name_is_named(self):
        given = [
            ("odd-one", "1"),
            ("canary.x", "1"),
            ("odd-one", "2"),
            ("_sort", "date"),
            ("can ary", "1"),
            ("x1", "1"),
        ]
        query = read_query("CarePlan", given, base=BASE)
        assert query.ignored == ("odd-one", "_sort")
        assert query.more_ignored
        assert query.is_passing_over

    def test_an_include_that_is_not_safe(self):
        given = [("_include", "CarePlan:care-team"), ("_revinclude", "Task:subject"), ("_total", "accurate")]
        assert read_query("CarePlan", given, base=BASE).ignored == ("_include", "_revinclude", "_total")

    def test_without_a_value_a_parameter_is_absent(self):
        assert read_query("CarePlan", [("status", ""), ("odd", "")], base=BASE) == read_query("CarePlan", [], base=BASE)


class TestRead:
    @pytest.mark.parametrize("value", ["p1", "Patient/p1", "https://g/fhir/Patient/p1"])
    def test_whom_it_is_about(self, value):
        query = read_query("CarePlan", [("patient", value), ("subject:Patient", "p1")], base=BASE)
        assert (query.patient, query.criteria) == ("p1", ())

    def test_what_it_asks_for(self):
        given = [("status", "active,draft"), ("date", "ge2026"), ("_include", "CarePlan:patient"), ("_format", "json")]
        query = read_query("CarePlan", [*given, ("_revinclude", "Provenance:target")], base=BASE)
        assert [(one.parameter.name, one.values) for one in query.criteria] == [
            ("status", ("active", "draft")),
            ("date", ("ge2026",)),
        ]
        assert (query.with_patient, query.with_provenance, query.format) == (True, True, "json")
        assert not query.is_passing_over

    @pytest.mark.parametrize(("said", "count"), [("7", 7), ("1000000000000", MOST_COUNT), ("007", 7)])
    def test_how_many(self, said, count):
        assert read_query("CarePlan", [("_count", said)], base=BASE).count == count
        assert read_query("CarePlan", [], base=BASE).count == USUAL_COUNT

    @pytest.mark.parametrize("kind", TYPES)
    def test_every_parameter_of_the_table_is_read(self, kind):
        for name, parameter in parameters_of(kind).items():
            value = "2026" if parameter.kind.value == "date" else "x"
            query = read_query(kind, [(name, value)], base=BASE)
            assert query.ignored == ()
            assert query.patient == "x" or query.criteria

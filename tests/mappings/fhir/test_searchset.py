"""What a reading system is shown of a disclosure. Over HTTP: tests/gateway/api/pulling."""

from datetime import UTC, datetime

import pytest
from fhir.resources.R4B.bundle import Bundle

from consent.codes import Category, HipaaStatus, OrganizationKind, Part2Status
from consent.disclosure import _SEAL, Clearance, ClearedItem, Disclosure
from consent.model import Organization
from consent.notices import NOTICES
from mappings.fhir.build import BuildError
from mappings.fhir.searchset import PATIENT, Told, View, as_searched, nothing_found, passed_over, searchset, single

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOTICE = next(iter(NOTICES.values()))
WHO = {"resourceType": "Patient", "id": "x", "name": [{"family": "Alder"}]}
REACH = {"resourceType": "Patient", "id": "y", "name": [{"family": "Birch"}], "telecom": [{"value": "1"}]}
GOAL = {
    "resourceType": "Goal",
    "id": "g",
    "lifecycleStatus": "active",
    "description": {"text": "words"},
    "subject": {"reference": "Patient/x"},
    "addresses": [{"reference": "Condition/elsewhere"}],
}
PLAN = {
    "resourceType": "CarePlan",
    "id": "c",
    "status": "active",
    "intent": "plan",
    "subject": {"reference": "Patient/x"},
    "goal": [{"reference": "Goal/g"}],
}


def item(name: str, resource: dict, category: Category = Category.GOALS) -> ClearedItem:
    return ClearedItem(name, 1, "p", category, "consent:c/g", part2=True, resource=resource)


def disclosed(*items: ClearedItem, notice: bool = True) -> Disclosure:
    clearance = Clearance(
        seal=_SEAL,
        request="r",
        recipient="org:h",
        purpose="treatment",
        participant="p",
        items=items,
        notice=NOTICE if notice else None,
        scope="a scope",
        summary=None,
        obligations=(),
        digest="0" * 64,
    )
    return Disclosure(_SEAL, clearance, "entry", AT)


def view(kind: str, **more) -> View:
    hospital = Organization(
        "org:h", "Harbor", OrganizationKind.HOSPITAL, Part2Status.NOT_PROGRAM, HipaaStatus.COVERED_ENTITY
    )
    names = {PATIENT: "pat", "1": "one", "2": "two", "3": "three"}
    return View(kind, names, "https://g", {"org:h": hospital}, **more)


class TestSingle:
    @pytest.mark.parametrize("items", [(item("1", WHO),), (item("1", GOAL), item("2", GOAL))])
    def test_anything_but_one(self, items):
        with pytest.raises(BuildError):
            single(disclosed(*items), view("Goal"))

    def test_references_stay_among_what_is_given(self):
        told = single(disclosed(item("1", PLAN), item("2", GOAL)), view("CarePlan"))
        assert told["id"] == "one"
        assert told["subject"] == {"reference": "Patient/pat"}
        assert told["goal"] == [{"reference": "Goal/two"}]
        goal = single(disclosed(item("1", PLAN), item("2", GOAL)), view("Goal"))
        assert "addresses" not in goal

    def test_two_entries_about_one_person_are_one_patient(self):
        told = single(disclosed(item("1", WHO), item("2", REACH)), view("Patient"))
        assert (told["id"], told["name"], told["telecom"]) == ("pat", [{"family": "Alder"}], [{"value": "1"}])

    def test_nobody_named_is_an_id_alone(self):
        told = single(disclosed(item("1", GOAL), notice=False), view("Patient"))
        assert told.keys() == {"resourceType", "id", "meta"}

    def test_when_it_came_in(self):
        told = single(disclosed(item("1", GOAL)), view("Goal", updated={"1": AT}))
        assert told["meta"]["lastUpdated"] == "2026-03-02T12:00:00.000+00:00"


class TestSearchset:
    def test_nothing_is_the_frame(self):
        found = nothing_found("Goal", "https://g")
        Bundle.model_validate(found)
        assert found.keys() == {"resourceType", "meta", "type", "link"}

    def test_matches_then_what_is_included_and_the_notice_first(self):
        whole = searchset(
            disclosed(item("1", GOAL), item("2", WHO, Category.IDENTITY)),
            view("Goal", with_patient=True, with_provenance=True),
            ignored=passed_over(["odd"], and_others=False),
            next_page="https://g/next",
        )
        Bundle.model_validate(whole)
        told = [(one["resource"]["resourceType"], one["search"]["mode"]) for one in whole["entry"]]
        assert told == [
            ("OperationOutcome", "outcome"),
            ("Goal", "match"),
            ("Patient", "include"),
            ("Provenance", "include"),
            ("OperationOutcome", "outcome"),
        ]
        assert {"relation": "next", "url": "https://g/next"} in whole["link"]
        assert "total" not in whole

    def test_an_audit_says_when_and_why_and_not_what(self):
        told = (Told("e1", "a1", AT, "treatment"),)
        whole = searchset(disclosed(item("1", GOAL)), view("AuditEvent", told=told))
        (event,) = [e["resource"] for e in whole["entry"] if e["resource"]["resourceType"] == "AuditEvent"]
        assert event["id"] == "a1"
        assert "words" not in str(event)


class TestAsSearched:
    def test_of_custody_a_search_sees_what_a_notice_says(self):
        stay = {"resourceType": "Encounter", "status": "finished", "type": [{"text": "x"}], "reasonCode": []}
        seen = as_searched(item("1", stay, Category.CUSTODY), None)
        assert seen == {"resourceType": "Encounter", "status": "finished"}

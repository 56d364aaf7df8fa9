"""Names inside a Bundle: nothing points out of it."""

from typing import Any

import pytest

from mappings.fhir.references import known_names, renamed

KNOWN = {"Goal/1": "urn:uuid:goal"}
PATIENT = "urn:uuid:patient"


def rename(**elements: Any) -> dict[str, Any]:
    found = renamed({"resourceType": "CarePlan", **elements}, uuid="new", patient=PATIENT, known=KNOWN)
    del found["resourceType"], found["id"]
    return found


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Goal/2"},
        {"reference": "Goal/1/2"},
        {"reference": "https://ehr.example/fhir/Goal/1"},
        {"reference": "urn:uuid:elsewhere"},
        {"reference": "#not-contained"},
        {"reference": "Patient/p-fir"},
        {"reference": None, "display": "Testina Fir"},
        {"identifier": {"system": "sid", "value": "WA1"}, "display": "Testina Fir"},
        {"type": "Organization", "identifier": {"value": "otp"}},
    ],
)
def test_a_reference_out_of_the_bundle_is_left_out(reference: dict[str, Any]) -> None:
    assert rename(author=reference) == {}
    assert rename(goal=[reference, {"reference": "Goal/1"}]) == {"goal": [{"reference": "urn:uuid:goal"}]}
    assert rename(activity=[{"detail": {"goal": [reference]}}]) == {}


def test_a_version_of_a_known_resource_is_that_resource() -> None:
    assert rename(goal=[{"reference": "Goal/1/_history/3"}]) == {"goal": [{"reference": "urn:uuid:goal"}]}


@pytest.mark.parametrize("element", ["subject", "patient", "for", "beneficiary"])
def test_whom_it_is_about_is_the_participant(element: str) -> None:
    found = rename(**{element: {"reference": "Patient/p-ray", "display": "Ray Alder"}})
    assert found == {element: {"reference": PATIENT}}


def test_inside_a_contained_resource_too() -> None:
    goal = {"resourceType": "Goal", "id": "g", "subject": {"reference": "Patient/p-ray"}}
    found = rename(contained=[goal], goal=[{"reference": "#g"}])
    assert found["contained"][0]["subject"] == {"reference": PATIENT}
    assert found["goal"] == [{"reference": "#g"}]


def test_an_identifier_of_the_resource_itself_is_no_reference() -> None:
    assert rename(identifier=[{"system": "s", "value": "v"}]) == {"identifier": [{"system": "s", "value": "v"}]}


def test_the_sender_s_id_meta_and_rules_are_left_out() -> None:
    assert rename(meta={"versionId": "1"}, implicitRules="urn:x") == {}


def test_a_null_that_keeps_step_with_its_twin_stays() -> None:
    elements = {"given": [None, "Ray"], "_given": [{"id": "a"}, None]}
    assert rename(name=[elements]) == {"name": [elements]}


def test_a_name_that_two_resources_have_names_neither() -> None:
    one, two = {"resourceType": "Goal", "id": "1"}, {"resourceType": "Goal", "id": "2"}
    assert known_names([(one, "a"), (one, "b"), (two, "c"), (None, "d"), ({"resourceType": "Goal"}, "e")]) == {
        "Goal/2": "c"
    }

"""The allow-list walk: what is not written down does not leave, and what leaves is still a resource."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.redaction import redact
from consent.resource_shapes import NEVER

CODE = {"coding": [{"system": "urn:x", "code": "progress", "display": "Progress"}], "text": "free"}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o1",
    "meta": {"versionId": "3", "tag": [{"code": "secret"}]},
    "implicitRules": "",
    "text": {"status": "generated", "div": "<div>secret</div>"},
    "contained": [{"resourceType": "Patient", "name": [{"text": "secret"}]}],
    "extension": [{"url": "urn:x", "valueString": "secret"}],
    "status": "final",
    "_status": {"extension": [{"url": "urn:x", "valueString": "secret"}]},
    "code": CODE,
    "subject": {"reference": "Patient/p1", "display": "secret"},
    "performer": [{"reference": "Practitioner/secret"}],
    "note": [{"text": "secret"}],
}
FIELDS = frozenset(
    {
        "Observation.status",
        "Observation.code.coding.code",
        "Observation.code.coding.system",
        "Observation.subject.reference",
    }
)


def without(resource: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name not in names}


class TestDropped:
    @pytest.mark.parametrize(
        "resource",
        [
            {},
            {"resourceType": None},
            {"resourceType": "Bundle", "entry": []},
            {**OBSERVATION, "modifierExtension": [{"url": "urn:x"}]},
            {**OBSERVATION, "implicitRules": "urn:rules"},
            {**OBSERVATION, "code": {**CODE, "coding": [{"modifierExtension": [{"url": "urn:x"}], "code": "a"}]}},
            {**OBSERVATION, "contained": [{"resourceType": "Patient", "modifierExtension": [{"url": "urn:x"}]}]},
            {"resourceType": "Observation", "id": "o1", "note": [{"text": "secret"}]},
            {**OBSERVATION, "status": {"odd": "object"}},
        ],
    )
    def test_whole(self, resource: dict[str, Any]) -> None:
        assert redact(resource, FIELDS) is None

    def test_no_row(self) -> None:
        assert redact(OBSERVATION, frozenset()) is None
        assert redact(OBSERVATION, frozenset({"Goal.startDate"})) is None

    @pytest.mark.parametrize(
        ("resource", "fields"),
        [
            (
                {"resourceType": "ServiceRequest", "status": "active", "intent": "order", "doNotPerform": True},
                {"ServiceRequest.status", "ServiceRequest.intent"},
            ),
            (
                {"resourceType": "Condition", "verificationStatus": {"coding": [{"code": "refuted"}]}, "onsetAge": 3},
                {"Condition.onsetAge"},
            ),
            ({"resourceType": "Patient", "deceasedBoolean": True, "birthDate": "1988-07-19"}, {"Patient.birthDate"}),
            (
                {"resourceType": "MedicationStatement", "status": "active", "medicationReference": {"reference": "#m"}},
                {"MedicationStatement.status", "MedicationStatement.medicationReference.reference"},
            ),
        ],
    )
    def test_what_would_say_something_else_afterwards(self, resource: dict[str, Any], fields: set[str]) -> None:
        assert redact(resource, frozenset(fields)) is None


class TestKept:
    def test_what_is_written_down(self) -> None:
        assert redact(OBSERVATION, FIELDS) == {
            "resourceType": "Observation",
            "id": "o1",
            "status": "final",
            "code": {"coding": [{"system": "urn:x", "code": "progress"}]},
            "subject": {"reference": "Patient/p1"},
        }

    def test_nothing_is_edited(self) -> None:
        before = copy.deepcopy(OBSERVATION)
        kept = redact(OBSERVATION, FIELDS)
        assert before == OBSERVATION
        assert kept is not None
        assert kept["code"] is not OBSERVATION["code"]

    @pytest.mark.parametrize("name", sorted(NEVER))
    def test_some_names_never_pass_whatever_a_row_says(self, name: str) -> None:
        kept = redact({**OBSERVATION, "implicitRules": "", name: "secret"} if name != "resourceType" else OBSERVATION,
                      FIELDS | {f"Observation.{name}", f"Observation.{name}.div"})  # fmt: skip
        assert kept is None or name == "resourceType" or name not in kept

    def test_a_required_concept_without_codes_says_its_type(self) -> None:
        kept = redact({**OBSERVATION, "code": {"text": "used on Tuesday"}}, FIELDS)
        assert kept is not None
        assert kept["code"]["coding"][0]["code"] == "Observation"

    def test_an_empty_array_is_none(self) -> None:
        kept = redact({**OBSERVATION, "subject": {"reference": ["Patient/p1"]}}, FIELDS)
        assert kept is not None
        assert "subject" not in redact({**OBSERVATION, "subject": []}, FIELDS)  # type: ignore[operator]  # not None

    @pytest.mark.parametrize("leaf", [["final"], ["final", "secret"], [["final"]], [{"a": "final"}]])
    def test_a_list_where_there_is_one_value_does_not_pass(self, leaf: Any) -> None:
        assert redact({**OBSERVATION, "status": leaf}, FIELDS) is None
        code = {"coding": [{"system": "urn:x", "code": leaf}]}
        kept = redact({**OBSERVATION, "code": code}, FIELDS)
        assert kept is not None
        assert kept["code"] == {"coding": [{"system": "urn:x"}]}

    def test_a_list_where_there_may_be_many_passes(self) -> None:
        person = {
            "resourceType": "Patient",
            "name": [{"given": ["Ray", "B."], "family": "Alder"}],
            "address": [{"line": ["1 Moss Way"]}],
        }
        fields = {"Patient.name.given", "Patient.name.family", "Patient.address.line"}
        assert redact(person, frozenset(fields)) == person
        allergy = {"resourceType": "AllergyIntolerance", "category": ["food", "biologic"], "type": ["secret"]}
        kept = redact(allergy, frozenset({"AllergyIntolerance.category", "AllergyIntolerance.type"}))
        assert kept == without(allergy, "type")


class TestReferences:
    @pytest.mark.parametrize(
        "reference",
        ["#p", "https://moss-recovery.invalid/fhir/Patient/1", "Group/g", "Patient/a/b", "Practitioner/x", 7, None],
    )
    def test_others_are_dropped(self, reference: Any) -> None:
        plan = {"resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": {"reference": reference}}
        fields = frozenset({"CarePlan.status", "CarePlan.intent", "CarePlan.subject.reference"})
        assert redact(plan, fields) == {**without(plan, "subject"), "subject": {"type": "Patient"}}

    def test_what_is_released_beside_it(self) -> None:
        plan = {"resourceType": "CarePlan", "goal": [{"reference": "Goal/a"}, {"reference": "Goal/b"}]}
        fields = frozenset({"CarePlan.goal.reference"})
        assert redact(plan, fields) is None
        assert redact(plan, fields, frozenset({"Goal/a"})) == {**plan, "goal": [{"reference": "Goal/a"}]}

    def test_others_at_an_appointment_are_not_even_counted(self) -> None:
        visit = {
            "resourceType": "Appointment",
            "status": "booked",
            "participant": [
                {"actor": {"reference": "Patient/p1"}, "status": "accepted"},
                {"actor": {"reference": "Practitioner/elm"}, "status": "accepted"},
            ],
        }
        fields = frozenset(
            {"Appointment.status", "Appointment.participant.actor.reference", "Appointment.participant.status"}
        )
        assert redact(visit, fields) == {**visit, "participant": visit["participant"][:1]}
        two = {**visit, "participant": [{"actor": {"reference": f"Patient/{n}"}, "status": "accepted"} for n in "ab"]}
        kept = redact(two, fields)
        assert kept is not None
        assert kept["participant"] == [{"actor": {"type": "Patient"}, "status": "accepted"}]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=5),  # what orjson can write
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["status", "code", "coding", "text", "a"]), inner)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["status", "code", "subject", "text", "contained", "note", "meta"]), JSON))
def test_every_leaf_that_leaves_is_on_the_list(body: dict[str, Any]) -> None:
    def paths(value: Any, path: str) -> set[str]:
        if isinstance(value, dict):
            return {found for name, inner in value.items() for found in paths(inner, f"{path}.{name}")}
        if isinstance(value, list):
            return {found for inner in value for found in paths(inner, path)}
        return {path}

    kept = redact({"resourceType": "Task", **body}, frozenset({"Task.status", "Task.code.coding.code"}))
    if kept is not None:
        assert paths(without(kept, "resourceType", "id"), "Task") <= {"Task.status", "Task.code.coding.code"}
        json.dumps(kept)

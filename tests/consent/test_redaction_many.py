"""Many resources redacted with one memory: the same as one by one, and nothing of what went in comes out."""

import copy
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.redaction import Redaction, modifies, redact
from tests.consent.test_redaction import FIELDS, JSON, OBSERVATION

MODIFIED = {**OBSERVATION, "contained": [{"resourceType": "Patient", "modifierExtension": [{"url": "urn:x"}]}]}
DEEP: Any = "end"
for _ in range(5000):
    DEEP = {"extension": [DEEP]}


def objects(value: Any) -> Iterator[int]:
    """Give the identity of every object and list in a value."""
    if isinstance(value, dict | list):
        yield id(value)
        for inner in value.values() if isinstance(value, dict) else value:
            yield from objects(inner)


class TestModifies:
    @pytest.mark.parametrize("name", ["modifierExtension", "implicitRules"])
    @pytest.mark.parametrize("written", [orjson.dumps, lambda _: None])
    def test_anywhere_in_any_of_several(self, name: str, written: Any) -> None:
        assert modifies([OBSERVATION, {"contained": [{"a": [{name: [{"url": "urn:x"}]}]}]}], written)

    @pytest.mark.parametrize("written", [orjson.dumps, lambda _: None])
    def test_an_empty_one_and_the_word_alone_do_not(self, written: Any) -> None:
        told = {"resourceType": "Basic", "modifierExtension": [], "implicitRules": "", "note": "modifierExtension"}
        assert not modifies([told, OBSERVATION], written)

    @pytest.mark.parametrize("odd", [DEEP, "\ud800", 2**70])
    def test_what_cannot_be_written_is_walked(self, odd: Any) -> None:
        assert not modifies({"note": odd}, orjson.dumps)
        assert modifies({"note": odd, "modifierExtension": [{"url": "urn:x"}]}, orjson.dumps)


class TestMany:
    def test_one_that_is_modified_stays_and_the_others_go(self) -> None:
        redaction = Redaction(FIELDS, orjson.dumps)
        assert [redaction.of(each) is None for each in (OBSERVATION, MODIFIED, OBSERVATION)] == [False, True, False]

    def test_it_looks_for_modifiers_unless_somebody_has(self) -> None:
        assert Redaction(FIELDS).of(MODIFIED) is None
        assert Redaction(FIELDS, unmodified=True).of(MODIFIED) == redact(OBSERVATION, FIELDS)

    def test_a_reference_passes_only_where_it_is_known(self) -> None:
        """Incident foreseen: remembered for one resource, a subject would pass for another about somebody else."""
        fields = frozenset(
            {"CarePlan.status", "CarePlan.intent", "CarePlan.subject.reference", "CarePlan.goal.reference"}
        )
        plan = {"resourceType": "CarePlan", "status": "active", "intent": "plan", "goal": [{"reference": "Goal/a"}]}
        about = {**plan, "subject": {"reference": "Patient/p1"}}
        redaction = Redaction(fields, orjson.dumps)
        known = frozenset({"Goal/a"})
        found = [redaction.of(about, known), redaction.of(about), redaction.of(plan, known), redaction.of(plan)]
        assert [sorted(each or {}) for each in found] == [
            ["goal", "intent", "resourceType", "status", "subject"],
            ["intent", "resourceType", "status", "subject"],
            ["goal", "intent", "resourceType", "status"],
            ["intent", "resourceType", "status"],
        ]

    def test_equal_elements_of_two_names_are_cut_each_by_its_own_list(self) -> None:
        fields = frozenset({"Observation.status", "Observation.code.coding.code", "Observation.value.text"})
        told = {"coding": [{"code": "a"}], "text": "secret"}
        resource = {"resourceType": "Observation", "status": "final", "code": told, "value": told}
        kept = Redaction(fields, orjson.dumps).of(resource)
        assert kept is not None
        assert (kept["code"], kept["value"]) == ({"coding": [{"code": "a"}]}, {"text": "secret"})

    @pytest.mark.parametrize("odd", [DEEP, "\ud800", 2**70])
    def test_what_cannot_be_written_is_cut_to_size_all_the_same(self, odd: Any) -> None:
        told = {**OBSERVATION, "code": {**OBSERVATION["code"], "odd": odd}}
        assert Redaction(FIELDS, orjson.dumps).of(told) == redact(OBSERVATION, FIELDS)

    def test_nothing_that_went_in_comes_out(self) -> None:
        several = [copy.deepcopy(OBSERVATION) for _ in range(3)]
        redaction = Redaction(FIELDS, orjson.dumps)
        kept = [redaction.of(each) for each in several]
        assert several == [OBSERVATION] * 3
        assert {*objects(several), *objects(OBSERVATION)}.isdisjoint(objects(kept))

    def test_two_calls_share_nothing(self) -> None:
        one, other = redact(OBSERVATION, FIELDS), redact(OBSERVATION, FIELDS)
        assert set(objects(one)).isdisjoint(objects(other))


BODIES = st.dictionaries(
    st.sampled_from(["status", "code", "subject", "for", "text", "contained", "modifierExtension", "meta"]), JSON
)
FIELDS_OF_A_TASK = frozenset(
    {"Task.status", "Task.code.coding.code", "Task.code.text", "Task.subject.status", "Task.for.reference"}
)


@settings(max_examples=150, deadline=None)
@given(st.lists(BODIES, max_size=4))
def test_many_are_redacted_as_each_alone(bodies: list[dict[str, Any]]) -> None:
    several = [{"resourceType": "Task", **body} for body in bodies] * 2
    alone = [redact(each, FIELDS_OF_A_TASK) for each in several]
    redaction = Redaction(FIELDS_OF_A_TASK, orjson.dumps)
    assert orjson.dumps([redaction.of(each) for each in several]) == orjson.dumps(alone)

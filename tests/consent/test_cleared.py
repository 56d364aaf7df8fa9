"""What `clear` does to each item: its own source, nothing that points at what stays, one digest for one content."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import orjson
import pytest

from consent.clearance import ClearanceError, clear, clearance_from_json, clearance_to_json
from consent.cleared import NotClearedError, cleared_items, digest_of
from consent.disclosure import Clearance
from consent.engine import decide
from consent.facts import Policy
from consent.model import Item
from tests.consent.builders import C, K, P, facts, item, request

ROWS = {
    (K.PROSECUTOR, P.CASE_ALIGNMENT, C.PROGRESS): frozenset(
        {
            "CarePlan.status",
            "CarePlan.intent",
            "CarePlan.subject.reference",
            "CarePlan.goal.reference",
            "Goal.startDate",
        }
        | {"Goal.lifecycleStatus", "Goal.description.coding.code", "CarePlan.text.div", "CarePlan.contained.title"}
    )
}
PLAN: dict[str, Any] = {
    "resourceType": "CarePlan",
    "id": "1",
    "text": {"status": "generated", "div": "<div>secret</div>"},
    "contained": [{"resourceType": "Goal", "title": "secret"}],
    "status": "active",
    "intent": "plan",
    "subject": {"reference": "Patient/p1"},
    "goal": [{"reference": "Goal/1"}],
}
GOAL: dict[str, Any] = {
    "resourceType": "Goal",
    "id": "1",
    "lifecycleStatus": "active",
    "description": {"coding": [{"code": "housing"}]},
}
BODY = {"resourceType": "CarePlan", "id": "1", "status": "active", "intent": "plan"}


def cleared(*record: Item, **more: Any) -> Clearance:
    decision = decide(request(), facts(policy=Policy("test", ROWS), record=record))
    return clear(decision, record, **more)


class TestSource:
    """Two senders may both count from 1: what a reference means, only the item it came from can say."""

    def test_each_item_carries_its_own(self) -> None:
        told = cleared(item("a", resource=PLAN), item("b", resource=GOAL))
        assert {each.item: each.source for each in told.items} == {"a": "cm", "b": "cm"}

    def test_nobody_known_stays_nobody_known(self) -> None:
        decision = decide(request(), facts(policy=Policy("test", ROWS), record=(item("a", resource=PLAN),)))
        (only,) = cleared_items(decision, [item("a", source=None, resource=PLAN)])
        assert only.source is None

    def test_it_is_kept_with_a_proposal_and_not_told(self) -> None:
        told = cleared(item("a", resource=PLAN))
        stored = json.loads(json.dumps(clearance_to_json(told)))
        assert stored["items"][0]["source"] == "cm"
        assert clearance_from_json(stored) == told
        words = dict.fromkeys(("notice", "purpose", "recipient", "scope", "summary"))
        elsewhere = [replace(each, source="another") for each in told.items]
        assert digest_of(elsewhere, words) == digest_of(told.items, words)

    def test_a_proposal_from_before_sources_were_kept(self) -> None:
        stored = clearance_to_json(cleared(item("a", resource=PLAN)))
        del stored["items"][0]["source"]
        assert clearance_from_json(stored).items[0].source is None


class TestRedacted:
    @pytest.mark.parametrize("more", [{}, {"written": orjson.dumps}])
    def test_no_narrative_nothing_contained_no_reference_but_to_the_participant(self, more: dict[str, Any]) -> None:
        (plan,) = cleared(item("a", resource=PLAN), **more).items
        assert plan.resource == {**BODY, "subject": {"reference": "Patient/p1"}}

    @pytest.mark.parametrize("more", [{}, {"written": orjson.dumps}])
    @pytest.mark.parametrize("place", ["plan", "goal", "contained"])
    def test_one_modifier_that_nobody_knows_stops_all(self, place: str, more: dict[str, Any]) -> None:
        """decide withholds such an item; where it was decided about in another state, nothing is cleared at all."""
        modified = {"modifierExtension": [{"url": "urn:x"}]}
        plan = {**PLAN, **(modified if place == "plan" else {})}
        if place == "contained":
            plan = {**PLAN, "contained": [{"resourceType": "Goal", **modified}]}
        goal = {**GOAL, **(modified if place == "goal" else {})}
        decision = decide(
            request(),
            facts(policy=Policy("test", ROWS), record=(item("a", resource=PLAN), item("b", resource=GOAL))),
        )
        with pytest.raises(ClearanceError, match="leaves nothing"):
            clear(decision, (item("a", resource=plan), item("b", resource=goal)), **more)

    def test_what_is_not_released_may_be_modified_as_it_likes(self) -> None:
        odd = item("z", category=C.GOALS, resource={**GOAL, "modifierExtension": [{"url": "urn:x"}]})
        assert [each.item for each in cleared(item("a", resource=PLAN), odd).items] == ["a"]

    def test_an_item_that_is_there_twice_is_not_there(self) -> None:
        decision = decide(request(), facts(policy=Policy("test", ROWS), record=(item("a", resource=PLAN),)))
        with pytest.raises(NotClearedError, match="not exactly once"):
            cleared_items(decision, [item("a", resource=PLAN), item("b"), item("a", resource=PLAN)])
        assert cleared_items(decision, [item("b"), item("a", resource=PLAN), item("b")])

    def test_a_record_may_be_read_once_only(self) -> None:
        decision = decide(request(), facts(policy=Policy("test", ROWS), record=(item("a", resource=PLAN),)))
        assert clear(decision, iter([item("a", resource=PLAN)])).items


class TestDigest:
    def test_it_is_what_it_always_was(self) -> None:
        """A proposal that waits was bound by an earlier program: another way of writing would void it."""
        told = cleared(item("a", resource=PLAN), item("b", resource=None), summary='said "é"')
        words = {"notice": "n", "purpose": "p", "recipient": "r", "scope": None, "summary": None}
        bound = {
            "items": [[each.item, each.version, each.category.value, each.resource] for each in told.items],
            **words,
        }
        text = json.dumps(bound, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert digest_of(told.items, words) == hashlib.sha256(text.encode()).hexdigest()

    @pytest.mark.parametrize("resource", [PLAN, GOAL])
    def test_it_does_not_depend_on_how_it_was_made(self, resource: dict[str, Any]) -> None:
        again = dict(reversed(resource.items()))
        several = [item(name, resource=each) for name, each in (("a", resource), ("b", again), ("c", resource))]
        assert cleared(*several).digest == cleared(*several, written=orjson.dumps).digest

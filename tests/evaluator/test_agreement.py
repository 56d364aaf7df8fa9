"""The product and the second evaluator give one answer to every random world.

Where they differ the page decides who is right; the test prints the smallest case that still shows it. A changed page
changes both sides, each on its own.
"""

import json
from typing import Any

import pytest

from consent.decision import Decision
from consent.engine import decide
from mappings.lead.case import read_case
from tests.evaluator.evaluate import evaluate
from tests.evaluator.shrink import shrink
from tests.evaluator.worlds import worlds

Json = dict[str, Any]
CHUNK = 500
CHUNKS = 4
SLOW_SEED, SLOW_CHUNK, SLOW_CHUNKS = 1_000_000, 2_500, 8


def product(case: Json) -> Json:
    """What the product decides, in the words of the second evaluator."""
    decision = decide(*read_case(json.dumps(case)))
    released = [{"item": one.item, "basis": one.basis, "part2": one.part2} for one in decision.released]
    return {
        "outcome": decision.outcome,
        "released": released,
        "withheld": {one.item for one in decision.withheld},
        "obligations": _obligations(decision),
    }


def _obligations(decision: Decision) -> set[tuple[Any, ...]]:
    details: set[tuple[Any, ...]] = set()
    for one in decision.obligations:
        owed = tuple(sorted(one.owed)) if one.kind == "document-emergency" else None
        details.add((one.kind, one.version if one.kind == "notice" else one.by if one.kind == "approval" else owed))
    return details


def difference(case: Json) -> dict[str, Any]:
    """What each side says where they differ; nothing where they agree. The order of released items is no matter."""
    ours, theirs = evaluate(case), product(case)
    for side in (ours, theirs):
        side["released"] = sorted(side["released"], key=lambda one: str(one["item"]))
    return {key: {"evaluator": ours[key], "product": theirs[key]} for key in ours if ours[key] != theirs[key]}


def differs(case: Json) -> bool:
    """Whether a valid case shows a difference; one that a step of shrinking has broken shows none."""
    try:
        return bool(difference(case))
    except Exception:  # noqa: BLE001  -- whatever a broken case raises, it is no smaller example
        return False


def agree(seed: int, number: int) -> int:
    """How many worlds were looked at; the first on which the two sides differ fails the test."""
    looked_at = 0
    for case in worlds(seed, number):
        if difference(case):
            small = shrink(case, differs)
            pytest.fail(f"{case['title']}\n{json.dumps(small)}\n{difference(small)}")
        looked_at += 1
    return looked_at


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_two_thousand_worlds(chunk: int) -> None:
    assert agree(chunk * CHUNK, CHUNK) == CHUNK


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(SLOW_CHUNKS))
def test_twenty_thousand_worlds(chunk: int) -> None:
    assert agree(SLOW_SEED + chunk * SLOW_CHUNK, SLOW_CHUNK) == SLOW_CHUNK

"""Every case in this folder, and of the contract where it is at hand, comes out as a lawyer wrote it down."""

import json
from pathlib import Path
from typing import Any

import pytest

from consent.decision import State
from consent.engine import decide
from mappings.lead.case import parse_case, render

HERE = Path(__file__).parent
CONTRACT = HERE.parents[2] / "shared" / "contracts" / "cases"
CASES = sorted(HERE.glob("*.json")) + sorted(CONTRACT.glob("*.json"))
TELLING = {State.SATISFIED.value, State.VIOLATED.value}


def answered(content: bytes) -> dict[str, Any]:
    case = parse_case(content)
    return render(decide(case.request, case.facts), case.facts, case.at)


def cited(answer: dict[str, Any]) -> set[str]:
    told = [each for each in answer["findings"] if each["state"] in TELLING] + answer["obligations"]
    return {cite for each in told for cite in each.get("cites", ())}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    content = path.read_bytes()
    expected, answer = json.loads(content)["expect"], answered(content)
    assert answer["outcome"] == expected["outcome"]
    assert [each["item"] for each in answer["released"]] == expected["released"]
    cites = cited(answer)
    assert [cite for cite in expected["cites"] if not any(cite in each for each in cites)] == []
    assert "error" not in {each["state"] for each in answer["findings"]}


def test_the_folder_holds_enough() -> None:
    assert len(list(HERE.glob("*.json"))) >= 150


@pytest.mark.parametrize("path", sorted(HERE.glob("*.json")), ids=lambda path: path.stem)
def test_a_case_is_named_by_its_question(path: Path) -> None:
    case = json.loads(path.read_bytes())
    assert case["request"]["id"] == path.stem
    assert case["title"]


def test_what_an_answer_looks_like() -> None:
    answer = answered((HERE / "redacted.json").read_bytes())
    assert list(answer) == [
        "id",
        "outcome",
        "participant",
        "rulebook",
        "at",
        "released",
        "withheld",
        "obligations",
        "findings",
        "for_requester",
    ]
    assert answer["at"] == "2026-11-24T12:00:00-08:00"
    assert [each["kind"] for each in answer["obligations"]] == ["notice", "consent-scope", "approval"]
    assert answer["obligations"][2] == {"kind": "approval", "by": "case-manager"}
    assert list(answer["released"][0]) == ["item", "basis", "category", "fields", "part2"]
    told = json.dumps(answer["for_requester"])
    assert "goals-under-way" in told
    assert "Tuesday" not in told
    assert "<div" not in told

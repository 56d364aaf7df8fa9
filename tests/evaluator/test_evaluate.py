"""The second evaluator itself: the cases that people wrote, what its worlds reach, and what shrinking keeps."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.evaluator import consents, grants, others, stops
from tests.evaluator.evaluate import evaluate, near_misses
from tests.evaluator.look import Look, alike, blank
from tests.evaluator.page import CATEGORIES, JUSTICE, KINDS, NOTES, PURPOSES, ceiling
from tests.evaluator.shrink import places, shrink, without
from tests.evaluator.worlds import world, worlds

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (ROOT / "tests/corpus", ROOT.parent / "shared/contracts/cases")  # the second stands beside some clones only
# What redaction leaves of a resource is not judged here: cases that hold one are for tests/consent alone.
WRITTEN = sorted(
    path for folder in FOLDERS for path in folder.glob("*.json") if '"resource":' not in path.read_text("utf-8")
)
WORLDS = 2000
# These sentences never decide alone: what they forbid another sentence of the page forbids as well.
IMPLIED = {
    "notes_only",  # a grant of a notes consent that lists anything else is void
    "proceeding_by_its_own_consent",  # so is one that lists proceeding elsewhere, or anything else there
    "justice_purposes_only",  # no ceiling is given for another purpose
    "emergency_is_declared",  # without it no personnel are named
}
SENTENCES = {
    sentence.__name__
    for group in (
        *(stops.ALWAYS, stops.STOPPABLE, consents.CONSENT, grants.GRANT),
        *(others.EMERGENCY, others.ORDER, others.TREATMENT, others.CUSTODY),
    )
    for sentence in group
}


@cache
def seen() -> tuple[Json, ...]:
    return tuple(worlds(0, WORLDS))


def _basis(case: Json, name: str) -> str:
    """The basis of a release, a consent by its kind, an order by its type."""
    kind, _, ids = name.partition(":")
    if kind == "consent":
        consent = ids.partition("/")[0]
        return next(str(one["kind"]) for one in case["facts"]["consents"] if one["id"] == consent)
    if kind == "order":
        return next(str(one["type"]) for one in case["facts"]["court_orders"] if one["id"] == ids)
    return kind


class TestWrittenCases:
    @pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
    def test_it_answers_as_people_expect(self, path: Path) -> None:
        case = json.loads(path.read_text("utf-8"))
        answer = evaluate(case)
        assert answer["outcome"] == case["expect"]["outcome"]
        assert {one["item"] for one in answer["released"]} == set(case["expect"]["released"])

    def test_there_are_written_cases(self) -> None:
        assert WRITTEN


class TestTheWorlds:
    def test_a_seed_is_a_world(self) -> None:
        assert world(7) == world(7)
        assert world(7) != world(8)

    def test_no_set_decides_the_order_of_a_world(self) -> None:
        """Sets of texts are walked in another order by each run of Python; a failing seed must still be there."""
        code = "from tests.evaluator.worlds import worlds; print(list(worlds(0, 200)))"
        runs = [
            subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env={"PYTHONHASHSEED": seed})
            for seed in ("1", "2")
        ]
        assert runs[0] == runs[1]

    def test_a_world_holds_nothing_but_json(self) -> None:
        assert all(json.loads(json.dumps(case)) == case for case in seen())

    def test_about_half_of_them_permit(self) -> None:
        permits = sum(evaluate(case)["outcome"] == "permit" for case in seen())
        assert 0.4 < permits / WORLDS < 0.7

    def test_every_basis_occurs_often(self) -> None:
        found = Counter(
            basis for case in seen() for basis in {_basis(case, one["basis"]) for one in evaluate(case)["released"]}
        )
        wanted = {"roi", "tpo", "notes", "proceeding", "cj-2.35", "2.64", "2.65", "2.51", "164.506", "164.512(k)(5)"}
        assert set(found) == wanted
        assert min(found.values()) >= 15, found

    def test_every_sentence_decides_alone_somewhere(self) -> None:
        """A sentence that nothing in the worlds turns on could be missing from the product, and nobody would know."""
        found = {sentence for case in seen() for sentence in near_misses(case)}
        assert SENTENCES - found == IMPLIED

    def test_every_code_is_asked_about(self) -> None:
        assert {case["request"]["purpose"] for case in seen()} == PURPOSES
        assert {one["category"] for case in seen() for one in case["facts"]["record"]} == CATEGORIES
        assert {Look(case).kind for case in seen()} - {""} == KINDS

    def test_every_obligation_occurs(self) -> None:
        found = {duty for case in seen() for duty in evaluate(case)["obligations"]}
        assert found == {
            ("notice", "2.32-2024-statement-1"),
            ("consent-scope", None),
            *(("approval", by) for by in ("case-manager", "counsel", "privacy-officer")),
            *(("document-emergency", owed) for owed in ((), ("nature",), ("discloser",), ("discloser", "nature"))),
        }

    def test_bases_compete(self) -> None:
        """Some items are covered by more than one basis, so that which of them is named is put to the test."""
        several = [case for case in seen() if len({one["basis"] for one in evaluate(case)["released"]}) > 1]
        assert len(several) > 50


class TestWords:
    @pytest.mark.parametrize("text", [None, "", " ", "\t\n", "\u00a0", "\u200b"])
    def test_blank(self, text: str | None) -> None:
        assert blank(text)

    @pytest.mark.parametrize("text", ["x", " x ", "0", "-"])
    def test_not_blank(self, text: str) -> None:
        assert not blank(text)

    def test_names(self) -> None:
        assert alike(" ray  ALDER", "Ray Alder")
        assert not alike("Ray Alder", "Ray Elder")

    def test_a_ceiling_for_every_kind_and_notes_for_none(self) -> None:
        opened = {(kind, purpose): ceiling(kind, purpose) for kind in KINDS for purpose in PURPOSES}
        assert [key for key, categories in opened.items() if categories & NOTES] == []
        assert {kind for (kind, _), categories in opened.items() if not categories} == JUSTICE
        assert ceiling("of no kind", "treatment") == set()


class TestShrinking:
    @staticmethod
    def _has(wanted: str) -> Callable[[Json], bool]:
        return lambda case: wanted in json.dumps(case)

    def test_it_keeps_what_fails_and_drops_the_rest(self) -> None:
        assert shrink({"a": [1, {"b": "wanted", "c": 2}], "d": {}}, self._has("wanted")) == {"a": [{"b": "wanted"}]}

    def test_it_refuses_what_does_not_fail(self) -> None:
        with pytest.raises(AssertionError):
            shrink({"a": 1}, self._has("wanted"))

    def test_places_and_copies(self) -> None:
        case = {"a": [{"b": 1}]}
        assert list(places(case)) == [("a",), ("a", 0), ("a", 0, "b")]
        assert without(case, ("a", 0, "b")) == {"a": [{}]}
        assert case == {"a": [{"b": 1}]}

"""What holds in every random world near the borders of the page: 500 of them for each sentence, always the same ones.

test_properties.py asks the same of small invented worlds that hypothesis shrinks; these are whole cases, with every
kind of consent and every basis, of which about half permit something.
"""

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from consent.decision import Decision
from consent.engine import decide
from consent.rules import RULES
from consent.rules.rule import Check, Rule, Scope, unknown
from tests.architecture.source import ROOT
from tests.consent.changes import NARROWINGS, SECOND, STOPS, Change, World, all_signed, shuffled, with_consents
from tests.consent.sample import sample

NUMBER = 500
DAY = timedelta(days=1)


def told(world: World, rules: tuple[Rule, ...] = RULES) -> set[str]:
    return {each.item for each in decide(*world, rules).released}


@pytest.fixture(scope="module")
def answered() -> tuple[tuple[World, set[str]], ...]:
    """The worlds and what is released in each, worked out once."""
    found = tuple((world, told(world)) for world in sample(NUMBER))
    assert NUMBER // 4 < len([released for _, released in found if released]) < NUMBER
    return found


def changed(answers: tuple[tuple[World, set[str]], ...], change: Change) -> Iterator[tuple[World, set[str], set[str]]]:
    """Each world to which a change applies, changed, with what was released before and after; they are never none."""
    dice = random.Random(2026)  # noqa: S311  -- the same changes on every run
    met = 0
    for (request, facts), before in answers:
        after = change(request, facts, dice)
        if after is not None:
            met += 1
            yield after, before, told(after)
    assert met > NUMBER // 10, "the change applies to next to nothing"


class TestStopping:
    """A forbid, a hold, a revocation, a restriction: more of them, never more released."""

    @pytest.mark.parametrize("change", STOPS, ids=lambda change: change.__name__)
    def test_never_more(self, answered: Any, change: Change) -> None:
        fewer = 0
        for world, before, after in changed(answered, change):
            assert after <= before, world
            fewer += after < before
        assert fewer

    def test_no_rule_that_forbids_is_needed_to_release(self, answered: Any) -> None:
        """A forbid more, of any kind, never releases more; without one the others release no less."""
        for scope in (Scope.REQUEST, Scope.ITEM):
            rules = tuple(rule for rule in RULES if rule.scope is not scope)
            assert all(before <= told(world, rules) for world, before in answered)


class TestNarrowing:
    """Less consent, never more released."""

    @pytest.mark.parametrize("change", NARROWINGS, ids=lambda change: change.__name__)
    def test_never_more(self, answered: Any, change: Change) -> None:
        fewer = 0
        for world, before, after in changed(answered, change):
            assert after <= before, world
            fewer += after < before
        assert fewer


class TestNotKnowing:
    """What is not known never permits, whatever it is, and whichever rule says so."""

    @pytest.mark.parametrize("field", ["consents", "holds", "restrictions", "court_orders", "record"])
    def test_what_could_not_be_loaded(self, answered: Any, field: str) -> None:
        for (request, facts), before in answered:
            assert told((request, replace(facts, **{field: None}))) <= before

    @pytest.mark.parametrize("field", ["birth_date", "in_custody", "treating"])
    def test_what_is_not_known_of_the_participant(self, answered: Any, field: str) -> None:
        for (request, facts), before in answered:
            known = {name: replace(each, **{field: None}) for name, each in facts.participants.items()}
            assert told((request, replace(facts, participants=known))) <= before

    @pytest.mark.parametrize("field", ["person", "attested", "emergency"])
    def test_what_the_request_leaves_out(self, answered: Any, field: str) -> None:
        for (request, facts), before in answered:
            assert told((replace(request, **{field: None}), facts)) <= before

    @pytest.mark.parametrize("field", ["events", "tpo_statement", "intermediary", "proceeding_cause", "cj"])
    def test_what_a_consent_leaves_out(self, answered: Any, field: str) -> None:
        nothing: dict[str, Any] = {field: None}
        for (request, facts), before in answered:
            less = with_consents(facts, lambda each: replace(each, **nothing))
            assert told((request, less)) <= before

    @pytest.mark.parametrize("who", ["requester", "participant"])
    def test_who_is_not_in_the_file(self, answered: Any, who: str) -> None:
        for (request, facts), _ in answered:
            assert not told((replace(request, **{who: "nobody"}), facts))

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
    def test_a_rule_that_does_not_know_or_breaks(self, answered: Any, rule: Rule) -> None:
        some = [each for each in answered if each[1]][:12] + [each for each in answered if not each[1]][:12]
        checks: tuple[Check, ...] = (lambda *_: unknown("nobody knows"), lambda *_: 1 // 0)
        for check in checks:
            rules = tuple(replace(rule, check=check) if each is rule else each for each in RULES)
            assert all(told(world, rules) <= before for world, before in some)


class TestOrder:
    @staticmethod
    def summed_up(decision: Decision) -> Any:
        """All of an answer but its order and the name of the basis, which is the first one in the file."""
        released = {(each.item, each.fields, each.part2) for each in decision.released}
        withheld = {(each.item, each.because) for each in decision.withheld}
        return decision.outcome, released, withheld

    def test_the_order_of_everything_is_nothing(self, answered: Any) -> None:
        dice = random.Random(7)  # noqa: S311  -- the same orders on every run
        for (request, facts), _ in answered:
            after = shuffled(request, facts, dice)
            assert self.summed_up(decide(*after)) == self.summed_up(decide(request, facts))

    def test_asking_twice_for_an_item_changes_nothing(self, answered: Any) -> None:
        for (request, facts), before in answered:
            if request.items:
                assert told((replace(request, items=request.items * 2), facts)) == before


class TestTime:
    @pytest.mark.parametrize("later", [SECOND, DAY, 400 * DAY, 4000 * DAY], ids=str)
    def test_time_only_takes_away(self, answered: Any, later: timedelta) -> None:
        """Once everything is signed: a signature to come is the one thing that time gives."""
        for (request, facts), _ in answered:
            signed = all_signed(facts, request.at)
            assert told((replace(request, at=request.at + later), signed)) <= told((request, signed))

    def test_nothing_outlives_its_expiry(self, answered: Any) -> None:
        met = 0
        for (request, facts), _ in answered:
            ends = {f"consent:{c.id}/{g.id}": g.expires for c in facts.consents or () for g in c.grants}
            ends |= {f"order:{order.id}": order.expires for order in facts.court_orders or ()}
            for released in decide(request, facts).released:
                end = ends.get(released.basis)
                if isinstance(end, datetime):
                    met += 1
                    bases = {each.basis for each in decide(replace(request, at=end), facts).released}
                    assert released.basis not in bases
        assert met > NUMBER // 10


PRINT = """
import hashlib, json
from consent.engine import decide
from mappings.lead.case import render
from tests.consent.sample import sample
text = json.dumps([render(decide(*world), world[1]) for world in sample(60)])
print(hashlib.sha256(text.encode()).hexdigest())
"""


class TestAlwaysTheSame:
    def test_here(self, answered: Any) -> None:
        assert all(decide(*world) == decide(*world) for world, _ in answered)

    def test_in_every_process(self) -> None:
        """Sets of texts come in another order in every process; not one byte of an answer may follow them."""

        def run(seed: str) -> str:
            environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
            command = [sys.executable, "-c", PRINT]
            done = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
            return done.stdout.strip()

        digests = {run(seed) for seed in ("0", "1")}
        assert len(digests) == 1
        assert len(digests.pop()) == len(hashlib.sha256().hexdigest())

"""What is alike is judged once: that is what keeps a decision quick, and no answer shows it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from consent.decision import State
from consent.engine import decide
from consent.judging import Outcome, _further, _moot, _uniform
from consent.model import ConsentGrant
from consent.rules import RULES
from consent.rules.rule import Effect, Rule, Scope, Verdict, satisfied
from tests.consent.builders import C, consent, facts, grant, item, request

FIVE = tuple(item(f"i{number}", source=f"s{number}") for number in range(5))
YES, NO = satisfied("yes"), Verdict(State.VIOLATED, "no")
MOOT = Verdict(State.NOT_APPLICABLE, "moot")


def asked(identifier: str, *grants: ConsentGrant, **changed: Any) -> int:
    """How often one rule's check is asked in a decision about five items that differ in their source only."""
    calls = []

    def counting(check: Any) -> Any:
        return lambda *about: (calls.append(about), check(*about))[1]

    rules = tuple(
        replace(rule, check=counting(rule.check), **changed) if rule.id == identifier else rule for rule in RULES
    )
    decide(request(), facts(consent(*grants), record=FIVE), rules)
    return len(calls)


class TestItems:
    def test_items_that_are_the_same_to_a_rule(self) -> None:
        assert asked("grant.category", grant()) == 1
        assert asked("grant.discloser", grant()) == 5

    def test_each_item_where_a_rule_does_not_say_what_it_looks_at(self) -> None:
        assert asked("grant.category", grant(), key=None) == 5

    def test_grants_that_are_alike(self) -> None:
        assert asked("grant.discloser", grant(id="g1"), grant(id="g2"), grant(id="g3")) == 5

    def test_grants_that_are_alike_to_one_rule_only(self) -> None:
        dated = grant(id="g2", record_from=date(2020, 1, 1))
        assert asked("grant.category", grant(id="g1"), dated) == 1
        assert asked("grant.record-dates", grant(id="g1"), dated) == 2

    def test_each_grant_where_a_rule_does_not_say_what_it_looks_at(self) -> None:
        assert asked("grant.category", grant(id="g1"), grant(id="g2"), whole=None) == 2

    def test_two_rules_by_one_key_share_their_groups(self) -> None:
        keys = []

        def by_category(_matter: object, thing: Any) -> C:
            keys.append(thing.id)
            return thing.category  # type: ignore[no-any-return]  # an item's

        named = {"grant.category", "grant.ceiling"}
        rules = tuple(replace(rule, key=by_category) if rule.id in named else rule for rule in RULES)
        decide(request(), facts(record=FIVE), rules)
        assert keys == [each.id for each in FIVE]

    def test_a_key_is_given_the_matter(self) -> None:
        seen = set()

        def key(matter: Any, thing: Any) -> str:
            seen.add(matter.request.id)
            return str(thing.id)

        rules = tuple(replace(rule, key=key) if rule.id == "grant.category" else rule for rule in RULES)
        decide(request(), facts(record=FIVE), rules)
        assert seen == {"r1"}


class TestColumns:
    def test_a_column_of_one_verdict_is_uniform(self) -> None:
        assert _uniform([YES, YES])
        assert not _uniform([YES, NO])

    @pytest.mark.parametrize(
        ("effect", "verdict", "changes_nothing"),
        [
            (Effect.REQUIRE, YES, True),
            (Effect.REQUIRE, MOOT, True),
            (Effect.REQUIRE, NO, False),
            (Effect.OPEN, YES, True),
            (Effect.OPEN, MOOT, False),
        ],
    )
    def test_a_rule_may_change_nothing(
        self,
        effect: Effect,
        verdict: Verdict,
        changes_nothing: bool,  # noqa: FBT001  -- columns of a table
    ) -> None:
        rule = Rule("x", Scope.GRANT, effect, ("x",), lambda *_: verdict, RULES[0].bases)
        assert _moot(rule, [verdict, verdict]) is changes_nothing

    def test_what_does_not_apply_opens_nothing_and_sinks_nothing(self) -> None:
        rule = Rule("x", Scope.GRANT, Effect.OPEN, ("x",), lambda *_: MOOT, RULES[0].bases)
        start = Outcome(opened=True, out=False, failing=())
        assert _further(start, rule, State.NOT_APPLICABLE) == (False, True, ())
        assert _further(start, rule, State.VIOLATED) == (False, True, (rule,))
        assert _further(start, rule, State.UNKNOWN) == (False, False, (rule,))
        assert _further(start, rule, State.SATISFIED) is start

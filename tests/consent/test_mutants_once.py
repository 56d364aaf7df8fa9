"""What is alike is judged once: that is what keeps a decision quick, and no answer shows it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from consent.decision import State
from consent.engine import decide
from consent.judging import Outcome, Rules, _outcome
from consent.model import ConsentGrant
from consent.rules import RULES
from consent.rules.rule import BasisKind, Effect, Rule, Scope, Verdict, satisfied, verdict_on
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
    def test_a_rule_about_items_is_asked_once_for_all_of_them(self) -> None:
        assert asked("grant.category", grant()) == 1
        assert asked("grant.discloser", grant()) == 1

    def test_grants_that_are_alike(self) -> None:
        assert asked("grant.discloser", grant(id="g1"), grant(id="g2"), grant(id="g3")) == 1

    def test_grants_that_are_alike_to_one_rule_only(self) -> None:
        dated = grant(id="g2", record_from=date(2020, 1, 1))
        assert asked("grant.category", grant(id="g1"), dated) == 1
        assert asked("grant.record-dates", grant(id="g1"), dated) == 2

    def test_each_grant_where_a_rule_does_not_say_what_it_looks_at(self) -> None:
        assert asked("grant.category", grant(id="g1"), grant(id="g2"), whole=None) == 2

    def test_two_rules_by_one_key_share_its_values(self) -> None:
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

    def test_a_key_is_asked_once_for_each_item(self) -> None:
        asked_for = []

        def key(matter: Any, thing: Any) -> str:
            asked_for.append((matter.request.id, thing.id))
            return str(thing.source)

        rules = tuple(replace(rule, key=key) if rule.id == "grant.category" else rule for rule in RULES)
        decide(request(), facts(record=FIVE), rules)
        assert asked_for == [("r1", each.id) for each in FIVE]

    def test_rules_about_a_statute_are_found_by_its_basis(self) -> None:
        found = {
            kind: [rule.id for rule in Rules(RULES).of_statute(Scope.STATUTE, kind)]
            for kind in (BasisKind.EMERGENCY, BasisKind.TREATMENT, BasisKind.CUSTODY, BasisKind.CONSENT)
        }
        assert found == {
            BasisKind.EMERGENCY: ["emergency.declared", "emergency.personnel", "emergency.named"],
            BasisKind.TREATMENT: ["treatment.asked", "jail-health.custody"],
            BasisKind.CUSTODY: ["custody.asked", "jail-health.custody"],
            BasisKind.CONSENT: [],
        }


class TestParts:
    def test_the_first_collection_that_holds_a_value_decides(self) -> None:
        said = ("ab", YES, ("bc", NO, MOOT))
        assert [verdict_on(value, said) for value in "abcd"] == [YES, YES, NO, MOOT]

    @pytest.mark.parametrize(
        ("inside", "told"),
        [
            ((), [(State.VIOLATED, ("i0", "i1", "i2", "i3", "i4"))]),
            (("i0", "i1", "i2", "i3", "i4"), [(State.SATISFIED, ("i0", "i1", "i2", "i3", "i4"))]),
            (("i3", "i0"), [(State.SATISFIED, ("i0", "i3")), (State.VIOLATED, ("i1", "i2", "i4"))]),
            (("i1", "i2"), [(State.VIOLATED, ("i0", "i3", "i4")), (State.SATISFIED, ("i1", "i2"))]),
        ],
    )
    def test_verdicts_come_by_their_first_item_and_items_in_the_order_of_the_record(
        self, inside: tuple[str, ...], told: list[tuple[State, tuple[str, ...]]]
    ) -> None:
        rules = tuple(
            replace(rule, check=lambda *_: (inside, YES, NO), key=None) if rule.id == "grant.category" else rule
            for rule in RULES
        )
        findings = decide(request(), facts(record=FIVE), rules).findings
        assert [(f.state, f.evidence[2:]) for f in findings if f.rule == "grant.category"] == told

    def test_three_verdicts(self) -> None:
        said = (("i3",), YES, (("i1",), NO, MOOT))
        rules = tuple(
            replace(rule, check=lambda *_: said, key=None) if rule.id == "grant.category" else rule for rule in RULES
        )
        findings = [f for f in decide(request(), facts(record=FIVE), rules).findings if f.rule == "grant.category"]
        assert [(f.because, f.evidence[2:]) for f in findings] == [
            ("moot", ("i0", "i2", "i4")),
            ("no", ("i1",)),
            ("yes", ("i3",)),
        ]

    @pytest.mark.parametrize("said", [((C.PROGRESS,), True, YES), ("ab", YES, None), (None, YES, NO), ()])
    def test_parts_that_make_no_sense_are_an_error_for_every_item(self, said: Any) -> None:
        rules = tuple(replace(rule, check=lambda *_: said) if rule.id == "grant.category" else rule for rule in RULES)
        decision = decide(request(), facts(record=FIVE), rules)
        (told,) = [f for f in decision.findings if f.rule == "grant.category"]
        assert (decision.outcome, told.state, len(told.evidence)) == ("deny", State.ERROR, 7)


NUMBERS = {"i0": 3, "i1": 9, "i2": 3, "i3": -1, "i4": 5}
RANGES = [range(first, last) for first in range(-2, 12) for last in range(-2, 12)]


def inside(said: Any, values: Mapping[str, Any] = NUMBERS) -> set[str]:
    """Return the items that a rule holds for which says this of such values; all five are asked about."""
    given = {"check": lambda *_: (said, YES, NO), "key": lambda _matter, thing: values[thing.id]}
    rules = [replace(rule, **given) if rule.id == "grant.category" else rule for rule in RULES]
    found = [f for f in decide(request(), facts(record=FIVE), tuple(rules)).findings if f.rule == "grant.category"]
    assert {name for f in found for name in f.items} == set(NUMBERS)
    return {name for f in found if f.state is State.SATISFIED for name in f.items}


class TestRanges:
    """Record dates are a range of days, and ranges are looked up in order: see `items._Values.inside`."""

    def test_every_range_holds_what_is_in_it(self) -> None:
        """First and last day the wrong way round hold nothing: once they held what lies between them."""
        for days in RANGES:
            assert inside(days) == {name for name, value in NUMBERS.items() if value in days}, days

    @pytest.mark.parametrize("days", [range(-1, 10, 2), range(9, -2, -1), range(9, -2, -3)])
    def test_a_range_with_gaps(self, days: range) -> None:
        assert inside(days) == {name for name, value in NUMBERS.items() if value in days}

    @pytest.mark.parametrize("odd", [None, "3", 3.5, True])
    def test_a_value_that_is_no_whole_number(self, odd: Any) -> None:
        values = NUMBERS | {"i1": odd}
        assert inside(range(6), values) == {name for name, value in values.items() if value in range(6)}


class TestOutcomes:
    def outcome(self, *states: State, effect: Effect = Effect.OPEN) -> Outcome:
        rules = [Rule(str(n), Scope.GRANT, effect, ("x",), lambda *_: YES, RULES[0].bases) for n in range(len(states))]
        opened, out, failing = _outcome(rules, states)
        return Outcome(opened, out, tuple(rule.id for rule in failing))  # type: ignore[arg-type]  # for short

    def test_what_does_not_apply_opens_nothing_and_sinks_nothing(self) -> None:
        assert self.outcome(State.SATISFIED) == (True, False, ())
        assert self.outcome(State.NOT_APPLICABLE) == (False, True, ())
        assert self.outcome(State.VIOLATED) == (False, True, ("0",))
        assert self.outcome(State.UNKNOWN) == (False, False, ("0",))
        assert self.outcome(State.SATISFIED, State.ERROR) == (False, False, ("1",))

    def test_nothing_is_in_play_that_no_rule_opens(self) -> None:
        assert self.outcome(State.SATISFIED, effect=Effect.REQUIRE) == (False, False, ())
        assert self.outcome(State.VIOLATED, State.NOT_APPLICABLE, effect=Effect.REQUIRE) == (False, False, ("0",))
        assert self.outcome() == (False, False, ())

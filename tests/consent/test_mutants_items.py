"""The sets of items themselves, and what rules that break leave of them: each of these a change once slipped past."""

from collections.abc import Hashable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from consent.candidates import Candidates, _summed_up
from consent.decision import Finding, State
from consent.engine import _Lacks, decide
from consent.items import Items, _Alike
from consent.judging import Rules
from consent.matter import Matter
from consent.rules import RULES
from consent.rules.rule import EVERY_BASIS, Allowed, Effect, Rule, Scope, Verdict, among, satisfied, violated
from tests.consent.builders import C, consent, facts, grant, item, matter, request

YES, NO = satisfied("yes"), violated("no")
THREE = (item("i1", C.PROGRESS), item("i2", C.MENTAL_HEALTH), item("i3", C.HOUSING))
ALL = frozenset({"i1", "i2", "i3"})


def asked(*record: Any) -> Matter:
    return matter(known=facts(consent(grant()), record=record or THREE))


def rule(check: Any, key: Any = None, whole: Any = None, scope: Scope = Scope.GRANT_ITEM, name: str = "x") -> Rule:
    return Rule(name, scope, Effect.REQUIRE, ("1 CFR 1",), check, EVERY_BASIS, key=key, whole=whole)


class TestSets:
    def test_an_item_is_one_byte_of_one(self) -> None:
        items = Items(asked())
        assert items.all == 0x010101
        assert items.each([items.all, 0x0100]) == {"i1": b"\1\0", "i2": b"\1\1", "i3": b"\1\0"}

    def test_of_no_set_nothing_is_said(self) -> None:
        assert Items(asked()).each([]) == {}

    def test_every_item_of_a_long_record_has_its_own_place(self) -> None:
        items = Items(asked(*(item(f"i{number}") for number in range(40))))
        assert items.names(items.all) == tuple(f"i{number}" for number in range(40))
        assert items.names(1 << (8 * 33)) == ("i33",)

    def test_what_was_named_once_is_not_named_again(self) -> None:
        items = Items(asked())
        assert items.names(0x010001) == ("i1", "i3")
        assert items.names(0x010001) is items.names(0x010001)
        alike = _Alike([rule(lambda *_: YES)], [(1,), (2,)], [("a",), ("b",)])
        assert alike.ids((0, 1)) == (("a",), ("b",))
        assert alike.ids((0, 1)) is alike.ids((0, 1))


class TestJudge:
    def test_without_a_rule_nothing_fails(self) -> None:
        judged = Items(asked()).judge([], [(1,), (2,)], [("a",), ("b",)], [])
        assert ([*judged.things], [*judged.rules]) == ([0, 0], [])

    def test_a_rule_fails_for_what_it_fails_for_with_any_thing(self) -> None:
        """Two grants, each too narrow for another item: the rule is lacking for both items."""
        items = Items(asked())
        one = rule(lambda _, name: ({name}, NO, YES), key=lambda _, each: each.id)
        judged = items.judge([one], [("i1",), ("i3",)], [("a",), ("b",)], [])
        assert [items.names(marks) for marks in judged.things] == [("i1",), ("i3",)]
        assert [(each.id, items.names(marks)) for each, marks in judged.rules] == [("x", ("i1", "i3"))]

    def test_a_rule_that_breaks_says_by_what(self) -> None:
        def breaks(*_: object) -> Verdict:
            raise KeyError("testina fir")

        findings: list[Finding] = []
        items = Items(asked())
        judged = items.judge([rule(breaks)], [()], [()], findings)
        assert [*judged.things] == [items.all]
        assert [(each.state, each.because) for each in findings] == [(State.ERROR, "the rule failed: KeyError")]

    def test_what_may_be_among_is_said_in_the_words_for_it(self) -> None:
        assert among("ab", "in", "out") == ("ab", satisfied("in"), violated("out"))


class TestBrokenKeys:
    """A key is asked of all items at once; where that breaks, of each alone, with the same matter."""

    def told(self, key: Any, check: Any = lambda *_: (frozenset({"r1"}), YES, NO)) -> list[tuple[State, Any]]:
        findings: list[Finding] = []
        Items(asked()).judge([rule(check, key=key)], [()], [()], findings)
        return [(each.state, each.items) for each in findings]

    def test_one_item_that_breaks(self) -> None:
        def key(before: Matter, each: Any) -> str:
            if each.id == "i2":
                raise ValueError
            return before.request.id

        assert self.told(key) == [(State.SATISFIED, ("i1", "i3")), (State.ERROR, ("i2",))]

    def test_one_value_that_is_none(self) -> None:
        def key(before: Matter, each: Any) -> Hashable:
            return [] if each.id == "i1" else before.request.id

        assert self.told(key) == [(State.ERROR, ("i1",)), (State.SATISFIED, ("i2", "i3"))]

    def test_a_key_is_never_asked_without_the_matter(self) -> None:
        seen: list[Any] = []
        self.told(lambda before, _: seen.append(before))
        assert len(seen) == len(THREE)
        assert None not in seen

    def test_every_item_breaks_by_itself(self) -> None:
        findings: list[Finding] = []
        Items(asked()).judge([rule(lambda *_: ((), YES, NO), lambda _, each: each.nothing)], [()], [()], findings)
        assert [each.because for each in findings] == ["the rule failed: cannot be read"]

    def test_every_item_breaks(self) -> None:
        assert self.told(lambda _, each: each.nothing) == [(State.ERROR, ("i1", "i2", "i3"))]

    def test_what_breaks_once_and_then_no_more(self) -> None:
        times: list[int] = []

        def key(before: Matter, _: Any) -> str:
            times.append(1)
            if len(times) == 1:
                raise ValueError
            return before.request.id

        assert self.told(key) == [(State.SATISFIED, ("i1", "i2", "i3"))]

    def test_a_key_that_ends_the_round(self) -> None:
        """StopIteration ends a `map` as if there were no more items: that is not taken for an answer."""

        def key(before: Matter, each: Any) -> str:
            if each.id == "i2":
                raise StopIteration
            return before.request.id

        assert self.told(key) == [(State.SATISFIED, ("i1", "i3")), (State.ERROR, ("i2",))]


@pytest.mark.parametrize("days", [range(-2, 10, 2), range(0, 12, 3)])
def test_a_range_with_gaps_does_not_hold_what_is_between(days: range) -> None:
    values = {"i1": -1, "i2": 3, "i3": 5}
    findings: list[Finding] = []
    by_value = rule(lambda *_: (days, YES, NO), key=lambda _, each: values[each.id])
    Items(asked()).judge([by_value], [()], [()], findings)
    held = {name for each in findings if each.state is State.SATISFIED for name in each.items}
    assert held == {name for name, value in values.items() if value in days}


class TestLimits:
    def limit(self, check: Any, key: Any = None, record: tuple[Any, ...] = THREE) -> Any:
        items = Items(asked(*record))
        failing, fields = items.limit(rule(check, key, scope=Scope.LIMIT), [])
        return items.names(failing), fields

    def test_it_is_asked_of_the_first_item_of_each_value(self) -> None:
        record = (*THREE, item("i4", C.HOUSING), item("i5", C.PROGRESS))
        seen = []

        def check(_: Matter, each: Any) -> Allowed:
            seen.append(each.id)
            return Allowed(YES, frozenset({each.category.value}))

        failing, fields = self.limit(check, lambda _, each: each.category, record)
        assert (seen, failing) == (["i1", "i2", "i3"], ())
        assert fields == {each.id: frozenset({each.category.value}) for each in record}

    @pytest.mark.parametrize("says", [YES, None, {"fields": ALL}])
    def test_what_is_no_limit_lets_nothing_pass(self, says: Any) -> None:
        assert self.limit(lambda *_: says) == (("i1", "i2", "i3"), dict.fromkeys(ALL, frozenset()))

    def test_what_breaks_lets_nothing_pass(self) -> None:
        assert self.limit(lambda _, each: each.nothing) == (("i1", "i2", "i3"), dict.fromkeys(ALL, frozenset()))

    def test_what_cannot_be_read_lets_nothing_pass(self) -> None:
        def key(_: Matter, each: Any) -> str:
            if each.id == "i2":
                raise ValueError
            return "same"

        failing, fields = self.limit(lambda *_: Allowed(YES, frozenset({"status"})), key)
        assert failing == ("i2",)
        assert fields == dict.fromkeys(ALL, frozenset({"status"})) | {"i2": frozenset()}


class TestTheWhole:
    def test_an_empty_table_denies_for_want_of_a_basis(self) -> None:
        decision = decide(request(), facts(record=THREE), ())
        assert [(each.item, each.because) for each in decision.withheld] == [
            (name, ("basis.none",)) for name in sorted(ALL)
        ]
        assert "engine" not in {each.rule for each in decision.findings}

    def test_an_item_that_nothing_covers_is_on_record_all_the_same(self) -> None:
        findings = decide(request(), facts(record=THREE)).findings
        assert "basis.none" in {each.rule for each in findings}
        assert "item.known" not in {each.rule for each in findings}

    def test_why_a_basis_does_not_stand_is_said(self) -> None:
        sunk = SimpleNamespace(against=(RULES[0],), id="consent:c1/g1")
        (found,) = _summed_up([sunk])  # type: ignore[list-item]  # all that it looks at
        assert found.because == "not all that makes this basis is satisfied"

    def test_a_basis_in_statute_has_no_ids(self) -> None:
        table = Rules([replace(each, check=lambda *_: YES) if each.scope is Scope.STATUTE else each for each in RULES])
        before = asked()
        found = Candidates(table, before, Items(before), []).all
        assert {each.kind.value: each.ids for each in found if each.granted is None} == {
            "2.51": (),
            "164.506": (),
            "164.512(k)(5)": (),
        }

    def test_a_rule_is_lacking_wherever_it_was_found_lacking(self) -> None:
        items = Items(asked())
        twice = rule(lambda *_: YES)
        lacks = _Lacks(
            Rules([twice]),
            items,
            SimpleNamespace(lacking=[(twice, 0x01), (twice, 0x010000)]),  # type: ignore[arg-type]  # all that it reads
            SimpleNamespace(rules=[]),  # type: ignore[arg-type]  # all that it reads
        )
        assert {name: lacks.of(name) for name in sorted(ALL)} == {
            "i1": ("x", "basis.none"),
            "i2": ("basis.none",),
            "i3": ("x", "basis.none"),
        }
        assert lacks.of("i1") is lacks.of("i3")

    def test_grants_of_one_name_in_two_consents_are_two(self) -> None:
        """Each has a scope text of its own (2.32(b)), though both call their grant g1."""
        one = consent(grant(categories=frozenset({C.PROGRESS})), id="c1")
        other = consent(grant(categories=frozenset({C.HOUSING})), id="c2")
        record = (item("i1", C.PROGRESS), item("i2", C.HOUSING))
        decision = decide(request(), facts(one, other, record=record))
        assert [each.basis for each in decision.released] == ["consent:c1/g1", "consent:c2/g1"]
        assert [each.kind for each in decision.obligations].count("consent-scope") == 2

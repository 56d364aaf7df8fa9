"""Running rules: each in its own shelter, its findings written down, its failures remembered. No law in here.

A rule is run on all things of a kind in one go (every consent, every grant), and on items once for what is the same
to it; what it says in the same words is one finding. What is found is what asking one by one would find.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Container, Hashable, Iterable, Iterator, Sequence
from datetime import date
from functools import reduce
from itertools import accumulate, compress, filterfalse, repeat, starmap
from operator import itemgetter, or_
from typing import Any, Final, NamedTuple, cast

from consent.decision import Finding, State
from consent.matter import Matter
from consent.model import Item
from consent.rules.rule import Allowed, Effect, Parts, Rule, Scope, Verdict, by_id

_FAILS: Final = frozenset({State.VIOLATED, State.UNKNOWN, State.ERROR})
_SHUTS: Final = frozenset({State.VIOLATED, State.NOT_APPLICABLE})  # of an OPEN rule: for certain not in play
_NO_FIELDS: Final[frozenset[str]] = frozenset()
_VERDICTS: Final = {Verdict}
_FIRST: Final = itemgetter(0)
Ids = tuple[str, ...]
Thing = tuple[Any, ...]  # what a check takes, after the matter where it looks at items
Marks = int  # a set of items: a byte for each, 1 for what is in it, see Items
Said = Sequence[tuple[Verdict, Marks]]  # what one rule says of all items: each verdict with those that it is about


class Rules:
    """A table of rules, by scope and in its order."""

    def __init__(self, table: Iterable[Rule]) -> None:
        self._table = tuple(table)
        self._by_scope = {scope: tuple(rule for rule in self._table if rule.scope is scope) for scope in Scope}
        self._place = {rule.id: place for place, rule in reversed(tuple(enumerate(self._table)))}
        self._dated = any(rule.since is not None or rule.until is not None for rule in self._table)

    def on(self, day: date) -> "Rules":
        """Return those that are law on `day`."""
        return Rules(rule for rule in self._table if rule.in_force(day)) if self._dated else self

    def of(self, scope: Scope) -> Sequence[Rule]:
        """Return the rules of one scope."""
        return self._by_scope[scope]

    def in_order(self, identifiers: Iterable[str]) -> list[str]:
        """Return rule ids in the order of the table."""
        return sorted(identifiers, key=lambda identifier: self._place.get(identifier, len(self._place)))


class Outcome(NamedTuple):
    """What rules say of one thing: is it in play, is it out of play for certain, and the rules that fail."""

    opened: bool
    out: bool
    failing: tuple[Rule, ...]


def judge(rules: Sequence[Rule], things: Sequence[Thing], ids: Sequence[Ids], findings: list[Finding]) -> list[Outcome]:
    """Run every rule on every thing; write down a finding for each verdict of each rule, with the things it is about.

    `things`: what a check takes, by thing; `ids`: the ids of each.
    """
    if not things:
        return []
    columns = [_verdicts(rule, things) for rule in rules]
    differing = []
    for rule, column in zip(rules, columns, strict=True):
        by_verdict = _by_verdict(column, ids)
        findings += [Finding(rule.id, rule.cites, *verdict, about) for verdict, about in by_verdict]
        if len(by_verdict) > 1:
            differing.append(column)
    known: dict[Thing, Outcome] = {}
    outcomes = []
    for place, verdicts in enumerate(zip(*differing, strict=True) if differing else [()] * len(things)):
        outcome = known.get(verdicts)
        if outcome is None:
            outcome = known[verdicts] = _outcome(rules, [column[place].state for column in columns])
        outcomes.append(outcome)
    return outcomes


def _verdicts(rule: Rule, things: Sequence[Thing]) -> list[Verdict]:
    """Return what a rule says of each thing. INVARIANT: where it breaks, it counts against that thing alone."""
    try:
        verdicts = list(starmap(rule.check, things))
    except Exception:  # noqa: BLE001  -- which thing it is about is found out one by one
        return [_verdict(rule, thing) for thing in things]
    if set(map(type, verdicts)) == _VERDICTS:
        return verdicts
    return [_verdict(rule, thing) for thing in things]


def _verdict(rule: Rule, thing: Thing) -> Verdict:
    try:
        verdict = rule.check(*thing)
    except Exception as error:  # noqa: BLE001  -- whatever a rule does wrong counts against the release
        return _error(type(error).__name__)
    return verdict if type(verdict) is Verdict else _error("answers no verdict")


def _by_verdict(verdicts: list[Verdict], ids: Sequence[Ids]) -> Sequence[tuple[Verdict, tuple[Ids, ...]]]:
    """Return each verdict with the things it is about; mostly there is one for all of them."""
    if verdicts.count(verdicts[0]) == len(verdicts):
        return [(verdicts[0], tuple(ids))]
    about: dict[Verdict, list[Ids]] = {}
    for verdict, each in zip(verdicts, ids, strict=True):
        about.setdefault(verdict, []).append(each)
    return [(verdict, tuple(each)) for verdict, each in about.items()]


def _outcome(rules: Sequence[Rule], states: Sequence[State]) -> Outcome:
    """Sum up what a thing comes to, by the states of the rules about it.

    INVARIANT: a thing is in play only if some OPEN rule speaks of it and every one is satisfied.
    """
    opens = [state for rule, state in zip(rules, states, strict=True) if rule.effect is Effect.OPEN]
    return Outcome(
        opened=bool(opens) and set(opens) == {State.SATISFIED},
        out=not _SHUTS.isdisjoint(opens),
        failing=tuple(rule for rule, state in zip(rules, states, strict=True) if state in _FAILS),
    )


def _error(name: str) -> Verdict:
    return Verdict(State.ERROR, f"the rule failed: {name}")


_UNREAD: Final = _error("cannot be read")


class Judged(NamedTuple):
    """Which items rules fail for.

    `things`: with each thing, those that any rule fails for; `rules`: of each rule, those it fails for with any thing.
    """

    things: Sequence[Marks]
    rules: Sequence[tuple[Rule, Marks]]


class Items:
    """The items that are asked for. Rules about items are judged here, once for what is the same to them.

    A set of items is a number with a byte for each, `Marks`, so that sets are joined and compared at once. `all`: every
    item.
    """

    def __init__(self, matter: Matter) -> None:
        self._matter = matter
        self._marks = {name: 1 << (8 * place) for place, name in enumerate(matter.items)}
        self._values: dict[Callable[..., Hashable], _Values] = {}
        self.all: Marks = sum(self._marks.values())
        self._every: Ids = tuple(matter.items)
        self._names: dict[Marks, Ids] = {self.all: self._every}

    def get(self, name: str) -> Item | None:
        """Return an item, or None where there is none by that id."""
        return self._matter.items.get(name)

    def mark(self, name: str) -> Marks:
        """Return an item that there is as a set of its own."""
        return self._marks[name]

    def names(self, marks: Marks) -> Ids:
        """Return the ids of the items in a set, in the order of the record."""
        names = self._names.get(marks)
        if names is None:
            chosen = [*compress(self._every, marks.to_bytes(len(self._every), "little"))]
            names = self._names[marks] = tuple(chosen)  # a list first: that is quicker
        return names

    def _first(self, marks: Marks) -> str:
        return self._every[(marks & -marks).bit_length() // 8]

    def judge(
        self, rules: Sequence[Rule], things: Sequence[Thing], ids: Sequence[Ids], findings: list[Finding]
    ) -> Judged:
        """Run rules on each thing with every item; return what they fail for.

        One finding for each verdict of each rule and the same items, with the things it is about. `things`: what a
        check takes after the matter; `ids`: the ids of each.
        """
        if not self.all or not things or not rules:
            return Judged([0] * len(things), ())
        alike = _alike(rules, things)
        shut: list[Marks] = [0] * len(alike)
        by_rule = []
        for rule, wholes in zip(rules, zip(*alike, strict=True), strict=True):
            said = self._said_of_each(rule, wholes, [things[places[0]] for places in alike.values()])
            failing = [_failing(each) for each in said]
            shut = list(map(or_, shut, failing))
            by_rule.append((rule, reduce(or_, failing)))
            findings += self._findings(rule, said, list(alike.values()), ids)
        return Judged(_spread(shut, alike.values(), len(things)), by_rule)

    def limit(self, rule: Rule, findings: list[Finding]) -> tuple[Marks, dict[str, frozenset[str]]]:
        """Run a LIMIT rule on every item; return those it fails for, and the fields that may pass of each."""
        fields: dict[Hashable, frozenset[str]] = {}
        told: dict[Verdict, Marks] = {}
        values = self._values_for(rule)
        if values.unread:
            told[_UNREAD] = values.unread
        for value, marks in values.marks.items():
            limit = _allowed(rule, self._matter, self._matter.items[self._first(marks)])
            fields[value] = limit.fields
            told[limit.verdict] = told.get(limit.verdict, 0) | marks
        findings += [Finding(rule.id, rule.cites, *verdict, (), self.names(marks)) for verdict, marks in told.items()]
        of_items = {name: fields.get(value, _NO_FIELDS) for name, value in zip(self._every, values.each, strict=True)}
        return _failing(told.items()), of_items

    def _said_of_each(self, rule: Rule, wholes: Iterable[Hashable], things: Iterable[Thing]) -> list[Said]:
        """Return what a rule says of the items with each thing, asked once for each whole."""
        known: dict[Hashable, Said] = {}
        for whole, thing in zip(wholes, things, strict=True):
            if whole not in known:
                known[whole] = self._said(rule, thing)
        return [known[whole] for whole in wholes]

    def _said(self, rule: Rule, thing: Thing) -> Said:
        """Return what a rule says of the items with one thing. INVARIANT: one that breaks fails for all of them."""
        try:
            said = self._parted(self._values_for(rule), rule.check(self._matter, *thing))
        except Exception as error:  # noqa: BLE001  -- as in `_verdict`
            return [(_error(type(error).__name__), self.all)]
        if {*map(type, map(_FIRST, said))} != _VERDICTS:
            return [(_error("answers no verdict"), self.all)]
        return said

    def _parted(self, values: "_Values", said: Verdict | Parts) -> Said:
        """Return each verdict with the items that it is about, in the order of the first of them."""
        if type(said) is not tuple:
            return [(cast("Verdict", said), self.all)]
        left, parts = values.known, []
        rest: Any = said
        while type(rest) is tuple:
            inside, verdict, rest = rest
            held = left & values.inside(inside)
            parts.append((held & -held, verdict, held))
            left ^= held
        parts += [(left & -left, rest, left), (values.unread & -values.unread, _UNREAD, values.unread)]
        return [(verdict, marks) for first, verdict, marks in sorted(parts, key=_FIRST) if first]

    def _findings(
        self, rule: Rule, said: Sequence[Said], alike: Sequence[Sequence[int]], ids: Sequence[Ids]
    ) -> Iterator[Finding]:
        """Write down each verdict and the same items once, with all the things that it is about in their order."""
        about: dict[tuple[Verdict, Marks], list[int]] = {}
        for each, places in zip(said, alike, strict=True):
            for told in each:
                about.setdefault(told, []).extend(places)
        for (verdict, marks), places in about.items():
            things = ids if len(places) == len(ids) else [ids[place] for place in sorted(places)]
            yield Finding(rule.id, rule.cites, *verdict, tuple(things), self.names(marks))

    def _values_for(self, rule: Rule) -> "_Values":
        """Return what a rule looks at; rules that look at the same share it."""
        key = rule.key or by_id
        values = self._values.get(key)
        if values is None:
            values = self._values[key] = _Values(key, self._matter, self._marks.values())
        return values


class _Values:
    """The values that a rule looks at.

    `each`: by item; `marks`: of each value the items that have it; `known`: all of these; `unread`: the items that the
    rule breaks on, whose value is no value.

    INVARIANT: an error inside one item withholds that item alone.
    """

    def __init__(self, key: Callable[..., Hashable], matter: Matter, marks: Collection[Marks]) -> None:
        self.unread: Marks = 0
        try:
            self.each: list[Hashable] = list(map(key, repeat(matter), matter.items.values()))
            self._values = frozenset(self.each)
        except Exception:  # noqa: BLE001  -- as in `_verdict`; which item it is about is found out one by one
            self.each = [
                self._value(key, matter, item, mark) for item, mark in zip(matter.items.values(), marks, strict=True)
            ]
            self._values = frozenset(self.each) - {_UNREAD}
        self.marks: dict[Hashable, Marks] = dict.fromkeys(self.each, 0)
        for value, mark in zip(self.each, marks, strict=True):
            self.marks[value] |= mark
        self.marks.pop(_UNREAD, None)
        self.known: Marks = sum(marks) - self.unread
        self._days: list[Any] = []
        self._before: list[Marks] = []

    def _value(self, key: Callable[..., Hashable], matter: Matter, item: Item, mark: Marks) -> Hashable:
        try:
            value = key(matter, item)
            hash(value)
        except Exception:  # noqa: BLE001  -- as in `_verdict`
            self.unread |= mark
            return _UNREAD
        return value

    def inside(self, values: Container[Any]) -> Marks:
        """Return the items whose value is inside a collection."""
        if type(values) is range and values.step == 1:
            return self._between(values)
        if type(values) is frozenset:
            outside: Iterable[Hashable] = self._values.difference(values)
        else:
            outside = filterfalse(values.__contains__, self._values)
        return self.known - sum([self.marks[value] for value in outside])

    def _between(self, days: range) -> Marks:
        """Return the items of these days: those before the end without those before the start."""
        if not days:
            return 0
        if not self._before:
            self._days = sorted(self.marks)
            self._before = list(accumulate((self.marks[day] for day in self._days), initial=0))
        return self._before[bisect_left(self._days, days.stop)] - self._before[bisect_left(self._days, days.start)]


def _failing(said: Iterable[tuple[Verdict, Marks]]) -> Marks:
    """Return the items that a verdict is against."""
    return sum([marks for verdict, marks in said if verdict.state in _FAILS])


def _alike(rules: Sequence[Rule], things: Sequence[Thing]) -> dict[tuple[Hashable, ...], list[int]]:
    """Return the places of the things that are the same to every rule, by what each rule looks at of them."""
    wholes = [range(len(things)) if rule.whole is None else starmap(rule.whole, things) for rule in rules]
    alike: dict[tuple[Hashable, ...], list[int]] = {}
    for place, whole in enumerate(zip(*wholes, strict=True)):
        alike.setdefault(whole, []).append(place)
    return alike


def _spread(marks: Iterable[Marks], alike: Iterable[Iterable[int]], size: int) -> list[Marks]:
    """Return for each thing what was found of those that are alike."""
    spread: list[Marks] = [0] * size
    for found, places in zip(marks, alike, strict=True):
        for place in places:
            spread[place] = found
    return spread


def _allowed(rule: Rule, matter: Matter, item: Item) -> Allowed:
    """Run a LIMIT rule. One that breaks lets nothing pass."""
    try:
        allowed = rule.check(matter, item)
        return allowed if type(allowed) is Allowed else Allowed(_error("answers no limit"), _NO_FIELDS)
    except Exception as error:  # noqa: BLE001  -- as in `_verdict`
        return Allowed(_error(type(error).__name__), _NO_FIELDS)

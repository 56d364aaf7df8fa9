"""The items that are asked for, as sets, and the rules that look at them. No law in here.

A rule is run once for what is the same to it, and what it says in the same words of the same items is one finding.
What is found is what asking item by item would find.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate, chain, compress, repeat, starmap
from typing import Any, Final, NamedTuple, cast

from consent.decision import Finding
from consent.judging import FAILS, Ids, Thing, error, together
from consent.matter import Matter
from consent.model import Item
from consent.rules.rule import Allowed, Parts, Rule, Verdict, by_id

_NO_FIELDS: Final[frozenset[str]] = frozenset()
Marks = int  # a set of items: a byte for each, 1 for what is in it, see Items
Said = Sequence[tuple[Verdict, Marks]]  # what one rule says of all items: each verdict with those that it is about
_UNREAD: Final = error("cannot be read")


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

    def each(self, sets: Iterable[Marks]) -> dict[str, bytes]:
        """Return for each item a byte for each of these sets, 1 where it is in it; nothing where there is no set."""
        columns = [marks.to_bytes(len(self._every), "little") for marks in sets]
        return dict(together(self._every, map(bytes, together(*columns)))) if columns else {}

    def having(self, key: Callable[..., Hashable], values: Container[Any]) -> frozenset[str]:
        """Return the ids of the items whose value is inside a collection, and can be read."""
        return frozenset(self.names(self._values_of(key).inside(values)))

    def names(self, marks: Marks) -> Ids:
        """Return the ids of the items in a set, in the order of the record."""
        names = self._names.get(marks)
        if names is None:
            names = self._names[marks] = (*compress(self._every, marks.to_bytes(len(self._every), "little")),)
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
        alike = _Alike(rules, things, ids)
        shut: list[Marks] = [0] * len(alike.things)
        by_rule = []
        for rule, wholes in together(rules, alike.wholes):
            said = [(self._said(rule, alike.things[places[0]]), places) for places in _places(wholes)]
            failing: Marks = 0
            for verdicts, places in said:
                if against := _failing(verdicts):
                    failing |= against
                    for place in places:
                        shut[place] |= against
            by_rule.append((rule, failing))
            findings += self._findings(rule, said, alike)
        return Judged(alike.spread(shut), by_rule)

    def limit(self, rule: Rule, findings: list[Finding]) -> tuple[Marks, dict[str, frozenset[str]]]:
        """Run a LIMIT rule on every item; return those it fails for, and the fields that may pass of each."""
        fields: dict[Hashable, frozenset[str]] = {}
        told: dict[Verdict, Marks] = {}
        values = self._values_of(rule.key or by_id)
        if values.unread:
            told[_UNREAD] = values.unread
        for value, marks in values.marks.items():
            limit = _allowed(rule, self._matter, self._matter.items[self._first(marks)])
            fields[value] = limit.fields
            told[limit.verdict] = told.get(limit.verdict, 0) | marks
        findings += [Finding(rule.id, rule.cites, *verdict, (), self.names(marks)) for verdict, marks in told.items()]
        of_items = {name: fields.get(value, _NO_FIELDS) for name, value in together(self._every, values.each)}
        return _failing(told.items()), of_items

    def _said(self, rule: Rule, thing: Thing) -> Said:
        """Return what a rule says of the items with one thing. INVARIANT: one that breaks fails for all of them."""
        try:
            said = self._parted(self._values_of(rule.key or by_id), rule.check(self._matter, *thing))
        except Exception as broken:  # noqa: BLE001  -- as in `judging`
            return [(error(type(broken).__name__), self.all)]
        for verdict, _ in said:
            if type(verdict) is not Verdict:
                return [(error("answers no verdict"), self.all)]
        return said

    def _parted(self, values: "_Values", said: Verdict | Parts) -> Said:
        """Return each verdict with the items that it is about, in the order of the first of them."""
        rest: Any = said
        if type(rest) is not tuple:
            return [(rest, self.all)]
        left, parts = values.known, [(_UNREAD, values.unread)] if values.unread else []
        while type(rest) is tuple:
            inside, verdict, rest = rest
            held = left & values.inside(inside)
            if held:
                parts.append((verdict, held))
                left ^= held
        if left:
            parts.append((rest, left))
        return parts if len(parts) == 1 else sorted(parts, key=_first_of)

    def _findings(self, rule: Rule, said: Iterable[tuple[Said, tuple[int, ...]]], alike: "_Alike") -> Iterator[Finding]:
        """Write down each verdict and the same items once, with all the things that it is about in their order."""
        about: dict[tuple[Verdict, Marks], tuple[int, ...]] = {}
        for verdicts, places in said:
            for told in verdicts:
                about[told] = about[told] + places if told in about else places
        for ((state, because), marks), places in about.items():
            yield Finding(rule.id, rule.cites, state, because, alike.ids(places), self.names(marks))

    def _values_of(self, key: Callable[..., Hashable]) -> "_Values":
        """Return what rules look at; those that look at the same share it."""
        values = self._values.get(key)
        if values is None:
            values = self._values[key] = _Values(key, self._matter, self._marks.values(), self.all)
        return values


class _Values:
    """The values that a rule looks at.

    `each`: by item; `marks`: of each value the items that have it; `known`: all of these; `unread`: the items that the
    rule breaks on, whose value is no value.

    INVARIANT: an error inside one item withholds that item alone.
    """

    def __init__(self, key: Callable[..., Hashable], matter: Matter, marks: Iterable[Marks], every: Marks) -> None:
        self.unread: Marks = 0
        self.each: list[Hashable]
        try:
            self.each = list(map(key, repeat(matter), matter.items.values()))
            self.marks = _grouped(self.each, marks, every)
        except Exception:  # noqa: BLE001  -- as in `judging`; which item it is about is found out one by one
            self.each = [_value(key, matter, item) for item in matter.items.values()]
            self.marks = _grouped(self.each, marks, every)
            self.unread = self.marks.pop(_UNREAD, 0)
        self.known: Marks = every ^ self.unread
        self._values = frozenset(self.marks)

    def inside(self, values: Container[Any]) -> Marks:
        """Return the items whose value is inside a collection."""
        if type(values) is range and values.step == 1 and (ordered := self._ordered) is not None:
            numbers, sums = ordered
            below = sums[bisect_left(numbers, values.start)]
            return sums[bisect_left(numbers, values.stop)] ^ below if values else 0
        if type(values) is not frozenset:
            return self._of(filter(values.__contains__, self._values))
        if 2 * len(values) <= len(self._values):
            return self._of(self._values & values)
        return self.known ^ self._of(self._values - values)  # what is outside is less, and so quicker to add up

    @cached_property
    def _ordered(self) -> tuple[list[int], list[Marks]] | None:
        """Return whole numbers in order, with the items below each and below none; None where values are no numbers."""
        if set(map(type, self._values)) != {int}:
            return None
        numbers = sorted(cast("frozenset[int]", self._values))
        return numbers, [0, *accumulate(self.marks[number] for number in numbers)]

    def _of(self, values: Iterable[Hashable]) -> Marks:
        return sum([self.marks[value] for value in values])


def _places(values: Iterable[Hashable]) -> Iterable[tuple[int, ...]]:
    """Return the places of each value, in the order of the first of them."""
    places: dict[Hashable, tuple[int, ...]] = {}
    for place, value in enumerate(values):
        places[value] = (*places.get(value, ()), place)
    return places.values()


class _Alike:
    """Things of which those that are the same to every rule are one.

    `things`: the first of each; `wholes`: for each rule, what it looks at of each of them.
    """

    def __init__(self, rules: Sequence[Rule], things: Sequence[Thing], ids: Sequence[Ids]) -> None:
        wholes = [range(len(things)) if rule.whole is None else starmap(rule.whole, things) for rule in rules]
        places: defaultdict[tuple[Hashable, ...], list[int]] = defaultdict(list)
        for place, whole in enumerate(together(*wholes)):
            places[whole].append(place)
        self._places = [*places.values()]
        self._ids = ids
        self._told: dict[tuple[int, ...], tuple[Ids, ...]] = {}
        self.wholes = tuple(together(*places))
        self.things = [things[same[0]] for same in self._places]

    def ids(self, alike: tuple[int, ...]) -> tuple[Ids, ...]:
        """Return the ids of all things that are the same as some of `things`, by their places there, in order."""
        told = self._told.get(alike)
        if told is None:
            places = sorted(chain.from_iterable([self._places[each] for each in alike]))
            told = self._told[alike] = tuple([self._ids[place] for place in places])
        return told

    def spread(self, marks: Iterable[Marks]) -> list[Marks]:
        """Return for each thing what was found of those that are the same."""
        spread: list[Marks] = [0] * len(self._ids)
        for found, places in together(marks, self._places):
            for place in places:
                spread[place] = found
        return spread


def _first_of(part: tuple[Verdict, Marks]) -> Marks:
    return part[1] & -part[1]


def _failing(said: Iterable[tuple[Verdict, Marks]]) -> Marks:
    """Return the items that a verdict is against."""
    return sum([marks for verdict, marks in said if verdict.state in FAILS])


def _value(key: Callable[..., Hashable], matter: Matter, item: Item) -> Hashable:
    try:
        value = key(matter, item)
        hash(value)
    except Exception:  # noqa: BLE001  -- as in `judging`
        return _UNREAD
    return value


def _grouped(values: Sequence[Hashable], marks: Iterable[Marks], every: Marks) -> dict[Hashable, Marks]:
    """Return each value with the items that have it; mostly no two have the same, or all have one."""
    grouped = dict(together(values, marks))
    if len(grouped) == 1:
        return dict.fromkeys(grouped, every)
    if len(grouped) < len(values):
        grouped = {}
        for value, mark in together(values, marks):
            grouped[value] = grouped.get(value, 0) | mark
    return grouped


def _allowed(rule: Rule, matter: Matter, item: Item) -> Allowed:
    """Run a LIMIT rule. One that breaks lets nothing pass."""
    try:
        allowed = rule.check(matter, item)
        return allowed if type(allowed) is Allowed else Allowed(error("answers no limit"), _NO_FIELDS)
    except Exception as broken:  # noqa: BLE001  -- as in `judging`
        return Allowed(error(type(broken).__name__), _NO_FIELDS)

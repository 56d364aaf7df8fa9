"""Running rules: each in its own shelter, its findings written down, its failures remembered. No law in here.

A rule is run on all things of a kind in one go (every consent, every grant), and on items once for what is the same
to it. That is for speed alone: what is found is what asking one by one would find.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import chain, repeat
from typing import Any, Final, NamedTuple

from consent.decision import Finding, State
from consent.matter import Matter
from consent.model import Item
from consent.rules.rule import Allowed, Effect, Rule, Scope, Verdict

_SATISFIED: Final = State.SATISFIED  # looked up once: members of an enum are slow to reach
_NOT_APPLICABLE: Final = State.NOT_APPLICABLE
_VIOLATED: Final = State.VIOLATED
_OPEN: Final = Effect.OPEN
_FAILS: Final = frozenset({State.VIOLATED, State.UNKNOWN, State.ERROR})
_NO_FIELDS: Final[frozenset[str]] = frozenset()
_finding: Final[Callable[[tuple[Any, ...]], Finding]] = partial(tuple.__new__, Finding)  # what `Finding._make` does
Evidence = tuple[str, ...]
Partly = tuple[Rule, frozenset[str]]  # a rule that fails, and the items for which it does


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


def judge(
    rules: Sequence[Rule], things: Sequence[tuple[Any, ...]], evidence: Sequence[Evidence], findings: list[Finding]
) -> list[Outcome]:
    """Run every rule on every thing, and write down one finding for each, thing by thing.

    `things`: what a check takes, by thing; `evidence`: the ids of each.
    """
    if not things:
        return []
    arguments = tuple(zip(*things, strict=True))
    columns = [_verdicts(rule, arguments) for rule in rules]
    told = [_told(rule, column, evidence) for rule, column in zip(rules, columns, strict=True)]
    findings += chain.from_iterable(zip(*told, strict=True))
    return _outcomes(rules, columns, len(things))


def _told(rule: Rule, verdicts: Sequence[Verdict], evidence: Sequence[Evidence]) -> Iterator[Finding]:
    said = map(repeat, verdicts[0]) if _uniform(verdicts) else zip(*verdicts, strict=True)
    return map(_finding, zip(repeat(rule.id), repeat(rule.cites), *said, evidence, strict=False))


def _outcomes(rules: Sequence[Rule], columns: Sequence[Sequence[Verdict]], count: int) -> list[Outcome]:
    """Sum up what each thing comes to.

    INVARIANT: a thing is in play only if some OPEN rule speaks of it and every one is satisfied.
    """
    clean = Outcome(any(rule.effect is _OPEN for rule in rules), out=False, failing=())
    outcomes = [clean] * count
    for rule, column in zip(rules, columns, strict=True):
        if not _moot(rule, column):
            outcomes = [_further(outcome, rule, each.state) for outcome, each in zip(outcomes, column, strict=True)]
    return outcomes


def _further(outcome: Outcome, rule: Rule, state: State) -> Outcome:
    """Return what a thing comes to with what one more rule says of it."""
    if state is _SATISFIED or (state is _NOT_APPLICABLE and rule.effect is not _OPEN):
        return outcome
    failing = outcome.failing if state is _NOT_APPLICABLE else (*outcome.failing, rule)
    if rule.effect is not _OPEN:
        return Outcome(outcome.opened, outcome.out, failing)
    return Outcome(opened=False, out=outcome.out or state is _VIOLATED or state is _NOT_APPLICABLE, failing=failing)


def _moot(rule: Rule, column: Sequence[Verdict]) -> bool:
    """Say, quickly, whether a rule changes nothing for anything in its column."""
    state = column[0].state
    return _uniform(column) and (state is _SATISFIED or (state is _NOT_APPLICABLE and rule.effect is not _OPEN))


def _uniform(column: Sequence[Verdict]) -> bool:
    return column.count(column[0]) == len(column)


def _verdicts(rule: Rule, arguments: Sequence[Sequence[Any]]) -> Sequence[Verdict]:
    """Run one check on many things; where it breaks on one, on each by itself. `arguments`: by their position."""
    try:
        verdicts = list(map(rule.check, *arguments))
    except Exception:  # noqa: BLE001  -- then each is asked in a shelter of its own
        verdicts = []
    if set(map(type, verdicts)) == {Verdict}:
        return verdicts
    return [_checked(rule, each) for each in zip(*arguments, strict=True)]


def _checked(rule: Rule, arguments: tuple[Any, ...]) -> Verdict:
    """Run one check. INVARIANT: a rule that breaks, or answers with something else than a verdict, never helps."""
    try:
        verdict = rule.check(*arguments)
        return verdict if type(verdict) is Verdict else _error("answers no verdict")
    except Exception as error:  # noqa: BLE001  -- whatever a rule does wrong counts against the release
        return _error(type(error).__name__)


def _error(name: str) -> Verdict:
    return Verdict(State.ERROR, f"the rule failed: {name}")


class Answer(NamedTuple):
    """What rules say of all the items.

    `heads`: the findings without their evidence, by field; `names`: the items that each is about; `failing`: the rules
    that fail, with the items for which they do.
    """

    heads: tuple[tuple[Any, ...], ...]
    names: tuple[Evidence, ...]
    failing: tuple[Partly, ...]

    def written(self, evidence: Evidence) -> Iterator[Finding]:
        """Return the findings about the thing with these ids."""
        return map(_finding, zip(*self.heads, map(evidence.__add__, self.names), strict=False))


class Groups(NamedTuple):
    """Items that are the same to a rule: one of each group, and the ids of each group."""

    items: tuple[Item, ...]
    names: tuple[Evidence, ...]


class Items:
    """The items that are asked for. Rules about items are judged here, once for what is the same to them."""

    def __init__(self, matter: Matter, items: Mapping[str, Item]) -> None:
        self._matter = matter
        self._items = items
        self._groups: dict[Callable[..., Hashable], Groups] = {}
        self._answers: dict[Hashable, Answer] = {}

    @property
    def names(self) -> frozenset[str]:
        """The ids of all items that there are."""
        return frozenset(self._items)

    def get(self, name: str) -> Item | None:
        """Return an item, or None where there is none by that id."""
        return self._items.get(name)

    def judge(
        self,
        rules: Sequence[Rule],
        things: Sequence[tuple[Any, ...]],
        evidence: Sequence[Evidence],
        findings: list[Finding],
    ) -> list[tuple[Partly, ...]]:
        """Run rules on each thing with every item; return for each the rules that fail. Grants that are alike: once.

        One finding for each thing that a rule says, with the items that it says it of. `things`: what a check takes
        between the matter and the item; `evidence`: the ids of each.
        """
        known: dict[Hashable, Answer] = {}
        failing = []
        for key, about, ids in zip(_keys(rules, things), things, evidence, strict=True):
            answer = known.get(key)
            if answer is None:
                answer = known[key] = _joined([self._answered(rule, about) for rule in rules])
            findings += answer.written(ids)
            failing.append(answer.failing)
        return failing

    def limit(self, rule: Rule, findings: list[Finding]) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
        """Run a LIMIT rule on every item; return those it fails for, and the fields that may pass of each."""
        groups = self._grouped(rule)
        limits = [_allowed(rule, self._matter, item) for item in groups.items]
        answer = _answer(rule, [limit.verdict for limit in limits], groups.names)
        findings += answer.written(())
        fields = {name: limit.fields for limit, names in zip(limits, groups.names, strict=True) for name in names}
        return frozenset[str]().union(*(names for _, names in answer.failing)), fields

    def _answered(self, rule: Rule, about: tuple[Any, ...]) -> Answer:
        """Return what one rule says; the same answer for all that is equal in what the rule declares."""
        key = None if rule.whole is None else (rule.id, rule.whole(*about))
        answer = None if key is None else self._answers.get(key)
        if answer is None:
            groups = self._grouped(rule)
            before = [[each] * len(groups.items) for each in (self._matter, *about)]
            answer = _answer(rule, _verdicts(rule, (*before, groups.items)), groups.names)
            if key is not None:
                self._answers[key] = answer
        return answer

    def _grouped(self, rule: Rule) -> Groups:
        """Group items by what the check depends on; each alone where the rule declares nothing, or its key breaks."""
        key = rule.key or _alone
        found = self._groups.get(key)
        if found is None:
            try:
                found = self._by(key)
            except Exception:  # noqa: BLE001  -- then the check itself is asked, item by item
                found = self._by(_alone)
            self._groups[key] = found
        return found

    def _by(self, key: Callable[..., Hashable]) -> Groups:
        groups: dict[Hashable, list[str]] = {}
        for value, name in zip(map(key, repeat(self._matter), self._items.values()), self._items, strict=False):
            groups.setdefault(value, []).append(name)
        return Groups(tuple(self._items[each[0]] for each in groups.values()), tuple(map(tuple, groups.values())))


def _alone(_matter: Matter, item: Item) -> Hashable:
    return item.id


def _keys(rules: Sequence[Rule], things: Sequence[tuple[Any, ...]]) -> Iterable[Hashable]:
    """Return what rules depend on of each thing; where one does not declare it, no thing is like another."""
    wholes = [rule.whole for rule in rules if rule.whole is not None]
    if not things or not rules or len(wholes) != len(rules):
        return range(len(things))
    arguments = tuple(zip(*things, strict=True))
    return zip(*(map(whole, *arguments) for whole in wholes), strict=True)


def _answer(rule: Rule, verdicts: Sequence[Verdict], names: Sequence[Evidence]) -> Answer:
    """Sum up what a rule says of groups of items: to each verdict the items that it is about."""
    told: dict[Verdict, list[str]] = {}
    if verdicts and _uniform(verdicts):
        told[verdicts[0]] = list(chain.from_iterable(names))
    else:
        for verdict, group in zip(verdicts, names, strict=True):
            told.setdefault(verdict, []).extend(group)
    failing = frozenset(chain.from_iterable(each for verdict, each in told.items() if verdict.state in _FAILS))
    heads = tuple(zip(*((rule.id, rule.cites, *verdict) for verdict in told), strict=True))
    return Answer(heads, tuple(map(tuple, told.values())), ((rule, failing),) if failing else ())


def _joined(answers: Sequence[Answer]) -> Answer:
    """Return the answers of several rules as one."""
    heads = zip(*(answer.heads for answer in answers if answer.heads), strict=True)
    return Answer(
        tuple(tuple(chain.from_iterable(field)) for field in heads),
        tuple(chain.from_iterable(answer.names for answer in answers)),
        tuple(chain.from_iterable(answer.failing for answer in answers)),
    )


def _allowed(rule: Rule, matter: Matter, item: Item) -> Allowed:
    """Run a LIMIT rule. One that breaks lets nothing pass."""
    try:
        allowed = rule.check(matter, item)
        return allowed if type(allowed) is Allowed else Allowed(_error("answers no limit"), _NO_FIELDS)
    except Exception as error:  # noqa: BLE001  -- as in `_checked`
        return Allowed(_error(type(error).__name__), _NO_FIELDS)

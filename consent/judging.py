"""Running rules: each in its own shelter, its findings written down, its failures remembered. No law in here.

A rule is run on all things of a kind in one go (every consent, every grant); what it says in the same words is one
finding. What is found is what asking one by one would find. Rules about items are judged in `consent.items`.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import starmap
from typing import Any, Final, NamedTuple

from consent.decision import Finding, State
from consent.rules.rule import EVERY_BASIS, BasisKind, Effect, Rule, Scope, Verdict

FAILS: Final = frozenset({State.VIOLATED, State.UNKNOWN, State.ERROR})
_SHUTS: Final = frozenset({State.VIOLATED, State.NOT_APPLICABLE})  # of an OPEN rule: for certain not in play
_OPEN: Final = Effect.OPEN  # looked up once: members of an enum are slow to reach
together: Final = partial(zip, strict=True)  # what is joined is of one length, or something broke
Ids = tuple[str, ...]
Thing = tuple[Any, ...]  # what a check takes, after the matter where it looks at items


class Rules:
    """A table of rules, by scope and in its order."""

    def __init__(self, table: Iterable[Rule]) -> None:
        self._table = tuple(table)
        self._by_scope = {scope: tuple(rule for rule in self._table if rule.scope is scope) for scope in Scope}
        self._by_basis = {
            (scope, kind): tuple(rule for rule in self._by_scope[scope] if kind in rule.bases)
            for scope in (Scope.STATUTE, Scope.STATUTE_ITEM)
            for kind in EVERY_BASIS
        }
        self._place = {rule.id: place for place, rule in reversed(tuple(enumerate(self._table)))}
        self._dated = any(rule.since is not None or rule.until is not None for rule in self._table)

    def on(self, day: date) -> "Rules":
        """Return those that are law on `day`."""
        return Rules(rule for rule in self._table if rule.in_force(day)) if self._dated else self

    def of(self, scope: Scope) -> Sequence[Rule]:
        """Return the rules of one scope."""
        return self._by_scope[scope]

    def of_statute(self, scope: Scope, kind: BasisKind) -> Sequence[Rule]:
        """Return the rules of one scope, STATUTE or STATUTE_ITEM, about one kind of basis."""
        return self._by_basis[scope, kind]

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
    every = tuple(ids)
    columns = []
    differing = []
    for rule in rules:
        column = _verdicts(rule, things)
        columns.append(column)
        state, because = column[0]
        if column.count(column[0]) == len(column):
            findings.append(Finding(rule.id, rule.cites, state, because, every))
        else:
            findings += [Finding(rule.id, rule.cites, *each) for each in _by_verdict(column, ids)]
            differing.append(column)
    if not differing:
        return [_outcome(rules, [column[0].state for column in columns])] * len(things)
    known: dict[Thing, Outcome] = {}
    outcomes = []
    for place, verdicts in enumerate(together(*differing)):
        outcome = known.get(verdicts)
        if outcome is None:
            outcome = known[verdicts] = _outcome(rules, [column[place].state for column in columns])
        outcomes.append(outcome)
    return outcomes


def _verdicts(rule: Rule, things: Sequence[Thing]) -> list[Verdict]:
    """Return what a rule says of each thing. INVARIANT: where it breaks, it counts against that thing alone."""
    if len(things) == 1:
        return [_verdict(rule, things[0])]
    try:
        verdicts = list(starmap(rule.check, things))
    except Exception:  # noqa: BLE001  -- which thing it is about is found out one by one
        return [_verdict(rule, thing) for thing in things]
    if [*map(type, verdicts)].count(Verdict) == len(verdicts):
        return verdicts
    return [_verdict(rule, thing) for thing in things]


def _verdict(rule: Rule, thing: Thing) -> Verdict:
    try:
        verdict = rule.check(*thing)
    except Exception as broken:  # noqa: BLE001  -- whatever a rule does wrong counts against the release
        return error(type(broken).__name__)
    return verdict if type(verdict) is Verdict else error("answers no verdict")


def _by_verdict(verdicts: Sequence[Verdict], ids: Sequence[Ids]) -> Iterator[tuple[State, str, tuple[Ids, ...]]]:
    """Return each verdict with the things it is about."""
    about: dict[Verdict, list[Ids]] = {}
    for verdict, each in together(verdicts, ids):
        about.setdefault(verdict, []).append(each)
    for (state, because), things in about.items():
        yield state, because, tuple(things)


def _outcome(rules: Sequence[Rule], states: Sequence[State]) -> Outcome:
    """Sum up what a thing comes to, by the states of the rules about it.

    INVARIANT: a thing is in play only if some OPEN rule speaks of it and every one is satisfied.
    """
    opens = [state for rule, state in together(rules, states) if rule.effect is _OPEN]
    return Outcome(
        opened=bool(opens) and set(opens) == {State.SATISFIED},
        out=not _SHUTS.isdisjoint(opens),
        failing=()
        if FAILS.isdisjoint(states)
        else tuple(rule for rule, state in together(rules, states) if state in FAILS),
    )


def error(name: str) -> Verdict:
    """Return what a rule comes to that went wrong: never what it said, for that may hold anything."""
    return Verdict(State.ERROR, f"the rule failed: {name}")

"""Running rules: each in its own shelter, its finding written down, its failure remembered. No law in here."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date
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


class Rules:
    """The rules that are law on a day, by scope, in the order of their table."""

    def __init__(self, table: Sequence[Rule], day: date) -> None:
        self._by_scope: dict[Scope, list[Rule]] = {scope: [] for scope in Scope}
        self._place: dict[str, int] = {}
        for place, rule in enumerate(table):
            if rule.in_force(day):
                self._by_scope[rule.scope].append(rule)
                self._place.setdefault(rule.id, place)

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
    rules: Iterable[Rule], arguments: tuple[Any, ...], evidence: tuple[str, ...], findings: list[Finding]
) -> Outcome:
    """Run rules about one thing and write their findings down.

    Once an OPEN rule is violated or does not apply, the thing is out of play, and no more is asked about it: what else
    a grant to somebody else says is nobody's business here.
    INVARIANT: a thing is in play only if some OPEN rule speaks of it and every one is satisfied.
    """
    opened, closed, out = False, False, False
    failing: list[Rule] = []
    for rule in rules:
        state, because = _checked(rule, arguments)
        findings.append(Finding(rule.id, rule.cites, state, because, evidence))
        if state is not _SATISFIED and state is not _NOT_APPLICABLE:
            failing.append(rule)
        if rule.effect is _OPEN:
            opened = True
            closed = closed or state is not _SATISFIED
            if state is _VIOLATED or state is _NOT_APPLICABLE:
                out = True
                break
    return Outcome(opened and not closed, out, tuple(failing))


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
    """What one rule says of all the items: by verdict the items it is about, and those for which the rule fails."""

    told: tuple[tuple[Verdict, tuple[str, ...]], ...]
    failing: frozenset[str]


class Items:
    """The items that are asked for. Rules about items are judged here, once for what is the same to them."""

    def __init__(self, matter: Matter, items: Mapping[str, Item]) -> None:
        self._matter = matter
        self._items = items
        self._groups: dict[Callable[..., Hashable], list[tuple[Item, tuple[str, ...]]]] = {}
        self._answers: dict[Hashable, Answer] = {}

    def get(self, name: str) -> Item | None:
        """Return an item, or None where there is none by that id."""
        return self._items.get(name)

    def judge(
        self, rule: Rule, about: tuple[Any, ...], evidence: tuple[str, ...], findings: list[Finding]
    ) -> frozenset[str]:
        """Run a rule on every item; return those for which it fails. `about`: what the check takes before the item.

        One finding for each thing that the rule says, with the items that it says it of.
        """
        answer = self._answer(rule, about)
        for (state, because), names in answer.told:
            findings.append(Finding(rule.id, rule.cites, state, because, (*evidence, *names)))
        return answer.failing

    def limit(self, rule: Rule, findings: list[Finding]) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
        """Run a LIMIT rule on every item; return those it fails for, and the fields that may pass of each."""
        fields: dict[str, frozenset[str]] = {}
        verdicts = []
        for item, names in self._grouped(rule):
            verdict, allowed = _allowed(rule, self._matter, item)
            verdicts.append((verdict, names))
            fields.update(dict.fromkeys(names, allowed))
        answer = _answer(verdicts)
        for (state, because), names in answer.told:
            findings.append(Finding(rule.id, rule.cites, state, because, names))
        return answer.failing, fields

    def _answer(self, rule: Rule, about: tuple[Any, ...]) -> Answer:
        key = None if rule.whole is None else (id(rule), rule.whole(*about))
        found = None if key is None else self._answers.get(key)
        if found is None:
            arguments = (self._matter, *about)
            found = _answer([(_checked(rule, (*arguments, item)), names) for item, names in self._grouped(rule)])
            if key is not None:
                self._answers[key] = found
        return found

    def _grouped(self, rule: Rule) -> list[tuple[Item, tuple[str, ...]]]:
        """Group items by what the check depends on; each alone where the rule declares nothing, or its key breaks."""
        key = rule.key or _alone
        found = self._groups.get(key)
        if found is None:
            try:
                names = self._by(key)
            except Exception:  # noqa: BLE001  -- then the check itself is asked, item by item
                names = self._by(_alone)
            found = self._groups[key] = [(self._items[each[0]], tuple(each)) for each in names]
        return found

    def _by(self, key: Callable[..., Hashable]) -> Iterable[list[str]]:
        groups: dict[Hashable, list[str]] = {}
        for name, item in self._items.items():
            groups.setdefault(key(self._matter, item), []).append(name)
        return groups.values()


def _alone(_matter: Matter, item: Item) -> Hashable:
    return item.id


def _answer(verdicts: Iterable[tuple[Verdict, tuple[str, ...]]]) -> Answer:
    told: dict[Verdict, tuple[str, ...]] = {}
    for verdict, names in verdicts:
        told[verdict] = (*told.get(verdict, ()), *names)
    failing = frozenset(name for verdict, names in told.items() if verdict.state in _FAILS for name in names)
    return Answer(tuple(told.items()), failing)


def _allowed(rule: Rule, matter: Matter, item: Item) -> Allowed:
    """Run a LIMIT rule. One that breaks lets nothing pass."""
    try:
        allowed = rule.check(matter, item)
        return allowed if type(allowed) is Allowed else Allowed(_error("answers no limit"), _NO_FIELDS)
    except Exception as error:  # noqa: BLE001  -- as in `_checked`
        return Allowed(_error(type(error).__name__), _NO_FIELDS)

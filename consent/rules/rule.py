"""What a rule is: a judgement with a scope, an effect and citations. Rules hold no state."""

from collections.abc import Callable, Container, Hashable
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum
from functools import cache
from typing import Any, Final, NamedTuple

from consent.decision import State
from consent.labels import under_part2
from consent.matter import Matter, content_of
from consent.model import Item


class BasisKind(StrEnum):
    """What can make a release lawful."""

    CONSENT = "consent"
    ORDER = "order"
    EMERGENCY = "2.51"
    TREATMENT = "164.506"
    CUSTODY = "164.512(k)(5)"


class Scope(Enum):
    """What a rule looks at, and so what its check is called with after the matter.

    REQUEST: nothing more. CONSENT: a consent. GRANT: a consent and its grant. ORDER: a court order. STATUTE: nothing
    more, for it is about a basis that needs no paper. ITEM, GRANT_ITEM, ORDER_ITEM, STATUTE_ITEM: the same without any
    item; their check answers for all items in one go, see Parts. LIMIT: an item; its check returns an Allowed.
    """

    REQUEST = "request"
    ITEM = "item"
    CONSENT = "consent"
    GRANT = "grant"
    GRANT_ITEM = "grant x item"
    ORDER = "order"
    ORDER_ITEM = "order x item"
    STATUTE = "statute"
    STATUTE_ITEM = "statute x item"
    LIMIT = "limit"


class Effect(Enum):
    """What a rule does.

    FORBID stops the bases it declares unless it is satisfied or not applicable. OPEN brings a basis into play, and
    only when satisfied. REQUIRE sinks a basis unless satisfied or not applicable. NARROW narrows what may pass.
    """

    FORBID = "forbid"
    OPEN = "open"
    REQUIRE = "require"
    NARROW = "narrow"


EVERY_BASIS: Final = frozenset(BasisKind)
ORDINARY: Final = EVERY_BASIS - {BasisKind.EMERGENCY, BasisKind.ORDER}
"""What holds, restrictions, unreadable consents and lapsed agreements stop: everything but 2.51 and a court order."""


class Verdict(NamedTuple):
    """What one rule says of one thing. `because` is a fixed text: never a name, never content."""

    state: State
    because: str


@cache
def satisfied(because: str) -> Verdict:
    """Return the one verdict that helps."""
    return Verdict(State.SATISFIED, because)


@cache
def violated(because: str) -> Verdict:
    """Return a verdict against."""
    return Verdict(State.VIOLATED, because)


@cache
def unknown(because: str) -> Verdict:
    """Return "not known", which never helps."""
    return Verdict(State.UNKNOWN, because)


@cache
def not_applicable(because: str) -> Verdict:
    """Return "this rule has nothing to say here"."""
    return Verdict(State.NOT_APPLICABLE, because)


def either(condition: bool, good: str, bad: str) -> Verdict:  # noqa: FBT001  -- reads as: either good or bad
    """Return satisfied with `good`, or violated with `bad`."""
    return satisfied(good) if condition else violated(bad)


Parts = tuple[Container[Any], Verdict, "Verdict | Parts"]
"""What a rule says of items by the one value of each that it looks at, its `key`: of those whose value is inside the
collection the first verdict, of the others what follows, which may part them again. No two verdicts are the same."""


def among(inside: Container[Any], good: str, bad: str) -> Parts:
    """Return satisfied with `good` for what is inside, and violated with `bad` for what is not."""
    return inside, satisfied(good), violated(bad)


def verdict_on(value: Hashable, said: Verdict | Parts) -> Verdict:
    """Return what a rule that said this says of an item with this value."""
    while not isinstance(said, Verdict):
        inside, verdict, beyond = said
        said = verdict if value in inside else beyond
    return said


class Allowed(NamedTuple):
    """What a LIMIT rule says: its verdict, and the element paths that may pass."""

    verdict: Verdict
    fields: frozenset[str]


PART2: Final = frozenset({True})
"""Of the values that `by_part2` returns, that of the items to which Part 2 applies."""
NOT_PART2: Final = frozenset({False})
Check = Callable[..., Any]  # by scope: returns a Verdict, about items a Verdict or Parts, for LIMIT an Allowed


@dataclass(frozen=True, slots=True)
class Rule:
    """One provision.

    `bases`: what a FORBID stops, or which basis an OPEN or REQUIRE belongs to. `key`: for rules that look at items,
    the value of an item that the check depends on, its id where there is none; `whole`: for rules about grants and
    items, all that the check depends on of the grant, so that equal ones are judged once. `since` (inclusive) and
    `until` (exclusive): the days on which the rule is law; None: always, as far as this rulebook knows. A rule that
    forbids carries no `since` where applying it to older days is merely stricter.
    """

    id: str
    scope: Scope
    effect: Effect
    cites: tuple[str, ...]
    check: Check
    bases: frozenset[BasisKind]
    key: Callable[..., Hashable] | None = None
    whole: Callable[..., Hashable] | None = None
    since: date | None = None
    until: date | None = None

    def in_force(self, day: date) -> bool:
        """Say whether this rule is law on `day`."""
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


def by_source(_matter: object, item: Item) -> Hashable:
    """Return the value of an item that a rule about its source looks at."""
    return item.source


def by_category(_matter: object, item: Item) -> Hashable:
    """Return the value of an item that a rule about its category looks at."""
    return item.category


def by_content(_matter: object, item: Item) -> Hashable:
    """Return the value of an item that a rule about all that it tells looks at, see `matter.content_of`."""
    return content_of(item)


def by_part2(matter: Matter, item: Item) -> Hashable:
    """Return whether Part 2 applies to an item: by its source, its category and what was found in it."""
    return under_part2(item, matter.facts)


def by_id(_matter: object, item: Item) -> Hashable:
    """Return what a rule looks at that names items one by one."""
    return item.id


CONSENT_BASIS: Final = frozenset({BasisKind.CONSENT})
ORDER_BASIS: Final = frozenset({BasisKind.ORDER})


def forbid(identifier: str, check: Check, *cites: str, stops: frozenset[BasisKind] = EVERY_BASIS) -> Rule:
    """Return a REQUEST rule that stops the bases `stops` unless satisfied."""
    return Rule(identifier, Scope.REQUEST, Effect.FORBID, cites, check, stops)


def require(identifier: str, scope: Scope, check: Check, *cites: str) -> Rule:
    """Return a rule that a consent or a grant has to pass."""
    return Rule(identifier, scope, Effect.REQUIRE, cites, check, CONSENT_BASIS)

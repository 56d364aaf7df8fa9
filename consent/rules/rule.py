"""What a rule is: a judgement with a scope, an effect and citations. Rules hold no state."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum
from functools import cache
from typing import Any, Final, NamedTuple

from consent.decision import State
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

    REQUEST: nothing more. ITEM: an item. CONSENT: a consent. GRANT: a consent and its grant. GRANT_ITEM: those and an
    item. ORDER: a court order. ORDER_ITEM: an order and an item. STATUTE, STATUTE_ITEM: a basis that needs no paper,
    without and with an item. LIMIT: an item; its check returns the fields that may pass as well.
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


class Allowed(NamedTuple):
    """What a LIMIT rule says: its verdict, and the element paths that may pass."""

    verdict: Verdict
    fields: frozenset[str]


Check = Callable[..., Any]  # by scope, see Scope: returns a Verdict, or for LIMIT an Allowed


@dataclass(frozen=True, slots=True)
class Rule:
    """One provision.

    `bases`: what a FORBID stops, or which basis an OPEN or REQUIRE belongs to. `key`: for rules that look at items,
    all of an item that the check depends on, so that equal keys are judged once; `whole`: all that it depends on of
    what comes before the item, so that equal grants are judged once. `since` (inclusive) and `until` (exclusive): the
    days on which the rule is law; None: always, as far as this rulebook knows. A rule that forbids carries no `since`
    where applying it to older days is merely stricter.
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
    """Return the part of an item that a rule about its source looks at."""
    return item.source


def by_category(_matter: object, item: Item) -> Hashable:
    """Return the part of an item that a rule about its category looks at."""
    return item.category


CONSENT_BASIS: Final = frozenset({BasisKind.CONSENT})
ORDER_BASIS: Final = frozenset({BasisKind.ORDER})


def forbid(identifier: str, check: Check, *cites: str, stops: frozenset[BasisKind] = EVERY_BASIS) -> Rule:
    """Return a REQUEST rule that stops the bases `stops` unless satisfied."""
    return Rule(identifier, Scope.REQUEST, Effect.FORBID, cites, check, stops)


def require(identifier: str, scope: Scope, check: Check, *cites: str) -> Rule:
    """Return a rule that a consent or a grant has to pass."""
    return Rule(identifier, scope, Effect.REQUIRE, cites, check, CONSENT_BASIS)

"""What a decision is made of: findings, a basis per released item, obligations."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Literal, NamedTuple

from consent.codes import Category


class State(StrEnum):
    """How a rule stands to the facts. Only SATISFIED ever helps; UNKNOWN and ERROR never do."""

    SATISFIED = "satisfied"
    VIOLATED = "violated"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"
    ERROR = "error"


class Finding(NamedTuple):
    """What one rule says in the same words of all these things and items, with its citations.

    `because`: a fixed text that says why. `things`: the ids of each thing that was looked at, a consent or an order by
    its own, a grant by its consent's and its own, in file order; `items`: the ids of the items, in the record's order.
    It is said of each thing with each of the items. Never a name, never content.
    """

    rule: str
    cites: tuple[str, ...]
    state: State
    because: str
    things: tuple[tuple[str, ...], ...] = ()
    items: tuple[str, ...] = ()

    @property
    def evidence(self) -> tuple[str, ...]:
        """The ids of what was looked at, one after the other: of the things, then of the items."""
        return (*chain.from_iterable(self.things), *self.items)


def finding(rule: str, cites: tuple[str, ...], state: State, because: str, items: tuple[str, ...] = ()) -> Finding:
    """Return a finding about items alone, or about the request where there are none."""
    return Finding(rule, cites, state, because, items=items)


class Released(NamedTuple):
    """One item that may leave, and the ONE basis that covers it wholly.

    `basis`: `consent:C/G`, `order:O`, `2.51`, `164.506` or `164.512(k)(5)`. `fields`: the element paths that may pass.
    """

    item: str
    basis: str
    category: Category
    fields: tuple[str, ...]
    part2: bool


class Withheld(NamedTuple):
    """One item that stays, and the rules because of which. Never told to a requester."""

    item: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Obligation:
    """What must be done for the release to be lawful. Each is discharged in `clear`, or nothing leaves."""

    kind: Literal["notice", "consent-scope", "approval", "document-emergency"]
    cites: tuple[str, ...] = ()
    version: str | None = None
    text: str | None = None
    by: str | None = None
    owed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one request. It carries its own subject; nothing pairs it with a record by position.

    `requester` and `purpose` repeat the request, so that a clearance cannot be made for somebody else.
    """

    id: str
    at: datetime
    participant: str
    requester: str
    purpose: str
    rulebook: str
    outcome: Literal["permit", "deny"]
    released: tuple[Released, ...]
    withheld: tuple[Withheld, ...]
    obligations: tuple[Obligation, ...]
    findings: tuple[Finding, ...]

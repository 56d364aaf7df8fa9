"""What a decision is made of: findings, a basis per released item, obligations."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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
    """What one rule says, with its citations and the ids of what it looked at. Never a name, never content."""

    rule: str
    cites: tuple[str, ...]
    state: State
    because: str
    evidence: tuple[str, ...] = ()


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

"""What the repositories give back: immutable values, never rows."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from consent.codes import Category, Purpose, RevocationMode
from consent.model import All, Participant, Person, Restriction

_KEYS: Final = UUID("6f1d2c0e-5b1e-5c53-9a55-0f6a3f7f3a11")  # a namespace of our own for uuid5 (RFC 9562)


@dataclass(frozen=True, slots=True)
class Client:
    """A partner's system, as registered: its organization, its public keys, what it may ask for at most.

    `purposes`: why it may pull, the first unless its assertion says; empty: what its kind of organization asks for.
    `jwks_uri`: where its keys are, instead of `jwks`. `thumbprint`: x5t#S256 of the certificate it must show.
    """

    client_id: str
    organization: str
    jwks: dict[str, Any]
    scopes: frozenset[str]
    disabled: bool
    purposes: tuple[Purpose, ...] = ()
    jwks_uri: str | None = None
    thumbprint: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a live token is worth: which client of which organization, which SMART v2 scopes, until when.

    `purpose`: the one for which it pulls; None: it does not pull. `person`: for whom it was asked, where it names one.
    `thumbprint`: the certificate without which it is worth nothing. `digest`: of the token, to file things under.
    """

    client_id: str
    organization: str
    scopes: frozenset[str]
    expires: datetime
    purpose: Purpose | None = None
    person: Person | None = None
    thumbprint: str | None = None
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name as it was written. Compared only by mappings.lead.matching."""

    given: tuple[str, ...]
    family: str


@dataclass(frozen=True, slots=True)
class ParticipantRecord:
    """A participant with what finds them: names, aliases, identifiers as (system, value); and who works with them."""

    participant: Participant
    reference: str
    name: PersonName
    aliases: tuple[PersonName, ...]
    identifiers: tuple[tuple[str, str], ...]
    case_management: str
    case_manager: str | None = None

    @property
    def id(self) -> UUID:
        """The participant's row id."""
        return UUID(self.participant.id)


class StopKind(StrEnum):
    """The four things that change what a consent does."""

    REVOCATION = "revocation"
    HOLD = "hold"
    LIFT = "lift"
    RESTRICTION = "restriction"


@dataclass(frozen=True, slots=True)
class Stop:
    """One revocation, hold, lifting of a hold, or restriction, as it was recorded. Never changed afterwards.

    A revocation names its one consent; a hold names none and reaches all, or the grants of that id in each consent.
    `lifts`: the hold or restriction that a lifting ends. `by`: who recorded it; None: it came in a file.
    """

    kind: StopKind
    at: datetime
    consent: str | None = None
    grants: All | frozenset[str] = "all"
    mode: RevocationMode | None = None
    restriction: Restriction | None = None
    lifts: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class References:
    """Which versions a decision looked at: enough to re-judge it years later. Ids only."""

    participant: tuple[str, int] | None
    consents: tuple[tuple[str, int], ...]
    stops: tuple[str, ...]
    items: tuple[tuple[str, int], ...]
    organizations: tuple[tuple[str, int], ...]
    site: int | None = None  # None on entries older than the versions of the site's settings
    orders: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    unlinks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredQuestion:
    """A question that a partner asked. `about` is a description, kept only until it has been considered."""

    id: UUID
    requester: str
    participant: UUID | None
    state: str
    purpose: Purpose
    person_name: str
    person_role: str
    attested: bool
    about: dict[str, Any] | None
    received_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class StoredProposal:
    """A clearance that waits for a person. `clearance` is its JSON; `items` pins ids and versions.

    `by`: who decided. `standing`: the standing approval by which it was approved; it must still be in force when the
    proposal leaves. `instead_of`: the proposal that a person edited to make this one.
    """

    id: UUID
    participant: UUID
    question: UUID | None
    recipient: str
    case_management: str
    state: str
    digest: str
    clearance: dict[str, Any]
    request: dict[str, Any]
    why: str | None
    created_at: datetime
    decided_at: datetime | None
    exchange: str | None = None
    by: str | None = None
    standing: UUID | None = None
    instead_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """One sending to one recipient. `late`: a message of its own, after the one answer to its question has gone.

    `kind`: answer | exchange | end-of-permission | notification. `request`: what an exchange asks to send, where no
    proposal holds it.
    After `expires_at` it is not sent any more. `max_attempts`: fewer than the house tries.
    """

    id: UUID
    participant: UUID | None
    question: UUID | None
    proposal: UUID | None
    recipient: str
    state: str
    attempts: int
    entry: UUID | None
    cause: str | None
    due_at: datetime
    late: bool = False
    kind: str = "answer"
    exchange: str | None = None
    request: dict[str, Any] | None = field(default=None, hash=False)
    expires_at: datetime | None = None
    acknowledged_at: datetime | None = None
    max_attempts: int | None = None

    @property
    def key(self) -> UUID:
        """Name the sending to its recipient: one key for the one answer to a question, whatever came between.

        Tells nothing by itself: no clock is in it, and the key of an answer follows from the question's reference.
        """
        name = f"answer:{self.question}" if self.question and not self.late else f"message:{self.id}"
        return uuid5(_KEYS, name)


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as it comes in: everything but its row id, which the record gives it. `envelope`: how it came."""

    reference: str
    category: Category
    source: str | None
    created: datetime
    resource: dict[str, Any] | None
    envelope: UUID | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What could not be placed and waits, 72 hours at most, for a person."""

    id: UUID
    feed: str
    reason: str
    received_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class FeedCount:
    """How many of a feed's people came to what end on one day. All that is kept of strangers."""

    feed: str
    day: date
    outcome: str
    count: int


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One row of the accounting. `content` is unsealed only for those who may read it."""

    id: UUID
    at: datetime
    kind: str
    participant: UUID | None
    organization: str | None
    content: dict[str, Any]

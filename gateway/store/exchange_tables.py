"""The tables of the exchange: what waits for a person, what was narrowed, what a partner's end could not take."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from gateway.store.schema import metadata, moment, participant_of, row_id

# What a site has narrowed about a standing kind of disclosure; the common ones are in mappings/tables/exchanges.toml.
site_exchange = Table(
    "site_exchange",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("detail", JSONB, nullable=False),
    moment("recorded_at"),
)

# Something that waits for a person. In the clear only what is needed to find, order and escalate it.
duty = Table(
    "duty",
    metadata,
    row_id(),
    Column("kind", Text, nullable=False),
    participant_of(nullable=True),
    Column("organization", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("assignee", LargeBinary, nullable=True),  # sealed: a name
    Column("reference", Uuid, nullable=True, index=True),
    Column("state", Text, nullable=False),  # open | done
    Column("level", Integer, nullable=False),  # how often it has been escalated
    Column("sealed", LargeBinary, nullable=False),
    moment("created_at"),
    moment("due_at", nullable=True),
    moment("nudged_at", nullable=True),
    moment("done_at", nullable=True),
    Index("ix_duty_state_due_at", "state", "due_at"),
)

contact = Table(
    "contact",
    metadata,
    row_id(),
    Column("organization", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("channel", Text, nullable=False),  # email | webhook
    Column("address", Text, nullable=False),
    Column("staff", Text, nullable=True),  # whose address it is; None: everybody's in that role
    moment("nudged_at", nullable=True),
    moment("disabled_at", nullable=True),
)

standing_approval = Table(
    "standing_approval",
    metadata,
    row_id(),
    participant_of(),
    Column("exchange", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    moment("starts_at"),
    moment("ends_at"),
    moment("ended_at", nullable=True),
)

delegation = Table(
    "delegation",
    metadata,
    row_id(),
    Column("organization", Text, nullable=False),
    Column("from_staff", Text, nullable=False),
    Column("to_staff", Text, nullable=False),
    moment("starts_at"),
    moment("ends_at"),
    moment("ended_at", nullable=True),
)

# One per recipient: after so many failures in a row nothing is tried until `open_until`.
breaker = Table(
    "breaker",
    metadata,
    Column("recipient", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("cause", Text, nullable=True),
    moment("open_until", nullable=True),
    moment("updated_at"),
)

reminder = Table(
    "reminder",
    metadata,
    participant_of(),
    Column("token", LargeBinary, primary_key=True),  # an HMAC of consent, grant and the day of its expiry
    Column("days", Integer, primary_key=True),
    moment("at"),
)

revocation_link = Table(
    "revocation_link",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    participant_of(),
    moment("expires_at"),
    moment("used_at", nullable=True),
)

# Something that happened to a participant and that an expiry may hang on (`event:NAME`).
participant_event = Table(
    "participant_event",
    metadata,
    row_id(),
    participant_of(),
    Column("sealed", LargeBinary, nullable=False),
    moment("recorded_at"),
)

# An order under subpart E, structured by one person and confirmed by another; a row is an effective order.
court_order = Table(
    "court_order",
    metadata,
    row_id(),
    participant_of(),
    Column("sealed", LargeBinary, nullable=False),
    moment("recorded_at"),
)

legal_request = Table(
    "legal_request",
    metadata,
    row_id(),
    participant_of(nullable=True),
    Column("kind", Text, nullable=False),  # subpoena | warrant | order
    Column("state", Text, nullable=False),  # received | structured | confirmed | refused | answered
    Column("sealed", LargeBinary, nullable=False),
    moment("received_at"),
    moment("due_at", nullable=True),
    moment("closed_at", nullable=True),
)

conference = Table(
    "conference",
    metadata,
    row_id(),
    Column("state", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    moment("at"),
    moment("created_at"),
)

# A false match that was undone: what came by this envelope is no part of the record any more.
unlink = Table(
    "unlink",
    metadata,
    row_id(),
    participant_of(),
    Column("envelope", Uuid, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    moment("at"),
)

incident = Table(
    "incident",
    metadata,
    row_id(),
    Column("kind", Text, nullable=False),
    participant_of(nullable=True),
    Column("sealed", LargeBinary, nullable=False),
    moment("opened_at"),
    moment("due_at"),
    moment("closed_at", nullable=True),
)

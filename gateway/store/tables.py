"""Every table, as SQLAlchemy Core. What is about a participant is sealed; in the clear are ids, states and moments.

Versioned tables (`site_settings`, `organization`, `participant`, `consent`, `item`) and `stop` only ever grow: a
decision refers to versions, and an old decision can be re-judged on exactly what it saw.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from gateway.store.schema import metadata, moment, participant_of, row_id

site = Table(
    "site",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mark", Text, nullable=False),  # demo | live: set when the data directory is made, never changed
    Column("windows", JSONB, nullable=True),  # when answers go out; all processes of a site must agree
    Column("held", Boolean, nullable=False),  # a restored site: nothing leaves until a privacy officer confirms
)

# Name, time zone, legal role: rules look at them, so an old decision needs those of its day.
site_settings = Table(
    "site_settings",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("detail", JSONB, nullable=False),
    moment("recorded_at"),
)

organization = Table(
    "organization",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("detail", JSONB, nullable=False),
    moment("recorded_at"),
)

client = Table(
    "client",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("organization", Text, nullable=False),
    Column("jwks", JSONB, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("purposes", ARRAY(Text), nullable=False, server_default="{}"),  # the first is what it asks for by default
    Column("jwks_uri", Text, nullable=True),  # where its keys are; null: they are in `jwks`
    Column("thumbprint", Text, nullable=True),  # x5t#S256 of the certificate it must show (RFC 8705); null: none
    Column("registered_by", Text, nullable=True),  # the privacy officer; null: it came with the site's files
    moment("registered_at", nullable=True),
    moment("disabled_at", nullable=True),
)

jti = Table(
    "jti",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    moment("expires"),
)

token = Table(
    "token",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("client_id", Text, ForeignKey("client.client_id"), nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("purpose", Text, nullable=True),  # one token, one purpose; null: its client has none
    Column("person", JSONB, nullable=True),  # name and role of the staff member for whom it was asked
    Column("thumbprint", Text, nullable=True),  # the certificate that it is bound to (RFC 8705 section 3)
    moment("expires"),
)

# The row that a release shares and that every revocation, hold and restriction takes alone (design.md 3).
consent_version = Table(
    "consent_version",
    metadata,
    Column("participant", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
)

participant = Table(
    "participant",
    metadata,
    Column("id", Uuid, ForeignKey("consent_version.participant"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("reference", LargeBinary, nullable=False, index=True),
    Column("case_management", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    moment("recorded_at"),
)

blocking_index = Table(
    "blocking_index",
    metadata,
    Column("participant", Uuid, ForeignKey("consent_version.participant"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("token", LargeBinary, primary_key=True),
    Index("ix_blocking_index_kind_token", "kind", "token"),
)

consent = Table(
    "consent",
    metadata,
    row_id(),
    Column("version", Integer, primary_key=True),
    participant_of(),
    Column("reference", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    moment("recorded_at"),
    UniqueConstraint("participant", "reference", "version"),
)

# A revocation, hold, its lifting, or a restriction. `kind` says which; what it reaches is sealed.
stop = Table(
    "stop",
    metadata,
    row_id(),
    Column("kind", Text, nullable=False),
    participant_of(),
    Column("sealed", LargeBinary, nullable=False),
    moment("at"),
    moment("recorded_at"),
)

item = Table(
    "item",
    metadata,
    row_id(),
    Column("version", Integer, primary_key=True),
    participant_of(),
    Column("envelope", Uuid, nullable=True),  # by which message it came, so that a false match can be undone
    Column("reference", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    moment("recorded_at"),
    UniqueConstraint("participant", "reference", "version"),
)

envelope = Table(
    "envelope",
    metadata,
    row_id(),
    Column("feed", Text, nullable=False),
    participant_of(),
    Column("sealed", LargeBinary, nullable=False),
    moment("received_at"),
)

# A repeat is recognised by an HMAC of message id and bytes under a key renewed every 30 days, never of a person.
repeat = Table(
    "repeat",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    moment("seen_at"),
)

quarantine = Table(
    "quarantine",
    metadata,
    row_id(),
    Column("feed", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    moment("received_at"),
    moment("expires_at"),
)

feed_count = Table(
    "feed_count",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("outcome", Text, primary_key=True),  # matched | unmatched | quarantined | repeated | purged
    Column("count", BigInteger, nullable=False),
)

question = Table(
    "question",
    metadata,
    row_id(),
    Column("requester", Text, nullable=False),
    participant_of(nullable=True),
    Column("state", Text, nullable=False),  # received | considered | answered
    Column("sealed", LargeBinary, nullable=False),
    moment("received_at"),
    moment("due_at"),
)

proposal = Table(
    "proposal",
    metadata,
    row_id(),
    participant_of(),
    Column("question", Uuid, ForeignKey("question.id"), nullable=True, index=True),
    Column("recipient", Text, nullable=False),
    Column("case_management", Text, nullable=False),
    Column("exchange", Text, nullable=True),
    Column("state", Text, nullable=False),  # waiting | approved | declined | withdrawn | released
    Column("digest", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    moment("created_at"),
    moment("decided_at", nullable=True),
)

delivery = Table(
    "delivery",
    metadata,
    row_id(),
    participant_of(nullable=True),
    Column("question", Uuid, ForeignKey("question.id"), nullable=True, index=True),
    Column("proposal", Uuid, ForeignKey("proposal.id"), nullable=True, index=True),
    Column("recipient", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("entry", Uuid, nullable=True),
    Column("late", Boolean, nullable=False),
    Column("kind", Text, nullable=False, server_default="answer"),  # gateway.store.values.StoredDelivery
    Column("exchange", Text, nullable=True),
    Column("sealed", LargeBinary, nullable=True),  # the request of a sending that neither question nor proposal holds
    Column("cause", Text, nullable=True),
    Column("key", Uuid, nullable=True, index=True),  # by which the recipient knows it; null: older than this column
    Column("max_attempts", Integer, nullable=True),
    moment("due_at"),
    moment("expires_at", nullable=True),
    moment("acknowledged_at", nullable=True),
    moment("updated_at"),
    Index("ix_delivery_state_due_at", "state", "due_at"),
)

emergency = Table(
    "emergency",
    metadata,
    row_id(),
    participant_of(),
    Column("sealed", LargeBinary, nullable=False),
    Column("owed", ARRAY(Text), nullable=False),
    moment("at"),
)

ledger_entry = Table(
    "ledger_entry",
    metadata,
    row_id(),
    moment("at"),
    Column("kind", Text, nullable=False),
    Column("participant", Uuid, nullable=True, index=True),  # no foreign key: the ledger outlives what it tells of
    Column("organization", Text, nullable=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)

ledger_seal = Table(
    "ledger_seal",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("entry", Uuid, nullable=False, unique=True),
    Column("entry_digest", LargeBinary, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    moment("sealed_at"),
)

ledger_checkpoint = Table(
    "ledger_checkpoint",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    moment("at"),
)

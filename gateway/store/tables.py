"""Every table, as SQLAlchemy Core. What is about a participant is sealed; in the clear are ids, states and moments.

Versioned tables (`site_settings`, `organization`, `participant`, `consent`, `item`) and `stop` only ever grow: a
decision refers to versions, and an old decision can be re-judged on exactly what it saw.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def _id() -> Column[object]:
    return Column("id", Uuid, primary_key=True)


def _moment(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _participant(*, nullable: bool = False) -> Column[object]:
    return Column("participant", Uuid, ForeignKey("consent_version.participant"), nullable=nullable, index=True)


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
    _moment("recorded_at"),
)

organization = Table(
    "organization",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("detail", JSONB, nullable=False),
    _moment("recorded_at"),
)

client = Table(
    "client",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("organization", Text, nullable=False),
    Column("jwks", JSONB, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    _moment("disabled_at", nullable=True),
)

jti = Table(
    "jti",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    _moment("expires"),
)

token = Table(
    "token",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("client_id", Text, ForeignKey("client.client_id"), nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    _moment("expires"),
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
    _moment("recorded_at"),
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
    _id(),
    Column("version", Integer, primary_key=True),
    _participant(),
    Column("reference", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _moment("recorded_at"),
    UniqueConstraint("participant", "reference", "version"),
)

# A revocation, hold, its lifting, or a restriction. `kind` says which; what it reaches is sealed.
stop = Table(
    "stop",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    _participant(),
    Column("sealed", LargeBinary, nullable=False),
    _moment("at"),
    _moment("recorded_at"),
)

item = Table(
    "item",
    metadata,
    _id(),
    Column("version", Integer, primary_key=True),
    _participant(),
    Column("reference", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _moment("recorded_at"),
    UniqueConstraint("participant", "reference", "version"),
)

envelope = Table(
    "envelope",
    metadata,
    _id(),
    Column("feed", Text, nullable=False),
    _participant(),
    Column("sealed", LargeBinary, nullable=False),
    _moment("received_at"),
)

# A repeat is recognised by an HMAC of message id and bytes under a key renewed every 30 days, never of a person.
repeat = Table(
    "repeat",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    _moment("seen_at"),
)

quarantine = Table(
    "quarantine",
    metadata,
    _id(),
    Column("feed", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _moment("received_at"),
    _moment("expires_at"),
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
    _id(),
    Column("requester", Text, nullable=False),
    _participant(nullable=True),
    Column("state", Text, nullable=False),  # received | considered | answered
    Column("sealed", LargeBinary, nullable=False),
    _moment("received_at"),
    _moment("due_at"),
)

proposal = Table(
    "proposal",
    metadata,
    _id(),
    _participant(),
    Column("question", Uuid, ForeignKey("question.id"), nullable=True, index=True),
    Column("recipient", Text, nullable=False),
    Column("case_management", Text, nullable=False),
    Column("state", Text, nullable=False),  # waiting | approved | declined | withdrawn | released
    Column("digest", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _moment("created_at"),
    _moment("decided_at", nullable=True),
)

delivery = Table(
    "delivery",
    metadata,
    _id(),
    _participant(nullable=True),
    Column("question", Uuid, ForeignKey("question.id"), nullable=True, index=True),
    Column("proposal", Uuid, ForeignKey("proposal.id"), nullable=True, index=True),
    Column("recipient", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("entry", Uuid, nullable=True),
    Column("late", Boolean, nullable=False),
    Column("cause", Text, nullable=True),
    _moment("due_at"),
    _moment("updated_at"),
)

emergency = Table(
    "emergency",
    metadata,
    _id(),
    _participant(),
    Column("sealed", LargeBinary, nullable=False),
    Column("owed", ARRAY(Text), nullable=False),
    _moment("at"),
)

ledger_entry = Table(
    "ledger_entry",
    metadata,
    _id(),
    _moment("at"),
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
    _moment("sealed_at"),
)

ledger_checkpoint = Table(
    "ledger_checkpoint",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    _moment("at"),
)

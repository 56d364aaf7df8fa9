"""The tables of the partners' systems: how often they may knock, what they filed, what they want to be told."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from gateway.store.schema import metadata, moment, participant_of, row_id


def _client_of() -> Column[object]:
    return Column("client_id", Text, ForeignKey("client.client_id"), nullable=False, index=True)


# One token bucket per digest of what is counted (a client, a source). UNLOGGED: nothing is lost that a minute cannot
# give back.
rate_bucket = Table(
    "rate_bucket",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("level", Double, nullable=False),  # what is left, as of `at`
    Column("taken", Double, nullable=False),  # how much the last one got
    moment("at"),
    prefixes=["UNLOGGED"],
)

# The keys that a partner shows at an address, for all processes.
key_set = Table(
    "key_set",
    metadata,
    Column("uri", Text, primary_key=True),
    Column("jwks", JSONB, nullable=True),  # the last good one; null: none yet
    moment("tried_at"),
    moment("fetched_at", nullable=True),
)

# A page token: a digest of the token, and what the next page asks for. Deciding is done anew on every page.
page = Table(
    "page",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    _client_of(),
    participant_of(nullable=True),
    Column("sealed", LargeBinary, nullable=False),
    moment("expires"),
)

# What a named person has attested in one session of a justice system (GR-05); `token`: the digest of its token.
attestation = Table(
    "attestation",
    metadata,
    row_id(),
    _client_of(),
    Column("token", LargeBinary, nullable=False, unique=True),
    Column("sealed", LargeBinary, nullable=False),
    moment("at"),
    moment("expires"),
)

# What a partner filed. `digest`: an HMAC of kind and identifier, so that filing it again is the same filing.
filing = Table(
    "filing",
    metadata,
    row_id(),
    Column("kind", Text, nullable=False),  # consent | revocation | disclosure
    Column("organization", Text, nullable=False),
    _client_of(),
    participant_of(nullable=True),
    Column("digest", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),  # unverified | verified | refused | acted
    Column("sealed", LargeBinary, nullable=False),
    moment("at"),
    moment("decided_at", nullable=True),
    UniqueConstraint("organization", "digest"),
)

subscription = Table(
    "subscription",
    metadata,
    row_id(),
    _client_of(),
    Column("organization", Text, nullable=False),
    participant_of(nullable=True),  # where a filter names one
    Column("topic", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("content", Text, nullable=False),  # empty | id-only | full-resource
    Column("state", Text, nullable=False),  # requested | active | error | off
    Column("sealed", LargeBinary, nullable=False),  # filters, and the headers of its channel
    Column("heartbeat_seconds", Integer, nullable=True),
    Column("events", BigInteger, nullable=False, server_default="0"),  # how many since it began
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("cause", Text, nullable=True),
    moment("created_at"),
    moment("updated_at"),
    moment("told_at", nullable=True),  # the last time that anything arrived there
    moment("expires_at", nullable=True),
    Index("ix_subscription_topic_state", "topic", "state"),
)

notification = Table(
    "notification",
    metadata,
    row_id(),
    Column("subscription", Uuid, ForeignKey("subscription.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),  # handshake | answer | custody | consent | ended
    Column("number", BigInteger, nullable=True),  # from 1 within its subscription; null: nothing has left yet
    participant_of(nullable=True),
    Column("delivery", Uuid, ForeignKey("delivery.id"), nullable=True, index=True),
    Column("state", Text, nullable=False),  # waiting | acknowledged | suppressed | failed
    Column("sealed", LargeBinary, nullable=False),  # what it is about
    moment("at"),
    moment("acknowledged_at", nullable=True),
    UniqueConstraint("subscription", "number"),
)

"""The tables of the feeds: what comes in and by which door, and what they have told about participants."""

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from gateway.store.schema import metadata, moment, participant_of, row_id

feed = Table(
    "feed",
    metadata,
    row_id(),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),  # a key of gateway.feeds.KINDS
    Column("organization", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("secret", Text, nullable=True),  # where it is: env:NAME or file:PATH, never what it is
    Column("rhythm_hours", Double, nullable=True),  # silent for longer than this is unusual; null: no rhythm
    moment("added_at"),
    Column("added_by", Text, nullable=False),
    moment("paused_at", nullable=True),
    moment("seen_at", nullable=True),  # a message came, readable or not
    moment("read_at", nullable=True),  # the last that could be read
    Column("unreadable", Integer, nullable=False, server_default="0"),  # messages in a row that could not be
)

# Each thing that a feed told about a participant's stay or case, once: what is on record is worked out from all of
# them, whatever their order. `subject`: a keyed token of the stay or case. `digest`: of the event, keyed likewise.
feed_event = Table(
    "feed_event",
    metadata,
    row_id(),
    participant_of(),
    Column("subject", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),  # custody | case
    Column("organization", Text, nullable=False),
    Column("envelope", Uuid, ForeignKey("envelope.id"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    moment("recorded_at"),
    UniqueConstraint("participant", "digest", "envelope"),
    Index("ix_feed_event_participant_subject", "participant", "subject"),
)

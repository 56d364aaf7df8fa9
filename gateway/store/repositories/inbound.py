"""What came in: envelopes of participants, repeats, quarantine, and the counts that are all we keep of strangers."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from gateway.store import tables
from gateway.store.values import FeedCount, Quarantined
from gateway.store.vault import Vault, row

QUARANTINE = timedelta(hours=72)
REMEMBER_REPEATS = timedelta(days=60)


class Inbound:
    """The shelf behind `gateway.intake.receive`."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def first_time(self, key: bytes, at: datetime) -> bool:
        """Remember a message by its keyed digest. False: it has come before."""
        statement = insert(tables.repeat).values(digest=key, seen_at=at).on_conflict_do_nothing()
        written = await self._connection.execute(statement.returning(tables.repeat.c.seen_at))
        return written.one_or_none() is not None

    async def seen(self, key: bytes) -> bool:
        """Say whether a message by that keyed digest has come before."""
        statement = select(tables.repeat.c.seen_at).where(tables.repeat.c.digest == key)
        return (await self._connection.execute(statement)).scalar_one_or_none() is not None

    async def keep(self, feed: str, participant: UUID, original: bytes, at: datetime) -> UUID:
        """Keep the original bytes about one participant, under that participant's key."""
        identity = uuid7()
        sealed = await self._vault.seal_bytes(participant, original, table="envelope", row=row(identity))
        values = {"id": identity, "feed": feed, "participant": participant, "sealed": sealed, "received_at": at}
        await self._connection.execute(insert(tables.envelope).values(values))
        return identity

    async def originals(self, participant: UUID) -> list[bytes]:
        """Give the original bytes that came in about a participant, oldest first."""
        t = tables.envelope
        rows = await self._connection.execute(select(t).where(t.c.participant == participant).order_by(t.c.id))
        return [
            await self._vault.open_bytes(participant, r.sealed, table="envelope", row=row(r.id)) for r in rows.all()
        ]

    async def envelopes(self, participant: UUID, most: int) -> list[tuple[UUID, str, datetime]]:
        """Give which messages about a participant are kept, newest first: id, feed, when it came. None is opened."""
        t = tables.envelope
        statement = select(t.c.id, t.c.feed, t.c.received_at).where(t.c.participant == participant)
        rows = await self._connection.execute(statement.order_by(t.c.id.desc()).limit(most))
        return [(r.id, r.feed, r.received_at) for r in rows]

    async def quarantine(self, feed: str, reason: str, content: dict[str, Any], at: datetime) -> UUID:
        """Let something doubtful or unreadable wait for a person, 72 hours at most, under the quarantine key."""
        identity = uuid7()
        values = {
            "id": identity,
            "feed": feed,
            "reason": reason,
            "sealed": await self._vault.seal("quarantine", content, table="quarantine", row=row(identity)),
            "received_at": at,
            "expires_at": at + QUARANTINE,
        }
        await self._connection.execute(insert(tables.quarantine).values(values))
        return identity

    async def waiting(self) -> list[Quarantined]:
        """Give what waits in quarantine, oldest first, without its content."""
        t = tables.quarantine
        rows = await self._connection.execute(select(t).order_by(t.c.received_at, t.c.id))
        return [Quarantined(r.id, r.feed, r.reason, r.received_at, r.expires_at) for r in rows]

    async def purge(self, at: datetime) -> int:
        """Drop what has waited 72 hours, leaving a count."""
        t = tables.quarantine
        gone = (await self._connection.execute(delete(t).where(t.c.expires_at <= at).returning(t.c.feed))).scalars()
        feeds = list(gone)
        for feed in feeds:
            await self.count(feed, "purged", at)
        await self._connection.execute(delete(tables.repeat).where(tables.repeat.c.seen_at < at - REMEMBER_REPEATS))
        return len(feeds)

    async def count(self, feed: str, outcome: str, at: datetime, by: int = 1) -> None:
        """Add to the counts of the day (UTC)."""
        t = tables.feed_count
        statement = insert(t).values(feed=feed, day=at.date(), outcome=outcome, count=by)
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["feed", "day", "outcome"], set_={"count": t.c.count + statement.excluded.count}
            )
        )

    async def counts(self) -> list[FeedCount]:
        """All counts."""
        t = tables.feed_count
        rows = await self._connection.execute(select(t).order_by(t.c.feed, t.c.day, t.c.outcome))
        return [FeedCount(*r) for r in rows]

    async def totals(self) -> dict[str, int]:
        """Give the counts of all feeds and days by outcome."""
        t = tables.feed_count
        rows = await self._connection.execute(select(t.c.outcome, func.sum(t.c.count)).group_by(t.c.outcome))
        return {outcome: int(number) for outcome, number in rows}

    async def kept(self) -> int:
        """How many envelopes are kept."""
        return (await self._connection.execute(select(func.count()).select_from(tables.envelope))).scalar_one()

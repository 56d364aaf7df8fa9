"""What a site has set about exchanges, in versions: how it narrowed them, and who promised what for a recipient."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.exchange_tables import duty, site_exchange
from gateway.store.tables import delivery

PROMISE: Final = "promise:"
_ALONE: Final = text("SELECT pg_advisory_xact_lock(5161, hashtext(:participant))")
_WAITS: Final = ("proposed", "approved", "queued")
_OVER: Final = ("failed", "suppressed", "expired")


class SiteExchanges:
    """Rows only ever grow; the newest version of a row is what counts. Nothing here is about a participant."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put(self, identity: str, detail: dict[str, Any], at: datetime) -> int:
        """Write a new version. Two writers at once: the second one fails on the key and has to look again."""
        t = site_exchange
        newest = select(t.c.version).where(t.c.id == identity).order_by(t.c.version.desc()).limit(1)
        version = ((await self._connection.execute(newest)).scalar_one_or_none() or 0) + 1
        values = {"id": identity, "version": version, "detail": detail, "recorded_at": at}
        await self._connection.execute(insert(t).values(values))
        return version

    async def newest(self) -> dict[str, dict[str, Any]]:
        """Give every row in its newest version, by id."""
        t = site_exchange
        statement = select(t).ext(distinct_on(t.c.id)).order_by(t.c.id, t.c.version.desc())
        return {r.id: r.detail for r in await self._connection.execute(statement)}


class Past:
    """What has been set off already, so that nothing is twice."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def alone(self, participant: UUID) -> None:
        """Let nobody else work out what happened to a participant until the transaction ends: what is once, is once."""
        await self._connection.execute(_ALONE, {"participant": str(participant)})

    async def was_duty(self, reference: UUID) -> bool:
        """Say whether there has ever been a duty about that reference, done or not."""
        statement = select(exists().where(duty.c.reference == reference))
        return bool((await self._connection.execute(statement)).scalar_one())

    async def goes_on(self, participant: UUID, exchange: str, recipient: str) -> bool:
        """Say whether a sending of an exchange to a recipient has arrived, or is on its way, a proposal included."""
        t = delivery
        same = (t.c.participant == participant, t.c.exchange == exchange, t.c.recipient == recipient)
        statement = select(exists().where(*same, t.c.state.not_in(_OVER)))
        return bool((await self._connection.execute(statement)).scalar_one())

    async def waiting(self, exchange: str) -> list[UUID]:
        """Give the sendings of an exchange that have not passed their point, oldest first, locked."""
        t = delivery
        statement = select(t.c.id).where(t.c.exchange == exchange, t.c.state.in_(_WAITS)).order_by(t.c.id)
        return list((await self._connection.execute(statement.with_for_update())).scalars())

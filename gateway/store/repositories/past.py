"""What was on record at an earlier moment, as references: a decision of that day can then be made again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import tables
from gateway.store.exchange_tables import court_order, participant_event, unlink
from gateway.store.values import References


class Past:
    """The versions that were the newest at a moment. Ids only: nothing is opened."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def references(self, participant: UUID, moment: datetime) -> References | None:
        """Give what a decision of that moment would have seen; None: the site had no settings then."""
        site = await self._site(moment)
        if site is None:
            return None
        known = await self._newest(tables.participant, tables.participant.c.id == participant, moment)
        return References(
            participant=known[0] if known else None,
            consents=await self._newest(tables.consent, tables.consent.c.participant == participant, moment),
            stops=await self._all(tables.stop, "recorded_at", participant, moment),
            items=await self._newest(tables.item, tables.item.c.participant == participant, moment),
            organizations=await self._newest(tables.organization, None, moment),
            site=site,
            orders=await self._all(court_order, "recorded_at", participant, moment),
            events=await self._all(participant_event, "recorded_at", participant, moment),
            unlinks=await self._all(unlink, "at", participant, moment),
        )

    async def _site(self, moment: datetime) -> int | None:
        t = tables.site_settings
        statement = select(func.max(t.c.version)).where(t.c.recorded_at <= moment)
        found: int | None = (await self._connection.execute(statement)).scalar_one()
        return found

    async def _newest(self, table: Table, where: Any, moment: datetime) -> tuple[tuple[str, int], ...]:
        statement = select(table.c.id, func.max(table.c.version)).where(table.c.recorded_at <= moment)
        statement = statement if where is None else statement.where(where)
        rows = await self._connection.execute(statement.group_by(table.c.id).order_by(table.c.id))
        return tuple((str(identity), version) for identity, version in rows)

    async def _all(self, table: Table, column: str, participant: UUID, moment: datetime) -> tuple[str, ...]:
        statement = select(table.c.id).where(table.c.participant == participant, table.c[column] <= moment)
        return tuple(str(each) for each in (await self._connection.execute(statement.order_by(table.c.id))).scalars())

"""What only a restore and its confirmation write: the hold on the whole site, and rows that the journal remembers."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from gateway.store import tables
from gateway.store.exchange_tables import standing_approval
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import Stop
from gateway.store.vault import row

_LIVE = ("queued", "sending")


class Restoring:
    """Rows of one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._connection = uow.connection
        self._vault = uow.vault

    async def hold_site(self, *, held: bool) -> None:
        """Hold the whole site, or let it go."""
        await self._connection.execute(update(tables.site).values(held=held))

    async def people(self) -> set[UUID]:
        """Give every participant that has a consent version."""
        return set((await self._connection.execute(select(tables.consent_version.c.participant))).scalars())

    async def consents(self) -> set[str]:
        """Give the id of every consent."""
        found = await self._connection.execute(select(tables.consent.c.id).distinct())
        return {str(identity) for identity in found.scalars()}

    async def stops(self) -> set[UUID]:
        """Give the id of every stop."""
        return set((await self._connection.execute(select(tables.stop.c.id))).scalars())

    async def put_stop(self, identity: UUID, participant: UUID, stop: Stop, at: datetime) -> None:
        """Record a stop under the id that it had. The caller holds the version row alone. Raises KeyMissing."""
        values = {
            "id": identity,
            "kind": stop.kind.value,
            "participant": participant,
            "sealed": await self._vault.seal(participant, stop, table="stop", row=row(identity)),
            "at": stop.at,
            "recorded_at": at,
        }
        await self._connection.execute(insert(tables.stop).values(values))

    async def keyed(self, keys: Iterable[UUID]) -> list[UUID]:
        """Give the deliveries that a recipient knows by one of these keys."""
        t = tables.delivery
        return list((await self._connection.execute(select(t.c.id).where(t.c.key.in_(list(keys))))).scalars())

    async def live(self) -> list[tuple[UUID, datetime]]:
        """Give the deliveries that a job must end, with the moments at which they are due."""
        t = tables.delivery
        rows = await self._connection.execute(select(t.c.id, t.c.due_at).where(t.c.state.in_(_LIVE)).order_by(t.c.id))
        return [(found.id, found.due_at) for found in rows]

    async def standing(self) -> list[tuple[UUID, UUID]]:
        """Give the standing approvals that nobody has ended, with whom they are about."""
        t = standing_approval
        rows = await self._connection.execute(select(t.c.id, t.c.participant).where(t.c.ended_at.is_(None)))
        return [(found.id, found.participant) for found in rows]

    async def unconsidered(self) -> list[UUID]:
        """Give the questions that nobody has considered."""
        t = tables.question
        return list((await self._connection.execute(select(t.c.id).where(t.c.state == "received"))).scalars())

"""What changes a decision beside consents: court orders, events that end a grant, false matches that were undone."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from consent.model import CourtOrder, Event
from gateway.store.exchange_tables import court_order, participant_event, unlink
from gateway.store.shelf import Shelf
from gateway.store.vault import Vault, row


class Matters:
    """Orders, events and unlinks of participants. All three only ever grow."""

    def __init__(self, connection: AsyncConnection, vault: Vault, shelf: Shelf | None = None) -> None:
        self._connection = connection
        self._vault = vault
        self._shelf = shelf or Shelf(connection)

    async def add_order(self, participant: UUID, order: CourtOrder, at: datetime) -> UUID:
        """Record an order that two persons have confirmed. Its id inside is its row id."""
        identity = uuid7()
        return await self._add(court_order, "court_order", participant, replace(order, id=str(identity)), at, identity)

    async def orders(self, participant: UUID, only: Iterable[str] | None = None) -> list[tuple[str, CourtOrder]]:
        """Give the orders about a participant, oldest first; or exactly those that a decision saw."""
        rows = await self._rows(court_order, participant, only)
        return [(str(r.id), await self._read(r, CourtOrder, "court_order")) for r in rows]

    async def add_event(self, participant: UUID, event: Event, at: datetime) -> UUID:
        """Record something that happened and that an expiry may hang on."""
        return await self._add(participant_event, "participant_event", participant, event, at)

    async def events(self, participant: UUID, only: Iterable[str] | None = None) -> list[tuple[str, Event]]:
        """Give what has happened to a participant, oldest first; or exactly what a decision saw."""
        rows = await self._rows(participant_event, participant, only)
        return [(str(r.id), await self._read(r, Event, "participant_event")) for r in rows]

    async def add_unlink(self, participant: UUID, envelope: UUID, detail: dict[str, Any], at: datetime) -> UUID:
        """Record that an envelope was never about this participant. `detail`: who says so, and why."""
        identity = uuid7()
        sealed = await self._vault.seal(participant, detail, table="unlink", row=row(identity))
        values = {"id": identity, "participant": participant, "envelope": envelope, "sealed": sealed, "at": at}
        await self._connection.execute(insert(unlink).values(values))
        return identity

    async def unlinked(self, participant: UUID, only: Iterable[str] | None = None) -> list[tuple[str, UUID]]:
        """Give the envelopes that were taken off a participant, each with the id of its unlink."""
        return [(str(r.id), r.envelope) for r in await self._rows(unlink, participant, only)]

    async def _add(
        self, table: Any, name: str, participant: UUID, value: Any, at: datetime, identity: UUID | None = None
    ) -> UUID:
        identity = identity or uuid7()
        sealed = await self._vault.seal(participant, value, table=name, row=row(identity))
        values = {"id": identity, "participant": participant, "sealed": sealed, "recorded_at": at}
        await self._connection.execute(insert(table).values(values))
        return identity

    async def _rows(self, table: Any, participant: UUID, only: Iterable[str] | None) -> list[Any]:
        wanted = None if only is None else set(only)
        rows: Sequence[Any] | None = self._shelf.rows(table, participant)
        if rows is None:
            statement = select(table).where(table.c.participant == participant).order_by(table.c.id)
            rows = (await self._connection.execute(statement)).all()
        return [r for r in rows if wanted is None or str(r.id) in wanted]

    async def _read(self, found: Any, kind: type[Any], name: str) -> Any:
        return await self._vault.open(found.participant, found.sealed, kind, table=name, row=row(found.id))

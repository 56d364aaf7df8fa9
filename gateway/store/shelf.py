"""Rows about several participants, read at once inside one transaction.

Only for whoever holds all those consent versions still; nothing of it outlives the transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from consent.model import Organization, Site
from gateway.store import tables
from gateway.store.exchange_tables import court_order, participant_event, unlink

BY_PARTICIPANT: Final = (tables.consent, tables.stop, tables.item, court_order, participant_event, unlink)


@dataclass(frozen=True, slots=True)
class Common:
    """What every decision of one moment sees alike: the site, whether it is held, all organizations."""

    site: tuple[Site, int] | None
    held: bool
    organizations: dict[str, tuple[Organization, int]]


class Shelf:
    """What has been read in advance. Empty: everything is read when it is asked for."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._kept: dict[tuple[str, UUID], list[Any]] = {}
        self.common: Common | None = None

    async def fill(self, participants: Iterable[UUID]) -> None:
        """Read all that decisions about these participants look at, one statement for each table."""
        people = sorted(set(participants))
        for table in BY_PARTICIPANT:
            await self._read(table, "participant", people)
        await self._read(tables.participant, "id", people)

    async def _read(self, table: Table, column: str, people: Sequence[UUID]) -> None:
        found: dict[UUID, list[Any]] = defaultdict(list)
        statement = select(table).where(table.c[column].in_(people)).order_by(*table.primary_key.columns)
        for row in await self._connection.execute(statement):
            found[getattr(row, column)].append(row)
        self._kept |= {(table.name, person): found[person] for person in people}

    def rows(self, table: Table, participant: UUID) -> list[Any] | None:
        """Give a participant's rows in the order of their keys; None: they have not been read in advance."""
        return self._kept.get((table.name, participant))

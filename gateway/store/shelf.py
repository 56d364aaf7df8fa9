"""Rows about several participants, read at once inside one transaction.

Only for whoever holds all those consent versions still; nothing of it outlives the transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Select, Table, bindparam, cast, literal, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from consent.model import Organization, Site
from gateway.store import tables
from gateway.store.exchange_tables import court_order, participant_event, unlink

BY_PARTICIPANT: Final = (tables.consent, tables.stop, tables.item, court_order, participant_event, unlink)
_OWNER: Final = {table.name: "participant" for table in BY_PARTICIPANT} | {tables.participant.name: "id"}
_COLUMNS: Final[dict[str, Column[Any]]] = {
    column.name: column for table in (*BY_PARTICIPANT, tables.participant) for column in table.columns
}


def _rows_of(table: Table) -> Select[Any]:
    """Select a table's rows about some people, with the columns of all the tables, so that they can be read at once."""
    columns = [
        table.c[name] if name in table.c else cast(null(), column.type).label(name) for name, column in _COLUMNS.items()
    ]
    about = table.c[_OWNER[table.name]]
    who = about.in_(bindparam("people", expanding=True))
    return select(literal(table.name).label("shelf"), about.label("owner"), *columns).where(who)


def _everything() -> Any:
    found = union_all(*(_rows_of(table) for table in (*BY_PARTICIPANT, tables.participant))).subquery()
    return select(found).order_by(found.c.shelf, found.c.id, found.c.version)


_EVERYTHING: Final = _everything()


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
        """Read all that decisions about these participants look at, in one statement, in the order of its keys."""
        people = sorted(set(participants))
        found: dict[tuple[str, UUID], list[Any]] = {(name, person): [] for name in _OWNER for person in people}
        for row in await self._connection.execute(_EVERYTHING, {"people": people}):
            found[row.shelf, row.owner].append(row)
        self._kept |= found

    def rows(self, table: Table, participant: UUID) -> list[Any] | None:
        """Give a participant's rows in the order of their keys; None: they have not been read in advance."""
        return self._kept.get((table.name, participant))

    def updated(self, participant: UUID) -> dict[tuple[str, int], datetime]:
        """Give the moment at which each version of each item of a participant came in, of what was read in advance."""
        return {(str(row.id), row.version): row.recorded_at for row in self.rows(tables.item, participant) or ()}

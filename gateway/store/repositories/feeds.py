"""The registry of feeds. Nothing here is about a participant."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from gateway.store.feed_tables import feed


@dataclass(frozen=True, slots=True)
class Feed:
    """One inbound feed as registered. `secret`: where it is (`env:NAME`, `file:PATH`), never what it is.

    `rhythm_hours`: a longer silence is unusual; None: it has no rhythm. `seen_at`: when a message last came, `read_at`:
    when one could last be read, `unreadable`: how many in a row could not be.
    """

    name: str
    kind: str
    organization: str
    timezone: str
    settings: dict[str, Any] = field(default_factory=dict, hash=False)
    secret: str | None = None
    rhythm_hours: float | None = None
    id: UUID = field(default_factory=uuid7)
    added_at: datetime | None = None
    added_by: str = ""
    paused_at: datetime | None = None
    seen_at: datetime | None = None
    read_at: datetime | None = None
    unreadable: int = 0


class Feeds:
    """The registry."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, name: str, *, lock: bool = False) -> Feed | None:
        """Give a feed by its name, paused ones included; `lock` keeps others from changing it meanwhile."""
        statement = select(feed).where(feed.c.name == name)
        statement = statement.with_for_update() if lock else statement
        found = (await self._connection.execute(statement)).one_or_none()
        return None if found is None else Feed(**found._mapping)  # noqa: SLF001  -- the documented way to a mapping

    async def every(self) -> list[Feed]:
        """Give all feeds by name, paused ones included."""
        rows = await self._connection.execute(select(feed).order_by(feed.c.name))
        return [Feed(**found) for found in rows.mappings()]

    async def add(self, new: Feed, *, by: str, at: datetime) -> bool:
        """Register a feed. False: there is one of that name, and nothing was changed."""
        values = {
            "id": new.id,
            "name": new.name,
            "kind": new.kind,
            "organization": new.organization,
            "timezone": new.timezone,
            "settings": new.settings,
            "secret": new.secret,
            "rhythm_hours": new.rhythm_hours,
            "added_at": at,
            "added_by": by,
        }
        statement = insert(feed).values(values).on_conflict_do_nothing(index_elements=["name"]).returning(feed.c.id)
        return (await self._connection.execute(statement)).one_or_none() is not None

    async def pause(self, name: str, at: datetime | None) -> bool:
        """Let nothing come by a feed from now on; None: let it come again. False: there is none of that name."""
        statement = update(feed).where(feed.c.name == name).values(paused_at=at)
        return (await self._connection.execute(statement)).rowcount == 1

    async def came(self, name: str, at: datetime, *, readable: bool | None) -> None:
        """Remember that a message came; `readable` None: it had come before. An unregistered feed is not followed."""
        values: dict[str, Any] = {"seen_at": at}
        if readable is not None:
            values |= {"read_at": at, "unreadable": 0} if readable else {"unreadable": feed.c.unreadable + 1}
        await self._connection.execute(update(feed).where(feed.c.name == name).values(values))

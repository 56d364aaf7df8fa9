"""One circuit breaker per recipient, in the database: every process on every machine sees the same one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.exchange_tables import breaker


@dataclass(frozen=True, slots=True)
class Breaker:
    """How often in a row an endpoint has failed, why the last time, and until when nothing is tried."""

    recipient: str
    failures: int
    cause: str | None
    open_until: datetime | None


class Breakers:
    """A row is there only while an endpoint fails. `gateway.breaking` knows what the numbers mean."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, recipient: str) -> Breaker | None:
        """Give the breaker of a recipient; None: its last attempt was answered."""
        found = (await self._connection.execute(select(breaker).where(breaker.c.recipient == recipient))).one_or_none()
        return None if found is None else Breaker(found.recipient, found.failures, found.cause, found.open_until)

    async def every(self) -> list[Breaker]:
        """Give the breakers of all endpoints that fail, by recipient."""
        rows = await self._connection.execute(select(breaker).order_by(breaker.c.recipient))
        return [Breaker(r.recipient, r.failures, r.cause, r.open_until) for r in rows]

    async def failing(self, recipients: Iterable[str]) -> set[str]:
        """Give those of the recipients whose last attempt was not answered."""
        statement = select(breaker.c.recipient).where(breaker.c.recipient.in_(list(recipients)))
        return set((await self._connection.execute(statement)).scalars())

    async def take_probe(self, recipient: str, now: datetime, until: datetime) -> bool:
        """Let the caller be the one that tries an endpoint whose time-out is over; the others wait until `until`."""
        over = (breaker.c.recipient == recipient) & (breaker.c.open_until <= now)
        statement = update(breaker).where(over).values(open_until=until, updated_at=now)
        return (await self._connection.execute(statement)).rowcount == 1

    async def count(self, recipient: str, cause: str, now: datetime) -> int:
        """Count one more failure in a row; returns how many it is now. The row stays locked until the commit."""
        first = {"recipient": recipient, "failures": 1, "cause": cause, "open_until": None, "updated_at": now}
        statement = insert(breaker).values(first)
        one_more = {"failures": breaker.c.failures + 1, "cause": cause, "updated_at": now}
        counted = statement.on_conflict_do_update(index_elements=[breaker.c.recipient], set_=one_more)
        return int((await self._connection.execute(counted.returning(breaker.c.failures))).scalar_one())

    async def open(self, recipient: str, until: datetime, now: datetime) -> None:
        """Try nothing before `until`; one that is open for longer already stays so."""
        later = case((breaker.c.open_until > until, breaker.c.open_until), else_=until)
        statement = update(breaker).where(breaker.c.recipient == recipient)
        await self._connection.execute(statement.values(open_until=later, updated_at=now))

    async def close(self, recipient: str) -> None:
        """Forget the failures: the endpoint has answered."""
        await self._connection.execute(delete(breaker).where(breaker.c.recipient == recipient))

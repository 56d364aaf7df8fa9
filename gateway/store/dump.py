"""Tables out of a database and into an empty one, as PostgreSQL's own COPY text: rows stay as they are, sealed.

What is copied is a row of frames (kind, body): TABLE with its name and columns, ROWS, one line each, and at the end END
with how many rows each table has.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from alembic.migration import MigrationContext
from psycopg import sql
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from gateway.store import console_tables, exchange_tables, feed_tables, partner_tables, tables
from gateway.store.keys import metadata as keys_metadata
from gateway.store.schema import metadata

TABLE: Final = b"T"
ROWS: Final = b"R"
END: Final = b"E"

LEFT_OUT: Final = {
    tables.token.name: "lives five minutes, and its client may have been disabled since",
    partner_tables.page.name: "lives minutes, and its query is asked anew from its first page",
    partner_tables.attestation.name: "is about a token, and no token is copied; the ledger keeps what was attested",
    partner_tables.rate_bucket.name: "is full again within a minute",
    partner_tables.key_set.name: "is fetched anew from the partner",
    console_tables.signing_in.name: "is over in minutes; whoever was signing in begins again",
    console_tables.console_session.name: "whoever works at a restored site signs in anew",
    console_tables.signin_link.name: "belongs to a demo, which nobody restores",
    "alembic_version": "the header of the file names the revision",
}
"""Tables of ours that a copy does not hold, and why. Jobs are not in it either: they follow from the states."""

DATA: Final = tuple(table for table in metadata.sorted_tables if table.name not in LEFT_OUT)
"""Whatever a row refers to comes before it. `exchange_tables` and `partner_tables` are imported for what they add."""

KEYS: Final = tuple(keys_metadata.sorted_tables)
_MAY_BE_THERE: Final = frozenset({tables.site.name})  # whoever has opened a new site has set its mark
_HEAD: Final = text("SELECT seq, hash FROM ledger_seal ORDER BY seq DESC LIMIT 1")
_MARK: Final = text("SELECT mark FROM site")
_ANY_PARTICIPANT: Final = text("SELECT 1 FROM data_key WHERE owner LIKE 'participant:%' LIMIT 1")

__all__ = ["DATA", "KEYS", "LEFT_OUT", "exchange_tables", "feed_tables", "partner_tables"]

Frame = tuple[bytes, bytes]
Frames = AsyncIterator[Frame]


class DumpError(ValueError):
    """Frames that are no copy of these tables. Names the table and the rule, nothing of a row."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The state of a database at the moment of a copy: migration, mark, last link of the ledger's chain."""

    revision: str
    mark: str
    seq: int
    hash: str


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[AsyncConnection]:
    """See a database as it is at one moment, whatever others commit meanwhile; nothing can be changed."""
    engine = create_async_engine(url, hide_parameters=True)
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            await connection.execute(text("SELECT 1"))  # the moment is that of the first statement
            yield connection
    finally:
        await engine.dispose()


@asynccontextmanager
async def alone(url: str, wanted: Sequence[Table]) -> AsyncIterator[AsyncConnection]:
    """Let nobody else write to these tables until the transaction ends. `url`: their owner's. Commits at the end."""
    engine = create_async_engine(url, hide_parameters=True)
    try:
        async with engine.begin() as connection:
            await lock(connection, wanted)
            yield connection
    finally:
        await engine.dispose()


async def lock(connection: AsyncConnection, wanted: Sequence[Table] = DATA) -> None:
    """Let nobody else write to these tables until the transaction ends. For their owner."""
    names = ", ".join(table.name for table in wanted)  # our own names, none of which needs quotes
    await connection.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))


async def moment(connection: AsyncConnection) -> Moment:
    """Say what state the data is in."""
    mark = (await connection.execute(_MARK)).scalar_one_or_none()
    head = (await connection.execute(_HEAD)).one_or_none()
    seq, link = (0, "") if head is None else (head.seq, head.hash.hex())
    return Moment(await revision(connection), mark or "", seq, link)


async def revision(connection: AsyncConnection) -> str:
    """Name the migration that the database is at."""
    current = await connection.run_sync(lambda plain: MigrationContext.configure(plain).get_current_revision())
    return current or ""


async def frames(connection: AsyncConnection, wanted: Sequence[Table] = DATA) -> Frames:
    """Copy tables out."""
    counts: Counter[str] = Counter()
    for table in wanted:
        yield TABLE, orjson.dumps(_named(table))
        statement = sql.SQL("COPY {} ({}) TO STDOUT WITH (ENCODING 'UTF8')").format(*_quoted(table))
        async with (await _driver(connection)).cursor() as cursor, cursor.copy(statement) as copy:
            async for block in copy:
                counts[table.name] += bytes(block).count(b"\n")
                yield ROWS, bytes(block)
    yield END, orjson.dumps({str(table.name): counts[table.name] for table in wanted})


@dataclass(slots=True)
class _Reading:
    """Follows frames: every wanted table once and in its order, then the end, with the counts that it states."""

    wanted: Sequence[Table]
    begun: int = 0
    ended: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def take(self, kind: bytes, body: bytes) -> Table | None:
        """Give the table that begins with this frame, if one does. Raises DumpError."""
        if self.ended:
            raise DumpError("`FILE`: something follows the end of its tables")
        if kind == TABLE:
            return self._begin(body)
        if kind == ROWS and self.begun:
            self.counts[self.wanted[self.begun - 1].name] += body.count(b"\n")
        elif kind == END:
            self._end(body)
        else:
            raise DumpError("`FILE`: holds something that is no part of a copy")
        return None

    def _begin(self, body: bytes) -> Table:
        if self.begun == len(self.wanted) or orjson.loads(body) != _named(self.wanted[self.begun]):
            raise DumpError("`FILE`: holds other tables than this program has")
        self.begun += 1
        return self.wanted[self.begun - 1]

    def _end(self, body: bytes) -> None:
        self.ended = True
        if self.begun < len(self.wanted) or orjson.loads(body) != {t.name: self.counts[t.name] for t in self.wanted}:
            raise DumpError("`FILE`: holds other rows than it says")


def count(found: Iterable[Frame], wanted: Sequence[Table] = DATA) -> dict[str, int]:
    """Read frames to their end without loading them; gives how many rows each table has. Raises DumpError."""
    reading = _Reading(wanted)
    for kind, body in found:
        reading.take(kind, body)
    return _whole(reading)


async def load(connection: AsyncConnection, found: Iterable[Frame], wanted: Sequence[Table] = DATA) -> dict[str, int]:
    """Copy frames into tables from which everything is taken first; gives how many rows each has. Raises DumpError."""
    for table in reversed(wanted):
        await connection.execute(table.delete())
    reading, copy = _Reading(wanted), None
    driver = await _driver(connection)
    async with AsyncExitStack() as open_copy:
        for kind, body in found:
            table = reading.take(kind, body)
            if kind != ROWS:
                await open_copy.aclose()
            if table is not None:
                cursor = await open_copy.enter_async_context(driver.cursor())
                statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (ENCODING 'UTF8')").format(*_quoted(table))
                copy = await open_copy.enter_async_context(cursor.copy(statement))
            elif kind == ROWS and copy is not None:
                await copy.write(body)
    return _whole(reading)


def _whole(reading: _Reading) -> dict[str, int]:
    if not reading.ended:
        raise DumpError("`FILE`: has no end")
    return {str(table.name): reading.counts[table.name] for table in reading.wanted}


def _named(table: Table) -> dict[str, Any]:
    return {"table": str(table.name), "columns": [str(column.name) for column in table.columns]}


def _quoted(table: Table) -> tuple[sql.Identifier, sql.Composed]:
    return sql.Identifier(table.name), sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)


async def _driver(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection


async def first_with_rows(connection: AsyncConnection) -> str | None:
    """Name a table of the data that is not empty; what every new site has does not count."""
    for table in DATA:
        found = await connection.execute(table.select().limit(1))
        if table.name not in _MAY_BE_THERE and found.first() is not None:
            return table.name
    return None


async def has_participants(keys: AsyncConnection) -> bool:
    """Say whether a key store holds the key of anybody: then it is no new one."""
    return (await keys.execute(_ANY_PARTICIPANT)).first() is not None

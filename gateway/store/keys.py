"""The key store: one data key per participant and one per use of the site, wrapped, in a database of their own.

A shredded key leaves a row without key bytes, so that it is never made anew. PostgreSQL may keep the old row version
on disk until vacuum and WAL recycling: `rotate_kek`, with the old key destroyed, makes those copies worthless too.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Column, LargeBinary, MetaData, Row, Table, Text, Uuid, create_engine, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from uuid_utils.compat import uuid7

from gateway.store.kek import KeyEncryptionKey
from gateway.store.provision import SERVE
from gateway.store.sealing import DataKey, framed, new_secret, open_sealed, seal

CACHE_ENTRIES: Final = 4096
_MIGRATION_LOCK: Final = 5151
_SEVERAL: Final = 2

metadata = MetaData()
data_key = Table(
    "data_key",
    metadata,
    Column("owner", Text, primary_key=True),  # participant:ID or site:NAME
    Column("id", Uuid, nullable=False, unique=True),
    Column("kek", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),  # NULL: shredded
)

Keks = tuple[KeyEncryptionKey, ...]


class KeyStoreError(Exception):
    """The key store cannot give a key: say, it is wrapped by a key-encryption key that is not at hand."""


class KeyMissing(KeyStoreError):  # noqa: N818  -- it says what is the case
    """There is no key for that owner: never made, or shredded. What it sealed cannot be opened."""


class KeyStore:
    """Data keys by owner. Unwrapped keys stay in memory for `cache_seconds`, so a shredding elsewhere works then."""

    def __init__(
        self,
        engine: AsyncEngine,
        keks: Callable[[], Keks],
        *,
        cache_seconds: float = 5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._read_keks = keks
        self._keks: Keks = ()
        self._cache: OrderedDict[str, tuple[float, DataKey]] = OrderedDict()
        self._cache_seconds = cache_seconds
        self._clock = clock

    @classmethod
    def at(cls, url: str, keks: Callable[[], Keks], *, cache_seconds: float = 5) -> "KeyStore":
        """Open the key store at a SQLAlchemy URL; `keks` reads the key-encryption keys, newest first."""
        return cls(create_async_engine(url, pool_size=5, max_overflow=5), keks, cache_seconds=cache_seconds)

    async def close(self) -> None:
        """Forget all keys and close the connections."""
        self._cache.clear()
        await self._engine.dispose()

    async def participant(self, identity: str | UUID) -> DataKey:
        """Give a participant's key. Raises KeyMissing."""
        return await self._get(_participant(identity))

    async def ahead(self, identities: Iterable[UUID]) -> None:
        """Read at once the keys of participants that are not in memory; who has none is found out by who asks."""
        wanted = {_participant(identity) for identity in identities}
        missing = [owner for owner in sorted(wanted) if self._cached(owner) is None]
        if len(missing) < _SEVERAL:
            return
        async with self._engine.connect() as connection:
            rows = (await connection.execute(select(data_key).where(data_key.c.owner.in_(missing)))).all()
        for row in rows:
            if row.wrapped is not None:
                self._keep(row.owner, await self._unwrap(row))

    async def create_participant(self, identity: str | UUID) -> DataKey:
        """Make a participant's key, or give the one that there is. Raises KeyMissing if it was shredded."""
        return await self._get_or_make(_participant(identity))

    async def named(self, name: str) -> DataKey:
        """Give a key of the site, made at its first use; all processes get the same. Raises KeyMissing if shredded."""
        return await self._get_or_make(_named(name))

    async def existing(self, name: str) -> DataKey:
        """Give a key of the site that is there already; none is made. Raises KeyMissing."""
        return await self._get(_named(name))

    async def shred(self, identity: str | UUID) -> None:
        """Destroy a participant's key for good: nothing sealed under it opens again. Raises KeyMissing."""
        await self._shred(_participant(identity))

    async def shred_named(self, name: str) -> None:
        """Destroy a key of the site for good. Raises KeyMissing."""
        await self._shred(_named(name))

    async def rotate_kek(self, new: KeyEncryptionKey) -> int:
        """Wrap every key anew, all or none; returns how many.

        The source must hold `new` first, and the old key behind it, until this has returned.
        """
        async with self._engine.begin() as connection:
            await connection.execute(text("LOCK TABLE data_key IN SHARE ROW EXCLUSIVE MODE"))
            rows = (await connection.execute(select(data_key).where(data_key.c.wrapped.is_not(None)))).all()
            for row in rows:
                values = _wrapped(row.owner, await self._unwrap(row), new)
                await connection.execute(update(data_key).where(data_key.c.owner == row.owner).values(values))
        self._keks = (new, *self._keks)
        return len(rows)

    async def problems(self) -> list[str]:
        """Say what keeps keys from being unwrapped: rows wrapped by key-encryption keys that are not at hand."""
        statement = select(data_key.c.kek).where(data_key.c.wrapped.is_not(None)).distinct()
        async with self._engine.connect() as connection:
            used = set((await connection.execute(statement)).scalars())
        await self._read()
        return [_not_at_hand(kek) for kek in sorted(used - {kek.id for kek in self._keks})]

    async def _get(self, owner: str) -> DataKey:
        if (key := self._cached(owner)) is not None:
            return key
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(data_key).where(data_key.c.owner == owner))).one_or_none()
        if row is None or row.wrapped is None:
            raise KeyMissing(f"`{owner}`: has no key" if row is None else f"`{owner}`: its key was shredded")
        return self._keep(owner, await self._unwrap(row))

    async def _get_or_make(self, owner: str) -> DataKey:
        if (key := self._cached(owner)) is not None:
            return key
        async with self._engine.begin() as connection:
            known = await connection.execute(select(data_key.c.owner).where(data_key.c.owner == owner))
            if known.one_or_none() is None:
                # The lock comes before the look at the source: a rotation is either behind us or waits for us.
                await connection.execute(text("LOCK TABLE data_key IN ROW EXCLUSIVE MODE"))
                await self._read()
                values = {"owner": owner, **_wrapped(owner, DataKey(str(uuid7()), new_secret()), self._keks[0])}
                # Whoever loses the race keeps the winner's row and reads it below.
                await connection.execute(insert(data_key).values(values).on_conflict_do_nothing())
        return await self._get(owner)

    async def _shred(self, owner: str) -> None:
        alive = (data_key.c.owner == owner) & data_key.c.wrapped.is_not(None)
        async with self._engine.begin() as connection:
            found = await connection.execute(update(data_key).where(alive).values(wrapped=None))
        self._cache.pop(owner, None)
        if found.rowcount == 0:
            raise KeyMissing(f"`{owner}`: has no key to shred")

    def _cached(self, owner: str) -> DataKey | None:
        until, key = self._cache.get(owner, (0.0, None))
        return key if self._clock() < until else None

    def _keep(self, owner: str, key: DataKey) -> DataKey:
        self._cache[owner] = (self._clock() + self._cache_seconds, key)
        self._cache.move_to_end(owner)
        while len(self._cache) > CACHE_ENTRIES:
            self._cache.popitem(last=False)
        return key

    async def _read(self) -> None:
        self._keks = await asyncio.to_thread(self._read_keks)  # the source may be a file or a command

    async def _unwrap(self, row: Row[tuple[str, UUID, str, bytes]]) -> DataKey:
        kek = _find(self._keks, row.kek)
        if kek is None:  # the first use, or another process has rotated since
            await self._read()
            kek = _find(self._keks, row.kek)
        if kek is None:
            raise KeyStoreError(_not_at_hand(row.kek))
        place = framed(row.owner, str(row.id)).hex()
        return DataKey(
            str(row.id), open_sealed(kek.as_data_key(), row.wrapped, table="data_key", row=place, column="wrapped")
        )


def repeats_names(at: datetime) -> tuple[str, str]:
    """Name the keys by which repeated messages are recognised: this month's (UTC), which marks, and the last one's."""
    month = at.astimezone(UTC)
    before = (month.year, month.month - 1) if month.month > 1 else (month.year - 1, 12)
    return f"repeats-{month.year:04}{month.month:02}", "repeats-{:04}{:02}".format(*before)


def migrate_keys(owner_url: str, *, serving_role: str = SERVE) -> None:
    """Make the table of the key store and grant what the serving role needs. Idempotent; `owner_url`: the owner's."""
    engine = create_engine(owner_url)
    try:
        with engine.begin() as connection:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
            metadata.create_all(connection)
            role = connection.dialect.identifier_preparer.quote(serving_role)
            connection.execute(text(f"GRANT SELECT, INSERT, UPDATE ON data_key TO {role}"))
    finally:
        engine.dispose()


def _participant(identity: str | UUID) -> str:
    return f"participant:{identity}"


def _named(name: str) -> str:
    return f"site:{name}"


def _wrapped(owner: str, key: DataKey, kek: KeyEncryptionKey) -> dict[str, object]:
    place = framed(owner, key.id).hex()
    sealed = seal(kek.as_data_key(), key.secret, table="data_key", row=place, column="wrapped")
    return {"id": UUID(key.id), "kek": kek.id, "wrapped": sealed}


def _find(keks: Keks, identity: str) -> KeyEncryptionKey | None:
    return next((kek for kek in keks if kek.id == identity), None)


def _not_at_hand(kek: str) -> str:
    return f"data keys are wrapped by key-encryption key `{kek}`, which is not at hand"

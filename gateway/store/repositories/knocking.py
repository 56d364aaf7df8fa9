"""How often somebody may knock, and the keys that partners show at addresses: for all processes of a site."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Double, bindparam, cast, delete, func, literal, null, select, update
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.partner_tables import key_set, rate_bucket


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `burst` at once, and `per_second` more as time goes by."""

    per_second: float
    burst: int


def _taking() -> Any:
    """Take up to `want` whole pieces out of a bucket, in one statement; no row: there was not one piece in it."""
    t, now = rate_bucket, cast(bindparam("now"), TIMESTAMP(timezone=True))
    burst, want = bindparam("burst", type_=Double), bindparam("want", type_=Double)
    passed = func.greatest(0, func.extract("epoch", now - t.c.at))
    there = func.least(burst, t.c.level + bindparam("per_second") * passed)
    taken = func.least(want, func.floor(there))
    first = func.least(want, burst)
    statement = insert(t).values(digest=bindparam("digest"), level=burst - first, taken=first, at=now)
    changed = {"level": there - taken, "taken": taken, "at": func.greatest(t.c.at, now)}
    return statement.on_conflict_do_update(index_elements=["digest"], set_=changed, where=there >= 1).returning(
        t.c.taken
    )


_TAKE: Final = _taking()


class Rates:
    """Token buckets by name. INVARIANT: all processes together never take more than a bucket holds."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take(self, name: str, rate: Rate, want: int, at: datetime) -> int:
        """Take up to `want` pieces; gives how many. `name` is kept as a digest only."""
        values = {
            "digest": _digest(name),
            "burst": float(rate.burst),
            "per_second": rate.per_second,
            "want": float(want),
            "now": at,
        }
        return int((await self._connection.execute(_TAKE, values)).scalar_one_or_none() or 0)

    async def give_back(self, name: str, rate: Rate) -> None:
        """Put one piece back: what it was taken for was nothing to be counted."""
        t = rate_bucket
        more = func.least(float(rate.burst), t.c.level + 1)
        await self._connection.execute(update(t).where(t.c.digest == _digest(name)).values(level=more))

    async def forget(self, before: datetime) -> None:
        """Drop buckets that nobody has touched since; they are full by then."""
        await self._connection.execute(delete(rate_bucket).where(rate_bucket.c.at < before))


@dataclass(frozen=True, slots=True)
class KeySet:
    """What is known of the keys at an address. `jwks` None: there was no good set at `fetched_at`.

    `tried_at`: when somebody last went to look; before an answer is kept, it is later than `fetched_at`.
    """

    jwks: Mapping[str, Any] | None
    fetched_at: datetime | None
    tried_at: datetime


class KeySets:
    """Keys by address. One process at a time goes and looks."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, uri: str) -> KeySet | None:
        """Give what is known; None: nobody has looked yet."""
        row = (await self._connection.execute(select(key_set).where(key_set.c.uri == uri))).one_or_none()
        return None if row is None else KeySet(row.jwks, row.fetched_at, row.tried_at)

    async def claim(self, uri: str, at: datetime, every: timedelta) -> bool:
        """Say whether the caller is the one to look now: nobody else has within `every`."""
        t = key_set
        statement = insert(t).values(uri=uri, tried_at=at)
        due = t.c.tried_at <= literal(at - every)
        won = statement.on_conflict_do_update(index_elements=["uri"], set_={"tried_at": at}, where=due)
        return (await self._connection.execute(won.returning(t.c.uri))).one_or_none() is not None

    async def put(self, uri: str, jwks: Mapping[str, Any], at: datetime) -> None:
        """Keep a set that was fetched."""
        values = {"jwks": dict(jwks), "fetched_at": at}
        await self._connection.execute(update(key_set).where(key_set.c.uri == uri).values(values))

    async def fail(self, uri: str, at: datetime, good_for: timedelta) -> None:
        """Keep that nothing was found; a set that is still good stays."""
        t = key_set
        old = t.c.fetched_at.is_(None) | (t.c.fetched_at <= literal(at - good_for))
        await self._connection.execute(update(t).where(t.c.uri == uri, old).values(jwks=null(), fetched_at=at))


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()

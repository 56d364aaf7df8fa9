"""Who is signing in to the console, who is signed in. Tokens are stored by their digest only, names sealed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.console_tables import console_session, signin_link, signing_in
from gateway.store.vault import Vault

SITE_KEY: Final = "console"
_KEPT: Final = timedelta(days=1)  # an ended session stays so long, for whoever asks what happened to it


@dataclass(frozen=True, slots=True)
class Session:
    """A member of staff, signed in. `staff`: the staff id; `name`: as the OpenID provider gives it."""

    staff: str
    name: str
    organization: str
    roles: frozenset[str]
    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None


class Console:
    """Sessions, attempts to begin one, and the one-time links of a demo."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def begin(self, token: str, attempt: Mapping[str, str], expires: datetime) -> None:
        """Remember somebody who was sent to the OpenID provider."""
        key = _digest(token)
        sealed = await self._vault.seal(SITE_KEY, dict(attempt), table=signing_in.name, row=key.hex())
        await self._connection.execute(insert(signing_in).values(digest=key, sealed=sealed, expires_at=expires))

    async def attempt(self, token: str, at: datetime) -> dict[str, str] | None:
        """Give what was remembered, once: whoever comes back twice was not sent."""
        key = _digest(token)
        statement = delete(signing_in).where(signing_in.c.digest == key).returning(signing_in)
        found = (await self._connection.execute(statement)).one_or_none()
        if found is None or found.expires_at <= at:
            return None
        return await self._vault.open_json(SITE_KEY, found.sealed, table=signing_in.name, row=key.hex())

    async def start(self, token: str, session: Session) -> None:
        """Let somebody in."""
        key, who = _digest(token), {"staff": session.staff, "name": session.name}
        values = {
            "digest": key,
            "sealed": await self._vault.seal(SITE_KEY, who, table=console_session.name, row=key.hex()),
            "organization": session.organization,
            "roles": sorted(session.roles),
            "started_at": session.started_at,
            "seen_at": session.seen_at,
        }
        await self._connection.execute(insert(console_session).values(values))

    async def session(self, token: str) -> Session | None:
        """Give a session as it is; whether it is still good is for gateway.web.sessions to say."""
        key, t = _digest(token), console_session
        found = (await self._connection.execute(select(t).where(t.c.digest == key))).one_or_none()
        if found is None:
            return None
        who = await self._vault.open_json(SITE_KEY, found.sealed, table=t.name, row=key.hex())
        times = (found.started_at, found.seen_at, found.ended_at)
        return Session(who["staff"], who["name"], found.organization, frozenset(found.roles), *times)

    async def seen(self, token: str, at: datetime) -> None:
        """Record that a session was used."""
        t = console_session
        await self._connection.execute(update(t).where(t.c.digest == _digest(token)).values(seen_at=at))

    async def end(self, token: str, at: datetime) -> None:
        """End a session; one that has ended stays as it is."""
        t = console_session
        going_on = (t.c.digest == _digest(token)) & t.c.ended_at.is_(None)
        await self._connection.execute(update(t).where(going_on).values(ended_at=at))

    async def end_of(self, organization: str, at: datetime) -> int:
        """End all sessions of an organization. Returns how many went on."""
        t = console_session
        going_on = (t.c.organization == organization) & t.c.ended_at.is_(None)
        return (await self._connection.execute(update(t).where(going_on).values(ended_at=at))).rowcount

    async def forget(self, at: datetime, *, started_before: datetime) -> None:
        """Drop attempts, links and sessions that no longer matter."""
        t = console_session
        await self._connection.execute(delete(signing_in).where(signing_in.c.expires_at <= at))
        await self._connection.execute(delete(signin_link).where(signin_link.c.expires_at <= at))
        await self._connection.execute(delete(t).where(t.c.started_at < started_before - _KEPT))

    async def add_link(self, token: str, role: str, expires: datetime) -> None:
        """Remember a one-time link for a role."""
        values = {"digest": _digest(token), "role": role, "expires_at": expires}
        await self._connection.execute(insert(signin_link).values(values))

    async def use_link(self, token: str, at: datetime) -> str | None:
        """Use a link up. Returns its role; None where it is unknown, used or too old."""
        t = signin_link
        good = (t.c.digest == _digest(token)) & t.c.used_at.is_(None) & (t.c.expires_at > at)
        used = await self._connection.execute(update(t).where(good).values(used_at=at).returning(t.c.role))
        role: str | None = used.scalar_one_or_none()
        return role


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()

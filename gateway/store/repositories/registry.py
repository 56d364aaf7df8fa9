"""The site, the organizations, their endpoints and clients: nothing here is about a participant."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from consent.model import Organization, Site
from gateway.store import tables
from gateway.store.values import Client, Grant

_ORGANIZATION = TypeAdapter(Organization)
_SITE = TypeAdapter(Site)


class Registry:
    """Organizations are versioned: a change is a new version, and an old decision still finds the one it saw."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def mark(self) -> str | None:
        """`demo` or `live`, as set when the site was made; None before that."""
        return (await self._connection.execute(select(tables.site.c.mark))).scalar_one_or_none()

    async def set_mark(self, mark: str) -> None:
        """Set the mark of a new site. A second call changes nothing."""
        statement = insert(tables.site).values(id=1, mark=mark, held=False)
        await self._connection.execute(statement.on_conflict_do_nothing())

    async def site(self) -> Site | None:
        """Give the site as it is set now, or None while nothing has been configured."""
        found = await self.site_at()
        return None if found is None else found[0]

    async def site_at(self, version: int | None = None) -> tuple[Site, int] | None:
        """Give the site's settings and their version: the newest, or the version that a decision referred to."""
        t = tables.site_settings
        statement = select(t.c.detail, t.c.version).order_by(t.c.version.desc()).limit(1)
        if version is not None:
            statement = statement.where(t.c.version == version)
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else (_SITE.validate_python(row.detail), row.version)

    async def is_held(self) -> bool:
        """Is the whole site held, as after a restore? A site without its row counts as held."""
        held = (await self._connection.execute(select(tables.site.c.held))).scalar_one_or_none()
        return held is not False

    async def put_site(self, site: Site, at: datetime) -> bool:
        """Write a new version of the site's settings where something changed. Returns whether it did."""
        latest = await self.site_at()
        if latest is not None and latest[0] == site:
            return False
        version = 1 if latest is None else latest[1] + 1
        row = {"version": version, "detail": _SITE.dump_python(site, mode="json"), "recorded_at": at}
        await self._connection.execute(insert(tables.site_settings).values(row))
        return True

    async def windows(self) -> dict[str, int] | None:
        """When answers go out, where the site has its own windows: settings by name, seconds."""
        found: dict[str, int] | None = (
            await self._connection.execute(select(tables.site.c.windows))
        ).scalar_one_or_none()
        return found

    async def put_windows(self, delay_seconds: int, window_seconds: int) -> None:
        """Let every process of the site keep the same windows, whatever its own settings say."""
        windows = {"release_delay_seconds": delay_seconds, "release_window_seconds": window_seconds}
        await self._connection.execute(update(tables.site).values(windows=windows))

    async def organizations(self) -> dict[str, tuple[Organization, int]]:
        """Every organization in its newest version, by id."""
        t = tables.organization
        statement = select(t).ext(distinct_on(t.c.id)).order_by(t.c.id, t.c.version.desc())
        rows = await self._connection.execute(statement)
        return {r.id: (_read(r.detail), r.version) for r in rows}

    async def versions(self) -> int:
        """How many versions of organizations there are. They are never taken away: the same number, nothing changed."""
        return int((await self._connection.execute(select(func.count()).select_from(tables.organization))).scalar_one())

    async def organization(self, identifier: str) -> Organization | None:
        """One organization in its newest version, or None where nobody knows it."""
        latest = await self._latest(identifier)
        return None if latest is None else _read(latest[1])

    async def organizations_at(self, versions: Iterable[tuple[str, int]]) -> dict[str, Organization]:
        """Organizations in exactly the versions that a decision referred to."""
        wanted = set(versions)
        rows = await self._connection.execute(select(tables.organization))
        return {r.id: _read(r.detail) for r in rows if (r.id, r.version) in wanted}

    async def put_organization(self, value: Organization, endpoint: str | None, at: datetime) -> bool:
        """Write a new version where something changed. Returns whether it did."""
        detail = {**_ORGANIZATION.dump_python(value, mode="json"), "endpoint": endpoint}
        detail["classes"] = sorted(detail["classes"])
        latest = await self._latest(value.id)
        if latest is not None and latest[1] == detail:
            return False
        version = 1 if latest is None else latest[0] + 1
        row = {"id": value.id, "version": version, "detail": detail, "recorded_at": at}
        await self._connection.execute(insert(tables.organization).values(row))
        return True

    async def endpoint(self, organization: str) -> str | None:
        """Where this organization wants its answers sent, or None."""
        latest = await self._latest(organization)
        return None if latest is None else latest[1].get("endpoint")

    async def _latest(self, organization: str) -> tuple[int, dict[str, Any]] | None:
        t = tables.organization
        statement = select(t.c.version, t.c.detail).where(t.c.id == organization).order_by(t.c.version.desc()).limit(1)
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else (row.version, row.detail)


def _read(detail: dict[str, Any]) -> Organization:
    return _ORGANIZATION.validate_python({k: v for k, v in detail.items() if k != "endpoint"})


class Clients:
    """The systems that may knock, and the tokens and assertions they have used (SMART Backend Services)."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, client_id: str) -> Client | None:
        """Give a client by its id, disabled ones included."""
        t = tables.client
        row = (await self._connection.execute(select(t).where(t.c.client_id == client_id))).one_or_none()
        return None if row is None else _client(row)

    async def every(self) -> list[Client]:
        """Give all clients by id, disabled ones included."""
        t = tables.client
        return [_client(row) for row in await self._connection.execute(select(t).order_by(t.c.client_id))]

    async def put(self, client: Client) -> bool:
        """Register a client, or change its keys and scopes. Returns whether something changed."""
        known = await self.get(client.client_id)
        if known is not None and replace(known, disabled=client.disabled) == client:
            return False
        values = {"organization": client.organization, "jwks": client.jwks, "scopes": sorted(client.scopes)}
        statement = insert(tables.client).values(client_id=client.client_id, **values)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["client_id"], set_=values))
        return True

    async def disable(self, client_id: str, at: datetime) -> bool:
        """Stop a client: its tokens are worth nothing from the commit on. False: there is none by that id."""
        t = tables.client
        since = func.coalesce(t.c.disabled_at, at)  # a second call leaves the first moment as it is
        statement = update(t).where(t.c.client_id == client_id).values(disabled_at=since)
        return (await self._connection.execute(statement)).rowcount == 1

    async def use_jti(self, client_id: str, jti: str, expires: datetime) -> bool:
        """Remember an assertion's id. False: it was used before, by whichever process."""
        values = {"client_id": client_id, "digest": _digest(jti), "expires": expires}
        statement = insert(tables.jti).values(values).on_conflict_do_nothing()
        written = await self._connection.execute(statement.returning(tables.jti.c.expires))
        return written.one_or_none() is not None

    async def add_token(self, token: str, client_id: str, scopes: frozenset[str], expires: datetime) -> None:
        """Remember a token by its digest only."""
        values = {"digest": _digest(token), "client_id": client_id, "scopes": sorted(scopes), "expires": expires}
        await self._connection.execute(insert(tables.token).values(values))

    async def grant(self, token: str, at: datetime) -> Grant | None:
        """Give what a token is worth at that moment; None for an unknown or expired one, or a disabled client."""
        t, c = tables.token, tables.client
        statement = (
            select(t.c.client_id, c.c.organization, t.c.scopes, t.c.expires)
            .join_from(t, c)
            .where(t.c.digest == _digest(token), t.c.expires > at, c.c.disabled_at.is_(None))
        )
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else Grant(row.client_id, row.organization, frozenset(row.scopes), row.expires)

    async def forget_expired(self, at: datetime) -> None:
        """Drop what no longer matters."""
        await self._connection.execute(delete(tables.jti).where(tables.jti.c.expires < at))
        await self._connection.execute(delete(tables.token).where(tables.token.c.expires < at))

    async def count(self) -> int:
        """How many clients are registered."""
        return (await self._connection.execute(select(func.count()).select_from(tables.client))).scalar_one()


def _client(row: Any) -> Client:
    return Client(row.client_id, row.organization, row.jwks, frozenset(row.scopes), row.disabled_at is not None)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()

"""The site, the organizations and their endpoints: nothing here is about a participant."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from consent.model import Organization, Site
from gateway.store import tables

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
        return None if row is None else (read_site(row.detail), row.version)

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
        return {r.id: (read_organization(r.detail), r.version) for r in rows}

    async def versions(self) -> int:
        """How many versions of organizations there are. They are never taken away: the same number, nothing changed."""
        return int((await self._connection.execute(select(func.count()).select_from(tables.organization))).scalar_one())

    async def organization(self, identifier: str) -> Organization | None:
        """One organization in its newest version, or None where nobody knows it."""
        latest = await self._latest(identifier)
        return None if latest is None else read_organization(latest[1])

    async def organizations_at(self, versions: Iterable[tuple[str, int]]) -> dict[str, Organization]:
        """Organizations in exactly the versions that a decision referred to."""
        wanted = set(versions)
        rows = await self._connection.execute(select(tables.organization))
        return {r.id: read_organization(r.detail) for r in rows if (r.id, r.version) in wanted}

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

    async def history(self, identifier: str, limit: int = 50) -> list[tuple[int, datetime, Organization, str | None]]:
        """Give an organization's versions, newest first: number, when it was recorded, what it said, its endpoint."""
        t = tables.organization
        rows = await self._connection.execute(
            select(t).where(t.c.id == identifier).order_by(t.c.version.desc()).limit(limit)
        )
        return [(r.version, r.recorded_at, read_organization(r.detail), r.detail.get("endpoint")) for r in rows]

    async def _latest(self, organization: str) -> tuple[int, dict[str, Any]] | None:
        t = tables.organization
        statement = select(t.c.version, t.c.detail).where(t.c.id == organization).order_by(t.c.version.desc()).limit(1)
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else (row.version, row.detail)


def read_organization(detail: dict[str, Any]) -> Organization:
    """Read an organization as a row holds it."""
    return _ORGANIZATION.validate_python({k: v for k, v in detail.items() if k != "endpoint"})


def read_site(detail: dict[str, Any]) -> Site:
    """Read the site's settings as a row holds them."""
    return _SITE.validate_python(detail)

"""The partners' systems, and the tokens and assertions they have used (SMART Backend Services)."""

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from consent.codes import Purpose
from consent.model import Organization, Person, Site
from gateway.store import tables
from gateway.store.repositories.registry import read_organization, read_site
from gateway.store.values import Client, Grant

Standing = tuple[Organization | None, Site | None]


def _worth() -> Select[Any]:
    t, c, organization, site = tables.token, tables.client, tables.organization, tables.site_settings
    newest = (
        select(organization.c.detail)
        .where(organization.c.id == c.c.organization)
        .order_by(organization.c.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    settings = select(site.c.detail).order_by(site.c.version.desc()).limit(1).scalar_subquery()
    return (
        select(t, c.c.organization, newest.label("about"), settings.label("site"))
        .join_from(t, c)
        .where(t.c.digest == bindparam("token"), t.c.expires > bindparam("moment"), c.c.disabled_at.is_(None))
    )


_WORTH: Final = _worth()


class Clients:
    """The systems that may knock. A disabled one is kept: what it did is on the ledger under its id."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, client_id: str, *, lock: bool = False) -> Client | None:
        """Give a client by its id, disabled ones included; `lock` keeps others from changing it until the end."""
        statement = select(tables.client).where(tables.client.c.client_id == client_id)
        row = (await self._connection.execute(statement.with_for_update() if lock else statement)).one_or_none()
        return None if row is None else _client(row)

    async def every(self) -> list[Client]:
        """Give all clients by id, disabled ones included."""
        t = tables.client
        return [_client(row) for row in await self._connection.execute(select(t).order_by(t.c.client_id))]

    async def put(self, client: Client) -> bool:
        """Take a client from the site's files. Returns whether something changed.

        INVARIANT: what a privacy officer has registered or rotated is not changed by a file.
        """
        known = await self.get(client.client_id)
        if known is not None and replace(known, disabled=client.disabled) == client:
            return False
        t, values = tables.client, _values(client)
        statement = insert(t).values(client_id=client.client_id, **values)
        written = await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["client_id"], set_=values, where=t.c.registered_by.is_(None)
            ).returning(t.c.client_id)
        )
        return written.one_or_none() is not None

    async def register(self, client: Client, *, by: str, at: datetime) -> bool:
        """Add a client. False: that id is taken, by a disabled one perhaps."""
        statement = insert(tables.client).values(
            client_id=client.client_id, **_values(client), registered_by=by, registered_at=at
        )
        written = await self._connection.execute(
            statement.on_conflict_do_nothing().returning(tables.client.c.client_id)
        )
        return written.one_or_none() is not None

    async def rotate(self, client: Client, *, by: str, at: datetime) -> bool:
        """Change the keys, or the certificate, of a client that is not disabled. False: there is none by that id."""
        t = tables.client
        values = {"jwks": client.jwks, "jwks_uri": client.jwks_uri, "thumbprint": client.thumbprint}
        chosen = update(t).where(t.c.client_id == client.client_id, t.c.disabled_at.is_(None))
        return (
            await self._connection.execute(chosen.values(**values, registered_by=by, registered_at=at))
        ).rowcount == 1

    async def forget_tokens(self, client_id: str) -> int:
        """Make every token of a client worthless; gives how many there were."""
        t = tables.token
        return (await self._connection.execute(delete(t).where(t.c.client_id == client_id))).rowcount

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

    async def add_token(
        self,
        token: str,
        client_id: str,
        scopes: frozenset[str],
        expires: datetime,
        *,
        purpose: Purpose | None = None,
        person: Person | None = None,
        thumbprint: str | None = None,
    ) -> None:
        """Remember a token, by its digest only, and what it is worth."""
        values = {
            "digest": _digest(token),
            "client_id": client_id,
            "scopes": sorted(scopes),
            "expires": expires,
            "purpose": None if purpose is None else purpose.value,
            "person": None if person is None else {"name": person.name, "role": person.role},
            "thumbprint": thumbprint,
        }
        await self._connection.execute(insert(tables.token).values(values))

    async def grant(self, token: str, at: datetime) -> Grant | None:
        """Give what a token is worth at that moment; None for an unknown or expired one, or a disabled client."""
        found = await self.grant_and_standing(token, at)
        return None if found is None else found[0]

    async def grant_and_standing(self, token: str, at: datetime) -> tuple[Grant, Standing] | None:
        """Give the same, with the token's organization and the site as they are now.

        One statement: it precedes every request of a partner.
        """
        row = (await self._connection.execute(_WORTH, {"token": _digest(token), "moment": at})).one_or_none()
        if row is None:
            return None
        about = None if row.about is None else read_organization(row.about)
        return _grant(row), (about, None if row.site is None else read_site(row.site))

    async def forget_expired(self, at: datetime) -> None:
        """Drop what no longer matters."""
        await self._connection.execute(delete(tables.jti).where(tables.jti.c.expires < at))
        await self._connection.execute(delete(tables.token).where(tables.token.c.expires < at))

    async def count(self) -> int:
        """How many clients are registered."""
        return (await self._connection.execute(select(func.count()).select_from(tables.client))).scalar_one()


def _values(client: Client) -> dict[str, Any]:
    return {
        "organization": client.organization,
        "jwks": client.jwks,
        "scopes": sorted(client.scopes),
        "purposes": [purpose.value for purpose in client.purposes],
        "jwks_uri": client.jwks_uri,
        "thumbprint": client.thumbprint,
    }


def _client(row: Any) -> Client:
    return Client(
        row.client_id,
        row.organization,
        row.jwks,
        frozenset(row.scopes),
        row.disabled_at is not None,
        tuple(Purpose(purpose) for purpose in row.purposes),
        row.jwks_uri,
        row.thumbprint,
    )


def _grant(row: Any) -> Grant:
    return Grant(
        row.client_id,
        row.organization,
        frozenset(row.scopes),
        row.expires,
        None if row.purpose is None else Purpose(row.purpose),
        None if row.person is None else Person(row.person["name"], row.person["role"]),
        row.thumbprint,
        row.digest,
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()

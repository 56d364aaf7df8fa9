"""What a named person has attested in one session of a partner's system (LEAD GR-05). Gone with its token."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.partner_tables import attestation
from gateway.store.vault import Vault, row

_KEY = "attestations"


class Attestations:
    """At most one for each token. The ledger keeps them all."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def add(
        self, identity: UUID, client_id: str, token: bytes, said: dict[str, Any], at: datetime, expires: datetime
    ) -> bool:
        """Keep what was attested under a token. False: another one is there. Drops those whose token is over."""
        t = attestation
        await self._connection.execute(delete(t).where(t.c.expires < at))
        values = {
            "id": identity,
            "client_id": client_id,
            "token": token,
            "sealed": await self._vault.seal(_KEY, said, table="attestation", row=row(identity)),
            "at": at,
            "expires": expires,
        }
        statement = insert(t).values(values).on_conflict_do_nothing(index_elements=["token"])
        return (await self._connection.execute(statement.returning(t.c.id))).one_or_none() is not None

    async def of(self, token: bytes, at: datetime) -> dict[str, Any] | None:
        """Give what was attested under a token that is still good."""
        t = attestation
        statement = select(t.c.id, t.c.sealed).where(t.c.token == token, t.c.expires > at)
        found = (await self._connection.execute(statement)).one_or_none()
        if found is None:
            return None
        return await self._vault.open_json(_KEY, found.sealed, table="attestation", row=row(found.id))

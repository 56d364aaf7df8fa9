"""What the FHIR door reads besides facts: whose an item is, when its versions came in, what was told; pages.

Nothing here decides anything: what leaves passes gateway.disclosure.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import partner_tables, tables
from gateway.store.exchange_tables import contact
from gateway.store.repositories.accounting import Accounting
from gateway.store.values import LedgerEntry
from gateway.store.vault import UNREADABLE, Vault

NOBODY: Final = UUID(int=0)
"""The same steps are run on it as on a participant (design.md 3)."""

_PAGE: Final = "page"


class Pulls:
    """The reads of one unit of work."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def whose(self, item: UUID) -> UUID | None:
        """Give the participant whom an item is about; None where there is no such item."""
        t = tables.item
        found = await self._connection.execute(select(t.c.participant).where(t.c.id == item).limit(1))
        owner: UUID | None = found.scalar_one_or_none()
        return owner

    async def person(self, meant: Iterable[UUID]) -> UUID:
        """Give the participant that one of these rows is; nobody's id where none is."""
        t = tables.participant
        found = await self._connection.execute(select(t.c.id).where(t.c.id.in_(list(meant))).limit(1))
        return found.scalar_one_or_none() or NOBODY

    async def disclosed_to(self, organization: str, entry: UUID) -> UUID | None:
        """Give the participant whom a disclosure to this organization was about; None where there is no such entry."""
        t = tables.ledger_entry
        statement = select(t.c.participant).where(
            t.c.id == entry, t.c.organization == organization, t.c.kind == "disclosure"
        )
        owner: UUID | None = (await self._connection.execute(statement)).scalar_one_or_none()
        return owner

    async def disclosures(self, participant: UUID, organization: str, *, limit: int) -> list[LedgerEntry]:
        """Give what an organization was told about a participant, the newest first, `limit` entries at most."""
        t = tables.ledger_entry
        statement = (
            select(t.c.id)
            .where(t.c.participant == participant, t.c.organization == organization, t.c.kind == "disclosure")
            .order_by(t.c.id.desc())
            .limit(limit)
        )
        found = (await self._connection.execute(statement)).scalars().all()
        return await Accounting(self._connection, self._vault).some(found)

    async def keep_page(
        self, token: str, client_id: str, participant: UUID, content: dict[str, Any], *, at: datetime, expires: datetime
    ) -> None:
        """Keep what the next page asks for, under a digest of its token; those that are over are dropped."""
        t = partner_tables.page
        digest = _digest(token)
        await self._connection.execute(delete(t).where(t.c.expires < at))
        values = {
            "digest": digest,
            "client_id": client_id,
            "participant": participant,
            "sealed": await self._vault.seal(participant, content, table=_PAGE, row=digest.hex()),
            "expires": expires,
        }
        await self._connection.execute(insert(t).values(values))

    async def page(self, token: str, client_id: str, at: datetime) -> dict[str, Any] | None:
        """Give what a page asks for; None for a token that is unknown, over, or another client's."""
        t = partner_tables.page
        statement = select(t).where(t.c.digest == _digest(token), t.c.client_id == client_id, t.c.expires > at)
        found = (await self._connection.execute(statement)).one_or_none()
        if found is None:
            return None
        try:
            return await self._vault.open_json(found.participant, found.sealed, table=_PAGE, row=found.digest.hex())
        except UNREADABLE:
            return None

    async def staff(self) -> list[tuple[UUID, str, str, str]]:
        """Give whom partners may ask for by name, as (contact, organization, role, name). No address."""
        t = contact
        statement = select(t.c.id, t.c.organization, t.c.role, t.c.staff)
        statement = statement.where(t.c.staff.is_not(None), t.c.disabled_at.is_(None)).order_by(t.c.id)
        return [(r.id, r.organization, r.role, r.staff) for r in await self._connection.execute(statement)]

    async def own_questions(self, organization: str, *, limit: int) -> list[tuple[UUID, datetime, datetime]]:
        """Give an organization's own questions as (reference, received, due), the newest first."""
        t = tables.question
        statement = select(t.c.id, t.c.received_at, t.c.due_at).where(t.c.requester == organization)
        rows = await self._connection.execute(statement.order_by(t.c.received_at.desc(), t.c.id).limit(limit))
        return [(r.id, r.received_at, r.due_at) for r in rows]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def readable(entries: Iterable[LedgerEntry]) -> list[tuple[LedgerEntry, frozenset[str]]]:
    """Give each disclosure that says what it was of, with the ids of its items."""
    return [
        (entry, frozenset(item for item, *_ in entry.content["decision"]["released"]))
        for entry in entries
        if isinstance(entry.content.get("decision"), dict)
    ]

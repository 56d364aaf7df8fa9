"""What partners' systems filed: consents that wait for a person, revocations, disclosures of their own. All sealed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import tables
from gateway.store.partner_tables import filing
from gateway.store.vault import Vault, row

SITE_KEY: Final = "filings"
"""Under which a filing is sealed whose participant is not certain."""


@dataclass(frozen=True, slots=True)
class Filing:
    """One thing that was filed.

    `kind`: consent | revocation | disclosure; `state`: unverified | verified | refused | acted; `participant` None:
    nobody is certain whom it is about.
    """

    id: UUID
    kind: str
    organization: str
    client_id: str
    participant: UUID | None
    state: str
    at: datetime
    decided_at: datetime | None = None
    detail: dict[str, Any] = field(default_factory=dict, hash=False)


class Filings:
    """The shelf behind `gateway.filing` and `gateway.verifying`."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def add(self, made: Filing, content: str) -> bool:
        """Keep a filing. False: the same organization has filed the same `content` about the same person before."""
        same = f"{made.organization}|{made.kind}|{made.participant}|{content}"
        values = {
            "id": made.id,
            "kind": made.kind,
            "organization": made.organization,
            "client_id": made.client_id,
            "participant": made.participant,
            "digest": await self._vault.token("filing", same),
            "state": made.state,
            "sealed": await self._seal(made),
            "at": made.at,
        }
        statement = insert(filing).values(values).on_conflict_do_nothing().returning(filing.c.id)
        return (await self._connection.execute(statement)).one_or_none() is not None

    async def get(self, identity: UUID, *, lock: bool = False) -> Filing | None:
        """Give a filing with what is in it."""
        statement = select(filing).where(filing.c.id == identity)
        found = (await self._connection.execute(statement.with_for_update() if lock else statement)).one_or_none()
        return None if found is None else await self._open(found)

    async def waiting(self) -> list[Filing]:
        """Give the consents that nobody has verified or refused, oldest first, without what is in them."""
        wanted = (filing.c.kind == "consent") & (filing.c.state == "unverified")
        rows = await self._connection.execute(select(filing).where(wanted).order_by(filing.c.id))
        return [_bare(found) for found in rows]

    async def waiting_of(self, participant: UUID) -> list[Filing]:
        """Give the consents about a participant that nobody has verified or refused, oldest first, opened."""
        wanted = (filing.c.kind == "consent") & (filing.c.state == "unverified") & (filing.c.participant == participant)
        rows = (await self._connection.execute(select(filing).where(wanted).order_by(filing.c.id))).all()
        return [await self._open(found) for found in rows]

    async def decide(self, identity: UUID, state: str, at: datetime) -> None:
        """Say what became of a filing."""
        statement = update(filing).where(filing.c.id == identity).values(state=state, decided_at=at)
        await self._connection.execute(statement)

    async def owner(self, consent: UUID) -> UUID | None:
        """Give the participant whose consent it is, by the id of the consent's row."""
        t = tables.consent
        found = await self._connection.execute(select(t.c.participant).where(t.c.id == consent).limit(1))
        known: UUID | None = found.scalar_one_or_none()
        return known

    async def consent(self, participant: UUID, reference: str) -> UUID | None:
        """Give the id of a participant's consent by the reference under which it was put on record."""
        t = tables.consent
        token = await self._vault.token("consent", f"{participant}|{reference}")
        wanted = (t.c.participant == participant) & (t.c.reference == token)
        known: UUID | None = (
            await self._connection.execute(select(t.c.id).where(wanted).limit(1))
        ).scalar_one_or_none()
        return known

    async def _seal(self, made: Filing) -> bytes:
        return await self._vault.seal(made.participant or SITE_KEY, made.detail, table="filing", row=row(made.id))

    async def _open(self, found: Any) -> Filing:
        owner = found.participant or SITE_KEY
        detail = await self._vault.open_json(owner, found.sealed, table="filing", row=row(found.id))
        return _bare(found, detail)


def _bare(found: Any, detail: dict[str, Any] | None = None) -> Filing:
    return Filing(
        id=found.id,
        kind=found.kind,
        organization=found.organization,
        client_id=found.client_id,
        participant=found.participant,
        state=found.state,
        at=found.at,
        decided_at=found.decided_at,
        detail=detail or {},
    )

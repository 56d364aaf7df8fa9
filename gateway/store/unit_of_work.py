"""One transaction, with every repository on it. It commits when told to; any other way out rolls back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from consent.facts import Facts, Policy
from consent.request import DisclosureRequest
from gateway.journal import Journal
from gateway.store.keys import KeyStore
from gateway.store.repositories.accounting import Accounting
from gateway.store.repositories.consents import Consents, holds, restrictions, with_revocations
from gateway.store.repositories.exchange import Deliveries, Proposals, Questions
from gateway.store.repositories.inbound import Inbound
from gateway.store.repositories.participants import Participants
from gateway.store.repositories.record import Record
from gateway.store.repositories.registry import Clients, Registry
from gateway.store.values import ParticipantRecord, References
from gateway.store.vault import Vault


class SiteNotConfiguredError(LookupError):
    """The site has no settings yet: nothing can be decided."""


@dataclass(slots=True)
class UnitOfWork:
    """What one transaction can do. Nothing outlives it but what it committed."""

    connection: AsyncConnection
    vault: Vault
    policy: Policy
    registry: Registry
    clients: Clients
    participants: Participants
    consents: Consents
    record: Record
    inbound: Inbound
    questions: Questions
    proposals: Proposals
    deliveries: Deliveries
    accounting: Accounting
    journal: Journal | None

    async def mark(self, kind: str, payload: dict[str, Any]) -> None:
        """Append to the journal outside the database; on the disk when this returns. Done before the commit.

        A mark whose commit then fails errs on the safe side: `restore` would stop or not send again, never more.
        """
        if self.journal is not None:
            await asyncio.to_thread(self.journal.append, kind, payload)

    async def commit(self) -> None:
        """Make it so."""
        await self.connection.commit()

    async def driver(self) -> Any:
        """Give the psycopg connection underneath, on which a job can be queued in this same transaction."""
        return (await self.connection.get_raw_connection()).driver_connection

    async def facts_for(
        self, request: DisclosureRequest, pins: tuple[tuple[str, int], ...] | None = None
    ) -> tuple[Facts, References]:
        """All that a rule may look at for this request, and the versions of it. `pins`: exactly these items.

        The caller holds the participant's consent version still (`consents.lock_shared`).
        """
        participant = UUID(request.participant)
        record = None if pins is None else await self.record.items(participant, pins)
        return await self.load(participant, items=record)

    async def load(
        self, participant: UUID, *, items: Any = None, at: References | None = None
    ) -> tuple[Facts, References]:
        """Facts about one participant: as of now, or exactly as an earlier decision saw them (`at`)."""
        settings = await self.registry.site_at(None if at is None else at.site)
        if settings is None:
            raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
        known = await self._known(participant, at)
        signed = await self.consents.signed(participant, None if at is None else at.consents)
        stops = await self.consents.stops(participant, None if at is None else at.stops)
        record = items if items is not None else await self.record.items(participant, None if at is None else at.items)
        organizations = await self.registry.organizations()
        seen = {k: v for k, (v, _) in organizations.items()}
        facts = Facts(
            site=settings[0],
            organizations=seen if at is None else await self.registry.organizations_at(at.organizations),
            participants={} if known is None else {str(participant): known[0].participant},
            consents=with_revocations([c for c, _ in signed], stops),
            holds=holds(str(participant), stops),
            restrictions=restrictions(stops),
            court_orders=(),
            record=record,
            policy=self.policy,
        )
        references = References(
            participant=None if known is None else (str(participant), known[1]),
            consents=tuple((c.id, v) for c, v in signed),
            stops=tuple(key for key, _ in stops),
            items=tuple((i.id, i.version) for i in record),
            organizations=tuple((k, v) for k, (_, v) in organizations.items()),
            site=settings[1],
        )
        return facts, references

    async def _known(self, participant: UUID, at: References | None) -> tuple[ParticipantRecord, int] | None:
        """Give the participant as now, or as then; who was unknown then stays unknown, whoever came since."""
        if at is None:
            return await self.participants.get(participant)
        return None if at.participant is None else await self.participants.get(participant, at.participant[1])


@dataclass(slots=True)
class Store:
    """The open database and key store of one process."""

    engine: AsyncEngine
    keys: KeyStore
    policy: Policy
    journal: Journal | None = None

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """Open a transaction. Leaving without `commit` rolls it back."""
        vault = Vault(self.keys)
        async with self.engine.connect() as connection:
            yield UnitOfWork(
                connection,
                vault,
                self.policy,
                Registry(connection),
                Clients(connection),
                Participants(connection, vault),
                Consents(connection, vault),
                Record(connection, vault),
                Inbound(connection, vault),
                Questions(connection, vault),
                Proposals(connection, vault),
                Deliveries(connection),
                Accounting(connection, vault),
                self.journal,
            )

    async def close(self) -> None:
        """Give the connections back."""
        await self.engine.dispose()
        await self.keys.close()


def open_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """Give an engine on the serving role's URL. Never echoes SQL: parameters may be about participants."""
    return create_async_engine(url, pool_size=pool_size, max_overflow=pool_size, hide_parameters=True)

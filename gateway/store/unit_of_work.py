"""One transaction, with every repository on it. It commits when told to; any other way out rolls back."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from consent.facts import Facts, Policy
from consent.model import Organization
from consent.overlays import Overlay
from consent.request import DisclosureRequest
from gateway.journal import Journal
from gateway.store.keys import KeyStore
from gateway.store.repositories.accounting import Accounting
from gateway.store.repositories.approvals import Approvals
from gateway.store.repositories.breakers import Breakers
from gateway.store.repositories.clients import Clients
from gateway.store.repositories.consents import Consents
from gateway.store.repositories.console import Console
from gateway.store.repositories.deliveries import Deliveries
from gateway.store.repositories.duties import Duties
from gateway.store.repositories.exchange import Proposals, Questions
from gateway.store.repositories.feeds import Feeds
from gateway.store.repositories.inbound import Inbound
from gateway.store.repositories.matters import Matters
from gateway.store.repositories.participants import Participants
from gateway.store.repositories.record import Record
from gateway.store.repositories.registry import Registry
from gateway.store.repositories.told import ToldEvents
from gateway.store.seen import Seen, facts_of, references_of
from gateway.store.shelf import Common, Shelf
from gateway.store.values import ParticipantRecord, References
from gateway.store.vault import Vault


class SiteNotConfiguredError(LookupError):
    """The site has no settings yet: nothing can be decided."""


@dataclass(slots=True, repr=False)
class UnitOfWork:
    """What one transaction can do. Nothing outlives it but what it committed."""

    connection: AsyncConnection
    vault: Vault
    policy: Policy
    overlays: tuple[Overlay, ...]
    registry: Registry
    clients: Clients
    participants: Participants
    consents: Consents
    record: Record
    inbound: Inbound
    questions: Questions
    proposals: Proposals
    deliveries: Deliveries
    breakers: Breakers
    accounting: Accounting
    duties: Duties
    matters: Matters
    approvals: Approvals
    console: Console
    feeds: Feeds
    told: ToldEvents
    journal: Journal | None
    shelf: Shelf

    async def mark(self, kind: str, payload: dict[str, Any]) -> None:
        """Append to the journal outside the database; on the disk when this returns. Done before the commit.

        A mark whose commit then fails errs on the safe side: `restore` would stop or not send again, never more.
        """
        await self.mark_all(kind, [payload])

    async def mark_all(self, kind: str, payloads: Sequence[dict[str, Any]]) -> None:
        """Append several marks, with one wait for the disk."""
        if self.journal is not None:
            await asyncio.gather(*(self.journal.written(kind, payload) for payload in payloads))

    async def commit(self) -> None:
        """Make it so."""
        await self.connection.commit()

    async def driver(self) -> Any:
        """Give the psycopg connection underneath, on which a job can be queued in this same transaction."""
        return (await self.connection.get_raw_connection()).driver_connection

    async def read_ahead(self, participants: Iterable[UUID]) -> None:
        """Read at once what decisions about these participants will look at. The caller holds their versions still."""
        await self.shelf.fill(participants)
        held = await self.registry.is_held()
        self.shelf.common = Common(await self.registry.site_at(), held, await self.registry.organizations())

    async def is_held(self) -> bool:
        """Whether nothing may leave this site now."""
        return self.shelf.common.held if self.shelf.common else await self.registry.is_held()

    async def facts_for(
        self, request: DisclosureRequest, pins: tuple[tuple[str, int], ...] | None = None
    ) -> tuple[Facts, References]:
        """All that a rule may look at for this request, and the versions of it. `pins`: exactly these items.

        The caller holds the participant's consent version still (`consents.lock_shared`).
        """
        participant = UUID(request.participant)
        return await self.load(participant, request.at, pins=pins)

    async def load(
        self,
        participant: UUID,
        moment: datetime,
        *,
        pins: tuple[tuple[str, int], ...] | None = None,
        at: References | None = None,
    ) -> tuple[Facts, References]:
        """Facts about one participant: as of now, or exactly as an earlier decision saw them (`at`).

        `pins`: exactly these versions of items, less those whose message was found to be about somebody else.
        State law is applied here (42 CFR 2.20): what reaches the rules is already narrowed as of `moment`.
        """
        common = self.shelf.common if at is None else None
        site = common.site if common else await self.registry.site_at(None if at is None else at.site)
        if site is None:
            raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
        unlinks = await self.matters.unlinked(participant, None if at is None else at.unlinks)
        seen = Seen(
            str(participant),
            site,
            await self._known(participant, at),
            await self.consents.signed(participant, None if at is None else at.consents),
            await self.consents.stops(participant, None if at is None else at.stops),
            await self.matters.orders(participant, None if at is None else at.orders),
            await self.matters.events(participant, None if at is None else at.events),
            tuple(key for key, _ in unlinks),
            await self.record.items(
                participant, pins if at is None else at.items, without=frozenset(e for _, e in unlinks)
            ),
            await self._organizations(at),
        )
        return facts_of(seen, self.overlays, self.policy, moment), references_of(seen)

    async def _organizations(self, at: References | None) -> dict[str, tuple[Organization, int]]:
        if at is None:
            common = self.shelf.common
            return common.organizations if common else await self.registry.organizations()
        then = await self.registry.organizations_at(at.organizations)
        return {name: (then[name], version) for name, version in at.organizations if name in then}

    async def _known(self, participant: UUID, at: References | None) -> tuple[ParticipantRecord, int] | None:
        """Give the participant as now, or as then; who was unknown then stays unknown, whoever came since."""
        if at is None:
            return await self.participants.get(participant)
        return None if at.participant is None else await self.participants.get(participant, at.participant[1])


@dataclass(slots=True, repr=False)
class Store:
    """The open database and key store of one process."""

    engine: AsyncEngine
    keys: KeyStore
    policy: Policy
    overlays: tuple[Overlay, ...] = ()
    journal: Journal | None = None

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """Open a transaction. Leaving without `commit` rolls it back."""
        vault = Vault(self.keys)
        async with self.engine.connect() as connection:
            shelf = Shelf(connection)
            yield UnitOfWork(
                connection,
                vault,
                self.policy,
                self.overlays,
                Registry(connection),
                Clients(connection),
                Participants(connection, vault, shelf),
                Consents(connection, vault, shelf),
                Record(connection, vault, shelf),
                Inbound(connection, vault),
                Questions(connection, vault),
                Proposals(connection, vault),
                Deliveries(connection, vault),
                Breakers(connection),
                Accounting(connection, vault),
                Duties(connection, vault),
                Matters(connection, vault, shelf),
                Approvals(connection, vault),
                Console(connection, vault),
                Feeds(connection),
                ToldEvents(connection, vault),
                self.journal,
                shelf,
            )

    async def close(self) -> None:
        """Give the connections back."""
        await self.engine.dispose()
        await self.keys.close()


def open_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """Give an engine on the serving role's URL. Never echoes SQL: parameters may be about participants."""
    return create_async_engine(url, pool_size=pool_size, max_overflow=pool_size, hide_parameters=True)

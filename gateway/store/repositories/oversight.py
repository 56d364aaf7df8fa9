"""What those who oversee the site look at: rows and counts, by the page. INVARIANT: nothing sealed is opened here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import tables
from gateway.store.exchange_tables import conference, incident, legal_request
from gateway.store.repositories.affairs import PAPERS

PAGE: Final = 50
MOST: Final = 5000  # lines of an export


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which rows of the ledger: all that is None does not narrow. `since` inclusive, `until` exclusive.

    `kinds`: of these kinds alone, whatever else is asked for; an empty set gives nothing.
    """

    kind: str | None = None
    organization: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    kinds: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row of the ledger from outside. `sealed`: chained already. `participant`: whom it is about, or None."""

    id: UUID
    at: datetime
    kind: str
    organization: str | None
    participant: UUID | None
    sealed: bool


@dataclass(frozen=True, slots=True)
class SendingRow:
    """One sending from outside."""

    id: UUID
    recipient: str
    state: str
    kind: str
    exchange: str | None
    attempts: int
    cause: str | None
    due_at: datetime
    acknowledged_at: datetime | None
    updated_at: datetime
    participant: UUID | None


@dataclass(frozen=True, slots=True)
class Matter:
    """A conference, emergency, legal paper or incident from outside."""

    id: UUID
    at: datetime
    state: str
    participant: UUID | None = None
    due_at: datetime | None = None
    closed_at: datetime | None = None


class Oversight:
    """Pages of rows, and counts, on the connection of a unit of work."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def ledger(self, wanted: LedgerFilter, *, before: UUID | None = None, most: int = PAGE) -> list[LedgerRow]:
        """Give rows of the ledger, the newest first, those before `before`."""
        e, s = tables.ledger_entry, tables.ledger_seal
        columns = (e.c.id, e.c.at, e.c.kind, e.c.organization, e.c.participant, s.c.seq.is_not(None).label("sealed"))
        statement = select(*columns).outerjoin(s, s.c.entry == e.c.id).order_by(e.c.id.desc()).limit(min(most, MOST))
        if before is not None:
            statement = statement.where(e.c.id < before)
        for column, value in ((e.c.kind, wanted.kind), (e.c.organization, wanted.organization)):
            statement = statement if value is None else statement.where(column == value)
        statement = statement if wanted.kinds is None else statement.where(e.c.kind.in_(sorted(wanted.kinds)))
        statement = statement if wanted.since is None else statement.where(e.c.at >= wanted.since)
        statement = statement if wanted.until is None else statement.where(e.c.at < wanted.until)
        return [LedgerRow(*found) for found in await self._connection.execute(statement)]

    async def row(self, identity: UUID) -> LedgerRow | None:
        """Give one row of the ledger."""
        e, s = tables.ledger_entry, tables.ledger_seal
        columns = (e.c.id, e.c.at, e.c.kind, e.c.organization, e.c.participant, s.c.seq.is_not(None).label("sealed"))
        statement = select(*columns).outerjoin(s, s.c.entry == e.c.id).where(e.c.id == identity)
        found = (await self._connection.execute(statement)).one_or_none()
        return None if found is None else LedgerRow(*found)

    async def newest(self, kinds: Sequence[str], most: int) -> list[UUID]:
        """Give the ids of the newest entries of some kinds."""
        e = tables.ledger_entry
        statement = select(e.c.id).where(e.c.kind.in_(kinds)).order_by(e.c.id.desc()).limit(most)
        return list((await self._connection.execute(statement)).scalars())

    async def last_sealed(self) -> datetime | None:
        """Say when the newest link of the chain was made."""
        t = tables.ledger_seal
        statement = select(t.c.sealed_at).order_by(t.c.seq.desc()).limit(1)
        found: datetime | None = (await self._connection.execute(statement)).scalar_one_or_none()
        return found

    async def sendings(
        self, states: Sequence[str], *, recipient: str | None = None, before: UUID | None = None, most: int = PAGE
    ) -> list[SendingRow]:
        """Give sendings in these states, the newest first."""
        statement = _sendings().where(tables.delivery.c.state.in_(states))
        return await self._sent(statement, recipient, before, most)

    async def ends(self, most: int) -> list[SendingRow]:
        """Give the newest messages that told a partner of the end of a permission."""
        return await self._sent(_sendings().where(tables.delivery.c.kind == "end-of-permission"), None, None, most)

    async def custody_notices(self, most: int) -> list[SendingRow]:
        """Give the newest messages that told a partner of a booking or a release."""
        t = tables.delivery
        return await self._sent(_sendings().where(t.c.exchange.startswith("custody-notice")), None, None, most)

    async def sending(self, identity: UUID) -> SendingRow | None:
        """Give one sending."""
        found = (await self._connection.execute(_sendings().where(tables.delivery.c.id == identity))).one_or_none()
        return None if found is None else SendingRow(*found)

    async def _sent(
        self, statement: Select[Any], recipient: str | None, before: UUID | None, most: int
    ) -> list[SendingRow]:
        t = tables.delivery
        statement = statement if recipient is None else statement.where(t.c.recipient == recipient)
        statement = statement if before is None else statement.where(t.c.id < before)
        rows = await self._connection.execute(statement.order_by(t.c.id.desc()).limit(min(most, MOST)))
        return [SendingRow(*found) for found in rows]

    async def sent_counts(self, recipient: str | None = None) -> dict[str, int]:
        """Count the sendings by state."""
        t = tables.delivery
        statement = select(t.c.state, func.count()).group_by(t.c.state)
        statement = statement if recipient is None else statement.where(t.c.recipient == recipient)
        return {state: int(number) for state, number in await self._connection.execute(statement)}

    async def stops(self, most: int) -> list[tuple[datetime, datetime]]:
        """Give for the newest revocations and holds when they were said, and when they were recorded."""
        t = tables.stop
        statement = select(t.c.at, t.c.recorded_at).where(t.c.kind.in_(("revocation", "hold")))
        rows = await self._connection.execute(statement.order_by(t.c.id.desc()).limit(most))
        return [(found.at, found.recorded_at) for found in rows]

    async def came(self, since: datetime) -> dict[str, dict[str, int]]:
        """Count what came by each feed since a day, by outcome."""
        t = tables.feed_count
        statement = select(t.c.feed, t.c.outcome, func.sum(t.c.count)).where(t.c.day >= since.date())
        found: dict[str, dict[str, int]] = {}
        for feed, outcome, number in await self._connection.execute(statement.group_by(t.c.feed, t.c.outcome)):
            found.setdefault(feed, {})[outcome] = int(number)
        return found

    async def emergencies(self, organization: str, before: UUID | None = None) -> list[Matter]:
        """Give the newest emergencies about participants of an organization. `state`: what is owed, with commas."""
        t = tables.emergency
        statement = select(t.c.id, t.c.at, func.array_to_string(t.c.owed, ","), t.c.participant)
        return await self._matters(statement, t, organization, before)

    async def legal(self, organization: str, before: UUID | None = None) -> list[Matter]:
        """Give the newest legal papers about participants of an organization, or about nobody yet known."""
        t = legal_request
        columns = (t.c.id, t.c.received_at, t.c.state, t.c.participant, t.c.due_at, t.c.closed_at)
        papers = select(*columns).where(t.c.kind.in_(PAPERS))
        return await self._matters(papers, t, organization, before)

    async def incidents(self, organization: str, before: UUID | None = None) -> list[Matter]:
        """Give the newest incidents about participants of an organization."""
        t = incident
        columns = (t.c.id, t.c.opened_at, t.c.kind, t.c.participant, t.c.due_at, t.c.closed_at)
        return await self._matters(select(*columns), t, organization, before)

    async def conferences(self, before: UUID | None = None) -> list[Matter]:
        """Give the newest conferences by their moment; nothing of who sat there."""
        t = conference
        statement = select(t.c.id, t.c.at, t.c.state).order_by(t.c.at.desc(), t.c.id.desc()).limit(PAGE)
        if before is not None:
            earlier = select(t.c.at).where(t.c.id == before).scalar_subquery()
            statement = statement.where(t.c.at < earlier)
        return [Matter(*found) for found in await self._connection.execute(statement)]

    async def _matters(self, statement: Select[Any], t: Any, organization: str, before: UUID | None) -> list[Matter]:
        p = tables.participant
        theirs = select(p.c.id).where(p.c.id == t.c.participant, p.c.case_management == organization).exists()
        statement = statement.where(t.c.participant.is_(None) | theirs)
        statement = statement if before is None else statement.where(t.c.id < before)
        rows = await self._connection.execute(statement.order_by(t.c.id.desc()).limit(PAGE))
        return [Matter(*found) for found in rows]


def _sendings() -> Select[Any]:
    t = tables.delivery
    names = ("id", "recipient", "state", "kind", "exchange", "attempts", "cause", "due_at", "acknowledged_at")
    return select(*(t.c[name] for name in (*names, "updated_at", "participant")))

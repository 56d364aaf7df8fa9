"""The rows behind emergencies, legal papers, conferences and incidents. What they say is sealed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import tables
from gateway.store.exchange_tables import conference, duty, incident, legal_request
from gateway.store.vault import Vault, row

SITE_KEY: Final = "affairs"
PAPERS: Final = ("subpoena", "warrant", "order")
"""The kinds of a legal paper."""
REPORT: Final = "report"
"""The kind of what stands beside them in the same table: a report of fixed form that waits for its second person."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """A disclosure under 42 CFR 2.51 as it was written down. `owed`: what is still missing, by name."""

    id: UUID
    participant: UUID
    at: datetime
    owed: tuple[str, ...]
    detail: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class LegalRequest:
    """A paper that came in, or a report to be made. `kind`: one of PAPERS, or REPORT.

    `participant` None: nobody has said whom about.
    """

    id: UUID
    kind: str
    state: str
    received_at: datetime
    due_at: datetime | None
    participant: UUID | None = None
    closed_at: datetime | None = None
    detail: dict[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Conference:
    """A meeting and what was prepared for it. `state`: prepared | printed."""

    id: UUID
    state: str
    at: datetime
    created_at: datetime
    detail: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that went wrong with somebody's information, and until when whom it concerns has to be told."""

    id: UUID
    kind: str
    participant: UUID | None
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None = None
    detail: dict[str, Any] = field(default_factory=dict, hash=False)


class Affairs:
    """The shelf of what is handled by hand, case by case."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def emergency(self, identity: UUID, *, lock: bool = False) -> Emergency | None:
        """One emergency as documented."""
        found = await self._one(tables.emergency, identity, lock=lock)
        return None if found is None else await self._emergency(found)

    async def emergencies(self, participant: UUID | None = None) -> list[Emergency]:
        """Give the emergencies on record, oldest first; of one participant, or all."""
        t = tables.emergency
        statement = select(t).order_by(t.c.id)
        statement = statement if participant is None else statement.where(t.c.participant == participant)
        return [await self._emergency(found) for found in (await self._connection.execute(statement)).all()]

    async def _emergency(self, found: Any) -> Emergency:
        detail = await self._vault.open_json(found.participant, found.sealed, table="emergency", row=row(found.id))
        return Emergency(found.id, found.participant, found.at, tuple(found.owed), detail)

    async def set_emergency(self, changed: Emergency) -> None:
        """Write what was added to an emergency."""
        sealed = await self._vault.seal(changed.participant, changed.detail, table="emergency", row=row(changed.id))
        t = tables.emergency
        values = {"sealed": sealed, "owed": list(changed.owed)}
        await self._connection.execute(update(t).where(t.c.id == changed.id).values(values))

    async def put_legal(self, paper: LegalRequest) -> None:
        """Keep a legal paper, or what was made of it; sealed under the key of whom it is about, once that is known."""
        names = ("id", "kind", "state", "received_at", "due_at", "participant", "closed_at")
        values = {name: getattr(paper, name) for name in names}
        values["sealed"] = await self._seal(paper.participant, paper.detail, "legal_request", paper.id)
        await self._upsert(legal_request, values)

    async def legal(self, identity: UUID, *, lock: bool = False) -> LegalRequest | None:
        """One legal paper."""
        found = await self._one(legal_request, identity, lock=lock)
        return None if found is None else await self._legal(found)

    async def legal_open(self, kinds: Sequence[str] = PAPERS) -> list[LegalRequest]:
        """Give the papers of these kinds that nobody has closed, oldest first."""
        t = legal_request
        statement = select(t).where(t.c.closed_at.is_(None), t.c.kind.in_(kinds)).order_by(t.c.received_at, t.c.id)
        return [await self._legal(found) for found in (await self._connection.execute(statement)).all()]

    async def _legal(self, found: Any) -> LegalRequest:
        detail = await self._open(found.participant, found.sealed, "legal_request", found.id)
        return LegalRequest(
            found.id,
            found.kind,
            found.state,
            found.received_at,
            found.due_at,
            found.participant,
            found.closed_at,
            detail,
        )

    async def put_conference(self, meeting: Conference) -> None:
        """Keep a conference, or what became of it."""
        values = {name: getattr(meeting, name) for name in ("id", "state", "at", "created_at")}
        values["sealed"] = await self._seal(None, meeting.detail, "conference", meeting.id)
        await self._upsert(conference, values)

    async def conference(self, identity: UUID, *, lock: bool = False) -> Conference | None:
        """One conference."""
        found = await self._one(conference, identity, lock=lock)
        if found is None:
            return None
        detail = await self._open(None, found.sealed, "conference", found.id)
        return Conference(found.id, found.state, found.at, found.created_at, detail)

    async def decisions(self, participants: Sequence[UUID], exchange: str) -> list[tuple[UUID, UUID, str, str]]:
        """Give the proposals of an exchange that stand, oldest first: id, participant, recipient, state."""
        t = tables.proposal
        stands = t.c.state.in_(("waiting", "approved", "released"))
        statement = select(t.c.id, t.c.participant, t.c.recipient, t.c.state).where(
            t.c.participant.in_(participants), t.c.exchange == exchange, stands
        )
        return [
            (r.id, r.participant, r.recipient, r.state)
            for r in await self._connection.execute(statement.order_by(t.c.id))
        ]

    async def put_incident(self, new: Incident) -> None:
        """Keep an incident, or what became of it."""
        names = ("id", "kind", "participant", "opened_at", "due_at", "closed_at")
        values = {name: getattr(new, name) for name in names}
        values["sealed"] = await self._seal(new.participant, new.detail, "incident", new.id)
        await self._upsert(incident, values)

    async def incident(self, identity: UUID, *, lock: bool = False) -> Incident | None:
        """One incident."""
        found = await self._one(incident, identity, lock=lock)
        return None if found is None else await self._incident(found)

    async def incidents(self, *, everything: bool = False) -> list[Incident]:
        """Give the incidents that are open, or all, the most urgent first."""
        t = incident
        statement = select(t).order_by(t.c.due_at, t.c.id)
        statement = statement if everything else statement.where(t.c.closed_at.is_(None))
        return [await self._incident(found) for found in (await self._connection.execute(statement)).all()]

    async def _incident(self, found: Any) -> Incident:
        detail = await self._open(found.participant, found.sealed, "incident", found.id)
        return Incident(found.id, found.kind, found.participant, found.opened_at, found.due_at, found.closed_at, detail)

    async def brought(self, participant: UUID, envelope: UUID) -> list[tuple[str, int]]:
        """Give the versions of items that an envelope brought to a participant; none: it is not theirs."""
        t = tables.item
        statement = select(t.c.id, t.c.version).where(t.c.participant == participant, t.c.envelope == envelope)
        return [(str(r.id), r.version) for r in await self._connection.execute(statement.order_by(t.c.id, t.c.version))]

    async def came(self, participant: UUID, envelope: UUID) -> datetime | None:
        """Say when an envelope came that is kept under a participant; None: there is none by that id."""
        t = tables.envelope
        statement = select(t.c.received_at).where(t.c.id == envelope, t.c.participant == participant)
        found: datetime | None = (await self._connection.execute(statement)).scalar_one_or_none()
        return found

    async def told(self, participant: UUID, since: datetime) -> list[tuple[UUID, datetime, str]]:
        """Give the disclosures about a participant since a moment: entry, moment, organization. Nothing is opened."""
        t = tables.ledger_entry
        statement = select(t.c.id, t.c.at, t.c.organization).where(
            t.c.participant == participant, t.c.kind == "disclosure", t.c.at >= since, t.c.organization.is_not(None)
        )
        return [(r.id, r.at, r.organization) for r in await self._connection.execute(statement.order_by(t.c.id))]

    async def was_duty(self, kind: str, reference: UUID) -> bool:
        """Say whether there has ever been a duty of a kind about a row, done or not."""
        statement = select(exists().where(duty.c.kind == kind, duty.c.reference == reference))
        return bool((await self._connection.execute(statement)).scalar_one())

    async def close_duties(self, kind: str, references: Sequence[UUID], at: datetime) -> None:
        """Close what is open of a kind about any of these rows, in one go."""
        t = duty
        statement = update(t).where(t.c.kind == kind, t.c.reference.in_(references), t.c.state == "open")
        await self._connection.execute(statement.values(state="done", done_at=at))

    async def quarantined(self, identity: UUID) -> tuple[str, str, datetime, dict[str, Any]] | None:
        """Give what waits in quarantine with its content, held: feed, reason, when it came, what it says."""
        found = await self._one(tables.quarantine, identity, lock=True)
        if found is None:
            return None
        content = await self._vault.open_json("quarantine", found.sealed, table="quarantine", row=row(found.id))
        return found.feed, found.reason, found.received_at, content

    async def leave_quarantine(self, identity: UUID) -> None:
        """Take something out of quarantine; what becomes of it is the caller's."""
        await self._connection.execute(delete(tables.quarantine).where(tables.quarantine.c.id == identity))

    async def _one(self, table: Any, identity: UUID, *, lock: bool) -> Any:
        statement = select(table).where(table.c.id == identity)
        return (await self._connection.execute(statement.with_for_update() if lock else statement)).one_or_none()

    async def _upsert(self, table: Any, values: dict[str, Any]) -> None:
        statement = insert(table).values(values)
        changed = {name: statement.excluded[name] for name in values if name != "id"}
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))

    async def _seal(self, owner: UUID | None, detail: dict[str, Any], table: str, identity: UUID) -> bytes:
        return await self._vault.seal(owner or SITE_KEY, detail, table=table, row=row(identity))

    async def _open(self, owner: UUID | None, sealed: bytes, table: str, identity: UUID) -> dict[str, Any]:
        return await self._vault.open_json(owner or SITE_KEY, sealed, table=table, row=row(identity))

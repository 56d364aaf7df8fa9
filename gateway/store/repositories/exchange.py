"""Questions, proposals and deliveries: the work in hand between a question and its one answer."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from consent.codes import Purpose
from gateway.store import tables
from gateway.store.values import StoredDelivery, StoredProposal, StoredQuestion
from gateway.store.vault import Vault, row

_DELIVERY: Final = (
    "id",
    "participant",
    "question",
    "proposal",
    "recipient",
    "state",
    "attempts",
    "entry",
    "cause",
    "due_at",
    "late",
    "kind",
    "exchange",
    "expires_at",
    "acknowledged_at",
)


class Questions:
    """What partners asked. The description of the person is dropped as soon as it has been considered."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def add(self, question: StoredQuestion) -> None:
        """Keep a question as it was asked. Costs the same for a stranger and for a participant."""
        values = {
            "id": question.id,
            "requester": question.requester,
            "participant": question.participant,
            "state": question.state,
            "sealed": await self._seal(question),
            "received_at": question.received_at,
            "due_at": question.due_at,
        }
        await self._connection.execute(insert(tables.question).values(values))

    async def _seal(self, question: StoredQuestion) -> bytes:
        content = {
            "purpose": question.purpose.value,
            "person_name": question.person_name,
            "person_role": question.person_role,
            "attested": question.attested,
            "about": question.about,
        }
        return await self._vault.seal("questions", content, table="question", row=row(question.id))

    async def get(self, identity: UUID, *, lock: bool = False) -> StoredQuestion | None:
        """One question; `lock` keeps others from changing it until the transaction ends."""
        statement = select(tables.question).where(tables.question.c.id == identity)
        found = (await self._connection.execute(statement.with_for_update() if lock else statement)).one_or_none()
        return None if found is None else await self._open(found)

    async def _open(self, found: Any) -> StoredQuestion:
        content = await self._vault.open_json("questions", found.sealed, table="question", row=row(found.id))
        return StoredQuestion(
            found.id,
            found.requester,
            found.participant,
            found.state,
            Purpose(content["purpose"]),
            content["person_name"],
            content["person_role"],
            content["attested"],
            content["about"],
            found.received_at,
            found.due_at,
        )

    async def considered(self, question: StoredQuestion) -> None:
        """Record whom a question is about, or nobody, and that its description is gone."""
        values = {"participant": question.participant, "state": question.state, "sealed": await self._seal(question)}
        await self._connection.execute(
            update(tables.question).where(tables.question.c.id == question.id).values(values)
        )

    async def answered(self, identity: UUID) -> None:
        """Record that the one answer has gone."""
        statement = update(tables.question).where(tables.question.c.id == identity).values(state="answered")
        await self._connection.execute(statement)


class Proposals:
    """Clearances that wait for a person, sealed under the participant's key."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def add(self, proposal: StoredProposal) -> None:
        """Keep a proposal with the exact content that a person will see."""
        content = {"clearance": proposal.clearance, "request": proposal.request, "why": None}
        values = {
            "id": proposal.id,
            "participant": proposal.participant,
            "question": proposal.question,
            "recipient": proposal.recipient,
            "case_management": proposal.case_management,
            "exchange": proposal.exchange,
            "state": proposal.state,
            "digest": proposal.digest,
            "sealed": await self._vault.seal(proposal.participant, content, table="proposal", row=row(proposal.id)),
            "created_at": proposal.created_at,
        }
        await self._connection.execute(insert(tables.proposal).values(values))

    async def get(self, identity: UUID, *, lock: bool = False) -> StoredProposal | None:
        """One proposal."""
        statement = select(tables.proposal).where(tables.proposal.c.id == identity)
        found = (await self._connection.execute(statement.with_for_update() if lock else statement)).one_or_none()
        return None if found is None else await self._open(found)

    async def for_question(self, question: UUID) -> list[StoredProposal]:
        """Give the proposals made for one question, oldest first."""
        statement = select(tables.proposal).where(tables.proposal.c.question == question).order_by(tables.proposal.c.id)
        return [await self._open(found) for found in (await self._connection.execute(statement)).all()]

    async def waiting(self, case_management: str | None = None) -> list[StoredProposal]:
        """Give what waits for a person, oldest first."""
        t = tables.proposal
        statement = select(t).where(t.c.state == "waiting").order_by(t.c.id)
        if case_management is not None:
            statement = statement.where(t.c.case_management == case_management)
        return [await self._open(found) for found in (await self._connection.execute(statement)).all()]

    async def _open(self, found: Any) -> StoredProposal:
        content = await self._vault.open_json(found.participant, found.sealed, table="proposal", row=row(found.id))
        return StoredProposal(
            found.id,
            found.participant,
            found.question,
            found.recipient,
            found.case_management,
            found.state,
            found.digest,
            content["clearance"],
            content["request"],
            content["why"],
            found.created_at,
            found.decided_at,
            found.exchange,
        )

    async def decide(self, proposal: StoredProposal, state: str, why: str | None, at: datetime) -> None:
        """Record what a person, or a stop, made of it."""
        content = {"clearance": proposal.clearance, "request": proposal.request, "why": why}
        sealed = await self._vault.seal(proposal.participant, content, table="proposal", row=row(proposal.id))
        values = {"state": state, "sealed": sealed, "decided_at": at}
        await self._connection.execute(
            update(tables.proposal).where(tables.proposal.c.id == proposal.id).values(values)
        )

    async def end(self, identity: UUID, state: str, at: datetime) -> None:
        """Record what became of an approved proposal, without opening it. One that is not approved stays as it is."""
        t = tables.proposal
        statement = update(t).where(t.c.id == identity, t.c.state == "approved")
        await self._connection.execute(statement.values(state=state, decided_at=at))


class Deliveries:
    """Sendings. Their state changes only through `gateway.delivery.move`."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def add(self, delivery: StoredDelivery, at: datetime) -> None:
        """Put a sending on the list. A request that it carries is sealed under its participant's key."""
        values = {name: getattr(delivery, name) for name in _DELIVERY}
        if delivery.request is not None and delivery.participant is not None:
            place = row(delivery.id)
            values["sealed"] = await self._vault.seal(
                delivery.participant, delivery.request, table="delivery", row=place
            )
        await self._connection.execute(insert(tables.delivery).values(**values, updated_at=at))

    async def request(self, delivery: StoredDelivery) -> dict[str, Any] | None:
        """Give the request that a sending carries by itself."""
        statement = select(tables.delivery.c.sealed).where(tables.delivery.c.id == delivery.id)
        sealed = (await self._connection.execute(statement)).scalar_one_or_none()
        if sealed is None or delivery.participant is None:
            return None
        return await self._vault.open_json(delivery.participant, sealed, table="delivery", row=row(delivery.id))

    async def get(self, identity: UUID, *, lock: bool = False) -> StoredDelivery | None:
        """One sending."""
        statement = select(tables.delivery).where(tables.delivery.c.id == identity)
        found = (await self._connection.execute(statement.with_for_update() if lock else statement)).one_or_none()
        return None if found is None else _delivery(found)

    async def queued_for(self, participant: UUID) -> list[StoredDelivery]:
        """Give the sendings about a participant that wait for their time, oldest first, locked."""
        t = tables.delivery
        statement = select(t).where(t.c.participant == participant, t.c.state == "queued").order_by(t.c.id)
        return [_delivery(found) for found in await self._connection.execute(statement.with_for_update())]

    async def for_question(self, question: UUID) -> list[StoredDelivery]:
        """Give the sendings that one question led to, oldest first."""
        t = tables.delivery
        statement = select(t).where(t.c.question == question).order_by(t.c.id)
        return [_delivery(found) for found in await self._connection.execute(statement)]

    async def set_state(self, delivery: StoredDelivery, at: datetime) -> None:
        """Write what `gateway.delivery.move` has worked out; nobody else calls this (tests/architecture)."""
        t = tables.delivery
        names = ("participant", "proposal", "state", "attempts", "entry", "cause", "due_at", "acknowledged_at")
        values = {name: getattr(delivery, name) for name in names}
        await self._connection.execute(update(t).where(t.c.id == delivery.id).values(**values, updated_at=at))

    async def counts(self) -> dict[str, int]:
        """How many sendings are in each state."""
        t = tables.delivery
        rows = await self._connection.execute(select(t.c.state, func.count()).group_by(t.c.state))
        return dict(rows.tuples())


def new_id() -> UUID:
    """Give a UUIDv7: sorts by the moment it was made (RFC 9562)."""
    return uuid7()


def _delivery(found: Any) -> StoredDelivery:
    """Read a row; the request that it may carry stays sealed, see `Deliveries.request`."""
    return StoredDelivery(**{name: getattr(found, name) for name in _DELIVERY})

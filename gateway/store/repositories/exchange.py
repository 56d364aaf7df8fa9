"""Questions and proposals: the work in hand between a question and its one answer. Sendings: `deliveries`."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from consent.codes import Purpose
from gateway.store import tables
from gateway.store.values import StoredProposal, StoredQuestion
from gateway.store.vault import UNREADABLE, Vault, row

_ORPHANS = text(
    "SELECT q.id FROM question q WHERE q.state = 'received' AND q.received_at <= :received_before"
    " AND q.id::text NOT IN (SELECT j.args ->> 'question' FROM procrastinate_jobs j WHERE j.task_name = 'consider'"
    " AND j.status IN ('todo', 'doing') AND j.args ->> 'question' IS NOT NULL)"
    " ORDER BY q.received_at, q.id LIMIT :limit"
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

    async def once(self, organization: str, name: str) -> UUID:
        """Give the id of what an organization asks once under a name of its own, alone until the transaction ends."""
        token = await self._vault.token("question", f"{organization}|{name}")
        statement = select(func.pg_advisory_xact_lock(int.from_bytes(token[:8], signed=True)))
        await self._connection.execute(statement)
        return UUID(bytes=token)

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

    async def orphans(self, received_before: datetime, limit: int = 1000) -> list[UUID]:
        """Give the questions, oldest first, that nobody has considered and no living job will."""
        found = await self._connection.execute(_ORPHANS, {"received_before": received_before, "limit": limit})
        return list(found.scalars())

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
        await self.add_all([proposal])

    async def add_all(self, proposals: Sequence[StoredProposal]) -> None:
        """Keep several proposals, in one go."""
        if proposals:
            await self._connection.execute(insert(tables.proposal), [await self._values(each) for each in proposals])

    async def _values(self, proposal: StoredProposal) -> dict[str, Any]:
        return {
            "id": proposal.id,
            "participant": proposal.participant,
            "question": proposal.question,
            "recipient": proposal.recipient,
            "case_management": proposal.case_management,
            "exchange": proposal.exchange,
            "state": proposal.state,
            "digest": proposal.digest,
            "sealed": await self._seal(proposal),
            "created_at": proposal.created_at,
        }

    async def _seal(self, proposal: StoredProposal) -> bytes:
        content = {
            "clearance": proposal.clearance,
            "request": proposal.request,
            "why": proposal.why,
            "by": proposal.by,
            "standing": None if proposal.standing is None else str(proposal.standing),
            "instead_of": None if proposal.instead_of is None else str(proposal.instead_of),
        }
        return await self._vault.seal(proposal.participant, content, table="proposal", row=row(proposal.id))

    async def get(self, identity: UUID, *, lock: bool = False) -> StoredProposal | None:
        """One proposal."""
        statement = select(tables.proposal).where(tables.proposal.c.id == identity)
        found = (await self._connection.execute(statement.with_for_update() if lock else statement)).one_or_none()
        return None if found is None else await self._open(found)

    async def people(self, identities: Sequence[UUID]) -> list[UUID]:
        """Give whom these proposals are about, each once. Nothing is opened."""
        t = tables.proposal
        statement = select(t.c.participant).where(t.c.id.in_(identities)).distinct().order_by(t.c.participant)
        return list((await self._connection.execute(statement)).scalars())

    async def among(self, identities: Sequence[UUID]) -> list[StoredProposal]:
        """Give these proposals, oldest first, locked."""
        t = tables.proposal
        statement = select(t).where(t.c.id.in_(identities)).order_by(t.c.id).with_for_update()
        return [await self._open(found) for found in (await self._connection.execute(statement)).all()]

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

    async def waiting_page(
        self, case_management: str, *, after: UUID | None = None, limit: int = 50
    ) -> tuple[list[StoredProposal], UUID | None]:
        """Give what waits at an organization, oldest first, `limit` rows from `after` on, and where the next begin.

        None: there are no more. What cannot be read is left out.
        """
        t = tables.proposal
        chosen = select(t).where(t.c.state == "waiting", t.c.case_management == case_management)
        chosen = chosen if after is None else chosen.where(t.c.id > after)
        rows = (await self._connection.execute(chosen.order_by(t.c.id).limit(limit))).all()
        found = []
        for each in rows:
            with suppress(*UNREADABLE):
                found.append(await self._open(each))
        return found, rows[-1].id if len(rows) == limit else None

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
            content.get("by"),
            _uuid(content.get("standing")),
            _uuid(content.get("instead_of")),
        )

    async def decide(self, proposal: StoredProposal, state: str, why: str | None, at: datetime) -> None:
        """Record what a person, or a stop, made of it. `by` and `standing` are kept as the proposal has them."""
        values = {"state": state, "sealed": await self._seal(replace(proposal, why=why)), "decided_at": at}
        await self._connection.execute(
            update(tables.proposal).where(tables.proposal.c.id == proposal.id).values(values)
        )

    async def approve_all(self, proposals: Sequence[StoredProposal], at: datetime) -> None:
        """Record that these were approved, in one go; `by` is kept as each has it."""
        t = tables.proposal
        rows = [{"which": each.id, "words": await self._seal(each)} for each in proposals]
        statement = update(t).where(t.c.id == bindparam("which"))
        if rows:
            values = {"state": "approved", "sealed": bindparam("words"), "decided_at": at}
            await self._connection.execute(statement.values(values), rows)

    async def released(self, identities: Sequence[UUID], at: datetime) -> None:
        """Record that these approved proposals have gone."""
        t = tables.proposal
        statement = update(t).where(t.c.id.in_(identities), t.c.state == "approved")
        await self._connection.execute(statement.values(state="released", decided_at=at))

    async def end(self, identity: UUID, state: str, at: datetime) -> None:
        """Record what became of an approved proposal, without opening it. One that is not approved stays as it is."""
        t = tables.proposal
        statement = update(t).where(t.c.id == identity, t.c.state == "approved")
        await self._connection.execute(statement.values(state=state, decided_at=at))

    async def hold(self, identity: UUID) -> None:
        """Keep others from deciding a proposal until the transaction ends, without opening it."""
        await self._connection.execute(
            select(tables.proposal.c.id).where(tables.proposal.c.id == identity).with_for_update()
        )

    async def lapse(self, identity: UUID, at: datetime) -> None:
        """Record that the time for a proposal has passed. One that a person has declined stays as it is."""
        t = tables.proposal
        statement = update(t).where(t.c.id == identity, t.c.state.in_(("waiting", "approved")))
        await self._connection.execute(statement.values(state="withdrawn", decided_at=at))


def new_id() -> UUID:
    """Give a UUIDv7: sorts by the moment it was made (RFC 9562)."""
    return uuid7()


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)

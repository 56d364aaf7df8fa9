"""Reading inside one's own organization: not gated by consent, always recorded (design.md 3, "Who is inside")."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson

from consent.accounting import Accounting, View
from consent.codes import JUSTICE_KINDS, Category
from consent.model import Item, Organization
from gateway import ledger
from gateway.accounts import account_for
from gateway.deciding import decidable, may_any
from gateway.delegating import Staff
from gateway.duties import DutyError
from gateway.explaining import Explanation, explain
from gateway.store.repositories.approvals import StandingApproval
from gateway.store.repositories.duties import Duty
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry, ParticipantRecord, StoredProposal

_FROM_JUSTICE: Final = frozenset({Category.CUSTODY, Category.LEGAL_STATUS})


def inside(record: Iterable[Item], own: str | None, organizations: Mapping[str, Organization]) -> tuple[Item, ...]:
    """Give of a record what an organization may read as a Use: its own, and what justice told of jail and court.

    Whatever else is on record was made by others: showing it, or that it is there, would be a disclosure. `own` None:
    nobody's, so nothing.
    """
    justice = {name for name, known in organizations.items() if known.kind in JUSTICE_KINDS}
    return tuple(
        item
        for item in record
        if own is not None and (item.source == own or (item.source in justice and item.category in _FROM_JUSTICE))
    )


async def read_custody(store: Store, participant: UUID, *, staff: str, at: datetime) -> tuple[Item, ...]:
    """Give what a jail has said about a participant, for that participant's own case-management organization."""
    async with store.unit_of_work() as uow:
        known = await uow.participants.get(participant)
        gone = frozenset(envelope for _, envelope in await uow.matters.unlinked(participant))
        record = await uow.record.items(participant, without=gone)
        items = tuple(i for i in record if i.category is Category.CUSTODY)
        organization = None if known is None else known[0].case_management
        await _record(uow, participant, organization, staff, [i.id for i in items], at)
        await uow.commit()
    return items


async def read_waiting(store: Store, *, staff: str, at: datetime) -> list[dict[str, Any]]:
    """Give the proposals that wait, with exactly the content that would leave."""
    async with store.unit_of_work() as uow:
        waiting = await uow.proposals.waiting()
        for proposal in waiting:
            await _record(uow, proposal.participant, proposal.case_management, staff, [str(proposal.id)], at)
        await uow.commit()
    return [_shown(proposal) for proposal in waiting]


async def read_decidable(
    store: Store, who: Sequence[Staff], *, after: UUID | None = None, at: datetime
) -> list[tuple[StoredProposal, ParticipantRecord]]:
    """Give a page of what waits for somebody's decision, oldest first, each with whom it is about."""
    async with store.unit_of_work() as uow:
        found = [
            (each, await uow.participants.get(each.participant))
            for each in await decidable(uow, who, at=at, after=after)
        ]
        shown = [(each, known[0]) for each, known in found if known is not None]
        for each, known in shown:
            await _record(uow, each.participant, known.case_management, who[0].id, [str(each.id)], at)
        await uow.commit()
    return shown


async def read_proposal(store: Store, identity: UUID, who: Sequence[Staff], *, at: datetime) -> StoredProposal | None:
    """Give one proposal, decided or not, with exactly what would leave; None where nobody of these may decide it."""
    async with store.unit_of_work() as uow:
        found = await uow.proposals.get(identity)
        if found is None or not await may_any(uow, found, who, at):
            return None
        await _record(uow, found.participant, found.case_management, who[0].id, [str(identity)], at)
        await uow.commit()
    return found


async def read_standing(store: Store, *, staff: str, at: datetime) -> list[dict[str, Any]]:
    """Give the standing approvals in force, newest first."""
    async with store.unit_of_work() as uow:
        known = [each for each in await uow.approvals.standing_of() if each.in_force(at)]
        for each in known:
            await _look(uow, each.participant, staff, [str(each.id)], at)
        await uow.commit()
    return [
        {
            "id": str(each.id),
            "participant": str(each.participant),
            "exchange": each.exchange,
            "recipient": each.recipient,
            "categories": sorted(category.value for category in each.categories),
            "by": each.by,
            "ends_at": each.ends_at.isoformat(),
        }
        for each in known
    ]


async def read_routines(
    store: Store, seen: Iterable[StandingApproval], *, staff: str, organization: str, at: datetime
) -> None:
    """Record that somebody was shown these standing approvals."""
    async with store.unit_of_work() as uow:
        for each in seen:
            await _record(uow, each.participant, organization, staff, [str(each.id)], at)
        await uow.commit()


async def read_duty(store: Store, identity: UUID, *, staff: str, at: datetime) -> Duty:
    """Give one duty with whom and what it is about. Raises DutyError where there is none by that id."""
    async with store.unit_of_work() as uow:
        found = await uow.duties.get(identity)
        if found is None:
            raise DutyError("`ID`: names no duty")
        await _record(uow, found.participant, found.organization, staff, [str(found.id)], at)
        await uow.commit()
    return found


async def read_ledger(store: Store, participant: UUID, *, staff: str, at: datetime) -> list[LedgerEntry]:
    """Give everything that the ledger says about a participant, oldest first, this look not yet among it."""
    async with store.unit_of_work() as uow:
        entries = await uow.accounting.of(participant)
        await _look(uow, participant, staff, ["ledger"], at)
        await uow.commit()
    return entries


async def read_accounting(
    store: Store, participant: UUID, view: View, received: date, *, staff: str, at: datetime
) -> Accounting:
    """Give an accounting about a participant (gateway.accounts), as of the day on which it was asked for."""
    async with store.unit_of_work() as uow:
        found = await account_for(uow, participant, view, received)
        await _look(uow, participant, staff, [view.value], at)
        await uow.commit()
    return found


async def read_entry(store: Store, identity: UUID, *, staff: str, organization: str, at: datetime) -> str:
    """Give what one entry of the ledger says, as JSON to read. Raises LookupError where there is none by that id."""
    async with store.unit_of_work() as uow:
        found = await uow.accounting.get(identity)
        if found is None:
            raise LookupError("`entry`: there is none by that id")
        await _record(uow, found.participant, organization, staff, [str(identity)], at)
        await uow.commit()
    return orjson.dumps(found.content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()


async def record_matters(
    store: Store, seen: Iterable[UUID], *, read: str, staff: str, organization: str, at: datetime
) -> None:
    """Record that somebody was shown by name whom these matters (an emergency, a legal paper...) are about."""
    async with store.unit_of_work() as uow:
        for participant in sorted(set(seen)):
            await _record(uow, participant, organization, staff, [read], at)
        await uow.commit()


async def read_explanation(store: Store, identity: UUID, *, staff: str, at: datetime) -> Explanation:
    """Explain a decision (gateway.explaining) to a person of the participant's own organization."""
    found = await explain(store, identity)
    if found.entry.participant is not None:
        async with store.unit_of_work() as uow:
            await _look(uow, found.entry.participant, staff, [str(found.entry.id)], at)
            await uow.commit()
    return found


async def _look(uow: UnitOfWork, participant: UUID, staff: str, read: list[str], at: datetime) -> None:
    known = await uow.participants.get(participant)
    await _record(uow, participant, None if known is None else known[0].case_management, staff, read, at)


def _shown(proposal: StoredProposal) -> dict[str, Any]:
    return {
        "id": str(proposal.id),
        "question": None if proposal.question is None else str(proposal.question),
        "participant": str(proposal.participant),
        "recipient": proposal.recipient,
        "purpose": proposal.clearance["purpose"],
        "items": len(proposal.clearance["items"]),
        "digest": proposal.digest,
        "clearance": proposal.clearance,
        "created_at": proposal.created_at.isoformat(),
    }


async def _record(
    uow: UnitOfWork, participant: UUID | None, organization: str | None, staff: str, read: list[str], at: datetime
) -> None:
    content = {"staff": staff, "read": read}
    await ledger.append(uow, "use", at=at, content=content, participant=participant, organization=organization)


async def seen(
    uow: UnitOfWork, participants: Sequence[UUID], organization: str, staff: str, what: str, at: datetime
) -> None:
    """Record inside the caller's transaction that somebody read something about participants of their organization."""
    content = {"staff": staff, "read": [what]}
    await ledger.append_all(
        uow,
        [
            ledger.entry("use", at=at, content=content, participant=each, organization=organization)
            for each in participants
        ],
    )

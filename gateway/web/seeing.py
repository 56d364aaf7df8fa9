"""Which participants a member of staff may look at: one function, asked by every page (design.md 3, who is inside)."""

from datetime import datetime
from uuid import UUID

from gateway.delegating import OVERSEERS, delegators
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import ParticipantRecord
from gateway.store.vault import UNREADABLE
from gateway.web.guard import NotForYouError
from gateway.web.roles import Role
from gateway.web.sessions import Visit


async def visible_participant(uow: UnitOfWork, visit: Visit, identity: UUID, at: datetime) -> ParticipantRecord:
    """Give a participant whom this person may read about: at their own organization, and theirs or their team's.

    Raises NotForYouError: not there, not theirs, or not readable look the same.
    """
    try:
        known = await uow.participants.get(identity)
    except UNREADABLE:
        raise NotForYouError from None
    if known is None or not await may_see(uow, visit, known[0], at):
        raise NotForYouError
    return known[0]


async def may_see(uow: UnitOfWork, visit: Visit, record: ParticipantRecord, at: datetime) -> bool:
    """Say whether somebody may read about a participant: a case manager their own and those delegated to them.

    Where no case manager is named, any of the organization may. Project manager, auditor and defender never.
    """
    if record.case_management != visit.session.organization:
        return False
    if visit.roles & {Role(name) for name in OVERSEERS}:
        return True
    if Role.CASE_MANAGER not in visit.roles:
        return False
    mine = visit.session.staff
    if record.case_manager in {None, mine}:
        return True
    return record.case_manager in await delegators(uow, record.case_management, mine, at)


def full_name(record: ParticipantRecord) -> str:
    """Write a participant's name."""
    return " ".join((*record.name.given, record.name.family))

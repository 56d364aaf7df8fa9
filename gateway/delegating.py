"""Who decides for whom: a person's own approvals, those of a colleague who has delegated them, those of the house."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from gateway import ledger
from gateway.duties import holder
from gateway.store.repositories.approvals import Delegation
from gateway.store.repositories.duties import Duty
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import StoredProposal

LONGEST: Final = timedelta(days=90)
OVERSEERS: Final = frozenset({"supervisor", "privacy-officer"})


class DelegationError(ValueError):
    """A delegation cannot be made or ended so. Names the field and the rule."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff as signed in: id, role, organization (design.md 7)."""

    id: str
    role: str
    organization: str


async def delegate(store: Store, new: Delegation, *, by: str, at: datetime) -> None:
    """Put one person's approvals into another's hands, from and until, on the ledger with who arranged it.

    Raises DelegationError: an organization that nobody knows, a blank name, to oneself, an end that is past, before its
    start or more than 90 days after it. What was delegated to somebody cannot be passed on by them.
    """
    if not new.from_staff.strip() or not new.to_staff.strip() or new.from_staff == new.to_staff:
        raise DelegationError("`FROM`, `TO`: must be the names of two people")
    if not max(at, new.starts_at) < new.ends_at <= new.starts_at + LONGEST:
        raise DelegationError(f"`--until`: must be in the future and at most {LONGEST.days} days after the start")
    async with store.unit_of_work() as uow:
        if new.organization not in await uow.registry.organizations():
            raise DelegationError("`--organization`: names no organization of this site")
        await uow.approvals.add_delegation(new)
        await _account(uow, "delegation", new, by, at)
        await uow.commit()


async def end_delegation(store: Store, identity: UUID, *, by: str, at: datetime) -> None:
    """End a delegation at once. Raises DelegationError where there is none that goes on."""
    async with store.unit_of_work() as uow:
        ended = await uow.approvals.end_delegation(identity, at)
        if ended is None:
            raise DelegationError("`ID`: names no delegation that goes on")
        await _account(uow, "delegation-ended", ended, by, at)
        await uow.commit()


def delegation(organization: str, from_staff: str, to_staff: str, starts_at: datetime, ends_at: datetime) -> Delegation:
    """Name a new delegation."""
    return Delegation(new_id(), organization, from_staff, to_staff, starts_at, ends_at)


async def _account(uow: UnitOfWork, kind: str, about: Delegation, by: str, at: datetime) -> None:
    content = {
        "delegation": str(about.id),
        "from": about.from_staff,
        "to": about.to_staff,
        "starts_at": about.starts_at.isoformat(),
        "ends_at": about.ends_at.isoformat(),
        "by": by,
    }
    await ledger.append(uow, kind, at=at, content=content, organization=about.organization)


async def delegators(uow: UnitOfWork, organization: str, staff: str, at: datetime) -> frozenset[str]:
    """Name those at an organization whose approvals are in this person's hands now."""
    known = await uow.approvals.delegations(organization)
    return frozenset(each.from_staff for each in known if each.to_staff == staff and each.in_force(at))


async def in_place_of(uow: UnitOfWork, proposal: StoredProposal, *, by: str, at: datetime) -> str | None:
    """Name the case manager in whose place somebody decides a proposal; None: they do so in their own name."""
    known = await uow.participants.get(proposal.participant)
    case_manager = None if known is None else known[0].case_manager
    if case_manager is None or case_manager == by:
        return None
    return case_manager if case_manager in await delegators(uow, proposal.case_management, by, at) else None


async def may_decide(uow: UnitOfWork, proposal: StoredProposal, staff: Staff, at: datetime) -> bool:
    """Say whether a signed-in member of staff may decide a proposal.

    Only at the participant's own case management: the case manager, whoever has their approvals for now, any case
    manager where none is named, a supervisor, a privacy officer. The command line is not asked: design.md 7.
    """
    known = await uow.participants.get(proposal.participant)
    if known is None or staff.organization != proposal.case_management:
        return False
    if staff.role in OVERSEERS:
        return True
    case_manager = known[0].case_manager
    own = case_manager is None or case_manager == staff.id
    return staff.role == "case-manager" and (own or await in_place_of(uow, proposal, by=staff.id, at=at) is not None)


async def duties_of(uow: UnitOfWork, staff: Staff, at: datetime) -> list[Duty]:
    """Give what waits for a member of staff, oldest first: their role's, less what is assigned to somebody else.

    What is assigned to a colleague who has delegated to them is theirs, too.
    """
    names = {staff.id, None, *await delegators(uow, staff.organization, staff.id, at)}
    waiting = await uow.duties.open(organization=staff.organization)
    return [duty for duty in waiting if holder(duty) == staff.role and duty.assignee in names]

"""Today: what waits for me, oldest first, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from gateway import ledger
from gateway.delegating import duties_of
from gateway.duties import KINDS, DutyError, acknowledge
from gateway.store.repositories.duties import Duty
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.vault import UNREADABLE
from gateway.web.guard import NotForYouError, for_roles, program_of
from gateway.web.rendering import page, see_other
from gateway.web.roles import EVERYBODY, roles_of, staff_of
from gateway.web.seeing import full_name, may_see
from gateway.web.sessions import Visit
from gateway.web.site import zone_of

router = APIRouter()

TITLES: Final[Mapping[str, str]] = {
    "approval": "Approve what would be shared",
    "custody-alert": "Booked into jail, or let out",
    "intake-deadline": "Intake is due",
    "consent-expiring": "A release of information runs out",
    "consent-unverified": "Check a release that came in",
    "emergency-undocumented": "Write down an emergency disclosure",
    "emergency-review": "Review an emergency disclosure",
    "legal-request": "Legal papers to look at",
    "incident": "An incident with a deadline",
    "defender-alert": "An arrest or filing after something was shared",
    "enforcement-review": "Look at enforcement after a disclosure",
    "dead-letter": "A delivery has failed for good",
    "case-status": "Something happened in a court case",
    "not-sent": "What was approved did not leave",
    "end-unacknowledged": "A partner has not confirmed that sharing ended",
    "consent-stopped": "A release was stopped",
    "match-review": "Is this the same person?",
    "accounting-request": "Somebody asks what was shared about them",
    "feed-silent": "A feed has fallen silent",
    "feed-malformed": "A feed sends what cannot be read",
}
"""Every kind of duty in words that need no training; tests hold it against gateway.duties.KINDS."""

PAGES: Final[Mapping[str, str]] = {
    "approval": "/console/approvals/{reference}",
    "emergency-undocumented": "/console/emergencies/{reference}",
    "emergency-review": "/console/emergencies/{reference}",
    "legal-request": "/console/legal/{reference}",
    "incident": "/console/incidents/{reference}",
    "match-review": "/console/matches/{reference}",
    "dead-letter": "/console/exchanges/deliveries/{reference}",
    "accounting-request": "/console/participants/{participant}/told",
}
"""Where a duty is done. One that is not here is done by taking note of it, beside a look at the participant."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the page. `name`: whom it is about, or None where this role does not learn that."""

    duty: Duty
    title: str
    name: str | None
    link: str | None
    noted: bool
    late: bool


@router.get("/console/today", response_model=None)
async def today(request: Request, visit: Annotated[Visit, Depends(for_roles(EVERYBODY))]) -> Response:
    """Show what waits."""
    program = program_of(request)
    waiting = await read_today(program.store, visit, program.now())
    return page(request, "today.html", visit, waiting=waiting, zone=await zone_of(program.store))


@router.post("/console/today/{identity}/noted", response_model=None)
async def noted(request: Request, identity: UUID, visit: Annotated[Visit, Depends(for_roles(EVERYBODY))]) -> Response:
    """Take note of a duty that asks for no more."""
    program, at = program_of(request), program_of(request).now()
    if identity not in {each.duty.id for each in await _mine(program.store, visit, at)}:
        raise NotForYouError
    try:
        await acknowledge(program.store, identity, by=visit.session.staff, at=at)
    except DutyError:
        raise NotForYouError from None
    return see_other(request, "/console/today")


async def _mine(store: Store, visit: Visit, at: datetime) -> list[Waiting]:
    async with store.unit_of_work() as uow:
        return [await _waiting(uow, duty, visit, at) for duty in await _duties(uow, visit, at)]


async def read_today(store: Store, visit: Visit, at: datetime) -> list[Waiting]:
    """Give what waits for somebody in any of their roles, oldest first; that they saw the names is a Use."""
    async with store.unit_of_work() as uow:
        found = [await _waiting(uow, duty, visit, at) for duty in await _duties(uow, visit, at)]
        seen = {each.duty.participant for each in found if each.name is not None and each.duty.participant}
        for participant in sorted(seen):
            content = {"staff": visit.session.staff, "read": ["today"]}
            organization = visit.session.organization
            await ledger.append(uow, "use", at=at, content=content, participant=participant, organization=organization)
        await uow.commit()
    return found


async def _duties(uow: UnitOfWork, visit: Visit, at: datetime) -> list[Duty]:
    found: dict[UUID, Duty] = {}
    for role in sorted(roles_of(visit.session.roles)):
        found |= {duty.id: duty for duty in await duties_of(uow, staff_of(visit.session, role), at)}
    return sorted(found.values(), key=lambda duty: (duty.created_at, duty.id))


async def _waiting(uow: UnitOfWork, duty: Duty, visit: Visit, at: datetime) -> Waiting:
    link = PAGES.get(duty.kind)
    place = None if link is None else link.format(reference=duty.reference, participant=duty.participant)
    late = duty.due_at is not None and duty.due_at < at
    name = await _name(uow, duty, visit, at)
    return Waiting(duty, TITLES[duty.kind], name, place, KINDS[duty.kind].acknowledged, late)


async def _name(uow: UnitOfWork, duty: Duty, visit: Visit, at: datetime) -> str | None:
    """Give the participant's name to whoever may read about the participant (gateway.web.seeing), to nobody else."""
    if duty.participant is None:
        return None
    try:
        known = await uow.participants.get(duty.participant)
    except UNREADABLE:
        return None
    if known is None or not await may_see(uow, visit, known[0], at):
        return None
    return full_name(known[0])

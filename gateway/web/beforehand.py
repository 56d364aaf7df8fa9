"""Without being asked each time: routines approved beforehand, and who decides for whom while somebody is away."""

from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from consent.codes import Category
from gateway import delegating, standing
from gateway.delegating import OVERSEERS, DelegationError
from gateway.program import Program
from gateway.standing import StandingError
from gateway.store.repositories.approvals import Delegation, StandingApproval
from gateway.use import read_proposal, read_routines
from gateway.web import vocabulary
from gateway.web.approvals import PATH, who
from gateway.web.guard import NotForYouError, for_roles, form_of, program_of
from gateway.web.refusals import refusal
from gateway.web.rendering import page, see_other
from gateway.web.roles import CASEWORK
from gateway.web.seeing import full_name, may_see
from gateway.web.sessions import Visit
from gateway.web.site import zone_of

router = APIRouter()

STANDING: Final = f"{PATH}/standing"
DELEGATIONS: Final = f"{PATH}/delegations"
_UNTIL: Final = {"until": ("until", "Until"), "proposal": ("proposal", "This routine"), "id": ("standing", "Routine")}
_NAMES: Final = {
    "from": ("from_staff", "From and to"),
    "until": ("until", "Last day"),
    "organization": ("from_staff", "Organization"),
    "id": ("from_staff", "Delegation"),
}

Visiting = Annotated[Visit, Depends(for_roles(CASEWORK))]


@router.get(STANDING, response_model=None)
async def routines(request: Request, visit: Visiting) -> Response:
    """Show what is approved beforehand about participants whom this person may see."""
    return await _routines(request, visit, {})


@router.post(f"{STANDING}/{{identity}}/end", response_model=None)
async def end_routine(request: Request, identity: UUID, visit: Visiting) -> Response:
    """End a routine at once: nothing it approved, and that has not left, leaves any more."""
    program, at = program_of(request), program_of(request).now()
    await _own_routine(program, visit, identity, at)
    try:
        await standing.end_one(program.store, identity, by=visit.session.staff, at=at)
    except StandingError as error:
        return await _routines(request, visit, refusal(error, _UNTIL, "standing"))
    return see_other(request, STANDING)


@router.get(f"{STANDING}/from/{{identity}}", response_model=None)
async def ask_routine(request: Request, identity: UUID, visit: Visiting) -> Response:
    """Ask until when what this proposal's exchange says is approved beforehand."""
    return await _ask(request, visit, identity, "", {})


@router.post(f"{STANDING}/from/{{identity}}", response_model=None)
async def give_routine(request: Request, identity: UUID, visit: Visiting) -> Response:
    """Approve a routine beforehand, made from a proposal that this person has seen."""
    program, at = program_of(request), program_of(request).now()
    if await read_proposal(program.store, identity, who(visit), at=at) is None:
        raise NotForYouError
    given = str((await form_of(request)).get("until", ""))
    until = _end_of(given, await zone_of(program.store))
    if until is None:
        return await _ask(request, visit, identity, given, {"until": "Until: must be a day."})
    try:
        await standing.give_standing(program.store, identity, until=until, by=visit.session.staff, at=at)
    except StandingError as error:
        return await _ask(request, visit, identity, given, refusal(error, _UNTIL, "until"))
    return see_other(request, STANDING)


async def _ask(request: Request, visit: Visit, identity: UUID, given: str, errors: dict[str, str]) -> Response:
    program, at = program_of(request), program_of(request).now()
    proposal = await read_proposal(program.store, identity, who(visit), at=at)
    if proposal is None:
        raise NotForYouError
    async with program.store.unit_of_work() as uow:
        known = await uow.participants.get(proposal.participant)
        recipient = await uow.registry.organization(proposal.recipient)
    return page(
        request,
        "routine.html",
        visit,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        proposal=proposal,
        participant="" if known is None else full_name(known[0]),
        recipient=proposal.recipient if recipient is None else recipient.name,
        what=vocabulary.exchange(proposal.exchange),
        categories=_words(standing.categories_of(proposal)),
        given=given,
        errors=errors,
    )


async def _routines(request: Request, visit: Visit, errors: dict[str, str]) -> Response:
    program, at = program_of(request), program_of(request).now()
    rows = []
    async with program.store.unit_of_work() as uow:
        names = {key: each.name for key, (each, _) in (await uow.registry.organizations()).items()}
        mine = [each for each in await uow.approvals.standing_of() if each.in_force(at)]
        seen = []
        for each in mine:
            known = await uow.participants.get(each.participant)
            if known is not None and await may_see(uow, visit, known[0], at):
                seen.append((each, known[0]))
    for each, record in seen:
        rows.append(
            {
                "id": each.id,
                "participant": full_name(record),
                "what": vocabulary.exchange(each.exchange),
                "recipient": names.get(each.recipient, each.recipient),
                "categories": _words(each.categories),
                "by": each.by,
                "until": each.ends_at,
            }
        )
    await read_routines(
        program.store,
        [each for each, _ in seen],
        staff=visit.session.staff,
        organization=visit.session.organization,
        at=at,
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    zone = await zone_of(program.store)
    return page(request, "routines.html", visit, status=status, rows=rows, errors=errors, zone=zone)


async def _own_routine(program: Program, visit: Visit, identity: UUID, at: datetime) -> StandingApproval:
    async with program.store.unit_of_work() as uow:
        found = await uow.approvals.standing(identity)
        known = None if found is None else await uow.participants.get(found.participant)
        if found is None or known is None or not await may_see(uow, visit, known[0], at):
            raise NotForYouError
    return found


def _words(categories: frozenset[Category]) -> str:
    return ", ".join(sorted(vocabulary.category(each) for each in categories))


def _end_of(given: str, zone: ZoneInfo) -> datetime | None:
    """Give the end of a day on the site's clocks; None for no day."""
    try:
        last = date.fromisoformat(given)
        return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _start_of(given: str, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(given), time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@router.get(DELEGATIONS, response_model=None)
async def delegations(request: Request, visit: Visiting) -> Response:
    """Show who decides for whom at this person's organization, now or from a coming day on."""
    return await _delegations(request, visit, {}, {})


@router.post(DELEGATIONS, response_model=None)
async def delegate(request: Request, visit: Visiting) -> Response:
    """Put approvals into a colleague's hands: one's own; a supervisor or privacy officer anybody's of their house."""
    program, at = program_of(request), program_of(request).now()
    fields = await form_of(request)
    names = ("from_staff", "to_staff", "start", "until")
    typed = {name: str(fields.get(name, "")).strip() for name in names}
    if not _is_overseer(visit):
        typed["from_staff"] = visit.session.staff
    zone = await zone_of(program.store)
    start = at if not typed["start"] else _start_of(typed["start"], zone)
    end = _end_of(typed["until"], zone)
    errors = {} if start else {"start": "First day: must be a day."}
    errors |= {} if end else {"until": "Last day: must be a day."}
    if start is None or end is None:
        return await _delegations(request, visit, typed, errors)
    start = max(start, at)
    new = delegating.delegation(visit.session.organization, typed["from_staff"], typed["to_staff"], start, end)
    try:
        await delegating.delegate(program.store, new, by=visit.session.staff, at=at)
    except DelegationError as error:
        return await _delegations(request, visit, typed, refusal(error, _NAMES, "from_staff"))
    return see_other(request, DELEGATIONS)


@router.post(f"{DELEGATIONS}/{{identity}}/end", response_model=None)
async def end_delegation(request: Request, identity: UUID, visit: Visiting) -> Response:
    """End a delegation at once: one's own, or anybody's of the house for those who oversee it."""
    program, at = program_of(request), program_of(request).now()
    if identity not in {each.id for each in await _known(program, visit, at) if _may_end(visit, each)}:
        raise NotForYouError
    try:
        await delegating.end_delegation(program.store, identity, by=visit.session.staff, at=at)
    except DelegationError as error:
        return await _delegations(request, visit, {}, refusal(error, _NAMES, "from_staff"))
    return see_other(request, DELEGATIONS)


async def _known(program: Program, visit: Visit, at: datetime) -> list[Delegation]:
    async with program.store.unit_of_work() as uow:
        return [each for each in await uow.approvals.delegations(visit.session.organization) if each.ends_at > at]


def _is_overseer(visit: Visit) -> bool:
    return bool({role.value for role in visit.roles} & OVERSEERS)


def _may_end(visit: Visit, one: Delegation) -> bool:
    return _is_overseer(visit) or visit.session.staff in {one.from_staff, one.to_staff}


async def _delegations(request: Request, visit: Visit, typed: dict[str, str], errors: dict[str, str]) -> Response:
    program, at = program_of(request), program_of(request).now()
    rows: list[dict[str, Any]] = [
        {"one": each, "now": each.in_force(at), "mine": _may_end(visit, each)}
        for each in await _known(program, visit, at)
    ]
    return page(
        request,
        "delegations.html",
        visit,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        rows=rows,
        typed=typed,
        errors=errors,
        overseer=_is_overseer(visit),
        zone=await zone_of(program.store),
    )

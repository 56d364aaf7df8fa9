"""An emergency disclosure: the four things that 42 CFR 2.51(c) wants written down, and a privacy officer's review."""

from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from gateway import emergency
from gateway.emergency import FIELDS, EmergencyError
from gateway.store.repositories.affairs import Affairs, Emergency
from gateway.store.unit_of_work import UnitOfWork
from gateway.web.guard import NotForYouError, for_roles, program_of
from gateway.web.matters import typed_in
from gateway.web.people import visible_names
from gateway.web.refusals import refusal
from gateway.web.rendering import page, see_other
from gateway.web.roles import CASEWORK, OFFICE
from gateway.web.seeing import visible_participant
from gateway.web.sessions import Visit
from gateway.web.site import zone_of

router = APIRouter()
PATH: Final = "/console/emergencies"
LABELS: Final = {
    "nature": "What happened",
    "personnel_name": "Who received it",
    "personnel_affiliation": "At which facility",
    "discloser": "Who disclosed it",
}
_NAMES: Final = {"note": ("note", "What you found"), "by": ("note", "You"), "emergency": ("note", "This emergency")}
Visiting = Annotated[Visit, Depends(for_roles(CASEWORK))]
Officer = Annotated[Visit, Depends(for_roles(OFFICE))]


@router.get(f"{PATH}/{{identity}}", response_model=None)
async def one(request: Request, identity: UUID, visit: Visiting) -> Response:
    """Show what is written down, and ask for what is missing."""
    return await _page(request, visit, identity, {}, {})


@router.post(f"{PATH}/{{identity}}", response_model=None)
async def complete(request: Request, identity: UUID, visit: Visiting) -> Response:
    """Add what was missing; what stands there is never overwritten."""
    program, at = program_of(request), program_of(request).now()
    await _visible(request, visit, identity)
    typed = await typed_in(request, FIELDS)
    told = {name: text for name, text in typed.items() if text}
    try:
        await emergency.complete(program.store, identity, told, by=visit.session.staff, at=at)
    except EmergencyError as error:
        found = await _visible(request, visit, identity)
        first = next((name for name in found.owed if name not in told), FIELDS[0])
        said = f"{LABELS[first]}: must be filled in." if not told else refusal(error, {}, first)[first]
        return await _page(request, visit, identity, typed, {first: said})
    return see_other(request, f"{PATH}/{identity}")


@router.post(f"{PATH}/{{identity}}/review", response_model=None)
async def review(request: Request, identity: UUID, visit: Officer) -> Response:
    """Record a privacy officer's review; whoever disclosed or wrote it down may not."""
    program, at = program_of(request), program_of(request).now()
    await _visible(request, visit, identity)
    typed = await typed_in(request, ("note",))
    if not typed["note"]:
        return await _page(request, visit, identity, typed, {"note": "What you found: must not be blank."})
    try:
        await emergency.review(program.store, identity, note=typed["note"], by=visit.session.staff, at=at)
    except EmergencyError as error:
        return await _page(request, visit, identity, typed, refusal(error, _NAMES, "note"))
    return see_other(request, f"{PATH}/{identity}")


async def _visible(request: Request, visit: Visit, identity: UUID) -> Emergency:
    program = program_of(request)
    async with program.store.unit_of_work() as uow:
        return await _found(uow, visit, identity, request)


async def _found(uow: UnitOfWork, visit: Visit, identity: UUID, request: Request) -> Emergency:
    found = await Affairs(uow.connection, uow.vault).emergency(identity)
    if found is None:
        raise NotForYouError
    await visible_participant(uow, visit, found.participant, program_of(request).now())
    return found


async def _page(
    request: Request, visit: Visit, identity: UUID, typed: dict[str, str], errors: dict[str, str]
) -> Response:
    program, at = program_of(request), program_of(request).now()
    found = await _visible(request, visit, identity)
    names = await visible_names(program.store, visit, [found.participant], read=f"emergency {identity}", at=at)
    return page(
        request,
        "emergency.html",
        visit,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        one=found,
        name=names[found.participant],
        labels=LABELS,
        typed=typed,
        errors=errors,
        reviews=bool(visit.roles & OFFICE) and not found.owed and "reviewed_by" not in found.detail,
        zone=await zone_of(program.store),
    )

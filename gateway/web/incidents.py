"""An incident: what went wrong, how many days are left to tell whom it concerns (45 CFR 164.404), and its end."""

from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from gateway import incidents as affairs
from gateway.incidents import IncidentError
from gateway.store.repositories.affairs import Affairs, Incident
from gateway.web.guard import NotForYouError, for_roles, program_of
from gateway.web.matters import typed_in
from gateway.web.people import visible_names
from gateway.web.refusals import refusal
from gateway.web.rendering import page, see_other
from gateway.web.roles import OFFICE
from gateway.web.seeing import visible_participant
from gateway.web.sessions import Visit
from gateway.web.site import zone_of
from gateway.web.words import plain

router = APIRouter()
PATH: Final = "/console/incidents"
_HIDDEN: Final = frozenset({"by", "why", "closed_by"})
_NAMES: Final = {"why": ("why", "What was done"), "id": ("why", "This incident")}
Officer = Annotated[Visit, Depends(for_roles(OFFICE))]


@router.get(f"{PATH}/{{identity}}", response_model=None)
async def one(request: Request, identity: UUID, visit: Officer) -> Response:
    """Show an incident and its clock."""
    return await _page(request, visit, identity, {}, {})


@router.post(f"{PATH}/{{identity}}/close", response_model=None)
async def close(request: Request, identity: UUID, visit: Officer) -> Response:
    """Close an incident, saying what was done and who was told."""
    program, at = program_of(request), program_of(request).now()
    await _visible(request, visit, identity)
    typed = await typed_in(request, ("why",))
    try:
        await affairs.close(program.store, identity, why=typed["why"], by=visit.session.staff, at=at)
    except IncidentError as error:
        return await _page(request, visit, identity, typed, refusal(error, _NAMES, "why"))
    return see_other(request, f"{PATH}/{identity}")


async def _visible(request: Request, visit: Visit, identity: UUID) -> Incident:
    program = program_of(request)
    async with program.store.unit_of_work() as uow:
        found = await Affairs(uow.connection, uow.vault).incident(identity)
        if found is None or found.participant is None:
            raise NotForYouError
        await visible_participant(uow, visit, found.participant, program.now())
    return found


async def _page(
    request: Request, visit: Visit, identity: UUID, typed: dict[str, str], errors: dict[str, str]
) -> Response:
    program, at = program_of(request), program_of(request).now()
    found = await _visible(request, visit, identity)
    names = await visible_names(program.store, visit, [found.participant], read=f"incident {identity}", at=at)
    return page(
        request,
        "incident.html",
        visit,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        one=found,
        title=plain(found.kind),
        name=next(iter(names.values())),
        left=(found.due_at - at).days,
        detail=[(plain(key), _short(value)) for key, value in sorted(found.detail.items()) if key not in _HIDDEN],
        typed=typed,
        errors=errors,
        zone=await zone_of(program.store),
    )


def _short(value: object) -> str:
    """Write a detail: a list by its members, the members of a list of lists by themselves."""
    if isinstance(value, dict):
        return ", ".join(f"{plain(key)}: {_short(each)}" for key, each in value.items())
    return ", ".join(_short(each) for each in value) or "none" if isinstance(value, list) else str(value)

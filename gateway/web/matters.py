"""Requests and matters: accountings that were asked for, emergencies, legal papers, incidents, a defender's hold."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from consent.codes import OrganizationKind
from gateway import defending, requesting
from gateway.defending import DefenderError
from gateway.program import Program
from gateway.requesting import Asked, RequestError
from gateway.store.repositories.oversight import Matter, Oversight
from gateway.store.unit_of_work import UnitOfWork
from gateway.web.guard import NotForYouError, for_roles, form_of, program_of
from gateway.web.people import by_reference, visible_names
from gateway.web.refusals import refusal
from gateway.web.rendering import page, see_other
from gateway.web.roles import CASEWORK, OFFICE, Role
from gateway.web.sessions import Visit
from gateway.web.site import zone_of

router = APIRouter()
PATH: Final = "/console/matters"
VIEWS: Final = (
    ("participant", "Choose what was asked for"),
    ("intermediary", "List of disclosures by an intermediary (42 CFR 2.24), 30 days"),
    ("part2", "Accounting of disclosures with consent (42 CFR 2.25), 60 days"),
    ("hipaa", "Accounting of disclosures (45 CFR 164.528), 60 days"),
)
_FIELDS: Final = {
    "view": ("view", "What was asked for"),
    "received": ("received", "Day it came"),
    "participant": ("participant", "Participant"),
    "how": ("how", "How it was answered"),
}
_MOST: Final = 50
Visiting = Annotated[Visit, Depends(for_roles(CASEWORK | {Role.DEFENDER}))]
Officer = Annotated[Visit, Depends(for_roles(OFFICE))]
Defender = Annotated[Visit, Depends(for_roles(frozenset({Role.DEFENDER})))]


@router.get(PATH, response_model=None)
async def matters(request: Request, visit: Visiting) -> Response:
    """Show what this person's role may see of each kind."""
    return await _page(request, visit, {}, {})


@router.post(f"{PATH}/accountings", response_model=None)
async def register(request: Request, visit: Officer) -> Response:
    """Register that an accounting was asked for; its last day follows from what was asked."""
    program, at = program_of(request), program_of(request).now()
    typed = await typed_in(request, ("participant", "view", "received"))
    async with program.store.unit_of_work() as uow:
        known = await by_reference(uow, visit, typed["participant"], at)
    if known is None:
        return await _page(request, visit, typed, {"participant": "Participant: must be a participant of yours."})
    try:
        received = date.fromisoformat(typed["received"])
        await requesting.register(
            program.store, known.id, view=typed["view"], received=received, by=visit.session.staff, at=at
        )
    except RequestError as error:
        return await _page(request, visit, typed, refusal(error, _FIELDS, "view"))
    except ValueError:
        return await _page(request, visit, typed, {"received": "Day it came: must be a day, such as 2026-11-24."})
    return see_other(request, PATH)


@router.post(f"{PATH}/accountings/{{identity}}/answered", response_model=None)
async def answered(request: Request, identity: UUID, visit: Officer) -> Response:
    """Record that a request was answered."""
    program, at = program_of(request), program_of(request).now()
    typed = await typed_in(request, ("how",))
    async with program.store.unit_of_work() as uow:
        if identity not in {each.id for each in await requesting.waiting(uow, visit.session.organization)}:
            raise NotForYouError
    try:
        await requesting.answered(program.store, identity, how=typed["how"], by=visit.session.staff, at=at)
    except RequestError as error:
        field = f"how-{identity}"
        return await _page(request, visit, {field: typed["how"]}, {field: refusal(error, _FIELDS, "how")["how"]})
    return see_other(request, PATH)


@router.post(f"{PATH}/hold", response_model=None)
async def hold(request: Request, visit: Defender) -> Response:
    """Hold everything about a participant at their defender's word. Whom they do not defend is not told from nobody."""
    program, at = program_of(request), program_of(request).now()
    typed, session = await typed_in(request, ("participant",)), visit.session
    async with program.store.unit_of_work() as uow:
        found = await uow.participants.find(typed["participant"]) if typed["participant"] else None
    try:
        stopped = await defending.hold(program.store, found or uuid4(), session.organization, by=session.staff, at=at)
    except (DefenderError, LookupError):
        return await _page(request, visit, typed, {"participant": "Participant: must be somebody whom you defend."})
    return page(
        request, "held.html", visit, reference=typed["participant"], at=stopped.at, zone=await zone_of(program.store)
    )


async def takes_papers(uow: UnitOfWork, visit: Visit) -> bool:
    """Say whether matters about nobody yet named are this person's to see: at case management, never at a partner."""
    own = await uow.registry.organization(visit.session.organization)
    return own is not None and own.kind is OrganizationKind.CASE_MANAGEMENT


async def typed_in(request: Request, names: tuple[str, ...]) -> dict[str, str]:
    """Give the fields of a form as text, without blanks around them."""
    form = await form_of(request)
    return {name: str(form.get(name, "")).strip() for name in names}


async def _page(request: Request, visit: Visit, typed: dict[str, str], errors: dict[str, str]) -> Response:
    program, at = program_of(request), program_of(request).now()
    found = await _found(program, visit, at) if visit.roles & CASEWORK else {}
    return page(
        request,
        "matters.html",
        visit,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        office=bool(visit.roles & OFFICE),
        papers=bool(visit.roles & {Role.PRIVACY_OFFICER, Role.SUPERVISOR}),
        casework=bool(visit.roles & CASEWORK),
        defender=Role.DEFENDER in visit.roles,
        views=VIEWS,
        today=at.astimezone(await zone_of(program.store)).date().isoformat(),
        typed=typed,
        errors=errors,
        zone=await zone_of(program.store),
        now=at,
        **{"asked": [], "emergencies": [], "legal": [], "incidents": [], **found},
    )


async def _found(program: Program, visit: Visit, at: datetime) -> dict[str, Any]:
    organization, office = visit.session.organization, bool(visit.roles & OFFICE)
    async with program.store.unit_of_work() as uow:
        oversight, unknown = Oversight(uow.connection), await takes_papers(uow, visit)
        emergencies = await oversight.emergencies(organization)
        legal = await oversight.legal(organization) if office or Role.SUPERVISOR in visit.roles else []
        incidents = await oversight.incidents(organization) if office else []
        asked = (await requesting.waiting(uow, organization))[:_MOST] if office else []
    whom = [each.participant for each in (*emergencies, *legal, *incidents)] + [each.participant for each in asked]
    names = await visible_names(program.store, visit, whom, read="matters", at=at)
    return {
        "emergencies": _named(emergencies, names),
        "legal": _named(legal, names, unknown=unknown),
        "incidents": _named(incidents, names, unknown=unknown),
        "asked": [(each, names[each.participant]) for each in asked if each.participant in names],
    }


def _named(found: list[Matter], names: dict[UUID, str], *, unknown: bool = False) -> list[tuple[Matter | Asked, str]]:
    """Keep what is about somebody whom this person may see; `unknown`: or about nobody yet known, too."""
    kept = [each for each in found if each.participant in names or (unknown and each.participant is None)]
    return [(each, "" if each.participant is None else names[each.participant]) for each in kept]

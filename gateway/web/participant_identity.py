"""Who a participant is: names, identifiers (hidden until asked for), matched messages; and the care plan."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from consent.codes import Category
from consent.model import Item
from gateway import use
from gateway.releasing import KEPT_AS
from gateway.store.unit_of_work import UnitOfWork
from gateway.unlinking import UnlinkError, unlink
from gateway.web.guard import NotForYouError, for_roles, form_of, program_of
from gateway.web.participant import MAY, frame
from gateway.web.rendering import page
from gateway.web.roles import Role
from gateway.web.seeing import visible_participant
from gateway.web.sessions import Visit
from gateway.web.site import zone_of

router = APIRouter()

MESSAGES: Final = 50
_ALL: Final = 10_000
UNLINKERS: Final = frozenset({Role.SUPERVISOR, Role.PRIVACY_OFFICER})
_MAY_UNLINK = Annotated[Visit, Depends(for_roles(UNLINKERS))]
DIMENSIONS: Final[Mapping[str, str]] = {
    "health": "Health",
    "home": "Home",
    "purpose": "Purpose",
    "community": "Community",
}
_SYSTEMS: Final[Mapping[str, str]] = {"sid": "State identification number (SID)", "fbi": "FBI number"}


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal as the participant put it. `status`: a code of R4."""

    dimension: str
    text: str
    status: str


@router.get("/console/participants/{identity}/identity", response_model=None)
async def identity_page(request: Request, identity: UUID, visit: MAY) -> Response:
    """Show who this is, the identifiers hidden."""
    return await _identity(request, identity, visit, shown=False)


@router.post("/console/participants/{identity}/identity", response_model=None)
async def show_identifiers(request: Request, identity: UUID, visit: MAY) -> Response:
    """Show the identifiers, since somebody asked for them; that is recorded."""
    return await _identity(request, identity, visit, shown=True)


async def _identity(request: Request, identity: UUID, visit: Visit, *, shown: bool) -> Response:
    program = program_of(request)
    now = program.now()
    async with program.store.unit_of_work() as uow:
        record = await visible_participant(uow, visit, identity, now)
        messages = await _messages(uow, identity, MESSAGES)
        gone = {envelope for _, envelope in await uow.matters.unlinked(identity)}
        what = "identifiers" if shown else "identity"
        await use.seen(uow, [identity], visit.session.organization, visit.session.staff, what, now)
        await uow.commit()
    return page(
        request,
        "participant_identity.html",
        visit,
        **frame(record, "/identity"),
        identifiers=[(_SYSTEMS.get(system, system), value) for system, value in record.identifiers],
        shown=shown,
        messages=messages,
        gone=gone,
        may_unlink=bool(visit.roles & UNLINKERS),
        zone=await zone_of(program.store),
    )


async def _messages(uow: UnitOfWork, participant: UUID, most: int) -> list[tuple[UUID, str, datetime]]:
    """Give what was matched to somebody, which a form signed at our own desk was not.

    That is stopped, not taken off: taking its paper off would leave its consent in force.
    """
    return [each for each in await uow.inbound.envelopes(participant, most) if each[1] != KEPT_AS]


@router.get("/console/participants/{identity}/unlink/{envelope}", response_model=None)
async def ask_unlink(request: Request, identity: UUID, envelope: UUID, visit: _MAY_UNLINK) -> Response:
    """Ask whether a message was about somebody else."""
    return await _unlink_page(request, identity, envelope, visit, "", {})


@router.post("/console/participants/{identity}/unlink/{envelope}", response_model=None)
async def do_unlink(request: Request, identity: UUID, envelope: UUID, visit: _MAY_UNLINK) -> Response:
    """Take a message off a participant: it was about somebody else."""
    program, now = program_of(request), program_of(request).now()
    async with program.store.unit_of_work() as uow:
        record = await visible_participant(uow, visit, identity, now)
        if envelope not in {each for each, *_ in await _messages(uow, identity, _ALL)}:
            raise NotForYouError
    why = str((await form_of(request)).get("why", ""))
    if not why.strip():
        return await _unlink_page(request, identity, envelope, visit, why, {"why": "Why: write how it was found out"})
    try:
        done = await unlink(program.store, identity, envelope, why=why, by=visit.session.staff, at=now)
    except UnlinkError:
        error = {"why": "This message is not, or no longer, kept about this participant"}
        return await _unlink_page(request, identity, envelope, visit, why, error)
    names = await _names(request)
    context = frame(record, "/identity")
    return page(
        request,
        "participant_unlinked.html",
        visit,
        **context,
        done=done,
        names=names,
        zone=await zone_of(program.store),
    )


async def _names(request: Request) -> dict[str, str]:
    async with program_of(request).store.unit_of_work() as uow:
        return {name: each.name for name, (each, _) in (await uow.registry.organizations()).items()}


async def _unlink_page(
    request: Request, identity: UUID, envelope: UUID, visit: Visit, why: str, errors: dict[str, str]
) -> Response:
    program, now = program_of(request), program_of(request).now()
    async with program.store.unit_of_work() as uow:
        record = await visible_participant(uow, visit, identity, now)
        messages = await _messages(uow, identity, _ALL)
        await use.seen(uow, [identity], visit.session.organization, visit.session.staff, "identity", now)
        await uow.commit()
    found = next((each for each in messages if each[0] == envelope), None)
    if found is None:
        raise NotForYouError
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    context = frame(record, "/identity")
    zone = await zone_of(program.store)
    return page(
        request,
        "participant_unlink.html",
        visit,
        status=status,
        **context,
        message=found,
        why=why,
        errors=errors,
        zone=zone,
    )


@router.get("/console/participants/{identity}/plan", response_model=None)
async def plan(request: Request, identity: UUID, visit: MAY) -> Response:
    """Show the care plan by its four dimensions: what the own organization holds."""
    program = program_of(request)
    now = program.now()
    async with program.store.unit_of_work() as uow:
        record = await visible_participant(uow, visit, identity, now)
        gone = frozenset(envelope for _, envelope in await uow.matters.unlinked(identity))
        items = await uow.record.items(identity, without=gone)
        await use.seen(uow, [identity], visit.session.organization, visit.session.staff, "care-plan", now)
        await uow.commit()
    own = [item for item in items if item.source == visit.session.organization]
    found = list(dict.fromkeys(goals_of(own)))
    by_dimension = {words: [g for g in found if g.dimension == code] for code, words in DIMENSIONS.items()}
    return page(
        request,
        "participant_plan.html",
        visit,
        **frame(record, "/plan"),
        dimensions=by_dimension,
        activities=list(dict.fromkeys(activities_of(own))),
    )


def goals_of(items: Iterable[Item]) -> Iterator[Goal]:
    """Yield the goals in plans and beside them, in their order."""
    for item in items:
        resource = item.resource or {}
        inside = resource.get("contained", ()) if item.category is Category.CARE_PLAN else ()
        for each in (*inside, resource) if item.category in {Category.CARE_PLAN, Category.GOALS} else ():
            if each.get("resourceType") == "Goal":
                text = str((each.get("description") or {}).get("text", ""))
                yield Goal(_dimension(each), text, str(each.get("lifecycleStatus", "")))


def _dimension(goal: Mapping[str, Any]) -> str:
    codes = [coding.get("code") for concept in goal.get("category", ()) for coding in concept.get("coding", ())]
    return next((code for code in codes if code in DIMENSIONS), "")


def activities_of(items: Iterable[Item]) -> Iterator[tuple[str, str]]:
    """Yield what is being done, and how it stands."""
    for item in items:
        if item.category is Category.CARE_PLAN:
            for each in (item.resource or {}).get("activity", ()):
                detail = each.get("detail") or {}
                if detail.get("description"):
                    yield str(detail["description"]), str(detail.get("status", ""))

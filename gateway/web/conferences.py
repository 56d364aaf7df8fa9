"""Case conferences: an agenda, what of it waits for approval, and one packet for each organization at the table.

An agenda names participants, so it is kept nowhere: the form carries it from one step to the next.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from gateway import conference
from gateway.conference import ConferenceError, Prepared
from gateway.store.repositories.oversight import Oversight
from gateway.store.unit_of_work import Store
from gateway.use import record_matters
from gateway.web.guard import for_roles, form_of, program_of
from gateway.web.legal_papers import zipped
from gateway.web.matters import takes_papers
from gateway.web.overview import names_of
from gateway.web.people import by_reference
from gateway.web.refusals import refusal
from gateway.web.rendering import download, page
from gateway.web.roles import CASEWORK
from gateway.web.sessions import Visit
from gateway.web.site import zone_of
from mappings.lead.agenda import Agenda, AgendaError, Seat, read_agenda

router = APIRouter()
PATH: Final = "/console/conferences"
SEATS: Final = 8
_NAMES: Final = {
    "at": ("at", "When"),
    "participants": ("participants", "Participants"),
    "organizations": ("organization-0", "At the table"),
    "person": ("person-0", "Person"),
    "id": ("organization-0", "Organization"),
    "exchange": ("at", "This conference"),
    "agenda": ("at", "This conference"),
}
Visiting = Annotated[Visit, Depends(for_roles(CASEWORK))]
Typed = dict[str, str]


class _NotSoError(Exception):
    def __init__(self, errors: dict[str, str]) -> None:
        self.errors = errors
        super().__init__("the form is not complete")


@router.get(PATH, response_model=None)
async def conferences(request: Request, visit: Visiting) -> Response:
    """Show the conferences, and an empty agenda."""
    return await _page(request, visit, {}, {}, None)


@router.post(f"{PATH}/prepare", response_model=None)
async def prepare(request: Request, visit: Visiting) -> Response:
    """Propose to each organization at the table what it may see; a second time changes nothing."""
    program, typed = program_of(request), await _typed(request)
    try:
        agenda = await _agenda(request, visit, typed)
        done = await conference.prepare(program.store, agenda, by=visit.session.staff, at=program.now())
    except _NotSoError as error:
        return await _page(request, visit, typed, error.errors, None)
    except ConferenceError as error:
        return await _page(request, visit, typed, refusal(error, _NAMES, "at"), None)
    return await _page(request, visit, typed, {}, done)


@router.post(f"{PATH}/approve", response_model=None)
async def approve(request: Request, visit: Visiting) -> Response:
    """Approve, by name, what still waits; words that speak against somebody are left to be approved one by one."""
    program, typed = program_of(request), await _typed(request)
    try:
        agenda = await _agenda(request, visit, typed)
        await conference.approve_all(program.store, agenda, by=visit.session.staff, at=program.now())
        done = await conference.prepare(program.store, agenda, by=visit.session.staff, at=program.now())
    except _NotSoError as error:
        return await _page(request, visit, typed, error.errors, None)
    except ConferenceError as error:
        return await _page(request, visit, typed, refusal(error, _NAMES, "at"), None)
    return await _page(request, visit, typed, {}, done)


@router.post(f"{PATH}/print", response_model=None)
async def hand_over(request: Request, visit: Visiting) -> Response:
    """Give the packets of what was approved, to be handed out: each is a disclosure, decided again now."""
    program, typed = program_of(request), await _typed(request)
    base_url, staff = program.settings.base_url, visit.session.staff
    try:
        agenda = await _agenda(request, visit, typed)
        packets = await conference.hand_over(program.store, agenda, base_url=base_url, by=staff, at=program.now())
    except _NotSoError as error:
        return await _page(request, visit, typed, error.errors, None)
    except ConferenceError as error:
        return await _page(request, visit, typed, refusal(error, _NAMES, "at"), None)
    if not packets:
        return await _page(request, visit, typed, {"at": "Nothing is approved that may leave now."}, None)
    files: dict[str, bytes] = {}
    for packet in packets:
        name = packet.organization.replace(":", "-").replace("/", "-")
        files |= {f"{name}.pdf": packet.pdf, f"{name}.json": packet.bundle}
    return download(zipped(files), "conference.zip", "application/zip")


async def _typed(request: Request) -> Typed:
    form = await form_of(request)
    names = [f"{field}-{n}" for n in range(SEATS) for field in ("organization", "person", "role", "promised")]
    return {name: str(form.get(name, "")).strip() for name in ("at", "participants", *names)}


async def _agenda(request: Request, visit: Visit, typed: Typed) -> Agenda:
    """Read the form; each participant must be one whom this person may see. Raises _NotSoError."""
    program, now = program_of(request), program_of(request).now()
    at = _moment(typed["at"], await zone_of(program.store))
    if at is None:
        raise _NotSoError({"at": "When: must be a day and a time, such as 2026-11-24T15:00."})
    people = tuple(dict.fromkeys(typed["participants"].split()))
    async with program.store.unit_of_work() as uow:
        known = [await by_reference(uow, visit, each, now) for each in people]
    if not people or None in known:
        raise _NotSoError({"participants": "Participants: each must be a participant of yours, one on each line."})
    await _record(program.store, visit, [each.id for each in known if each is not None], now)
    seats = tuple(_seat(typed, n) for n in range(SEATS) if typed[f"organization-{n}"])
    return _checked(Agenda(at, people, seats))


def _seat(typed: Typed, n: int) -> Seat:
    if not typed[f"person-{n}"]:
        raise _NotSoError({f"person-{n}": "Person: must be named for each organization at the table."})
    role = typed[f"role-{n}"] or None
    return Seat(typed[f"organization-{n}"], typed[f"person-{n}"], role, typed[f"promised-{n}"] == "yes")


def _checked(agenda: Agenda) -> Agenda:
    """Have the agenda read by the same rules as one that came in a file."""
    seats = [
        {"id": each.organization, "person": each.person, "role": each.role, "promised": each.promised}
        for each in agenda.seats
    ]
    raw = {"at": agenda.at.isoformat(), "participants": list(agenda.participants), "organizations": seats}
    try:
        return read_agenda(orjson.dumps(raw))
    except AgendaError as error:
        raise _NotSoError(refusal(error, _NAMES, "at")) from None


async def _record(store: Store, visit: Visit, people: list[UUID], at: datetime) -> None:
    session = visit.session
    await record_matters(
        store, people, read="conference", staff=session.staff, organization=session.organization, at=at
    )


def _moment(given: str, zone: ZoneInfo) -> datetime | None:
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        return None
    return found if found.utcoffset() is not None else found.replace(tzinfo=zone)


async def _page(
    request: Request, visit: Visit, typed: Typed, errors: dict[str, str], done: Prepared | None
) -> Response:
    store = program_of(request).store
    async with store.unit_of_work() as uow:
        names, own = await names_of(uow), await takes_papers(uow, visit)
        before = await Oversight(uow.connection).conferences() if own else []
    used = sum(bool(typed.get(f"organization-{n}")) for n in range(SEATS))
    return page(
        request,
        "conferences.html",
        visit,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        organizations=[("", "Nobody"), *names.items()],
        seats=range(SEATS),
        shown=max(used, 2),
        before=before,
        typed=typed,
        errors=errors,
        done=done,
        zone=await zone_of(store),
    )

"""Revoke or hold: one page, whole or by row, effective at once; afterwards the clock and who has confirmed."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.halting import HOLD, REVOKE, Wish, aftermath, read_permissions, rows_of, stop
from gateway.permissions import Standing
from gateway.statements import state
from gateway.stopping import StopError
from gateway.store.values import ParticipantRecord
from gateway.web.guard import NotForYouError, for_roles, form_of, program_of
from gateway.web.refusals import refusal
from gateway.web.rendering import page, see_other
from gateway.web.roles import CASEWORK
from gateway.web.said import Said, language_of, said
from gateway.web.seeing import full_name, visible_participant
from gateway.web.sessions import Visit
from gateway.web.site import zone_of

router = APIRouter()

MAY = Annotated[Visit, Depends(for_roles(CASEWORK))]
_FIELDS: Final[Mapping[str, tuple[str, str]]] = {"grant": ("rows", "Row"), "what": ("what", "What stops")}
_DONE: Final = 286  # htmx: stop asking
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "queued": ("will be told", "wait"),
    "sending": ("is being told", "wait"),
    "delivered": ("was told, has not confirmed yet", "wait"),
    "acknowledged": ("has confirmed that it is over", "go"),
    "dead": ("could not be told: call them", "stop"),
    "suppressed": ("need not be told: it was signed again", ""),
}
"""The states of a notice in words, each with the kind of its mark."""


@router.get("/console/participants/{identity}/stop", response_model=None)
async def ask(request: Request, identity: UUID, visit: MAY) -> Response:
    """Show what can be stopped, what is out already, and what the law still allows."""
    chosen = tuple(request.query_params.getlist("row"))
    typed = {"what": "some" if chosen else "", "rows": chosen, "act": REVOKE, "how": ""}
    return await _asked(request, identity, visit, typed, {})


@router.post("/console/participants/{identity}/stop", response_model=None)
async def act(request: Request, identity: UUID, visit: MAY) -> Response:
    """Stop it, now."""
    program, given = program_of(request), await form_of(request)
    await _visible(request, visit, identity)
    typed = _typed(given)
    errors = _missing(typed)
    if not errors:
        wish = Wish(typed["act"], typed["rows"] if typed["what"] == "some" else (), typed["how"] == "oral")
        try:
            stops = await stop(program.store, identity, wish, by=visit.session.staff, at=program.now())
        except StopError as error:
            errors = refusal(error, _FIELDS, "what")
        else:
            return see_other(request, f"/console/participants/{identity}/stopped/{stops[0]}")
    return await _asked(request, identity, visit, typed, errors)


def _typed(given: FormData) -> dict[str, Any]:
    return {
        "what": str(given.get("what", "")),
        "rows": tuple(str(each) for each in given.getlist("rows")),
        "act": str(given.get("act", "")),
        "how": str(given.get("how", "")),
    }


def _missing(typed: Mapping[str, Any]) -> dict[str, str]:
    errors = {}
    if typed["what"] not in {"all", "some"}:
        errors["what"] = "What stops: choose everything, or rows."
    elif typed["what"] == "some" and not typed["rows"]:
        errors["rows"] = "Rows: tick at least one, or choose everything."
    if typed["act"] not in {REVOKE, HOLD}:
        errors["act"] = "For good or for now: choose one."
    if typed["how"] not in {"oral", "written"}:
        errors["how"] = "How you learned it: choose said or written."
    return errors


async def _asked(
    request: Request, identity: UUID, visit: Visit, typed: Mapping[str, Any], errors: Mapping[str, str]
) -> Response:
    program, at = program_of(request), program_of(request).now()
    record = await _visible(request, visit, identity)
    staff, organization = visit.session.staff, visit.session.organization
    standing = await read_permissions(program.store, identity, staff=staff, organization=organization, at=at)
    told = await state(program.store, identity, staff=staff, at=at)
    zone = await zone_of(program.store)
    return page(
        request,
        "stop.html",
        visit,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        record=record,
        name=full_name(record),
        agencies=by_agency(standing, zone, at),
        held=standing is not None and bool(standing.facts.holds),
        readable=standing is not None,
        told=told.lines(language_of(request.query_params.get("language"))),
        typed=typed,
        errors=errors,
    )


def by_agency(standing: Standing | None, zone: ZoneInfo, at: Any) -> Sequence[tuple[str, list[Said]]]:
    """Give the rows in force under the names of who receives."""
    if standing is None:
        return ()
    found: dict[str, list[Said]] = {}
    for row in rows_of(standing, at):
        words = said(row.name, row.grant, standing.facts.organizations, zone)
        found.setdefault(", ".join(words.who), []).append(words)
    return sorted(found.items())


@router.get("/console/participants/{identity}/stopped/{stopped}", response_model=None)
async def done(request: Request, identity: UUID, stopped: UUID, visit: MAY) -> Response:
    """Show that it stopped, at what second, and who has confirmed. Asked again by the page itself for the partners."""
    program, at = program_of(request), program_of(request).now()
    record = await _visible(request, visit, identity)
    found = await aftermath(program.store, identity, stopped, at)
    if found is None:
        raise NotForYouError
    zone = await zone_of(program.store)
    names = await _names(request)
    shown: dict[str, Any] = {
        "found": found,
        "zone": zone,
        "names": names,
        "states": STATES,
        "identity": identity,
        "stopped": stopped,
    }
    if request.headers.get("HX-Request") == "true":
        answer = page(request, "stopped_partners.html", visit, now=at.astimezone(zone), **shown)
        answer.status_code = _DONE if found.is_confirmed else HTTPStatus.OK
        return answer
    language = language_of(request.query_params.get("language"))
    told = await state(program.store, identity, staff=visit.session.staff, at=at)
    rows = [said(f"{form.id}/{grant.id}", grant, await _known(request), zone, language) for form, grant in found.rows]
    more: dict[str, Any] = {"name": full_name(record), "told": told.lines(language), "language": language, "rows": rows}
    return page(request, "stopped.html", visit, now=at.astimezone(zone), record=record, **shown, **more)


async def _visible(request: Request, visit: Visit, identity: UUID) -> ParticipantRecord:
    program = program_of(request)
    async with program.store.unit_of_work() as uow:
        return await visible_participant(uow, visit, identity, program.now())


async def _known(request: Request) -> dict[str, Any]:
    async with program_of(request).store.unit_of_work() as uow:
        return {name: known for name, (known, _) in (await uow.registry.organizations()).items()}


async def _names(request: Request) -> dict[str, str]:
    return {name: known.name for name, known in (await _known(request)).items()}

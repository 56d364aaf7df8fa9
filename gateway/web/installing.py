"""Put the console on the application."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import RedirectResponse, Response

from gateway.program import Program
from gateway.web import (
    approvals,
    beforehand,
    conferences,
    demo_door,
    emergencies,
    exchanges,
    figures,
    incidents,
    ledger_rows,
    legal_papers,
    matches,
    matters,
    organization_acts,
    organization_contacts,
    organizations,
    participant,
    participant_identity,
    participant_timeline,
    participant_told,
    participants,
    release_signing,
    releases,
    signin,
    stops,
    today,
)
from gateway.web.guard import NotForYouError, SignInFirstError, StrangeFormError, keep_program
from gateway.web.rendering import HEADERS, STATIC, Static, plain_page

ROUTERS: Final[tuple[APIRouter, ...]] = (
    signin.router,
    today.router,
    beforehand.router,
    approvals.router,
    organizations.router,
    organization_acts.router,
    organization_contacts.router,
    participants.router,
    participant.router,
    participant_timeline.router,
    participant_identity.router,
    participant_told.router,
    matches.router,
    stops.router,
    releases.router,
    release_signing.router,
    matters.router,
    legal_papers.router,
    ledger_rows.router,
    incidents.router,
    figures.router,
    exchanges.router,
    emergencies.router,
    conferences.router,
)


def install(app: FastAPI, program: Program, *, demo: bool = False) -> None:
    """Mount the pages, their files, and the answers to whoever may not see one. `demo`: the one-time links, too."""
    keep_program(app.state, program)
    for router in ROUTERS:
        app.include_router(router)
    if demo:
        app.include_router(demo_door.router)
    app.mount("/console/static", Static(directory=STATIC), name="static")
    app.add_exception_handler(SignInFirstError, _sign_in_first)
    app.add_exception_handler(NotForYouError, _not_for_you)
    app.add_exception_handler(StrangeFormError, _strange_form)


async def _sign_in_first(request: Request, error: Any) -> Response:
    address = f"/console/sign-in?to={error.wanted}"
    if request.headers.get("HX-Request") == "true":
        return Response(status_code=HTTPStatus.OK, headers={**HEADERS, "HX-Redirect": address})
    return RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER, headers=dict(HEADERS))


async def _not_for_you(_: Request, __: Any) -> Response:
    return plain_page("problem.html", status=HTTPStatus.NOT_FOUND, what="no-page")


async def _strange_form(_: Request, __: Any) -> Response:
    return plain_page("problem.html", status=HTTPStatus.FORBIDDEN, what="strange-form")

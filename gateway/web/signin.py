"""Sign-in and sign-out: off to the provider, back with a code, in with a session; in a demo by a one-time link."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from adapters.staff.openid import Attempt, OpenIdError, OpenIdProvider, Registration
from gateway.settings import Settings
from gateway.store.repositories.console import Session
from gateway.web import sessions
from gateway.web.guard import cookie_name, for_roles, is_secure, program_of, token_of
from gateway.web.rendering import HEADERS, plain_page, see_other
from gateway.web.roles import EVERYBODY
from gateway.web.sessions import NotLetInError, Visit

router = APIRouter()

RETURN: Final = "/console/signed-in"
HOME: Final = "/console/today"
ATTEMPT_COOKIE: Final = "lead-attempt"
_ATTEMPT: Final = timedelta(minutes=10)
_PROVIDER: Final = "lead_openid"

_log = structlog.get_logger(__name__)


def provider_of(request: Request) -> OpenIdProvider | None:
    """Give the provider of this site; None where none is set."""
    found = getattr(request.app.state, _PROVIDER, None)
    if found is None:
        registration = registration_of(program_of(request).settings)
        found = None if registration is None else OpenIdProvider(registration)
        setattr(request.app.state, _PROVIDER, found)
    return found


def registration_of(settings: Settings) -> Registration | None:
    """Give how the site is known at its provider."""
    if settings.oidc_issuer is None or not settings.oidc_client_id:
        return None
    secret = settings.oidc_client_secret
    return Registration(
        settings.oidc_issuer,
        settings.oidc_client_id,
        f"{settings.base_url}{RETURN}",
        None if secret is None else secret.get_secret_value(),
    )


@router.get("/console/sign-in", response_model=None)
async def sign_in(request: Request, to: str = HOME) -> Response:
    """Show what signing in means, or go straight to the provider where somebody has asked to (`?go`)."""
    if "go" not in request.query_params:
        return plain_page("sign_in.html", to=own_page(to), possible=provider_of(request) is not None, why=None)
    provider = provider_of(request)
    if provider is None:
        return _not_let_in("no-provider")
    program, attempt = program_of(request), Attempt.new()
    try:
        address = await provider.address(attempt)
    except OpenIdError as error:
        _log.warning("sign-in failed", why=str(error))
        return _not_let_in("provider")
    kept = {"state": attempt.state, "nonce": attempt.nonce, "verifier": attempt.verifier, "to": own_page(to)}
    cookie = Attempt.new().state
    async with program.store.unit_of_work() as uow:
        now = program.now()
        await uow.console.forget(now, started_before=now - timedelta(hours=program.settings.session_hours))
        await uow.console.begin(cookie, kept, now + _ATTEMPT)
        await uow.commit()
    gone = RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER, headers=dict(HEADERS))
    gone.set_cookie(
        ATTEMPT_COOKIE,
        cookie,
        max_age=int(_ATTEMPT.total_seconds()),
        path="/console/signed-in",
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )
    return gone


@router.get(RETURN, response_model=None)
async def signed_in(request: Request, code: str = "", state: str = "", iss: str | None = None) -> Response:
    """Take somebody back from the provider."""
    program, provider = program_of(request), provider_of(request)
    async with program.store.unit_of_work() as uow:
        kept = await uow.console.attempt(request.cookies.get(ATTEMPT_COOKIE, ""), program.now())
        await uow.commit()
    if provider is None or kept is None or not state or kept["state"] != state:
        return _not_let_in("attempt")
    attempt = Attempt(kept["state"], kept["nonce"], kept["verifier"])
    try:
        claims = await provider.claims(code, attempt, program.now(), issuer=iss)
        person = sessions.person_of(claims, program.settings, program.now())
        return await let_in(request, person, kept["to"])
    except OpenIdError as error:
        _log.warning("sign-in failed", why=str(error))
        return _not_let_in("provider")
    except NotLetInError as error:
        return _not_let_in(error.why)


async def let_in(request: Request, person: Session, to: str) -> Response:
    """Begin a session and give its cookie; whatever session the browser had before is over."""
    program = program_of(request)
    if old := token_of(request):
        await sessions.end(program.store, old, program.now())
    token = await sessions.start(program.store, person, program.now())
    answer = see_other(request, own_page(to))
    answer.set_cookie(cookie_name(request), token, path="/", secure=is_secure(request), httponly=True, samesite="lax")
    return answer


@router.post("/console/sign-out", response_model=None)
async def sign_out(request: Request, _: Annotated[Visit, Depends(for_roles(EVERYBODY))]) -> Response:
    """End the session."""
    program = program_of(request)
    await sessions.end(program.store, token_of(request), program.now())
    answer = see_other(request, "/console/sign-in")
    answer.delete_cookie(cookie_name(request), path="/", secure=is_secure(request), httponly=True, samesite="lax")
    return answer


def own_page(to: str) -> str:
    """Give a page of the console to go on to; anything else becomes Today."""
    fits = to.startswith("/console/") and "//" not in to and "\\" not in to and to.isprintable()
    return to if fits and not to.startswith(("/console/sign", RETURN)) else HOME


def _not_let_in(why: str) -> Response:
    return plain_page("sign_in.html", status=HTTPStatus.FORBIDDEN, to=HOME, possible=why != "no-provider", why=why)

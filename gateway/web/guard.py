"""At the door of every page: who are you, may you open this, and does this form come from us."""

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from fastapi import Request
from starlette.datastructures import FormData

from gateway.program import Program
from gateway.web.roles import Role
from gateway.web.sessions import Visit, is_own_form, visit

COOKIE: Final = "__Host-lead"
PLAIN_COOKIE: Final = "lead"  # where the site is reached without TLS: a demo on the loopback address
_PROGRAM: Final = "lead_program"


class SignInFirstError(Exception):
    """Nobody is signed in. `wanted`: the page to come back to."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        super().__init__("sign in first")


class NotForYouError(Exception):
    """There is no such page, or it is not for this person: they look the same."""


class StrangeFormError(Exception):
    """A form that did not come from a page of ours, or from one of another session."""


def keep_program(request_state: object, program: Program) -> None:
    """Let the pages reach the program."""
    setattr(request_state, _PROGRAM, program)


def program_of(request: Request) -> Program:
    """Give the program behind the pages."""
    found = getattr(request.app.state, _PROGRAM)
    if not isinstance(found, Program):
        raise TypeError("no program behind the console")
    return found


def cookie_name(request: Request) -> str:
    """Name the cookie: bound to this host over TLS."""
    return COOKIE if is_secure(request) else PLAIN_COOKIE


def is_secure(request: Request) -> bool:
    """Say whether the site is reached over TLS."""
    return program_of(request).settings.base_url.startswith("https://")


def token_of(request: Request) -> str:
    """Give what the cookie holds; empty where there is none."""
    return request.cookies.get(cookie_name(request), "")


def for_roles(roles: frozenset[Role]) -> Callable[[Request], Awaitable[Visit]]:
    """Give a dependency that lets in whoever has one of the roles; a form is taken only if it is ours.

    Raises SignInFirstError, NotForYouError, StrangeFormError.
    """

    async def let_in(request: Request) -> Visit:
        program, token = program_of(request), token_of(request)
        found = await visit(program.store, program.settings, token, program.now()) if token else None
        if found is None:
            raise SignInFirstError(_wanted(request))
        if not found.roles & roles:
            raise NotForYouError
        if request.method not in {"GET", "HEAD"}:
            await _check_form(request, token)
        return found

    return let_in


def _wanted(request: Request) -> str:
    return quote(request.url.path, safe="/") if request.method == "GET" else "/console/today"


async def _check_form(request: Request, token: str) -> None:
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise StrangeFormError
    value = (await form_of(request)).get("form", "")
    if not isinstance(value, str) or not is_own_form(token, value):
        raise StrangeFormError


async def form_of(request: Request) -> FormData:
    """Give the fields of a form; read once, kept with the request."""
    return await request.form(max_files=4, max_fields=2000, max_part_size=1 << 20)

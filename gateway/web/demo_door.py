"""The demo's own way in: a one-time link per role. Mounted on a demo only, and of use in a demo database only."""

import secrets
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.store.repositories.console import Session
from gateway.store.unit_of_work import Store
from gateway.web.guard import program_of
from gateway.web.rendering import plain_page
from gateway.web.roles import Role
from gateway.web.sessions import NotLetInError
from gateway.web.signin import HOME, let_in

router = APIRouter()

PATH: Final = "/console/demo-sign-in"
LIFE: Final = timedelta(hours=12)
PEOPLE: Final = {
    Role.CASE_MANAGER: ("Mo Cypress", "org:cedar-cm"),
    Role.SUPERVISOR: ("Sam Hemlock", "org:cedar-cm"),
    Role.PRIVACY_OFFICER: ("Pat Juniper", "org:cedar-cm"),
    Role.PROJECT_MANAGER: ("Lee Larch", "org:cedar-cm"),
    Role.AUDITOR: ("Ash Rowan", "org:cedar-cm"),
    Role.DEFENDER: ("Dee Willow", "org:cedar-defender"),
}
"""Invented staff of the demo, and where they work."""


class NoDemoError(Exception):
    """A link was asked for at a site that is no demo."""


async def make_link(store: Store, role: Role, at: datetime) -> str:
    """Make a one-time link; returns its path. Raises NoDemoError on any site but a demo."""
    token = secrets.token_urlsafe(24)
    async with store.unit_of_work() as uow:
        if await uow.registry.mark() != "demo":
            raise NoDemoError("`sign-in`: is for a demo only")
        await uow.console.add_link(token, role.value, at + LIFE)
        await uow.commit()
    return f"{PATH}/{token}"


@router.get(f"{PATH}/{{token}}", response_model=None)
async def by_link(request: Request, token: str) -> Response:
    """Let whoever has the link in, once."""
    program = program_of(request)
    async with program.store.unit_of_work() as uow:
        demo = await uow.registry.mark() == "demo"
        role = await uow.console.use_link(token, program.now()) if demo else None
        await uow.commit()
    if role is None:
        return plain_page("problem.html", status=HTTPStatus.NOT_FOUND, what="no-link")
    name, organization = PEOPLE[Role(role)]
    at = program.now()
    try:
        return await let_in(request, Session(name, name, organization, frozenset({role}), at, at), HOME)
    except NotLetInError:
        return plain_page("problem.html", status=HTTPStatus.FORBIDDEN, what="no-link")

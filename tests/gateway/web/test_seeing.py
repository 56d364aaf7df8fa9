"""Whose record one may open. First those who may not."""

from uuid import UUID

import pytest

from gateway.delegating import delegate, delegation
from gateway.store.repositories.console import Session
from gateway.web.guard import NotForYouError
from gateway.web.roles import Role
from gateway.web.seeing import full_name, visible_participant
from gateway.web.sessions import Visit
from tests.gateway.web.conftest import CASE_MANAGEMENT, Console


def _visit(console: Console, *roles: Role, staff: str = "Mo Cypress", organization: str = CASE_MANAGEMENT) -> Visit:
    at = console.scene.clock()
    return Visit(Session(staff, staff, organization, frozenset(r.value for r in roles), at, at), "form")


async def _see(console: Console, visit: Visit, identity: UUID | None = None) -> str:
    async with console.scene.store.unit_of_work() as uow:
        found = identity or await console.scene.participant()
        return full_name(await visible_participant(uow, visit, found, console.scene.clock()))


class TestNotTheirs:
    @pytest.mark.parametrize("role", [Role.PROJECT_MANAGER, Role.AUDITOR, Role.DEFENDER])
    async def test_a_role_without_content(self, console: Console, role: Role) -> None:
        with pytest.raises(NotForYouError):
            await _see(console, _visit(console, role))

    @pytest.mark.parametrize("role", list(Role))
    async def test_another_organization(self, console: Console, role: Role) -> None:
        with pytest.raises(NotForYouError):
            await _see(console, _visit(console, role, organization="org:cedar-defender"))

    async def test_a_colleagues(self, console: Console) -> None:
        with pytest.raises(NotForYouError):
            await _see(console, _visit(console, Role.CASE_MANAGER, staff="Ann Oak"))

    async def test_nobody(self, console: Console) -> None:
        with pytest.raises(NotForYouError):
            await _see(console, _visit(console, Role.PRIVACY_OFFICER), UUID(int=7))


class TestTheirs:
    async def test_ones_own(self, console: Console) -> None:
        assert await _see(console, _visit(console, Role.CASE_MANAGER)) == "Ray Alder"

    @pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.PRIVACY_OFFICER])
    async def test_the_organizations(self, console: Console, role: Role) -> None:
        assert await _see(console, _visit(console, role, staff="Sam Hemlock")) == "Ray Alder"

    async def test_a_colleagues_who_has_delegated(self, console: Console) -> None:
        at = console.scene.clock()
        new = delegation(CASE_MANAGEMENT, "Mo Cypress", "Ann Oak", at, console.scene.clock.move(days=1))
        console.scene.clock.at = at
        await delegate(console.scene.store, new, by="Mo Cypress", at=at)
        assert await _see(console, _visit(console, Role.CASE_MANAGER, staff="Ann Oak")) == "Ray Alder"
        console.scene.clock.move(days=1)
        with pytest.raises(NotForYouError):
            await _see(console, _visit(console, Role.CASE_MANAGER, staff="Ann Oak"))

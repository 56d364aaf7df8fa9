"""A doubtful match, decided on a page."""

from uuid import UUID

import pytest

from gateway.web.roles import Role
from tests.gateway.matters import test_unlinking
from tests.gateway.web.conftest import Console, text_of


async def _waiting(console: Console) -> UUID:
    return await test_unlinking.TestMatch().doubtful(console.scene)


class TestNotDecided:
    @pytest.mark.parametrize("role", [Role.CASE_MANAGER, Role.SUPERVISOR, Role.AUDITOR])
    async def test_by_others(self, console: Console, role: Role) -> None:
        path = f"/console/matches/{await _waiting(console)}"
        assert (await (await console.as_(role)).get(path)).status_code == 404

    async def test_by_another_organization(self, console: Console) -> None:
        path = f"/console/matches/{await _waiting(console)}"
        browser = await console.as_(Role.PRIVACY_OFFICER, organization="org:cedar-defender")
        assert (await browser.get(path)).status_code == 404
        assert (await browser.post(path, {"who": "nobody"})).status_code == 404

    async def test_without_a_choice_or_with_somebody_else(self, console: Console) -> None:
        path = f"/console/matches/{await _waiting(console)}"
        browser = await console.as_(Role.PRIVACY_OFFICER, staff="Pat Juniper")
        for who in ("", str(UUID(int=7))):
            page = await browser.post(path, {"who": who})
            assert page.status_code == 422
            assert "choose one of them" in page.text

    async def test_what_is_not_there(self, console: Console) -> None:
        browser = await console.as_(Role.PRIVACY_OFFICER)
        assert (await browser.get(f"/console/matches/{UUID(int=7)}")).status_code == 404


class TestDecided:
    async def test_shows_both_sides(self, console: Console) -> None:
        browser = await console.as_(Role.PRIVACY_OFFICER, staff="Pat Juniper")
        words = text_of(await browser.get(f"/console/matches/{await _waiting(console)}"))
        assert "The message says" in words
        assert "Identifiers" in words

    async def test_nobody(self, console: Console) -> None:
        path = f"/console/matches/{await _waiting(console)}"
        browser = await console.as_(Role.PRIVACY_OFFICER, staff="Pat Juniper")
        assert (await browser.post(path, {"who": "nobody"})).status_code == 303
        assert (await browser.get(path)).status_code == 404

    async def test_somebody(self, console: Console) -> None:
        waiting = await _waiting(console)
        (one, *_) = await test_unlinking.TestMatch().candidates(console.scene, waiting)
        browser = await console.as_(Role.PRIVACY_OFFICER, staff="Pat Juniper")
        assert (await browser.post(f"/console/matches/{waiting}", {"who": one})).status_code == 303
        async with console.scene.store.unit_of_work() as uow:
            kinds = [entry.kind for entry in await uow.accounting.of(UUID(one))]
        assert kinds.count("match-decided") == kinds.count("received") == 1

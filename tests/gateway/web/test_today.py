"""What waits, for whom, and where it is done."""

import re

import pytest

from gateway.duties import KINDS, open_duty
from gateway.web.installing import ROUTERS
from gateway.web.roles import Role
from gateway.web.today import PAGES, TITLES
from tests.gateway.web.conftest import CASE_MANAGEMENT, Console, text_of


async def _open(console: Console, kind: str, role: str = "case-manager", organization: str = CASE_MANAGEMENT) -> str:
    at = console.scene.clock()
    async with console.scene.store.unit_of_work() as uow:
        ray = await console.scene.participant()
        found = await open_duty(uow, kind, organization=organization, role=role, at=at, participant=ray)
        await uow.commit()
    return str(found)


class TestTables:
    def test_every_kind_of_duty_has_its_words(self) -> None:
        assert set(TITLES) == set(KINDS)

    @pytest.mark.parametrize("kind", sorted(PAGES))
    def test_what_is_linked_is_there(self, kind: str) -> None:
        blank = re.compile(r"\{\w+\}")
        served = {blank.sub("{}", getattr(route, "path", "")) for router in ROUTERS for route in router.routes}
        assert blank.sub("{}", PAGES[kind]) in served


class TestWhoSeesWhat:
    async def test_nothing_of_another_role(self, console: Console) -> None:
        await _open(console, "custody-alert")
        page = await (await console.as_(Role.AUDITOR)).get("/console/today")
        assert "Nothing waits for you." in text_of(page)

    async def test_no_name_for_another_organization(self, console: Console) -> None:
        await _open(console, "defender-alert", role="defender", organization="org:cedar-defender")
        page = await (await console.as_(Role.DEFENDER, organization="org:cedar-defender")).get("/console/today")
        assert "An arrest or filing after something was shared" in text_of(page)
        assert "Ray Alder" not in page.text

    @pytest.mark.parametrize("role", [Role.PROJECT_MANAGER, Role.AUDITOR, Role.DEFENDER])
    async def test_no_name_for_who_sees_no_content(self, console: Console, role: Role) -> None:
        await _open(console, "enforcement-review", role=role.value)
        page = await (await console.as_(role)).get("/console/today")
        assert "Look at enforcement after a disclosure" in text_of(page)
        assert "Ray Alder" not in page.text

    async def test_no_name_of_a_colleagues_participant(self, console: Console) -> None:
        await _open(console, "custody-alert")
        page = await (await console.as_(Role.CASE_MANAGER, staff="Wren Tamarack")).get("/console/today")
        assert "Ray Alder" not in page.text

    async def test_mine_by_name_and_that_is_a_use(self, console: Console) -> None:
        await _open(console, "custody-alert")
        page = await (await console.as_(Role.CASE_MANAGER)).get("/console/today")
        assert "Booked into jail, or let out Ray Alder" in text_of(page)
        assert (await console.scene.kinds())[-1] == "use"


class TestSeen:
    async def test_a_colleague_cannot(self, console: Console) -> None:
        duty = await _open(console, "custody-alert")
        browser = await console.as_(Role.AUDITOR, staff="Ash Rowan")
        assert (await browser.post(f"/console/today/{duty}/noted")).status_code == 404

    async def test_what_asks_for_a_deed_is_not_done_by_a_look(self, console: Console) -> None:
        duty = await _open(console, "approval")
        browser = await console.as_(Role.CASE_MANAGER)
        assert (await browser.post(f"/console/today/{duty}/noted")).status_code == 404

    async def test_what_was_seen_waits_no_more(self, console: Console) -> None:
        duty = await _open(console, "custody-alert")
        browser = await console.as_(Role.CASE_MANAGER)
        assert (await browser.post(f"/console/today/{duty}/noted")).headers["location"] == "/console/today"
        assert "Nothing waits for you." in text_of(await browser.get("/console/today"))

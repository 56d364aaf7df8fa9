"""Who gets in, for how long, and what a form must carry."""

import re

import pytest

from gateway.store.repositories.console import Session
from gateway.web import sessions
from gateway.web.demo_door import NoDemoError, make_link
from gateway.web.guard import PLAIN_COOKIE
from gateway.web.installing import ROUTERS
from gateway.web.roles import Role, roles_of
from gateway.web.sessions import NotLetInError, person_of
from gateway.web.signin import own_page
from tests.gateway.web.conftest import CASE_MANAGEMENT, Console, text_of


class TestWithoutASession:
    async def test_every_page_asks_to_sign_in_first(self, console: Console) -> None:
        http = console.stranger()
        answer = await http.get("/console/today")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/console/sign-in?to=/console/today"

    async def test_every_route_is_guarded(self, console: Console) -> None:
        http, opened = console.stranger(), 0
        for router in ROUTERS:
            for route in router.routes:
                path = getattr(route, "path", "")
                if path in {"/console/sign-in", "/console/signed-in"}:
                    continue
                opened += 1
                address = path.replace("{identity}", "00000000-0000-7000-8000-000000000000")
                address = re.sub(r"\{\w+\}", "x", address)
                for method in getattr(route, "methods", None) or ():
                    answer = await http.request(method, address)
                    assert answer.status_code in {303, 422}, (method, path)
                    assert "Alder" not in answer.text
        assert opened

    async def test_a_made_up_cookie_is_nobody(self, console: Console) -> None:
        http = console.stranger()
        http.cookies.set(PLAIN_COOKIE, "made-up")
        assert (await http.get("/console/today")).status_code == 303

    async def test_htmx_is_sent_there_as_a_whole_page(self, console: Console) -> None:
        answer = await console.stranger().get("/console/today", headers={"HX-Request": "true"})
        assert answer.headers["hx-redirect"] == "/console/sign-in?to=/console/today"

    @pytest.mark.parametrize(
        "to", ["https://evil.test/", "//evil.test", "/console//evil.test", "/fhir/Patient", "/console/\\evil"]
    )
    def test_nobody_is_sent_elsewhere_afterwards(self, to: str) -> None:
        assert own_page(to) == "/console/today"


class TestASession:
    async def test_ends_when_idle(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        assert (await browser.get("/console/today")).status_code == 200
        console.scene.clock.move(minutes=15)
        assert (await browser.get("/console/today")).status_code == 303

    async def test_goes_on_while_it_is_used_and_ends_when_old(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        for _ in range(59):
            console.scene.clock.move(minutes=10)
            assert (await browser.get("/console/today")).status_code == 200
        console.scene.clock.move(minutes=10)
        assert (await browser.get("/console/today")).status_code == 303

    async def test_ends_with_sign_out_on_every_process(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        assert (await browser.post("/console/sign-out")).headers["location"] == "/console/sign-in"
        browser.http.cookies.set(PLAIN_COOKIE, browser.token)
        assert (await browser.get("/console/today")).status_code == 303

    async def test_ends_with_the_agreement(self, console: Console) -> None:
        browser = await console.as_(Role.DEFENDER, organization="org:cedar-defender")
        assert (await browser.get("/console/today")).status_code == 200
        console.scene.clock.move(days=4000)
        person = Session("Dee", "Dee", "org:cedar-defender", frozenset({"defender"}), *[console.scene.clock()] * 2)
        with pytest.raises(NotLetInError, match="no-agreement"):
            await sessions.start(console.scene.store, person, console.scene.clock())

    async def test_is_on_the_ledger(self, console: Console) -> None:
        await console.as_(Role.AUDITOR)
        async with console.scene.store.unit_of_work() as uow:
            kinds = await _kinds(uow)
        assert "signed-in" in kinds

    async def test_pages_are_not_kept_and_may_not_reach_elsewhere(self, console: Console) -> None:
        answer = await (await console.as_(Role.CASE_MANAGER)).get("/console/today")
        assert answer.headers["cache-control"] == "no-store"
        assert "script-src 'self';" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]


async def _kinds(uow: object) -> list[str]:
    from sqlalchemy import select  # noqa: PLC0415  -- one test needs it

    from gateway.store.tables import ledger_entry  # noqa: PLC0415  -- one test needs it

    return list((await uow.connection.execute(select(ledger_entry.c.kind))).scalars())  # type: ignore[attr-defined]  # a unit of work


class TestForms:
    async def test_one_without_our_value_changes_nothing(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.http.post("/console/sign-out", data={})
        assert answer.status_code == 403
        assert "Nothing was changed" in text_of(answer)
        assert (await browser.get("/console/today")).status_code == 200

    async def test_one_of_another_session_changes_nothing(self, console: Console) -> None:
        browser, other = await console.as_(Role.CASE_MANAGER), await console.as_(Role.SUPERVISOR)
        answer = await browser.http.post("/console/sign-out", data={"form": sessions.form_value(other.token)})
        assert answer.status_code == 403

    async def test_one_from_another_site_changes_nothing(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post("/console/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403


class TestClaims:
    @pytest.mark.parametrize(
        ("claims", "why"),
        [
            ({"sub": "mo", "roles": ["case-manager"]}, "no-organization"),
            ({"sub": " ", "roles": ["case-manager"], "organization": CASE_MANAGEMENT}, "no-organization"),
            ({"sub": "mo", "roles": ["root", "admin"], "organization": CASE_MANAGEMENT}, "no-role"),
            ({"sub": "mo", "roles": {"case-manager": True}, "organization": CASE_MANAGEMENT}, "no-role"),
        ],
    )
    async def test_who_is_not_let_in(self, console: Console, claims: dict[str, object], why: str) -> None:
        with pytest.raises(NotLetInError, match=why):
            person_of(claims, console.scene.program.settings, console.scene.clock())

    async def test_who_is(self, console: Console) -> None:
        claims = {"sub": "mo", "name": "Mo Cypress", "roles": "auditor, case-manager", "organization": CASE_MANAGEMENT}
        person = person_of(claims, console.scene.program.settings, console.scene.clock())
        assert (person.staff, person.name, person.organization) == ("mo", "Mo Cypress", CASE_MANAGEMENT)
        assert roles_of(person.roles) == {Role.AUDITOR, Role.CASE_MANAGER}


class TestTheDemosLink:
    async def test_works_once(self, console: Console) -> None:
        path = await make_link(console.scene.store, Role.AUDITOR, console.scene.clock())
        http = console.stranger()
        assert (await http.get(path)).headers["location"] == "/console/today"
        assert "Ash Rowan" in text_of(await http.get("/console/today"))
        assert (await console.stranger().get(path)).status_code == 404

    async def test_not_for_ever(self, console: Console) -> None:
        path = await make_link(console.scene.store, Role.AUDITOR, console.scene.clock())
        console.scene.clock.move(hours=12)
        assert (await console.stranger().get(path)).status_code == 404

    async def test_nowhere_but_in_a_demo(self, console: Console) -> None:
        async with console.scene.store.unit_of_work() as uow:
            from sqlalchemy import text  # noqa: PLC0415  -- one test needs it

            await uow.connection.execute(text("UPDATE site SET mark = 'live'"))
            await uow.commit()
        with pytest.raises(NoDemoError):
            await make_link(console.scene.store, Role.AUDITOR, console.scene.clock())

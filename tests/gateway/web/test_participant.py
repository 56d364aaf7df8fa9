"""A participant's pages: not for others, in words, as of a day."""

import pytest

from consent.codes import Category
from gateway import stopping
from gateway.demo.site_record import HOSPITAL
from gateway.releasing import KEPT_AS
from gateway.store.values import StoredItem
from gateway.web.roles import Role
from tests.gateway.matters.test_unlinking import misfile
from tests.gateway.site import NOON
from tests.gateway.web.conftest import Browser, Console, text_of

PAGES = (
    "",
    "/why?recipient=org:cedar-prosecutor&category=progress",
    "/timeline",
    "/plan",
    "/identity",
    "/told",
    "/copy",
)
FILES = ("/told.csv", "/told.pdf")


async def _base(console: Console, reference: str = "p-ray") -> str:
    return f"/console/participants/{await console.scene.participant(reference)}"


async def _mo(console: Console) -> Browser:
    return await console.as_(Role.CASE_MANAGER)


class TestNotForOthers:
    @pytest.mark.parametrize("path", [*PAGES, *FILES])
    async def test_not_the_other_roles_organizations_and_colleagues(self, console: Console, path: str) -> None:
        base = await _base(console)
        for browser in (
            await console.as_(Role.AUDITOR),
            await console.as_(Role.PROJECT_MANAGER),
            await console.as_(Role.DEFENDER),
            await console.as_(Role.PRIVACY_OFFICER, organization="org:cedar-defender"),
            await console.as_(Role.CASE_MANAGER, staff="Ann Oak"),
        ):
            page = await browser.get(base + path)
            assert page.status_code == 404
            assert "Alder" not in page.text

    @pytest.mark.parametrize("path", ["/identity", "/copy"])
    async def test_not_by_a_strange_form(self, console: Console, path: str) -> None:
        browser, base = await _mo(console), await _base(console)
        assert (await browser.post(base + path, {"form": "x", "as": "pdf"})).status_code == 403

    async def test_nobody_is_like_not_theirs(self, console: Console) -> None:
        page = await (await _mo(console)).get("/console/participants/00000000-0000-0000-0000-000000000007")
        assert page.status_code == 404

    @pytest.mark.parametrize(
        "query", ["recipient=org:nobody&category=progress", "recipient=org:cedar-court&category=x"]
    )
    async def test_why_of_nothing(self, console: Console, query: str) -> None:
        page = await (await _mo(console)).get(f"{await _base(console)}/why?{query}")
        assert page.status_code == 404


class TestTheTable:
    @pytest.mark.parametrize("day", ["yesterday", "2099-01-01", "2026-13-01"])
    async def test_a_day_that_will_not_do(self, console: Console, day: str) -> None:
        page = await (await _mo(console)).get(f"{await _base(console)}?day={day}")
        assert page.status_code == 422
        assert "There is a problem" in page.text
        assert f'value="{day}"' in page.text

    async def test_a_day_before_there_was_anything(self, console: Console) -> None:
        page = await (await _mo(console)).get(f"{await _base(console)}?day=2020-01-01")
        assert "Nobody could be told anything" in page.text

    async def test_after_a_hold_it_says_so(self, console: Console) -> None:
        await stopping.hold(
            console.scene.store, await console.scene.participant(), at=console.scene.clock(), by="Mo Cypress"
        )
        words = text_of(await (await _mo(console)).get(await _base(console)))
        assert "A hold is in force" in words
        assert "Nobody may be told anything" in words

    async def test_says_who_what_why_until_when_because_of_what(self, console: Console) -> None:
        words = text_of(await (await _mo(console)).get(await _base(console)))
        assert "Cedar County Prosecuting Attorney" in words
        assert "To fit the court case to the plan, until" in words
        assert "Because of the release of" in words
        assert "Cedar City Police" in words.partition("Nothing at all:")[2]

    async def test_a_past_day_is_as_it_was(self, console: Console) -> None:
        clock, browser, base = console.scene.clock, await _mo(console), await _base(console)
        clock.move(minutes=1)
        await stopping.revoke(console.scene.store, await console.scene.participant(), at=clock(), by="Mo Cypress")
        day = clock().date()
        clock.move(days=2)
        browser = await _mo(console)
        assert "Because of the release" not in (await browser.get(base)).text
        # revoked on that day too: its end is after the stop; the day before there was no site
        assert "Because of the release" not in (await browser.get(f"{base}?day={day}")).text

    async def test_why_yes(self, console: Console) -> None:
        path = f"{await _base(console)}/why?recipient=org:cedar-prosecutor&category=progress"
        words = text_of(await (await _mo(console)).get(path))
        assert "Yes , in" in words
        assert "row g-prosecutor" in words
        assert "A person approves it first" in words

    async def test_why_not(self, console: Console) -> None:
        path = f"{await _base(console)}/why?recipient=org:cedar-police&category=moud"
        words = text_of(await (await _mo(console)).get(path))
        assert "No , for no purpose" in words
        assert "CFR" in words

    async def test_every_look_is_recorded(self, console: Console) -> None:
        browser, base = await _mo(console), await _base(console)
        for path in (*PAGES[:5], "/told", "/told.csv"):
            before = len(await console.scene.kinds())
            await browser.get(base + path)
            assert (await console.scene.kinds())[before:].count("use") >= 1


class TestTheOtherPages:
    async def test_the_timeline_has_a_drawing_and_its_table(self, console: Console) -> None:
        page = await (await _mo(console)).get(f"{await _base(console)}/timeline")
        assert page.text.count("<rect") == page.text.count("<tr><td>") > 0
        assert "style=" not in page.text

    async def test_the_timeline_shows_nothing_that_others_noted(self, console: Console) -> None:
        item = StoredItem("case-1", Category.LEGAL_STATUS, HOSPITAL, NOON, {"resourceType": "Observation"}, None)
        browser, path = await _mo(console), f"{await _base(console)}/timeline"
        before = (await browser.get(path)).text.count("Court case news")
        assert before  # what justice told is there
        async with console.scene.store.unit_of_work() as uow:
            await uow.record.put(await console.scene.participant(), item, NOON)
            await uow.commit()
        assert (await browser.get(path)).text.count("Court case news") == before

    async def test_the_plan_by_its_dimensions(self, console: Console) -> None:
        words = text_of(await (await _mo(console)).get(f"{await _base(console)}/plan"))
        assert words.index("Health") < words.index("Home") < words.index("Purpose") < words.index("Community")
        assert "A room with a door that locks" in words

    async def test_identifiers_are_hidden_until_asked_for(self, console: Console) -> None:
        browser, path = await _mo(console), f"{await _base(console)}/identity"
        assert "WA90000001" not in (await browser.get(path)).text
        assert "WA90000001" in (await browser.post(path)).text
        entries = await console.scene.entries()
        assert ["identifiers"] in [each.content.get("read") for each in entries]


class TestUnlink:
    async def test_not_by_a_case_manager(self, console: Console) -> None:
        envelope = await misfile(console.scene)
        page = await (await _mo(console)).get(f"{await _base(console)}/unlink/{envelope}")
        assert page.status_code == 404

    async def test_not_without_why(self, console: Console) -> None:
        envelope = await misfile(console.scene)
        browser = await console.as_(Role.SUPERVISOR, staff="Sam Hemlock")
        page = await browser.post(f"{await _base(console)}/unlink/{envelope}", {"why": " "})
        assert page.status_code == 422
        assert "unlink" not in await console.scene.kinds()

    async def test_not_what_is_not_theirs(self, console: Console) -> None:
        browser = await console.as_(Role.SUPERVISOR, staff="Sam Hemlock")
        path = f"{await _base(console)}/unlink/00000000-0000-0000-0000-000000000007"
        assert (await browser.get(path)).status_code == 404

    async def test_not_a_form_that_was_signed_here(self, console: Console) -> None:
        """Taking the paper of a form off, as a message, left its consent in force and said that all was undone."""
        async with console.scene.store.unit_of_work() as uow:
            paper = await uow.inbound.keep(KEPT_AS, await console.scene.participant(), b"{}", console.scene.clock())
            await uow.commit()
        browser, base = await console.as_(Role.SUPERVISOR, staff="Sam Hemlock"), await _base(console)
        assert str(paper) not in (await browser.get(f"{base}/identity")).text
        assert (await browser.get(f"{base}/unlink/{paper}")).status_code == 404
        assert (await browser.post(f"{base}/unlink/{paper}", {"why": "a reason"})).status_code == 404
        assert "unlink" not in await console.scene.kinds()

    async def test_takes_it_off(self, console: Console) -> None:
        envelope = await misfile(console.scene)
        browser, base = await console.as_(Role.SUPERVISOR, staff="Sam Hemlock"), await _base(console)
        assert str(envelope) in (await browser.get(f"{base}/identity")).text
        page = await browser.post(f"{base}/unlink/{envelope}", {"why": "another birth date"})
        assert "The message was taken off" in page.text
        assert "unlink" in await console.scene.kinds()
        assert "No: taken off" in (await browser.get(f"{base}/identity")).text
        again = await browser.post(f"{base}/unlink/{envelope}", {"why": "another birth date"})
        assert again.status_code == 422
        assert "another birth date" in again.text

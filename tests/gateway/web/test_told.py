"""What was told about me: on the screen, in a file, on paper; and the participant's own record."""

import pytest

from gateway.web.roles import Role
from gateway.web.told_words import VIEWS, WORDS
from tests.gateway.matters.test_unlinking import emergency
from tests.gateway.web.conftest import Console, text_of


async def _path(console: Console, more: str = "") -> str:
    return f"/console/participants/{await console.scene.participant()}/{more}"


class TestRefused:
    async def test_a_view_that_is_none(self, console: Console) -> None:
        page = await (await console.as_(Role.CASE_MANAGER)).get(await _path(console, "told?view=x"))
        assert page.status_code == 404

    async def test_a_copy_in_no_form(self, console: Console) -> None:
        page = await (await console.as_(Role.CASE_MANAGER)).post(await _path(console, "copy"), {"as": "x"})
        assert page.status_code == 422
        assert "own-copy" not in await console.scene.kinds()

    async def test_asking_in_which_form_is_recorded(self, console: Console) -> None:
        await (await console.as_(Role.CASE_MANAGER)).get(await _path(console, "copy"))
        assert (await console.scene.kinds())[-1] == "use"


class TestTold:
    async def test_nothing_yet(self, console: Console) -> None:
        words = text_of(await (await console.as_(Role.CASE_MANAGER)).get(await _path(console, "told")))
        assert "Nobody was told anything" in words

    @pytest.mark.parametrize(("language", "who"), [("en", "Who got it"), ("es", "Quién lo recibió")])
    async def test_in_a_language(self, console: Console, language: str, who: str) -> None:
        await emergency(console.scene)
        browser = await console.as_(Role.CASE_MANAGER)
        page = await browser.get(await _path(console, f"told?lang={language}"))
        assert who in page.text
        assert "Lakeside Hospital" in page.text
        assert WORDS[language].bases["2.51"] in page.text
        table = (await browser.get(await _path(console, f"told.csv?lang={language}"))).content.decode("utf-8-sig")
        assert table.splitlines()[0].count(",") == 4
        assert "Lakeside Hospital" in table
        paper = await browser.get(await _path(console, f"told.pdf?lang={language}"))
        assert paper.content.startswith(b"%PDF-")
        assert "Alder" not in paper.headers["content-disposition"]

    @pytest.mark.parametrize("view", list(VIEWS))
    async def test_every_view(self, console: Console, view: str) -> None:
        await emergency(console.scene)
        browser = await console.as_(Role.PRIVACY_OFFICER, staff="Pat Juniper")
        page = await browser.get(await _path(console, f"told?view={view}"))
        told = "Lakeside Hospital" in page.text.partition("<table")[2]
        assert told is (view in {"everything", "hipaa"})


class TestOwnCopy:
    async def test_holds_ones_own_organizations_records_alone(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(await _path(console, "copy"), {"as": "json"})
        bundle = answer.json()
        assert answer.headers["content-type"].startswith("application/fhir+json")
        kinds = {each["resource"]["resourceType"] for each in bundle["entry"]}
        assert "CarePlan" in kinds
        assert "methadone" not in answer.text  # the treatment program's own record: ask them
        assert (await console.scene.kinds()).count("own-copy") == 1

    @pytest.mark.parametrize("language", ["en", "es"])
    async def test_as_pages(self, console: Console, language: str) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(await _path(console, "copy"), {"as": "pdf", "lang": language})
        assert answer.content.startswith(b"%PDF-")

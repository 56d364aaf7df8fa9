"""Finding participants: never somebody else's, never by an address."""

import pytest

from gateway.web.roles import Role
from tests.gateway.web.conftest import Console, text_of

PATH = "/console/participants"


class TestNotFound:
    @pytest.mark.parametrize("role", [Role.PROJECT_MANAGER, Role.AUDITOR, Role.DEFENDER])
    async def test_by_a_role_without_content(self, console: Console, role: Role) -> None:
        assert (await (await console.as_(role)).get(PATH)).status_code == 404

    @pytest.mark.parametrize("wanted", ["Alder", "p-ray", "WA90000001", "1986-03-02"])
    async def test_from_another_organization(self, console: Console, wanted: str) -> None:
        browser = await console.as_(Role.PRIVACY_OFFICER, organization="org:cedar-defender")
        page = await browser.post(PATH, {"q": wanted})
        assert page.status_code == 200
        assert "Ray Alder" not in page.text

    async def test_a_colleagues(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER, staff="Ann Oak")
        assert "Ray Alder" not in (await browser.post(PATH, {"q": "Alder"})).text
        assert "Ray Alder" not in (await browser.get(PATH)).text

    async def test_whom_no_word_fits(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        for wanted in ("Aldermann", "Testina Alder", "%", "'; --", "x" * 500):
            page = await browser.post(PATH, {"q": wanted})
            assert page.status_code == 200
            assert "Ray Alder" not in page.text

    async def test_whose_key_was_shredded(self, console: Console) -> None:
        await console.scene.store.keys.shred(await console.scene.participant())
        page = await (await console.as_(Role.CASE_MANAGER)).post(PATH, {"q": "p-ray"})
        nobody = await (await console.as_(Role.CASE_MANAGER)).post(PATH, {"q": "p-nay"})
        assert (page.status_code, text_of(page)) == (200, text_of(nobody).replace("p-nay", "p-ray"))

    async def test_without_a_word(self, console: Console) -> None:
        page = await (await console.as_(Role.CASE_MANAGER)).post(PATH, {"q": "  "})
        assert "write a name" in text_of(page)

    async def test_by_a_form_that_is_not_ours(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        assert (await browser.post(PATH, {"q": "Alder", "form": "x"})).status_code == 403


class TestFound:
    @pytest.mark.parametrize(
        "wanted",
        ["Alder", "ald", "Ray Alder", "alder, ray", "Birch", "p-ray", "WA90000001", "wa-9000 0001", "1986-03-02"],
    )
    async def test_by_any_of_their_words(self, console: Console, wanted: str) -> None:
        page = await (await console.as_(Role.SUPERVISOR, staff="Sam Hemlock")).post(PATH, {"q": wanted})
        assert "Ray Alder" in page.text
        assert "Testina" not in page.text

    async def test_ones_own_are_listed_by_name(self, console: Console) -> None:
        words = text_of(await (await console.as_(Role.CASE_MANAGER)).get(PATH))
        assert words.index("Ray Alder") < words.index("Willow Crane") < words.index("Testina Fir")
        assert "use" in await console.scene.kinds()

    async def test_who_has_no_own_gets_the_search_alone(self, console: Console) -> None:
        page = await (await console.as_(Role.PRIVACY_OFFICER, staff="Pat Juniper")).get(PATH)
        assert "Ray Alder" not in page.text
        assert "Find somebody above" in page.text

    async def test_a_page_beyond_the_last_is_empty(self, console: Console) -> None:
        page = await (await console.as_(Role.CASE_MANAGER)).get(f"{PATH}?number=9")
        assert "There are no more" in page.text

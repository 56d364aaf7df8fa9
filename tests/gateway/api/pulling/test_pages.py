import pytest

from gateway import stopping
from gateway.demo.site import HOSPITAL
from tests.gateway.api.pulling.partner import Partner

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def page(partner: Partner, path: str) -> tuple[list[str], str | None]:
    """The ids on a page, and the address of the next."""
    answer = (await partner.get(path)).json()
    ids = [one["resource"]["id"] for one in answer.get("entry", []) if one["search"]["mode"] == "match"]
    links = {one["relation"]: one["url"] for one in answer["link"]}
    return ids, links.get("next")


class TestPages:
    async def test_they_come_to_all_and_each_once(self, partner):
        patient = partner.ids["p-ash"]
        whole, after = await page(partner, f"Goal?patient={patient}")
        assert (len(whole), after) == (5, None)
        found, path = [], f"Goal?patient={patient}&_count=2&status=active"
        while path:
            ids, path = await page(partner, path)
            found += ids
            assert path is None or patient not in path
        assert found == whole

    async def test_each_page_is_decided_anew(self, fresh):
        patient = fresh.ids["p-ash"]
        _, after = await page(fresh, f"Goal?patient={patient}&_count=2")
        nothing = await fresh.get(f"Goal?patient={fresh.ids['p-elm']}")
        await stopping.revoke(fresh.scene.store, fresh.rows["p-ash"], at=fresh.scene.clock(), by="mo")
        answer = await fresh.get(after)
        assert (answer.status_code, answer.headers.raw, answer.content) == (200, nothing.headers.raw, nothing.content)
        assert [one.kind for one in await fresh.entries()][-1] == "denial"

    async def test_a_page_is_one_clients_and_of_its_type_and_not_for_long(self, fresh):
        _, after = await page(fresh, f"Goal?patient={fresh.ids['p-ash']}&_count=2")
        nothing = (await fresh.get(f"Goal?patient={fresh.ids['p-elm']}")).content
        assert (await page(fresh, after.replace("/Goal?", "/CarePlan?")))[0] == []
        for other in (after[:-1] + "~", after + "&_page=x", "Goal?_page=" + "x" * 5000):
            assert (await fresh.get(other)).content == nothing
        token, fresh.token = fresh.token, await fresh.token_of(HOSPITAL, "another")
        assert (await fresh.get(after)).content == nothing
        fresh.token = token
        assert len((await page(fresh, after))[0]) == 2
        fresh.scene.clock.move(minutes=16)
        assert (await fresh.get(after)).content == nothing

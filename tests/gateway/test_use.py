"""Reading inside one's own organization is recorded each time, with who looked at what."""

from pathlib import Path

from gateway import use
from gateway.demo.story import ray_question
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import opened_scene


class TestEveryLook:
    async def test_at_custody_even_where_there_is_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            ray = await scene.participant()
            assert await use.read_custody(scene.store, ray, staff="Mo Cypress", at=scene.clock()) == ()
            (seen,) = [e for e in await scene.entries() if e.kind == "use"]
        assert (seen.organization, seen.content) == ("org:cedar-cm", {"staff": "Mo Cypress", "read": []})

    async def test_at_what_waits_one_per_proposal(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            assert await use.read_waiting(scene.store, staff="Mo Cypress", at=scene.clock()) == []
            await scene.consider(await scene.ask(ray_question()))
            (shown,) = await use.read_waiting(scene.store, staff="Mo Cypress", at=scene.clock())
            (seen,) = [e for e in await scene.entries() if e.kind == "use"]
        assert seen.content == {"staff": "Mo Cypress", "read": [shown["id"]]}
        assert shown["items"] == len(shown["clearance"]["items"])

    async def test_at_the_ledger_which_then_tells_of_it(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            ray = await scene.participant()
            first = await use.read_ledger(scene.store, ray, staff="Mo Cypress", at=scene.clock())
            second = await use.read_ledger(scene.store, ray, staff="Mo Cypress", at=scene.clock())
        assert [e.kind for e in second] == [*(e.kind for e in first), "use"]

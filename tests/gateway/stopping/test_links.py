from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway import links
from gateway.demo.story import ray_question
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene


async def _slip(scene: Scene) -> links.Slip:
    async with scene.store.unit_of_work() as uow:
        made = await links.make(uow, await scene.participant(), scene.clock(), by="mo")
        await uow.commit()
    return made


class TestUse:
    @pytest.mark.parametrize("typed", ["", "0000-0000-0000-0000", "x" * 5000, "\x00", "código"])
    async def test_a_wrong_code_stops_nothing(self, typed: str, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _slip(scene)
            before = await scene.kinds()
            assert not await links.use(scene.store, typed, scene.clock())
            assert await scene.kinds() == before

    async def test_one_past_its_time_stops_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            slip = await _slip(scene)
            assert not await links.use(scene.store, slip.code, slip.until)
            assert await links.use(scene.store, slip.code, slip.until - timedelta(seconds=1))

    async def test_it_counts_once(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            slip = await _slip(scene)
            assert await links.use(scene.store, slip.code, scene.clock())
            assert not await links.use(scene.store, slip.code, scene.clock())

    async def test_it_revokes_everything_in_writing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            slip = await _slip(scene)
            assert await links.use(scene.store, f"  {slip.code.lower()} ", scene.clock.move(seconds=1))
            assert await scene.consider(await scene.ask(ray_question())) == []
            entry = next(e for e in await scene.entries() if e.kind == "revocation")
        assert (entry.content["mode"], entry.content["by"]) == ("written", links.CHANNEL)

    async def test_nobody_can_read_the_code_from_the_database_or_the_ledger(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            slip = await _slip(scene)
            plain = links.plain(slip.code)
            async with scene.store.unit_of_work() as uow:
                rows = (await uow.connection.execute(text("SELECT revocation_link::text FROM revocation_link"))).all()
            said = str(rows) + str([entry.content for entry in await scene.entries()])
        assert len(rows) == 1
        assert plain not in said
        assert plain.encode().hex() not in said


class TestCode:
    def test_what_looks_alike_is_meant_alike(self) -> None:
        assert links.plain("o1il-OoLI") == "01110011"

    def test_is_written_in_groups(self) -> None:
        assert links.grouped("ABCDEFGHJKMNPQRS") == "ABCD-EFGH-JKMN-PQRS"

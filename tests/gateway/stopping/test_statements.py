from pathlib import Path

from adapters.outbound import Failed
from consent.codes import Category
from gateway import statements, stopping
from gateway.demo.story import ray_question
from mappings.lead.statement import Arrival
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import opened_scene
from tests.gateway.stopping.stages import Told, told

NAME = "Cedar County Prosecuting Attorney"


async def _state(stage: Told) -> statements.Statement:
    return await statements.state(stage.scene.store, stage.ray, staff="mo", at=stage.scene.clock())


class TestShared:
    async def test_nothing_was(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            found = await statements.state(scene.store, await scene.participant(), staff="mo", at=scene.clock())
        assert found.lines("en") == ("We have told no one about you.",)
        assert found.lines("es") == ("No hemos dicho nada de usted a nadie.",)

    async def test_what_arrived(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls) as stage:
            (line,) = (await _state(stage)).shared
        assert (line.recipient, line.arrival) == (NAME, Arrival.ARRIVED)
        assert Category.ENGAGEMENT in line.categories

    async def test_what_was_already_leaving_is_named_so(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            seen: list[statements.Statement] = []

            async def stop() -> None:
                await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())
                seen.append(await _state(stage))

            stage.scene.door.during = stop
            await stage.deliver()
            after = await _state(stage)
        assert [each.arrival for each in seen[0].shared] == [Arrival.LEAVING]
        assert "on its way when you said stop" in " ".join(seen[0].lines("en"))
        assert [each.arrival for each in after.shared] == [Arrival.ARRIVED]

    async def test_what_was_tried_in_vain_may_have_arrived(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            stage.scene.door.outcomes = [Failed(retryable=True, cause="timeout")] * 2
            await stage.deliver()
            stage.scene.clock.move(minutes=5)
            await stage.deliver()
            (line,) = (await _state(stage)).shared  # two attempts, one message
        assert line.arrival is Arrival.PERHAPS

    async def test_the_notice_of_the_end_is_on_it(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls) as stage:
            await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())
            await stage.say_ended()
            found = await _state(stage)
        assert [name for _, name in found.ended] == [NAME]
        assert any("no more will come" in line for line in found.lines("en"))

    async def test_who_asked_in_vain_is_named_by_kind_only(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.deliver()  # nobody approved: the neutral answer
            lines = (await _state(stage)).lines("en")
        assert any(line.endswith("They were told nothing.") for line in lines)
        assert NAME not in " ".join(lines)
        assert ray_question().person.name not in " ".join(lines)

    async def test_making_it_out_is_recorded(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls) as stage:
            await _state(stage)
            assert "use" in await stage.scene.kinds()

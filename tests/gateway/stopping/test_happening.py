from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from consent.codes import Category
from gateway import happening, ingesting, stopping
from gateway.demo.site import PROSECUTOR, build_site
from gateway.demo.site_record import CASE_MANAGEMENT, HOSPITAL, JAIL
from gateway.demo.story import ray_question
from gateway.exchanges.arriving import after_items
from gateway.store.values import StoredItem
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import RAY, Scene, opened_scene
from tests.gateway.stopping.stages import told


async def _until(scene: Scene, event: str, *, again: bool = False) -> None:
    """Ray's grant to the prosecutor is to last until an event; `again`: a form of its own, signed now."""
    site = build_site(scene.clock().date())
    for roi in site["rois"]:
        if roi["participant"] == RAY:
            roi["events"] = []
            roi["id"] += "-again" if again else ""
            roi["signed_at"] = (scene.clock() - timedelta(seconds=1)).isoformat() if again else roi["signed_at"]
            for grant in roi["grants"]:
                grant["expires"] = f"event:{event}"
    await ingesting.ingest(scene.store, orjson.dumps(site), scene.clock())


async def _arrives(scene: Scene, item: StoredItem) -> None:
    ray = await scene.participant()
    async with scene.store.unit_of_work() as uow:
        identity, _ = await uow.record.put(ray, item, scene.clock())
        await after_items(uow, ray, [(identity, item)], scene.clock())
        await uow.commit()


def _stay(scene: Scene, *, status: str = "finished", source: str | None = JAIL) -> StoredItem:
    resource: dict[str, Any] = {"resourceType": "Encounter", "status": status}
    return StoredItem(f"stay-{uuid4()}", Category.CUSTODY, source, scene.clock(), resource)


class TestEvent:
    @pytest.mark.parametrize("name", ["", "Case Closed", "a--b", "x" * 65, "event:release"])
    async def test_a_name_that_cannot_be_one(self, name: str, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            with pytest.raises(stopping.StopError, match="`NAME`"):
                await happening.happen(scene.store, await scene.participant(), name, at=scene.clock())

    async def test_a_death_has_a_command_of_its_own(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            with pytest.raises(stopping.StopError, match="`NAME`"):
                await happening.happen(scene.store, await scene.participant(), "death", at=scene.clock())

    async def test_another_event_ends_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _until(scene, "graduation")
            found = await happening.happen(scene.store, await scene.participant(), "release", at=scene.clock())
            assert found is not None
            assert found.ended == ()
            assert len(await scene.consider(await scene.ask(ray_question()))) == 1

    async def test_its_own_event_ends_a_grant_and_what_was_approved_on_it(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _until(scene, "graduation")
            await told_on(scene)
            found = await happening.happen(scene.store, await scene.participant(), "graduation", at=scene.clock())
            assert found is not None
            assert len(found.ended) == 3
            assert found.taken.proposals == 1
            assert await scene.consider(await scene.ask(ray_question())) == []
            entry = next(e for e in await scene.entries() if e.kind == "event")
        assert entry.content["by"] == stopping.COMMAND_LINE

    async def test_the_same_twice_is_once(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            ray = await scene.participant()
            since = scene.clock() - timedelta(days=1)
            assert await happening.happen(scene.store, ray, "graduation", at=scene.clock(), since=since) is not None
            scene.clock.move(minutes=1)
            assert await happening.happen(scene.store, ray, "graduation", at=scene.clock(), since=since) is None

    async def test_an_earlier_one_does_not_end_what_was_signed_since(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        """Somebody is released, signs, is booked again: the form is to last until the next release."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            ray = await scene.participant()
            await stopping.revoke(scene.store, ray, at=scene.clock())
            await happening.happen(scene.store, ray, "release", at=scene.clock.move(minutes=1))
            scene.clock.move(days=3)
            await _until(scene, "release", again=True)
            assert len(await scene.consider(await scene.ask(ray_question()))) == 1
            await happening.happen(scene.store, ray, "release", at=scene.clock.move(days=1))
            assert await scene.consider(await scene.ask(ray_question())) == []


async def told_on(scene: Scene) -> None:
    (_,) = await scene.consider(await scene.ask(ray_question()))


class TestFeeds:
    @pytest.mark.parametrize(("status", "source"), [("in-progress", JAIL), ("finished", HOSPITAL), ("finished", None)])
    async def test_what_is_no_release(
        self, status: str, source: str | None, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _until(scene, "release")
            await _arrives(scene, _stay(scene, status=status, source=source))
            assert len(await scene.consider(await scene.ask(ray_question()))) == 1

    async def test_a_release_ends_a_grant_in_the_transaction_that_stores_it(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _until(scene, "release")
            await told_on(scene)
            await _arrives(scene, _stay(scene))
            kinds = await scene.kinds()
            assert {"event", "proposal-withdrawn"} <= set(kinds)
            assert await scene.consider(await scene.ask(ray_question())) == []

    async def test_a_dismissal_closes_the_case(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _until(scene, "case-closed")
            resource = {
                "resourceType": "Task",
                "status": "completed",
                "businessStatus": {"coding": [{"code": "dismissed"}]},
            }
            await _arrives(scene, StoredItem("case", Category.LEGAL_STATUS, PROSECUTOR, scene.clock(), resource))
            async with scene.store.unit_of_work() as uow:
                names = {event.name for _, event in await uow.matters.events(await scene.participant())}
            assert names == {"case-closed", "disposition"}
            assert await scene.consider(await scene.ask(ray_question())) == []

    async def test_a_finished_episode_ends_what_was_to_last_until_then(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _until(scene, "discharge")
            resource = {"resourceType": "EpisodeOfCare", "status": "finished"}
            old = scene.clock() - timedelta(days=300)  # begun long before the form was signed
            await _arrives(scene, StoredItem("episode", Category.PARTICIPATION, CASE_MANAGEMENT, old, resource))
            assert await scene.consider(await scene.ask(ray_question())) == []


class TestDeath:
    async def test_stops_what_waits_and_holds_the_rest(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            scene = stage.scene
            stopped = await happening.die(scene.store, stage.ray, at=scene.clock(), by="mo")
            assert stopped.suppressed == 1
            await stage.deliver()
            assert await scene.consider(await scene.ask(ray_question())) == []
            (duty,) = [d for d in await stage.duties("consent-stopped") if d.participant == stage.ray]
        assert scene.door.disclosures == []
        assert duty.detail["how"] == "death"

    async def test_ends_the_grants_that_hang_on_it(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _until(scene, "death")
            ray = await scene.participant()
            await happening.die(scene.store, ray, at=scene.clock())
            await stopping.lift(scene.store, ray, at=scene.clock.move(days=1), by="po")  # an executor has signed, say
            assert await scene.consider(await scene.ask(ray_question())) == []

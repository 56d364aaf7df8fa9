from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from gateway import happening, ingesting, reminding, stopping
from gateway.demo.site import RAY, build_site
from gateway.demo.site_record import CASE_MANAGEMENT
from gateway.demo.story import ray_question
from gateway.store.repositories.duties import Duty
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, Scene, opened_scene
from tests.gateway.stopping.stages import told

ENDS = NOON + timedelta(days=40)


async def _ending(scene: Scene, ends: datetime = ENDS, language: str = "en") -> None:
    """Ray's form ends on one day, all of it."""
    site = build_site(NOON.date())
    for roi in site["rois"]:
        if roi["participant"] == RAY:
            roi["form"]["language"] = language
            for grant in roi["grants"]:
                grant["expires"] = ends.isoformat()
    await ingesting.ingest(scene.store, orjson.dumps(site), scene.clock())


async def _expiring(scene: Scene) -> list[Duty]:
    async with scene.store.unit_of_work() as uow:
        found: list[Duty] = await uow.duties.open(kinds=["consent-expiring"], participant=await scene.participant())
        return found


async def _count(scene: Scene, kind: str) -> int:
    return (await scene.kinds()).count(kind)


class TestReminders:
    async def test_not_before_thirty_days(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _ending(scene)
            await reminding.look_at(scene.store, ENDS - timedelta(days=30, seconds=1))
            assert await _expiring(scene) == []

    async def test_once_at_thirty_days_and_once_at_seven(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _ending(scene)
            for days, seen in ((30, 1), (29, 1), (7, 2), (6, 2)):
                await reminding.look_at(scene.store, ENDS - timedelta(days=days))
                assert await _count(scene, "reminder") == seen
            (duty,) = await _expiring(scene)  # the later one counts
        assert (duty.detail["days"], duty.due_at) == (7, ENDS)
        assert sorted(duty.detail["grants"]) == ["g-defender", "g-housing", "g-prosecutor"]

    async def test_goes_to_the_own_case_manager_and_to_nobody_else(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        """P2-73: an expiry reminder is not visible to the prosecutor."""
        async with told(tmp_path, database_urls) as stage:
            scene = stage.scene
            await _ending(scene)
            sent = len(scene.door.sent)
            await reminding.look_at(scene.store, ENDS - timedelta(days=7))
            (duty,) = await _expiring(scene)
            assert await stage.ends() == []
        assert (duty.organization, duty.role, duty.assignee) == (CASE_MANAGEMENT, "case-manager", "Mo Cypress")
        assert len(scene.door.sent) == sent

    async def test_holds_a_letter_in_the_language_of_the_form_first(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _ending(scene, language="es")
            await reminding.look_at(scene.store, ENDS - timedelta(days=7))
            (duty,) = await _expiring(scene)
        letter: dict[str, Any] = duty.detail["letter"]
        assert list(letter) == ["es", "en"]
        assert "Se acaba el 3 de enero de 2027." in letter["es"]
        assert "It ends on January 3, 2027." in letter["en"]
        assert "Rowan House" in " ".join(letter["en"])

    async def test_nobody_is_reminded_of_what_was_revoked(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _ending(scene)
            await stopping.revoke(scene.store, await scene.participant(), at=scene.clock())
            await reminding.look_at(scene.store, ENDS - timedelta(days=7))
            assert await _expiring(scene) == []

    async def test_nobody_is_reminded_of_the_dead(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _ending(scene)
            await happening.die(scene.store, await scene.participant(), at=scene.clock())
            await reminding.look_at(scene.store, ENDS - timedelta(days=7))
            assert await _expiring(scene) == []

    async def test_a_form_for_a_week_has_no_reminder_a_month_before(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _ending(scene, NOON - timedelta(days=55) + timedelta(days=20))  # signed 55 days ago, for 20 days
            await reminding.look_at(scene.store, NOON - timedelta(days=55) + timedelta(days=1))
            assert await _expiring(scene) == []


class TestRunningOut:
    async def test_takes_back_what_waits_and_tells_who_got_something(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with told(tmp_path, database_urls) as stage:
            scene = stage.scene
            await _ending(scene)
            scene.clock.at = ENDS - timedelta(minutes=1)
            (waiting,) = await scene.consider(await scene.ask(ray_question()))
            scene.clock.move(minutes=2)
            assert await reminding.look_at(scene.store, scene.clock()) >= 1
            async with scene.store.unit_of_work() as uow:
                proposal = await uow.proposals.get(waiting.id)
            assert proposal is not None
            assert proposal.state == "withdrawn"
            assert len(await stage.ends()) == 1
            assert await _count(scene, "expired") == 1
            await reminding.look_at(scene.store, scene.clock.move(minutes=1))
            assert await _count(scene, "expired") == 1

    async def test_everybody_has_a_turn(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _ending(scene)
            for part in range(reminding.PARTS):
                await reminding.look_at(scene.store, ENDS - timedelta(days=7), part=part, parts=reminding.PARTS)
            assert len(await _expiring(scene)) == 1

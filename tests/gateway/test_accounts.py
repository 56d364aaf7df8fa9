"""What the ledger has written, read as the accountings that the law knows."""

from datetime import date
from pathlib import Path

from adapters.outbound import Failed
from consent.accounting import View
from consent.codes import OrganizationKind, Purpose
from gateway import approval, stopping
from gateway.accounts import account_for
from gateway.demo.story import ray_question
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene

TODAY = date(2026, 11, 24)


async def told_the_prosecutor(scene: Scene, *, attempts: int = 1) -> None:
    asked = await scene.ask(ray_question())
    (proposal,) = await scene.consider(asked)
    await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
    scene.door.outcomes = [Failed(retryable=True, cause="timeout")] * (attempts - 1)
    for _ in range(attempts):
        scene.clock.move(minutes=10)
        await scene.deliver_due(asked)


async def accounted(scene: Scene, view: View, day: date = TODAY) -> list[tuple[str, str, Purpose]]:
    async with scene.store.unit_of_work() as uow:
        found = await account_for(uow, await scene.participant(), view, day)
    return [(told.recipient, told.description, told.purpose) for told in found.told]


PROSECUTOR_WAS_TOLD = (
    "Cedar County Prosecuting Attorney",
    "engagement, participation, progress",
    Purpose.CASE_ALIGNMENT,
)


class TestAccountFor:
    async def test_nothing_told_is_nothing_listed(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await scene.consider(await scene.ask(ray_question()))
            assert [await accounted(scene, view) for view in View] == [[]] * len(View)

    async def test_a_consented_disclosure_is_in_the_part_2_view_only(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await told_the_prosecutor(scene)
            assert await accounted(scene, View.CONSENT) == [PROSECUTOR_WAS_TOLD]
            assert await accounted(scene, View.PARTICIPANT) == [PROSECUTOR_WAS_TOLD]
            assert await accounted(scene, View.HIPAA) == []
            assert await accounted(scene, View.INTERMEDIARY) == []

    async def test_a_retry_is_one_disclosure(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await told_the_prosecutor(scene, attempts=3)
            assert len(scene.door.disclosures) == 3
            assert await accounted(scene, View.CONSENT) == [PROSECUTOR_WAS_TOLD]

    async def test_after_three_years_the_part_2_view_is_empty(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await told_the_prosecutor(scene)
            assert await accounted(scene, View.CONSENT, TODAY.replace(year=2029, day=25)) == []
            assert await accounted(scene, View.PARTICIPANT, TODAY.replace(year=2040)) == [PROSECUTOR_WAS_TOLD]

    async def test_who_asked_in_vain_is_told_by_kind(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await stopping.revoke(scene.store, await scene.participant(), at=scene.clock())
            asked = await scene.ask(ray_question())
            await scene.consider(asked)
            scene.clock.at = asked.due_at
            await scene.deliver_due(asked)
            async with scene.store.unit_of_work() as uow:
                found = await account_for(uow, await scene.participant(), View.PARTICIPANT, TODAY)
        assert [(a.asked_by, a.purpose) for a in found.attempts] == [
            (OrganizationKind.PROSECUTOR, Purpose.CASE_ALIGNMENT)
        ]

"""What waits for a person: opened once, pushed up by age, closed by the deed."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from gateway import duties
from gateway.demo.site import DEFENDER
from gateway.demo.site_record import CASE_MANAGEMENT
from gateway.duties import KINDS, LADDER, DutyError, acknowledge, close_duties, escalate, holder, level_at, open_duty
from gateway.store.repositories.duties import Duty
from gateway.store.repositories.exchange import new_id
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.routine import at_rest
from tests.gateway.site import NOON, Scene, opened_scene

WORD = "Ray Alder was booked"


def duty(kind: str = "approval", role: str = "case-manager", **more: object) -> Duty:
    made = Duty(new_id(), kind, None, CASE_MANAGEMENT, role, NOON)
    return replace(made, **more)


async def opened(scene: Scene, kind: str = "approval", **more: object) -> UUID:
    given = {"organization": CASE_MANAGEMENT, "role": "case-manager", "at": scene.clock(), **more}
    async with scene.store.unit_of_work() as uow:
        identity = await open_duty(uow, kind, **given)
        await uow.commit()
    return identity


async def waiting(scene: Scene) -> list[Duty]:
    async with scene.store.unit_of_work() as uow:
        return await uow.duties.open()


class TestTheTable:
    @pytest.mark.parametrize("kind", KINDS.values())
    def test_it_goes_up_once_and_again_and_is_repeated(self, kind: duties.DutyKind) -> None:
        first, second = kind.steps
        assert first < second
        assert kind.again >= 1
        assert kind.from_due or first > 0

    def test_a_custody_alert_alone_breaks_the_quiet(self) -> None:
        assert [name for name, kind in KINDS.items() if kind.urgent] == ["custody-alert"]

    def test_what_asks_for_a_deed_is_not_done_by_a_look(self) -> None:
        deeds = {"approval", "emergency-undocumented", "emergency-review", "legal-request", "incident", "match-review"}
        assert not [name for name in deeds if KINDS[name].acknowledged]


class TestLevel:
    def test_by_age(self) -> None:
        assert [level_at(duty(), NOON + timedelta(hours=h)) for h in (0, 3.99, 4, 23, 24, 500)] == [0, 0, 1, 1, 2, 2]

    def test_by_what_is_left_until_it_is_due(self) -> None:
        one = duty("incident", due_at=NOON + timedelta(days=60))
        assert [level_at(one, NOON + timedelta(days=d)) for d in (0, 29, 30, 45, 46, 90)] == [0, 0, 1, 1, 2, 2]

    def test_without_a_due_time_it_is_pushed_all_the_same(self) -> None:
        assert [level_at(duty("legal-request"), NOON + timedelta(hours=h)) for h in (1, 24, 72)] == [0, 1, 2]

    @pytest.mark.parametrize(
        ("role", "up"),
        [
            ("case-manager", ["case-manager", "supervisor", "privacy-officer"]),
            ("supervisor", ["supervisor", "privacy-officer", "privacy-officer"]),
            ("privacy-officer", ["privacy-officer"] * 3),
            ("defender", ["defender"] * 3),
        ],
    )
    def test_who_has_it(self, role: str, up: list[str]) -> None:
        assert [holder(duty(role=role, level=level)) for level in (0, 1, 2)] == up

    def test_the_ladder_ends(self) -> None:
        assert not set(LADDER.values()) - set(LADDER) - {"privacy-officer"}


class TestOpening:
    async def test_what_is_refused(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await at_rest(scene)
            with pytest.raises(DutyError, match="kind"):
                await opened(scene, "tidying")
            async with scene.store.unit_of_work() as uow:
                with pytest.raises(DutyError, match="at least one"):
                    await close_duties(uow, at=scene.clock())
            assert await waiting(scene) == []

    async def test_once_for_what_it_is_about(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await at_rest(scene)
            ray, about = await scene.participant(), new_id()
            first = await opened(scene, reference=about, participant=ray, detail={"note": WORD})
            assert await opened(scene, reference=about, participant=ray) == first
            others = {
                await opened(scene, reference=about),
                await opened(scene, "dead-letter", reference=about, participant=ray),
                await opened(scene, reference=new_id(), participant=ray),
                await opened(scene),
                await opened(scene),
            }
            assert len(others | {first}) == 6
            found = next(each for each in await waiting(scene) if each.id == first)
            assert found.detail == {"note": WORD}
            async with scene.store.unit_of_work() as uow:
                assert await close_duties(uow, kinds=["approval"], reference=about, at=scene.clock()) == 2
                assert await close_duties(uow, participant=ray, at=scene.clock()) == 2
                assert {each.detail.get("note") for each in await uow.duties.open(bare=True)} == {None}
                await uow.commit()
            assert await opened(scene, reference=about, participant=ray) != first
            assert len(await waiting(scene)) == 3


class TestEscalating:
    async def test_up_and_up_and_told_anew(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await at_rest(scene)
            ray = await scene.participant()
            identity = await opened(scene, participant=ray, assignee="Mo Cypress")
            other = await opened(scene, "defender-alert", organization=DEFENDER, role="defender")
            async with scene.store.unit_of_work() as uow:
                await uow.duties.nudged([identity, other], scene.clock())
                await uow.commit()
            assert await escalate(scene.store, scene.clock.move(hours=3)) == 0
            assert await escalate(scene.store, scene.clock.move(hours=1)) == 1
            assert await escalate(scene.store, scene.clock()) == 0
            found = {each.id: each for each in await waiting(scene)}
            assert (holder(found[identity]), found[identity].assignee) == ("supervisor", None)
            assert (found[identity].nudged_at, found[other].nudged_at) == (None, NOON)
            assert await escalate(scene.store, scene.clock.move(hours=68)) == 2
            found = {each.id: each for each in await waiting(scene)}
            assert (holder(found[identity]), holder(found[other])) == ("privacy-officer", "defender")
            assert found[other].nudged_at == NOON
            said = [entry.content for entry in await scene.entries() if entry.kind == "duty-escalated"]
        assert [(each["role"], each["level"], each["by"]) for each in said] == [
            ("supervisor", 1, "system"),
            ("privacy-officer", 2, "system"),
        ]

    async def test_several_processes_push_it_once(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await at_rest(scene)
            for _ in range(5):
                await opened(scene, participant=await scene.participant())
            at: datetime = scene.clock.move(hours=5)
            pushed = await asyncio.gather(*(escalate(scene.store, at) for _ in range(4)))
            assert sum(pushed) == 5
            assert (await scene.kinds()).count("duty-escalated") == 5

    async def test_what_is_done_stays_done(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await at_rest(scene)
            about = new_id()
            await opened(scene, reference=about)
            async with scene.store.unit_of_work() as uow:
                await close_duties(uow, reference=about, at=scene.clock())
                await uow.commit()
            assert await escalate(scene.store, scene.clock.move(days=9)) == 0


class TestAcknowledging:
    async def test_an_alert_by_name_and_once(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await at_rest(scene)
            approval, alert = (
                await opened(scene),
                await opened(scene, "custody-alert", participant=await scene.participant()),
            )
            with pytest.raises(DutyError, match="only when"):
                await acknowledge(scene.store, approval, by="Mo Cypress", at=scene.clock())
            with pytest.raises(DutyError, match="none open"):
                await acknowledge(scene.store, new_id(), by="Mo Cypress", at=scene.clock())
            await acknowledge(scene.store, alert, by="Mo Cypress", at=scene.clock())
            with pytest.raises(DutyError, match="none open"):
                await acknowledge(scene.store, alert, by="Mo Cypress", at=scene.clock())
            (said,) = [entry.content for entry in await scene.entries() if entry.kind == "duty-acknowledged"]
            assert [each.id for each in await waiting(scene)] == [approval]
        assert (said["by"], said["kind"]) == ("Mo Cypress", "custody-alert")

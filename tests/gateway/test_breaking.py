"""The circuit breaker of an endpoint: shared by all processes, and about no participant."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.outbound import Acknowledged, Failed
from gateway import breaking
from gateway.demo.site_record import HOSPITAL
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene
from tests.gateway.test_delivery import consented, now, on_the_ledger, queued

AWAY = Failed(retryable=True, cause="connect")


@pytest.fixture
async def scene(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path / "site", database_urls) as opened:
        yield opened


async def _judge(scene: Scene, outcome: Acknowledged | Failed, times: int = 1) -> None:
    for _ in range(times):
        async with scene.store.unit_of_work() as uow:
            await breaking.judge(uow, HOSPITAL, outcome, scene.clock())
            await uow.commit()


async def _admit(scene: Scene, recipient: str = HOSPITAL) -> breaking.Admission:
    async with scene.store.unit_of_work() as uow:
        admission = await breaking.admit(uow, recipient, scene.clock())
        await uow.commit()
    return admission


class TestOpens:
    async def test_at_the_fifth_failure_in_a_row(self, scene: Scene) -> None:
        await _judge(scene, AWAY, 4)
        assert (await _admit(scene)).again is None
        await _judge(scene, AWAY)
        assert (await _admit(scene)).again == scene.clock() + breaking.FIRST_PAUSE

    @pytest.mark.parametrize("answered", [Acknowledged(201), Failed(retryable=False, cause="http-422")])
    async def test_not_where_something_was_answered_in_between(
        self, scene: Scene, answered: Acknowledged | Failed
    ) -> None:
        await _judge(scene, AWAY, 4)
        await _judge(scene, answered)
        await _judge(scene, AWAY, 4)
        assert (await _admit(scene)).again is None

    async def test_for_its_own_recipient_only(self, scene: Scene) -> None:
        await _judge(scene, AWAY, 5)
        assert (await _admit(scene, "org:fern-hill-otp")).again is None

    async def test_for_as_long_as_the_recipient_asks(self, scene: Scene) -> None:
        await _judge(scene, AWAY, 4)
        await _judge(scene, Failed(retryable=True, cause="http-429", retry_after=3600.0))
        assert (await _admit(scene)).again == scene.clock() + timedelta(hours=1)

    def test_longer_each_time_up_to_a_quarter_of_an_hour(self) -> None:
        pauses = [breaking.pause(failures) for failures in range(5, 200)]
        assert pauses[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
        assert max(pauses) == pauses[-1] == timedelta(minutes=15)


class TestHalfOpen:
    async def test_one_tries_whoever_else_comes(self, scene: Scene) -> None:
        await _judge(scene, AWAY, 5)
        scene.clock.move(seconds=30)
        admitted = await asyncio.gather(*(_admit(scene) for _ in range(8)))
        assert [a.again is None for a in admitted].count(True) == 1
        assert {a.again for a in admitted} == {None, scene.clock() + breaking.PROBE}

    async def test_a_trial_that_fails_opens_it_for_longer(self, scene: Scene) -> None:
        await _judge(scene, AWAY, 5)
        scene.clock.move(seconds=30)
        assert (await _admit(scene)).again is None
        await _judge(scene, AWAY)
        assert (await _admit(scene)).again == scene.clock() + timedelta(seconds=60)

    async def test_a_trial_that_arrives_closes_it(self, scene: Scene) -> None:
        await _judge(scene, AWAY, 5)
        scene.clock.move(seconds=30)
        await _admit(scene)
        await _judge(scene, Acknowledged(200))
        assert await _admit(scene) == breaking.Admission(None, failing=False)

    async def test_a_trial_that_died_is_followed_by_another(self, scene: Scene) -> None:
        await _judge(scene, AWAY, 5)
        scene.clock.move(seconds=30)
        await _admit(scene)
        scene.clock.at += breaking.PROBE
        assert (await _admit(scene)).again is None


class TestPutBack:
    async def test_without_an_attempt_and_without_touching_the_budget(self, scene: Scene) -> None:
        request = await consented(scene)
        made = [await queued(scene, request) for _ in range(7)]
        scene.door.outcomes = [AWAY] * 5
        for each in made:
            await scene.deliver(each.id)
        assert len(scene.door.sent) == 5  # two met an open breaker
        for each in made[5:]:
            waits = await now(scene, each)
            assert (waits.state, waits.attempts, waits.cause) == ("queued", 0, None)
            until = scene.clock() + breaking.FIRST_PAUSE
            assert until <= waits.due_at <= until + breaking.FIRST_PAUSE
            assert await on_the_ledger(scene, each) == [(None, "queued")]  # its state has not changed
        assert (await scene.kinds()).count("disclosure") == 5  # what is not tried does not pass the point

    async def test_and_goes_when_the_endpoint_is_back(self, scene: Scene) -> None:
        await _judge(scene, AWAY, 5)
        made = await queued(scene, await consented(scene))
        await scene.deliver(made.id)
        scene.clock.at = (await now(scene, made)).due_at
        await scene.deliver(made.id)
        assert (await now(scene, made)).state == "delivered"
        assert await _admit(scene) == breaking.Admission(None, failing=False)

"""What becomes of a delivery that does not simply arrive."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.outbound import Failed
from gateway import approval, breaking, delivery, outcomes, stopping
from gateway.demo.site_record import HOSPITAL
from gateway.demo.story import ray_question, stranger_question
from gateway.sweeping import expire
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene
from tests.gateway.test_delivery import consented, now, on_the_ledger, queued

REFUSED = Failed(retryable=False, cause="http-422")
AWAY = Failed(retryable=True, cause="connect")


@pytest.fixture
async def scene(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path / "site", database_urls) as opened:
        yield opened


async def _duties(scene: Scene, kind: str) -> list[dict[str, object]]:
    async with scene.store.unit_of_work() as uow:
        return [{"of": d.organization, "role": d.role, **d.detail} for d in await uow.duties.open(kinds=[kind])]


class TestBackoff:
    def test_doubles_with_jitter_up_to_an_hour(self) -> None:
        for attempts in range(1, 200):
            longest = min(2.0 ** (attempts - 1), 3600.0)
            assert longest / 2 <= outcomes.backoff(attempts).total_seconds() <= longest

    def test_is_not_the_same_for_all(self) -> None:
        assert len({outcomes.backoff(10) for _ in range(20)}) > 1

    async def test_the_recipients_own_wish_is_respected_within_reason(self, scene: Scene) -> None:
        made = await queued(scene, await consented(scene))
        scene.door.outcomes = [replace(AWAY, retry_after=7200.0)]
        await scene.deliver(made.id)
        assert (await now(scene, made)).due_at == scene.clock() + timedelta(hours=2)
        assert breaking.wish(replace(AWAY, retry_after=1e9)) == timedelta(days=1)


class TestDeadLetter:
    async def test_the_cause_is_kept_and_the_case_manager_told(self, scene: Scene) -> None:
        made = await queued(scene, await consented(scene))
        scene.door.outcomes = [REFUSED]
        await scene.deliver(made.id)
        failed = await now(scene, made)
        assert (failed.state, failed.cause) == ("failed", "http-422")
        (duty,) = await _duties(scene, "dead-letter")
        assert (duty["of"], duty["role"]) == ("org:cedar-cm", "case-manager")
        assert (duty["recipient"], duty["cause"]) == (HOSPITAL, "http-422")

    async def test_about_nobody_known_the_privacy_officer_is_told(self, scene: Scene) -> None:
        asked = await scene.ask(stranger_question())
        scene.clock.at = asked.due_at
        scene.door.outcomes = [REFUSED]
        await scene.deliver_due(asked)
        (duty,) = await _duties(scene, "dead-letter")
        assert (duty["of"], duty["role"]) == ("org:cedar-cm", "privacy-officer")

    async def test_its_own_budget(self, scene: Scene) -> None:
        made = await queued(scene, await consented(scene), max_attempts=2)
        scene.door.outcomes = [AWAY, AWAY]
        await scene.deliver(made.id)
        assert (await now(scene, made)).state == "queued"
        await scene.deliver(made.id)
        assert (await now(scene, made)).state == "failed"

    async def test_a_retry_sends_exactly_what_was_approved(self, scene: Scene) -> None:
        asked = await scene.ask(ray_question())
        (proposal,) = await scene.consider(asked)
        await approval.approve(scene.store, scene.program.settings, proposal.id, by="Mo Cypress", at=scene.clock())
        scene.clock.at = asked.due_at
        scene.door.outcomes = [REFUSED]
        await scene.deliver_due(asked)
        (failed,) = await scene.deliveries(asked)
        async with scene.store.unit_of_work() as uow:
            kept = await uow.proposals.get(proposal.id)
            assert kept is not None
            assert kept.state == "approved"
            again = await outcomes.retry(uow, failed.id, scene.clock(), by="Mo Cypress")
            await uow.commit()
        assert (again.state, again.attempts) == ("queued", 0)
        assert await _duties(scene, "dead-letter") == []
        await scene.deliver_due(asked)
        first, second = scene.door.disclosures
        assert first.clearance.digest == second.clearance.digest == proposal.digest
        assert {key for _, key in scene.door.sent} == {str(failed.key)}
        assert [d.state for d in await scene.deliveries(asked)] == ["delivered"]

    async def test_a_retry_passes_the_point_again(self, scene: Scene) -> None:
        request = await consented(scene)
        made = await queued(scene, request)
        scene.door.outcomes = [REFUSED]
        await scene.deliver(made.id)
        await stopping.revoke(scene.store, await scene.participant(), at=scene.clock())
        async with scene.store.unit_of_work() as uow:
            await outcomes.retry(uow, made.id, scene.clock(), by="Mo Cypress")
            await uow.commit()
        await scene.deliver(made.id)
        assert (await now(scene, made)).state == "suppressed"
        assert len(scene.door.sent) == 1

    async def test_only_what_has_failed_can_be_tried_again(self, scene: Scene) -> None:
        made = await queued(scene, await consented(scene))
        async with scene.store.unit_of_work() as uow:
            with pytest.raises(delivery.DeliveryError, match="is queued"):
                await outcomes.retry(uow, made.id, scene.clock(), by="Mo Cypress")
            with pytest.raises(delivery.DeliveryError, match="none by that id"):
                await outcomes.retry(uow, made.key, scene.clock(), by="Mo Cypress")


class TestSuppressed:
    async def test_what_was_approved_goes_back_to_the_case_manager(self, scene: Scene) -> None:
        asked = await scene.ask(ray_question())
        (proposal,) = await scene.consider(asked)
        await approval.approve(scene.store, scene.program.settings, proposal.id, by="Mo Cypress", at=scene.clock())
        await stopping.revoke(scene.store, proposal.participant, at=scene.clock())
        (duty,) = await _duties(scene, "not-sent")
        assert (duty["role"], duty["recipient"]) == ("case-manager", proposal.recipient)
        scene.clock.at = asked.due_at
        await scene.deliver_due(asked)
        assert len(scene.door.neutral) == 1
        assert scene.door.disclosures == []


class TestExpired:
    async def test_is_never_sent_and_accounted_for(self, scene: Scene) -> None:
        made = await queued(scene, await consented(scene), expires_at=scene.clock() + timedelta(minutes=5))
        scene.clock.move(minutes=5)
        await scene.deliver(made.id)
        assert scene.door.sent == []
        ended = await now(scene, made)
        assert (ended.state, ended.cause) == ("expired", "time-limit")
        assert (await on_the_ledger(scene, made))[-1] == ("queued", "expired")
        assert len(await _duties(scene, "not-sent")) == 1

    async def test_a_moment_before_it_is_sent(self, scene: Scene) -> None:
        made = await queued(scene, await consented(scene), expires_at=scene.clock() + timedelta(minutes=5))
        scene.clock.move(minutes=4, seconds=59)
        await scene.deliver(made.id)
        assert (await now(scene, made)).state == "delivered"

    async def test_one_that_waits_for_a_person_ends_with_its_proposal(self, scene: Scene) -> None:
        (proposal,) = await scene.consider(await scene.ask(ray_question()))
        limit = scene.clock() + timedelta(hours=1)
        made = await queued(scene, await consented(scene), proposal=proposal.id, expires_at=limit)
        await expire(scene.program)
        assert (await now(scene, made)).state == "proposed"
        scene.clock.at = limit
        await expire(scene.program)
        await expire(scene.program)
        assert (await now(scene, made)).state == "expired"
        async with scene.store.unit_of_work() as uow:
            kept = await uow.proposals.get(proposal.id)
        assert kept is not None
        assert kept.state == "withdrawn"

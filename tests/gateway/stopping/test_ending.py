from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.outbound import Failed
from adapters.prosecutor.fhir_push import FhirPush
from consent.clearance import end_of_permission as sealed
from consent.disclosure import EndOfPermission, LedgerReceipt
from gateway import approval, delivery, ending, happening, ingesting, leaving, stopping
from gateway.demo.site import PROSECUTOR, build_site
from gateway.demo.story import ray_question
from mappings.fhir.ended import end_of_permission
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, RAY, opened_scene
from tests.gateway.stopping.stages import ends, told


def _site(scene: Any, change: Any) -> bytes:
    """The demo's file, with Ray's grant to the prosecutor changed."""
    site = build_site(scene.clock().date())
    for roi in site["rois"]:
        if roi["participant"] == RAY:
            for grant in roi["grants"]:
                if grant["id"] == "g-prosecutor":
                    change(grant)
    return orjson.dumps(site)


class TestWhoHears:
    async def test_nobody_who_got_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())
            await stage.deliver()  # the neutral answer
            assert await ending.look_again(stage.scene.store, stage.scene.clock()) == 0
            assert await stage.ends() == []

    async def test_nobody_whom_a_sending_did_not_reach(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            stage.scene.door.outcomes = [Failed(retryable=False, cause="http-410")]
            await stage.deliver()
            assert (await stage.deliveries())[0].state == "failed"
            await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())
            assert await stage.ends() == []

    async def test_nobody_whose_grant_goes_on(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls) as stage:
            await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock(), grant="g-housing")
            assert await stage.ends() == []

    async def test_nobody_without_an_agreement(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls) as stage:
            await leaving.leave(stage.scene.store, PROSECUTOR, at=stage.scene.clock())
            await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())
            assert await stage.ends() == []

    async def test_who_got_something_hears_once(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls) as stage:
            stopped = await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())
            assert stopped.taken.notices == 1
            (queued,) = await stage.ends()
            assert queued.due_at > stage.scene.clock()  # a release window: the hour tells nothing
            (sent,) = await stage.say_ended()
            await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())
            await ending.look_again(stage.scene.store, stage.scene.clock())
            assert len(await stage.ends()) == 1
        assert sent.state == "delivered"
        messages = [m for m, _ in stage.scene.door.sent if isinstance(m, EndOfPermission)]
        assert [(m.recipient, m.reference) for m in messages] == [(PROSECUTOR, str(stage.asked.id))]

    async def test_it_is_on_the_ledger_and_names_the_disclosure(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with told(tmp_path, database_urls) as stage:
            await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())
            (sent,) = await stage.say_ended()
            entries = {e.kind: e for e in await stage.scene.entries()}
        entry = entries["end-of-permission"]
        assert sent.entry == entry.id
        assert entry.organization == PROSECUTOR
        assert entry.content == {"reference": str(stage.asked.id), "disclosure": str(entries["disclosure"].id)}

    async def test_whom_it_reached_after_the_stop_hears_as_well(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        """It was already leaving; so the notice is made when it has arrived."""
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()

            async def revoked() -> None:
                taken = (await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())).taken
                assert (taken.leaving, taken.notices) == (1, 0)

            stage.scene.door.during = revoked
            await stage.deliver()
            stage.scene.door.during = None
            assert await ending.look_again(stage.scene.store, stage.scene.clock.move(minutes=1)) == 1
            (sent,) = await stage.say_ended()
        assert sent.state == "delivered"

    async def test_not_who_was_given_a_new_form_before_it_left(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with told(tmp_path, database_urls) as stage:
            scene = stage.scene
            await stopping.revoke(scene.store, stage.ray, at=scene.clock())
            site = build_site(scene.clock().date())
            for roi in site["rois"]:
                if roi["participant"] == RAY:
                    roi["id"] += "-again"
            await ingesting.ingest(scene.store, orjson.dumps(site), scene.clock.move(seconds=1))
            (kept,) = await stage.say_ended()
        assert (kept.state, kept.cause) == ("suppressed", "nothing-has-ended")
        assert not [m for m, _ in scene.door.sent if isinstance(m, EndOfPermission)]


class TestOneText:
    """Revoked, expired, narrowed and closed are alike: byte for byte but for the identifier of the earlier message."""

    @pytest.mark.parametrize("how", ["revoked", "narrowed", "closed", "restricted"])
    async def test_for_every_reason(self, how: str, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls) as stage:
            await self._end(stage, how)
            (sent,) = await stage.say_ended()
        (message,) = [m for m, _ in stage.scene.door.sent if isinstance(m, EndOfPermission)]
        assert sent.state == "delivered"
        expected = replace_reference(end_of_permission(message), "X")
        assert expected == GOLDEN
        assert not {"revok", "expire", "narrow", "2.31", "42 CFR", "Ray", "Alder"} & set(str(expected).split())

    async def _end(self, stage: Any, how: str) -> None:
        scene, at = stage.scene, stage.scene.clock.move(seconds=1)
        if how == "revoked":
            await stopping.revoke(scene.store, stage.ray, at=at)
        elif how == "restricted":
            await stopping.restrict(scene.store, stage.ray, PROSECUTOR, at=at)
        elif how == "narrowed":
            await ingesting.ingest(scene.store, _site(scene, lambda g: g.update(categories=["participation"])), at)
        else:
            changed = _site(scene, lambda g: g.update(expires="event:case-closed"))
            site = orjson.loads(changed)
            for roi in site["rois"]:
                if roi["participant"] == RAY:
                    roi["events"] = []
            await ingesting.ingest(scene.store, orjson.dumps(site), at)
            await happening.happen(scene.store, stage.ray, "case-closed", at=scene.clock.move(seconds=1))


GOLDEN = {
    "resourceType": "Bundle",
    "meta": {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]},
    "identifier": {"system": "https://lead-gateway.invalid/fhir/NamingSystem/question", "value": "X"},
    "type": "collection",
}


def replace_reference(bundle: dict[str, Any], value: str) -> dict[str, Any]:
    (entry,) = bundle["entry"]
    (issue,) = entry["resource"]["issue"]
    assert issue["details"]["text"].startswith("No further information will be sent")
    return {**{k: v for k, v in bundle.items() if k != "entry"}, "identifier": {**bundle["identifier"], "value": value}}


class TestAcknowledgement:
    async def test_nobody_answers_for_a_week(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls) as stage:
            await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())
            (sent,) = await stage.say_ended()
            assert await ending.chase(stage.scene.store, stage.scene.clock.move(days=6)) == 0
            assert await ending.chase(stage.scene.store, stage.scene.clock.move(days=2)) == 1
            assert await ending.chase(stage.scene.store, stage.scene.clock.move(minutes=1)) == 0  # once
            (duty,) = await stage.duties("end-unacknowledged")
            assert duty.reference == sent.id
            async with stage.scene.store.unit_of_work() as uow:
                await delivery.acknowledge(uow, sent.id, PROSECUTOR, stage.scene.clock())
                await uow.commit()
            assert await stage.duties("end-unacknowledged") == []
            assert (await stage.ends())[0].state == "acknowledged"

    async def test_one_that_was_acknowledged_is_nobodys_duty(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls) as stage:
            await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())
            (sent,) = await stage.say_ended()
            async with stage.scene.store.unit_of_work() as uow:
                await delivery.acknowledge(uow, sent.id, PROSECUTOR, stage.scene.clock())
                await uow.commit()
            assert await ending.chase(stage.scene.store, stage.scene.clock.move(days=30)) == 0


class TestSending:
    async def test_a_retry_is_the_same(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls) as stage:
            await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())
            stage.scene.door.outcomes = [Failed(retryable=True, cause="timeout")]
            (waiting,) = await stage.say_ended()
            assert waiting.state == "queued"
            (sent,) = await stage.say_ended()
        assert sent.state == "delivered"
        messages = [(m, key) for m, key in stage.scene.door.sent if isinstance(m, EndOfPermission)]
        assert len(messages) == 2
        assert len({key for _, key in messages}) == 1
        assert end_of_permission(messages[0][0]) == end_of_permission(messages[1][0])

    async def test_a_hold_on_the_site_keeps_it(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls) as stage:
            await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())

            async def held(_: object) -> bool:
                return True

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("gateway.store.repositories.registry.Registry.is_held", held)
                (kept,) = await stage.say_ended()
        assert kept.state == "queued"

    async def test_the_push_renders_it(self) -> None:
        push = FhirPush("http://127.0.0.1:1/fhir", organizations={}, base_url="http://127.0.0.1:1")
        message = sealed(PROSECUTOR, "q-1", LedgerReceipt("e-1", "", NOON))
        assert orjson.loads(push._render(message))["identifier"]["value"] == "q-1"


async def test_two_messages_under_one_grant_are_one_end(tmp_path: Path, database_urls: DatabaseUrls) -> None:
    """The newest is named: the one that the recipient has at hand."""
    async with told(tmp_path, database_urls) as stage:
        scene = stage.scene
        scene.clock.move(hours=1)
        asked = await scene.ask(ray_question())
        (proposal,) = await scene.consider(asked)
        await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
        scene.clock.at = asked.due_at
        await scene.deliver_due(asked)
        assert (await stopping.revoke(scene.store, stage.ray, at=scene.clock())).taken.notices == 1
        await stage.say_ended()
    (message,) = [m for m, _ in scene.door.sent if isinstance(m, EndOfPermission)]
    assert message.reference == str(asked.id)


async def test_a_first_form_asks_for_nothing(tmp_path: Path, database_urls: DatabaseUrls) -> None:
    async with opened_scene(tmp_path / "site", database_urls) as scene:
        assert await ends(scene) == []
        assert await ending.look_again(scene.store, scene.clock() + timedelta(minutes=1)) == 0

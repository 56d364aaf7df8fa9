from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from consent.codes import Category
from gateway import ledger, stopping
from gateway.demo.site import HOUSING, PROSECUTOR
from gateway.demo.story import ray_question
from gateway.store.repositories.consents import Consents
from gateway.store.sealing import SealedDataError
from gateway.store.values import StopKind
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import opened_scene
from tests.gateway.stopping.stages import told


class TestRevoke:
    async def test_a_waiting_proposal_is_withdrawn_and_nobody_is_asked_to_look(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            assert len(await stage.duties("approval")) == 1
            stopped = await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock(), by="mo")
            async with stage.scene.store.unit_of_work() as uow:
                proposal = await uow.proposals.get(stage.proposal.id)
            assert (stopped.taken.proposals, stopped.suppressed) == (1, 0)
            assert proposal is not None
            assert proposal.state == "withdrawn"
            assert await stage.duties("approval") == []
            assert "proposal-withdrawn" in await stage.scene.kinds()

    async def test_an_approved_one_is_not_sent(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            assert (await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())).suppressed == 1
            await stage.deliver()
        assert stage.scene.door.disclosures == []
        assert len(stage.scene.door.neutral) == 1

    async def test_another_grant_touches_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            stopped = await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock(), grant="g-housing")
            assert (stopped.suppressed, stopped.taken.proposals) == (0, 0)
            await stage.deliver()
        assert len(stage.scene.door.disclosures) == 1

    async def test_who_and_how_is_on_the_ledger_and_the_case_manager_is_told(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with told(tmp_path, database_urls) as stage:
            await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock(), oral=True, by="mo")
            entry = next(e for e in await stage.scene.entries() if e.kind == "revocation")
            (duty,) = await stage.duties("consent-stopped")
        assert (entry.content["by"], entry.content["mode"]) == ("mo", "oral")
        assert duty.detail["how"] == "revocation-oral"
        assert duty.detail["written_form_owed"] is True
        assert duty.detail["received"] == [PROSECUTOR]
        assert duty.assignee == "Mo Cypress"

    async def test_a_second_time_changes_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls) as stage:
            await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())
            before = await stage.scene.kinds()
            again = await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock.move(seconds=1))
            assert again.stops == ()
            assert await stage.scene.kinds() == before

    async def test_a_consent_that_cannot_be_read_is_held(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Damage keeps nobody from saying stop."""

        async def damaged(*_: object, **__: object) -> None:
            raise SealedDataError("`consent.sealed`: sealed data was changed, moved or sealed by another key")

        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            with monkeypatch.context() as broken:
                broken.setattr(Consents, "signed", damaged)
                stopped = await stopping.revoke(stage.scene.store, stage.ray, at=stage.scene.clock())
            assert stopped.suppressed == 1
            async with stage.scene.store.unit_of_work() as uow:
                ((_, stop),) = await uow.consents.stops(stage.ray)
            assert stop.kind is StopKind.HOLD
            await stage.deliver()
        assert stage.scene.door.disclosures == []


class TestHold:
    async def test_of_a_grant_that_is_not_there(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            with pytest.raises(stopping.StopError, match="`--grant`"):
                await stopping.hold(scene.store, await scene.participant(), at=scene.clock(), grant="g-nobody")

    async def test_of_one_grant_stops_that_one(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            ray, clock = stage.ray, stage.scene.clock
            assert (await stopping.hold(stage.scene.store, ray, at=clock(), grant="g-housing")).suppressed == 0
            assert (await stopping.hold(stage.scene.store, ray, at=clock(), grant="g-prosecutor")).suppressed == 1

    async def test_ends_no_permission(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls) as stage:
            stopped = await stopping.hold(stage.scene.store, stage.ray, at=stage.scene.clock())
            assert stopped.taken.notices == 0
            assert await stage.ends() == []


class TestLift:
    async def test_needs_a_person_and_a_hold(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            ray = await scene.participant()
            with pytest.raises(stopping.StopError, match="`PARTICIPANT`"):
                await stopping.lift(scene.store, ray, at=scene.clock(), by="mo")
            await stopping.hold(scene.store, ray, at=scene.clock())
            with pytest.raises(stopping.StopError, match="`--by`"):
                await stopping.lift(scene.store, ray, at=scene.clock(), by=" ")
            with pytest.raises(stopping.StopError, match="`--stop`"):
                await stopping.lift(scene.store, ray, at=scene.clock(), by="mo", stop=uuid4())

    async def test_lets_questions_be_answered_again(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            ray = await scene.participant()
            held = await stopping.hold(scene.store, ray, at=scene.clock())
            assert await scene.consider(await scene.ask(ray_question())) == []
            assert await stopping.lift(scene.store, ray, at=scene.clock.move(seconds=1), by="mo") == held.stops
            assert len(await scene.consider(await scene.ask(ray_question()))) == 1
            entry = next(e for e in await scene.entries() if e.kind == "lift")
        assert entry.content["by"] == "mo"

    async def test_never_lifts_a_revocation(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            ray = await scene.participant()
            (revoked,) = (await stopping.revoke(scene.store, ray, at=scene.clock())).stops
            with pytest.raises(stopping.StopError, match="`--stop`"):
                await stopping.lift(scene.store, ray, at=scene.clock(), by="mo", stop=revoked)


class TestRestrict:
    async def test_refuses_a_stranger_and_an_empty_set(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            ray = await scene.participant()
            with pytest.raises(stopping.StopError, match="`ORGANIZATION`"):
                await stopping.restrict(scene.store, ray, "org:nobody", at=scene.clock())
            with pytest.raises(stopping.StopError, match="`--category`"):
                await stopping.restrict(scene.store, ray, HOUSING, categories=frozenset(), at=scene.clock())

    async def test_takes_back_what_it_covers_and_can_be_ended(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            scene = stage.scene
            only = frozenset({Category.PROGRESS})
            stopped = await stopping.restrict(scene.store, stage.ray, PROSECUTOR, categories=only, at=scene.clock())
            assert stopped.suppressed == 1  # what was approved held more than may leave now
            scene.clock.move(seconds=1)
            await stopping.lift(scene.store, stage.ray, stop=stopped.stops[0], at=scene.clock(), by="mo")
            (again,) = await scene.consider(await scene.ask(ray_question()))
        assert len(again.clearance["items"]) == len(stage.proposal.clearance["items"])


async def test_a_chain_with_every_kind_of_stop_still_verifies(tmp_path: Path, database_urls: DatabaseUrls) -> None:
    async with told(tmp_path, database_urls) as stage:
        scene, ray = stage.scene, stage.ray
        await stopping.hold(scene.store, ray, at=scene.clock())
        await stopping.lift(scene.store, ray, at=scene.clock.move(seconds=1), by="mo")
        await stopping.restrict(scene.store, ray, HOUSING, at=scene.clock())
        await stopping.revoke(scene.store, ray, at=scene.clock() + timedelta(seconds=1))
        await ledger.seal_once(scene.store, scene.clock())
        assert (await ledger.verify(scene.store)).sound

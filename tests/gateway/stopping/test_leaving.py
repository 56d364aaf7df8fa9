from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway import leaving, stopping
from gateway.demo.site import PROSECUTOR
from gateway.demo.site_record import HOSPITAL
from gateway.demo.story import stranger_question
from gateway.permissions import may_receive
from gateway.store.values import Client
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene
from tests.gateway.stopping.stages import told


async def _client(scene: Scene, organization: str) -> None:
    """Register a system of the organization, with a live token."""
    made = Client("c-1", organization, {"keys": []}, frozenset({"system/Task.c"}), disabled=False)
    async with scene.store.unit_of_work() as uow:
        await uow.clients.put(made)
        await uow.clients.add_token("token-of-c-1", made.client_id, made.scopes, scene.clock() + timedelta(days=5))
        await uow.commit()


class TestLeave:
    async def test_an_organization_that_is_not_here(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            with pytest.raises(stopping.StopError, match="`ORGANIZATION`"):
                await leaving.leave(scene.store, "org:nobody", at=scene.clock())

    async def test_stops_all_that_goes_there_and_all_that_works_there(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            scene = stage.scene
            await _client(scene, PROSECUTOR)
            stranger = await scene.ask(stranger_question())
            done = await leaving.leave(scene.store, PROSECUTOR, at=scene.clock(), by="po")
            assert (done.clients, done.deliveries, done.proposals) == (1, 2, 1)
            for asked in (stage.asked, stranger):
                scene.clock.at = max(asked.due_at, scene.clock.at)
                await scene.deliver_due(asked)
            async with scene.store.unit_of_work() as uow:
                assert await uow.clients.grant("token-of-c-1", scene.clock()) is None
                gone, site = await uow.registry.organization(PROSECUTOR), await uow.registry.site()
                assert not may_receive(gone, site, scene.clock())
                assert await uow.registry.endpoint(PROSECUTOR) is None
        assert scene.door.sent == []  # not even the neutral answer: there is nobody to answer

    async def test_touches_nobody_else(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            await leaving.leave(stage.scene.store, HOSPITAL, at=stage.scene.clock())
            await stage.deliver()
        assert len(stage.scene.door.disclosures) == 1

    async def test_one_that_hipaa_binds_may_not_receive_either(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await leaving.leave(scene.store, HOSPITAL, at=scene.clock())
            async with scene.store.unit_of_work() as uow:
                gone, site = await uow.registry.organization(HOSPITAL), await uow.registry.site()
            assert not may_receive(gone, site, scene.clock())


class TestAgreement:
    async def test_its_last_day_is_whole(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            scene = stage.scene
            done = await leaving.end_agreement(
                scene.store, PROSECUTOR, last_day=date(2026, 11, 24), at=scene.clock(), by="po"
            )
            assert done.is_nothing()
            assert await leaving.lapse(scene.store, scene.clock()) == 0
            await stage.deliver()
        assert len(scene.door.disclosures) == 1

    async def test_the_day_after_all_of_it_is_stopped(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            await stage.approve()
            scene = stage.scene
            await _client(scene, PROSECUTOR)
            await leaving.end_agreement(scene.store, PROSECUTOR, last_day=date(2026, 11, 24), at=scene.clock())
            scene.clock.move(days=1)
            assert await leaving.lapse(scene.store, scene.clock()) == 1
            assert await leaving.lapse(scene.store, scene.clock()) == 0
            await scene.deliver_due(stage.asked)
            async with scene.store.unit_of_work() as uow:
                client = await uow.clients.get("c-1")
            assert client is not None
            assert client.disabled
        assert scene.door.sent == []

    async def test_a_day_in_the_past_stops_at_once(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with told(tmp_path, database_urls, sent=False) as stage:
            done = await leaving.end_agreement(
                stage.scene.store, PROSECUTOR, last_day=date(2026, 11, 23), at=stage.scene.clock()
            )
            assert (done.deliveries, done.proposals) == (1, 1)


async def test_nobody_is_a_partner_whom_nobody_knows(tmp_path: Path, database_urls: DatabaseUrls) -> None:
    async with opened_scene(tmp_path / "site", database_urls) as scene:
        async with scene.store.unit_of_work() as uow:
            site = await uow.registry.site()
        assert not may_receive(None, site, scene.clock())

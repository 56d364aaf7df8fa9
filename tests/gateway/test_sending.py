"""What leaves was decided a moment ago; doors are kept only while nothing changes; the figures name nobody."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.outbound import Acknowledged, Failed
from gateway import figures, sending
from gateway.demo.site_record import HOSPITAL
from gateway.endpoints import Endpoints
from gateway.figures import Figures
from gateway.store.unit_of_work import UnitOfWork
from tests.gateway.api.factory import disclosure
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene
from tests.gateway.test_delivery import consented, now, queued


@pytest.fixture
async def scene(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path / "site", database_urls) as opened:
        yield opened


async def _deliver(scene: Scene, identity: Any, told: Figures) -> None:
    async def door(_: UnitOfWork, __: str) -> Any:
        return scene.door

    await sending.deliver(scene.store, sending.Doors(door, scene.clock, 5.0, figures=told), identity)


class TestFresh:
    async def test_what_was_decided_too_long_ago_is_decided_again_first(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made, told = await queued(scene, await consented(scene)), Figures()
        with monkeypatch.context() as patch:
            patch.setattr(sending, "LATEST_START", -1.0)
            await _deliver(scene, made.id, told)
        late = await now(scene, made)
        assert (late.state, late.cause, scene.door.sent) == ("queued", "too-late", [])
        async with scene.store.unit_of_work() as uow:
            assert await uow.breakers.get(HOSPITAL) is None  # it was not the endpoint's fault
        await _deliver(scene, made.id, told)
        assert (await now(scene, made)).state == "delivered"
        assert (await scene.kinds()).count("disclosure") == 2  # the point was passed anew

    async def test_the_longest_way_from_commit_to_first_byte_is_told(self, scene: Scene) -> None:
        made, told = await queued(scene, await consented(scene)), Figures()
        scene.door.outcomes = [Acknowledged(201, first_byte=0.25)]
        await _deliver(scene, made.id, told)
        assert 0.25 <= told.longest_first_byte < 2
        assert HOSPITAL not in told.text()


class TestFigures:
    def test_are_counts_by_outcome_and_nothing_else(self) -> None:
        told = Figures()
        told.observe(figures.DELIVERED, 0.5)
        told.observe(figures.RETRIED, None)
        told.observe(figures.DELIVERED, 0.125)
        assert told.text().splitlines() == [
            "# TYPE lead_gateway_sending_attempts_total counter",
            'lead_gateway_sending_attempts_total{outcome="delivered"} 2',
            'lead_gateway_sending_attempts_total{outcome="retried"} 1',
            "# TYPE lead_gateway_commit_to_first_byte_seconds_max gauge",
            "lead_gateway_commit_to_first_byte_seconds_max 0.500",
        ]


class TestEndpoints:
    async def test_a_door_is_kept_until_an_organization_changes(self, scene: Scene) -> None:
        kept = Endpoints("https://gateway.test")
        try:
            async with scene.store.unit_of_work() as uow:
                assert await kept.open(uow, HOSPITAL) is None
                assert await kept.open(uow, "org:nobody") is None
                known = await uow.registry.organization(HOSPITAL)
                assert known is not None
                await uow.registry.put_organization(known, "http://127.0.0.1:9/fhir", scene.clock())
                first = await kept.open(uow, HOSPITAL)
                assert first is not None
                assert await kept.open(uow, HOSPITAL) is first
                await uow.registry.put_organization(known, "http://127.0.0.1:10/fhir", scene.clock())
                second = await kept.open(uow, HOSPITAL)
                assert second is not first
        finally:
            await kept.close()
        assert await _fails(second)


async def _fails(door: Any) -> bool:
    """A closed door lets nothing out."""
    try:
        outcome = await door.send(disclosure(), idempotency_key="delivery-1")
    except RuntimeError:
        return True
    return isinstance(outcome, Failed)

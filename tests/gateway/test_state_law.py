"""State law narrows what reaches the rules: no consent and no other basis carries more than the state allows."""

from datetime import timedelta
from pathlib import Path

from consent.codes import Category, Purpose
from consent.engine import decide
from consent.model import Organization
from consent.overlays import Effect, Overlay
from consent.request import DisclosureRequest
from gateway.demo.site import LIAISON_PROSECUTOR, PROSECUTOR
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene


def overlay(**more: object) -> Overlay:
    given = {
        "id": "test",
        "jurisdiction": "WA",
        "effect": Effect.NARROW,
        "categories": frozenset({Category.PROGRESS}),
        "kinds": frozenset(),
        "source": "invented",
        "standing": "judgment",
    }
    return Overlay(**{**given, **more})  # type: ignore[arg-type]  # a table of fields, each as the type wants it


async def released(scene: Scene, later: timedelta = timedelta()) -> set[Category]:
    from consent.model import Person  # noqa: PLC0415  -- only here

    request = DisclosureRequest(
        id="r",
        at=scene.clock() + later,
        requester=PROSECUTOR,
        participant=str(await scene.participant()),
        purpose=Purpose.CASE_ALIGNMENT,
        person=Person("J. Lee", LIAISON_PROSECUTOR),
        attested=True,
    )
    async with scene.store.unit_of_work() as uow:
        facts, _ = await uow.facts_for(request)
    assert all(isinstance(one, Organization) for one in facts.organizations.values())
    return {one.category for one in decide(request, facts).released}


class TestOverlays:
    async def test_a_narrowing_row_takes_its_category(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            before = await released(scene)
            scene.store.overlays = (overlay(),)
            assert await released(scene) == before - {Category.PROGRESS}
            assert Category.PROGRESS in before

    async def test_another_state_s_row_takes_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            before = await released(scene)
            scene.store.overlays = (overlay(jurisdiction="OR"),)
            assert await released(scene) == before

    async def test_a_longest_duration_ends_a_grant(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            row = overlay(effect=Effect.MAX_DURATION, categories=frozenset(), days=90)
            scene.store.overlays = (row,)
            assert await released(scene) != set()
            assert await released(scene, timedelta(days=91)) == set()

"""Who may know what. Each cell is held against the engine itself, on the scene's consents and on its real record."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from consent.codes import Category, Purpose
from consent.engine import decide
from consent.facts import Facts
from consent.model import Person
from consent.request import DisclosureRequest
from gateway import stopping
from gateway.knowing import Picture, facts_at, on_record, picture_of, probes_of, purposes_of, why_not
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import RAY, Scene, opened_scene

OWN = "org:cedar-cm"
PROSECUTOR = "org:cedar-prosecutor"
POLICE = "org:cedar-police"


@pytest.fixture
async def scene(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path / "site", database_urls) as found:
        yield found


async def _facts(scene: Scene, reference: str = RAY, **ago: float) -> Facts | None:
    now = scene.clock()
    async with scene.store.unit_of_work() as uow:
        return await facts_at(uow, await scene.participant(reference), now - timedelta(**ago), now)


async def _picture(scene: Scene, reference: str = RAY) -> Picture:
    facts = await _facts(scene, reference)
    assert facts is not None
    return picture_of(facts, str(await scene.participant(reference)), OWN, scene.clock())


def _engine_says(facts: Facts, item_id: str, recipient: str, purpose: Purpose, role: str | None, scene: Scene) -> bool:
    item = next(each for each in facts.record or () if each.id == item_id)
    person = None if role is None else Person("Ann Oak", role)
    request = DisclosureRequest(
        "x", scene.clock(), recipient, item.participant, purpose, person, (item.id,), attested=True
    )
    return any(each.fields for each in decide(request, facts).released)


class TestNobodyMayKnow:
    async def test_before_anything_was_on_record(self, scene: Scene) -> None:
        assert await _facts(scene, days=400) is None

    async def test_what_no_form_says(self, scene: Scene) -> None:
        assert (PROSECUTOR, Category.MOUD) not in (await _picture(scene)).cells

    async def test_after_everything_is_revoked(self, scene: Scene) -> None:
        before = await _picture(scene)
        assert any(name == PROSECUTOR for name, _ in before.cells)
        await stopping.revoke(scene.store, await scene.participant(), at=scene.clock(), by="Mo Cypress")
        after = await _picture(scene)
        assert not any(way.consent for ways in after.cells.values() for way in ways)

    async def test_why_not_names_rules(self, scene: Scene) -> None:
        facts = await _facts(scene)
        assert facts is not None
        whose = str(await scene.participant())
        found = why_not(facts, whose, OWN, PROSECUTOR, Category.MOUD, scene.clock())
        assert {each.purpose for each in found} == set(purposes_of(facts, PROSECUTOR))
        assert all(each.rules for each in found)


class TestTheEngine:
    @pytest.mark.parametrize("reference", [RAY, "p-rowan"])
    async def test_each_cell_is_what_the_engine_says_of_one_item_alone(self, scene: Scene, reference: str) -> None:
        facts, whose = await _facts(scene, reference), str(await scene.participant(reference))
        assert facts is not None
        picture = picture_of(facts, whose, OWN, scene.clock())
        probes = probes_of(facts, whose, OWN, scene.clock(), Category)[::5]  # of every source, other categories
        for recipient in facts.organizations:
            roles = {g.role for c in facts.consents or () for g in c.grants} | {None}
            for probe in probes:
                if probe.source == recipient:
                    continue
                alone = replace(facts, record=(probe,))
                said = {
                    purpose
                    for purpose in purposes_of(facts, recipient)
                    for role in roles
                    if _engine_says(alone, probe.id, recipient, purpose, role, scene)
                }
                ways = picture.cells.get((recipient, probe.category), ())
                assert {way.purpose for way in ways if way.source == probe.source} == said

    @pytest.mark.parametrize("reference", [RAY, "p-olive"])
    async def test_nothing_on_record_leaves_where_the_cell_says_no(self, scene: Scene, reference: str) -> None:
        facts = await _facts(scene, reference)
        assert facts is not None
        picture = await _picture(scene, reference)
        left = 0
        for recipient in facts.organizations:
            for category in Category:
                for each in on_record(facts, OWN, recipient, category, scene.clock()):
                    left += each.leave
                    ways = picture.cells.get((recipient, category), ())
                    assert not each.leave or any(way.purpose is each.purpose for way in ways)
        assert left


class TestTheGrant:
    async def test_says_for_what_until_when_because_of_what(self, scene: Scene) -> None:
        ways = (await _picture(scene)).cells[PROSECUTOR, Category.PROGRESS]
        way = next(each for each in ways if each.grant is not None and each.grant.id == "g-prosecutor")
        assert (way.purpose, way.source, way.role) == (Purpose.CASE_ALIGNMENT, OWN, "liaison-prosecutor")
        assert way.grant is not None
        assert way.until == way.grant.expires
        assert way.approval

    async def test_as_it_was_before_it_was_revoked(self, scene: Scene) -> None:
        then = scene.clock()
        scene.clock.move(days=2)
        await stopping.revoke(scene.store, await scene.participant(), at=scene.clock(), by="Mo Cypress")
        scene.clock.move(days=2)
        async with scene.store.unit_of_work() as uow:
            facts = await facts_at(uow, await scene.participant(), then + timedelta(hours=1), scene.clock())
        assert facts is not None
        picture = picture_of(facts, str(await scene.participant()), OWN, then + timedelta(hours=1))
        assert (PROSECUTOR, Category.PROGRESS) in picture.cells
        assert (PROSECUTOR, Category.PROGRESS) not in (await _picture(scene)).cells

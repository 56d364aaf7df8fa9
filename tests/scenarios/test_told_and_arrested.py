"""Ray's case is talked about at the table; two days later he is booked. Nobody says why, but people look (GR-09)."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import orjson

from consent.codes import Category
from gateway import conference, defending, unlinking
from gateway.demo.site import DEFENDER, PROSECUTOR
from gateway.exchanges import arriving
from mappings.lead.agenda import Agenda, Seat
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, Scene, opened_scene
from tests.gateway.test_intake import bookings, hand_in

TABLE = (Seat(PROSECUTOR, "Lia Larch", "liaison-prosecutor", promised=True),)


async def run_the_job(scene: Scene, categories: frozenset[Category]) -> None:
    """What a worker does after something about Ray came in."""
    ray = await scene.participant()
    async with scene.store.unit_of_work() as uow:
        items = [item.id for item in await uow.record.items(ray) if item.category in categories]
    context = cast("Any", SimpleNamespace(additional_context={"program": scene.program}))
    await arriving._exchange(context, participant=str(ray), items=items)


async def duties(scene: Scene, kind: str) -> list[Any]:
    async with scene.store.unit_of_work() as uow:
        return list(await uow.duties.open(kinds=[kind]))


async def test_told_arrested_looked_at_held_and_undone(tmp_path: Path, database_urls: DatabaseUrls) -> None:
    async with opened_scene(tmp_path / "site", database_urls) as scene:
        agenda = Agenda(NOON + timedelta(hours=2), ("p-ray", "p-olive"), TABLE)
        await conference.prepare(scene.store, agenda, by="Mo Cypress", at=scene.clock())
        await conference.approve_all(scene.store, agenda, by="Mo Cypress", at=scene.clock())
        (packet,) = await conference.hand_over(
            scene.store, agenda, base_url="http://127.0.0.1", by="Mo", at=scene.clock()
        )
        assert packet.participants == 1  # Olive has taken her word back: she does not appear, and nothing says so
        assert "Olive" not in packet.bundle.decode()

        scene.clock.move(days=2)
        for content in await bookings(scene):
            await hand_in(scene, content)
        await run_the_job(scene, frozenset({Category.CUSTODY}))
        (officer, group) = sorted(await duties(scene, "enforcement-review"), key=lambda duty: duty.participant is None)
        assert officer.detail["action"] == "arrest"
        assert officer.detail["agencies"] == [PROSECUTOR]
        assert b"ray" not in orjson.dumps(group.detail).lower()
        (alert,) = await duties(scene, "defender-alert")
        assert alert.organization == DEFENDER

        ray = await scene.participant()
        held = await defending.hold(scene.store, ray, DEFENDER, by="Fern Oak", at=scene.clock.move(minutes=5))
        assert held.stops

        received = [entry for entry in await scene.entries() if entry.kind == "received"]
        envelope = UUID(received[0].content["envelope"])
        undone = await unlinking.unlink(
            scene.store, ray, envelope, why="a twin", by="Pat Pine", at=scene.clock.move(minutes=5)
        )
        assert undone.told == ()  # the packet went before the booking came
        assert undone.for_other[2] == "What it says was told to nobody."
        facts_after = await _custody(scene)
        assert facts_after == 0


async def _custody(scene: Scene) -> int:
    async with scene.store.unit_of_work() as uow:
        facts, _ = await uow.load(await scene.participant(), scene.clock())
    return sum(item.category is Category.CUSTODY for item in facts.record or ())

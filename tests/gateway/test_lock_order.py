"""Two messages that name the same people the other way round are both kept: locks are taken in one order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
import sqlalchemy.exc

from adapters.inbound import InboundPart
from gateway import ingesting, intake
from gateway.demo.site import build_site
from gateway.intake import Envelope, Receipt, Source
from gateway.store.repositories.consents import Consents
from mappings.lead.custody import CustodyEvent, CustodyKind, PersonDescription
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene

JAIL = "org:cedar-jail"
LONG_ENOUGH = 0.5  # seconds in which the other one would have taken its first lock, if it could
PEOPLE = ("p-ray", "p-testina")


@pytest.fixture
async def scene(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path / "site", database_urls) as opened:
        yield opened


@pytest.fixture(autouse=True)
def taken(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, UUID]]:
    """Let whoever has its first lock wait until another has one, too: the worst moment. Which were taken, by whom."""
    lock, order, both = Consents.lock_and_raise, list[tuple[int, UUID]](), asyncio.Event()

    async def waiting(self: Consents, participant: UUID) -> int:
        version = await lock(self, participant)
        mine = id(self._connection)
        if mine not in {who for who, _ in order}:
            order.append((mine, participant))
            if len({who for who, _ in order}) == 2:
                both.set()
            try:
                await asyncio.wait_for(both.wait(), LONG_ENOUGH)
            except TimeoutError:
                both.set()  # the other one waits for ours: as it should be
        else:
            order.append((mine, participant))
        return version

    monkeypatch.setattr(Consents, "lock_and_raise", waiting)
    return order


async def _described(scene: Scene, reference: str) -> PersonDescription:
    wanted = str(await scene.participant(reference))
    async with scene.store.unit_of_work() as uow:
        (known,) = [each for each in await intake.everybody(uow) if each.participant == wanted]
    return PersonDescription(known.names, known.aliases, known.birth_date, known.identifiers)


def _released(scene: Scene, person: PersonDescription, number: int) -> InboundPart:
    event = CustodyEvent(
        kind=CustodyKind.RELEASE,
        feed="jail",
        message_id=f"D-{number}",
        booking_number=f"B-{number}",
        inmate_number=None,
        facility=None,
        agency=None,
        occurred_at=scene.clock(),
        day_only=False,
        custody_status=None,
        release_eligible_on=None,
        status_code=None,
        charges=(),
        bonds=(),
        person=person,
        behavioral_health=None,
    )
    return InboundPart(f"D-{number}/B-{number}", person, (event,), b"<booking/>")


def _feed(parts: list[InboundPart]) -> Callable[..., Iterator[InboundPart]]:
    def split(_content: bytes, **_more: Any) -> Iterator[InboundPart]:
        yield from parts

    return split


class TestMassFeeds:
    async def test_two_in_two_orders_are_both_kept(self, scene: Scene, taken: list[tuple[int, UUID]]) -> None:
        """A release ends grants, so it takes its participant's version; a mass feed has many releases in it."""
        people = [await _described(scene, reference) for reference in PEOPLE]
        one = [_released(scene, person, number) for number, person in enumerate(people)]
        two = [_released(scene, person, 10 + number) for number, person in enumerate(reversed(people))]

        async def hand_in(name: bytes, parts: list[InboundPart]) -> Receipt:
            source = Source("jail", JAIL, "America/Los_Angeles", _feed(parts))
            return await intake.receive(scene.store, Envelope(name, scene.clock()), source, scene.program.weights)

        receipts = await asyncio.gather(hand_in(b"one", one), hand_in(b"two", two))
        assert receipts == [Receipt(matched=2), Receipt(matched=2)]
        for who in {who for who, _ in taken}:
            mine = [participant for taker, participant in taken if taker == who]
            assert len(mine) == 2
            assert mine == sorted(mine)

    async def test_without_the_order_one_is_lost(self, scene: Scene) -> None:
        """The test above can fail: this is what the database does to two transactions that wait for each other."""
        ray, testina = [await scene.participant(reference) for reference in PEOPLE]

        async def both(first: UUID, second: UUID) -> None:
            async with scene.store.unit_of_work() as uow:
                await uow.consents.lock_and_raise(first)
                await uow.consents.lock_and_raise(second)
                await uow.commit()

        tried = await asyncio.gather(both(ray, testina), both(testina, ray), return_exceptions=True)
        assert [type(each) for each in tried].count(sqlalchemy.exc.OperationalError) == 1


class TestFiles:
    async def test_two_in_two_orders_are_both_taken_in(self, scene: Scene) -> None:
        def file(order: int, narrower: str) -> bytes:
            site = build_site(scene.clock().date())
            rois = [roi for roi in site["rois"] if roi["participant"] in PEOPLE]
            rois.sort(key=lambda roi: PEOPLE.index(roi["participant"]) * order)
            for roi in rois:
                roi["how_to_revoke"] = narrower
            return orjson.dumps({**site, "rois": rois})

        files = [file(1, "Call the office."), file(-1, "Write to the office.")]
        done = await asyncio.gather(*(ingesting.ingest(scene.store, each, scene.clock()) for each in files))
        assert all(each.consents >= 2 for each in done)

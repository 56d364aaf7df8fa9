"""What comes in: kept if certain, quarantined if doubtful or unreadable, otherwise a count and nothing else."""

import contextlib
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.jail import ojbc
from consent.codes import Category
from consent.model import Item
from gateway import intake
from gateway.demo.bookings import build_bookings
from gateway.intake import Envelope, Receipt, Source
from mappings.lead.matching import Candidate
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene

SOURCE = Source("jail", "org:cedar-jail", "America/Los_Angeles", ojbc.split)


async def people(scene: Scene) -> list[Candidate]:
    async with scene.store.unit_of_work() as uow:
        everybody = await intake.everybody(uow)
    ray = str(await scene.participant())
    return sorted(everybody, key=lambda someone: someone.participant != ray)  # the first is the one who was booked


async def bookings(scene: Scene, seed: int = 1) -> list[bytes]:
    day = scene.clock().date() - timedelta(days=1)
    return [content for _, content in build_bookings(seed, await people(scene), day=day)]


async def hand_in(scene: Scene, content: bytes) -> Receipt:
    return await intake.receive(scene.store, Envelope(content, scene.clock()), SOURCE, scene.program.weights)


async def kept(scene: Scene) -> dict[str, int]:
    async with scene.store.unit_of_work() as uow:
        items = [i for p in await uow.participants.all_ids() for i in await uow.record.items(p)]
        custody = [i for i in items if i.category is Category.CUSTODY]
        return {
            "envelopes": await uow.inbound.kept(),
            "custody": len(custody),
            "quarantine": len(await uow.inbound.waiting()),
        }


class TestReceive:
    async def test_forty_bookings(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            total = Receipt()
            for content in await bookings(scene):
                total += await hand_in(scene, content)
            assert total == Receipt(matched=1, unmatched=38, quarantined=1)
            assert await kept(scene) == {"envelopes": 1, "custody": 1, "quarantine": 1}

    async def test_the_same_files_again_change_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            files = await bookings(scene)
            for content in files:
                await hand_in(scene, content)
            before = await kept(scene)
            scene.clock.move(days=20)
            again = [await hand_in(scene, content) for content in files]
            assert all(receipt == Receipt(repeated=1) for receipt in again)
            assert await kept(scene) == before

    @pytest.mark.parametrize(
        "content",
        [b"", b"<", b"\x00\xff", b"<a/>", b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', b"<BookingReport/>"],
    )
    async def test_what_cannot_be_read_waits_whole(
        self, tmp_path: Path, database_urls: DatabaseUrls, content: bytes
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            assert await hand_in(scene, content) == Receipt(quarantined=1)
            assert await kept(scene) == {"envelopes": 0, "custody": 0, "quarantine": 1}

    async def test_quarantine_is_purged_after_72_hours(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await hand_in(scene, b"<")
            async with scene.store.unit_of_work() as uow:
                assert await uow.inbound.purge(scene.clock.move(hours=71)) == 0
                assert await uow.inbound.purge(scene.clock.move(hours=1)) == 1
                await uow.commit()
            assert (await kept(scene))["quarantine"] == 0

    async def test_a_failure_half_way_leaves_nothing(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            files = await bookings(scene)

            async def broken(*_: object, **__: object) -> None:
                raise OSError(28, "No space left on device")

            monkeypatch.setattr("gateway.ledger.append", broken)
            for content in files:
                with contextlib.suppress(OSError):
                    await hand_in(scene, content)
            assert await kept(scene) == {"envelopes": 0, "custody": 0, "quarantine": 1}
            monkeypatch.undo()
            receipts = [await hand_in(scene, content) for content in files]
            assert sum(r.matched for r in receipts) == 1  # it was not taken for a repeat

    async def test_health_content_of_a_booking_is_kept_apart(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            before = {i.id for i in await self._items(scene)}
            for content in await bookings(scene):
                await hand_in(scene, content)
            new = [i for i in await self._items(scene) if i.id not in before]
        categories = {i.category for i in new}
        assert Category.CUSTODY in categories
        assert categories & {Category.MENTAL_HEALTH, Category.SUD_DIAGNOSIS, Category.SUD_TREATMENT, Category.MOUD}
        custody = next(i for i in new if i.category is Category.CUSTODY)
        assert "charge" not in str(custody.resource).lower()

    async def _items(self, scene: Scene) -> list[Item]:
        async with scene.store.unit_of_work() as uow:
            return list(await uow.record.items(await scene.participant()))

from pathlib import Path

import pytest

from gateway import housekeeping, ledger
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, opened_scene


class TestTidy:
    async def test_quarantine_older_than_72_hours_is_purged_and_counted(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            async with scene.store.unit_of_work() as uow:
                await uow.inbound.quarantine("jail", "unreadable", {"message": "00"}, scene.clock())
                await uow.commit()
            scene.clock.move(hours=72)
            await housekeeping.tidy(scene.program)
            async with scene.store.unit_of_work() as uow:
                assert await uow.inbound.waiting() == []
                assert [(c.feed, c.outcome, c.count) for c in await uow.inbound.counts()] == [("jail", "purged", 1)]

    async def test_an_assertion_can_be_forgotten_only_after_it_has_expired(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            expires = scene.clock.move(minutes=4)
            assert await scene.program.use_jti("a-client", "once", expires)
            await housekeeping.tidy(scene.program)
            assert not await scene.program.use_jti("a-client", "once", expires)


class TestKeepingHouse:
    async def test_the_ledger_is_sealed_while_the_house_is_kept(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene, housekeeping.keeping_house(scene.program):
            await _until_sealed(scene.store)
            found = await ledger.verify(scene.store)
        assert found.sound
        assert found.entries > 0

    async def test_a_failure_is_survived(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A sealer that died at the first error would leave a ledger that nobody seals any more."""
        calls = []

        async def failing_once(store: object, at: object) -> int:
            calls.append(at)
            if len(calls) == 1:
                raise OSError(28, "No space left on device")
            return 0

        monkeypatch.setattr(housekeeping, "CHORES", ())  # one that is cut off while it connects holds the database
        monkeypatch.setattr(housekeeping, "AFTER_A_FAILURE", 0.01)
        monkeypatch.setattr(housekeeping, "SEAL_EVERY", 0.01)
        monkeypatch.setattr("gateway.ledger.seal_once", failing_once)
        async with opened_scene(tmp_path / "site", database_urls) as scene, housekeeping.keeping_house(scene.program):
            for _ in range(500):
                if len(calls) > 1:
                    break
                await _rest()
        assert len(calls) > 1


async def _rest() -> None:
    import asyncio  # noqa: PLC0415  -- only these two helpers wait

    await asyncio.sleep(0.01)


async def _until_sealed(store: object) -> None:
    for _ in range(500):
        if not await ledger.unsealed_for(store, NOON.replace(year=2030)):  # type: ignore[arg-type]  # a Store it is
            return
        await _rest()
    raise AssertionError("never sealed")

"""A LEAD file goes in whole or not at all, and twice is once."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway import ingesting, ledger
from gateway.demo.site import build_site
from gateway.ingesting import Ingested
from mappings.lead.site_file import LeadFileError
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import RAY, Scene, opened_scene


async def put(scene: Scene, site: Any) -> Ingested:
    return await ingesting.ingest(scene.store, orjson.dumps(site), scene.clock())


async def counted(scene: Scene) -> tuple[int, int, int]:
    async with scene.store.unit_of_work() as uow:
        people = await uow.participants.all_ids()
        consents = sum([len(await uow.consents.signed(person)) for person in people])
        items = sum([len(await uow.record.items(person)) for person in people])
    return len(people), consents, items


class TestIngest:
    async def test_the_same_file_twice_changes_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            before = await counted(scene)
            assert await put(scene, build_site(scene.clock().date())) == Ingested(0, 0, 0, 0, 0)
            assert await counted(scene) == before

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda site: site["rois"][-1].update(how_to_revoke=" "),
            lambda site: site["records"][-1].update(category="gossip"),
            lambda site: site["participants"][-1].update(case_management="org:nobody"),
            lambda site: site["rois"][-1].update(signed_at="2026-11-01T10:00:00"),
            lambda site: site.update(clients=[{"client_id": "x"}]),
        ],
        ids=["an element of 2.31(a)", "a code", "an organization", "a time without offset", "a client without a key"],
    )
    async def test_a_fault_at_the_end_leaves_nothing(
        self, tmp_path: Path, database_urls: DatabaseUrls, spoil: Any
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            before = await counted(scene)
            site = build_site(scene.clock().date())
            for name in ("participants", "rois", "records"):
                for row in site[name]:
                    row["id"] = f"new-{row['id']}"
            for name in ("rois", "records", "plans", "intakes"):
                for row in site[name]:
                    row["participant"] = f"new-{row['participant']}"
            spoil(site)
            with pytest.raises(LeadFileError, match="`"):
                await put(scene, site)
            assert await counted(scene) == before

    async def test_a_failure_of_the_storage_leaves_nothing(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            before = await counted(scene)
            site = build_site(scene.clock().date())
            for roi in site["rois"]:
                roi["id"] += "-again"

            async def full(*_: object, **__: object) -> None:
                raise OSError(28, "No space left on device")

            monkeypatch.setattr(ledger, "append", full)
            with pytest.raises(OSError, match="No space"):
                await put(scene, site)
            assert await counted(scene) == before

    async def test_a_changed_record_is_a_new_version(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            site = build_site(scene.clock().date())
            record = next(r for r in site["records"] if r["participant"] == RAY)
            record["category"] = "goals"
            assert (await put(scene, site)).items == 1
            async with scene.store.unit_of_work() as uow:
                versions = {i.version for i in await uow.record.items(await scene.participant())}
        assert versions == {1, 2}

    async def test_a_revocation_in_the_file_stops_once(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            site = build_site(scene.clock().date())
            roi = next(r for r in site["rois"] if r["participant"] == RAY)
            roi["revocations"] = [{"at": scene.clock().isoformat(), "grants": "all", "mode": "written"}]
            assert (await put(scene, site)).consents == 1
            assert (await put(scene, site)).consents == 0
            async with scene.store.unit_of_work() as uow:
                stops = await uow.consents.stops(await scene.participant())
        assert len(stops) == 1

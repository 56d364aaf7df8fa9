"""Testina Fir is booked, and her treatment program hears of it, because she signed for that: with a real worker."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from gateway import ingesting, stopping
from gateway.demo.site import build_site
from gateway.demo.site_record import JAIL, OTP
from gateway.store.repositories.duties import Duty
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.exchanges.cast import TESTINA, grant, stay
from tests.scenarios.stage import Stage, receiver, stage, until

Json = dict[str, Any]


async def put(site: Stage, **parts: Any) -> None:
    await ingesting.ingest(site.program.store, orjson.dumps(parts), site.program.now())


async def booked(site: Stage, key: str, status: str = "in-progress") -> None:
    now = datetime.now(UTC).isoformat()
    row = {"id": key, "participant": TESTINA, "category": "custody", "source": JAIL, "created": now}
    await put(site, records=[{**row, "resource": {**stay(TESTINA, status), "id": key}}])


async def alerts(site: Stage) -> list[Duty]:
    async with site.program.store.unit_of_work() as uow:
        return await uow.duties.open(kinds=["custody-alert"])


def signed(site_file: Json) -> Json:
    roi: Json = next(each for each in site_file["rois"] if each["participant"] == TESTINA)
    now = datetime.now(UTC)
    to_program = grant(OTP, ["care-coordination"], ["custody"], expires=(now + timedelta(days=90)).isoformat())
    return {**roi, "id": "roi-otp", "signed_at": now.isoformat(), "grants": [to_program]}


class TestTheNotice:
    async def test_arrives_within_moments_and_stops_with_the_consent(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        with receiver(tmp_path / "receiver") as far:
            async with stage(tmp_path / "site", database_urls, far) as site:
                await self.tell(site)

    async def tell(self, site: Stage) -> None:
        file = build_site(datetime.now(UTC).date())
        program = next(each for each in file["organizations"] if each["id"] == OTP)
        endpoint = {"url": f"{site.receiver.address}/fhir", "kind": "fhir"}
        await put(site, organizations=[{**program, "endpoint": endpoint}], rois=[signed(file)])
        await booked(site, "stay-1")

        async def arrived() -> list[Json]:
            return site.receiver.received("Encounter")

        (row,) = await until(arrived, "the notice")
        bundle = row["bundle"] if isinstance(row["bundle"], str) else row["bundle"].decode()
        assert "legal-status" not in bundle
        (alert,) = await until(lambda: alerts(site), "the alert inside")
        assert alert.detail["event"] == "booking"

        await stopping.revoke(site.program.store, await site.participant(TESTINA), at=site.program.now())
        await booked(site, "stay-2")

        async def both() -> bool:
            return len(await alerts(site)) == 2  # the job of the second booking has been done

        await until(both, "the second alert")
        assert len(site.receiver.received("Encounter")) == 1

"""The demo site, with forms and records that a story adds, and the jobs that follow from them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from gateway import ingesting
from gateway.demo.site import build_site
from gateway.demo.site_record import CASE_MANAGEMENT
from gateway.exchanges import setting
from gateway.exchanges.configured import Promise
from gateway.exchanges.considering import consider
from gateway.store.repositories.duties import Duty
from gateway.store.values import StoredDelivery
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene, owner

Json = dict[str, Any]
TESTINA: Final = "p-testina"
JUNIPER: Final = "p-juniper"
NAMES: Final = {TESTINA: "Testina Fir", JUNIPER: "Juniper Quail", "p-ray": "Ray Alder", "p-rowan": "Rowan Teal"}


def grant(to: str, purposes: list[str], categories: list[str], **more: Any) -> Json:
    """One grant that runs for a year from the day of the demo."""
    named = {"id": f"g-{to.rpartition(':')[2]}", "discloser": [CASE_MANAGEMENT], "recipient": [to]}
    ends = {"expires": "2027-11-01T00:00:00-07:00"}
    return {**named, "purposes": purposes, "categories": categories, **ends, **more}


def stay(participant: str, status: str = "in-progress", key: str = "stay") -> Json:
    """One stay in custody, as mappings.lead.custody writes it."""
    return {
        "resourceType": "Encounter",
        "id": f"{key}-{participant}",
        "status": status,
        "class": {"system": "https://lead-gateway.invalid/fhir/CodeSystem/lead", "code": "custody"},
        "subject": {"reference": f"Patient/{participant}"},
        "period": {"start": "2026-11-24T11:00:00-08:00"},
    }


@dataclass
class Story:
    """A scene, and the database behind it."""

    scene: Scene
    urls: DatabaseUrls

    async def ingest(self, **parts: Any) -> None:
        """Take a LEAD file in, and do what its jobs do."""
        await ingesting.ingest(self.scene.store, orjson.dumps(parts), self.scene.clock())
        await self.run_jobs()

    async def run_jobs(self, *, again: bool = False) -> int:
        """Do every `exchange` job that is queued; `again`: also those that have been done."""
        states = ("todo", "succeeded") if again else ("todo",)
        with owner(self.urls) as connection:
            jobs = connection.execute(
                "SELECT id, args FROM procrastinate_jobs WHERE task_name = 'exchange' AND status::text = ANY(%s)"
                " ORDER BY id",
                (list(states),),
            ).fetchall()
            connection.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE task_name = 'exchange'")
        settings, store = self.scene.program.settings, self.scene.store
        made = 0
        for _, args in jobs:
            items = [UUID(item) for item in args["items"]]
            made += await consider(store, settings, UUID(args["participant"]), items, self.scene.clock())
        return made

    async def sign(self, participant: str, *grants: Json, form: str = "roi-more", **more: Any) -> None:
        """Have a participant sign one more release of information, now."""
        roi = build_site(self.scene.clock().date())["rois"][0]
        name = NAMES[participant]
        signed = {
            **roi,
            "id": f"{form}-{participant}",
            "participant": participant,
            "signed_at": self.scene.clock().isoformat(),
            "signer": {"name": name, "capacity": "self"},
            "patient_name": name,
            "grants": list(grants),
            "revocations": [],
            **more,
        }
        await self.ingest(rois=[signed])

    async def record(
        self, participant: str, key: str, category: str, source: str, resource: Json, created: datetime | None = None
    ) -> None:
        """Put one item on record, made now unless it is said when."""
        made = (created or self.scene.clock()).isoformat()
        body = {"id": f"{key}-{participant}", **resource}
        row = {"id": f"{key}-{participant}", "participant": participant, "category": category, "source": source}
        await self.ingest(records=[{**row, "created": made, "resource": body}])

    async def promise(self, organization: str, days: int = 90) -> None:
        """Have a recipient promise what GR-05 asks for."""
        until: date = self.scene.clock().date() + timedelta(days=days)
        given = Promise(organization, "J. Lee", until)
        await setting.promise(self.scene.store, given, by="Pat Willow", at=self.scene.clock())

    async def deliveries(self, exchange: str, participant: str = TESTINA) -> list[StoredDelivery]:
        """Give the sendings of an exchange about a participant, whatever became of them."""
        about = await self.scene.participant(participant)
        with owner(self.urls) as connection:
            rows = connection.execute(
                "SELECT id FROM delivery WHERE exchange = %s AND participant = %s ORDER BY updated_at, id",
                (exchange, about),
            ).fetchall()
        async with self.scene.store.unit_of_work() as uow:
            return [found for (identity,) in rows if (found := await uow.deliveries.get(identity)) is not None]

    async def duties(self, kind: str, participant: str = TESTINA) -> list[Duty]:
        """Give the open duties of a kind about a participant."""
        async with self.scene.store.unit_of_work() as uow:
            found: list[Duty] = await uow.duties.open(
                kinds=[kind], participant=await self.scene.participant(participant)
            )
        return found

    async def deliver(self, delivery: StoredDelivery) -> StoredDelivery:
        """Do what the worker does when a sending's time has come."""
        self.scene.clock.at = max(self.scene.clock.at, delivery.due_at)
        await self.scene.deliver(delivery.id)
        async with self.scene.store.unit_of_work() as uow:
            found: StoredDelivery | None = await uow.deliveries.get(delivery.id)
        assert found is not None
        return found


@asynccontextmanager
async def opened_story(folder: Path, urls: DatabaseUrls) -> AsyncIterator[Story]:
    """Open a story: what the demo's own file sets off is done."""
    async with opened_scene(folder, urls) as scene:
        story = Story(scene, urls)
        await story.run_jobs()
        yield story

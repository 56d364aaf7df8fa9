"""Somebody is booked, or released: who hears of it, and who does not."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import orjson

from consent.codes import Category
from gateway import duties, ingesting, stopping
from gateway.demo.site import HOUSING, JAIL_HEALTH, RAY
from gateway.demo.site_record import CASE_MANAGEMENT, JAIL, OTP
from gateway.exchanges import setting
from gateway.exchanges.considering import consider
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.exchanges.cast import TESTINA, grant, opened_story, stay
from tests.gateway.test_intake import bookings, hand_in

TREATMENT = "custody-notice-treatment"
CUSTODY = ["custody"]


class TestTreatmentProgram:
    async def test_hears_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """Nobody signed; signed for another kind, purpose, category; revoked; old; turned off."""
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            await story.record(TESTINA, "s-1", "custody", JAIL, stay(TESTINA))
            assert await story.deliveries(TREATMENT) == []

            await story.sign(TESTINA, grant(HOUSING, ["care-coordination"], CUSTODY), form="roi-a")
            await story.sign(TESTINA, grant(OTP, ["operations"], CUSTODY), form="roi-b")
            await story.sign(TESTINA, grant(OTP, ["care-coordination"], ["appointments"]), form="roi-c")
            await story.record(TESTINA, "s-2", "custody", JAIL, stay(TESTINA))
            assert await story.deliveries(TREATMENT) == []

            await story.sign(TESTINA, grant(OTP, ["care-coordination"], CUSTODY), form="roi-d")
            assert await story.deliveries(TREATMENT) == []  # a signature is no news of a booking
            old = scene.clock() - timedelta(hours=49)
            await story.record(TESTINA, "s-3", "custody", JAIL, stay(TESTINA), created=old)
            assert await story.deliveries(TREATMENT) == []

            await stopping.revoke(scene.store, await scene.participant(TESTINA), at=scene.clock.move(seconds=1))
            await story.record(TESTINA, "s-4", "custody", JAIL, stay(TESTINA), created=scene.clock())
            assert await story.deliveries(TREATMENT) == []
            assert len(await story.duties("custody-alert")) == 4  # inside it is a Use, whatever was signed

    async def test_hears_it_once_under_a_grant(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            await story.sign(TESTINA, grant(OTP, ["care-coordination"], CUSTODY))
            await story.record(TESTINA, "s-1", "custody", JAIL, stay(TESTINA))
            (booked,) = await story.deliveries(TREATMENT)
            assert (booked.state, booked.recipient, booked.proposal) == ("queued", OTP, None)
            assert booked.due_at == scene.clock()
            assert booked.expires_at == scene.clock() + timedelta(hours=48)
            assert booked.max_attempts == 30

            assert await story.run_jobs(again=True) == 0
            await story.record(TESTINA, "s-1", "custody", JAIL, {**stay(TESTINA), "location": []})
            assert [d.id for d in await story.deliveries(TREATMENT)] == [booked.id]

            assert (await story.deliver(booked)).state == "delivered"
            (sent,) = scene.door.disclosures
            assert {item.category.value for item in sent.clearance.items} == {"custody"}

            scene.clock.move(hours=2)
            await story.record(TESTINA, "s-1", "custody", JAIL, stay(TESTINA, "finished"))
            assert [d.state for d in await story.deliveries(TREATMENT)] == ["delivered", "queued"]

    async def test_a_revocation_before_the_sending_stops_it_in_silence(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            await story.sign(TESTINA, grant(OTP, ["care-coordination"], CUSTODY))
            await story.record(TESTINA, "s-1", "custody", JAIL, stay(TESTINA))
            (booked,) = await story.deliveries(TREATMENT)
            await stopping.revoke(scene.store, await scene.participant(TESTINA), at=scene.clock.move(seconds=1))
            assert (await story.deliver(booked)).state == "suppressed"
            assert scene.door.sent == []  # nobody asked, so nobody is told that there is nothing to tell

    async def test_two_workers_at_once_make_one_sending(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """Without a lock of their own one of them wrote a second alert beside the sending that it found made."""
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            await story.sign(TESTINA, grant(OTP, ["care-coordination"], CUSTODY))
            row = {"id": "s-1", "participant": TESTINA, "category": "custody", "source": JAIL}
            record = {**row, "created": scene.clock().isoformat(), "resource": {**stay(TESTINA), "id": "s-1"}}
            await ingesting.ingest(scene.store, orjson.dumps({"records": [record]}), scene.clock())
            testina = await scene.participant(TESTINA)
            async with scene.store.unit_of_work() as uow:
                (item,) = [i for i in await uow.record.items(testina) if i.category is Category.CUSTODY]
            works = [
                consider(scene.store, scene.program.settings, testina, [UUID(item.id)], scene.clock()) for _ in range(3)
            ]
            assert sorted(await asyncio.gather(*works)) == [0, 0, 2]
            await story.run_jobs()
            assert len(await story.deliveries(TREATMENT)) == 1
            assert len(await story.duties("custody-alert")) == 1

    async def test_after_the_time_limit_nothing_leaves(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            await story.sign(TESTINA, grant(OTP, ["care-coordination"], CUSTODY))
            await story.record(TESTINA, "s-1", "custody", JAIL, stay(TESTINA))
            (booked,) = await story.deliveries(TREATMENT)
            story.scene.clock.move(hours=48)
            assert (await story.deliver(booked)).state == "expired"
            assert story.scene.door.sent == []


class TestJailHealth:
    async def test_hears_of_the_dose_at_booking_only(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """Rowan Teal signed for jail health: medicines and MOUD, for treatment."""
        async with opened_story(tmp_path / "site", database_urls) as story:
            await story.record("p-rowan", "s-1", "custody", JAIL, stay("p-rowan"))
            (booked,) = await story.deliveries("custody-notice-jail-health", "p-rowan")
            assert booked.recipient == JAIL_HEALTH
            assert (await story.deliver(booked)).state == "delivered"
            (sent,) = story.scene.door.disclosures
            assert {item.category.value for item in sent.clearance.items} == {"medications", "moud"}
            story.scene.clock.move(hours=1)
            await story.record("p-rowan", "s-1", "custody", JAIL, stay("p-rowan", "finished"))
            assert len(await story.deliveries("custody-notice-jail-health", "p-rowan")) == 1


class TestCaseManagement:
    async def test_is_alerted_until_somebody_has_seen_it(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """A booking report arrives by the jail's feed: inside it is a Use, and no consent is looked at."""
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            await stopping.hold(scene.store, await scene.participant(), at=scene.clock())
            for content in await bookings(scene):
                await hand_in(scene, content)
            await story.run_jobs()
            (alert,) = await story.duties("custody-alert", RAY)
            assert (alert.organization, alert.role, alert.assignee) == (CASE_MANAGEMENT, "case-manager", "Mo Cypress")
            assert alert.detail["event"] == "booking"

            assert await duties.escalate(scene.store, scene.clock.move(minutes=31)) == 1
            assert await duties.escalate(scene.store, scene.clock.move(hours=2)) == 1
            (alert,) = await story.duties("custody-alert", RAY)
            assert duties.holder(alert) == "privacy-officer"

            await duties.acknowledge(scene.store, alert.id, by="Mo Cypress", at=scene.clock())
            assert await story.run_jobs(again=True) == 0
            assert await story.duties("custody-alert", RAY) == []
            assert "duty-acknowledged" in await scene.kinds()
            assert await story.deliveries("custody-alert", RAY) == []  # nothing of it is ever sent

    async def test_hears_of_a_release_as_well(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            await story.record(TESTINA, "s-1", "custody", JAIL, stay(TESTINA))
            story.scene.clock.move(minutes=10)
            await story.record(TESTINA, "s-1", "custody", JAIL, stay(TESTINA, "finished"))
            assert [d.detail["event"] for d in await story.duties("custody-alert")] == ["booking", "release"]

    async def test_is_not_alerted_by_what_a_site_has_turned_off(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            await setting.narrow(
                story.scene.store, "custody-alert", {"triggers": ["release"]}, by="Pat Willow", at=story.scene.clock()
            )
            await story.record(TESTINA, "s-1", "custody", JAIL, stay(TESTINA))
            assert await story.duties("custody-alert") == []

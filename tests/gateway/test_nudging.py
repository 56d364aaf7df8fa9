"""Staff are told that something waits: whom, how often, when not, and that nothing else is said."""

import asyncio
import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from adapters.staff.nudge import WORDS, ContactError, NotTold, Told
from gateway import ingesting, nudging
from gateway.delegating import delegate, delegation
from gateway.demo.site import DEFENDER
from gateway.demo.site_record import CASE_MANAGEMENT
from gateway.duties import acknowledge, escalate, open_duty
from gateway.log import configure
from gateway.nudging import add_contact, disable_contact, doors_of, nudge_once, try_contact
from gateway.store.repositories.approvals import Contact
from gateway.store.repositories.exchange import new_id
from tests.adapters.staff.receiving import mail_server
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.routine import at_rest
from tests.gateway.site import Scene, opened_scene, owner
from tests.scenarios.canary import PARTICIPANT, canary_file, found_in

MO, WREN = "Mo Cypress", "Wren Tamarack"
CONSOLE = "https://gateway.cedar.example/console"
NIGHT = 10  # hours after the noon at which every scene begins


@dataclass
class FakeDoor:
    """A way to staff that remembers whom it told, and fails as told."""

    told: list[str] = field(default_factory=list)
    outcomes: list[Told | NotTold] = field(default_factory=list)

    async def tell(self, address: str, console: str, at: datetime, *, seconds: float = 10.0) -> Told | NotTold:
        assert console == "http://127.0.0.1:8000/console"
        self.told.append(address.partition("@")[0])
        return self.outcomes.pop(0) if self.outcomes else Told()


@dataclass
class Site:
    scene: Scene
    door: FakeDoor = field(default_factory=FakeDoor)

    async def contact(self, name: str, role: str = "case-manager", **more: str) -> Contact:
        given = {"organization": CASE_MANAGEMENT, "channel": "email", "address": f"{name}@cedar.example", **more}
        return await add_contact(self.scene.store, role=role, **given)

    async def waits(self, kind: str = "approval", **more: object) -> UUID:
        given = {"organization": CASE_MANAGEMENT, "role": "case-manager", "at": self.scene.clock(), **more}
        async with self.scene.store.unit_of_work() as uow:
            identity = await open_duty(uow, kind, **given)
            await uow.commit()
        return identity

    async def round(self, **later: float) -> list[str]:
        """Make one round and give whom it told."""
        at = self.scene.clock.move(**later)
        doors = {"email": self.door, "webhook": self.door}
        await nudge_once(self.scene.store, self.scene.program.settings, doors, at)
        told, self.door.told = sorted(self.door.told), []
        return told


class TestContacts:
    @pytest.mark.parametrize(
        ("given", "rule"),
        [
            ({"role": "janitor"}, "`ROLE`"),
            ({"organization": "org:nobody"}, "`ORGANIZATION`"),
            ({"address": "Mo <mo@cedar.example>"}, "`ADDRESS`"),
            ({"channel": "webhook", "address": "http://chat.example/x"}, "`ADDRESS`"),
        ],
    )
    async def test_what_is_refused(
        self, tmp_path: Path, database_urls: DatabaseUrls, given: dict[str, str], rule: str
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            with pytest.raises(ContactError, match=rule):
                await Site(scene).contact("mo", **{"role": "case-manager", **given})
            async with scene.store.unit_of_work() as uow:
                assert await uow.approvals.contacts(disabled=True) == []

    async def test_tried_and_disabled(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            site, store, settings = Site(await at_rest(scene)), scene.store, scene.program.settings
            mo, at = await site.contact("mo"), scene.clock()
            await site.waits()
            assert await try_contact(store, settings, {"email": site.door}, mo.id, at) == Told()
            assert site.door.told == ["mo"]
            site.door.told = []
            assert await site.round() == []  # that was the one of this hour
            with pytest.raises(ContactError, match="LEAD_SMTP_URL"):
                await try_contact(store, settings, {}, mo.id, at)
            await disable_contact(store, mo.id, at)
            for act in (
                disable_contact(store, mo.id, at),
                try_contact(store, settings, {"email": site.door}, mo.id, at),
            ):
                with pytest.raises(ContactError, match="names no contact that works"):
                    await act
            assert await site.round(hours=5) == []

    async def test_without_a_mail_server_there_is_no_mail(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            assert set(doors_of(scene.program.settings)) == {"webhook"}
            site = Site(await at_rest(scene))
            await site.contact("mo")
            await site.waits()
            doors = {"webhook": site.door}
            assert await nudge_once(scene.store, scene.program.settings, doors, scene.clock()) == 0


class TestWhom:
    async def test_nobody_where_nothing_waits_for_them(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            site = Site(await at_rest(scene))
            await site.contact("mo")
            await site.contact("sage", "supervisor")
            await site.contact("dana", organization=DEFENDER)
            assert await site.round() == []
            await site.waits()
            assert await site.round() == ["mo"]

    async def test_whose_it_is_and_in_whose_hands_it_is(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            site = Site(await at_rest(scene))
            for name, staff in (("mo", MO), ("wren", WREN), ("linden", "Linden Sparrow")):
                await site.contact(name, staff=staff)
            await site.contact("team")
            await site.waits(assignee=MO)
            assert await site.round() == ["mo"]
            given = delegation(CASE_MANAGEMENT, MO, WREN, scene.clock(), scene.clock() + timedelta(days=3))
            await delegate(scene.store, given, by=MO, at=scene.clock())
            await site.waits(assignee=MO)
            assert await site.round(hours=1) == ["mo", "wren"]
            await site.waits(assignee="Somebody Else")
            assert await site.round(hours=1) == ["linden", "mo", "team", "wren"]

    async def test_pushed_up_the_next_role_is_told(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            site = Site(await at_rest(scene))
            await site.contact("mo")
            await site.contact("sage", "supervisor")
            await site.waits()
            assert await site.round() == ["mo"]
            await escalate(scene.store, scene.clock.move(hours=4))
            assert await site.round() == ["sage"]


class TestHowOften:
    async def test_once_an_hour_per_person_whatever_waits(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            site = Site(await at_rest(scene))
            await site.contact("mo")
            await site.contact("Mo", "supervisor")  # the same person in another role
            for _ in range(3):
                await site.waits()
            assert await site.round() == ["mo"]
            await site.waits()
            await site.waits(role="supervisor")
            assert await site.round(minutes=59) == []
            assert len(await site.round(minutes=1)) == 1

    async def test_what_waits_is_repeated_as_its_kind_says_until_it_is_done(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            site = Site(await at_rest(scene))
            await site.contact("mo")
            alert = await site.waits("custody-alert")
            assert [await site.round(hours=1) for _ in range(3)] == [["mo"]] * 3
            await acknowledge(scene.store, alert, by=MO, at=scene.clock())
            assert await site.round(hours=1) == []
            await site.waits("consent-expiring", due_at=scene.clock() + timedelta(days=30))
            assert [await site.round(hours=1), await site.round(hours=1)] == [["mo"], []]

    async def test_several_processes_tell_once(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            site = Site(await at_rest(scene))
            await site.contact("mo")
            await site.waits()
            doors = {"email": site.door}
            rounds = (nudge_once(scene.store, scene.program.settings, doors, scene.clock()) for _ in range(4))
            assert sum(await asyncio.gather(*rounds)) == 1
            assert site.door.told == ["mo"]

    async def test_who_was_certainly_not_told_is_told_soon(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            site = Site(await at_rest(scene))
            await site.contact("mo")
            await site.waits()
            site.door.outcomes = [NotTold("connect", perhaps=False), NotTold("no-answer", perhaps=True)]
            assert await site.round() == ["mo"]
            assert await site.round(minutes=4) == []
            assert await site.round(minutes=1) == ["mo"]
            assert await site.round(minutes=59) == []  # perhaps told: then not again within the hour


class TestWhenNot:
    async def test_in_quiet_hours_but_of_a_custody_alert(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            site = Site(await at_rest(scene))
            await site.contact("mo")
            await site.waits()
            assert await site.round(hours=NIGHT) == []
            await site.waits("custody-alert")
            assert await site.round() == ["mo"]
            assert await site.round(hours=8, minutes=59) == ["mo"]  # before seven: the alert again, and nothing else
            assert await site.round(hours=1) == ["mo"]

    async def test_without_quiet_hours(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls, nudge_quiet_hours="none") as scene:
            site = Site(await at_rest(scene))
            await site.contact("mo")
            await site.waits()
            assert await site.round(hours=NIGHT) == ["mo"]

    async def test_while_the_site_is_held(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            site = Site(await at_rest(scene))
            await site.contact("mo")
            await site.waits()
            with owner(database_urls) as connection:
                connection.execute("UPDATE site SET held = true")
            assert await site.round() == []


class TestNothingElseIsSaid:
    async def test_no_name_no_kind_no_number(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """A participant whose every field is a token: none is in anything that goes to staff, or into the log."""
        log = io.StringIO()
        configure("debug", log)
        async with mail_server(None, security="plain") as box:
            more = {
                "smtp_url": f"smtp+plain://127.0.0.1:{box.port}",
                "smtp_from": "gateway@cedar.example",
                "base_url": "https://gateway.cedar.example",
            }
            async with opened_scene(tmp_path / "site", database_urls, **more) as scene:
                await ingesting.ingest(scene.store, orjson.dumps(canary_file(scene.clock().date())), scene.clock())
                site = Site(await at_rest(scene))
                await site.contact("mo")
                await site.contact("gone", address="nobody@127.0.0.1", channel="email", staff=WREN)
                person = await scene.participant(PARTICIPANT)
                for kind in ("approval", "custody-alert", "incident"):
                    await site.waits(kind, participant=person, detail={"note": PARTICIPANT}, reference=new_id())
                await nudging.nudge(scene.program)
                box.refuse = "recipient"
                scene.clock.move(hours=6)
                await nudging.push(scene.program)
                await nudging.nudge(scene.program)
        assert len(box.envelopes) == 2
        assert found_in(box.everything) | found_in(log.getvalue()) == set()
        for message in box.messages:
            assert message.get_payload() == f"{WORDS}\r\n{CONSOLE}\r\n"
        words = box.everything.decode().lower()
        assert not [word for word in ("approval", "custody", "incident", "3") if f" {word}" in words]

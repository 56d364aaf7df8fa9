"""A conference: to each at the table what they may see, to everybody else nothing, and all of it on the ledger."""

import dataclasses
from datetime import timedelta
from typing import Any

import orjson
import pytest

from gateway import approval, conference, stopping
from gateway.conference import ConferenceError, Packet
from gateway.demo.site import DEFENDER, HOUSING, POLICE, PROSECUTOR
from gateway.explaining import explain
from gateway.statements import state
from mappings.lead.agenda import Agenda, Seat
from tests.gateway.site import NOON, Scene

WORDS = "Ray keeps every appointment and looks for work"
SEATS = (
    Seat(PROSECUTOR, "Lia Larch", "liaison-prosecutor", promised=True),
    Seat(DEFENDER, "Fern Oak", None, promised=True),
    Seat(HOUSING, "Moss Reed", None, promised=True),
    Seat(POLICE, "Sgt. Sedge", "liaison-officer", promised=True),
)
AGENDA = Agenda(NOON + timedelta(hours=20), ("p-ray", "p-testina", "p-wren", "p-juniper"), SEATS)


async def packets(scene: Scene, agenda: Agenda = AGENDA) -> dict[str, Packet]:
    made = await conference.hand_over(
        scene.store, agenda, base_url="http://127.0.0.1:8000", by="Mo Cypress", at=scene.clock()
    )
    return {packet.organization: packet for packet in made}


async def prepare(scene: Scene, agenda: Agenda = AGENDA) -> conference.Prepared:
    return await conference.prepare(scene.store, agenda, by="Mo Cypress", at=scene.clock())


async def approve(scene: Scene, agenda: Agenda = AGENDA) -> int:
    return await conference.approve_all(scene.store, agenda, by="Mo Cypress", at=scene.clock())


def told(packet: Packet) -> str:
    return packet.bundle.decode()


async def entries(scene: Scene, reference: str, kind: str) -> list[Any]:
    return [entry for entry in await scene.entries(reference) if entry.kind == kind]


class TestPreparing:
    async def test_what_is_not_known(self, scene: Scene) -> None:
        stranger = dataclasses.replace(AGENDA, participants=("p-ray", "p-nobody"))
        table = dataclasses.replace(AGENDA, seats=(Seat("org:nobody", "Nobody", None, promised=True),))
        for agenda, rule in ((stranger, "participants"), (table, "organizations")):
            with pytest.raises(ConferenceError, match=rule):
                await prepare(scene, agenda)
        past = dataclasses.replace(AGENDA, at=NOON - timedelta(days=4))
        with pytest.raises(ConferenceError, match="time limit"):
            await prepare(scene, past)
        with pytest.raises(ConferenceError, match="not been prepared"):
            await approve(scene)
        assert "proposal" not in await scene.kinds()

    async def test_everybody_at_the_table_is_decided_about_and_a_second_time_changes_nothing(
        self, scene: Scene
    ) -> None:
        first = await prepare(scene)
        before = [await scene.kinds(reference) for reference in AGENDA.participants]
        assert await prepare(scene) == first
        assert [await scene.kinds(reference) for reference in AGENDA.participants] == before
        assert (first.waiting, first.approved) == (5, 0)  # ray: three; testina: counsel and housing
        for reference in AGENDA.participants:
            decided = [e for e in await scene.entries(reference) if e.kind in ("proposal", "denial")]
            assert {e.organization for e in decided} == {seat.organization for seat in SEATS}
            assert all([(await explain(scene.store, e.id)).agrees for e in decided])


class TestPackets:
    async def test_nothing_without_an_approval(self, scene: Scene) -> None:
        await prepare(scene)
        assert await packets(scene) == {}
        assert not await entries(scene, "p-ray", "disclosure")

    async def test_each_gets_what_it_may_see_and_nobody_else_anything(self, scene: Scene) -> None:
        await prepare(scene)
        assert await approve(scene) == 5
        made = await packets(scene)
        assert {name: packet.participants for name, packet in made.items()} == {PROSECUTOR: 1, DEFENDER: 2, HOUSING: 2}
        bundle = orjson.loads(made[PROSECUTOR].bundle)
        assert (bundle["type"], bundle["entry"][0]["resource"]["resourceType"]) == ("document", "Composition")
        sections = [section["title"] for section in bundle["entry"][0]["resource"]["section"]]
        assert sections[-1] == "Participant"
        assert sections[0].startswith("Notice")
        assert '"resourceType":"Goal"' in told(made[HOUSING])
        assert '"resourceType":"Goal"' not in told(made[PROSECUTOR])
        assert '"code":"engaged"' in told(made[PROSECUTOR])
        assert '"code":"engaged"' not in told(made[HOUSING])
        for packet in made.values():
            assert packet.pdf.startswith(b"%PDF-")
            for other in ("Wren", "Juniper", "methadone", "F11.20", *(s.organization for s in SEATS)):
                if other != packet.organization:
                    assert other not in told(packet)

    async def test_printing_is_a_disclosure_and_is_done_once(self, scene: Scene) -> None:
        await prepare(scene)
        await approve(scene)
        assert await packets(scene)
        disclosed = await entries(scene, "p-ray", "disclosure")
        assert {entry.organization for entry in disclosed} == {PROSECUTOR, DEFENDER, HOUSING}
        assert all([(await explain(scene.store, entry.id)).agrees for entry in disclosed])
        shared = (await state(scene.store, await scene.participant(), staff="Mo Cypress", at=scene.clock())).shared
        assert len(shared) == 3
        assert await packets(scene) == {}

    async def test_a_revocation_in_between_takes_the_participant_out_of_every_packet(self, scene: Scene) -> None:
        await prepare(scene)
        await approve(scene)
        await stopping.revoke(scene.store, await scene.participant(), at=scene.clock.move(minutes=1))
        scene.clock.move(minutes=1)
        made = await packets(scene)
        assert {name: packet.participants for name, packet in made.items()} == {DEFENDER: 1, HOUSING: 1}
        assert not await entries(scene, "p-ray", "disclosure")

    async def test_a_case_manager_decides_one_by_one(self, scene: Scene) -> None:
        """One is declined, one goes with the case manager's own words; the rest waits, and is in no packet."""
        await prepare(scene)
        async with scene.store.unit_of_work() as uow:
            waiting = {
                p.recipient: p for p in await uow.proposals.waiting() if p.participant == await scene.participant()
            }
        store, settings, at = scene.store, scene.program.settings, scene.clock()
        await approval.decline(store, waiting[HOUSING].id, why="not now", at=at)
        edit = approval.Edit(summary=WORDS)
        await approval.approve(store, settings, waiting[PROSECUTOR].id, at=at, edit=edit, by="Mo Cypress")
        made = await packets(scene)
        assert set(made) == {PROSECUTOR}
        assert WORDS in told(made[PROSECUTOR])

    async def test_without_a_promise_nothing_is_proposed(self, scene: Scene) -> None:
        silent = tuple(dataclasses.replace(seat, promised=False) for seat in SEATS)
        agenda = dataclasses.replace(AGENDA, seats=silent)
        assert (await prepare(scene, agenda)).waiting == 0

"""A false match is undone whole; a doubtful one is decided by a person."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from consent.codes import Category, Purpose
from consent.disclosure import Disclosure
from consent.model import Person
from consent.request import DisclosureRequest, EmergencyDeclaration
from gateway import housekeeping, incidents, matching, unlinking
from gateway.demo.site_record import HOSPITAL
from gateway.disclosure import disclose
from gateway.explaining import explain
from gateway.incidents import IncidentError
from gateway.matching import MatchError
from gateway.store.repositories.affairs import Affairs
from gateway.store.values import StoredItem
from gateway.unlinking import Unlinked, UnlinkError
from tests.gateway.site import NOON, Scene
from tests.gateway.test_intake import SOURCE, bookings, hand_in, kept


async def misfile(scene: Scene) -> UUID:
    """A dose of somebody else's, kept as Ray's."""
    ray = await scene.participant()
    dose = {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationCodeableConcept": {
            "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1"}]
        },
        "dosage": [{"text": "one hundred milligrams"}],
    }
    async with scene.store.unit_of_work() as uow:
        envelope: UUID = await uow.inbound.keep("jail", ray, b"<a/>", NOON - timedelta(days=2))
        stored = StoredItem("false-1", Category.MEDICATIONS, HOSPITAL, NOON, dose, envelope)
        await uow.record.put(ray, stored, NOON)
        await uow.commit()
    return envelope


async def emergency(scene: Scene) -> Disclosure:
    declared = EmergencyDeclaration("overdose", "Dr. Thorn", "Lakeside Hospital", "Mo Cypress")
    ray = str(await scene.participant())
    person = Person("Dr. Thorn", "physician")
    request = DisclosureRequest("e", scene.clock(), HOSPITAL, ray, Purpose.EMERGENCY, person, emergency=declared)
    found = await disclose(scene.store, request, reference="e")
    assert isinstance(found, Disclosure)
    return found


async def undo(scene: Scene, envelope: UUID, **changes: Any) -> Unlinked:
    given = {"why": "another birth date", "by": "Pat Pine", **changes}
    return await unlinking.unlink(scene.store, await scene.participant(), envelope, at=scene.clock(), **given)


def doses(disclosure: Disclosure) -> int:
    return sum("hundred" in str(item.resource) for item in disclosure.clearance.items)


class TestUnlink:
    async def test_what_cannot_be_undone(self, scene: Scene) -> None:
        envelope = await misfile(scene)
        for wrong in ({"why": " "}, {"by": ""}):
            with pytest.raises(UnlinkError):
                await undo(scene, envelope, **wrong)
        with pytest.raises(UnlinkError, match="nothing"):
            await unlinking.unlink(
                scene.store, await scene.participant("p-testina"), envelope, why="w", by="b", at=NOON
            )
        await undo(scene, envelope)
        with pytest.raises(UnlinkError, match="already"):
            await undo(scene, envelope)

    async def test_all_of_it_in_one_transaction(self, scene: Scene) -> None:
        before = await emergency(scene)
        envelope = await misfile(scene)
        scene.clock.move(minutes=1)
        wrong = await emergency(scene)
        assert (doses(before), doses(wrong)) == (0, 1)
        scene.clock.move(minutes=1)
        done = await undo(scene, envelope)
        assert [(str(t.entry), t.organization, t.content) for t in done.told] == [(wrong.entry, HOSPITAL, True)]
        assert timedelta(days=60) < done.incident.due_at - scene.clock() < timedelta(days=62)
        assert "Lakeside Hospital" in done.for_participant[2]
        assert "Lakeside Hospital" in done.for_other[2]
        scene.clock.move(minutes=1)
        after = await emergency(scene)
        assert doses(after) == 0
        for each in (before, wrong, after):  # an old decision is judged on what it saw
            assert (await explain(scene.store, UUID(each.entry))).agrees
        assert {"unlink", "incident-opened"} <= set(await scene.kinds())

    async def test_an_incident_is_closed_by_somebody_with_what_was_done(self, scene: Scene) -> None:
        done = await undo(scene, await misfile(scene))
        for why, by in ((" ", "Pat"), ("told", " ")):
            with pytest.raises(IncidentError):
                await incidents.close(scene.store, done.incident.id, why=why, by=by, at=NOON)
        async with scene.store.unit_of_work() as uow:
            assert [duty.kind for duty in await uow.duties.open(reference=done.incident.id)] == ["incident"]
        await incidents.close(scene.store, done.incident.id, why="both were told", by="Pat Pine", at=NOON)
        with pytest.raises(IncidentError):
            await incidents.close(scene.store, done.incident.id, why="again", by="Pat Pine", at=NOON)
        async with scene.store.unit_of_work() as uow:
            assert await uow.duties.open(reference=done.incident.id) == []
            assert await Affairs(uow.connection, uow.vault).incidents() == []


class TestMatch:
    async def doubtful(self, scene: Scene) -> UUID:
        for content in await bookings(scene):
            await hand_in(scene, content)
        (waiting,) = await matching.waiting(scene.store)
        return UUID(waiting["id"])

    async def candidates(self, scene: Scene, identity: UUID) -> list[str]:
        async with scene.store.unit_of_work() as uow:
            found = await Affairs(uow.connection, uow.vault).quarantined(identity)
        assert found is not None
        return list(found[3]["candidates"])

    async def duties(self, scene: Scene) -> int:
        async with scene.store.unit_of_work() as uow:
            return len(await uow.duties.open(kinds=["match-review"]))

    async def test_rejected_is_forgotten(self, scene: Scene) -> None:
        waiting = await self.doubtful(scene)
        assert await self.duties(scene) == 1
        with pytest.raises(MatchError):
            await matching.reject(scene.store, waiting, by=" ", at=scene.clock())
        await matching.reject(scene.store, waiting, by="Pat Pine", at=scene.clock())
        with pytest.raises(MatchError):
            await matching.reject(scene.store, waiting, by="Pat Pine", at=scene.clock())
        assert (await kept(scene))["quarantine"] == 0
        assert await self.duties(scene) == 0

    async def test_confirmed_is_kept_as_if_it_had_matched(self, scene: Scene) -> None:
        waiting = await self.doubtful(scene)
        (one, *_) = await self.candidates(scene, waiting)
        for other in {str(await scene.participant("p-olive")), str(await scene.participant("p-jay"))} - {one}:
            with pytest.raises(MatchError, match="none of those"):
                await matching.confirm(scene.store, waiting, UUID(other), SOURCE, by="Pat", at=scene.clock())
        before = await kept(scene)
        assert await matching.confirm(scene.store, waiting, UUID(one), SOURCE, by="Pat", at=scene.clock()) == 1
        after = await kept(scene)
        assert (after["envelopes"], after["quarantine"]) == (before["envelopes"] + 1, 0)
        with pytest.raises(MatchError):
            await matching.confirm(scene.store, waiting, UUID(one), SOURCE, by="Pat", at=scene.clock())

    async def test_undecided_it_is_purged_and_nobody_is_asked_any_more(self, scene: Scene) -> None:
        await self.doubtful(scene)
        scene.clock.move(hours=73)
        await housekeeping.purge(scene.program)
        assert await matching.waiting(scene.store) == []
        assert await self.duties(scene) == 0

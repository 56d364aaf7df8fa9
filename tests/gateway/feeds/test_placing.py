"""What feeds tell comes to the same record in any order, and sets something off once for each real change."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from consent.codes import Category
from consent.model import Item
from gateway import placing, unlinking
from gateway.demo.story import ray_question
from gateway.judged import pins
from gateway.store.repositories.stopping import Stopping
from gateway.unlinking import unlink
from mappings.lead.action import Action
from mappings.lead.arrived import RecordEvent
from mappings.lead.custody import Charge, CustodyKind
from mappings.lead.custody_health import BehavioralHealth
from mappings.lead.matter import CaseStatus
from mappings.lead.merge import Merge
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.feeds.toy import case, hand_in, hours, ray, source, told
from tests.gateway.site import Scene, opened_scene

CHARGES = (Charge("Criminal trespass", "9A.52.080", "1", None),)
HEALTH = BehavioralHealth(
    serious_mental_illness=True,
    general_mental_health=None,
    high_risk_needs=None,
    substance_abuse=True,
    medicaid=None,
    diagnoses=("F20.9 schizophrenia",),
    treatments=(),
    medications=(),
)
BOOKED = told(CustodyKind.BOOKING, 0, charges=CHARGES, behavioral_health=HEALTH)
MOVED = told(CustodyKind.STATUS_CHANGE, 5, facility="Annex")
RELEASED = told(CustodyKind.RELEASE, 50)


async def record(scene: Scene, before: frozenset[str] = frozenset()) -> dict[str, Item]:
    async with scene.store.unit_of_work() as uow:
        who = await scene.participant()
        unlinked = frozenset(e for _, e in await uow.matters.unlinked(who))
        return {i.id: i for i in await uow.record.items(who, without=unlinked) if i.id not in before}


def custody(items: dict[str, Item]) -> list[dict[str, Any]]:
    return [dict(i.resource or {}) for i in items.values() if i.category is Category.CUSTODY]


def told_of(items: dict[str, Item]) -> list[str]:
    """Give what a record says, without versions and ids."""
    said = [({k: v for k, v in (i.resource or {}).items() if k != "id"}, i) for i in items.values()]
    return sorted(f"{i.category} {i.created.isoformat()} {resource}" for resource, i in said)


@pytest.fixture
def considered(monkeypatch: pytest.MonkeyPatch) -> list[list[UUID]]:
    """Every call that has something considered: the ids."""
    calls: list[list[UUID]] = []
    real = placing.after_items

    async def watch(uow: Any, participant: UUID, items: Any, at: Any) -> None:
        if items:
            calls.append([identity for identity, _ in items])
        await real(uow, participant, items, at)

    monkeypatch.setattr("gateway.placing.after_items", watch)
    return calls


class TestOrder:
    async def test_any_order_comes_to_the_same(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        results = []
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known = source(await ray(scene))
            for number, order in enumerate(permutations((BOOKED, MOVED, RELEASED))):
                before = frozenset(await record(scene))
                for event in order:
                    await hand_in(scene, known, replace(event, booking_number=f"BK-{number}"))
                results.append(told_of(await record(scene, before)))
        assert len(results) == 6
        assert all(result == results[0] for result in results)
        assert any("finished" in line and "Annex" in line for line in results[0])

    async def test_twice_is_once(
        self, tmp_path: Path, database_urls: DatabaseUrls, considered: list[list[UUID]]
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known = source(await ray(scene))
            await hand_in(scene, known, BOOKED)
            first = await record(scene)
            await hand_in(scene, known, BOOKED, salt=1)  # other bytes, the same word
            assert await record(scene) == first
            assert len(considered) == 1
            await hand_in(scene, known, RELEASED)
            assert len(considered) == 2
            assert len(considered[1]) == 1  # the stay, and not its charges

    async def test_old_news_after_a_release_is_no_news(
        self, tmp_path: Path, database_urls: DatabaseUrls, considered: list[list[UUID]]
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known, before = source(await ray(scene)), frozenset(await record(scene))
            await hand_in(scene, known, RELEASED)
            await hand_in(scene, known, told(CustodyKind.BOOKING, 0))
            (stay,) = custody(await record(scene, before))
            assert (stay["status"], set(stay["period"])) == ("finished", {"start", "end"})

    async def test_a_booking_that_never_was(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known, before = source(await ray(scene)), frozenset(await record(scene))
            await hand_in(scene, known, BOOKED)
            await hand_in(scene, known, told(CustodyKind.BOOKING, 0, action=Action.DELETE, told_at=hours(9)))
            found = await record(scene, before)
            assert len(found) > 3
            assert all("entered-in-error" in str(item.resource) for item in found.values())
            assert not any(word in str(found) for word in ("trespass", "F20.9"))

    async def test_a_delete_of_what_nobody_told(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known, before = source(await ray(scene)), frozenset(await record(scene))
            await hand_in(scene, known, told(CustodyKind.BOOKING, 0, action=Action.DELETE, told_at=hours(9)))
            assert await record(scene, before) == {}
            await hand_in(scene, known, BOOKED)  # told before it was taken back, come after
            assert await record(scene, before) == {}


class TestUnlinked:
    async def test_what_a_wrong_message_said_is_in_no_later_version(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known, before = source(await ray(scene)), frozenset(await record(scene))
            await hand_in(scene, known, told(CustodyKind.BOOKING, 0))
            await hand_in(scene, known, MOVED)  # somebody else's
            await hand_in(scene, known, RELEASED)
            assert "Annex" in str(custody(await record(scene, before)))
            who = await scene.participant()
            async with scene.store.unit_of_work() as uow:
                wrong = next(e for e, event, _ in await uow.told.about(who, "toy|BK-7") if event == MOVED)
            await unlink(scene.store, who, wrong, why="another person", by="Officer", at=scene.clock())
            (stay,) = custody(await record(scene, before))
            assert "Annex" not in str(stay)
            assert stay["status"] == "finished"

    async def test_the_same_word_of_another_message_stays_on_record(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        """What the wrong message brought first is not there any more: what says the same is written down anew."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known, before = source(await ray(scene)), frozenset(await record(scene))
            await hand_in(scene, known, told(CustodyKind.BOOKING, 0))  # somebody else's
            await hand_in(scene, known, told(CustodyKind.BOOKING, 0, message_id="M-2"))
            assert len(await record(scene, before)) == 1
            await unlink(scene.store, *await by(scene, "M"), why="another person", by="Officer", at=scene.clock())
            (stay,) = custody(await record(scene, before))
            assert stay["status"] == "in-progress"

    async def test_what_another_message_says_afterwards_is_on_record(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known, before = source(await ray(scene)), frozenset(await record(scene))
            await hand_in(scene, known, BOOKED)
            first = told_of(await record(scene, before))
            await unlink(scene.store, *await by(scene, "M"), why="another person", by="Officer", at=scene.clock())
            assert await record(scene, before) == {}
            await hand_in(scene, known, BOOKED, salt=1)
            assert told_of(await record(scene, before)) == first

    async def test_what_later_messages_brought_may_say_it_too(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A disclosure of a later version, in which somebody else's word was, is listed; a proposal of it is gone."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known = source(await ray(scene))
            await hand_in(scene, known, told(CustodyKind.BOOKING, 0))
            scene.clock.move(minutes=1)
            await hand_in(scene, known, replace(MOVED, message_id="M-2"))  # somebody else's
            scene.clock.move(minutes=1)
            await hand_in(scene, known, RELEASED)
            who, wrong = await by(scene, "M-2")
            async with scene.store.unit_of_work() as uow:
                tainted = await placing.carried(uow, who, wrong, scene.clock() - timedelta(minutes=1))
            assert sorted(version for _, version in tainted) == [2, 3]
            seen: list[frozenset[tuple[str, int]]] = []
            real = unlinking._told

            def watch(entries: Any, wanted: frozenset[tuple[str, int]]) -> list[unlinking.Told]:
                seen.append(wanted)
                return real(entries, wanted)

            monkeypatch.setattr(unlinking, "_told", watch)
            await unlink(scene.store, who, wrong, why="another person", by="Officer", at=scene.clock())
            assert seen == [tainted]

    async def test_a_proposal_that_pins_such_a_version_is_taken_back(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known = source(await ray(scene))
            await hand_in(scene, known, BOOKED)
            who, wrong = await by(scene, "M")
            (proposal,) = await scene.consider(await scene.ask(ray_question()))
            pinned = frozenset(pins(proposal))

            async def carried(*_: Any) -> frozenset[tuple[str, int]]:
                return pinned

            monkeypatch.setattr(unlinking, "carried", carried)
            done = await unlink(scene.store, who, wrong, why="another person", by="Officer", at=scene.clock())
            async with scene.store.unit_of_work() as uow:
                assert await Stopping(uow.connection).undecided(who) == []
            assert pinned
            assert done.taken.proposals == 1


async def by(scene: Scene, message: str) -> tuple[UUID, UUID]:
    """Give Ray, and the envelope that brought a message about stay BK-7."""
    who = await scene.participant()
    async with scene.store.unit_of_work() as uow:
        return who, next(e for e, event, _ in await uow.told.about(who, "toy|BK-7") if event.message_id == message)


class TestCases:
    async def test_refused_and_then_filed(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known, before = source(await ray(scene), "org:prosecutor"), frozenset(await record(scene))
            await hand_in(scene, known, case(CaseStatus.FILED, 30))
            await hand_in(scene, known, case(CaseStatus.DECLINED, 10))
            (item,) = (await record(scene, before)).values()
            resource = item.resource or {}
            assert (item.category, resource["status"]) == (Category.LEGAL_STATUS, "in-progress")
            assert resource["businessStatus"]["coding"][0]["code"] == "filed"


class TestOthers:
    async def test_a_record_loses_fingerprint_numbers_and_keeps_the_rest(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        patient = {
            "resourceType": "Patient",
            "identifier": [{"system": "sid", "value": "WA1"}, {"system": "urn:x:mrn", "value": "77"}],
        }
        event = RecordEvent("toy", "M", "Patient/1", Category.IDENTITY, hours(1), patient)
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known, before = source(await ray(scene)), frozenset(await record(scene))
            await hand_in(scene, known, event)
            (item,) = (await record(scene, before)).values()
        assert (item.resource or {})["identifier"] == [{"system": "urn:x:mrn", "value": "77"}]

    async def test_a_merge_makes_a_participant_known_by_both_numbers(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known = source(await ray(scene))
            merge = Merge("toy", "M", "jail:toy:inmate", "J-100", "J-200")
            for salt in (0, 1):
                await hand_in(scene, known, merge, salt=salt)
            async with scene.store.unit_of_work() as uow:
                found, version = await uow.participants.get(await scene.participant())
        assert {("jail:toy:inmate", "J-100"), ("jail:toy:inmate", "J-200")} <= set(found.identifiers)
        assert version == 2

"""The defender's route: a hold, a form for a proceeding, and what followed a disclosure (GR-09)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from consent.codes import Category, Purpose
from consent.disclosure import Disclosure
from consent.model import Person
from consent.request import DisclosureRequest
from gateway import conference, defender, defending, ingesting
from gateway.defending import DefenderError
from gateway.demo.site import DEFENDER, HOUSING, PROSECUTOR, build_site
from gateway.disclosure import disclose
from gateway.store.values import StoredItem
from mappings.lead.agenda import Agenda
from tests.gateway.matters.test_conference import SEATS
from tests.gateway.site import NOON, Scene


async def duties(scene: Scene, kind: str) -> list[Any]:
    async with scene.store.unit_of_work() as uow:
        return await uow.duties.open(kinds=[kind])


async def tell_the_prosecutor(scene: Scene) -> None:
    agenda = Agenda(NOON + timedelta(hours=1), ("p-ray",), SEATS[:1])
    await conference.prepare(scene.store, agenda, by="Mo Cypress", at=scene.clock())
    await conference.approve_all(scene.store, agenda, by="Mo Cypress", at=scene.clock())
    assert await conference.hand_over(scene.store, agenda, base_url="http://127.0.0.1", by="Mo", at=scene.clock())


async def filed(scene: Scene, code: str, reference: str = "case-1") -> UUID:
    """What the prosecutor's feed says about Ray, in a moment of its own."""
    coding = {"coding": [{"system": "https://lead-gateway.invalid/fhir/CodeSystem/lead", "code": code}]}
    resource = {"resourceType": "Task", "status": "completed", "intent": "order", "businessStatus": coding}
    item = StoredItem(reference, Category.LEGAL_STATUS, PROSECUTOR, scene.clock(), resource)
    async with scene.store.unit_of_work() as uow:
        identity, _ = await uow.record.put(await scene.participant(), item, scene.clock())
        await uow.commit()
    return identity


async def looked(scene: Scene, item: UUID, days: int = 30) -> int:
    return await defender.look(scene.store, await scene.participant(), [item], scene.clock(), days=days)


class TestHold:
    async def test_only_by_who_defends(self, scene: Scene) -> None:
        ray = await scene.participant()
        for organization, by in ((HOUSING, "Fern Oak"), (PROSECUTOR, "Lia"), ("org:nobody", "X"), (DEFENDER, " ")):
            with pytest.raises(DefenderError):
                await defending.hold(scene.store, ray, organization, by=by, at=scene.clock())
        with pytest.raises(DefenderError):  # Juniper has signed nothing: nobody defends her here
            await defending.hold(scene.store, await scene.participant("p-juniper"), DEFENDER, by="Fern", at=NOON)
        await defending.hold(scene.store, ray, DEFENDER, by="Fern Oak", at=scene.clock())
        request = DisclosureRequest(
            "q", NOON, HOUSING, str(ray), Purpose.CARE_COORDINATION, Person("M", ""), attested=True
        )
        assert not isinstance(await disclose(scene.store, request, reference="q"), Disclosure)
        async with scene.store.unit_of_work() as uow:
            assert await defender.defenders(uow, ray, NOON) == (DEFENDER,)
        (entry,) = [e for e in await scene.entries() if e.kind == "hold"]
        assert entry.content["by"] == f"Fern Oak, {DEFENDER}"


class TestProceeding:
    async def form(self, scene: Scene, stem: str) -> None:
        site = build_site(scene.clock().date())
        ray = next(roi for roi in site["rois"] if roi["id"] == "roi-ray")
        grant = {**ray["grants"][0], "id": "g-court", "recipient": ["org:cedar-court"], "purposes": ["proceeding"]}
        person = next(p for p in site["participants"] if p["id"] == f"p-{stem}")
        whole = f"{person['name']['given'][0]} {person['name']['family']}"
        form = {
            **ray,
            "id": f"proceeding-{stem}",
            "participant": f"p-{stem}",
            "kind": "proceeding",
            "patient_name": whole,
            "signer": {"name": whole, "capacity": "self"},
            "grants": [grant],
            "proceeding_cause": "26-1-00042-1",
            "counsel_present": True,
        }
        await ingesting.ingest(scene.store, orjson.dumps({"rois": [form]}), scene.clock())

    async def test_without_a_defender_s_word_it_has_no_effect(self, scene: Scene) -> None:
        await self.form(scene, "ray")
        (duty,) = await duties(scene, "defender-alert")
        assert (duty.organization, duty.role, duty.detail) == (DEFENDER, "defender", {"matter": "proceeding-form"})
        ray, at = await scene.participant(), scene.clock()
        async with scene.store.unit_of_work() as uow:
            (form,) = [c for c, _ in await uow.consents.signed(ray) if c.proceeding_cause]
        for consent, organization in ((form.id, PROSECUTOR), (str(duty.id), DEFENDER)):
            with pytest.raises(DefenderError):
                await defending.counsel_was_there(scene.store, ray, consent, organization, by="Fern", at=at)
        await defending.counsel_was_there(scene.store, ray, form.id, DEFENDER, by="Fern Oak", at=at)
        async with scene.store.unit_of_work() as uow:
            (vouched,) = [c for c, _ in await uow.consents.signed(ray) if c.proceeding_cause]
        assert (form.counsel_present, vouched.counsel_present) == (None, True)
        assert await duties(scene, "defender-alert") == []
        await self.form(scene, "ray")  # told again, it stays as the defender has said
        async with scene.store.unit_of_work() as uow:
            assert [c for c, _ in await uow.consents.signed(ray) if c.proceeding_cause] == [vouched]
        assert await duties(scene, "defender-alert") == []

    async def test_where_nobody_defends_a_privacy_officer_is_asked(self, scene: Scene) -> None:
        await self.form(scene, "juniper")
        (duty,) = await duties(scene, "consent-unverified")
        assert duty.role == "privacy-officer"


class TestEnforcement:
    async def test_nothing_was_told_before(self, scene: Scene) -> None:
        assert await looked(scene, await filed(scene, "filed")) == 0
        assert await duties(scene, "enforcement-review") == []

    async def test_a_filing_three_days_after(self, scene: Scene) -> None:
        await tell_the_prosecutor(scene)
        scene.clock.move(days=3)
        assert await looked(scene, await filed(scene, "declined")) == 0
        item = await filed(scene, "filed")
        assert await looked(scene, item) == 1
        assert await looked(scene, item) == 0  # once, however often it is told
        officer, group = sorted(await duties(scene, "enforcement-review"), key=lambda duty: duty.participant is None)
        assert (officer.role, officer.participant) == ("privacy-officer", await scene.participant())
        assert (group.role, group.detail) == ("project-manager", {"action": "filing", "agency_kinds": ["prosecutor"]})
        (alert,) = await duties(scene, "defender-alert")
        assert (alert.organization, alert.detail) == (DEFENDER, {"matter": "enforcement-followed"})
        assert {"enforcement-followed", "defender-told"} <= set(await scene.kinds())

    async def test_too_long_after(self, scene: Scene) -> None:
        await tell_the_prosecutor(scene)
        scene.clock.move(days=8)
        assert await looked(scene, await filed(scene, "filed"), days=7) == 0

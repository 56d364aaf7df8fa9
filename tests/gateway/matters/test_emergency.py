"""An emergency is written down at once, or somebody is after it; then a privacy officer looks."""

from typing import Any

import pytest

from consent.codes import Purpose
from consent.disclosure import Disclosure
from consent.model import Person
from consent.request import DisclosureRequest, EmergencyDeclaration
from gateway import emergency
from gateway.demo.site_record import HOSPITAL
from gateway.disclosure import disclose
from gateway.duties import escalate, holder
from gateway.emergency import EmergencyError
from gateway.store.repositories.affairs import Affairs, Emergency
from tests.gateway.site import Scene

FULL = EmergencyDeclaration("overdose", "Dr. Thorn", "Lakeside Hospital", "Mo Cypress")
BARE = EmergencyDeclaration(None, "Dr. Thorn", "Lakeside Hospital", None)


async def declare(scene: Scene, declared: EmergencyDeclaration, role: str = "physician") -> Any:
    request = DisclosureRequest(
        "e-1",
        scene.clock(),
        HOSPITAL,
        str(await scene.participant()),
        Purpose.EMERGENCY,
        person=Person("Dr. Thorn", role),
        emergency=declared,
    )
    return await disclose(scene.store, request, reference="e-1")


async def documented(scene: Scene) -> Emergency:
    async with scene.store.unit_of_work() as uow:
        (found,) = await Affairs(uow.connection, uow.vault).emergencies(await scene.participant())
    return found


async def duties(scene: Scene) -> list[tuple[str, str]]:
    async with scene.store.unit_of_work() as uow:
        return [
            (duty.kind, holder(duty))
            for duty in await uow.duties.open(kinds=[emergency.UNDOCUMENTED, emergency.REVIEW])
        ]


class TestEmergency:
    async def test_who_is_not_clinical_gets_nothing_and_owes_nothing(self, scene: Scene) -> None:
        assert not isinstance(await declare(scene, FULL, role="security"), Disclosure)
        assert await duties(scene) == []

    async def test_what_is_missing_is_pushed_up_within_hours(self, scene: Scene) -> None:
        assert isinstance(await declare(scene, BARE), Disclosure)
        assert await duties(scene) == [(emergency.UNDOCUMENTED, "case-manager")]
        await escalate(scene.store, scene.clock.move(hours=2))
        assert await duties(scene) == [(emergency.UNDOCUMENTED, "supervisor")]
        await escalate(scene.store, scene.clock.move(hours=6))
        assert await duties(scene) == [(emergency.UNDOCUMENTED, "privacy-officer")]

    async def test_completed_field_by_field_and_never_overwritten(self, scene: Scene) -> None:
        await declare(scene, BARE)
        found = await documented(scene)
        at = scene.clock()
        for told, by in (
            ({}, "Mo"),
            ({"nature": " "}, "Mo"),
            ({"mood": "fair"}, "Mo"),
            ({"personnel_name": "Dr. No"}, "Mo"),
            ({"nature": "overdose"}, " "),
        ):
            with pytest.raises(EmergencyError):
                await emergency.complete(scene.store, found.id, told, by=by, at=at)
        with pytest.raises(EmergencyError, match="not documented"):
            await emergency.review(scene.store, found.id, note="well", by="Pat Pine", at=at)
        assert await emergency.complete(scene.store, found.id, {"nature": "overdose"}, by="Mo", at=at) == ("discloser",)
        assert await emergency.complete(scene.store, found.id, {"discloser": "Mo Cypress"}, by="Mo", at=at) == ()
        assert await duties(scene) == [(emergency.REVIEW, "privacy-officer")]

    async def test_reviewed_once_by_somebody_else(self, scene: Scene) -> None:
        await declare(scene, FULL)
        found = await documented(scene)
        assert found.owed == ()
        assert await duties(scene) == [(emergency.REVIEW, "privacy-officer")]
        at = scene.clock()
        with pytest.raises(EmergencyError, match="another person"):
            await emergency.review(scene.store, found.id, note="well", by="Mo Cypress", at=at)
        await emergency.review(scene.store, found.id, note="Needed, and no more than needed", by="Pat Pine", at=at)
        assert await duties(scene) == []
        with pytest.raises(EmergencyError, match="already"):
            await emergency.review(scene.store, found.id, note="again", by="Pat Pine", at=at)
        assert (await scene.kinds())[-1] == "emergency-reviewed"

"""A diverted charge is not filed once intake and signature are done. The gateway says that, or it says nothing."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from consent.codes import Category, ConsentKind
from consent.disclosure import NeutralAnswer
from consent.model import Item
from gateway import approval, housekeeping, stopping
from gateway.demo.site import LIAISON_PROSECUTOR, PROSECUTOR, build_site
from gateway.demo.site_record import CASE_MANAGEMENT, episode, observed
from gateway.demo.story import ray_question, stranger_question
from gateway.exchanges import diversion
from mappings.fhir import codes, lead_codes
from mappings.fhir.bundle import neutral_answer
from mappings.fhir.question import About
from mappings.lead.custody import LOCAL
from tests.consent.builders import NOW, consent, facts, item
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.exchanges.cast import JUNIPER, Json, Story, grant, opened_story

COMPLETE = "diversion-complete"
INTAKE = NOW - timedelta(days=3)


def deadline(day: str, status: str = "in-progress") -> Json:
    """The Task by which an intake is asked for, as mappings.fhir.intake_deadline writes it."""
    return {
        "resourceType": "Task",
        "status": status,
        "intent": "order",
        "code": codes.concept(codes.TASK, "intake"),
        "restriction": {"period": {"end": day}},
    }


def coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


DONE = item("intake", Category.INTAKE, created=INTAKE)
ACTIVE = item("episode", Category.PARTICIPATION, resource={"resourceType": "EpisodeOfCare", "status": "active"})
CHARGE = item(
    "charge",
    Category.LEGAL_STATUS,
    resource={"resourceType": "Observation", "valueCodeableConcept": coded(LOCAL, "diverted-charge")},
)
DOOR = item(
    "door",
    Category.REFERRAL,
    resource={"resourceType": "ServiceRequest", "code": coded(lead_codes.DOOR, "arrest-diversion")},
)
SOCIAL = replace(DOOR, resource={"resourceType": "ServiceRequest", "code": coded(lead_codes.DOOR, "social-contact")})
DUE = item("due", Category.INTAKE, resource=deadline(INTAKE.date().isoformat()))
SIGNED = consent(signed_at=NOW - timedelta(days=1))


def since(*record: Item, forms: tuple[Any, ...] = (SIGNED,), **ray: Any) -> datetime | None:
    return diversion.completed_at(facts(*forms, record=record, ray=ray), "p1")


class TestNotComplete:
    @pytest.mark.parametrize(
        "record",
        [
            (ACTIVE, CHARGE),
            (DONE, CHARGE),
            (DONE, ACTIVE),
            (DONE, ACTIVE, SOCIAL),
            (DUE, ACTIVE, CHARGE),
            (DONE, replace(ACTIVE, resource={"resourceType": "EpisodeOfCare", "status": "waitlist"}), CHARGE),
            (DONE, replace(ACTIVE, resource={"resourceType": "EpisodeOfCare", "status": "finished"}), CHARGE),
            (
                replace(DONE, resource={"resourceType": "QuestionnaireResponse", "status": "in-progress"}),
                ACTIVE,
                CHARGE,
            ),
            (replace(DONE, participant="p2"), ACTIVE, CHARGE),
            (DONE, replace(ACTIVE, participant="p2"), CHARGE),
            (DONE, ACTIVE, replace(CHARGE, participant="p2")),
        ],
    )
    def test_something_is_missing(self, record: tuple[Item, ...]) -> None:
        assert since(*record) is None

    def test_nothing_is_signed(self) -> None:
        nothing = replace(facts(record=(DONE, ACTIVE, CHARGE)), consents=())
        assert diversion.completed_at(nothing, "p1") is None
        assert since(DONE, ACTIVE, CHARGE, forms=(replace(SIGNED, kind=ConsentKind.TPO),)) is None
        assert since(DONE, ACTIVE, CHARGE, forms=(replace(SIGNED, participant="p2"),)) is None

    def test_not_enrolled(self) -> None:
        assert since(DONE, ACTIVE, CHARGE, enrolled=False) is None

    def test_the_intake_came_after_its_day(self) -> None:
        late = replace(DUE, resource=deadline((INTAKE - timedelta(days=1)).date().isoformat()))
        assert since(DONE, ACTIVE, CHARGE, late) is None


class TestComplete:
    @pytest.mark.parametrize("diverted", [CHARGE, DOOR])
    def test_since_the_later_of_both(self, diverted: Item) -> None:
        assert since(DONE, ACTIVE, diverted) == SIGNED.signed_at
        early = replace(SIGNED, signed_at=INTAKE - timedelta(days=2))
        assert since(DONE, ACTIVE, diverted, forms=(early,)) == INTAKE

    def test_on_the_last_day(self) -> None:
        assert since(DONE, ACTIVE, CHARGE, DUE) is not None

    def test_within_an_extension(self) -> None:
        first = replace(DUE, id="first", resource=deadline((INTAKE - timedelta(days=9)).date().isoformat()))
        assert since(DONE, ACTIVE, CHARGE, first, DUE) is not None

    def test_where_the_deadline_was_lifted(self) -> None:
        lifted = replace(DUE, resource=deadline((INTAKE - timedelta(days=9)).date().isoformat(), "cancelled"))
        assert since(DONE, ACTIVE, CHARGE, lifted) is not None

    def test_by_the_form_itself(self) -> None:
        form = replace(DONE, resource={"resourceType": "QuestionnaireResponse", "status": "completed"})
        assert since(form, ACTIVE, CHARGE) is not None


PARTICIPATION = grant(PROSECUTOR, ["case-alignment"], ["participation"], role=LIAISON_PROSECUTOR)


async def enroll(story: Story) -> None:
    """Juniper Quail becomes a participant: diverted, enrolled, taking part. Neither intake nor signature yet."""
    today = story.scene.clock().date()
    site = build_site(today)
    juniper = next(each for each in site["participants"] if each["id"] == JUNIPER)
    await story.ingest(participants=[{**juniper, "enrolled": True}])
    charge = observed(JUNIPER, ("legal-status", "Legal status"), ("diverted-charge", "One diverted charge"), today)
    await story.record(JUNIPER, "charge", "legal-status", CASE_MANAGEMENT, charge)
    await story.record(JUNIPER, "episode", "participation", CASE_MANAGEMENT, episode(JUNIPER, today))


async def finish_intake(story: Story) -> None:
    at = story.scene.clock().isoformat()
    await story.ingest(intakes=[{"participant": JUNIPER, "completed_at": at}])


class TestTellingTheProsecutor:
    async def test_nothing_is_told(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """No intake; no signature; a grant for something else; no promise by the prosecutor; revoked in between."""
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            await enroll(story)
            await story.promise(PROSECUTOR)
            await finish_intake(story)
            assert await story.deliveries(COMPLETE, JUNIPER) == []
            other = grant(PROSECUTOR, ["case-alignment"], ["progress"], role=LIAISON_PROSECUTOR)
            await story.sign(JUNIPER, other, form="roi-a")
            assert await story.deliveries(COMPLETE, JUNIPER) == []

            await story.promise(PROSECUTOR, days=0)
            scene.clock.move(days=1)
            await story.sign(JUNIPER, PARTICIPATION, form="roi-b")
            assert await story.deliveries(COMPLETE, JUNIPER) == []

            await story.promise(PROSECUTOR)
            await stopping.revoke(scene.store, await scene.participant(JUNIPER), at=scene.clock())
            assert await story.run_jobs(again=True) == 0
            assert await story.deliveries(COMPLETE, JUNIPER) == []

    async def test_the_deadline_passes_in_silence(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """Whatever the day, nothing is sent; and who asks hears the same about Juniper as about nobody."""
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            await enroll(story)
            await story.promise(PROSECUTOR)
            await story.sign(JUNIPER, PARTICIPATION)
            due = (scene.clock() + timedelta(days=2)).date().isoformat()
            asked_for = {**deadline(due), "for": {"reference": f"Patient/{JUNIPER}"}}
            await story.record(JUNIPER, "deadline", "intake", CASE_MANAGEMENT, asked_for)
            before = await scene.kinds(JUNIPER)
            for _ in range(4):
                scene.clock.move(days=1)
                await housekeeping.tidy(scene.program)
                assert await story.run_jobs(again=True) == 0
            assert await scene.kinds(JUNIPER) == before
            await finish_intake(story)  # two days late
            assert await story.deliveries(COMPLETE, JUNIPER) == []
            assert scene.door.sent == []

    async def test_who_asks_before_and_after_hears_what_everybody_hears(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            await enroll(story)
            await story.sign(JUNIPER, PARTICIPATION)
            about = About(("Juniper",), "Quail", date(1998, 2, 11), (("sid", "WA90000004"),))
            juniper = replace(ray_question(), about=about)
            for _ in range(2):  # before any deadline, and long after
                for question in (juniper, stranger_question()):
                    asked = await scene.ask(question)
                    assert await scene.consider(asked) == []
                    scene.clock.at = asked.due_at
                    await scene.deliver_due(asked)
                scene.clock.move(days=60)
            answers = {_without_reference(message) for message in scene.door.neutral}
            await finish_intake(story)
            assert len(await scene.consider(await scene.ask(juniper))) == 1  # it was Juniper whom they asked about
        assert len(scene.door.neutral) == 4
        assert len(answers) == 1

    async def test_participation_is_told_once_a_person_has_approved(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            await enroll(story)
            await story.promise(PROSECUTOR)
            await story.sign(JUNIPER, PARTICIPATION)
            await finish_intake(story)
            (waiting,) = await story.deliveries(COMPLETE, JUNIPER)
            assert (waiting.state, waiting.recipient) == ("proposed", PROSECUTOR)
            assert waiting.proposal is not None
            assert [duty.reference for duty in await story.duties("approval", JUNIPER)] == [waiting.proposal]
            await story.deliver(waiting)
            assert scene.door.sent == []  # nobody has approved

            await approval.approve(scene.store, scene.program.settings, waiting.proposal, at=scene.clock())
            (approved,) = await story.deliveries(COMPLETE, JUNIPER)
            assert (await story.deliver(approved)).state == "delivered"
            (sent,) = scene.door.disclosures
            assert [i.category for i in sent.clearance.items] == [Category.PARTICIPATION]
            assert sent.clearance.notice is not None

            await story.sign(JUNIPER, PARTICIPATION, form="roi-again")
            assert await story.run_jobs(again=True) == 0
            assert len(await story.deliveries(COMPLETE, JUNIPER)) == 1


def _without_reference(message: NeutralAnswer) -> str:
    return str(neutral_answer(message)).replace(message.reference, "REFERENCE")

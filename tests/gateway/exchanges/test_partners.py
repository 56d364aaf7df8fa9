"""Case status, referral, care plan, progress letter, discharge: each refuses first."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import approval, stopping
from gateway.demo.site import COURT, DEFENDER, PROSECUTOR
from gateway.demo.site_record import CASE_MANAGEMENT, HOSPITAL, OTP, care_plan, observed
from gateway.exchanges import setting, starting
from gateway.exchanges.configured import ExchangeError
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.exchanges.cast import TESTINA, Json, Story, grant, opened_story


def decision(story: Story) -> Json:
    """What the prosecutor has decided, as the prosecutor's feed brings it."""
    return observed(TESTINA, ("filing", "Filing decision"), ("declined", "Declined"), story.scene.clock().date())


def referral(*to: str) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{TESTINA}"},
        "performer": [{"reference": f"Organization/{name}"} for name in to],
    }


class TestCaseStatus:
    async def test_the_defender_hears_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """No promise; another grant; not from the prosecutor; revoked. Inside it is seen each time."""
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            await story.record(TESTINA, "f-1", "legal-status", PROSECUTOR, decision(story))
            assert (
                await story.deliveries("case-status") == []
            )  # Testina's grant names the defender, who promised nothing
            await story.promise(DEFENDER)
            await story.record(TESTINA, "f-2", "legal-status", CASE_MANAGEMENT, decision(story))
            assert await story.deliveries("case-status") == []
            await stopping.revoke(scene.store, await scene.participant(TESTINA), at=scene.clock.move(seconds=1))
            less = grant(DEFENDER, ["case-alignment"], ["participation", "progress"])
            scene.clock.move(seconds=1)
            await story.sign(TESTINA, less)
            await story.record(TESTINA, "f-3", "legal-status", PROSECUTOR, decision(story))
            assert await story.deliveries("case-status") == []
            assert len(await story.duties("case-status")) == 2

    async def test_the_defender_hears_the_decision_alone(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            await story.promise(DEFENDER)
            charges = observed(TESTINA, ("case", "Case"), ("open", "Open"), scene.clock().date())
            await story.record(TESTINA, "older", "legal-status", CASE_MANAGEMENT, charges)
            await story.record(TESTINA, "f-1", "legal-status", PROSECUTOR, decision(story))
            (waiting,) = await story.deliveries("case-status")
            assert waiting.proposal is not None
            async with scene.store.unit_of_work() as uow:
                proposal = await uow.proposals.get(waiting.proposal)
            assert proposal is not None
            assert [item["category"] for item in proposal.clearance["items"]] == ["legal-status"]

    async def test_at_night_it_waits_for_the_morning(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            story.scene.clock.at = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)  # ten in the evening at the site
            await story.promise(DEFENDER)
            await story.record(TESTINA, "f-1", "legal-status", PROSECUTOR, decision(story))
            (waiting,) = await story.deliveries("case-status")
            assert waiting.due_at == datetime(2026, 11, 25, 15, 0, tzinfo=UTC)  # seven in the morning


class TestReferral:
    async def test_goes_only_to_whom_it_names_and_a_grant_names_too(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            await story.record(TESTINA, "r-1", "referral", CASE_MANAGEMENT, referral(OTP))
            both = [grant(name, ["care-coordination"], ["referral"]) for name in (OTP, HOSPITAL)]
            await story.sign(TESTINA, *both)
            await story.record(TESTINA, "r-2", "referral", CASE_MANAGEMENT, referral())
            await story.record(TESTINA, "r-3", "referral", CASE_MANAGEMENT, referral(DEFENDER))
            assert await story.deliveries("referral") == []

            await story.record(TESTINA, "r-4", "referral", CASE_MANAGEMENT, referral(OTP))
            (waiting,) = await story.deliveries("referral")
            assert (waiting.recipient, waiting.state) == (OTP, "proposed")  # a person looks, though no law asks


class TestCarePlan:
    async def test_an_old_plan_is_no_news_and_a_changed_one_is(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene, today = story.scene, story.scene.clock().date()
            await story.sign(TESTINA, grant(OTP, ["treatment"], ["care-plan", "goals"]))
            old = scene.clock() - timedelta(days=15)
            await story.record(TESTINA, "plan", "care-plan", CASE_MANAGEMENT, care_plan(TESTINA, today), created=old)
            assert await story.deliveries("care-plan") == []
            ended = {**care_plan(TESTINA, today), "status": "revoked"}
            await story.record(TESTINA, "plan", "care-plan", CASE_MANAGEMENT, ended, created=old)
            assert await story.deliveries("care-plan") == []

            changed = {**care_plan(TESTINA, today), "title": "What Testina wants"}
            await story.record(TESTINA, "plan", "care-plan", CASE_MANAGEMENT, changed, created=old)
            (waiting,) = await story.deliveries("care-plan")
            assert waiting.proposal is not None
            await approval.approve(scene.store, scene.program.settings, waiting.proposal, at=scene.clock())
            (approved,) = await story.deliveries("care-plan")
            assert (await story.deliver(approved)).state == "delivered"
            (sent,) = scene.door.disclosures
            assert sent.clearance.recipient == OTP


class TestProgressLetter:
    async def test_is_refused(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """Nobody promised; no such exchange; not started by hand; a court under a grant that it shares."""
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            testina = await scene.participant(TESTINA)

            async def start(exchange: str = "progress-letter", to: str | None = None) -> None:
                settings, at = scene.program.settings, scene.clock()
                await starting.start(scene.store, settings, exchange, testina, to=to, by="Mo Cypress", at=at)

            with pytest.raises(ExchangeError, match="`--to`"):
                await start()
            await story.promise(DEFENDER)
            await story.promise(COURT)
            for exchange in ("no-such", "care-plan"):
                with pytest.raises(ExchangeError, match="`EXCHANGE`"):
                    await start(exchange)
            shared = grant(COURT, ["case-alignment"], ["participation"], role="judge")
            await story.sign(TESTINA, {**shared, "recipient": [COURT, DEFENDER]})
            with pytest.raises(ExchangeError, match="`--to`"):
                await start(to=COURT)
            await setting.narrow(scene.store, "progress-letter", {"off": True}, by="Pat Willow", at=scene.clock())
            with pytest.raises(ExchangeError, match="`EXCHANGE`"):
                await start()
            assert await story.deliveries("progress-letter") == []

    async def test_goes_to_the_defender_by_default_and_to_a_court_under_its_own_grant(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            testina = await scene.participant(TESTINA)
            await story.promise(DEFENDER)
            await story.promise(COURT)
            own = grant(COURT, ["case-alignment"], ["participation"], role="judge")
            await story.sign(TESTINA, own)

            async def start(to: str | None) -> Any:
                settings, at = scene.program.settings, scene.clock()
                return await starting.start(
                    scene.store, settings, "progress-letter", testina, to=to, by="Mo Cypress", at=at
                )

            first, second, again = await start(None), await start(COURT), await start(None)
            assert [each.recipient for each in (first, second, again)] == [DEFENDER, COURT, DEFENDER]
            assert {each.state for each in (first, second, again)} == {"proposed"}
            async with scene.store.unit_of_work() as uow:
                letter = await uow.proposals.get(second.proposal)
            assert letter is not None
            assert {item["category"] for item in letter.clearance["items"]} == {"participation"}
            assert (await scene.kinds(TESTINA)).count("exchange-started") == 3


class TestDischarge:
    async def test_the_case_manager_hears_under_the_hospitals_grant_only(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            await story.promise(CASE_MANAGEMENT)
            leaving: Json = {
                "resourceType": "Encounter",
                "status": "finished",
                "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMER"},
                "subject": {"reference": f"Patient/{TESTINA}"},
                "period": {"end": story.scene.clock().isoformat()},
            }
            await story.record(TESTINA, "e-1", "physical-health", HOSPITAL, leaving)
            assert await story.deliveries("hospital-discharge") == []
            permitted = grant(CASE_MANAGEMENT, ["care-coordination"], ["physical-health"], discloser=[HOSPITAL])
            await story.sign(TESTINA, permitted)
            await story.record(TESTINA, "e-2", "physical-health", HOSPITAL, {**leaving, "status": "in-progress"})
            assert await story.deliveries("hospital-discharge") == []
            await story.record(TESTINA, "e-2", "physical-health", HOSPITAL, leaving)
            (waiting,) = await story.deliveries("hospital-discharge")
            assert (waiting.recipient, waiting.state) == (CASE_MANAGEMENT, "proposed")

"""What a site sets about exchanges, and what that does to what has not left yet; standing approvals of a routine."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import approval, standing, stopping
from gateway.demo.site import DEFENDER, PROSECUTOR
from gateway.demo.site_record import CASE_MANAGEMENT, JAIL, OTP, care_plan
from gateway.demo.story import ray_question
from gateway.exchanges import setting
from gateway.exchanges.configured import ExchangeError, Promise, configured
from gateway.store.repositories.site_exchanges import SiteExchanges
from mappings.tables import TableError
from mappings.tables.exchanges import load_exchanges
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.exchanges.cast import TESTINA, Story, grant, opened_story, stay
from tests.gateway.exchanges.test_partners import decision

BY = "Pat Willow"


async def narrow(story: Story, exchange: str, **detail: Any) -> None:
    await setting.narrow(story.scene.store, exchange, detail, by=BY, at=story.scene.clock())


class TestNarrowing:
    async def test_refuses(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            with pytest.raises(ExchangeError, match="`EXCHANGE`"):
                await narrow(story, "no-such")
            with pytest.raises(TableError, match="would widen"):
                await narrow(story, "care-plan", kinds=["prosecutor"])
            with pytest.raises(TableError, match="unknown key"):
                await narrow(story, "care-plan", use=True)
            async with story.scene.store.unit_of_work() as uow:
                assert await SiteExchanges(uow.connection).newest() == {}
                assert (await configured(uow, story.scene.clock())).exchanges == load_exchanges()

    async def test_a_row_that_does_not_fit_turns_its_exchange_off(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        """As after an upgrade in which the shipped row has become narrower than what the site once wrote down."""
        async with opened_story(tmp_path / "site", database_urls) as story:
            async with story.scene.store.unit_of_work() as uow:
                await SiteExchanges(uow.connection).put("care-plan", {"kinds": ["court"]}, story.scene.clock())
                on = (await configured(uow, story.scene.clock())).exchanges
            assert set(load_exchanges()) - set(on) == {"care-plan"}

    async def test_stops_what_has_not_left_and_is_not_within_it_any_more(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            both = grant(OTP, ["treatment", "care-coordination"], ["custody", "care-plan"])
            await story.sign(TESTINA, both)
            plan = care_plan(TESTINA, story.scene.clock().date())
            await story.record(TESTINA, "plan", "care-plan", CASE_MANAGEMENT, plan)
            await story.record(TESTINA, "s-1", "custody", JAIL, stay(TESTINA))
            await narrow(story, "care-plan", kinds=["hospital", "part2-program"], categories=["care-plan"])
            assert [d.state for d in await story.deliveries("care-plan")] == ["proposed"]

            await narrow(story, "care-plan", purposes=["care-coordination"])
            (stopped,) = await story.deliveries("care-plan")
            assert (stopped.state, stopped.cause) == ("suppressed", "exchange-narrowed")
            assert await story.duties("approval") == []
            assert stopped.proposal is not None
            with pytest.raises(approval.ApprovalError, match="decided already"):
                await approval.approve(
                    story.scene.store, story.scene.program.settings, stopped.proposal, at=story.scene.clock()
                )
            assert [d.state for d in await story.deliveries("custody-notice-treatment")] == ["queued"]

            await narrow(story, "custody-notice-treatment", off=True)
            assert [d.state for d in await story.deliveries("custody-notice-treatment")] == ["suppressed"]
            await narrow(story, "custody-notice-treatment")  # as it ships
            await story.record(TESTINA, "s-2", "custody", JAIL, stay(TESTINA))
            states = sorted(d.state for d in await story.deliveries("custody-notice-treatment"))
            assert states == ["queued", "suppressed"]


class TestQuestions:
    async def test_are_answered_within_what_a_site_has_left(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene

            async def told() -> set[str]:
                found = await scene.consider(await scene.ask(ray_question()))
                return {item["category"] for proposal in found for item in proposal.clearance["items"]}

            nothing: tuple[dict[str, Any], ...] = (
                {"off": True},
                {"kinds": ["court"]},
                {"purposes": ["warm-handoff"]},
                {"triggers": []},
            )
            for detail in nothing:
                await narrow(story, "coordination-request", **detail)
                assert await told() == set()
            await narrow(story, "coordination-request", categories=["participation", "progress"])
            assert await told() == {"participation", "progress"}
            await narrow(story, "coordination-request")
            assert await told() == {"participation", "engagement", "progress"}


class TestPromises:
    async def test_refuses(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            today, store, at = story.scene.clock().date(), story.scene.store, story.scene.clock()
            for given, rule in (
                (Promise("org:nobody", "J. Lee", today), "`ORGANIZATION`"),
                (Promise(PROSECUTOR, " ", today), "`--person`"),
                (Promise(PROSECUTOR, "J. Lee", today - timedelta(days=1)), "`--until`"),
                (Promise(PROSECUTOR, "J. Lee", today + timedelta(days=181)), "`--until`"),
            ):
                with pytest.raises(ExchangeError, match=rule):
                    await setting.promise(store, given, by=BY, at=at)
            with pytest.raises(ExchangeError, match="`ORGANIZATION`"):
                await setting.end_promise(store, "org:nobody", by=BY, at=at)
            async with store.unit_of_work() as uow:
                assert (await configured(uow, at)).promises == {}

    async def test_its_end_stops_what_was_made_on_it(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            await story.promise(DEFENDER, days=3)
            await story.record(TESTINA, "f-1", "legal-status", PROSECUTOR, decision(story))
            (waiting,) = await story.deliveries("case-status")
            assert waiting.expires_at is not None
            assert waiting.expires_at.isoformat() == "2026-11-28T08:00:00+00:00"  # the end of its last day at the site
            at = story.scene.clock.move(minutes=1)
            assert await setting.end_promise(story.scene.store, DEFENDER, by=BY, at=at) == 1
            (stopped,) = await story.deliveries("case-status")
            assert (stopped.state, stopped.cause) == ("suppressed", "promise-ended")
            await story.record(TESTINA, "f-2", "legal-status", PROSECUTOR, decision(story))
            assert len(await story.deliveries("case-status")) == 1


class TestStandingApproval:
    async def test_decides_what_is_routine_until_anything_else_is_in_it(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_story(tmp_path / "site", database_urls) as story:
            scene = story.scene
            await story.promise(DEFENDER)
            await story.record(TESTINA, "f-1", "legal-status", PROSECUTOR, decision(story))
            (first,) = await story.deliveries("case-status")
            assert first.proposal is not None
            until = scene.clock() + timedelta(days=90)
            await standing.give_standing(scene.store, first.proposal, until=until, by="Mo Cypress", at=scene.clock())

            scene.clock.move(minutes=1)
            await story.record(TESTINA, "f-2", "legal-status", PROSECUTOR, decision(story))
            second = next(d for d in await story.deliveries("case-status") if d.id != first.id)
            assert second.state == "queued"
            assert (await story.deliver(second)).state == "delivered"
            assert len(scene.door.disclosures) == 1

            await stopping.hold(scene.store, await scene.participant(TESTINA), at=scene.clock.move(minutes=1))
            await story.record(TESTINA, "f-3", "legal-status", PROSECUTOR, decision(story))
            assert len(await story.deliveries("case-status")) == 2

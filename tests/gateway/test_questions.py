"""From question to the one answer, on a real database; the worker is run by hand."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from adapters.outbound import Failed
from consent.disclosure import Disclosure, NeutralAnswer
from gateway import approval, ingesting, stopping
from gateway.demo.site import build_site
from gateway.demo.site_record import HOSPITAL
from gateway.demo.story import overdose_question, ray_question, stranger_question
from gateway.sending import key_of
from gateway.store.values import Grant
from mappings.fhir.bundle import disclosure_bundle
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import RAY, opened_scene, owner


class TestAsking:
    async def test_a_stranger_is_forgotten_once_considered(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(stranger_question())
            assert await scene.consider(asked) == []
            async with scene.store.unit_of_work() as uow:
                kept = await uow.questions.get(asked.id)
        assert kept is not None
        assert kept.about is None
        assert kept.participant is None

    async def test_known_and_unknown_have_the_same_due_time(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known, unknown = await scene.ask(ray_question()), await scene.ask(stranger_question())
        assert known.due_at == unknown.due_at
        assert known.due_at >= scene.clock() + timedelta(seconds=60)

    async def test_a_name_and_birth_date_alone_are_nobody(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """A doubtful match must not open a record: only identifier and birth date together do."""
        asked_about = replace(ray_question().about, identifiers=())
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(replace(ray_question(), about=asked_about))
            assert await scene.consider(asked) == []

    async def test_considering_twice_proposes_once(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            await scene.consider(asked)
            assert len(await scene.consider(asked)) == 1

    async def test_the_proposal_holds_no_drug_test(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            (proposal,) = await scene.consider(await scene.ask(ray_question()))
        categories = {item["category"] for item in proposal.clearance["items"]}
        assert categories
        assert categories <= {"participation", "engagement", "progress"}

    async def test_no_attestation_no_proposal(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(replace(ray_question(), attested=False))
            assert await scene.consider(asked) == []


class TestAnswering:
    async def test_a_stranger_is_answered_neutrally(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(stranger_question())
            await scene.consider(asked)
            scene.clock.at = asked.due_at
            await scene.deliver_due(asked)
        assert [m.reference for m in scene.door.neutral] == [str(asked.id)]

    async def test_without_approval_the_answer_is_neutral(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            await scene.consider(asked)
            scene.clock.at = asked.due_at
            await scene.deliver_due(asked)
        assert len(scene.door.sent) == 1
        assert isinstance(scene.door.sent[0][0], NeutralAnswer)

    async def test_a_declined_proposal_is_answered_neutrally(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            (proposal,) = await scene.consider(asked)
            await approval.decline(scene.store, proposal.id, why="not helpful", at=scene.clock())
            scene.clock.at = asked.due_at
            await scene.deliver_due(asked)
        assert len(scene.door.neutral) == 1

    async def test_approved_leaves_once_with_notice_and_scope(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            (proposal,) = await scene.consider(asked)
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            scene.clock.at = asked.due_at
            await scene.deliver_due(asked)
            await scene.deliver_due(asked)
            kinds = await scene.kinds()
        (disclosure,) = scene.door.disclosures
        assert scene.door.neutral == []
        assert disclosure.clearance.digest == proposal.digest
        assert disclosure.clearance.notice is not None
        assert disclosure.clearance.scope
        assert kinds.count("disclosure") == 1

    async def test_a_late_approval_is_a_message_of_its_own(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            (proposal,) = await scene.consider(asked)
            scene.clock.at = asked.due_at
            await scene.deliver_due(asked)
            scene.clock.move(seconds=1)
            late = await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            scene.clock.at = late.due_at
            await scene.deliver_due(asked)
        assert len(scene.door.neutral) == 1
        assert len(scene.door.disclosures) == 1
        assert late.due_at > asked.due_at


class TestRevoking:
    async def test_a_queued_delivery_is_suppressed_and_the_answer_is_neutral(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            (proposal,) = await scene.consider(asked)
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            stopped = await stopping.revoke(scene.store, await scene.participant(), at=scene.clock())
            scene.clock.at = asked.due_at
            await scene.deliver_due(asked)
            states = sorted(d.state for d in await scene.deliveries(asked))
        assert stopped.suppressed == 1
        assert states == ["delivered", "suppressed"]
        assert scene.door.disclosures == []
        assert [m.reference for m in scene.door.neutral] == [str(asked.id)]

    async def test_a_hold_suppresses_too(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            (proposal,) = await scene.consider(asked)
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            await stopping.hold(scene.store, await scene.participant(), at=scene.clock())
            scene.clock.at = asked.due_at
            await scene.deliver_due(asked)
        assert scene.door.disclosures == []
        assert len(scene.door.neutral) == 1

    async def test_after_a_revocation_nothing_is_proposed(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await stopping.revoke(scene.store, await scene.participant(), at=scene.clock(), oral=True)
            assert await scene.consider(await scene.ask(ray_question())) == []

    async def test_a_consent_signed_later_counts_again(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """A revocation reaches only what had been signed (decision-case.md, "What is in force")."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await stopping.revoke(scene.store, await scene.participant(), at=scene.clock())
            site = build_site(scene.clock().date())
            for roi in site["rois"]:
                if roi["participant"] == RAY:
                    roi["id"] += "-again"
            scene.clock.move(seconds=1)
            await ingesting.ingest(scene.store, orjson.dumps(site), scene.clock())
            assert len(await scene.consider(await scene.ask(ray_question()))) == 1

    async def test_a_grant_that_is_not_there_is_refused(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            participant = await scene.participant()
            before = await scene.kinds()
            with pytest.raises(stopping.StopError, match="`--grant`"):
                await stopping.revoke(scene.store, participant, at=scene.clock(), grant="no-such-grant")
            assert await scene.kinds() == before


class TestSending:
    async def test_a_failed_sending_is_tried_again_with_the_same_key(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            (proposal,) = await scene.consider(asked)
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            scene.clock.at = asked.due_at
            scene.door.outcomes = [Failed(retryable=True, cause="timeout")]
            await scene.deliver_due(asked)
            (delivery,) = await scene.deliveries(asked)
            assert (delivery.state, delivery.cause) == ("queued", "timeout")
            scene.clock.at = delivery.due_at
            await scene.deliver_due(asked)
            (delivery,) = await scene.deliveries(asked)
        assert delivery.state == "delivered"
        assert len({key for _, key in scene.door.sent}) == 1
        assert len(scene.door.sent) == 2

    async def test_a_revocation_between_attempts_stops_the_retry(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            (proposal,) = await scene.consider(asked)
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            scene.clock.at = asked.due_at
            scene.door.outcomes = [Failed(retryable=True, cause="connect")]
            await scene.deliver_due(asked)
            await stopping.revoke(scene.store, await scene.participant(), at=scene.clock())
            scene.clock.move(hours=1)
            await scene.deliver_due(asked)
        assert len(scene.door.disclosures) == 1  # the first attempt, before the revocation
        assert len(scene.door.neutral) == 1
        assert len({key for _, key in scene.door.sent}) == 1  # whoever honours the key has exactly one answer

    async def test_a_revocation_during_the_sending_leaves_it_already_leaving(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        """It has passed its point: the ledger says delivered, and no second answer goes out."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            (proposal,) = await scene.consider(asked)
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            scene.clock.at = asked.due_at
            ray = await scene.participant()

            async def revoked() -> None:
                assert (await stopping.revoke(scene.store, ray, at=scene.clock())).suppressed == 0

            scene.door.during = revoked
            await scene.deliver_due(asked)
            (delivery,) = await scene.deliveries(asked)
        assert delivery.state == "delivered"
        assert len(scene.door.sent) == 1

    async def test_the_key_of_an_answer_does_not_tell_what_came_between(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known, stranger = await scene.ask(ray_question()), await scene.ask(stranger_question())
            (proposal,) = await scene.consider(known)
            await scene.consider(stranger)
            expected = {key_of(d) for q in (known, stranger) for d in await scene.deliveries(q)}
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            await stopping.revoke(scene.store, await scene.participant(), at=scene.clock.move(seconds=2))
            scene.clock.at = known.due_at
            for asked in (known, stranger):
                await scene.deliver_due(asked)
        assert {key for _, key in scene.door.sent} == expected
        assert len(scene.door.neutral) == 2

    async def test_a_retry_is_the_same_byte_for_byte(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            (proposal,) = await scene.consider(asked)
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            scene.door.outcomes = [Failed(retryable=True, cause="timeout")] * 2
            for _ in range(3):
                scene.clock.move(minutes=5)
                await scene.deliver_due(asked)
            bundles = [
                disclosure_bundle(
                    d, organizations=scene.program.organizations, base_url="https://gateway.example", at=d.at
                )
                for d in scene.door.disclosures
            ]
        assert len(bundles) == 3
        assert bundles[0] == bundles[1] == bundles[2]  # the third once went under the second's entry

    async def test_nothing_leaves_a_held_site(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(stranger_question())
            await scene.consider(asked)
            with owner(database_urls) as connection:
                connection.execute("UPDATE site SET held = true")
            scene.clock.at = asked.due_at
            await scene.deliver_due(asked)
            (delivery,) = await scene.deliveries(asked)
        assert delivery.state == "queued"
        assert scene.door.sent == []

    async def test_a_hopeless_sending_ends_failed(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(stranger_question())
            await scene.consider(asked)
            scene.clock.at = asked.due_at
            scene.door.outcomes = [Failed(retryable=False, cause="refused")]
            await scene.deliver_due(asked)
            (delivery,) = await scene.deliveries(asked)
        assert (delivery.state, delivery.cause) == ("failed", "refused")


class TestClocks:
    async def test_a_stop_that_has_committed_counts_whatever_the_clocks_say(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        """Two machines, two seconds apart: the revocation is recorded with a later moment than the question's."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            ray = await scene.participant()
            await stopping.revoke(scene.store, ray, at=scene.clock() + timedelta(seconds=2))
            assert await scene.consider(await scene.ask(ray_question())) == []


class TestUnreadable:
    """A damaged row must not make an answer stay away: that alone would say that there is a record."""

    async def test_a_damaged_proposal_is_answered_neutrally(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            (proposal,) = await scene.consider(asked)
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            with owner(database_urls) as connection:
                connection.execute("UPDATE proposal SET sealed = sealed || '\\x00' WHERE id = %s", (proposal.id,))
            scene.clock.at = asked.due_at
            await scene.deliver_due(asked)
            (delivery,) = await scene.deliveries(asked)
            async with scene.store.unit_of_work() as uow:
                state = (await uow.connection.execute(text("SELECT state FROM proposal"))).scalar_one()
        assert delivery.state == "delivered"
        assert state == "withdrawn"
        assert scene.door.disclosures == []
        assert [m.reference for m in scene.door.neutral] == [str(asked.id)]

    async def test_a_damaged_record_in_an_emergency_is_the_neutral_answer(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            hospital = Grant("lakeside", HOSPITAL, frozenset(), scene.clock())
            assert isinstance(await scene.program.answer_now(hospital, overdose_question(), scene.clock()), Disclosure)
            with owner(database_urls) as connection:
                connection.execute("UPDATE item SET sealed = sealed || '\\x00'")
            answer = await scene.program.answer_now(hospital, overdose_question(), scene.clock())
        assert isinstance(answer, NeutralAnswer)

    async def test_a_damaged_proposal_does_not_keep_anybody_from_stopping(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            (proposal,) = await scene.consider(asked)
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            with owner(database_urls) as connection:
                connection.execute("UPDATE proposal SET sealed = sealed || '\\x00'")
            ray = await scene.participant()
            assert (await stopping.hold(scene.store, ray, at=scene.clock())).suppressed == 1
            assert "hold" in await scene.kinds()

    async def test_one_damaged_item_withholds_itself_only(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            hospital = Grant("lakeside", HOSPITAL, frozenset(), scene.clock())
            whole = await scene.program.answer_now(hospital, overdose_question(), scene.clock())
            assert isinstance(whole, Disclosure)
            damaged = UUID(whole.clearance.items[0].item)
            with owner(database_urls) as connection:
                connection.execute("UPDATE item SET sealed = sealed || '\\x00' WHERE id = %s", (damaged,))
            rest = await scene.program.answer_now(hospital, overdose_question(), scene.clock())
        assert isinstance(rest, Disclosure)
        assert [i.item for i in rest.clearance.items] == [i.item for i in whole.clearance.items[1:]]

    async def test_after_a_key_is_shredded_the_answer_still_goes_out(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls, key_cache_seconds=0) as scene:
            asked = await scene.ask(ray_question())
            await scene.consider(asked)
            await scene.store.keys.shred(await scene.participant())
            scene.clock.at = asked.due_at
            await scene.deliver_due(asked)
        assert [m.reference for m in scene.door.neutral] == [str(asked.id)]

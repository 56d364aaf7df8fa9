"""The point of no return: an exception at any step means that nothing left and nothing is half-written."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

import gateway.disclosure
from consent.clearance import ClearanceError
from consent.codes import Purpose
from consent.decision import Decision, Obligation
from consent.disclosure import Disclosure, NeutralAnswer
from consent.model import Person
from consent.request import DisclosureRequest, EmergencyDeclaration
from gateway import approval, ingesting, stopping
from gateway.demo.site import POLICE, PROSECUTOR, build_site
from gateway.demo.site_record import CASE_MANAGEMENT, HOSPITAL, OTP
from gateway.demo.story import ray_question
from gateway.disclosure import disclose, pins, refuse_stranger
from gateway.journal import Journal, JournalError
from gateway.store.repositories.accounting import Accounting
from gateway.store.repositories.consents import Consents
from gateway.store.repositories.deliveries import Deliveries
from gateway.store.repositories.record import Record
from gateway.store.repositories.registry import Registry
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredProposal, StoredQuestion
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import RAY, Scene, opened_scene, owner


class BrokenError(Exception):
    """What a part of the program may come to at any moment."""


def _now(*_: object, **__: object) -> Any:
    raise BrokenError


async def _later(*_: object, **__: object) -> Any:
    raise BrokenError


def _full_disk(*_: object, **__: object) -> Any:
    raise JournalError("journal cannot be written: no space left on device")


BEFORE_THE_COMMIT: Final[dict[str, tuple[object, str, Callable[..., Any]]]] = {
    "1 lock": (Consents, "lock_shared", _later),
    "2 facts, the site": (Registry, "site_at", _later),
    "2 facts, consents": (Consents, "signed", _later),
    "2 facts, stops": (Consents, "stops", _later),
    "2 facts, the record": (Record, "items", _later),
    "2 is the site held": (Registry, "is_held", _later),
    "3 decide": (gateway.disclosure, "decide", _now),
    "4 clear": (gateway.disclosure, "clear", _now),
    "5 ledger": (Accounting, "append", _later),
    "5 delivery": (Deliveries, "set_state", _later),
    "5 journal": (Journal, "append_all", _full_disk),
    "5 commit": (UnitOfWork, "commit", _later),
}
"""The steps of design.md 3, up to the commit."""


async def approved(scene: Scene) -> tuple[StoredQuestion, StoredProposal]:
    """Ray's question, approved, at the moment of its window."""
    asked = await scene.ask(ray_question())
    (proposal,) = await scene.consider(asked)
    await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
    scene.clock.at = asked.due_at
    async with scene.store.unit_of_work() as uow:
        known = await uow.proposals.get(proposal.id)
    assert known is not None
    return asked, known


async def everything(scene: Scene, asked: StoredQuestion) -> Any:
    """All that a passing writes."""
    async with scene.store.unit_of_work() as uow:
        proposals = await uow.proposals.for_question(asked.id)
        emergencies = await uow.record.emergencies(await scene.participant())
    return await scene.entries(), await scene.deliveries(asked), [(p.state, p.digest) for p in proposals], emergencies


def request_of(scene: Scene, proposal: StoredProposal) -> DisclosureRequest:
    return DisclosureRequest(
        id=str(proposal.question),
        at=scene.clock(),
        requester=proposal.recipient,
        participant=str(proposal.participant),
        purpose=Purpose.CASE_ALIGNMENT,
        person=Person("J. Lee", "liaison-prosecutor"),
        attested=True,
    )


async def emergency(scene: Scene, **declared: str | None) -> DisclosureRequest:
    told = {"personnel_name": "Dr. Sol Okafor", "personnel_affiliation": "Lakeside ED", **declared}
    return DisclosureRequest(
        id="emergency-1",
        at=scene.clock(),
        requester=HOSPITAL,
        participant=str(await scene.participant()),
        purpose=Purpose.EMERGENCY,
        person=Person("Dr. Sol Okafor", "physician"),
        emergency=EmergencyDeclaration(**told),
    )


async def refused(scene: Scene, message: object) -> str | None:
    """Why, on the ledger: the only place that holds the reason."""
    assert isinstance(message, NeutralAnswer)
    async with scene.store.unit_of_work() as uow:
        entry = await uow.accounting.get(UUID(message.entry))
    assert entry is not None
    assert entry.kind == "denial"
    reason: str | None = entry.content["refused"]
    return reason


async def execute(scene: Scene, statement: str, **values: object) -> None:
    async with scene.store.unit_of_work() as uow:
        await uow.connection.execute(text(statement), values)
        await uow.commit()


class TestAnExceptionOnTheWay:
    async def test_before_the_commit_nothing_left_and_nothing_is_written(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked, _ = await approved(scene)
            before = await everything(scene, asked)
            for step, broken in BEFORE_THE_COMMIT.items():
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(*broken)
                    with pytest.raises((BrokenError, JournalError)):
                        await scene.deliver_due(asked)
                assert (step, scene.door.sent) == (step, [])
                assert (step, await everything(scene, asked)) == (step, before)
            await scene.deliver_due(asked)  # the job is tried again
            assert len(scene.door.disclosures) == 1
            assert (await scene.kinds()).count("disclosure") == 1

    async def test_after_the_commit_nothing_left_and_the_ledger_owns_up(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The entry stands, since it is committed; the delivery is still being sent, and is tried again."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked, _ = await approved(scene)
            monkeypatch.setattr(gateway.disclosure, "account", _now)
            with pytest.raises(BrokenError):
                await scene.deliver_due(asked)
            monkeypatch.undo()
            assert scene.door.sent == []
            assert [d.state for d in await scene.deliveries(asked)] == ["sending"]
            await scene.deliver_due(asked)
            assert [d.state for d in await scene.deliveries(asked)] == ["delivered"]
        assert len(scene.door.disclosures) == 1

    async def test_in_an_emergency(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        steps = {**BEFORE_THE_COMMIT, "5 emergency": (Record, "document_emergency", _later)}
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            request, before = await emergency(scene), await scene.entries()
            for step in steps.keys() - {"5 delivery", "5 journal"}:  # an answer at once has neither
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(*steps[step])
                    with pytest.raises(BrokenError):
                        await disclose(scene.store, request, reference="r")
                assert (step, await scene.entries()) == (step, before)
            async with scene.store.unit_of_work() as uow:
                assert await uow.record.emergencies(await scene.participant()) == []
            assert isinstance(await disclose(scene.store, request, reference="r"), Disclosure)

    async def test_what_was_to_be_written_along_is_not(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async def passing(uow: UnitOfWork, _passed: bool, _entry: object) -> None:  # noqa: FBT001  -- the shape of Passing
            await uow.clients.use_jti("c", "j", scene.clock() + timedelta(days=1))
            raise BrokenError

        async with opened_scene(tmp_path / "site", database_urls) as scene:
            request, before = await emergency(scene), await scene.entries()
            with pytest.raises(BrokenError):
                await disclose(scene.store, request, reference="r", passing=passing)
            assert await scene.entries() == before
            async with scene.store.unit_of_work() as uow:
                assert await uow.clients.use_jti("c", "j", scene.clock() + timedelta(days=1))

    async def test_a_record_that_cannot_be_cleared_is_refused_like_anything_else(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An exception would answer 500 where a stranger gets the neutral answer: an oracle."""

        def unclear(*_: object, **__: object) -> Any:
            raise ClearanceError("`record`: the redaction leaves nothing of a released item")

        async with opened_scene(tmp_path / "site", database_urls) as scene:
            monkeypatch.setattr(gateway.disclosure, "clear", unclear)
            message = await disclose(scene.store, await emergency(scene), reference="r")
            assert await refused(scene, message) == "cannot-be-cleared"


def _owing(owed: Obligation) -> Callable[..., Decision]:
    decide = gateway.disclosure.decide

    def owing(*given: Any) -> Decision:
        decision = decide(*given)
        return replace(decision, obligations=(*decision.obligations, owed))

    return owing


class TestRefused:
    async def test_a_held_site_lets_nothing_out(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """After a restore: revocations may be missing until a person has looked."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked, _ = await approved(scene)
            await execute(scene, "UPDATE site SET held = true")
            message = await disclose(scene.store, await emergency(scene), reference="r")
            assert await refused(scene, message) == "site-held"
            await scene.deliver_due(asked)
        assert scene.door.disclosures == []

    async def test_a_site_without_its_row_counts_as_held(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene, scene.store.unit_of_work() as uow:
            assert not await uow.registry.is_held()
            await uow.connection.execute(text("DELETE FROM site"))
            assert await uow.registry.is_held()

    async def test_without_approval(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            _, proposal = await approved(scene)
            message = await disclose(scene.store, request_of(scene, proposal), reference="r")
            assert await refused(scene, message) == "approval-owed"

    async def test_a_proposal_that_is_not_approved(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            _, proposal = await approved(scene)
            for state in ("waiting", "declined", "withdrawn", "released", "APPROVED", ""):
                other = replace(proposal, state=state)
                message = await disclose(scene.store, request_of(scene, proposal), reference="r", approved=other)
                assert (state, await refused(scene, message)) == (state, "not-what-was-approved")

    async def test_another_digest(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            _, proposal = await approved(scene)
            other = replace(proposal, digest="0" * 64)
            message = await disclose(scene.store, request_of(scene, proposal), reference="r", approved=other)
            assert await refused(scene, message) == "not-what-was-approved"

    async def test_an_approval_for_another_request(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        changes: list[dict[str, Any]] = [
            {"requester": POLICE},
            {"purpose": Purpose.CARE_COORDINATION},
            {"attested": None},
            {"person": None},
        ]
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            _, proposal = await approved(scene)
            for change in changes:
                request = replace(request_of(scene, proposal), **change)
                message = await disclose(scene.store, request, reference="r", approved=proposal)
                assert isinstance(message, NeutralAnswer), change

    async def test_an_approval_for_another_participant(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            _, proposal = await approved(scene)
            other = replace(request_of(scene, proposal), participant=str(await scene.participant("p-testina")))
            message = await disclose(scene.store, other, reference="r", approved=proposal)
            assert await refused(scene, message) == "decision"

    async def test_what_counsel_must_approve_never_leaves_on_a_case_managers_word(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        """A court order (2.64-2.66) owes the approval of counsel and of a privacy officer.

        And an obligation that nobody here has heard of is never taken for discharged.
        """
        unheard_of: Any = "destroy-after-reading"
        approvals = [Obligation("approval", by=by) for by in ("counsel", "privacy-officer", "anybody", None)]
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            _, proposal = await approved(scene)
            request = request_of(scene, proposal)
            for owed in (*approvals, Obligation(unheard_of)):
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(gateway.disclosure, "decide", _owing(owed))
                    message = await disclose(scene.store, request, reference="r", approved=proposal)
                    assert (owed, await refused(scene, message)) == (owed, "approval-owed")
                    message = await disclose(scene.store, await emergency(scene), reference="r")
                    assert (owed, await refused(scene, message)) == (owed, "approval-owed")

    async def test_a_stranger_is_refused_in_the_same_words(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await stopping.revoke(scene.store, await scene.participant(), at=scene.clock())
            scene.clock.move(seconds=1)
            about_ray = replace(await emergency(scene), requester=POLICE)
            known = await disclose(scene.store, about_ray, reference="same")
            unknown = await refuse_stranger(
                scene.store, recipient=POLICE, reference="same", at=scene.clock(), detail={"question": "q"}
            )
            assert await refused(scene, unknown) == "unknown-person"
        assert isinstance(known, NeutralAnswer)
        assert (known.recipient, known.reference) == (unknown.recipient, unknown.reference)


Change = Callable[[Scene, StoredProposal], Awaitable[None]]


async def _ingest(scene: Scene, change: Callable[[dict[str, Any]], None]) -> None:
    site = build_site(scene.clock().date())
    change(site)
    await ingesting.ingest(scene.store, orjson.dumps(site), scene.clock())


def _record_of(site: dict[str, Any], identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in site["records"] if each["id"] == identifier)
    return found


def _organization_of(site: dict[str, Any], identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in site["organizations"] if each["id"] == identifier)
    return found


class TestBetweenApprovalAndWindow:
    async def test_a_new_version_changes_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """What was approved is what leaves: the pinned version, not the newer one that nobody has looked at."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked, proposal = await approved(scene)
            await _ingest(scene, lambda site: _record_of(site, "r-ray-progress")["resource"].update(status="amended"))
            async with scene.store.unit_of_work() as uow:
                versions = {item.version for item in await uow.record.items(await scene.participant())}
            assert versions == {1, 2}
            await scene.deliver_due(asked)
        (disclosure,) = scene.door.disclosures
        assert disclosure.clearance.digest == proposal.digest
        assert {(item.item, item.version) for item in disclosure.clearance.items} == set(pins(proposal))
        assert "amended" not in repr(disclosure.clearance)

    async def test_a_new_item_never_joins(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        def more(site: dict[str, Any]) -> None:
            site["records"].append({**_record_of(site, "r-ray-progress"), "id": "r-ray-progress-2"})

        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked, proposal = await approved(scene)
            await _ingest(scene, more)
            await scene.deliver_due(asked)
            later = await scene.consider(await scene.ask(ray_question()))
        (disclosure,) = scene.door.disclosures
        assert [(item.item, item.version) for item in disclosure.clearance.items] == list(pins(proposal))
        assert len(pins(later[0])) == len(pins(proposal)) + 1  # a new question would have told it

    @staticmethod
    async def _suppressed(scene: Scene, asked: StoredQuestion) -> None:
        """Back to the case manager; who asked hears the neutral answer, once."""
        await scene.deliver_due(asked)
        await scene.deliver_due(asked)
        states = sorted(d.state for d in await scene.deliveries(asked))
        async with scene.store.unit_of_work() as uow:
            proposals = [p.state for p in await uow.proposals.for_question(asked.id)]
        assert scene.door.disclosures == []
        assert [m.reference for m in scene.door.neutral] == [str(asked.id)]
        assert states == ["delivered", "suppressed"]
        assert proposals == ["withdrawn"]

    async def test_a_deleted_item_suppresses_all(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked, proposal = await approved(scene)
            with owner(database_urls) as connection:
                connection.execute("DELETE FROM item WHERE id = %s", (UUID(pins(proposal)[0][0]),))
            await self._suppressed(scene, asked)

    async def test_all_items_deleted_suppresses(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked, _ = await approved(scene)
            with owner(database_urls) as connection:
                connection.execute("DELETE FROM item")
            await self._suppressed(scene, asked)

    @pytest.mark.parametrize(
        "change",
        [
            {"agreement_expires": "2026-11-01"},  # no agreement in date
            {"name": "Cedar County Prosecutor, renamed"},  # the scope would read otherwise
            {"kind": "funder"},
        ],
        ids=lambda change: next(iter(change)),
    )
    async def test_a_changed_recipient_suppresses(
        self, tmp_path: Path, database_urls: DatabaseUrls, change: dict[str, str]
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked, _ = await approved(scene)
            await _ingest(scene, lambda site: _organization_of(site, PROSECUTOR).update(change))
            await self._suppressed(scene, asked)

    async def test_an_expired_grant_suppresses(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked, _ = await approved(scene)
            scene.clock.move(days=400)
            await self._suppressed(scene, asked)

    async def test_nothing_changed(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked, proposal = await approved(scene)
            await scene.deliver_due(asked)
        (disclosure,) = scene.door.disclosures
        assert disclosure.clearance.digest == proposal.digest


class TestEmergency:
    async def test_it_is_documented_with_what_is_owed(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """42 CFR 2.51(c): who received, where, who disclosed, when, and the nature of the emergency."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            message = await disclose(scene.store, await emergency(scene, nature="overdose"), reference="r")
            async with scene.store.unit_of_work() as uow:
                ((detail, owed),) = await uow.record.emergencies(await scene.participant())
        assert isinstance(message, Disclosure)
        assert detail == {
            "nature": "overdose",
            "personnel_name": "Dr. Sol Okafor",
            "personnel_affiliation": "Lakeside ED",
            "discloser": None,
            "at": scene.clock().isoformat(),
            "disclosure": message.entry,
        }
        assert owed == ("discloser",)

    async def test_it_is_minimal_and_needs_no_consent(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await stopping.revoke(scene.store, await scene.participant(), at=scene.clock())
            await stopping.hold(scene.store, await scene.participant(), at=scene.clock())
            scene.clock.move(seconds=1)
            message = await disclose(scene.store, await emergency(scene), reference="r")
            kinds = await scene.kinds()
        assert isinstance(message, Disclosure)
        assert {item.basis for item in message.clearance.items} == {"2.51"}
        told = {item.category.value for item in message.clearance.items}
        assert {"medications", "moud", "physical-health"} <= told
        assert not told & {"drug-tests", "legal-status", "missed-appointments", "goals", "participation"}
        assert kinds.count("disclosure") == 1

    async def test_to_nobody_but_medical_personnel(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            for requester in (POLICE, PROSECUTOR, CASE_MANAGEMENT, "org:nobody"):
                request = replace(await emergency(scene), requester=requester)
                message = await disclose(scene.store, request, reference="r")
                assert isinstance(message, NeutralAnswer), requester
            async with scene.store.unit_of_work() as uow:
                assert await uow.record.emergencies(await scene.participant()) == []

    async def test_without_personnel_or_facility_nothing_leaves(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            request = await emergency(scene, personnel_name=None)
            assert isinstance(await disclose(scene.store, request, reference="r"), NeutralAnswer)

    async def test_another_treatment_program_is_told_too(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            request = replace(await emergency(scene), requester=OTP)
            message = await disclose(scene.store, request, reference="r")
        assert isinstance(message, Disclosure)
        assert message.clearance.recipient == OTP


class TestConsideredLate:
    async def test_an_answer_that_has_gone_is_not_queued_again(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        """Incident: after an outage both jobs of a question are due at once, and the one wrote back what the other had
        moved on: the answer stood as queued for ever, and an approval would have waited on it in vain.
        """
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(ray_question())
            stale = await scene.deliveries(asked)
            scene.clock.at = asked.due_at
            await scene.deliver_due(asked)

            async def seen_before(*_: object) -> Any:
                return stale

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Deliveries, "for_question", seen_before)
                await scene.consider(asked)
            (answer,) = await scene.deliveries(asked)
            assert (answer.state, answer.participant) == ("delivered", await scene.participant())
            async with scene.store.unit_of_work() as uow:
                considered = await uow.questions.get(asked.id)
            assert considered is not None
            assert (considered.state, considered.about) == ("answered", None)  # no description is kept for that
            (proposal,) = await scene.consider(asked)
            late = await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            scene.clock.at = late.due_at
            await scene.deliver_due(asked)
        assert len(scene.door.neutral) == 1
        assert len(scene.door.disclosures) == 1


class TestTheEntry:
    async def test_it_is_committed_before_there_is_a_disclosure(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            message = await disclose(scene.store, await emergency(scene), reference="r")
            assert isinstance(message, Disclosure)
            async with scene.store.unit_of_work() as uow:
                entry = await uow.accounting.get(UUID(message.entry))
        assert entry is not None
        assert entry.content["digest"] == message.clearance.digest
        assert entry.participant == UUID(message.clearance.participant)
        assert entry.organization == HOSPITAL

    async def test_it_holds_no_content(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """Ids, rules and digests: the record itself stays where it is."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await disclose(scene.store, await emergency(scene), reference="r")
            entry = next(e for e in await scene.entries(RAY) if e.kind == "disclosure")
        assert "methadone" not in repr(entry.content).lower()
        assert "alder" not in repr(entry.content).lower()

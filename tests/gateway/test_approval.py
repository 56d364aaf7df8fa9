"""A person's decision about a proposal, on a real database."""

from pathlib import Path

import pytest

from consent.disclosure import _SEAL, Clearance, Disclosure
from consent.notices import NOTICES
from gateway import approval, stopping
from gateway.approval import AdverseError, ApprovalError, Edit
from gateway.demo.story import ray_question
from gateway.judged import BARE_WORDS, owed
from gateway.store.repositories.exchange import new_id
from gateway.store.values import StoredProposal, StoredQuestion
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.routine import offered, sendings_of, state_of
from tests.gateway.site import Scene, opened_scene

HELPFUL = "Ray keeps every meeting with us, and is close to a room of their own.\nA later date would help."
ADVERSE = "Ray relapsed in March and missed two meetings."
MO, WREN = "Mo Cypress", "Wren Tamarack"


async def asked(scene: Scene) -> tuple[StoredQuestion, StoredProposal]:
    """The prosecutor's question about Ray, and the proposal that waits."""
    question = await scene.ask(ray_question())
    (proposal,) = await scene.consider(question)
    return question, proposal


async def approve(scene: Scene, proposal: StoredProposal, edit: Edit = approval.UNCHANGED, **more: object) -> object:
    return await approval.approve(
        scene.store, scene.program.settings, proposal.id, at=scene.clock(), by=MO, edit=edit, **more
    )


def items(proposal: StoredProposal) -> list[str]:
    return [item["item"] for item in proposal.clearance["items"]]


async def open_approvals(scene: Scene) -> list[object]:
    async with scene.store.unit_of_work() as uow:
        return [duty.reference for duty in await uow.duties.open(kinds=["approval"])]


async def told(scene: Scene, question: StoredQuestion) -> list[Disclosure]:
    """What the prosecutor has at the due time."""
    scene.clock.at = max(question.due_at, scene.clock())
    await scene.deliver_due(question)
    return scene.door.disclosures


class TestRefusedEdits:
    async def test_to_nothing_to_more_to_blank_to_what_is_not_text(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            _, proposal = await asked(scene)
            for change, rule in (
                (Edit(items=()), "at least one stays"),
                (Edit(items=(*items(proposal), str(new_id()))), "nothing is ever added"),
                (Edit(items=(str(new_id()),)), "nothing is ever added"),
                (Edit(summary=" \n "), "must not be blank"),
                (Edit(summary="x" * 4001), "longer than 4000"),
                (Edit(summary="a\x00b"), "plain text"),
                (Edit(summary="a\u202eb"), "plain text"),
            ):
                with pytest.raises(ApprovalError, match=rule):
                    await approve(scene, proposal, change)
                with pytest.raises(ApprovalError, match=rule):
                    await approval.edit_down(scene.store, proposal.id, change, by=MO, at=scene.clock())
            assert await state_of(scene, proposal) == "waiting"
            assert "edited" not in await scene.kinds()

    async def test_what_another_has_decided(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            _, proposal = await asked(scene)
            await approve(scene, proposal)
            with pytest.raises(ApprovalError, match="decided already"):
                await approve(scene, proposal, Edit(items=items(proposal)[:1]))
            with pytest.raises(ApprovalError, match="decided already"):
                await approval.nothing_helpful(scene.store, proposal.id, at=scene.clock(), by=WREN)
            with pytest.raises(ApprovalError, match="there is none"):
                await approval.nothing_helpful(scene.store, new_id(), at=scene.clock(), by=WREN)
            with pytest.raises(ApprovalError, match="must not be blank"):
                await approval.decline(scene.store, proposal.id, why="  ", at=scene.clock(), by=WREN)

    async def test_what_was_revoked_since(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            _, proposal = await asked(scene)
            await stopping.revoke(scene.store, await scene.participant(), at=scene.clock.move(seconds=1))
            with pytest.raises(ApprovalError):
                await approve(scene, proposal, Edit(items=items(proposal)[:1]))


class TestEditingDown:
    async def test_exactly_what_stays_is_approved_and_leaves(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            question, proposal = await asked(scene)
            kept = items(proposal)[1:2]
            await approve(scene, proposal, Edit(items=tuple(kept)))
            (disclosure,) = await told(scene, question)
            before, after = await scene.consider(question)
            kinds = await scene.kinds()
            assert await open_approvals(scene) == []
        assert [item.item for item in disclosure.clearance.items] == kept
        assert disclosure.clearance.digest == after.digest != before.digest
        assert (before.state, after.state, after.instead_of) == ("edited", "released", before.id)
        assert dict(after.clearance["items"][0]) == dict(before.clearance["items"][1])
        assert [kind for kind in kinds if kind in ("proposal", "edited", "approved")] == [
            "proposal",
            "proposal",
            "edited",
            "approved",
        ]

    async def test_an_edited_proposal_waits_in_the_place_of_the_other(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            _, proposal = await asked(scene)
            edited = await approval.edit_down(
                scene.store, proposal.id, Edit(items=tuple(items(proposal)[:1])), by=MO, at=scene.clock()
            )
            assert await open_approvals(scene) == [edited.id]
            with pytest.raises(ApprovalError, match="decided already"):
                await approve(scene, proposal)
            with pytest.raises(ApprovalError, match="nothing is ever added"):
                await approve(scene, edited, Edit(items=tuple(items(proposal))))
            same = await approval.edit_down(scene.store, edited.id, Edit(tuple(items(edited))), by=MO, at=scene.clock())
            assert same.id == edited.id

    async def test_the_sending_of_an_exchange_waits_for_the_edited_one(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            proposal = await offered(scene)
            edited = await approval.edit_down(scene.store, proposal.id, Edit(summary=HELPFUL), by=MO, at=scene.clock())
            assert (await sendings_of(scene, proposal), await sendings_of(scene, edited)) == (
                ["suppressed"],
                ["proposed"],
            )
            sending = await approval.approve(scene.store, scene.program.settings, edited.id, at=scene.clock(), by=MO)
            await scene.deliver(sending.id)
        assert [message.clearance.summary for message in scene.door.disclosures] == [HELPFUL]


class TestSummary:
    async def test_it_changes_the_digest_and_leaves_word_for_word(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            question, proposal = await asked(scene)
            await approve(scene, proposal, Edit(summary=f"\n{HELPFUL}  \n"))
            (disclosure,) = await told(scene, question)
            _, after = await scene.consider(question)
            (left,) = [entry for entry in await scene.entries() if entry.kind == "disclosure"]
        assert disclosure.clearance.summary == HELPFUL
        assert disclosure.clearance.notice is not None
        assert disclosure.clearance.digest == after.digest != proposal.digest
        assert (left.content["summary"], HELPFUL in str(left.content)) == (True, False)

    async def test_words_changed_behind_the_approval_do_not_leave(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        """The digest covers the summary: another text under the same approval is not what was approved."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            question, proposal = await asked(scene)
            await approve(scene, proposal, Edit(summary=HELPFUL))
            async with scene.store.unit_of_work() as uow:
                _, after = await uow.proposals.for_question(question.id)
                after.clearance["summary"] = ADVERSE
                await uow.proposals.decide(after, "approved", None, scene.clock())
                await uow.commit()
            assert await told(scene, question) == []
            assert len(scene.door.neutral) == 1

    async def test_adverse_terms_to_justice_need_somebody_who_knows(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            question, proposal = await asked(scene)
            with pytest.raises(AdverseError, match=r"relapse-use at 4-12.*missed-appointments at 26-32") as refused:
                await approve(scene, proposal, Edit(summary=ADVERSE))
            assert "relapsed" not in str(refused.value)
            edited = await approval.edit_down(scene.store, proposal.id, Edit(summary=ADVERSE), by=MO, at=scene.clock())
            with pytest.raises(AdverseError):
                await approve(scene, edited)
            await approve(scene, edited, knowing=True)
            assert [m.clearance.summary for m in await told(scene, question)] == [ADVERSE]
            (said,) = [entry for entry in await scene.entries() if entry.kind == "approved"]
        assert said.content["adverse"] == ["missed-appointments", "relapse-use"]

    async def test_to_counsel_they_are_pointed_out_and_pass(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            proposal = await offered(scene)
            await approve(scene, proposal, Edit(summary=ADVERSE))
            (said,) = [entry for entry in await scene.entries() if entry.kind == "approved"]
        assert said.content["adverse"] == ["missed-appointments", "relapse-use"]


class TestNothingHelpful:
    async def test_the_neutral_answer_goes_at_its_due_time(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            question, proposal = await asked(scene)
            await approval.nothing_helpful(scene.store, proposal.id, at=scene.clock(), by=MO)
            await scene.deliver_due(question)
            assert scene.door.sent == []
            assert await told(scene, question) == []
            assert [answer.reference for answer in scene.door.neutral] == [str(question.id)]
            (said,) = [entry for entry in await scene.entries() if entry.kind == "nothing-helpful"]
            assert await open_approvals(scene) == []
        assert said.content["by"] == MO

    async def test_of_an_exchange_nothing_goes(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            first, second = await offered(scene), await offered(scene)
            await approval.nothing_helpful(scene.store, first.id, at=scene.clock(), by=MO)
            await approval.decline(scene.store, second.id, why="not now", at=scene.clock(), by=MO)
            for proposal in (first, second):
                assert await sendings_of(scene, proposal) == ["suppressed"]
            (declined,) = [entry for entry in await scene.entries() if entry.kind == "declined"]
        assert scene.door.sent == []
        assert (declined.content["by"], "not now" in str(declined.content)) == (MO, False)


class TestExchanges:
    async def test_one_that_is_off_is_not_approved(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            proposal = await offered(scene, exchange="no-exchange")
            with pytest.raises(ApprovalError, match="no exchange that is on"):
                await approve(scene, proposal)
            assert await state_of(scene, proposal) == "waiting"

    async def test_after_its_time_limit(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            proposal = await offered(scene)
            scene.clock.move(days=15)
            with pytest.raises(ApprovalError):
                await approve(scene, proposal)

    async def test_approved_it_leaves_outside_of_quiet_hours(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            proposal = await offered(scene)
            scene.clock.move(hours=10)  # ten in the evening
            sending = await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock(), by=MO)
        assert sending.state == "queued"
        assert sending.due_at.isoformat() == "2026-11-25T15:00:00+00:00"  # seven in the morning


class TestWordsWithoutTheNotice:
    """42 CFR 2.32: what staff know comes from the record, so their words travel with the statement or not at all."""

    def clearance(self, *, notice: bool, summary: str | None) -> Clearance:
        return Clearance(
            seal=_SEAL,
            request="r",
            recipient="org:x",
            purpose="care-coordination",
            participant="p",
            items=(),
            notice=NOTICES["2.32-2024-statement-1"] if notice else None,
            scope=None,
            summary=summary,
            obligations=(),
            digest="0" * 64,
        )

    def test_they_stay(self) -> None:
        assert owed(self.clearance(notice=False, summary=HELPFUL), None) == BARE_WORDS

    def test_with_it_and_without_words_nothing_is_owed(self) -> None:
        assert owed(self.clearance(notice=True, summary=HELPFUL), None) is None
        assert owed(self.clearance(notice=False, summary=None), None) is None

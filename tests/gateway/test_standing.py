"""Standing approvals: in force until their end, the first change, a stop, or somebody's hand."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from consent.codes import Category, Purpose
from gateway import approval, standing, stopping
from gateway.approval import Edit
from gateway.demo.site import DEFENDER, PROSECUTOR
from gateway.demo.story import ray_question
from gateway.standing import StandingError, covering, end_one, end_standing, give_standing, standing_for
from gateway.store.repositories.approvals import StandingApproval
from gateway.store.repositories.exchange import new_id
from gateway.store.values import StoredProposal
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.routine import EXCHANGE, LEGAL, offered, sendings_of, state_of, stood
from tests.gateway.site import Scene, opened_scene

MO = "Mo Cypress"
MORE = (Category.LEGAL_STATUS, Category.PROGRESS)


async def given(scene: Scene, proposal: StoredProposal, days: int = 30) -> StandingApproval:
    until = scene.clock() + timedelta(days=days)
    return await give_standing(scene.store, proposal.id, until=until, by=MO, at=scene.clock())


async def covered(scene: Scene, **other: object) -> StandingApproval | None:
    about = {
        "exchange": EXCHANGE,
        "recipient": DEFENDER,
        "participant": await scene.participant(),
        "categories": LEGAL,
        "at": scene.clock(),
        **other,
    }
    async with scene.store.unit_of_work() as uow:
        return await standing_for(uow, **about)


async def causes(scene: Scene) -> list[tuple[str, str]]:
    return [
        (entry.content["cause"], entry.content["by"])
        for entry in await scene.entries()
        if entry.kind == "standing-approval-ended"
    ]


class TestGiving:
    async def test_what_is_refused(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            proposal, at = await offered(scene), scene.clock()
            for until in (at, at - timedelta(days=1), at + timedelta(days=180, seconds=1)):
                with pytest.raises(StandingError, match="at most 180 days"):
                    await give_standing(scene.store, proposal.id, until=until, by=MO, at=at)
            with pytest.raises(StandingError, match="there is none"):
                await give_standing(scene.store, new_id(), until=at + timedelta(days=1), by=MO, at=at)
            (asked,) = await scene.consider(await scene.ask(ray_question()))
            by_hand = await offered(scene, exchange="progress-letter")
            for each_time in (asked, by_hand):
                with pytest.raises(StandingError, match="no exchange that may be approved beforehand"):
                    await given(scene, each_time)
            written = await approval.edit_down(scene.store, proposal.id, Edit(summary="Helpful."), by=MO, at=at)
            with pytest.raises(StandingError, match="a summary"):
                await given(scene, written)
            with pytest.raises(StandingError, match="there is none"):
                await given(scene, proposal)  # edited, so nobody will ever send it
            assert "standing-approval" not in await scene.kinds()


class TestCovering:
    async def test_nothing_but_this(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            proposal = await offered(scene)
            assert await covered(scene) is None
            known = await given(scene, proposal)
            for other in (
                {"exchange": "referral"},
                {"recipient": PROSECUTOR},
                {"participant": await scene.participant("p-testina")},
                {"at": known.ends_at},
                {"at": known.starts_at - timedelta(seconds=1)},
            ):
                assert await covered(scene, **other) is None
            assert await covered(scene) == known
            assert await covered(scene, at=known.ends_at - timedelta(seconds=1)) == known
            async with scene.store.unit_of_work() as uow:
                assert await covering(uow, proposal, scene.clock()) == known
                written = {**proposal.clearance, "summary": "Helpful."}
                other_purpose = {**proposal.clearance, "purpose": Purpose.CARE_COORDINATION.value}
                for changed in (
                    replace(proposal, clearance=written),
                    replace(proposal, clearance=other_purpose),
                    replace(proposal, exchange=None),
                ):
                    assert await covering(uow, changed, scene.clock()) is None
            assert await covered(scene) == known

    @pytest.mark.parametrize("categories", [MORE, (Category.PROGRESS,), ()])
    async def test_any_change_of_the_categories_ends_it(
        self, tmp_path: Path, database_urls: DatabaseUrls, categories: tuple[Category, ...]
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await given(scene, await offered(scene))
            async with scene.store.unit_of_work() as uow:
                ray, at = await scene.participant(), scene.clock()
                assert await standing_for(uow, EXCHANGE, DEFENDER, ray, categories, at) is None
                await uow.commit()
            assert await covered(scene) is None
            assert await causes(scene) == [("categories-changed", "system")]

    async def test_a_new_one_takes_the_place_of_the_old(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            proposal = await offered(scene)
            await given(scene, proposal)
            newer = await given(scene, proposal, days=60)
            assert await covered(scene) == newer
            assert await causes(scene) == [("replaced", MO)]


class TestAtThePointOfNoReturn:
    """What a standing approval approved leaves only while it is in force, about exactly what it covers."""

    async def sent(self, scene: Scene) -> tuple[StandingApproval, StoredProposal]:
        known = await given(scene, await offered(scene))
        proposal = await offered(scene)
        released = await stood(scene, proposal)
        assert released is not None
        return known, proposal

    async def leaves(self, scene: Scene, proposal: StoredProposal) -> bool:
        async with scene.store.unit_of_work() as uow:
            queued = await uow.deliveries.for_proposal(proposal.id, ("queued",))
        for delivery in queued:
            await scene.deliver(delivery.id)
        return bool(scene.door.disclosures)

    async def test_in_force_it_leaves(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known, proposal = await self.sent(scene)
            assert await self.leaves(scene, proposal)
            assert await state_of(scene, proposal) == "released"
            async with scene.store.unit_of_work() as uow:
                found = await uow.proposals.get(proposal.id)
        assert found is not None
        assert (found.by, found.standing) == (MO, known.id)

    async def test_ended_by_hand_it_stays(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known, proposal = await self.sent(scene)
            await end_one(scene.store, known.id, by="Wren Tamarack", at=scene.clock())
            assert not await self.leaves(scene, proposal)
            assert await sendings_of(scene, proposal) == ["suppressed"]
            denied = [entry.content["refused"] for entry in await scene.entries() if entry.kind == "denial"]
            assert denied == ["standing-approval-ended"]
            assert await causes(scene) == [("by-hand", "Wren Tamarack")]
            for identity in (known.id, new_id()):
                with pytest.raises(StandingError, match="goes on"):
                    await end_one(scene.store, identity, by=MO, at=scene.clock())

    async def test_past_its_end_it_stays(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known = await given(scene, await offered(scene), days=1)
            proposal = await offered(scene)
            await stood(scene, proposal)
            scene.clock.at = known.ends_at
            assert not await self.leaves(scene, proposal)

    async def test_stopped_it_stays(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            _, proposal = await self.sent(scene)
            ray, at = await scene.participant(), scene.clock()
            async with scene.store.unit_of_work() as uow:
                await uow.consents.lock_and_raise(ray)
                assert await end_standing(uow, ray, cause="hold", by="system", at=at) == 1
                assert await end_standing(uow, ray, cause="hold", by="system", at=at) == 0
                await uow.commit()
            assert not await self.leaves(scene, proposal)
            assert await sendings_of(scene, proposal) == ["suppressed"]

    async def test_held_it_stays_and_is_over(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            _, proposal = await self.sent(scene)
            await stopping.hold(scene.store, await scene.participant(), at=scene.clock())
            assert await covered(scene) is None
            assert await sendings_of(scene, proposal) == ["suppressed"]

    async def test_of_somebody_else_it_covers_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """The approval's id on a proposal that it is not about: the point looks at all of it."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known = await given(scene, await offered(scene))
            proposal = replace(await offered(scene, (Category.PROGRESS,)), standing=known.id)
            async with scene.store.unit_of_work() as uow:
                assert not await standing.still_covers(uow, proposal, scene.clock())
                assert not await standing.still_covers(uow, replace(proposal, standing=new_id()), scene.clock())

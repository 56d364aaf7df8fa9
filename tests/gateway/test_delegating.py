"""Who decides for whom."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway import approval, delegating
from gateway.delegating import DelegationError, Staff, delegation, duties_of, end_delegation, in_place_of, may_decide
from gateway.demo.site import PROSECUTOR
from gateway.demo.site_record import CASE_MANAGEMENT
from gateway.demo.story import ray_question
from gateway.store.repositories.approvals import Delegation
from gateway.store.repositories.exchange import new_id
from gateway.store.values import StoredProposal
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, Scene, opened_scene

MO, WREN, SAGE = "Mo Cypress", "Wren Tamarack", "Sage Juniper"


def between(from_staff: str, to_staff: str, start: float = 0, days: float = 7, at: str = CASE_MANAGEMENT) -> Delegation:
    begins = NOON + timedelta(days=start)
    return delegation(at, from_staff, to_staff, begins, begins + timedelta(days=days))


async def delegate(scene: Scene, new: Delegation) -> Delegation:
    await delegating.delegate(scene.store, new, by=MO, at=scene.clock())
    return new


async def proposed(scene: Scene) -> StoredProposal:
    (proposal,) = await scene.consider(await scene.ask(ray_question()))
    return proposal


class TestDelegating:
    @pytest.mark.parametrize(
        ("new", "rule"),
        [
            (between(MO, MO), "two people"),
            (between(MO, " "), "two people"),
            (between("", WREN), "two people"),
            (between(MO, WREN, days=0), "in the future"),
            (between(MO, WREN, days=-1), "in the future"),
            (between(MO, WREN, start=-9, days=8), "in the future"),
            (between(MO, WREN, days=91), "at most 90 days"),
            (between(MO, WREN, at="org:nobody"), "names no organization"),
        ],
    )
    async def test_what_is_refused(
        self, tmp_path: Path, database_urls: DatabaseUrls, new: Delegation, rule: str
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            with pytest.raises(DelegationError, match=rule):
                await delegate(scene, new)
            async with scene.store.unit_of_work() as uow:
                assert await uow.approvals.delegations() == []

    async def test_in_whose_place(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            proposal = await proposed(scene)
            known = await delegate(scene, between(MO, WREN))
            await delegate(scene, between(WREN, SAGE))  # Wren's own, not Mo's: nothing is passed on
            await delegate(scene, between(MO, SAGE, at=PROSECUTOR))
            async with scene.store.unit_of_work() as uow:

                async def place(by: str, days: float = 0) -> str | None:
                    return await in_place_of(uow, proposal, by=by, at=NOON + timedelta(days=days))

                assert await place(WREN) == MO
                assert [await place(MO), await place(SAGE), await place("")] == [None, None, None]
                assert [await place(WREN, -0.1), await place(WREN, 7)] == [None, None]
            await end_delegation(scene.store, known.id, by=MO, at=scene.clock())
            async with scene.store.unit_of_work() as uow:
                assert await place(WREN) is None
            for identity in (known.id, new_id()):
                with pytest.raises(DelegationError, match="goes on"):
                    await end_delegation(scene.store, identity, by=MO, at=scene.clock())

    async def test_the_ledger_names_both(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            proposal = await proposed(scene)
            await delegate(scene, between(MO, WREN))
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock(), by=WREN)
            (said,) = [entry.content for entry in await scene.entries() if entry.kind == "approved"]
        assert (said["by"], said["in_place_of"]) == (WREN, MO)


class TestWhoMayDecide:
    async def test_only_there_and_only_them(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            proposal = await proposed(scene)
            await delegate(scene, between(MO, WREN))
            async with scene.store.unit_of_work() as uow:

                async def may(who: str, role: str, at: str = CASE_MANAGEMENT) -> bool:
                    return await may_decide(uow, proposal, Staff(who, role, at), scene.clock())

                for role in ("auditor", "project-manager", "defender", ""):
                    assert not await may(MO, role)
                for role in ("case-manager", "supervisor", "privacy-officer"):
                    assert not await may(MO, role, PROSECUTOR)
                assert not await may(SAGE, "case-manager")
                assert await may(MO, "case-manager")
                assert await may(WREN, "case-manager")
                assert await may(SAGE, "supervisor")
                assert await may(SAGE, "privacy-officer")


class TestWhatWaits:
    async def test_mine_and_what_was_delegated(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            proposal = await proposed(scene)

            async def waits(who: str, role: str = "case-manager", at: str = CASE_MANAGEMENT) -> list[object]:
                async with scene.store.unit_of_work() as uow:
                    return [duty.reference for duty in await duties_of(uow, Staff(who, role, at), scene.clock())]

            assert await waits(MO) == [proposal.id]
            assert [await waits(WREN), await waits(MO, "supervisor"), await waits(MO, at=PROSECUTOR)] == [[], [], []]
            await delegate(scene, between(MO, WREN))
            assert await waits(WREN) == [proposal.id]

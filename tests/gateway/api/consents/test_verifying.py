"""A filed consent, verified element by element: by a person who has the paper, for what the law lets count, or not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from consent.codes import ConsentKind, Integrity, Purpose
from consent.model import Consent
from consent.review import Circumstances
from gateway import stopping, verifying
from gateway.demo.site import JAIL_HEALTH
from gateway.demo.site_record import CASE_MANAGEMENT, HOSPITAL
from gateway.store.values import StopKind
from gateway.verifying import ALWAYS, VerifyError, elements_of
from mappings.tables.minors import load_ages
from tests.gateway.api.consents.stage import SID, Stage, consent, filing
from tests.gateway.api.consents.test_operations import FILE, stops
from tests.gateway.api.consents.test_showing import found

pytestmark = pytest.mark.asyncio(loop_scope="module")
HAZEL, HAZEL_SID = "p-hazel", "WA90000005"


async def filed(stage: Stage, sid: str = SID, **more: Any) -> UUID:
    """File a consent, and give the id of the filing that waits."""
    before = {one["id"] for one in await verifying.waiting(stage.scene.store)}
    await stage.post(HOSPITAL, FILE, filing(consent(more.pop("identifier", "c-1"), sid, **more)))
    (new,) = {one["id"] for one in await verifying.waiting(stage.scene.store)} - before
    return UUID(new)


async def form(stage: Stage, **more: Any) -> Consent:
    """What a person reads off the paper: like Rowan's other form, toward the hospital."""
    own = next(one for one in await stage.consents() if one.integrity is Integrity.OK)
    grant = replace(own.grants[0], id="g-hospital", recipient=frozenset({HOSPITAL}))
    return replace(own, id="paper", grants=(grant,), **more)


async def verify(stage: Stage, identity: UUID, read: Consent, who: str = "p-rowan", **more: Any) -> Any:
    given = {
        "participant": await stage.scene.participant(who),
        "seen": ALWAYS,
        "circumstances": Circumstances(),
        "ages": load_ages(),
        "by": "Ash Larkspur",
        "at": stage.scene.clock(),
    }
    return await verifying.verify(stage.scene.store, identity, read, **(given | more))


class TestWhatCannotBeVerified:
    @pytest.mark.parametrize(
        ("more", "error"),
        [
            ({"seen": ALWAYS - {"C-09", "C-11"}}, "C-09, C-11"),
            ({"seen": frozenset()}, "`--element`"),
            ({"by": " "}, "`--by`"),
            ({"who": "p-testina"}, "`FORM`"),
        ],
    )
    async def test_without_a_look(self, module_stage: Stage, more: Any, error: str) -> None:
        identity = await filed(module_stage, identifier=str(len(error) + len(str(more))))
        with pytest.raises(VerifyError, match=error):
            await verify(module_stage, identity, await form(module_stage), **more)
        assert not found(await module_stage.search(HOSPITAL))

    @pytest.mark.parametrize(
        ("change", "element"),
        [
            (lambda read: replace(read, how_to_revoke=" "), "C-09"),
            (lambda read: replace(read, grants=()), "C-03"),
            (lambda read: replace(read, signer=replace(read.signer, name="")), "C-11"),
            (lambda read: replace(read, grants=(replace(read.grants[0], expires="none"),)), "C-10"),
        ],
    )
    async def test_what_the_law_finds_lacking(
        self, module_stage: Stage, change: Callable[[Consent], Consent], element: str
    ) -> None:
        identity = await filed(module_stage, identifier=f"lacking-{element}")
        lacking = await verify(module_stage, identity, change(await form(module_stage)))
        assert element in {each.element for each in lacking}
        assert not found(await module_stage.search(HOSPITAL))
        assert str(identity) in {one["id"] for one in await verifying.waiting(module_stage.scene.store)}

    async def test_what_has_been_revoked_meanwhile(self, stage: Stage) -> None:
        identity, read = await filed(stage), await form(stage)
        await stopping.revoke(stage.scene.store, await stage.rowan(), at=stage.scene.clock())
        with pytest.raises(VerifyError, match="revoked"):
            await verify(stage, identity, read)
        assert not found(await stage.search(HOSPITAL))

    async def test_what_does_not_wait(self, module_stage: Stage) -> None:
        with pytest.raises(VerifyError, match="`ID`"):
            await verify(module_stage, await module_stage.rowan(), await form(module_stage))


class TestVerifying:
    async def test_then_it_is_in_force_and_once(self, stage: Stage) -> None:
        identity, read = await filed(stage), await form(stage)
        assert await verify(stage, identity, read) == ()
        (shown,) = found(await stage.search(HOSPITAL))
        assert shown["status"] == "active"
        assert found(await stage.search(JAIL_HEALTH))
        assert await stage.duties() == []
        assert {"consent-filed", "consent", "filing-decided"} <= set(await stage.scene.kinds("p-rowan"))
        with pytest.raises(VerifyError, match="waits"):
            await verify(stage, identity, read)
        again = await filed(stage, dateTime="2026-11-22")  # its filer says that it has changed: unverified once more
        assert not found(await stage.search(HOSPITAL))
        await verifying.refuse(stage.scene.store, again, why="a copy", by="Ash Larkspur", at=stage.scene.clock())
        assert not found(await stage.search(HOSPITAL))

    async def test_a_refusal_ends_what_it_suspended(self, module_stage: Stage) -> None:
        identity = await filed(module_stage, HAZEL_SID, provision={"type": "deny"})
        (own,) = await module_stage.consents(HAZEL)
        assert own.integrity is Integrity.UNREADABLE
        with pytest.raises(VerifyError, match="`--why`"):
            await verifying.refuse(module_stage.scene.store, identity, why=" ", by="Ash", at=module_stage.scene.clock())
        at = module_stage.scene.clock()
        await verifying.refuse(module_stage.scene.store, identity, why="not Hazel's", by="Ash", at=at)
        assert [one.integrity for one in await module_stage.consents(HAZEL)] == [Integrity.SUSPECT]
        assert await module_stage.duties(reference=HAZEL) == []

    async def test_what_may_be_one_of_two_peoples_is_placed_by_the_form(self, module_stage: Stage) -> None:
        testina = {"identifier": {"system": "sid", "value": "WA90000002"}}
        both = {**testina, "reference": f"Patient/{await module_stage.scene.participant('p-olive')}"}
        identity, read = await filed(module_stage, patient=both), await form(module_stage)
        with pytest.raises(VerifyError, match="`FORM`"):
            await verify(module_stage, identity, read)
        assert await verify(module_stage, identity, read, "p-olive") == ()
        kept = [one.grants[0].id for one in await module_stage.consents("p-olive")]
        assert kept[-1] == "g-hospital"
        assert len(await module_stage.consents("p-testina")) == 1
        olive = {"reference": both["reference"]}  # and its filer can end it by its own name for it
        await module_stage.post(HOSPITAL, FILE, filing(consent(patient=olive, status="inactive")))
        stop = (await stops(module_stage, "p-olive"))[-1]
        assert (stop.kind, stop.consent) == (StopKind.REVOCATION, (await module_stage.consents("p-olive"))[-1].id)

    async def test_reading_it_is_a_use(self, module_stage: Stage) -> None:
        identity = await filed(module_stage, HAZEL_SID, identifier="read")
        at = module_stage.scene.clock()
        shown = await verifying.read(module_stage.scene.store, identity, by="Ash Larkspur", at=at)
        assert (shown["organization"], shown["consent"]["resourceType"]) == (HOSPITAL, "Consent")
        entry = [one for one in await module_stage.scene.entries(HAZEL) if one.kind == "filing-read"][-1]
        assert entry.content["by"] == "Ash Larkspur"

    async def test_which_elements_a_form_needs(self, module_stage: Stage) -> None:
        async with module_stage.scene.store.unit_of_work() as uow:
            site = await uow.registry.site()
        read = await form(module_stage)
        assert site is not None
        assert elements_of(read, site) == ALWAYS
        assert elements_of(replace(read, kind=ConsentKind.TPO), site) == ALWAYS | {"C-06"}
        raising = replace(read.grants[0], purposes=frozenset({Purpose.FUNDRAISING}))
        assert elements_of(replace(read, grants=(raising,)), site) == ALWAYS | {"C-08"}
        assert CASE_MANAGEMENT in read.grants[0].discloser

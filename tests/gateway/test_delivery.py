"""The state machine of a delivery: one function changes it, each change is on the ledger."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from consent.codes import Category, Purpose
from consent.disclosure import Disclosure
from consent.model import Person
from consent.request import DisclosureRequest
from gateway import delivery, stopping
from gateway.demo.site_record import CASE_MANAGEMENT, HOSPITAL
from gateway.demo.story import ray_question, stranger_question
from gateway.store.values import StoredDelivery, StoredItem
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene

STATES = frozenset(delivery.TRANSITIONS)


@pytest.fixture
async def scene(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path / "site", database_urls) as opened:
        yield opened


async def consented(scene: Scene) -> DisclosureRequest:
    """Ray lets the hospital know of progress; nobody needs to approve that."""
    ray = await scene.participant()
    async with scene.store.unit_of_work() as uow:
        template = (await uow.consents.signed(ray))[0][0]
        grant = replace(
            template.grants[0],
            id="g-hospital",
            discloser=frozenset({CASE_MANAGEMENT}),
            recipient=frozenset({HOSPITAL}),
            purposes=frozenset({Purpose.CARE_COORDINATION}),
            categories=frozenset({Category.PROGRESS}),
            role=None,
        )
        await uow.consents.put(ray, "to-the-hospital", replace(template, grants=(grant,)), scene.clock())
        await uow.record.put(
            ray, StoredItem("a-step", Category.PROGRESS, CASE_MANAGEMENT, scene.clock(), None), scene.clock()
        )
        await uow.commit()
    return DisclosureRequest(
        id="an-exchange",
        at=scene.clock(),
        requester=HOSPITAL,
        participant=str(ray),
        purpose=Purpose.CARE_COORDINATION,
        person=Person("Dr. Sol Okafor", "physician"),
        attested=True,
    )


async def queued(scene: Scene, request: DisclosureRequest, **more: Any) -> StoredDelivery:
    given = {"recipient": request.requester, "exchange": "referral", "due_at": scene.clock(), **more}
    async with scene.store.unit_of_work() as uow:
        made = await delivery.queue(
            uow, participant=UUID(request.participant), request=request, at=scene.clock(), **given
        )
        await uow.commit()
    return made


async def now(scene: Scene, made: StoredDelivery) -> StoredDelivery:
    async with scene.store.unit_of_work() as uow:
        found = await uow.deliveries.get(made.id)
    assert found is not None
    return found


async def on_the_ledger(scene: Scene, made: StoredDelivery) -> list[tuple[Any, Any]]:
    """What the ledger says became of a delivery, in order."""
    entries = [e.content for e in await scene.entries() if e.kind == "delivery"]
    return [(content["from"], content["to"]) for content in entries if content["delivery"] == str(made.id)]


class TestTransitions:
    def test_every_state_is_in_the_table_and_leads_only_to_states(self) -> None:
        assert {
            "proposed",
            "approved",
            "queued",
            "sending",
            "delivered",
            "acknowledged",
            "failed",
            "suppressed",
            "expired",
        } == STATES
        assert all(to <= STATES for to in delivery.TRANSITIONS.values())

    @pytest.mark.parametrize("state", ["delivered", "suppressed", "expired"])
    def test_from_an_end_only_an_acknowledgement_leads_on(self, state: str) -> None:
        assert delivery.TRANSITIONS[state] == {delivery.ACKNOWLEDGED}

    def test_nothing_leads_on_from_an_acknowledgement(self) -> None:
        assert delivery.TRANSITIONS[delivery.ACKNOWLEDGED] == frozenset()

    def test_only_what_is_queued_or_being_sent_can_be_sent(self) -> None:
        leads = {state for state, to in delivery.TRANSITIONS.items() if delivery.SENDING in to}
        assert leads == delivery.LIVE

    def test_only_a_person_makes_what_is_proposed_queued(self) -> None:
        assert delivery.QUEUED not in delivery.TRANSITIONS[delivery.PROPOSED]


class TestMove:
    async def test_random_walks_stay_in_the_table_and_are_all_on_the_ledger(self, scene: Scene) -> None:
        """Two hundred steps anywhere: what is not in the table writes nothing, the rest is accounted for."""
        order = random.Random(11)  # noqa: S311  -- a walk, no secret
        request, taken, refused = await consented(scene), 0, 0
        made = await queued(scene, request)
        async with scene.store.unit_of_work() as uow:
            entry = await uow.accounting.of(await scene.participant())
            made = replace(made, entry=entry[0].id)
            for _ in range(200):
                to = order.choice(sorted(STATES))
                before = len(await uow.accounting.unsealed(10_000))
                if to in delivery.TRANSITIONS[made.state]:
                    made, taken = await delivery.move(uow, made, to, at=scene.clock()), taken + 1
                    stored = await uow.deliveries.get(made.id)
                    assert stored is not None
                    assert stored.state == to
                    assert len(await uow.accounting.unsealed(10_000)) == before + 1
                else:
                    refused += 1
                    with pytest.raises(delivery.TransitionError):
                        await delivery.move(uow, made, to, at=scene.clock())
                    assert len(await uow.accounting.unsealed(10_000)) == before
                if not delivery.TRANSITIONS[made.state]:
                    made = replace(made, state=order.choice(sorted(STATES - {delivery.ACKNOWLEDGED})))
        assert taken > 30
        assert refused > 30

    async def test_what_is_not_in_the_table_is_refused(self, scene: Scene) -> None:
        (waits,) = await scene.deliveries(await scene.ask(stranger_question()))
        async with scene.store.unit_of_work() as uow:
            with pytest.raises(delivery.TransitionError):
                await delivery.move(uow, waits, delivery.DELIVERED, at=scene.clock())
            with pytest.raises(delivery.TransitionError, match="never left"):
                await delivery.move(uow, waits, delivery.ACKNOWLEDGED, at=scene.clock())


class TestQueue:
    async def test_an_exchange_that_needs_nobody_passes_the_point_and_arrives(self, scene: Scene) -> None:
        made = await queued(scene, await consented(scene))
        assert made.state == "queued"
        await scene.deliver(made.id)
        assert (await now(scene, made)).state == "delivered"
        assert await on_the_ledger(scene, made) == [(None, "queued"), ("queued", "sending"), ("sending", "delivered")]
        assert (await scene.kinds()).count("disclosure") == 1
        ((message, key),) = scene.door.sent
        assert isinstance(message, Disclosure)
        assert key == str(made.key)

    async def test_what_may_not_leave_is_not_sent_at_all(self, scene: Scene) -> None:
        """Nobody asked: a neutral answer would tell the recipient that there is something to be silent about."""
        request = await consented(scene)
        made = await queued(scene, request)
        await stopping.revoke(scene.store, UUID(request.participant), at=scene.clock())
        await scene.deliver(made.id)
        assert (await now(scene, made)).state == "suppressed"
        assert scene.door.sent == []

    async def test_with_a_proposal_it_waits_for_a_person(self, scene: Scene) -> None:
        request = await consented(scene)
        proposal = await _proposal(scene)
        made = await queued(scene, request, proposal=proposal)
        assert made.state == "proposed"
        await scene.deliver(made.id)
        assert (await now(scene, made)).state == "proposed"
        assert scene.door.sent == []
        async with scene.store.unit_of_work() as uow:
            later = scene.clock() + timedelta(hours=2)
            released = await delivery.release(uow, proposal, due_at=later, at=scene.clock())
            await uow.commit()
        assert released is not None
        assert (released.state, released.due_at) == ("queued", later)
        steps = [(None, "proposed"), ("proposed", "approved"), ("approved", "queued")]
        assert await on_the_ledger(scene, made) == steps

    async def test_a_declined_proposal_takes_its_sending_along(self, scene: Scene) -> None:
        request, proposal = await consented(scene), await _proposal(scene)
        made = await queued(scene, request, proposal=proposal)
        async with scene.store.unit_of_work() as uow:
            assert await delivery.drop(uow, proposal, cause="declined", at=scene.clock()) == 1
            assert await delivery.release(uow, proposal, due_at=scene.clock(), at=scene.clock()) is None
            await uow.commit()
        assert (await now(scene, made)).state == "suppressed"

    async def test_one_name_one_sending(self, scene: Scene) -> None:
        request, name = await consented(scene), UUID(int=7)
        first = await queued(scene, request, identity=name)
        second = await queued(scene, request, identity=name)
        assert first.id == second.id == name
        assert len(await on_the_ledger(scene, first)) == 1


async def _proposal(scene: Scene) -> UUID:
    (proposal,) = await scene.consider(await scene.ask(ray_question()))
    return proposal.id


class TestAcknowledge:
    async def test_only_the_recipient_and_only_what_has_left(self, scene: Scene) -> None:
        made = await queued(scene, await consented(scene))
        async with scene.store.unit_of_work() as uow:
            with pytest.raises(delivery.DeliveryError) as before:
                await delivery.acknowledge(uow, made.id, HOSPITAL, scene.clock())
        await scene.deliver(made.id)
        async with scene.store.unit_of_work() as uow:
            with pytest.raises(delivery.DeliveryError) as other:
                await delivery.acknowledge(uow, made.id, CASE_MANAGEMENT, scene.clock())
            with pytest.raises(delivery.DeliveryError) as unknown:
                await delivery.acknowledge(uow, UUID(int=1), HOSPITAL, scene.clock())
        assert str(before.value) == str(other.value) == str(unknown.value)
        assert (await now(scene, made)).state == "delivered"

    @pytest.mark.parametrize("by_key", [False, True])
    async def test_once_by_id_or_key(self, scene: Scene, *, by_key: bool) -> None:
        made = await queued(scene, await consented(scene))
        await scene.deliver(made.id)
        at = scene.clock.move(hours=3)
        for _ in range(2):
            async with scene.store.unit_of_work() as uow:
                await delivery.acknowledge(uow, made.key if by_key else made.id, HOSPITAL, at)
                await uow.commit()
        known = await now(scene, made)
        assert (known.state, known.acknowledged_at) == ("acknowledged", at)
        assert (await on_the_ledger(scene, made))[-1] == ("delivered", "acknowledged")
        assert len(await on_the_ledger(scene, made)) == 4

    async def test_while_it_is_still_being_sent(self, scene: Scene) -> None:
        """The recipient is quicker than its own answer: what it says stands, and nothing is sent again."""
        made = await queued(scene, await consented(scene))

        async def acknowledges() -> None:
            async with scene.store.unit_of_work() as uow:
                await delivery.acknowledge(uow, made.key, HOSPITAL, scene.clock())
                await uow.commit()

        scene.door.during = acknowledges
        await scene.deliver(made.id)
        await scene.deliver(made.id)
        assert (await now(scene, made)).state == "acknowledged"
        assert len(scene.door.sent) == 1

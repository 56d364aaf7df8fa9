"""A routine exchange of the demo site: Ray Alder's legal status, to the defender."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from consent.codes import Category, Purpose
from consent.model import Person
from consent.request import DisclosureRequest
from gateway import delivery
from gateway.demo.site import DEFENDER
from gateway.disclosure import propose
from gateway.standing import covering
from gateway.store.repositories.exchange import new_id
from gateway.store.values import StoredDelivery, StoredProposal
from tests.gateway.site import Scene

EXCHANGE = "case-status"
LEGAL = (Category.LEGAL_STATUS,)


async def offered(scene: Scene, categories: Iterable[Category] = LEGAL, exchange: str = EXCHANGE) -> StoredProposal:
    """Offer what is on record in these categories; it waits for a person, with its sending."""
    at, ray = scene.clock(), await scene.participant()
    async with scene.store.unit_of_work() as uow:
        items = tuple(item.id for item in await uow.record.items(ray) if item.category in set(categories))
        request = DisclosureRequest(
            id=str(new_id()),
            at=at,
            requester=DEFENDER,
            participant=str(ray),
            purpose=Purpose.CASE_ALIGNMENT,
            person=Person("Dana Pine", "attorney"),
            items=items,
            attested=True,
        )
        await uow.consents.lock_shared(ray)
        proposal = await propose(uow, request, None, exchange)
        assert proposal is not None
        await delivery.queue(
            uow,
            participant=ray,
            recipient=DEFENDER,
            exchange=exchange,
            request=None,
            due_at=at,
            at=at,
            proposal=proposal.id,
            expires_at=at + timedelta(days=14),
        )
        await uow.commit()
    return proposal


async def stood(scene: Scene, proposal: StoredProposal) -> StoredDelivery | None:
    """Let a standing approval decide a proposal, if one covers it."""
    at = scene.clock()
    async with scene.store.unit_of_work() as uow:
        await uow.consents.lock_shared(proposal.participant)
        known = await covering(uow, proposal, at)
        released = None
        if known is not None:
            decided = replace(proposal, by=known.by, standing=known.id)
            await uow.proposals.decide(decided, "approved", None, at)
            released = await delivery.release(uow, proposal.id, due_at=at, at=at)
        await uow.commit()
    return released


async def state_of(scene: Scene, proposal: StoredProposal) -> str:
    async with scene.store.unit_of_work() as uow:
        found = await uow.proposals.get(proposal.id)
    assert found is not None
    return found.state


async def sendings_of(scene: Scene, proposal: StoredProposal) -> list[str]:
    """The states of the sendings that a proposal has or had."""
    every = ("proposed", "approved", "queued", "sending", "delivered", "failed", "suppressed", "expired")
    async with scene.store.unit_of_work() as uow:
        return [found.state for found in await uow.deliveries.for_proposal(proposal.id, every)]


async def at_rest(scene: Scene) -> Scene:
    """The scene with nothing waiting: what the demo's own people have to do is done."""
    async with scene.store.unit_of_work() as uow:
        for duty in await uow.duties.open(bare=True):
            await uow.duties.set(replace(duty, state="done", done_at=scene.clock()))
        await uow.commit()
    return scene

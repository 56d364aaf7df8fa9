"""A person says yes or no to exactly the bytes that would leave."""

from datetime import datetime, timedelta
from uuid import UUID

from gateway import delivery as deliveries
from gateway import ledger
from gateway.disclosure import still_stands
from gateway.jobs import enqueue_delivery
from gateway.settings import Settings
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import StoredDelivery, StoredProposal
from gateway.windows import due


class ApprovalError(ValueError):
    """A proposal cannot be decided so. Names the field and the rule."""


async def approve(store: Store, settings: Settings, identity: UUID, *, at: datetime) -> StoredDelivery:
    """Approve a proposal: it leaves with the answer that is due, or in the next window if that has gone.

    Approving is not sending: at the window everything is decided again, on exactly the pinned versions.
    """
    async with store.unit_of_work() as uow:
        proposal = await _waiting(uow, identity)
        if not await still_stands(uow, proposal, at):
            raise ApprovalError("`proposal`: what it would say may no longer leave")
        await uow.proposals.decide(proposal, "approved", None, at)
        await _account(uow, proposal, "approved", at)
        delivery = await _ride(uow, proposal, settings, at)
        await uow.commit()
    return delivery


async def decline(store: Store, identity: UUID, *, why: str, at: datetime) -> None:
    """Decline a proposal. Who asked gets the neutral answer when it is due; the reason stays here."""
    async with store.unit_of_work() as uow:
        proposal = await _waiting(uow, identity)
        await uow.proposals.decide(proposal, "declined", why, at)
        await _account(uow, proposal, "declined", at)
        await uow.commit()


async def _waiting(uow: UnitOfWork, identity: UUID) -> StoredProposal:
    unlocked = await uow.proposals.get(identity)
    if unlocked is None:
        raise ApprovalError("`proposal`: there is none by that id")
    await uow.consents.lock_shared(unlocked.participant)  # always before any other row: revocations lock in that order
    proposal = await uow.proposals.get(identity, lock=True)
    if proposal is None or proposal.state != "waiting":
        raise ApprovalError("`proposal`: has been decided already")
    return proposal


async def _account(uow: UnitOfWork, proposal: StoredProposal, outcome: str, at: datetime) -> None:
    content = {"proposal": str(proposal.id), "digest": proposal.digest}
    await ledger.append(
        uow, outcome, at=at, content=content, participant=proposal.participant, organization=proposal.recipient
    )


async def _ride(uow: UnitOfWork, proposal: StoredProposal, settings: Settings, at: datetime) -> StoredDelivery:
    queued = [] if proposal.question is None else await uow.deliveries.for_question(proposal.question)
    for delivery in queued:
        locked = await uow.deliveries.get(delivery.id, lock=True)
        if locked is not None and locked.state == deliveries.QUEUED and locked.proposal is None and not locked.attempts:
            return await deliveries.attach(uow, locked, proposal.id, at)
    return await _message_of_its_own(uow, proposal, settings, at)


async def _message_of_its_own(
    uow: UnitOfWork, proposal: StoredProposal, settings: Settings, at: datetime
) -> StoredDelivery:
    window = timedelta(seconds=settings.release_window_seconds)
    delivery = StoredDelivery(
        new_id(),
        proposal.participant,
        proposal.question,
        proposal.id,
        proposal.recipient,
        deliveries.QUEUED,
        0,
        None,
        None,
        due(at, delay=timedelta(0), every=window),
        late=True,
    )
    await uow.deliveries.add(delivery, at)
    await enqueue_delivery(uow, delivery.id, delivery.due_at)
    return delivery

"""One function changes the state of a delivery, and each change is on the ledger.

    proposed -> approved -> queued -> sending -> delivered -> acknowledged
                                         ends: failed (may be tried again), suppressed, expired

An answer to a question starts queued; what a person must approve first starts proposed.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from consent.request import DisclosureRequest
from gateway import duties, ledger
from gateway.jobs import enqueue_delivery
from gateway.store import codec
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import LedgerEntry, StoredDelivery

PROPOSED: Final = "proposed"
APPROVED: Final = "approved"
QUEUED: Final = "queued"
SENDING: Final = "sending"
DELIVERED: Final = "delivered"
ACKNOWLEDGED: Final = "acknowledged"
FAILED: Final = "failed"
SUPPRESSED: Final = "suppressed"
EXPIRED: Final = "expired"

LIVE: Final = frozenset({QUEUED, SENDING})
"""In these a job is owed: whoever finds one past its time without a job enqueues it again."""

# From a state, the states that may follow. What is not here is a bug, and is refused. A partner's acknowledgement
# proves that it has the message, whatever we had made of the attempt.
TRANSITIONS: Final = MappingProxyType(
    {
        PROPOSED: frozenset({APPROVED, SUPPRESSED, EXPIRED}),
        APPROVED: frozenset({QUEUED, SUPPRESSED, EXPIRED}),
        QUEUED: frozenset({QUEUED, SENDING, ACKNOWLEDGED, SUPPRESSED, EXPIRED}),
        SENDING: frozenset({QUEUED, SENDING, DELIVERED, ACKNOWLEDGED, FAILED, SUPPRESSED, EXPIRED}),
        DELIVERED: frozenset({ACKNOWLEDGED}),
        ACKNOWLEDGED: frozenset[str](),
        FAILED: frozenset({QUEUED, ACKNOWLEDGED}),
        SUPPRESSED: frozenset({ACKNOWLEDGED}),
        EXPIRED: frozenset({ACKNOWLEDGED}),
    }
)
_WAITS: Final = frozenset({PROPOSED, APPROVED})


class TransitionError(ValueError):
    """A delivery was asked to go where it cannot go from where it is."""


class DeliveryError(ValueError):
    """There is no such delivery, for whoever asks. Names the field and the rule."""


async def move(  # noqa: PLR0913  -- the one function for every change
    uow: UnitOfWork,
    delivery: StoredDelivery,
    to: str,
    *,
    at: datetime,
    cause: str | None = None,
    entry: UUID | None = None,
    due_at: datetime | None = None,
    attempts: int | None = None,
    by: str | None = None,
) -> StoredDelivery:
    """Change a delivery's state inside the caller's transaction, and account for it.

    The caller holds the row. `cause` is a code, never content; `by`: who did it, where that was a person. Raises
    TransitionError for what is no transition.
    """
    moved = replace(
        _checked(delivery, to),
        cause=cause,
        entry=entry or delivery.entry,
        due_at=due_at or delivery.due_at,
        attempts=delivery.attempts if attempts is None else attempts,
        acknowledged_at=at if to == ACKNOWLEDGED else delivery.acknowledged_at,
    )
    await uow.deliveries.set_state(moved, at)
    await uow.mark("delivery", _mark(moved, at))
    await _account(uow, delivery.state, moved, at, by)
    return moved


async def move_all(
    uow: UnitOfWork, several: Sequence[tuple[StoredDelivery, UUID | None]], to: str, *, at: datetime
) -> None:
    """Do what `move` does, for several deliveries that go to one state; each counts an attempt with its new `entry`."""
    if not several:
        return
    moved = [
        replace(_checked(each, to), cause=None, entry=entry or each.entry, attempts=each.attempts + (entry is not None))
        for each, entry in several
    ]
    await uow.deliveries.set_states(moved, at)
    await uow.mark_all("delivery", [_mark(each, at) for each in moved])
    befores = [each.state for each, _ in several]
    await ledger.append_all(uow, [_entry(before, after, at) for before, after in zip(befores, moved, strict=True)])


def _checked(delivery: StoredDelivery, to: str) -> StoredDelivery:
    if to not in TRANSITIONS[delivery.state]:
        raise TransitionError(f"`state`: a delivery that is {delivery.state} cannot become {to}")
    if to == ACKNOWLEDGED and delivery.entry is None:
        raise TransitionError("`state`: what never left cannot be acknowledged")
    return replace(delivery, state=to)


def _mark(moved: StoredDelivery, at: datetime) -> dict[str, str | None]:
    """Give what the journal keeps of a change: enough for `restore` to know what has arrived (gateway.replaying)."""
    proposal = None if moved.proposal is None else str(moved.proposal)
    names = {"delivery": str(moved.id), "key": str(moved.key), "proposal": proposal}
    return {**names, "state": moved.state, "at": at.isoformat()}


async def queue(  # noqa: PLR0913  -- each is a fact about one sending
    uow: UnitOfWork,
    *,
    participant: UUID | None,
    recipient: str,
    exchange: str | None,
    request: DisclosureRequest | None,
    due_at: datetime,
    at: datetime,
    proposal: UUID | None = None,
    kind: str = "exchange",
    expires_at: datetime | None = None,
    max_attempts: int | None = None,
    identity: UUID | None = None,
) -> StoredDelivery:
    """Make a sending that no question asked for, in the caller's transaction.

    With a `proposal` it starts proposed, and `release` lets it go once a person has approved; else it starts queued.
    `identity`: an id of the caller's own; the sending that is there by that id already is given back as it is. After
    `expires_at` it is not sent any more. `max_attempts`: fewer than the house tries.
    """
    known = None if identity is None else await uow.deliveries.get(identity)
    if known is not None:
        return known
    made = StoredDelivery(
        id=identity or new_id(),
        participant=participant,
        question=None,
        proposal=proposal,
        recipient=recipient,
        state=QUEUED if proposal is None else PROPOSED,
        attempts=0,
        entry=None,
        cause=None,
        due_at=due_at,
        kind=kind,
        exchange=exchange,
        request=None if request is None else codec.load_json(codec.dump(request)),
        expires_at=expires_at,
        max_attempts=max_attempts,
    )
    await uow.deliveries.add(made, at)
    await _account(uow, None, made, at)
    if made.state == QUEUED:
        await enqueue_delivery(uow, made.id, due_at)
    return made


async def release(uow: UnitOfWork, proposal: UUID, *, due_at: datetime, at: datetime) -> StoredDelivery | None:
    """Let the sending of a proposal go that a person has just approved: proposed, approved, queued.

    `due_at` counts unless the sending's own time is later. None: no sending waits for this proposal.
    """
    waiting = await uow.deliveries.for_proposal(proposal, (PROPOSED,))
    if not waiting:
        return None
    approved = await move(uow, waiting[0], APPROVED, at=at)
    queued = await move(uow, approved, QUEUED, at=at, due_at=max(due_at, approved.due_at))
    await enqueue_delivery(uow, queued.id, queued.due_at)
    return queued


async def drop(uow: UnitOfWork, proposal: UUID, *, cause: str, at: datetime) -> int:
    """Stop the sendings that wait for a proposal which was declined or withdrawn. Returns how many."""
    waiting = await uow.deliveries.for_proposal(proposal, tuple(sorted(_WAITS)))
    for delivery in waiting:
        await move(uow, delivery, SUPPRESSED, at=at, cause=cause)
    return len(waiting)


async def attach(uow: UnitOfWork, delivery: StoredDelivery, proposal: UUID, at: datetime) -> StoredDelivery:
    """Let an approved proposal ride on the answer that is queued for its question."""
    if delivery.state != QUEUED or delivery.proposal is not None:
        raise TransitionError("`state`: only a queued answer without content can take a proposal")
    attached = replace(delivery, proposal=proposal)
    await uow.deliveries.set_state(attached, at)
    await _account(uow, delivery.state, attached, at)
    return attached


async def own(uow: UnitOfWork, identity: UUID, participant: UUID, at: datetime) -> None:
    """Let a delivery know whom it is about, so that a revocation finds it. Nothing else of it changes."""
    delivery = await uow.deliveries.get(identity, lock=True)  # as it is now: it may be on its way this very moment
    if delivery is not None:
        await uow.deliveries.set_state(replace(delivery, participant=participant), at)


async def put_back(uow: UnitOfWork, delivery: StoredDelivery, until: datetime, at: datetime) -> StoredDelivery:
    """Look at a delivery again at `until`: its recipient's endpoint is not tried now. No attempt, no budget spent.

    The caller holds the row. A queued one stays as it is but for its time, which is no change of state.
    """
    if delivery.state != QUEUED:
        later = await move(uow, delivery, QUEUED, at=at, cause=delivery.cause, due_at=until)
    else:
        later = replace(delivery, due_at=until)
        await uow.deliveries.set_state(later, at)
    await enqueue_delivery(uow, later.id, until)
    return later


async def acknowledge(uow: UnitOfWork, reference: UUID, organization: str, at: datetime) -> StoredDelivery:
    """Record that the recipient says it has the message; a second time changes nothing.

    `reference`: the delivery's id, or the idempotency key that went with it. Raises DeliveryError, the same for every
    reason, unless `organization` is the recipient and something has left.
    """
    for delivery in await uow.deliveries.by_reference(reference):
        if delivery.recipient == organization and delivery.entry is not None:
            return await _acknowledged(uow, delivery, at)
    raise DeliveryError("`delivery`: nothing by that name was sent to this organization")


async def _acknowledged(uow: UnitOfWork, delivery: StoredDelivery, at: datetime) -> StoredDelivery:
    if delivery.state == ACKNOWLEDGED:
        return delivery
    known = await move(uow, delivery, ACKNOWLEDGED, at=at, by=delivery.recipient)
    await close(uow, known, "released", at)
    await duties.close_duties(uow, reference=known.id, at=at)  # a dead letter that has arrived, an end that was heard
    return known


async def close(uow: UnitOfWork, delivery: StoredDelivery, became: str, at: datetime) -> None:
    """Let the question and the proposal of a delivery that has arrived know. `became`: what the proposal is now."""
    if delivery.question is not None:
        await uow.questions.answered(delivery.question)
    if delivery.proposal is not None:
        await uow.proposals.end(delivery.proposal, became, at)


def is_answer(delivery: StoredDelivery) -> bool:
    """Say whether a delivery is the one answer to a question: then something goes out whatever is decided."""
    return delivery.question is not None and not delivery.late


async def _account(
    uow: UnitOfWork, before: str | None, after: StoredDelivery, at: datetime, by: str | None = None
) -> None:
    made = _entry(before, after, at, by)
    await ledger.append(
        uow, made.kind, at=at, content=made.content, participant=made.participant, organization=made.organization
    )


def _entry(before: str | None, after: StoredDelivery, at: datetime, by: str | None = None) -> LedgerEntry:
    content = {
        "delivery": str(after.id),
        "from": before,
        "to": after.state,
        "proposal": None if after.proposal is None else str(after.proposal),
        "attempt": after.attempts,
        "cause": after.cause,
        "disclosure": None if after.entry is None else str(after.entry),
        **({} if by is None else {"by": by}),
    }
    return ledger.entry("delivery", at=at, content=content, participant=after.participant, organization=after.recipient)

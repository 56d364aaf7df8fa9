"""One function changes the state of a delivery, and each change is on the ledger."""

from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from gateway import ledger
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredDelivery

QUEUED: Final = "queued"
SENDING: Final = "sending"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
SUPPRESSED: Final = "suppressed"

# From a state, the states that may follow. What is not here is a bug, and is refused.
TRANSITIONS: Final = MappingProxyType(
    {
        QUEUED: frozenset({QUEUED, SENDING, SUPPRESSED}),
        SENDING: frozenset({QUEUED, SENDING, DELIVERED, FAILED, SUPPRESSED}),
        DELIVERED: frozenset[str](),
        FAILED: frozenset[str](),
        SUPPRESSED: frozenset[str](),
    }
)


class TransitionError(ValueError):
    """A delivery was asked to go where it cannot go from where it is."""


async def move(
    uow: UnitOfWork,
    delivery: StoredDelivery,
    to: str,
    *,
    at: datetime,
    cause: str | None = None,
    entry: UUID | None = None,
    due_at: datetime | None = None,
    attempts: int | None = None,
) -> StoredDelivery:
    """Change a delivery's state inside the caller's transaction, and account for it.

    The caller holds the row. `cause` is a code, never content. Raises TransitionError for what is no transition.
    """
    if to not in TRANSITIONS[delivery.state]:
        raise TransitionError(f"`state`: a delivery that is {delivery.state} cannot become {to}")
    moved = replace(
        delivery,
        state=to,
        cause=cause,
        entry=entry or delivery.entry,
        due_at=due_at or delivery.due_at,
        attempts=delivery.attempts if attempts is None else attempts,
    )
    await uow.deliveries.set_state(moved, at)
    await uow.mark("delivery", {"delivery": str(moved.id), "state": to, "at": at.isoformat()})
    await _account(uow, delivery, moved, at)
    return moved


async def attach(uow: UnitOfWork, delivery: StoredDelivery, proposal: UUID, at: datetime) -> StoredDelivery:
    """Let an approved proposal ride on the answer that is queued for its question."""
    if delivery.state != QUEUED or delivery.proposal is not None:
        raise TransitionError("`state`: only a queued answer without content can take a proposal")
    attached = replace(delivery, proposal=proposal)
    await uow.deliveries.set_state(attached, at)
    await _account(uow, delivery, attached, at)
    return attached


async def own(uow: UnitOfWork, identity: UUID, participant: UUID, at: datetime) -> None:
    """Let a delivery know whom it is about, so that a revocation finds it. Nothing else of it changes."""
    delivery = await uow.deliveries.get(identity, lock=True)  # as it is now: it may be on its way this very moment
    if delivery is not None:
        await uow.deliveries.set_state(replace(delivery, participant=participant), at)


async def _account(uow: UnitOfWork, before: StoredDelivery, after: StoredDelivery, at: datetime) -> None:
    content = {
        "delivery": str(after.id),
        "from": before.state,
        "to": after.state,
        "proposal": None if after.proposal is None else str(after.proposal),
        "attempt": after.attempts,
        "cause": after.cause,
        "disclosure": None if after.entry is None else str(after.entry),
    }
    await ledger.append(
        uow, "delivery", at=at, content=content, participant=after.participant, organization=after.recipient
    )

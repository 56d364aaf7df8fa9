"""A worker makes one delivery: past the point of no return, out through a door, and the outcome on the ledger.

If the process dies between sending and writing that down, the job is taken over, passes the point again, and sends
with the same idempotency key: the recipient has it once.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from adapters.outbound import Acknowledged, Failed, Outbound
from consent.disclosure import Disclosure, NeutralAnswer
from consent.request import DisclosureRequest
from gateway import delivery as deliveries
from gateway.disclosure import disclose, refuse_stranger
from gateway.jobs import enqueue_delivery
from gateway.log import get_logger
from gateway.questions import request_of
from gateway.stopping import suppress
from gateway.store import codec
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry, StoredDelivery, StoredProposal, StoredQuestion
from gateway.store.vault import UNREADABLE

MAX_ATTEMPTS: Final = 10
FIRST_WAIT: Final = 1.0  # seconds
LONGEST_WAIT: Final = 3600.0
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Doors:
    """How to reach a recipient, and what time it is."""

    open: Callable[[UnitOfWork, str], Awaitable[Outbound | None]]
    now: Callable[[], datetime]
    timeout: float


@dataclass(frozen=True, slots=True)
class _Work:
    delivery: StoredDelivery
    question: StoredQuestion | None
    proposal: StoredProposal | None
    door: Outbound | None


async def deliver(store: Store, doors: Doors, identity: UUID) -> None:
    """Make one delivery, unless it has ended. Safe to call any number of times, by any number of processes.

    A record that cannot be read is answered like any other refusal: an answer that stayed away would tell something.
    """
    try:
        await _deliver(store, doors, identity, whole=True)
    except UNREADABLE as error:
        _log.error("record unreadable", delivery=str(identity), error_class=type(error).__name__)
        await _deliver(store, doors, identity, whole=False)


async def _deliver(store: Store, doors: Doors, identity: UUID, *, whole: bool) -> None:
    work = await _load(store, doors, identity, whole=whole)
    if work is None or work.delivery.state not in (deliveries.QUEUED, deliveries.SENDING):
        return
    message = await _pass(store, work, doors)
    if message is None:
        return
    outcome = await _send(work, message, doors.timeout)
    await _finish(store, identity, outcome, doors.now())


async def _send(work: _Work, message: Disclosure | NeutralAnswer, seconds: float) -> Acknowledged | Failed:
    """Send through the recipient's own door, or not at all."""
    recipient = message.recipient if isinstance(message, NeutralAnswer) else message.clearance.recipient
    if recipient != work.delivery.recipient:
        return Failed(retryable=False, cause="not-the-recipient")
    if work.door is None:
        return Failed(retryable=True, cause="no-endpoint")
    return await work.door.send(message, idempotency_key=str(work.delivery.id), timeout=seconds)


async def _load(store: Store, doors: Doors, identity: UUID, *, whole: bool) -> _Work | None:
    """Load a delivery with its question and proposal, or bare: then it can only be answered neutrally."""
    async with store.unit_of_work() as uow:
        delivery = await uow.deliveries.get(identity)
        if delivery is None:
            return None
        if not whole:
            return _Work(delivery, None, None, await doors.open(uow, delivery.recipient))
        question = None if delivery.question is None else await uow.questions.get(delivery.question)
        proposal = None if delivery.proposal is None else await uow.proposals.get(delivery.proposal)
        return _Work(delivery, question, proposal, await doors.open(uow, delivery.recipient))


async def _pass(store: Store, work: _Work, doors: Doors) -> Disclosure | NeutralAnswer | None:
    """Pass the point of no return. None: nothing is to be sent by this delivery after all."""
    ended = False

    async def passing(uow: UnitOfWork, passed: bool, entry: LedgerEntry) -> None:  # noqa: FBT001  -- the shape of Passing
        nonlocal ended
        ended = not await _mark(uow, work, passed=passed, entry=entry, at=doors.now())

    at = doors.now()
    request = _request(work, at)
    reference = str(work.delivery.question or work.delivery.id)
    if request is None:
        detail = {"question": reference, "delivery": str(work.delivery.id)}
        message: Disclosure | NeutralAnswer = await refuse_stranger(
            store, recipient=work.delivery.recipient, reference=reference, at=at, detail=detail, passing=passing
        )
    else:
        message = await disclose(store, request, reference=reference, approved=work.proposal, passing=passing)
    return None if ended else message


def _request(work: _Work, at: datetime) -> DisclosureRequest | None:
    if work.proposal is not None:
        return replace(codec.load(DisclosureRequest, codec.dump(work.proposal.request)), at=at)
    if work.question is None or work.question.participant is None:
        return None
    return request_of(work.question, work.question.participant, at)


async def _mark(uow: UnitOfWork, work: _Work, *, passed: bool, entry: LedgerEntry, at: datetime) -> bool:
    """Write the new state of the delivery into the passing transaction. False: it sends nothing."""
    delivery = await uow.deliveries.get(work.delivery.id, lock=True)
    if delivery is None or delivery.state not in (deliveries.QUEUED, deliveries.SENDING):
        return False
    if delivery.proposal != work.delivery.proposal:  # a person approved in this very moment: begin again
        await enqueue_delivery(uow, delivery.id, at)
        return False
    if not passed and work.proposal is not None:
        await suppress(uow, delivery, at, cause="may-no-longer-leave")
        return False
    attempts = delivery.attempts + 1
    await deliveries.move(uow, delivery, deliveries.SENDING, at=at, entry=entry.id, attempts=attempts)
    return True


async def _finish(store: Store, identity: UUID, outcome: Acknowledged | Failed, at: datetime) -> None:
    async with store.unit_of_work() as uow:
        delivery = await uow.deliveries.get(identity, lock=True)
        if delivery is None or delivery.state != deliveries.SENDING:
            return
        if isinstance(outcome, Acknowledged):
            await deliveries.move(uow, delivery, deliveries.DELIVERED, at=at)
            await _close(uow, delivery, at)
        elif outcome.retryable and delivery.attempts < MAX_ATTEMPTS:
            again = at + _wait(delivery.attempts)
            await deliveries.move(uow, delivery, deliveries.QUEUED, at=at, cause=outcome.cause, due_at=again)
            await enqueue_delivery(uow, identity, again)
        else:
            await deliveries.move(uow, delivery, deliveries.FAILED, at=at, cause=outcome.cause)
        await uow.commit()


async def _close(uow: UnitOfWork, delivery: StoredDelivery, at: datetime) -> None:
    if delivery.question is not None:
        await uow.questions.answered(delivery.question)
    if delivery.proposal is not None:
        await uow.proposals.end(delivery.proposal, "released", at)


def _wait(attempts: int) -> timedelta:
    """Exponential backoff with full jitter above half."""
    longest = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))  # noqa: S311  -- spreads load, guards nothing

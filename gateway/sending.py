"""A worker makes one delivery: past the point of no return, out through a door, and the outcome on the ledger.

If the process dies between sending and writing that down, the job is taken over, passes the point again, and sends
with the same idempotency key: the recipient has it once.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from adapters.outbound import Acknowledged, Failed, Outbound
from consent.disclosure import Disclosure, NeutralAnswer
from consent.request import DisclosureRequest
from gateway import delivery as deliveries
from gateway.disclosure import Before, EndedError, Passing, disclose, refuse_stranger
from gateway.jobs import enqueue_delivery
from gateway.log import get_logger
from gateway.questions import request_of
from gateway.stopping import suppress
from gateway.store import codec
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry, StoredDelivery, StoredProposal, StoredQuestion
from gateway.store.vault import UNREADABLE

MAX_ATTEMPTS: Final = 80  # with the waits below: about three days
HELD_WAIT: Final = timedelta(seconds=60)
FIRST_WAIT: Final = 1.0  # seconds
LONGEST_WAIT: Final = 3600.0
_KEYS: Final = UUID("6f1d2c0e-5b1e-5c53-9a55-0f6a3f7f3a11")  # a namespace of our own for uuid5 (RFC 9562)
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Doors:
    """How to reach a recipient, what time it is, how long one attempt may take.

    `step`, seconds: a sending begins at a whole multiple of it after its job began, whatever was decided.
    """

    open: Callable[[UnitOfWork, str], Awaitable[Outbound | None]]
    now: Callable[[], datetime]
    timeout: float
    step: float = 0.0


@dataclass(frozen=True, slots=True)
class _Work:
    delivery: StoredDelivery
    question: StoredQuestion | None
    proposal: StoredProposal | None
    first: LedgerEntry | None
    door: Outbound | None


async def deliver(store: Store, doors: Doors, identity: UUID) -> None:
    """Make one delivery, unless it has ended. Safe to call any number of times, by any number of processes.

    A record that cannot be read is answered like any other refusal: an answer that stayed away would tell something.
    """
    began = asyncio.get_running_loop().time()
    try:
        instead = await _deliver(store, doors, identity, began, whole=True)
    except UNREADABLE as error:
        _log.error("record unreadable", delivery=str(identity), error_class=type(error).__name__)
        instead = await _deliver(store, doors, identity, began, whole=False)
    if instead is not None:
        await _deliver(store, doors, instead, began, whole=True)


async def _deliver(store: Store, doors: Doors, identity: UUID, began: float, *, whole: bool) -> UUID | None:
    """Make one delivery; returns the neutral sending that takes its place, if it was suppressed in this moment."""
    work = await _load(store, doors, identity, whole=whole)
    if work is None or work.delivery.state not in (deliveries.QUEUED, deliveries.SENDING):
        return None
    message, instead = await _pass(store, work, doors)
    if message is not None:
        await _until_step(began, doors.step)
        outcome = await _send(work, message, doors.timeout)
        await _finish(store, work.delivery, message, outcome, doors.now())
    return instead


async def _until_step(began: float, step: float) -> None:
    """Wait for the next whole step since the job began: how long deciding took must not be told by the arrival."""
    if step > 0:
        passed = asyncio.get_running_loop().time() - began
        await asyncio.sleep(math.ceil(passed / step) * step - passed)


async def _send(work: _Work, message: Disclosure | NeutralAnswer, seconds: float) -> Acknowledged | Failed:
    """Send through the recipient's own door, or not at all."""
    recipient = message.recipient if isinstance(message, NeutralAnswer) else message.clearance.recipient
    if recipient != work.delivery.recipient:
        return Failed(retryable=False, cause="not-the-recipient")
    if work.door is None:
        return Failed(retryable=True, cause="no-endpoint")
    return await work.door.send(message, idempotency_key=key_of(work.delivery), timeout=seconds)


def key_of(delivery: StoredDelivery) -> str:
    """Name a sending to its recipient: one key for the one answer to a question, whatever came between.

    Tells nothing by itself: no clock is in it, and the key of an answer follows from the question's reference alone.
    """
    name = f"answer:{delivery.question}" if delivery.question and not delivery.late else f"message:{delivery.id}"
    return str(uuid5(_KEYS, name))


async def _load(store: Store, doors: Doors, identity: UUID, *, whole: bool) -> _Work | None:
    """Load a delivery with its question and proposal, or bare: then it can only be answered neutrally.

    On a held site nothing leaves, not even a refusal: the delivery is looked at again later.
    """
    async with store.unit_of_work() as uow:
        if await uow.registry.is_held():
            await enqueue_delivery(uow, identity, doors.now() + HELD_WAIT)
            await uow.commit()
            return None
        delivery = await uow.deliveries.get(identity)
        if delivery is None:
            return None
        door = await doors.open(uow, delivery.recipient)
        if not whole:
            return _Work(delivery, None, None, None, door)
        question = None if delivery.question is None else await uow.questions.get(delivery.question)
        proposal = None if delivery.proposal is None else await uow.proposals.get(delivery.proposal)
        first = None if delivery.entry is None else await uow.accounting.get(delivery.entry)
        return _Work(delivery, question, proposal, first, door)


async def _pass(store: Store, work: _Work, doors: Doors) -> tuple[Disclosure | NeutralAnswer | None, UUID | None]:
    """Pass the point of no return: the message to send, if any, and the sending that takes this one's place, if any."""
    instead: UUID | None = None
    sends = False

    async def before(uow: UnitOfWork) -> None:
        await _still_open(uow, work, doors.now())

    async def passing(uow: UnitOfWork, passed: bool, entry: LedgerEntry) -> None:  # noqa: FBT001  -- the shape of Passing
        nonlocal instead, sends
        sends = passed or work.proposal is None
        instead = await _mark(uow, work, sends=sends, entry=entry, at=doors.now())

    try:
        message = await _decide(store, work, doors.now(), before, passing)
    except EndedError:
        return None, None
    return (message if sends else None), instead


async def _decide(
    store: Store, work: _Work, at: datetime, before: Before, passing: Passing
) -> Disclosure | NeutralAnswer:
    request = _request(work, at)
    reference = str(work.delivery.question or work.delivery.id)
    if request is None:
        detail = {"question": reference, "delivery": str(work.delivery.id)}
        return await refuse_stranger(
            store,
            recipient=work.delivery.recipient,
            reference=reference,
            at=at,
            detail=detail,
            before=before,
            passing=passing,
        )
    return await disclose(
        store,
        request,
        reference=reference,
        approved=work.proposal,
        before=before,
        passing=passing,
        retry_of=work.first,
    )


def _request(work: _Work, at: datetime) -> DisclosureRequest | None:
    if work.proposal is not None:
        return replace(codec.load(DisclosureRequest, codec.dump(work.proposal.request)), at=at)
    if work.question is None or work.question.participant is None:
        return None
    return request_of(work.question, work.question.participant, at)


async def _still_open(uow: UnitOfWork, work: _Work, at: datetime) -> None:
    """Hold the delivery, and end here if it has ended, or if a person has approved in this very moment."""
    delivery = await uow.deliveries.get(work.delivery.id, lock=True)
    if delivery is None or delivery.state not in (deliveries.QUEUED, deliveries.SENDING):
        raise EndedError
    if delivery.proposal != work.delivery.proposal:
        await enqueue_delivery(uow, delivery.id, at)
        await uow.commit()
        raise EndedError


async def _mark(uow: UnitOfWork, work: _Work, *, sends: bool, entry: LedgerEntry, at: datetime) -> UUID | None:
    """Write the new state of the delivery, which `_still_open` holds, into the passing transaction."""
    delivery = await uow.deliveries.get(work.delivery.id)
    if delivery is None:
        raise EndedError
    if not sends:
        return await suppress(uow, delivery, at, cause="may-no-longer-leave")
    attempts = delivery.attempts + 1
    await deliveries.move(uow, delivery, deliveries.SENDING, at=at, entry=entry.id, attempts=attempts)
    return None


async def _finish(
    store: Store,
    sent: StoredDelivery,
    message: Disclosure | NeutralAnswer,
    outcome: Acknowledged | Failed,
    at: datetime,
) -> None:
    async with store.unit_of_work() as uow:
        if sent.question is not None:  # locked before the delivery, as by who considers it
            await uow.questions.get(sent.question, lock=True)
        delivery = await uow.deliveries.get(sent.id, lock=True)
        if delivery is None or delivery.state != deliveries.SENDING:
            return
        if isinstance(outcome, Acknowledged):
            await deliveries.move(uow, delivery, deliveries.DELIVERED, at=at)
            await _close(uow, delivery, message, at)
        elif outcome.retryable and delivery.attempts < MAX_ATTEMPTS:
            again = at + _wait(delivery.attempts)
            await deliveries.move(uow, delivery, deliveries.QUEUED, at=at, cause=outcome.cause, due_at=again)
            await enqueue_delivery(uow, delivery.id, again)
        else:
            await deliveries.move(uow, delivery, deliveries.FAILED, at=at, cause=outcome.cause)
        await uow.commit()


async def _close(uow: UnitOfWork, delivery: StoredDelivery, message: Disclosure | NeutralAnswer, at: datetime) -> None:
    if delivery.question is not None:
        await uow.questions.answered(delivery.question)
    if delivery.proposal is not None:
        became = "released" if isinstance(message, Disclosure) else "withdrawn"
        await uow.proposals.end(delivery.proposal, became, at)


def _wait(attempts: int) -> timedelta:
    """Exponential backoff with full jitter above half."""
    longest = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))  # noqa: S311  -- spreads load, guards nothing

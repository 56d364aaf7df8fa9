"""A worker makes one delivery: past the point of no return, out through a door, and the outcome on the ledger.

If the process dies between sending and writing that down, the job is taken over, passes the point again, and sends
with the same idempotency key: the recipient has it once.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from adapters.outbound import Acknowledged, Failed, Outbound
from consent.disclosure import Disclosure, Message
from consent.request import DisclosureRequest
from gateway import breaking, ending, figures, outcomes
from gateway import delivery as deliveries
from gateway.disclosure import Before, EndedError, Passing, disclose, refuse_stranger
from gateway.figures import Figures
from gateway.jobs import enqueue_delivery
from gateway.log import get_logger
from gateway.questions import request_of
from gateway.store import codec
from gateway.store.repositories.stopping import END_OF_PERMISSION
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry, StoredDelivery, StoredProposal, StoredQuestion
from gateway.store.vault import UNREADABLE

HELD_WAIT: Final = timedelta(seconds=60)
LATEST_START: Final = 0.8
"""Seconds after the commit at which an attempt may still begin: with the door's own bound, two to the first byte."""

NOT_TRIED: Final = frozenset({"no-endpoint", "not-the-recipient", "too-late"})
"""Causes that say nothing about the recipient's endpoint: no attempt was made at it."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Doors:
    """How to reach a recipient, what time it is, how long one attempt may take.

    `step`, seconds: the one answer to a question begins at a whole multiple of it after its job began, whatever was
    decided. `figures`: where attempts are counted.
    """

    open: Callable[[UnitOfWork, str], Awaitable[Outbound | None]]
    now: Callable[[], datetime]
    timeout: float
    step: float = 0.0
    figures: Figures = field(default_factory=Figures)


@dataclass(frozen=True, slots=True)
class _Work:
    delivery: StoredDelivery
    question: StoredQuestion | None
    proposal: StoredProposal | None
    first: LedgerEntry | None
    door: Outbound | None
    request: DisclosureRequest | None = None
    failing: bool = False  # the recipient's endpoint has failed the last time


@dataclass(frozen=True, slots=True)
class _Passed:
    """What may be sent, since when (the event loop's clock), and which neutral sending takes its place if nothing."""

    message: Message | None
    since: float
    instead: UUID | None


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
    if work is None:
        return None
    passed = await _pass(store, work, doors)
    if passed.message is not None:
        if deliveries.is_answer(work.delivery):
            await _until_step(began, doors.step)
        outcome = await _send(work, passed.message, passed.since, doors)
        await _finish(store, work, passed.message, outcome, doors.now())
    return passed.instead


async def _send(work: _Work, message: Message, since: float, doors: Doors) -> Acknowledged | Failed:
    return await send(Sendable(work.delivery, message, work.door, since), doors)


async def _until_step(began: float, step: float) -> None:
    """Wait for the next whole step since the job began: how long deciding took must not be told by the arrival."""
    if step > 0:
        passed = asyncio.get_running_loop().time() - began
        await asyncio.sleep(math.ceil(passed / step) * step - passed)


@dataclass(frozen=True, slots=True)
class Sendable:
    """A message that has passed its point. `since`: when, by the event loop's clock."""

    delivery: StoredDelivery
    message: Message
    door: Outbound | None
    since: float


async def send(way: Sendable, doors: Doors) -> Acknowledged | Failed:
    """Send through the recipient's own door while the decision is fresh, or not at all."""
    message, waited = way.message, asyncio.get_running_loop().time() - way.since
    recipient = message.clearance.recipient if isinstance(message, Disclosure) else message.recipient
    if recipient != way.delivery.recipient:
        return Failed(retryable=False, cause="not-the-recipient")
    if way.door is None:
        return Failed(retryable=True, cause="no-endpoint")
    if waited > LATEST_START:  # INVARIANT: what leaves was decided less than two seconds before
        return Failed(retryable=True, cause="too-late")
    outcome = await way.door.send(message, idempotency_key=key_of(way.delivery), timeout=doors.timeout)
    first_byte = None if outcome.first_byte is None else waited + outcome.first_byte
    doors.figures.observe(_name(outcome), first_byte)
    return outcome


def _name(outcome: Acknowledged | Failed) -> str:
    if isinstance(outcome, Acknowledged):
        return figures.DELIVERED
    return figures.RETRIED if outcome.retryable else figures.FAILED


def key_of(delivery: StoredDelivery) -> str:
    """Name a sending to its recipient (StoredDelivery.key), as the header has it."""
    return str(delivery.key)


async def _load(store: Store, doors: Doors, identity: UUID, *, whole: bool) -> _Work | None:
    """Load a delivery with what it says, or bare: then it can only be answered neutrally. None: not now.

    On a held site nothing leaves, not even a refusal; to an endpoint that is left alone neither: the delivery is looked
    at again later.
    """
    now = doors.now()
    async with store.unit_of_work() as uow:
        if await uow.registry.is_held():
            await enqueue_delivery(uow, identity, now + HELD_WAIT)
            await uow.commit()
            return None
        delivery = await uow.deliveries.get(identity)
        if delivery is None or delivery.state not in deliveries.LIVE:
            return None
        if outcomes.is_late(delivery, now):
            await outcomes.expire(uow, identity, now)
            await uow.commit()
            return None
        admission = await breaking.admit(uow, delivery.recipient, now)
        if admission.again is not None:
            await _put_back(uow, identity, admission.again, now)
            await uow.commit()
            return None
        work = await _whole(uow, delivery, doors) if whole else _Work(delivery, None, None, None, None)
        work = replace(work, door=await doors.open(uow, delivery.recipient), failing=admission.failing)
        if admission.failing:
            await uow.commit()  # this may be the one trial
        return work


async def _put_back(uow: UnitOfWork, identity: UUID, until: datetime, now: datetime) -> None:
    delivery = await uow.deliveries.get(identity, lock=True)
    if delivery is not None and delivery.state in deliveries.LIVE:
        await deliveries.put_back(uow, delivery, breaking.spread(until), now)


async def _whole(uow: UnitOfWork, delivery: StoredDelivery, doors: Doors) -> _Work:
    question = None if delivery.question is None else await uow.questions.get(delivery.question)
    proposal = None if delivery.proposal is None else await uow.proposals.get(delivery.proposal)
    first = None if delivery.entry is None else await uow.accounting.get(delivery.entry)
    asked = None if proposal is None else proposal.request
    if proposal is None and question is None:
        asked = await uow.deliveries.request(delivery)
    if asked is not None:
        request = replace(codec.load(DisclosureRequest, codec.dump(asked)), at=doors.now())
        return _Work(delivery, question, proposal, first, None, request)
    if question is None or question.participant is None:
        return _Work(delivery, question, proposal, first, None)
    return _Work(delivery, question, proposal, first, None, request_of(question, question.participant, doors.now()))


async def _pass(store: Store, work: _Work, doors: Doors) -> _Passed:
    """Pass the point of no return."""
    instead: UUID | None = None
    sends, since = False, 0.0

    async def before(uow: UnitOfWork) -> None:
        await _still_open(uow, work, doors.now())

    async def passing(uow: UnitOfWork, passed: bool, entry: LedgerEntry) -> None:  # noqa: FBT001  -- the shape of Passing
        nonlocal instead, sends, since
        sends = passed or (work.proposal is None and deliveries.is_answer(work.delivery))
        instead = await _mark(uow, work, sends=sends, entry=entry, at=doors.now())
        since = asyncio.get_running_loop().time()

    try:
        message = await _decide(store, work, doors.now(), before, passing)
    except EndedError:
        return _Passed(None, since, None)
    return _Passed(message if sends else None, since, instead)


async def _decide(store: Store, work: _Work, at: datetime, before: Before, passing: Passing) -> Message:
    if work.delivery.kind == END_OF_PERMISSION:
        return await ending.pass_on(store, work.delivery, at=at, before=before, passing=passing)
    reference = str(work.delivery.question or work.delivery.id)
    if work.request is None:
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
        replace(work.request, at=at),
        reference=reference,
        approved=work.proposal,
        before=before,
        passing=passing,
        retry_of=work.first,
    )


async def _still_open(uow: UnitOfWork, work: _Work, at: datetime) -> None:
    """Hold the delivery, and end here if it has ended, or if a person has approved in this very moment."""
    delivery = await uow.deliveries.get(work.delivery.id, lock=True)
    if delivery is None or delivery.state not in deliveries.LIVE:
        raise EndedError
    if delivery.proposal != work.delivery.proposal:
        await enqueue_delivery(uow, delivery.id, at)
        await uow.commit()
        raise EndedError


def _named(work: _Work, entry: LedgerEntry) -> UUID:
    """Give the entry that a sending goes under: the first with this content, so that every retry is the same bytes."""
    first, digest = work.first, entry.content.get("digest")
    return first.id if first is not None and digest and first.content.get("digest") == digest else entry.id


async def _mark(uow: UnitOfWork, work: _Work, *, sends: bool, entry: LedgerEntry, at: datetime) -> UUID | None:
    """Write the new state of the delivery, which `_still_open` holds, into the passing transaction."""
    delivery = await uow.deliveries.get(work.delivery.id)
    if delivery is None:
        raise EndedError
    if not sends:
        return await outcomes.suppress(uow, delivery, at, cause="may-no-longer-leave")
    attempts = delivery.attempts + 1
    named = _named(work, entry)
    await deliveries.move(uow, delivery, deliveries.SENDING, at=at, entry=named, attempts=attempts)
    return None


async def _finish(store: Store, work: _Work, message: Message, outcome: Acknowledged | Failed, at: datetime) -> None:
    """Write the outcome down, unless the recipient has acknowledged in the meantime."""
    async with store.unit_of_work() as uow:
        if work.delivery.question is not None:  # locked before the delivery, as by who considers it
            await uow.questions.get(work.delivery.question, lock=True)
        delivery = await uow.deliveries.get(work.delivery.id, lock=True)
        if delivery is not None and delivery.state == deliveries.SENDING:
            await outcomes.settle(uow, delivery, outcome, at, released=isinstance(message, Disclosure))
        if isinstance(outcome, Acknowledged) or outcome.cause not in NOT_TRIED:
            await breaking.judge(uow, work.delivery.recipient, outcome, at, failing=work.failing)
        await uow.commit()

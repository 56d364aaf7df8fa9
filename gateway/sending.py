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
from adapters.subscriptions.rest_hook import RestHook, Signal
from consent.disclosure import Disclosure, Message
from gateway import breaking, ending, figures, notifying, outcomes
from gateway import delivery as deliveries
from gateway.announcing import NOTIFICATION
from gateway.disclosure import Before, EndedError, Passing, disclose, refuse_stranger
from gateway.due_work import Work, named, read_whole
from gateway.figures import Figures
from gateway.jobs import enqueue_delivery
from gateway.log import get_logger
from gateway.store.repositories.stopping import END_OF_PERMISSION
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry, StoredDelivery
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
    decided. `figures`: where attempts are counted. `hooks`: the doors to subscribers.
    """

    open: Callable[[UnitOfWork, str], Awaitable[Outbound | None]]
    now: Callable[[], datetime]
    timeout: float
    step: float = 0.0
    figures: Figures = field(default_factory=Figures)
    hooks: notifying.Hooks | None = None


@dataclass(frozen=True, slots=True)
class _Passed:
    """What may be sent, since when (the event loop's clock), and which neutral sending takes its place if nothing."""

    message: Message | Signal | None
    since: float
    instead: UUID | None


class _OvertakenError(Exception):
    """Another process has made an attempt meanwhile: the next one goes under that one's entry."""


async def deliver(store: Store, doors: Doors, identity: UUID) -> None:
    """Make one delivery, unless it has ended. Safe to call any number of times, by any number of processes.

    A record that cannot be read is answered like any other refusal: an answer that stayed away would tell something.
    """
    began = asyncio.get_running_loop().time()
    try:
        instead = await _latest(store, doors, identity, began, whole=True)
    except UNREADABLE as error:
        _log.error("record unreadable", delivery=str(identity), error_class=type(error).__name__)
        instead = await _latest(store, doors, identity, began, whole=False)
    if instead is not None:
        await _latest(store, doors, instead, began, whole=True)


async def _latest(store: Store, doors: Doors, identity: UUID, began: float, *, whole: bool) -> UUID | None:
    """Make one delivery as it stands, and as it stands then if another process was faster. Ends: attempts are few."""
    while True:
        try:
            return await _deliver(store, doors, identity, began, whole=whole)
        except _OvertakenError:
            continue


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


async def _send(work: Work, message: Message | Signal, since: float, doors: Doors) -> Acknowledged | Failed:
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
    message: Message | Signal
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
    if isinstance(message, Signal):
        return await notifying.signal(way.door, message, key_of(way.delivery), doors.timeout)
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


async def _load(store: Store, doors: Doors, identity: UUID, *, whole: bool) -> Work | None:
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
        if delivery.kind == NOTIFICATION and not await notifying.is_wanted(uow, delivery, now):
            await notifying.drop(uow, identity, now)
            await uow.commit()
            return None
        admission = await breaking.admit(uow, notifying.line_of(delivery), now)
        if admission.again is not None:
            await _put_back(uow, identity, admission.again, now)
            await uow.commit()
            return None
        work = await read_whole(uow, delivery, now) if whole else Work(delivery, None, None, None, None)
        work = replace(work, door=await _door(uow, delivery, doors), failing=admission.failing)
        if admission.failing:
            await uow.commit()  # this may be the one trial
        return work


async def _door(uow: UnitOfWork, delivery: StoredDelivery, doors: Doors) -> Outbound | None:
    if delivery.kind != NOTIFICATION:
        return await doors.open(uow, delivery.recipient)
    return None if doors.hooks is None else await doors.hooks.open(uow, delivery, doors.now())


async def _put_back(uow: UnitOfWork, identity: UUID, until: datetime, now: datetime) -> None:
    delivery = await uow.deliveries.get(identity, lock=True)
    if delivery is not None and delivery.state in deliveries.LIVE:
        await deliveries.put_back(uow, delivery, breaking.spread(until), now)


async def _pass(store: Store, work: Work, doors: Doors) -> _Passed:
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


async def _decide(store: Store, work: Work, at: datetime, before: Before, passing: Passing) -> Message | Signal:
    if work.delivery.kind == END_OF_PERMISSION:
        return await ending.pass_on(store, work.delivery, at=at, before=before, passing=passing)
    if work.delivery.kind == NOTIFICATION and work.request is None:
        return await notifying.pass_on(store, work.delivery, at=at, before=before, passing=passing)
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


async def _still_open(uow: UnitOfWork, work: Work, at: datetime) -> None:
    """Hold the delivery, and end here if it has ended, or if a person has approved in this very moment."""
    delivery = await uow.deliveries.get(work.delivery.id, lock=True)
    if delivery is None or delivery.state not in deliveries.LIVE:
        raise EndedError
    if delivery.entry != work.delivery.entry:  # INVARIANT: every attempt with the same content is the same bytes
        raise _OvertakenError
    if delivery.proposal != work.delivery.proposal:
        await enqueue_delivery(uow, delivery.id, at)
        await uow.commit()
        raise EndedError


async def _mark(uow: UnitOfWork, work: Work, *, sends: bool, entry: LedgerEntry, at: datetime) -> UUID | None:
    """Write the new state of the delivery, which `_still_open` holds, into the passing transaction."""
    delivery = await uow.deliveries.get(work.delivery.id)
    if delivery is None:
        raise EndedError
    if isinstance(work.door, RestHook):
        await notifying.passes(uow, delivery, work.door, sends=sends, at=at)
    if not sends:
        return await outcomes.suppress(uow, delivery, at, cause="may-no-longer-leave")
    attempts = delivery.attempts + 1
    entry_id = named(work, entry)
    await deliveries.move(uow, delivery, deliveries.SENDING, at=at, entry=entry_id, attempts=attempts)
    return None


async def _finish(
    store: Store, work: Work, message: Message | Signal, outcome: Acknowledged | Failed, at: datetime
) -> None:
    """Write the outcome down, unless the recipient has acknowledged in the meantime."""
    async with store.unit_of_work() as uow:
        if work.delivery.question is not None:  # locked before the delivery, as by who considers it
            await uow.questions.get(work.delivery.question, lock=True)
        delivery = await uow.deliveries.get(work.delivery.id, lock=True)
        if delivery is not None and delivery.state == deliveries.SENDING:
            settled = await outcomes.settle(uow, delivery, outcome, at, released=isinstance(message, Disclosure))
            if delivery.kind == NOTIFICATION:
                await notifying.settled(uow, settled, outcome, at)
        if isinstance(outcome, Acknowledged) or outcome.cause not in NOT_TRIED:
            await breaking.judge(uow, notifying.line_of(work.delivery), outcome, at, failing=work.failing)
        await uow.commit()

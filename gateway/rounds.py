"""Several deliveries in one round: decided each alone, written down together.

Only the plain ones: what no question asked for and nobody had to approve, at its first attempt, to an endpoint that
works. Every other goes its own way (`gateway.sending.deliver`), and so does a whole round in which anything goes wrong.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from adapters.outbound import Acknowledged, Failed, Outbound
from consent.disclosure import Disclosure
from consent.request import DisclosureRequest
from gateway import breaking, outcomes
from gateway import delivery as deliveries
from gateway.disclosure import disclose_all
from gateway.log import get_logger
from gateway.sending import NOT_TRIED, Doors, Sendable, deliver, send
from gateway.store import codec
from gateway.store.repositories.claims import Claim, Claims
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry, StoredDelivery

AT_A_TIME: Final = 2
"""So many rounds at most in one process: while one waits for the disk or a recipient, another is worked on."""

AT_ONCE: Final = 16
"""So many in one round at most: its transaction holds as many consent versions, and a revocation waits for it."""

LEAVE_AFTER: Final = (0.0, 0.2, 1.0, 3.0)
"""Seconds to wait before each try to leave the jobs that were taken along: an outage of the database is short."""

_ALONE: Final = 4
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Plain:
    delivery: StoredDelivery
    request: DisclosureRequest
    door: Outbound


async def deliver_round(store: Store, doors: Doors, identity: UUID, job: int) -> None:
    """Make the delivery of a job, and with it others that are due. Each ends as by `gateway.sending.deliver`."""
    async with store.unit_of_work() as uow:
        claims = await Claims(uow.connection).take(job, AT_ONCE - 1)
        await uow.commit()
    done = False
    try:
        await _deliver(store, doors, [identity, *(claim.delivery for claim in claims)])
        done = True
    finally:
        if claims:
            await asyncio.shield(_leave(store, claims, done=done))


async def _leave(store: Store, claims: list[Claim], *, done: bool) -> None:
    """End the jobs that were taken along, or let others have them: then each is looked at again.

    INVARIANT: no claim outlives its round in a worker that lives. Where this cannot be written down, `sweeping.sweep`
    frees the jobs when their lease is over; nobody else would, because their worker breathes.
    """
    for pause in LEAVE_AFTER:
        await asyncio.sleep(pause)
        try:
            await _left(store, claims, done=done)
        except Exception as error:  # noqa: BLE001  -- whatever it was, it is tried again
            _log.warning("jobs were not left", count=len(claims), error_class=type(error).__name__)
        else:
            return


async def _left(store: Store, claims: list[Claim], *, done: bool) -> None:
    async with store.unit_of_work() as uow:
        await (Claims(uow.connection).end(claims) if done else Claims(uow.connection).give_back(claims))
        await uow.commit()


async def _deliver(store: Store, doors: Doors, identities: Sequence[UUID]) -> None:
    alone = set(identities)
    if len(identities) > 1:
        try:
            alone -= await _together(store, doors, identities)
        except Exception as error:  # noqa: BLE001  -- whatever it was, each is looked at alone, where it shows
            _log.warning("round was given up", count=len(identities), error_class=type(error).__name__)
    await _each(store, doors, sorted(alone))


async def _each(store: Store, doors: Doors, identities: Sequence[UUID]) -> None:
    """Make deliveries one by one, a few at a time; the first failure is raised when all have been tried."""
    turn = asyncio.Semaphore(_ALONE)

    async def one(identity: UUID) -> None:
        async with turn:
            await deliver(store, doors, identity)

    tried = await asyncio.gather(*(one(identity) for identity in identities), return_exceptions=True)
    for outcome in tried:
        if isinstance(outcome, BaseException):
            raise outcome


async def _together(store: Store, doors: Doors, identities: Sequence[UUID]) -> set[UUID]:
    """Make the plain ones among these deliveries; returns which those were, sent or suppressed.

    One whose door breaks keeps no other from being written down, and goes on alone, under the same key.
    """
    plain = await _load(store, doors, identities)
    if len(plain) < 2:  # noqa: PLR2004  -- one alone is no round
        return set()
    passed, since = await _pass(store, plain, doors)
    sends = [plain[name] for name in passed]
    ways = [Sendable(each.delivery, passed[str(each.delivery.id)], each.door, since) for each in sends]
    results = await asyncio.gather(*(send(way, doors) for way in ways), return_exceptions=True)
    tried = list(zip([each.delivery for each in sends], results, strict=True))
    sent = [(each, result) for each, result in tried if not isinstance(result, BaseException)]
    await _finish(store, sent, doors.now())
    return {each.delivery.id for each in plain.values()} - {each.id for each, _ in tried} | {
        each.id for each, _ in sent
    }


async def _load(store: Store, doors: Doors, identities: Sequence[UUID]) -> dict[str, _Plain]:
    """Give the plain deliveries among these, by id. On a held site none is: each is put off alone."""
    now = doors.now()
    async with store.unit_of_work() as uow:
        if await uow.registry.is_held():
            return {}
        candidates = [each for each in await uow.deliveries.get_all(identities) if _is_plain(each, now)]
        recipients = {each.recipient for each in candidates}
        working = recipients - await uow.breakers.failing(recipients)
        doors_to = {recipient: await doors.open(uow, recipient) for recipient in sorted(working)}
        found = {}
        for each in candidates:
            door = doors_to.get(each.recipient)
            if door is not None and each.request is not None:
                asked = codec.load(DisclosureRequest, codec.dump(each.request))
                found[str(each.id)] = _Plain(each, replace(asked, at=now), door)
        return found


def _is_plain(delivery: StoredDelivery, now: datetime) -> bool:
    fresh = delivery.state == deliveries.QUEUED and delivery.entry is None and not outcomes.is_late(delivery, now)
    unasked = delivery.question is None and delivery.proposal is None and delivery.participant is not None
    return fresh and unasked and delivery.request is not None and delivery.kind == "exchange"


def _is_untouched(delivery: StoredDelivery) -> bool:
    """Say whether a delivery is still as it was looked at. One that was tried meanwhile goes on as it began, alone."""
    return delivery.state == deliveries.QUEUED and delivery.entry is None and delivery.proposal is None


async def _pass(store: Store, plain: dict[str, _Plain], doors: Doors) -> tuple[dict[str, Disclosure], float]:
    """Pass the point of no return: what may be sent, by id of its delivery, and since when."""
    since = 0.0
    held: dict[str, StoredDelivery] = {}

    async def before(uow: UnitOfWork) -> frozenset[str]:
        now = await uow.deliveries.get_all([each.delivery.id for each in plain.values()], lock=True)
        held.update({str(each.id): each for each in now if _is_untouched(each)})
        return frozenset(held)

    async def passing(uow: UnitOfWork, judged: Sequence[tuple[str, bool, LedgerEntry]]) -> None:
        nonlocal since
        sends = [(held[name], entry.id) for name, passed, entry in judged if passed]
        await deliveries.move_all(uow, sends, deliveries.SENDING, at=doors.now())
        for name, passed, _ in judged:
            if not passed:
                await outcomes.suppress(uow, held[name], doors.now(), cause="may-no-longer-leave")
        since = asyncio.get_running_loop().time()

    requests = {name: each.request for name, each in plain.items()}
    messages = await disclose_all(store, requests, before=before, passing=passing)
    return {name: told for name, told in messages.items() if isinstance(told, Disclosure)}, since


async def _finish(store: Store, sent: Sequence[tuple[StoredDelivery, Acknowledged | Failed]], at: datetime) -> None:
    """Write the outcomes down; what has arrived together, what has not each by itself."""
    async with store.unit_of_work() as uow:
        now = {each.id: each for each in await uow.deliveries.get_all([each.id for each, _ in sent], lock=True)}
        arrived: list[tuple[StoredDelivery, Acknowledged | Failed]] = []
        others: list[tuple[StoredDelivery, Acknowledged | Failed]] = []
        for delivery, outcome in sent:
            current = now.get(delivery.id)
            if current is not None and current.state == deliveries.SENDING:
                (arrived if isinstance(outcome, Acknowledged) else others).append((current, outcome))
        await deliveries.move_all(uow, [(each, None) for each, _ in arrived], deliveries.DELIVERED, at=at)
        for each, outcome in others:
            await outcomes.settle(uow, each, outcome, at, released=True)
        await _judge(uow, sent, at)
        await uow.commit()


async def _judge(uow: UnitOfWork, sent: Sequence[tuple[StoredDelivery, Acknowledged | Failed]], at: datetime) -> None:
    """Count what a round says of each endpoint: what went out at once and failed at once, has failed once."""
    tried: dict[str, list[Acknowledged | Failed]] = defaultdict(list)
    for delivery, outcome in sent:
        if isinstance(outcome, Acknowledged) or outcome.cause not in NOT_TRIED:
            tried[delivery.recipient].append(outcome)
    for recipient in sorted(tried):  # breakers are locked in one order
        if any(isinstance(outcome, Failed) for outcome in tried[recipient]):
            await breaking.judge(uow, recipient, max(tried[recipient], key=_telling), at)


def _telling(outcome: Acknowledged | Failed) -> tuple[bool, float]:
    """Order outcomes by what they tell of an endpoint: an answer most, else the longest wish to be left alone."""
    if isinstance(outcome, Acknowledged):
        return True, 0.0
    return not outcome.retryable, outcome.retry_after or 0.0

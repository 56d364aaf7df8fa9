"""What becomes of a delivery that did not simply arrive: tried again, given up, stopped, too late. Never in silence.

A delivery that is given up keeps its approved proposal, so that a retry sends exactly that. One that may no longer
leave, or whose time limit has passed, takes its proposal with it, and the case manager hears of it.
"""

import contextlib
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from adapters.outbound import Acknowledged, Failed
from consent.codes import OrganizationKind
from gateway import breaking, duties
from gateway import delivery as deliveries
from gateway.delivery import DeliveryError, move
from gateway.jobs import enqueue_delivery
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredDelivery
from gateway.store.vault import UNREADABLE

MAX_ATTEMPTS: Final = 80  # with the waits below: about three days
FIRST_WAIT: Final = 1.0  # seconds
LONGEST_WAIT: Final = 3600.0
TIME_LIMIT: Final = "time-limit"
DEAD_LETTER: Final = "dead-letter"
NOT_SENT: Final = "not-sent"


async def settle(
    uow: UnitOfWork, delivery: StoredDelivery, outcome: Acknowledged | Failed, at: datetime, *, released: bool
) -> StoredDelivery:
    """Write down how an attempt went. The caller holds the row, and says whether content was in it (`released`)."""
    if isinstance(outcome, Acknowledged):
        delivered = await move(uow, delivery, deliveries.DELIVERED, at=at)
        await deliveries.close(uow, delivered, "released" if released else "withdrawn", at)
        return delivered
    if outcome.retryable and delivery.attempts < _budget(delivery):
        again = at + max(backoff(delivery.attempts), breaking.wish(outcome))
        queued = await move(uow, delivery, deliveries.QUEUED, at=at, cause=outcome.cause, due_at=again)
        await enqueue_delivery(uow, queued.id, again)
        return queued
    return await fail(uow, delivery, outcome.cause, at)


def _budget(delivery: StoredDelivery) -> int:
    return MAX_ATTEMPTS if delivery.max_attempts is None else min(delivery.max_attempts, MAX_ATTEMPTS)


def backoff(attempts: int) -> timedelta:
    """Give how long to wait after so many attempts: exponential, with jitter above half."""
    longest = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT)
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))  # noqa: S311  -- spreads load, guards nothing


async def fail(uow: UnitOfWork, delivery: StoredDelivery, cause: str, at: datetime) -> StoredDelivery:
    """Give a delivery up: a dead letter, which a person is told of. Its proposal stays approved."""
    failed = await move(uow, delivery, deliveries.FAILED, at=at, cause=cause)
    await _tell(uow, failed, DEAD_LETTER, at)
    return failed


async def retry(uow: UnitOfWork, identity: UUID, at: datetime, *, by: str) -> StoredDelivery:
    """Queue a failed delivery again, with a whole budget: it passes the point of no return like any other.

    Raises DeliveryError: there is none by that id, it has not failed, or its time limit has passed.
    """
    delivery = await uow.deliveries.get(identity, lock=True)
    if delivery is None:
        raise DeliveryError("`delivery`: there is none by that id")
    if delivery.state != deliveries.FAILED:
        raise DeliveryError(f"`delivery`: is {delivery.state}, only one that failed can be tried again")
    if is_late(delivery, at):
        raise DeliveryError("`delivery`: its time limit has passed")
    queued = await move(uow, delivery, deliveries.QUEUED, at=at, due_at=at, attempts=0, by=by)
    await enqueue_delivery(uow, queued.id, queued.due_at)
    await duties.close_duties(uow, kinds=(DEAD_LETTER,), reference=identity, at=at)
    return queued


async def suppress(uow: UnitOfWork, delivery: StoredDelivery, at: datetime, *, cause: str) -> UUID | None:
    """Stop one sending. Returns the sending that gives the neutral answer instead, due when this one was.

    None for what answers no question: a late message, an exchange. What a person had approved goes back to the case
    manager (design.md 3). The caller holds the row.
    """
    stopped = await move(uow, delivery, deliveries.SUPPRESSED, at=at, cause=cause)
    if stopped.proposal is not None:
        await uow.proposals.lapse(stopped.proposal, at)
        with contextlib.suppress(*UNREADABLE):  # what cannot be read keeps nobody from stopping
            await _tell(uow, stopped, NOT_SENT, at)
    if not deliveries.is_answer(stopped):
        return None
    answer = replace(
        stopped,
        id=new_id(),
        proposal=None,
        state=deliveries.QUEUED,
        attempts=0,
        entry=None,
        cause=None,
        due_at=max(stopped.due_at, at),
    )
    await uow.deliveries.add(answer, at)
    await enqueue_delivery(uow, answer.id, answer.due_at)
    return answer.id


def is_late(delivery: StoredDelivery, now: datetime) -> bool:
    """Say whether a delivery's time limit has passed: from then on nothing of it leaves."""
    return delivery.expires_at is not None and delivery.expires_at <= now


async def expire(uow: UnitOfWork, identity: UUID, at: datetime) -> StoredDelivery | None:
    """End a delivery whose time limit has passed, with the proposal that waits or was approved for it.

    Takes the locks itself. None: it has ended already, or has time left.
    """
    known = await uow.deliveries.get(identity)
    if known is None or not _expires(known, at):
        return None
    if known.participant is not None:
        await uow.consents.lock_shared(known.participant)
    if known.state not in deliveries.LIVE and known.proposal is not None:
        await uow.proposals.hold(known.proposal)  # before the delivery, as by who decides it; else the delivery first
    delivery = await uow.deliveries.get(identity, lock=True)
    if delivery is None or not _expires(delivery, at):
        return None
    ended = await move(uow, delivery, deliveries.EXPIRED, at=at, cause=TIME_LIMIT)
    if ended.proposal is not None:
        await uow.proposals.lapse(ended.proposal, at)
        await duties.close_duties(uow, kinds=("approval",), reference=ended.proposal, at=at)
    await _tell(uow, ended, NOT_SENT, at)
    return ended


def _expires(delivery: StoredDelivery, at: datetime) -> bool:
    return is_late(delivery, at) and deliveries.EXPIRED in deliveries.TRANSITIONS[delivery.state]


async def _tell(uow: UnitOfWork, delivery: StoredDelivery, kind: str, at: datetime) -> None:
    """Open the duty of whoever works with the participant, or, about nobody known, of the site's privacy officer."""
    role = "case-manager"
    organization = None if delivery.participant is None else await uow.deliveries.case_management(delivery.participant)
    if organization is None:
        organization, role = await _keeper(uow), "privacy-officer"
    detail: dict[str, Any] = {"recipient": delivery.recipient, "exchange": delivery.exchange, "cause": delivery.cause}
    await duties.open_duty(
        uow,
        kind,
        organization=organization,
        role=role,
        at=at,
        participant=delivery.participant,
        reference=delivery.id,
        detail=detail,
    )


async def _keeper(uow: UnitOfWork) -> str:
    """Name the organization whose privacy officer keeps the site: its first one for case management."""
    known = await uow.registry.organizations()
    keepers = sorted(name for name, (found, _) in known.items() if found.kind is OrganizationKind.CASE_MANAGEMENT)
    return keepers[0] if keepers else "site"

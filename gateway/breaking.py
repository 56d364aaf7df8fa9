"""The circuit breaker of a recipient's endpoint: after five failures in a row it is left alone for a while.

Shared by all processes, through the database. When the while is over, ONE delivery tries (half-open); if that fails
too, the endpoint is left alone for twice as long. Whatever the endpoint answers closes the breaker, a refusal as well:
it is there. Participants play no part in it: a breaker is about a machine.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from adapters.outbound import Acknowledged, Failed
from gateway.store.repositories.breakers import Breaker
from gateway.store.unit_of_work import UnitOfWork

THRESHOLD: Final = 5  # failures in a row
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=15)
PROBE: Final = timedelta(seconds=10)
"""A trial that has not been heard of for so long died with its process: another delivery may try. An attempt takes
five seconds at most; whoever meets a trial waits no longer than for its outcome."""

SPREAD: Final = timedelta(seconds=10)
"""Those who wait for an endpoint come back within so long of each other, not all at once."""

LONGEST_WISH: Final = timedelta(days=1)
"""A recipient that wants to be left alone for longer (Retry-After) is asked again after so long nevertheless."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a delivery may try its recipient. `again`: not before that moment. `failing`: it has failed lately."""

    again: datetime | None
    failing: bool


async def admit(uow: UnitOfWork, recipient: str, now: datetime) -> Admission:
    """Say whether a delivery may try this recipient. The caller commits: it may have become the one trial."""
    known = await uow.breakers.get(recipient)
    if known is None or known.open_until is None:
        return Admission(None, failing=known is not None)
    if known.open_until > now:
        return Admission(known.open_until, failing=True)
    alone = await uow.breakers.take_probe(recipient, now, now + PROBE)
    return Admission(None if alone else now + PROBE, failing=True)


async def judge(
    uow: UnitOfWork, recipient: str, outcome: Acknowledged | Failed, now: datetime, *, failing: bool = True
) -> None:
    """Count an attempt's outcome. Opens the breaker at the fifth failure in a row, and at each one after it.

    `failing` False: it had not failed when the attempt began, so there is nothing to forget.
    """
    if isinstance(outcome, Acknowledged) or not outcome.retryable:
        if failing:
            await uow.breakers.close(recipient)
        return
    failures = await uow.breakers.count(recipient, outcome.cause, now)
    if failures >= THRESHOLD:
        await uow.breakers.open(recipient, now + max(pause(failures), wish(outcome)), now)


def pause(failures: int) -> timedelta:
    """Give for how long an endpoint is left alone after so many failures in a row."""
    doubled = FIRST_PAUSE * (1 << min(failures - THRESHOLD, 10))
    return min(doubled, LONGEST_PAUSE)


def wish(outcome: Failed) -> timedelta:
    """Give for how long the recipient itself asked to be left alone, within reason."""
    return min(timedelta(seconds=outcome.retry_after or 0.0), LONGEST_WISH)


def spread(until: datetime) -> datetime:
    """Give a moment a little after `until`, so that those who wait do not come all at once."""
    return until + SPREAD * random.uniform(0.0, 1.0)  # noqa: S311  -- spreads load, guards nothing


def is_open(known: Breaker, now: datetime) -> bool:
    """Say whether nothing is tried at this moment."""
    return known.open_until is not None and known.open_until > now

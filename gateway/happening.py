"""What happens to a participant and ends a grant: a release, a disposition, a closed case, a death (P2-41, P2-73).

An event counts for every process at its commit, like a revocation: in that transaction whatever would no longer pass
is taken back.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from consent.codes import Category
from consent.model import Consent, ConsentGrant, Event
from gateway import ledger
from gateway.stopping import COMMAND_LINE, SYSTEM, StopError, Stopped, hold_in
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import StoredItem
from gateway.withdrawing import NOTHING, Withdrawn, tell_staff, withdraw
from mappings.fhir.build import UnreadableResourceError, read_moment
from mappings.tables.events import happened, is_name

DEATH: Final = "death"
_EVENT: Final = "event:"
_OF_FEEDS: Final = frozenset({Category.CUSTODY, Category.LEGAL_STATUS})


@dataclass(frozen=True, slots=True)
class Happened:
    """What recording an event did. `ended`: grants, as CONSENT/GRANT, that hung on it."""

    event: UUID
    ended: tuple[str, ...]
    taken: Withdrawn = NOTHING


async def record_event(
    uow: UnitOfWork, participant: UUID, name: str, at: datetime, *, since: datetime | None = None, by: str = SYSTEM
) -> Happened | None:
    """Record that something has happened (`since`: when, if earlier than now), in the caller's transaction.

    Ends every grant that was signed before it and hangs on it. None: the same is on record already. Takes the consent
    version alone. Raises StopError for a name that can be no event's.
    """
    if not is_name(name):
        raise StopError("`NAME`: must be small letters, digits and single hyphens")
    await uow.consents.lock_and_raise(participant)
    event = Event(name, at if since is None else min(since, at))
    if any(known == event for _, known in await uow.matters.events(participant)):
        return None
    identity = await uow.matters.add_event(participant, event, at)
    ended = [f"{consent.id}/{grant.id}" for consent, grant in await _hanging(uow, participant, event)]
    content = {"event": str(identity), "name": name, "since": event.at.isoformat(), "ended": ended, "by": by}
    await uow.mark("event", {"participant": str(participant), **content})
    await ledger.append(uow, "event", at=at, content=content, participant=participant)
    taken = await withdraw(uow, participant, at, by=by)
    if ended:
        await tell_staff(uow, participant, identity, taken, at, how=f"{_EVENT}{name}", by=by)
    return Happened(identity, tuple(ended), taken)


async def _hanging(uow: UnitOfWork, participant: UUID, event: Event) -> list[tuple[Consent, ConsentGrant]]:
    return [
        (consent, grant)
        for consent, _ in await uow.consents.signed(participant)
        for grant in consent.grants
        if grant.expires == f"{_EVENT}{event.name}" and consent.signed_at <= event.at
    ]


async def happen(
    store: Store, participant: UUID, name: str, *, at: datetime, since: datetime | None = None, by: str = COMMAND_LINE
) -> Happened | None:
    """Record an event that a person has heard of. A death is recorded by `die`, which stops more. Raises StopError."""
    if name == DEATH:
        raise StopError("`NAME`: a death is recorded by a command of its own")
    async with store.unit_of_work() as uow:
        found = await record_event(uow, participant, name, at, since=since, by=by)
        await uow.commit()
    return found


async def die(
    store: Store, participant: UUID, *, at: datetime, since: datetime | None = None, by: str = COMMAND_LINE
) -> Stopped:
    """Record a death: grants that hang on it end, and everything else is held.

    The protection goes on after death, and who consents then is the executor or another personal representative
    (42 CFR 2.15(b), P2-24). So whatever the participant signed rests until a person has looked, and lifts the hold: an
    emergency and a court order are not held, nobody is reminded of anything, and the ledger stays.
    """
    async with store.unit_of_work() as uow:
        happened_so = await record_event(uow, participant, DEATH, at, since=since, by=by)
        stopped = await hold_in(uow, participant, at=at, by=by, how=DEATH)
        await uow.commit()
    return stopped if happened_so is None else Stopped(stopped.stops, at, _both(happened_so.taken, stopped.taken))


def _both(one: Withdrawn, other: Withdrawn) -> Withdrawn:
    return Withdrawn(
        one.deliveries + other.deliveries,
        one.proposals + other.proposals,
        one.standing + other.standing,
        other.leaving,
        one.notices + other.notices,
    )


async def from_items(
    uow: UnitOfWork, participant: UUID, items: Iterable[tuple[UUID, StoredItem]], at: datetime
) -> None:
    """Record the events that new or changed items tell of (mappings/tables/events.toml), in the caller's transaction.

    Whoever sent them never learns what that ended. An item without a known sender tells of nothing.
    """
    for _, item in items:
        sender = None if item.source is None else await uow.registry.organization(item.source)
        names = happened(item.category, item.resource, None if sender is None else sender.kind)
        for name in sorted(names):
            await record_event(uow, participant, name, at, since=_since(item, at))


def _since(item: StoredItem, at: datetime) -> datetime:
    """Give when it happened: the end that the resource states; else of a feed its own moment, of case work now."""
    period = (item.resource or {}).get("period")
    stated = period.get("end") if isinstance(period, dict) else None
    with contextlib.suppress(UnreadableResourceError):
        return read_moment(stated, "period.end")
    return item.created if item.category in _OF_FEEDS else at

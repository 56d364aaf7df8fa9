"""What the calendar does to a form: a reminder 30 and 7 days before it runs out, and what follows when it has (P2-73).

A reminder is a duty of the participant's own case manager, with a letter for the participant in it. INVARIANT: nothing
here reaches a partner; one whose permission has run out hears what it would hear of any other end (gateway.ending).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from consent.days import day_of
from consent.model import Consent, ConsentGrant
from gateway import ledger
from gateway.duties import close_duties, open_duty
from gateway.ending import NAMESPACE
from gateway.happening import DEATH
from gateway.log import get_logger
from gateway.permissions import Standing, grants_in_force, standing_of
from gateway.stopping import SYSTEM
from gateway.store.repositories.stopping import Stopping
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.vault import UNREADABLE
from gateway.withdrawing import withdraw
from mappings.lead import letters

DAYS: Final = (30, 7)
"""So many days before its end, a participant and their case manager are told that a form runs out."""

OVER: Final = 0
"""The mark of a grant whose end has been seen."""

LOOKS_BACK: Final = timedelta(days=60)
"""An end that is longer ago is nobody's news."""

PARTS: Final = 15
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Ending:
    """A grant that ends, or has ended, by its date. `days`: which of the marks is due."""

    consent: Consent
    grant: ConsentGrant
    ends: datetime
    days: int


async def look(store: Store, now: datetime) -> int:
    """Remind, and see what has run out, for those whose turn it is in this minute: everybody every 15 minutes.

    Whether something may leave never waits for this: expiry is asked at the point. Any number of processes may call.
    """
    return await look_at(store, now, part=int(now.timestamp() // 60) % PARTS, parts=PARTS)


async def look_at(store: Store, now: datetime, *, part: int = 0, parts: int = 1) -> int:
    """Do the same for one of so many parts of the participants; returns how many had something."""
    async with store.unit_of_work() as uow:
        people = await Stopping(uow.connection).people(part, parts)
    return sum([await _look_at_one(store, participant, now) for participant in people])


async def _look_at_one(store: Store, participant: UUID, now: datetime) -> bool:
    try:
        async with store.unit_of_work() as uow:
            standing = await standing_of(uow, participant, now)
            due = [] if standing is None else list(_due(standing, now))
            fresh = [each for each in due if await _first_time(uow, participant, each, now)]
            if standing is None or not fresh:
                return False
            await _remind(uow, standing, participant, [each for each in fresh if each.days != OVER], now)
            over = [each for each in fresh if each.days == OVER]
            if not over:
                await uow.commit()
                return True
        return await _run_out(store, participant, now)
    except UNREADABLE as error:
        _log.error("record unreadable", error_class=type(error).__name__)
        return False


async def _run_out(store: Store, participant: UUID, now: datetime) -> bool:
    """Do it again with the version held alone: what has run out takes with it what is queued, like any stop."""
    async with store.unit_of_work() as uow:
        await uow.consents.lock_and_raise(participant)
        standing = await standing_of(uow, participant, now)
        due = [] if standing is None else list(_due(standing, now))
        fresh = [each for each in due if await _first_time(uow, participant, each, now)]
        if standing is None or not fresh:
            return False
        await _remind(uow, standing, participant, [each for each in fresh if each.days != OVER], now)
        ended = [f"{each.consent.id}/{each.grant.id}" for each in fresh if each.days == OVER]
        taken = await withdraw(uow, participant, now, by=SYSTEM)
        content = {"grants": ended, "deliveries_suppressed": taken.deliveries, "by": SYSTEM}
        await ledger.append(uow, "expired", at=now, content=content, participant=participant)
        await uow.commit()
    return True


def _due(standing: Standing, now: datetime) -> Iterator[_Ending]:
    """Yield the grants whose end is near or has come; none of somebody who has died, none that was revoked before."""
    if DEATH in standing.events:
        return
    alive = {(consent.id, grant.id) for consent, grant in grants_in_force(standing, now)}
    for consent in standing.consents:
        for grant in consent.grants:
            if isinstance(grant.expires, datetime) and grant.recipient and grant.categories:
                days = _mark(consent, grant.expires, now, alive=(consent.id, grant.id) in alive)
                if days is not None:
                    yield _Ending(consent, grant, grant.expires, days)


def _mark(consent: Consent, ends: datetime, now: datetime, *, alive: bool) -> int | None:
    """Say which mark is due. A form that was signed for less than that long has no such mark."""
    if ends <= now:
        revoked = any(each.grants == "all" and each.at < ends for each in consent.revocations)
        return OVER if now - ends < LOOKS_BACK and not revoked else None
    for days in sorted(DAYS):
        if alive and ends - now <= timedelta(days=days) < ends - consent.signed_at:
            return days
    return None


async def _first_time(uow: UnitOfWork, participant: UUID, each: _Ending, now: datetime) -> bool:
    named = f"{each.consent.id}|{each.grant.id}|{each.ends.isoformat()}"
    token = await uow.vault.token("reminder", named)
    return await Stopping(uow.connection).remind_once(participant, token, each.days, now)


async def _remind(
    uow: UnitOfWork, standing: Standing, participant: UUID, fresh: Sequence[_Ending], now: datetime
) -> None:
    """Open one duty for all grants of a form that end on the same day."""
    together: dict[tuple[str, datetime], list[_Ending]] = defaultdict(list)
    for each in fresh:
        together[each.consent.id, each.ends].append(each)
    for (consent, ends), grants in together.items():
        reference = uuid5(NAMESPACE, f"ends:{consent}|{ends.isoformat()}")
        await close_duties(uow, kinds=["consent-expiring"], reference=reference, at=now)  # the later one counts
        await open_duty(
            uow,
            "consent-expiring",
            organization=standing.known.case_management,
            role="case-manager",
            at=now,
            participant=participant,
            due_at=ends,
            assignee=standing.known.case_manager,
            reference=reference,
            detail=_detail(standing, grants),
        )
        content = {"consent": consent, "days": grants[0].days, "grants": [e.grant.id for e in grants], "by": SYSTEM}
        await ledger.append(uow, "reminder", at=now, content=content, participant=participant)


def _detail(standing: Standing, grants: Sequence[_Ending]) -> dict[str, Any]:
    """Give what the case manager needs, with the letter in both languages, the form's own language first."""
    first = grants[0]
    recipients = sorted({name for each in grants for name in _names(standing, each.grant.recipient)})
    day = day_of(first.ends, ZoneInfo(standing.site.timezone))
    own = letters.SPANISH if first.consent.form.language.startswith(letters.SPANISH) else letters.ENGLISH
    languages = (own, letters.ENGLISH if own == letters.SPANISH else letters.SPANISH)
    return {
        "consent": first.consent.id,
        "grants": [each.grant.id for each in grants],
        "days": first.days,
        "ends": first.ends.isoformat(),
        "recipients": recipients,
        "letter": {each: list(letters.reminder(each, ends=day, recipients=recipients)) for each in languages},
    }


def _names(standing: Standing, recipients: Iterable[str]) -> Iterator[str]:
    for recipient in recipients:
        known = standing.facts.organizations.get(recipient)
        yield recipient if known is None else known.name

"""Somebody asks for an accounting: registered with the day on which its answer is due, and closed when it is given."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from consent.accounting import View, due_accounting, due_intermediary
from gateway import ledger
from gateway.duties import close_duties, open_duty
from gateway.store.unit_of_work import SiteNotConfiguredError, Store, UnitOfWork

DUTY: Final = "accounting-request"
_NAMESPACE: Final = UUID("0d1f6a52-9c0b-5b0e-8a7e-54d2b2c7a6f3")  # of our own, for uuid5 (RFC 9562)
VIEWS: Final = MappingProxyType({"intermediary": View.INTERMEDIARY, "part2": View.CONSENT, "hipaa": View.HIPAA})
"""What may be asked for: the list of an intermediary (2.24), the accounting under 2.25, that of 45 CFR 164.528."""


class RequestError(ValueError):
    """A request for an accounting cannot be registered or closed so. Names the field and the rule."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits. `view`: a key of VIEWS. `due_at`: when its last day is over."""

    id: UUID
    participant: UUID
    view: str
    received: date
    due_at: datetime | None


def due_of(view: str, received: date) -> date:
    """Give the last day for an answer: 30 days under 2.24, 60 under 2.25 and 164.528. Raises RequestError."""
    if view not in VIEWS:
        raise RequestError("`view`: must be one of " + ", ".join(VIEWS))
    return due_intermediary(received) if VIEWS[view] is View.INTERMEDIARY else due_accounting(received)


async def register(
    store: Store, participant: UUID, *, view: str, received: date, by: str, at: datetime
) -> tuple[UUID, date]:
    """Register a request as it came in. Returns its id and its last day; the same request again is the same one.

    Raises RequestError: another view, a day to come, nobody named, or no such participant.
    """
    due = due_of(view, received)
    if not by.strip():
        raise RequestError("`by`: must name somebody")
    async with store.unit_of_work() as uow:
        known, zone = await uow.participants.get(participant), await _zone(uow)
        if known is None:
            raise RequestError("`participant`: must be a participant of this site")
        if received > at.astimezone(zone).date():
            raise RequestError("`received`: must not be a day to come")
        reference = uuid5(_NAMESPACE, f"{participant}|{view}|{received}")
        before = await uow.duties.open(kinds=[DUTY], reference=reference)
        duty = await open_duty(
            uow,
            DUTY,
            organization=known[0].case_management,
            role="privacy-officer",
            at=at,
            participant=participant,
            due_at=datetime.combine(due + timedelta(days=1), time.min, zone),
            reference=reference,
            detail={"view": view, "received": received.isoformat()},
        )
        if not before:
            content = {"request": str(duty), "view": view, "received": received.isoformat(), "by": by}
            content["due"] = due.isoformat()
            await ledger.append(uow, "accounting-requested", at=at, content=content, participant=participant)
        await uow.commit()
    return duty, due


async def _zone(uow: UnitOfWork) -> ZoneInfo:
    site = await uow.registry.site()
    if site is None:
        raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
    return ZoneInfo(site.timezone)


async def waiting(uow: UnitOfWork, organization: str) -> list[Asked]:
    """Give the requests of an organization's participants that are not answered, the oldest first."""
    found = await uow.duties.open(kinds=[DUTY], organization=organization)
    return [
        Asked(
            each.id,
            each.participant,
            str(each.detail.get("view", "")),
            date.fromisoformat(each.detail["received"]) if "received" in each.detail else each.created_at.date(),
            each.due_at,
        )
        for each in found
        if each.participant is not None
    ]


async def answered(store: Store, identity: UUID, *, how: str, by: str, at: datetime) -> None:
    """Record that a request was answered, and how it was handed over. Raises RequestError."""
    if not how.strip() or not by.strip():
        raise RequestError("`how`: must not be blank")
    async with store.unit_of_work() as uow:
        found = await uow.duties.get(identity, lock=True)
        if found is None or found.kind != DUTY or found.state != "open":
            raise RequestError("`id`: names no open request")
        late = found.due_at is not None and at >= found.due_at
        content = {"request": str(identity), "how": how.strip(), "late": late, "by": by}
        await ledger.append(uow, "accounting-answered", at=at, content=content, participant=found.participant)
        await close_duties(uow, kinds=[DUTY], reference=found.reference, participant=found.participant, at=at)
        await uow.commit()

"""When somebody's information went wrong: an incident, its clock (45 CFR 164.404, 60 days), and its end by a person."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.breach import breach_clock
from consent.days import day_of
from gateway import ledger
from gateway.duties import close_duties, open_duty
from gateway.store.repositories.affairs import Affairs, Incident
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import SiteNotConfiguredError, Store, UnitOfWork

DUTY: Final = "incident"
FALSE_MATCH: Final = "false-match"


class IncidentError(ValueError):
    """An incident cannot be closed so. Names the field and the rule."""


async def open_incident(
    uow: UnitOfWork, kind: str, *, participant: UUID, detail: dict[str, Any], by: str, at: datetime
) -> Incident:
    """Open an incident in the caller's transaction; its last day is 60 days after today, on the site's calendar."""
    site = await uow.registry.site()
    known = await uow.participants.get(participant)
    if site is None or known is None:
        raise SiteNotConfiguredError("`site`: no settings, or nobody by that id")
    zone = ZoneInfo(site.timezone)
    last = breach_clock(day_of(at, zone), {site.state: 1}).individuals_by
    due = datetime.combine(last + timedelta(days=1), time.min, zone)
    incident = Incident(new_id(), kind, participant, at, due, None, {**detail, "by": by})
    await Affairs(uow.connection, uow.vault).put_incident(incident)
    await open_duty(
        uow,
        DUTY,
        organization=known[0].case_management,
        role="privacy-officer",
        at=at,
        participant=participant,
        due_at=due,
        reference=incident.id,
        detail={"kind": kind},
    )
    content = {"incident": str(incident.id), "kind": kind, "due_at": due.isoformat(), "by": by}
    await ledger.append(uow, "incident-opened", at=at, content=content, participant=participant)
    return incident


async def close(store: Store, identity: UUID, *, why: str, by: str, at: datetime) -> None:
    """Close an incident: `why` says what was done, and who was told. Raises IncidentError."""
    if not why.strip() or not by.strip():
        raise IncidentError("`--why`, `--by`: must not be blank")
    async with store.unit_of_work() as uow:
        affairs = Affairs(uow.connection, uow.vault)
        found = await affairs.incident(identity, lock=True)
        if found is None or found.closed_at is not None:
            raise IncidentError("`ID`: names no open incident")
        detail = {**found.detail, "closed_by": by, "why": why.strip()}
        await affairs.put_incident(replace(found, closed_at=at, detail=detail))
        content = {"incident": str(identity), "by": by, "late": at >= found.due_at}
        await ledger.append(uow, "incident-closed", at=at, content=content, participant=found.participant)
        await close_duties(uow, kinds=[DUTY], reference=identity, at=at)
        await uow.commit()

"""The end of a partnership: an agreement that is over, an organization that leaves (P2-28, P2-63).

From the commit on nothing goes to it: what waits for it is suppressed, also the neutral answers; its systems are
disabled and their tokens worth nothing; its staff are told nothing any more, and may not work (`permissions
.may_receive`, which whoever serves staff asks at each request). What it has received stays with it: return or
destruction is asked for under the agreement by people, and no recall is claimed (P2-71(8)).
"""

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.days import day_of
from consent.model import Organization, Site
from gateway import delivery as deliveries
from gateway import ledger
from gateway.duties import close_duties
from gateway.permissions import may_receive
from gateway.stopping import COMMAND_LINE, SYSTEM, StopError
from gateway.store.repositories.stopping import Stopping
from gateway.store.unit_of_work import SiteNotConfiguredError, Store, UnitOfWork
from gateway.withdrawing import end_each, withdraw_proposal

LEFT: Final = "organization-left"
ENDED: Final = "agreement-ended"


@dataclass(frozen=True, slots=True)
class Stilled:
    """What the end of a partnership took with it: counts. Its ledger entry is the certificate (P2-28)."""

    organization: str
    clients: int = 0
    deliveries: int = 0
    proposals: int = 0
    standing: int = 0
    contacts: int = 0
    delegations: int = 0

    def is_nothing(self) -> bool:
        """Say whether there was nothing to stop."""
        return not any(value for name, value in asdict(self).items() if name != "organization")


async def leave(store: Store, organization: str, *, at: datetime, by: str = COMMAND_LINE) -> Stilled:
    """Let an organization go, at once: a new version of it, whose agreement ended yesterday and which has no endpoint.

    Raises StopError for one that is not here.
    """
    async with store.unit_of_work() as uow:
        await Stopping(uow.connection).stand_still()
        site, known = await _known(uow, organization)
        yesterday = day_of(at, ZoneInfo(site.timezone)) - timedelta(days=1)
        ended = min(yesterday, known.agreement_expires or yesterday)
        await uow.registry.put_organization(replace(known, agreement_expires=ended), None, at)
        stilled = await _still(uow, organization, at, cause=LEFT, by=by)
        await _account(uow, stilled, at, cause=LEFT, by=by, last_day=ended)
        await uow.commit()
    return stilled


async def end_agreement(
    store: Store, organization: str, *, last_day: date, at: datetime, by: str = COMMAND_LINE
) -> Stilled:
    """Set the last day of an organization's agreement; one that is over stops everything at once.

    Raises StopError for an organization that is not here.
    """
    async with store.unit_of_work() as uow:
        await Stopping(uow.connection).stand_still()
        site, known = await _known(uow, organization)
        set_so = replace(known, agreement_expires=last_day)
        await uow.registry.put_organization(set_so, await uow.registry.endpoint(organization), at)
        stilled = Stilled(organization)
        if not may_receive(set_so, site, at):
            stilled = await _still(uow, organization, at, cause=ENDED, by=by)
        await _account(uow, stilled, at, cause=ENDED, by=by, last_day=last_day)
        await uow.commit()
    return stilled


async def lapse(store: Store, now: datetime) -> int:
    """Stop what still waits for organizations whose last day has passed; returns how many had something to stop.

    The rules have denied them from that midnight on; this disables their systems and clears what is queued.
    """
    async with store.unit_of_work() as uow:
        site = await uow.registry.site()
        known = await uow.registry.organizations()
        over = [] if site is None else [name for name, (each, _) in known.items() if not may_receive(each, site, now)]
        busy = [name for name in over if await _is_busy(uow, name)]
    stilled = 0
    for name in busy:
        async with store.unit_of_work() as uow:
            await Stopping(uow.connection).stand_still()
            site, current = await _known(uow, name)
            if may_receive(current, site, now):  # renewed in the meantime
                continue
            found = await _still(uow, name, now, cause=ENDED, by=SYSTEM)
            await _account(uow, found, now, cause=ENDED, by=SYSTEM, last_day=current.agreement_expires)
            await uow.commit()
            stilled += not found.is_nothing()
    return stilled


async def _is_busy(uow: UnitOfWork, organization: str) -> bool:
    clients = [each for each in await uow.clients.every() if each.organization == organization and not each.disabled]
    return bool(clients) or await Stopping(uow.connection).is_awaited(organization)


async def _known(uow: UnitOfWork, organization: str) -> tuple[Site, Organization]:
    site, known = await uow.registry.site(), await uow.registry.organization(organization)
    if site is None:
        raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
    if known is None:
        raise StopError("`ORGANIZATION`: names no organization of this site")
    return site, known


async def _still(uow: UnitOfWork, organization: str, at: datetime, *, cause: str, by: str) -> Stilled:
    """Stop all that is about to go to an organization, and all of it that works. Nobody passes the point meanwhile."""
    standing = await _end_standing(uow, organization, at, cause=cause, by=by)
    waiting = await Stopping(uow.connection).undecided_for(organization)
    for proposal, participant in waiting:
        await withdraw_proposal(uow, proposal, participant, at, by=by, cause=cause)
    return Stilled(
        organization,
        clients=await _disable(uow, organization, at),
        deliveries=await _suppress(uow, organization, at, cause=cause),
        proposals=len(waiting),
        standing=standing,
        contacts=await _silence(uow, organization, at),
        delegations=await _end_delegations(uow, organization, at),
    )


async def _end_standing(uow: UnitOfWork, organization: str, at: datetime, *, cause: str, by: str) -> int:
    given = await Stopping(uow.connection).standing_for(organization)
    return await end_each(uow, given, at, by=by, cause=cause)


async def _suppress(uow: UnitOfWork, organization: str, at: datetime, *, cause: str) -> int:
    """Suppress every sending to it, the neutral answers too: there is nobody to answer any more."""
    stopped = 0
    for identity in await Stopping(uow.connection).queued_to(organization):
        queued = await uow.deliveries.get(identity, lock=True)
        if queued is not None and deliveries.SUPPRESSED in deliveries.TRANSITIONS[queued.state]:
            await deliveries.move(uow, queued, deliveries.SUPPRESSED, at=at, cause=cause)
            await close_duties(uow, kinds=["dead-letter"], reference=identity, at=at)
            stopped += 1
    return stopped


async def _disable(uow: UnitOfWork, organization: str, at: datetime) -> int:
    working = [each for each in await uow.clients.every() if each.organization == organization and not each.disabled]
    return sum([await uow.clients.disable(each.client_id, at) for each in working])


async def _silence(uow: UnitOfWork, organization: str, at: datetime) -> int:
    known: list[UUID] = [each.id for each in await uow.approvals.contacts() if each.organization == organization]
    return sum([await uow.approvals.disable_contact(each, at) for each in known])


async def _end_delegations(uow: UnitOfWork, organization: str, at: datetime) -> int:
    given = [each.id for each in await uow.approvals.delegations(organization)]
    return sum([await uow.approvals.end_delegation(each, at) is not None for each in given])


async def _account(
    uow: UnitOfWork, stilled: Stilled, at: datetime, *, cause: str, by: str, last_day: date | None
) -> None:
    content = {**asdict(stilled), "last_day": None if last_day is None else last_day.isoformat(), "by": by}
    await uow.mark(cause, {**content, "at": at.isoformat()})
    await ledger.append(uow, cause, at=at, content=content, organization=stilled.organization)

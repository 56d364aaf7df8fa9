"""What a site sets about exchanges: less of one, or whose promise counts. It reaches what has not left yet, too.

INVARIANT: while one of these commits, nothing about anybody passes the point of no return.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.days import day_of
from consent.request import DisclosureRequest
from gateway import ledger, outcomes
from gateway.duties import close_duties
from gateway.exchanges.configured import ExchangeError, Promise
from gateway.store import codec
from gateway.store.repositories.site_exchanges import PROMISE, Past, SiteExchanges
from gateway.store.repositories.stopping import Stopping
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import StoredDelivery
from gateway.store.vault import UNREADABLE
from mappings.tables.exchanges import Exchange, Trigger, load_exchanges
from mappings.tables.narrowing import narrowed

LONGEST_PROMISE: Final = timedelta(days=180)
NARROWED: Final = "exchange-narrowed"
PROMISE_ENDED: Final = "promise-ended"
_ATTESTED_OTHERWISE: Final = frozenset({Trigger.QUESTION, Trigger.CONFERENCE, Trigger.EMERGENCY, Trigger.LEGAL_PAPER})
"""Who asks, sits at the table, or holds an order promises there and then, or need not."""


async def narrow(store: Store, identity: str, detail: dict[str, Any], *, by: str, at: datetime) -> Exchange:
    """Set how this site narrows an exchange; the earlier narrowing is replaced. `{}`: as it ships, never wider.

    What waits and is no longer within it is stopped. Raises ExchangeError for an exchange that there is not, TableError
    for what would widen. Then nothing changed.
    """
    shipped = load_exchanges().get(identity)
    if shipped is None:
        raise ExchangeError("`EXCHANGE`: names no exchange")
    result = narrowed(shipped, detail)
    async with store.unit_of_work() as uow:
        await Stopping(uow.connection).stand_still()
        version = await SiteExchanges(uow.connection).put(identity, detail, at)
        for delivery in await _waiting(uow, await Past(uow.connection).waiting(identity)):
            if not await _within(uow, result, delivery):
                await _stop(uow, delivery, NARROWED, at)
        content = {"exchange": identity, "version": version, "detail": detail, "by": by}
        await ledger.append(uow, "exchange-narrowed", at=at, content=content)
        await uow.commit()
    return result


async def promise(store: Store, given: Promise, *, by: str, at: datetime) -> None:
    """Record what a recipient's person has promised for what is pushed to it, for 180 days at the longest."""
    async with store.unit_of_work() as uow:
        site = await uow.registry.site()
        if site is None or await uow.registry.organization(given.organization) is None:
            raise ExchangeError("`ORGANIZATION`: names no organization of this site")
        if not given.person.strip():
            raise ExchangeError("`--person`: must be a name that is not blank")
        today = day_of(at, ZoneInfo(site.timezone))
        if not today <= given.until <= today + LONGEST_PROMISE:
            raise ExchangeError(f"`--until`: must be from today to {LONGEST_PROMISE.days} days ahead")
        detail = {"person": given.person.strip(), "until": given.until.isoformat(), "by": by}
        await _put_promise(uow, given.organization, detail, at)
        await uow.commit()


async def end_promise(store: Store, organization: str, *, by: str, at: datetime) -> int:
    """Record that a recipient's promise is over; returns how many sendings that were made on it are stopped.

    Raises ExchangeError for an organization that there is not.
    """
    async with store.unit_of_work() as uow:
        if await uow.registry.organization(organization) is None:
            raise ExchangeError("`ORGANIZATION`: names no organization of this site")
        await Stopping(uow.connection).stand_still()
        await _put_promise(uow, organization, {"until": None, "by": by}, at)
        stopped = 0
        for delivery in await _waiting(uow, await Stopping(uow.connection).queued_to(organization)):
            if _is_pushed(delivery):
                await _stop(uow, delivery, PROMISE_ENDED, at)
                stopped += 1
        await uow.commit()
    return stopped


async def _put_promise(uow: UnitOfWork, organization: str, detail: dict[str, Any], at: datetime) -> None:
    await SiteExchanges(uow.connection).put(f"{PROMISE}{organization}", detail, at)
    content = {"until": detail["until"], "by": detail["by"]}
    await ledger.append(uow, "promise", at=at, content=content, organization=organization)


async def _waiting(uow: UnitOfWork, identities: list[UUID]) -> list[StoredDelivery]:
    found = [await uow.deliveries.get(identity, lock=True) for identity in identities]
    return [each for each in found if each is not None]


def _is_pushed(delivery: StoredDelivery) -> bool:
    """Say whether a sending rests on a promise that was recorded beforehand."""
    exchange = load_exchanges().get(delivery.exchange or "")
    return exchange is not None and not exchange.triggers & _ATTESTED_OTHERWISE


async def _within(uow: UnitOfWork, exchange: Exchange, delivery: StoredDelivery) -> bool:
    """Say whether recipient, purpose and items are within a row. What cannot be read is not."""
    recipient = await uow.registry.organization(delivery.recipient)
    if exchange.off or not exchange.retries or recipient is None or recipient.kind not in exchange.kinds:
        return False
    try:
        carried = await uow.deliveries.request(delivery)
        proposal = None if delivery.proposal is None else await uow.proposals.get(delivery.proposal)
        asked = carried if proposal is None else proposal.request
        request = None if asked is None else codec.load(DisclosureRequest, codec.dump(asked))
        if request is None or delivery.participant is None or request.purpose not in exchange.purposes:
            return False
        items = await uow.record.items(delivery.participant)
    except UNREADABLE:
        return False
    wanted = frozenset(request.items or ())
    return all(item.category in exchange.categories for item in items if item.id in wanted)


async def _stop(uow: UnitOfWork, delivery: StoredDelivery, cause: str, at: datetime) -> None:
    """Stop a sending with the proposal that waits or was approved for it; the case manager hears of it."""
    if delivery.proposal is not None:
        await uow.proposals.lapse(delivery.proposal, at)
        await close_duties(uow, kinds=("approval",), reference=delivery.proposal, at=at)
    await outcomes.suppress(uow, delivery, at, cause=cause)

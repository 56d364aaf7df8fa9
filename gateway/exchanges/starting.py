"""What a person starts: a progress letter, to the defender by default, to a court only under a grant of its own."""

from datetime import datetime
from typing import Final
from uuid import UUID

from gateway import ledger
from gateway.exchanges.configured import ExchangeError, configured
from gateway.exchanges.offering import Cause, Desk, make
from gateway.exchanges.recipients import Occasion, Offer, offers
from gateway.settings import Settings
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store
from gateway.store.values import StoredDelivery
from mappings.tables.exchanges import Exchange, Trigger

_NOBODY: Final = "`--to`: no grant of the participant lets this exchange through to such a recipient now"


async def start(
    store: Store,
    settings: Settings,
    exchange: str,
    participant: UUID,
    *,
    to: str | None = None,
    by: str,
    at: datetime,
) -> StoredDelivery:
    """Offer an exchange by hand; what it would say waits for approval like any other. Returns the sending.

    Without `to` it goes to the first kind of recipient in the exchange's row that a grant reaches. Raises
    ExchangeError: no such exchange, not started by hand, or nobody whom a grant reaches.
    """
    async with store.unit_of_work() as uow:
        if await uow.consents.lock_shared(participant) is None:
            raise ExchangeError("`PARTICIPANT`: names no participant of this site")
        site = await configured(uow, at)
        known = site.exchanges.get(exchange)
        if known is None or Trigger.BY_HAND not in known.triggers:
            raise ExchangeError("`EXCHANGE`: names none that is started by hand, or one that this site has turned off")
        facts, _ = await uow.load(participant, at)
        occasion = Occasion(str(participant), frozenset(), at)
        found = _first(known, list(offers(known, facts, occasion, site.promises, only=to)))
        if found is None:
            raise ExchangeError(_NOBODY)
        made = await make(Desk(uow, site, settings, at), known, found, Cause(at, (str(new_id()),)))
        if made is None:
            raise ExchangeError(_NOBODY)
        content = {"exchange": exchange, "delivery": str(made.id), "by": by}
        recipient = found.recipient.id
        await ledger.append(
            uow, "exchange-started", at=at, content=content, participant=participant, organization=recipient
        )
        await uow.commit()
    return made


def _first(exchange: Exchange, found: list[Offer]) -> Offer | None:
    """Return the offer to the kind that stands first in the row, then by id."""
    return min(found, key=lambda each: (exchange.kinds.index(each.recipient.kind), each.recipient.id), default=None)

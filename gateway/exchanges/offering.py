"""What is made of an offer: a proposal that waits for a person, or a sending that waits for its time.

INVARIANT: an offer made twice for the same cause is there once: its id follows from exchange, participant, recipient
and cause.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from consent.request import DisclosureRequest
from gateway import delivery, ledger
from gateway.disclosure import propose
from gateway.duties import close_duties
from gateway.exchanges.configured import Configured, due_at
from gateway.exchanges.recipients import Offer
from gateway.settings import Settings
from gateway.standing import covering
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredDelivery, StoredProposal
from mappings.tables.exchanges import Approval, Exchange

NAMESPACE: Final = UUID("0a3f5a0e-6a3b-5d0f-9a43-4f7f6d2b7c55")  # of our own, for uuid5 (RFC 9562)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an offer is made: since when the time limit runs, and the versions of whatever set it off, as texts."""

    since: datetime
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where offers are made: one transaction, the site as it is configured, the program's settings, the moment."""

    uow: UnitOfWork
    site: Configured
    settings: Settings
    at: datetime


async def make(desk: Desk, exchange: Exchange, offer: Offer, cause: Cause) -> StoredDelivery | None:
    """Make a proposal or a sending of an offer, in the desk's transaction, with the consent version held.

    None: it has been made before, its time is over, the exchange sends nothing, or nothing could leave.
    """
    identity = key_of(exchange.id, UUID(offer.request.participant), offer.recipient.id, cause.versions)
    due = due_at(exchange, desk.site.site, desk.settings, desk.at)
    expires = min(cause.since + exchange.limit, _promised_until(desk, offer))
    if not exchange.retries or due >= expires or await desk.uow.deliveries.get(identity) is not None:
        return None
    request = replace(offer.request, id=str(identity), at=desk.at)
    if exchange.approval is Approval.NONE:
        return await _queue(desk, exchange, request, None, (due, expires))
    proposal = await propose(desk.uow, request, None, exchange.id)
    if proposal is None:
        return None
    made = await _queue(desk, exchange, request, proposal.id, (due, expires))
    return await _ask(desk.uow, exchange, proposal, made, desk.at)


def _promised_until(desk: Desk, offer: Offer) -> datetime:
    """Give the end of the day until which the recipient has promised, where the offer rests on that."""
    given = desk.site.promises.get(offer.recipient.id)
    if given is None or offer.request.attested is not True:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(given.until + timedelta(days=1), time.min, ZoneInfo(desk.site.site.timezone))


async def _queue(
    desk: Desk, exchange: Exchange, request: DisclosureRequest, proposal: UUID | None, times: tuple[datetime, datetime]
) -> StoredDelivery:
    due, expires = times
    return await delivery.queue(
        desk.uow,
        participant=UUID(request.participant),
        recipient=request.requester,
        exchange=exchange.id,
        request=request,
        proposal=proposal,
        due_at=due,
        expires_at=expires,
        max_attempts=exchange.retries,
        identity=UUID(request.id),
        at=desk.at,
    )


def key_of(exchange: str, participant: UUID, recipient: str, versions: Iterable[str]) -> UUID:
    """Give the id of the one sending of an exchange about a participant to a recipient for one cause."""
    return uuid5(NAMESPACE, "|".join((exchange, str(participant), recipient, *sorted(versions))))


async def _ask(
    uow: UnitOfWork, exchange: Exchange, proposal: StoredProposal, made: StoredDelivery, at: datetime
) -> StoredDelivery:
    """Let a standing approval that covers exactly this decide; else the proposal waits, on the list of a person."""
    standing = await covering(uow, proposal, at) if exchange.approval is Approval.STANDING else None
    if standing is None:
        return made
    await uow.proposals.decide(replace(proposal, by=standing.by, standing=standing.id), "approved", None, at)
    content = {"proposal": str(proposal.id), "digest": proposal.digest, "by": standing.by, "standing": str(standing.id)}
    await ledger.append(
        uow, "approved", at=at, content=content, participant=proposal.participant, organization=proposal.recipient
    )
    await close_duties(uow, kinds=["approval"], reference=proposal.id, at=at)
    return await delivery.release(uow, proposal.id, due_at=made.due_at, at=at) or made

"""A delivery that is due, with what it says and to whom: read before anything is decided about it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from adapters.outbound import Outbound
from consent.request import DisclosureRequest
from gateway.questions import request_of
from gateway.store import codec
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import LedgerEntry, StoredDelivery, StoredProposal, StoredQuestion


@dataclass(frozen=True, slots=True)
class Work:
    """One delivery and all that belongs to it. `first`: the ledger entry of an earlier attempt."""

    delivery: StoredDelivery
    question: StoredQuestion | None
    proposal: StoredProposal | None
    first: LedgerEntry | None
    door: Outbound | None
    request: DisclosureRequest | None = None
    failing: bool = False  # the recipient's endpoint has failed the last time


async def read_whole(uow: UnitOfWork, delivery: StoredDelivery, now: datetime) -> Work:
    """Load a delivery with its question, its proposal and its request, as if it were asked now."""
    question = None if delivery.question is None else await uow.questions.get(delivery.question)
    proposal = None if delivery.proposal is None else await uow.proposals.get(delivery.proposal)
    first = None if delivery.entry is None else await uow.accounting.get(delivery.entry)
    asked = None if proposal is None else proposal.request
    if proposal is None and question is None:
        asked = await uow.deliveries.request(delivery)
    if asked is not None:
        request = replace(codec.load(DisclosureRequest, codec.dump(asked)), at=now)
        return Work(delivery, question, proposal, first, None, request)
    if question is None or question.participant is None:
        return Work(delivery, question, proposal, first, None)
    return Work(delivery, question, proposal, first, None, request_of(question, question.participant, now))


def named(work: Work, entry: LedgerEntry) -> UUID:
    """Give the entry that a sending goes under: the first with this content, so that every retry is the same bytes."""
    first, digest = work.first, entry.content.get("digest")
    return first.id if first is not None and digest and first.content.get("digest") == digest else entry.id

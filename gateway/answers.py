"""The answer to a question, read by whoever asked it: from its due time on, the one answer there is, decided again.

It is pushed as well (gateway.sending); whoever cannot be pushed to, or lost it, reads it here. INVARIANT: a read gives
no more than was approved, or went out, by the due time, and passes the point of no return each time; everything else
is the neutral answer, with the same steps behind it.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from consent.disclosure import Disclosure, NeutralAnswer
from consent.request import DisclosureRequest
from gateway import delivery as deliveries
from gateway.disclosure import EndedError, disclose, refuse_stranger
from gateway.judged import again
from gateway.log import get_logger
from gateway.questions import request_of
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry, StoredDelivery, StoredProposal, StoredQuestion
from gateway.store.vault import UNREADABLE

NOBODY: Final = UUID(int=0)  # the same steps are run on it as on a participant (design.md 3)
_TRIES: Final = 3
_STANDS: Final = frozenset({"approved", "released"})
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What stands behind an answer. `request` None: nothing may be said but that there is nothing helpful."""

    request: DisclosureRequest | None
    proposal: StoredProposal | None = None
    first: LedgerEntry | None = None


_NOTHING: Final = _Answer(None)


async def own_question(store: Store, organization: str, reference: UUID) -> StoredQuestion | None:
    """Give a question to the organization that asked it; None for anybody else's and for none."""
    async with store.unit_of_work() as uow:
        found = await uow.questions.get(reference)
    return found if found is not None and found.requester == organization else None


async def answer(store: Store, organization: str, reference: UUID, at: datetime) -> Disclosure | NeutralAnswer | None:
    """Give the answer to an organization's own question. None: no such question of its own, or not due yet."""
    question = await own_question(store, organization, reference)
    if question is None or at < question.due_at:
        return None
    try:
        return await _answer(store, question, at)
    except UNREADABLE as error:
        _log.error("record unreadable", question=str(reference), error_class=type(error).__name__)
        detail = {"question": str(reference), "error": "unreadable"}
        return await refuse_stranger(store, recipient=organization, reference=str(reference), at=at, detail=detail)


async def _answer(store: Store, question: StoredQuestion, at: datetime) -> Disclosure | NeutralAnswer:
    """Answer with what stands; what another process changes meanwhile is looked at again, a few times."""
    for _ in range(_TRIES):
        with suppress(EndedError):
            return await _pass(store, question, at)
    detail = {"question": str(question.id), "error": "overtaken"}
    return await refuse_stranger(store, recipient=question.requester, reference=str(question.id), at=at, detail=detail)


async def _pass(store: Store, question: StoredQuestion, at: datetime) -> Disclosure | NeutralAnswer:
    async with store.unit_of_work() as uow:
        found = await _standing(uow, question, at)
    request = found.request or request_of(question, NOBODY, at)

    async def before(uow: UnitOfWork) -> None:
        # INVARIANT: what the answer is made of still stands with the version held, or nothing of it leaves.
        if await _standing(uow, question, at) != found:
            raise EndedError

    return await disclose(
        store, request, reference=str(question.id), approved=found.proposal, before=before, retry_of=found.first
    )


async def _standing(uow: UnitOfWork, question: StoredQuestion, at: datetime) -> _Answer:
    """Find what the one answer is made of: what a person has approved for it, or what went out under it."""
    sent = _last(await uow.deliveries.for_question(question.id))
    if question.participant is None or sent is None or sent.state in (deliveries.SUPPRESSED, deliveries.EXPIRED):
        return _NOTHING
    first = None if sent.entry is None else await uow.accounting.get(sent.entry)
    request = request_of(question, question.participant, at)
    if sent.proposal is not None:
        proposal = await uow.proposals.get(sent.proposal)
        if proposal is None or proposal.state not in _STANDS:
            return _NOTHING
        return _Answer(again(proposal, at), replace(proposal, state="approved"), first)
    if first is None:
        return _Answer(request)  # what nobody needs to approve; decided as the sending itself will be
    released = _released(first)
    return _Answer(replace(request, items=released), None, first) if released else _NOTHING


def _last(sent: list[StoredDelivery]) -> StoredDelivery | None:
    """Give the one answer: what came late is a message of its own, and no part of it."""
    answers = [each for each in sent if deliveries.is_answer(each)]
    return answers[-1] if answers else None


def _released(first: LedgerEntry) -> tuple[str, ...]:
    """Give the items of the answer that went out; none where that was the neutral one."""
    if first.kind != "disclosure":
        return ()
    return tuple(str(item) for item, *_ in first.content["decision"]["released"])

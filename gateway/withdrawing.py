"""What a stop takes with it, in the transaction of the stop: whatever would go on as if nobody had said so.

INVARIANT: damage keeps nobody from stopping. What cannot be read does not stand, and is withdrawn.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from consent.request import DisclosureRequest
from gateway import delivery as deliveries
from gateway import ledger
from gateway.announcing import NOTIFICATION
from gateway.disclosure import may_leave, still_stands
from gateway.duties import close_duties, open_duty
from gateway.ending import notify_ended
from gateway.outcomes import suppress
from gateway.permissions import Standing, goes_on, standing_of
from gateway.standing import end_standing
from gateway.store import codec
from gateway.store.repositories.approvals import StandingApproval
from gateway.store.repositories.stopping import END_OF_PERMISSION, Stopping
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredDelivery
from gateway.store.vault import UNREADABLE

CHANGED: Final = "consent-changed"
REFERRAL: Final = "referral"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a stop took with it: counts; and how many sendings had passed their point and are already leaving."""

    deliveries: int = 0
    proposals: int = 0
    standing: int = 0
    leaving: int = 0
    notices: int = 0


NOTHING: Final = Withdrawn()


async def withdraw(uow: UnitOfWork, participant: UUID, at: datetime, *, by: str, everything: bool = False) -> Withdrawn:
    """Take back all that would no longer pass, now that less is consented to. The caller holds the version alone.

    Queued, scheduled and proposed sendings are suppressed (each is asked again at its point anyway); proposals that
    wait or were approved are withdrawn; standing approvals that nothing covers any more end. `everything`: the whole
    participant is stopped, so every standing approval ends. What is being sent has passed its point: "already leaving".
    """
    if not await Stopping(uow.connection).concerned(participant):
        return NOTHING
    standing = await _end_standing(uow, participant, at, by=by, everything=everything)
    suppressed = await suppress_queued(uow, participant, at)
    withdrawn = await _withdraw_proposals(uow, participant, at, by=by)
    leaving = len(await Stopping(uow.connection).leaving(participant))
    notices = await notify_ended(uow, participant, at)
    return Withdrawn(suppressed, withdrawn, standing, leaving, notices)


async def suppress_queued(uow: UnitOfWork, participant: UUID, at: datetime) -> int:
    """Stop every queued sending that would no longer pass; returns how many.

    The one answer to a question is not among them while nothing was decided: its point comes, and decides.
    """
    suppressed = 0
    for queued in await uow.deliveries.queued_for(participant):
        if not await _passes(uow, queued, at):
            await suppress(uow, queued, at, cause=CHANGED)
            await _close_approval(uow, queued.proposal, at)
            suppressed += 1
    return suppressed


async def _passes(uow: UnitOfWork, queued: StoredDelivery, at: datetime) -> bool:
    if queued.kind == END_OF_PERMISSION:
        return True  # it says that something has stopped; whether that is still so is asked at its point
    try:
        if queued.proposal is not None:
            return await _stands(uow, queued.proposal, at)
        asked = await uow.deliveries.request(queued)
        if asked is None:
            return queued.question is not None or queued.kind == NOTIFICATION  # which says that something has stopped
        return await may_leave(uow, codec.load(DisclosureRequest, codec.dump(asked)), at)
    except UNREADABLE:
        return False


async def _stands(uow: UnitOfWork, proposal: UUID, at: datetime) -> bool:
    """Say whether a proposal would still pass; one that cannot be read would not, and stops nobody from stopping."""
    try:
        found = await uow.proposals.get(proposal, lock=True)
        return found is None or await still_stands(uow, found, at)
    except UNREADABLE:
        return False


async def _withdraw_proposals(uow: UnitOfWork, participant: UUID, at: datetime, *, by: str) -> int:
    """Withdraw the proposals that nobody has queued yet, and take them off the list of who was to look at them."""
    withdrawn = 0
    for identity in await Stopping(uow.connection).undecided(participant):
        if not await _stands(uow, identity, at):
            await withdraw_proposal(uow, identity, participant, at, by=by, cause=CHANGED)
            withdrawn += 1
    return withdrawn


async def withdraw_proposal(
    uow: UnitOfWork, identity: UUID, participant: UUID, at: datetime, *, by: str, cause: str
) -> None:
    """Withdraw one proposal, with the sendings and the duty that wait for it. On the ledger."""
    await deliveries.drop(uow, identity, cause=cause, at=at)
    await uow.proposals.lapse(identity, at)
    await _close_approval(uow, identity, at)
    content = {"proposal": str(identity), "cause": cause, "by": by}
    await ledger.append(uow, "proposal-withdrawn", at=at, content=content, participant=participant)


async def _close_approval(uow: UnitOfWork, proposal: UUID | None, at: datetime) -> None:
    if proposal is not None:
        await close_duties(uow, kinds=["approval"], reference=proposal, at=at)


async def _end_standing(uow: UnitOfWork, participant: UUID, at: datetime, *, by: str, everything: bool) -> int:
    if everything:
        return await end_standing(uow, participant, cause=CHANGED, by=by, at=at)
    try:
        given = await uow.approvals.standing_of(participant)
        standing = await standing_of(uow, participant, at) if given else None
    except UNREADABLE:  # which of them still stand cannot be known: none does
        return await end_standing(uow, participant, cause=CHANGED, by=by, at=at)
    if standing is None:
        return 0
    over = [(each.id, participant) for each in given if not _covered(standing, each, at)]
    return await end_each(uow, over, at, by=by, cause=CHANGED)


async def end_each(uow: UnitOfWork, given: Sequence[tuple[UUID, UUID]], at: datetime, *, by: str, cause: str) -> int:
    """End these standing approvals, each given with whom it is about; returns how many. On the ledger.

    The caller lets nobody pass the point about them meanwhile.
    """
    await uow.approvals.end_standing([identity for identity, _ in given], at)
    for identity, participant in given:
        content = {"standing": str(identity), "cause": cause, "by": by}
        await ledger.append(uow, "standing-approval-ended", at=at, content=content, participant=participant)
    return len(given)


def _covered(standing: Standing, given: StandingApproval, at: datetime) -> bool:
    """Say whether everything that a standing approval covers may still go there. No categories are covered never."""
    return bool(given.categories) and all(
        goes_on(standing, given.recipient, given.purpose, category, at) for category in given.categories
    )


async def tell_staff(
    uow: UnitOfWork, participant: UUID, reference: UUID, taken: Withdrawn, at: datetime, *, how: str, by: str
) -> None:
    """Put a stop on the list of who works with the participant: what it took, and whom to write or talk to.

    In the detail, sealed: who has received something (they keep it: return or destruction is asked for under their
    agreement, and no recall is ever claimed, P2-71(8)), and to whom a referral is in flight (P2-71(6)). An oral stop
    owes the participant the written form, filled in (P2-70).
    """
    organization = await uow.deliveries.case_management(participant)
    if organization is None:
        return
    sent = await Stopping(uow.connection).arrived(participant)
    detail = {
        "how": how,
        "by": by,
        "written_form_owed": how.endswith("oral"),
        "deliveries_suppressed": taken.deliveries,
        "already_leaving": taken.leaving,
        "received": sorted({each.recipient for each in sent}),
        "referrals_in_flight": sorted({each.recipient for each in sent if each.exchange == REFERRAL}),
    }
    with contextlib.suppress(*UNREADABLE):  # nothing can be sealed for somebody whose key is gone
        known = await uow.participants.get(participant)
        await open_duty(
            uow,
            "consent-stopped",
            organization=organization,
            role="case-manager",
            at=at,
            participant=participant,
            assignee=None if known is None else known[0].case_manager,
            reference=reference,
            detail=detail,
        )

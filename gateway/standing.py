"""Standing approvals: one person's yes to a routine, for a time; the first change of what it covers ends it.

It approves a proposal in that person's place, never a sending: whatever it approves still passes the point of no
return, which asks once more whether it is in force.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from consent.codes import Category, Purpose
from gateway import ledger
from gateway.exchanges.configured import configured
from gateway.store.repositories.approvals import StandingApproval
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import StoredProposal
from mappings.tables.exchanges import Approval

LONGEST: Final = timedelta(days=180)
SYSTEM: Final = "system"
_SEEN: Final = frozenset({"waiting", "approved", "released"})


class StandingError(ValueError):
    """A standing approval cannot be given or ended so. Names the field and the rule."""


async def give_standing(store: Store, identity: UUID, *, until: datetime, by: str, at: datetime) -> StandingApproval:
    """Approve a routine beforehand: what a proposal's exchange says in these categories to this recipient, until then.

    Made from a proposal that was seen, waiting or approved; deciding that one is another act. Raises StandingError: no
    routine exchange, a summary in it, more than 180 days, not in the future.
    """
    async with store.unit_of_work() as uow:
        proposal = await uow.proposals.get(identity)
        if proposal is None or proposal.state not in _SEEN:
            raise StandingError("`proposal`: there is none by that id that waits or was approved")
        if not at < until <= at + LONGEST:
            raise StandingError(f"`--until`: must be in the future, at most {LONGEST.days} days ahead")
        await uow.consents.lock_shared(proposal.participant)
        await _check_routine(uow, proposal, at)
        given = _standing(proposal, until, by, at)
        for earlier in await uow.approvals.standing_of(
            given.participant, exchange=given.exchange, recipient=given.recipient
        ):
            await _end(uow, earlier.id, given.participant, cause="replaced", by=by, at=at)
        await uow.approvals.add_standing(given)
        content = {"standing": str(given.id), "exchange": given.exchange, "until": until.isoformat(), "by": by}
        content["source"] = str(identity)
        content["categories"] = ",".join(sorted(each.value for each in given.categories))
        await ledger.append(
            uow,
            "standing-approval",
            at=at,
            content=content,
            participant=given.participant,
            organization=given.recipient,
        )
        await uow.commit()
    return given


async def _check_routine(uow: UnitOfWork, proposal: StoredProposal, at: datetime) -> None:
    exchange = (await configured(uow, at)).exchanges.get(proposal.exchange or "")
    if exchange is None or exchange.approval is not Approval.STANDING:
        raise StandingError("`proposal`: belongs to no exchange that may be approved beforehand")
    if proposal.clearance["summary"] is not None:
        raise StandingError("`proposal`: holds a summary, which a person writes and approves each time")


def _standing(proposal: StoredProposal, until: datetime, by: str, at: datetime) -> StandingApproval:
    return StandingApproval(
        id=new_id(),
        participant=proposal.participant,
        exchange=proposal.exchange or "",
        recipient=proposal.recipient,
        purpose=Purpose(proposal.clearance["purpose"]),
        categories=categories_of(proposal),
        by=by,
        source=proposal.id,
        starts_at=at,
        ends_at=until,
    )


async def standing_for(
    uow: UnitOfWork,
    exchange: str,
    recipient: str,
    participant: UUID,
    categories: Iterable[Category],
    at: datetime,
) -> StandingApproval | None:
    """Give the standing approval that covers exactly these categories now; None: a person must look.

    `categories`: those that the clearance holds. One for other categories ends here, and is not given (on the ledger,
    when the caller commits). No categories are covered by nothing.
    """
    wanted = frozenset(categories)
    for known in await uow.approvals.standing_of(participant, exchange=exchange, recipient=recipient):
        if not known.in_force(at):
            continue
        if wanted and known.categories == wanted:
            return known
        await _end(uow, known.id, participant, cause="categories-changed", by=SYSTEM, at=at)
    return None


async def covering(uow: UnitOfWork, proposal: StoredProposal, at: datetime) -> StandingApproval | None:
    """Give the standing approval that covers a proposal now. Free text is never routine: a person must look."""
    if proposal.exchange is None or proposal.clearance["summary"] is not None:
        return None
    held = categories_of(proposal)
    found = await standing_for(uow, proposal.exchange, proposal.recipient, proposal.participant, held, at)
    return found if found is not None and found.purpose.value == proposal.clearance["purpose"] else None


async def still_covers(uow: UnitOfWork, proposal: StoredProposal, at: datetime) -> bool:
    """Say whether the standing approval by which a proposal was approved is in force, and about this proposal."""
    known = None if proposal.standing is None else await uow.approvals.standing(proposal.standing)
    if known is None or not known.in_force(at):
        return False
    covered = (known.participant, known.exchange, known.recipient, known.purpose.value, known.categories)
    held = (proposal.participant, proposal.exchange, proposal.recipient, proposal.clearance["purpose"])
    return covered == (*held, categories_of(proposal))


async def end_standing(uow: UnitOfWork, participant: UUID, *, cause: str, by: str, at: datetime) -> int:
    """End every standing approval about a participant: a revocation, a hold, a death. Returns how many.

    `cause` is a code. The caller holds the participant's consent version alone. What is damaged ends as well.
    """
    known = await uow.approvals.standing_ids(participant)
    for identity in known:
        await _end(uow, identity, participant, cause=cause, by=by, at=at)
    return len(known)


async def end_one(store: Store, identity: UUID, *, by: str, at: datetime) -> None:
    """End one standing approval, by hand. Nothing that it approved and that has not left leaves any more.

    Raises StandingError where there is none that goes on.
    """
    async with store.unit_of_work() as uow:
        known = await uow.approvals.standing(identity)
        if known is not None:
            await uow.consents.lock_and_raise(known.participant)  # what passes its point is wholly before or after
            known = await uow.approvals.standing(identity, lock=True)
        if known is None or known.ended_at is not None:
            raise StandingError("`ID`: names no standing approval that goes on")
        await _end(uow, identity, known.participant, cause="by-hand", by=by, at=at)
        await uow.commit()


async def _end(uow: UnitOfWork, identity: UUID, participant: UUID, *, cause: str, by: str, at: datetime) -> None:
    await uow.approvals.end_standing([identity], at)
    content = {"standing": str(identity), "cause": cause, "by": by}
    await ledger.append(uow, "standing-approval-ended", at=at, content=content, participant=participant)


def categories_of(proposal: StoredProposal) -> frozenset[Category]:
    """Give the categories that a proposal's clearance holds."""
    return frozenset(Category(item["category"]) for item in proposal.clearance["items"])

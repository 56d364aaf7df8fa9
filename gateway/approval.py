"""A person says yes or no to exactly the bytes that would leave.

What they may say: approve; less of it; their own words with it; decline; nothing helpful to share (LEAD GR-03). Every
act names who did it, and for whom where it was delegated.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from consent.adverse import Adverse, adverse_terms, is_guarded
from gateway import delivery as deliveries
from gateway import ledger
from gateway.delegating import in_place_of
from gateway.disclosure import propose_instead, still_stands
from gateway.duties import close_duties
from gateway.exchanges.configured import configured, due_at
from gateway.handing import BY_HAND, to_be_handed
from gateway.jobs import enqueue_delivery
from gateway.settings import Settings
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import StoredDelivery, StoredProposal
from gateway.windows import due

COMMAND_LINE: Final = "command line"  # whoever may run commands on this machine
APPROVED: Final = "approved"
DECLINED: Final = "declined"
NOTHING_HELPFUL: Final = "nothing-helpful"
EDITED: Final = "edited"
LONGEST_SUMMARY: Final = 4000  # characters


class ApprovalError(ValueError):
    """A proposal cannot be decided so. Names the field and the rule."""


class AdverseError(ApprovalError):
    """A summary speaks against the participant, to a recipient with whom that could hurt. `found`: where, and why."""

    def __init__(self, found: tuple[Adverse, ...]) -> None:
        self.found = found
        places = ", ".join(f"{each.category.value} at {each.start}-{each.end}" for each in found)
        super().__init__(f"`--summary`: may speak against the participant ({places}); `--knowing` lets it stand")


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person changes before they approve. `items`: the ids that stay; None: all. `summary`: their own words."""

    items: tuple[str, ...] | None = None
    summary: str | None = None


UNCHANGED: Final = Edit()


async def approve(
    store: Store,
    settings: Settings,
    identity: UUID,
    *,
    at: datetime,
    by: str = COMMAND_LINE,
    edit: Edit = UNCHANGED,
    knowing: bool = False,
) -> StoredDelivery:
    """Approve a proposal: it leaves with the answer that is due, or in the next window if that has gone.

    With an `edit` exactly the edited proposal is approved, in the same transaction. Approving is not sending: at the
    window everything is decided again, on exactly the pinned versions. Raises ApprovalError, and AdverseError where
    the summary speaks against the participant, to anybody but health and counsel, and the writer is not `knowing`.
    """
    async with store.unit_of_work() as uow:
        proposal = await _edited(uow, await _waiting(uow, identity), edit, by, at)
        found = pointed_out(proposal)
        if found and not knowing and await _guarded(uow, proposal.recipient):
            raise AdverseError(found)
        if not await still_stands(uow, proposal, at):
            raise ApprovalError("`proposal`: what it would say may no longer leave")
        adverse = sorted({each.category.value for each in found})
        await _decide(uow, proposal, APPROVED, None, by, at, **({"adverse": adverse} if adverse else {}))
        delivery = await _ride(uow, proposal, settings, at)
        await uow.commit()
    return delivery


async def edit_down(store: Store, identity: UUID, change: Edit, *, by: str, at: datetime) -> StoredProposal:
    """Make a proposal of less, or with a person's own words; it waits in the place of the one that was edited.

    Raises ApprovalError: nothing stays, something would join, the summary is blank or too long, or what stays is not
    what was seen any more.
    """
    async with store.unit_of_work() as uow:
        edited = await _edited(uow, await _waiting(uow, identity), change, by, at)
        await uow.commit()
    return edited


async def decline(store: Store, identity: UUID, *, why: str, at: datetime, by: str = COMMAND_LINE) -> None:
    """Decline a proposal. Who asked gets the neutral answer when it is due; the reason stays here, sealed."""
    if not why.strip():
        raise ApprovalError("`--why`: must not be blank")
    await _say_no(store, identity, DECLINED, why, by, at)


async def nothing_helpful(store: Store, identity: UUID, *, at: datetime, by: str = COMMAND_LINE) -> None:
    """Decide that there is nothing helpful to share: a true answer, not a refusal (LEAD GR-03).

    Who asked gets the neutral answer when it is due, which says just that; to whom nothing is owed nothing goes.
    """
    await _say_no(store, identity, NOTHING_HELPFUL, None, by, at)


def pointed_out(proposal: StoredProposal) -> tuple[Adverse, ...]:
    """Give the places in a proposal's summary that may speak against the participant; nothing where there is none."""
    summary = proposal.clearance["summary"]
    return () if summary is None else adverse_terms(summary)


async def _guarded(uow: UnitOfWork, recipient: str) -> bool:
    known = (await uow.registry.organizations()).get(recipient)
    return known is None or is_guarded(known[0].kind)


async def _waiting(uow: UnitOfWork, identity: UUID) -> StoredProposal:
    unlocked = await uow.proposals.get(identity)
    if unlocked is None:
        raise ApprovalError("`proposal`: there is none by that id")
    await uow.consents.lock_shared(unlocked.participant)  # always before any other row: revocations lock in that order
    proposal = await uow.proposals.get(identity, lock=True)
    if proposal is not None and proposal.state == "withdrawn":
        raise ApprovalError("`proposal`: has been decided already, what it would say may no longer leave")
    if proposal is None or proposal.state != "waiting":
        raise ApprovalError("`proposal`: has been decided already")
    return proposal


async def _edited(uow: UnitOfWork, proposal: StoredProposal, change: Edit, by: str, at: datetime) -> StoredProposal:
    """Put an edited proposal in the place of another; the same one where nothing changes."""
    pinned = {item["item"] for item in proposal.clearance["items"]}
    kept = pinned if change.items is None else set(change.items)
    if not kept:
        raise ApprovalError("`--item`: at least one stays; or say that there is nothing helpful to share")
    if not kept <= pinned:
        raise ApprovalError("`--item`: is not in the proposal, and nothing is ever added to one")
    summary = proposal.clearance["summary"] if change.summary is None else _written(change.summary)
    if kept == pinned and summary == proposal.clearance["summary"]:
        return proposal
    edited = await propose_instead(uow, proposal, items=frozenset(kept), summary=summary, at=at)
    if edited is None:
        raise ApprovalError("`proposal`: what stays may not leave so, or is not what was shown any more")
    await _hand_over(uow, proposal, edited, at)
    await _decide(uow, proposal, EDITED, None, by, at, instead=str(edited.id), kept=len(kept))
    return edited


def _written(text: str) -> str:
    """Give a summary as it will be read: plain text, its lines as they are."""
    plain = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if not plain or len(plain) > LONGEST_SUMMARY:
        raise ApprovalError(f"`--summary`: must not be blank, nor longer than {LONGEST_SUMMARY} characters")
    if not all(character.isprintable() or character in "\n\t" for character in plain):
        raise ApprovalError("`--summary`: must be plain text")
    return plain


async def _hand_over(uow: UnitOfWork, before: StoredProposal, after: StoredProposal, at: datetime) -> None:
    """Let the sending that waits for a proposal wait for the one that takes its place, for as long as it could."""
    for waiting in await uow.deliveries.for_proposal(before.id, (deliveries.PROPOSED,)):
        await deliveries.queue(
            uow,
            participant=before.participant,
            recipient=before.recipient,
            exchange=before.exchange,
            request=None,
            due_at=waiting.due_at,
            at=at,
            proposal=after.id,
            kind=waiting.kind,
            expires_at=waiting.expires_at,
            max_attempts=waiting.max_attempts,
        )


async def _say_no(store: Store, identity: UUID, outcome: str, why: str | None, by: str, at: datetime) -> None:
    async with store.unit_of_work() as uow:
        await _decide(uow, await _waiting(uow, identity), outcome, why, by, at)
        await uow.commit()


async def _decide(
    uow: UnitOfWork, proposal: StoredProposal, outcome: str, why: str | None, by: str, at: datetime, **more: Any
) -> None:
    """Write down who decided what; whatever waited for this decision is done or stopped."""
    await uow.proposals.decide(replace(proposal, by=by), outcome, why, at)
    absent = await in_place_of(uow, proposal, by=by, at=at)
    content = {"proposal": str(proposal.id), "digest": proposal.digest, "by": by, **more}
    content |= {} if absent is None else {"in_place_of": absent}
    await ledger.append(
        uow, outcome, at=at, content=content, participant=proposal.participant, organization=proposal.recipient
    )
    await close_duties(uow, kinds=["approval"], reference=proposal.id, at=at)
    if outcome != APPROVED:
        await deliveries.drop(uow, proposal.id, cause=outcome, at=at)


async def _ride(uow: UnitOfWork, proposal: StoredProposal, settings: Settings, at: datetime) -> StoredDelivery:
    if proposal.exchange in BY_HAND:
        return to_be_handed(proposal, at)
    if proposal.question is None:
        return await _released(uow, proposal, settings, at)
    for delivery in await uow.deliveries.for_question(proposal.question):
        locked = await uow.deliveries.get(delivery.id, lock=True)
        if locked is not None and locked.state == deliveries.QUEUED and locked.proposal is None and not locked.attempts:
            return await deliveries.attach(uow, locked, proposal.id, at)
    return await _message_of_its_own(uow, proposal, settings, at)


async def _released(uow: UnitOfWork, proposal: StoredProposal, settings: Settings, at: datetime) -> StoredDelivery:
    """Let the sending of an exchange go, at the next moment at which that exchange sends."""
    site = await configured(uow, at)
    exchange = site.exchanges.get(proposal.exchange or "")
    if exchange is None:
        raise ApprovalError("`proposal`: belongs to no exchange that is on")
    released = await deliveries.release(uow, proposal.id, due_at=due_at(exchange, site.site, settings, at), at=at)
    if released is None or (released.expires_at is not None and released.expires_at <= released.due_at):
        raise ApprovalError("`proposal`: its time limit has passed, or will before anything may go")
    return released


async def _message_of_its_own(
    uow: UnitOfWork, proposal: StoredProposal, settings: Settings, at: datetime
) -> StoredDelivery:
    window = timedelta(seconds=settings.release_window_seconds)
    delivery = StoredDelivery(
        new_id(),
        proposal.participant,
        proposal.question,
        proposal.id,
        proposal.recipient,
        deliveries.QUEUED,
        0,
        None,
        None,
        due(at, delay=timedelta(0), every=window),
        late=True,
    )
    await uow.deliveries.add(delivery, at)
    await enqueue_delivery(uow, delivery.id, delivery.due_at)
    return delivery

"""Revocations and holds: effective for every process at the commit, also on what is already queued (P2-70, P2-71)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from consent.codes import RevocationMode
from consent.model import All, Consent
from gateway import delivery as deliveries
from gateway import ledger
from gateway.disclosure import still_stands
from gateway.jobs import enqueue_delivery
from gateway.store import codec
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import Stop, StopKind, StoredDelivery
from gateway.store.vault import UNREADABLE


class StopError(ValueError):
    """What was to be stopped is not there. Names the field and the rule."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """What a revocation or hold did: the ids of what was recorded, and how many queued sendings will not go out."""

    stops: tuple[UUID, ...]
    suppressed: int
    at: datetime


async def revoke(
    store: Store, participant: UUID, *, at: datetime, grant: str | None = None, oral: bool = False
) -> Stopped:
    """Revoke everything, or one grant, named `GRANT` or `CONSENT/GRANT`. No reason and no approval are asked for."""
    mode = RevocationMode.ORAL if oral else RevocationMode.WRITTEN
    async with store.unit_of_work() as uow:
        await uow.consents.lock_and_raise(participant)
        reached = await _reach(uow, participant, grant)
        stops = [
            Stop(StopKind.REVOCATION, at, consent=consent, grants=grants, mode=mode) for consent, grants in reached
        ]
        stopped = await _record(uow, participant, stops, at)
        await uow.commit()
    return stopped


async def hold(store: Store, participant: UUID, *, at: datetime) -> Stopped:
    """Stop every basis but 2.51 and a court order, at once, until a person lifts it."""
    async with store.unit_of_work() as uow:
        await uow.consents.lock_and_raise(participant)
        stopped = await _record(uow, participant, [Stop(StopKind.HOLD, at)], at)
        await uow.commit()
    return stopped


async def _reach(uow: UnitOfWork, participant: UUID, grant: str | None) -> list[tuple[str, All | frozenset[str]]]:
    """Give the consents that a revocation ends, each whole or by one grant: those that are signed, never later ones."""
    consents = [c for c, _ in await uow.consents.signed(participant)]
    if grant is None:
        ended = {s.consent for _, s in await uow.consents.stops(participant) if s.grants == "all"}
        return [(c.id, "all") for c in consents if c.id not in ended]
    wanted, _, name = grant.rpartition("/")
    holding = [c for c in consents if _has(c, name) and wanted in ("", c.id)]
    if len(holding) != 1:
        rule = "names no grant of this participant" if not holding else "is in several consents, say CONSENT/GRANT"
        raise StopError(f"`--grant`: {rule}")
    return [(holding[0].id, frozenset({name}))]


def _has(consent: Consent, grant: str) -> bool:
    return any(g.id == grant for g in consent.grants)


async def _record(uow: UnitOfWork, participant: UUID, stops: list[Stop], at: datetime) -> Stopped:
    recorded = [await record_stop(uow, participant, stop, at) for stop in stops]
    suppressed = await suppress_queued(uow, participant, at)
    return Stopped(tuple(recorded), suppressed, at)


async def record_stop(uow: UnitOfWork, participant: UUID, stop: Stop, at: datetime) -> UUID:
    """Write one stop: to its table, to the journal outside the database, and to the ledger."""
    identity = await uow.consents.add_stop(participant, stop, at)
    content = {"stop": str(identity), **codec.load_json(codec.dump(stop))}
    await uow.mark(stop.kind.value, {"participant": str(participant), **content})
    await ledger.append(uow, stop.kind.value, at=at, content=content, participant=participant)
    return identity


async def suppress_queued(uow: UnitOfWork, participant: UUID, at: datetime) -> int:
    """Stop every queued sending that would no longer pass. The caller has just changed what is consented to.

    What is being sent at this moment has passed its point: it is "already leaving", and stays so on the ledger.
    """
    suppressed = 0
    for queued in await uow.deliveries.queued_for(participant):
        if queued.proposal is not None and not await _stands(uow, queued.proposal, at):
            await suppress(uow, queued, at, cause="consent-changed")
            suppressed += 1
    return suppressed


async def _stands(uow: UnitOfWork, proposal: UUID, at: datetime) -> bool:
    """Say whether a proposal would still pass; one that cannot be read would not, and stops nobody from stopping."""
    try:
        found = await uow.proposals.get(proposal, lock=True)
        return found is None or await still_stands(uow, found, at)
    except UNREADABLE:
        return False


async def suppress(uow: UnitOfWork, queued: StoredDelivery, at: datetime, *, cause: str) -> UUID | None:
    """Stop one sending. Returns the sending that gives the neutral answer instead, due when this one was.

    None for a late message: its question has had its one answer.
    """
    await deliveries.move(uow, queued, deliveries.SUPPRESSED, at=at, cause=cause)
    if queued.proposal is not None:
        await uow.proposals.end(queued.proposal, "withdrawn", at)
    if queued.question is None or queued.late:
        return None
    answer = StoredDelivery(
        new_id(),
        queued.participant,
        queued.question,
        None,
        queued.recipient,
        deliveries.QUEUED,
        0,
        None,
        None,
        max(queued.due_at, at),
    )
    await uow.deliveries.add(answer, at)
    await enqueue_delivery(uow, answer.id, answer.due_at)
    return answer.id

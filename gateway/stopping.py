"""Revocations, holds, restrictions: effective for every process at the commit, also on what is already queued (P2-70).

One transaction does all that P2-71 asks for:
(1) the stop is recorded with its moment, mode and who said so, in the table, in the journal outside the database and on
    the ledger, and the consent version is raised; a Consent rendered from now on is `inactive` (mappings/fhir/consent);
(2) there is nothing to purge: no decision is cached, tokens belong to systems and not to participants, and a
    subscription permits nothing: each event is decided when it goes (gateway.notifying);
(3) queued, scheduled, retried and proposed sendings are suppressed, and each is asked again at its point (withdrawing);
(4) proposals are withdrawn from the screens on which they wait; no other view, link or download outlives its request,
    each passes the point of no return by itself;
(5) who received something hears that the permission is over, without a reason (ending);
(6) case managers find referrals in flight on their list (withdrawing.tell_staff);
(7) nothing is deleted: stops, consents and the ledger only ever grow;
(8) no recall is claimed; whom to ask for return or destruction is on that same list;
(9) the participant's receipt is the statement of what was shared (statements), what is already leaving included;
(10) nothing is said to anybody in justice but what an expired permission would say, too (GR-06).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from consent.codes import Category, RevocationMode
from consent.model import All, Consent, Restriction
from gateway import ledger
from gateway.store import codec
from gateway.store.repositories.consents import unlifted
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import Stop, StopKind
from gateway.store.vault import UNREADABLE
from gateway.withdrawing import NOTHING, Withdrawn, tell_staff, withdraw

COMMAND_LINE: Final = "command line"  # whoever may run commands on this machine
SYSTEM: Final = "system"


class StopError(ValueError):
    """What was to be stopped, or lifted, is not there. Names the field and the rule."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """What a stop did: the ids of what was recorded, and what it took with it.

    `taken.leaving`: so many sendings had passed their point before, and are on the statement as "already leaving".
    """

    stops: tuple[UUID, ...]
    at: datetime
    taken: Withdrawn = NOTHING

    @property
    def suppressed(self) -> int:
        """How many queued sendings will not go out."""
        return self.taken.deliveries


async def revoke(
    store: Store,
    participant: UUID,
    *,
    at: datetime,
    grant: str | None = None,
    oral: bool = False,
    by: str = COMMAND_LINE,
) -> Stopped:
    """Revoke everything, or one grant, named `GRANT` or `CONSENT/GRANT`. No reason and no approval are asked for.

    `by`: the staff id of who was told, or the channel that the participant used. Raises StopError for no such grant.
    """
    async with store.unit_of_work() as uow:
        await _alone(uow, participant)
        stopped = await revoke_in(uow, participant, at=at, grant=grant, oral=oral, by=by)
        await uow.commit()
    return stopped


async def revoke_in(
    uow: UnitOfWork, participant: UUID, *, at: datetime, grant: str | None = None, oral: bool = False, by: str
) -> Stopped:
    """Revoke inside the caller's transaction, which holds the version alone."""
    mode = RevocationMode.ORAL if oral else RevocationMode.WRITTEN
    try:
        reached = await _reach(uow, participant, grant)
    except UNREADABLE:  # what was signed cannot be read, so all of it stops until a person has looked
        return await hold_in(uow, participant, at=at, by=by, how=f"hold-for-revocation-{mode.value}")
    stops = [
        Stop(StopKind.REVOCATION, at, consent=consent, grants=grants, mode=mode, by=by) for consent, grants in reached
    ]
    return await _record(uow, participant, stops, at, how=f"revocation-{mode.value}", by=by, everything=grant is None)


async def hold(
    store: Store, participant: UUID, *, at: datetime, grant: str | None = None, by: str = COMMAND_LINE
) -> Stopped:
    """Stop every basis but 2.51 and a court order, at once, until a person lifts it; or one grant, in each consent.

    Raises StopError for a grant that no consent of the participant has.
    """
    async with store.unit_of_work() as uow:
        await _alone(uow, participant)
        stopped = await hold_in(uow, participant, at=at, grant=grant, by=by)
        await uow.commit()
    return stopped


async def hold_in(
    uow: UnitOfWork, participant: UUID, *, at: datetime, grant: str | None = None, by: str, how: str = "hold-oral"
) -> Stopped:
    """Hold inside the caller's transaction, which holds the version alone. `how`: what staff are told it was."""
    grants: All | frozenset[str] = "all"
    if grant is not None:
        if not any(_has(consent, grant) for consent, _ in await uow.consents.signed(participant)):
            raise StopError("`--grant`: names no grant of this participant")
        grants = frozenset({grant})
    stops = [Stop(StopKind.HOLD, at, grants=grants, by=by)]
    return await _record(uow, participant, stops, at, how=how, by=by, everything=grant is None)


async def restrict(
    store: Store,
    participant: UUID,
    organization: str,
    *,
    categories: frozenset[Category] | None = None,
    at: datetime,
    by: str = COMMAND_LINE,
) -> Stopped:
    """Record a restriction that was agreed to (42 CFR 2.26): this organization hears nothing of these categories.

    `categories` None: of nothing at all. Raises StopError for an organization that is not here, or an empty set.
    """
    if categories is not None and not categories:
        raise StopError("`--category`: at least one, or leave it out for all")
    async with store.unit_of_work() as uow:
        await _alone(uow, participant)
        if await uow.registry.organization(organization) is None:
            raise StopError("`ORGANIZATION`: names no organization of this site")
        agreed = Restriction(str(participant), organization, agreed=True, categories=categories)
        stops = [Stop(StopKind.RESTRICTION, at, restriction=agreed, by=by)]
        stopped = await _record(uow, participant, stops, at, how="restriction", by=by)
        await uow.commit()
    return stopped


async def lift(store: Store, participant: UUID, *, stop: UUID | None = None, at: datetime, by: str) -> tuple[UUID, ...]:
    """Lift a hold or end a restriction, by a person who is named; without `stop`, every hold. Returns what was lifted.

    Nothing that was suppressed comes back, and a revocation is never lifted: one signs again. Raises StopError where
    there is nothing to lift, or nobody is named.
    """
    if not by.strip():
        raise StopError("`--by`: must name who lifts it")
    async with store.unit_of_work() as uow:
        await _alone(uow, participant)
        lifted = _liftable(await uow.consents.stops(participant), stop)
        if not lifted:
            raise StopError("`--stop`: names no hold or restriction in force" if stop else "`PARTICIPANT`: has no hold")
        for identity in lifted:
            await record_stop(uow, participant, Stop(StopKind.LIFT, at, lifts=identity, by=by), at)
        await uow.commit()
    return tuple(UUID(identity) for identity in lifted)


def _liftable(stops: Sequence[tuple[str, Stop]], wanted: UUID | None) -> list[str]:
    kinds = {StopKind.HOLD} if wanted is None else {StopKind.HOLD, StopKind.RESTRICTION}
    open_ones = [key for key, stop in unlifted(stops) if stop.kind in kinds]
    return [key for key in open_ones if wanted is None or key == str(wanted)]


async def _alone(uow: UnitOfWork, participant: UUID) -> None:
    """Take the version alone and raise it: what has not passed its point waits, and then sees the stop."""
    await uow.consents.lock_and_raise(participant)


async def _reach(uow: UnitOfWork, participant: UUID, grant: str | None) -> list[tuple[str, All | frozenset[str]]]:
    """Give the consents that a revocation ends, each whole or by one grant: those that are signed, never later ones."""
    consents = [c for c, _ in await uow.consents.signed(participant)]
    if grant is None:
        stops = [s for _, s in await uow.consents.stops(participant) if s.kind is StopKind.REVOCATION]
        ended = {s.consent for s in stops if s.grants == "all"}
        return [(c.id, "all") for c in consents if c.id not in ended]
    wanted, _, name = grant.rpartition("/")
    holding = [c for c in consents if _has(c, name) and wanted in ("", c.id)]
    if len(holding) != 1:
        rule = "names no grant of this participant" if not holding else "is in several consents, say CONSENT/GRANT"
        raise StopError(f"`--grant`: {rule}")
    return [(holding[0].id, frozenset({name}))]


def _has(consent: Consent, grant: str) -> bool:
    return any(g.id == grant for g in consent.grants)


async def _record(
    uow: UnitOfWork,
    participant: UUID,
    stops: Sequence[Stop],
    at: datetime,
    *,
    how: str,
    by: str,
    everything: bool = False,
) -> Stopped:
    recorded = tuple([await record_stop(uow, participant, stop, at) for stop in stops])
    taken = await withdraw(uow, participant, at, by=by, everything=everything)
    if recorded:
        await tell_staff(uow, participant, recorded[0], taken, at, how=how, by=by)
    return Stopped(recorded, at, taken)


async def record_stop(uow: UnitOfWork, participant: UUID, stop: Stop, at: datetime) -> UUID:
    """Write one stop: to its table, to the journal outside the database, and to the ledger.

    What follows from it is `withdrawing.withdraw`, which the caller calls in the same transaction.
    """
    identity = await uow.consents.add_stop(participant, stop, at)
    content = {"stop": str(identity), **codec.load_json(codec.dump(stop)), "by": stop.by or SYSTEM}
    await uow.mark(stop.kind.value, {"participant": str(participant), **content})
    await ledger.append(uow, stop.kind.value, at=at, content=content, participant=participant)
    return identity

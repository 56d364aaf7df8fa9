"""A stop as it is said at a desk: everything, or some rows of what was signed; revoked or held; and what came of it.

What a stop does is `gateway.stopping`'s. This puts several rows into one transaction, and looks afterwards whether the
partners who had received something have been told that it is over, and have confirmed it.
"""

from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from consent.model import Consent, ConsentGrant
from gateway import ledger
from gateway.ending import owed
from gateway.permissions import Standing, grants_in_force, standing_of
from gateway.stopping import StopError, Stopped, hold_in, revoke_in
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import Stop, StopKind
from gateway.store.vault import UNREADABLE

REVOKE: Final = "revoke"
HOLD: Final = "hold"

_Act = Coroutine[Any, Any, Stopped]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a participant said. `rows` empty: everything; else each `CONSENT/GRANT`. `act`: `revoke` or `hold`."""

    act: str
    rows: tuple[str, ...]
    oral: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One grant in force, as a person may stop it. `name`: `CONSENT/GRANT`."""

    name: str
    consent: Consent
    grant: ConsentGrant


@dataclass(frozen=True, slots=True)
class Told:
    """A partner who had received something: the state of the notice that says it is over; `due_at`: when it goes."""

    recipient: str
    state: str
    due_at: datetime
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What came of one stop. `rows`: the grants that it named; none: everything."""

    kind: StopKind
    at: datetime
    oral: bool
    rows: tuple[tuple[Consent, ConsentGrant], ...]
    told: tuple[Told, ...]

    @property
    def is_confirmed(self) -> bool:
        """Whether every partner who had to be told has confirmed. Nobody to tell: nothing to confirm."""
        return all(each.state == "acknowledged" for each in self.told)


def rows_of(standing: Standing, at: datetime) -> tuple[Row, ...]:
    """Give what can be stopped: the grants in force, oldest form first."""
    return tuple(Row(f"{form.id}/{grant.id}", form, grant) for form, grant in grants_in_force(standing, at))


async def stop(store: Store, participant: UUID, wish: Wish, *, by: str, at: datetime) -> tuple[UUID, ...]:
    """Stop what was wished for in one transaction; in force when this returns. Raises StopError: nothing changed."""
    async with store.unit_of_work() as uow:
        # INVARIANT: the version is held alone before anything is read, so what has not passed its point sees the stop.
        await uow.consents.lock_and_raise(participant)
        done = [await each for each in _acts(uow, participant, wish, by, at)]
        stops = tuple(identity for stopped in done for identity in stopped.stops)
        if not stops:
            raise StopError("`what`: nothing signed is left to revoke, a hold stops the rest")
        await uow.commit()
    return stops


def _acts(uow: UnitOfWork, participant: UUID, wish: Wish, by: str, at: datetime) -> Iterator[_Act]:
    if wish.act not in (REVOKE, HOLD):
        raise StopError("`act`: must be a revocation or a hold")
    for row in wish.rows or (None,):
        if wish.act == REVOKE:
            yield revoke_in(uow, participant, at=at, grant=row, oral=wish.oral, by=by)
        else:
            grant = None if row is None else row.rpartition("/")[2]
            yield hold_in(uow, participant, at=at, grant=grant, by=by)


async def aftermath(store: Store, participant: UUID, identity: UUID, at: datetime) -> Aftermath | None:
    """Give what came of a stop and of those said with it; None: there is no such stop."""
    async with store.unit_of_work() as uow:
        stops = await uow.consents.stops(participant)
        said = next((each for key, each in stops if key == str(identity)), None)
        if said is None:
            return None
        together = [each for _, each in stops if (each.kind, each.at, each.by) == (said.kind, said.at, said.by)]
        standing = await standing_of(uow, participant, at)
        told = await _told(uow, participant, together, at)
    oral = said.kind is StopKind.HOLD or (said.mode is not None and said.mode.value == "oral")
    return Aftermath(said.kind, said.at, oral, tuple(_named(standing, together)), told)


def _named(standing: Standing | None, stops: Sequence[Stop]) -> Iterator[tuple[Consent, ConsentGrant]]:
    for form in () if standing is None else standing.consents:
        for grant in form.grants:
            if any(s.grants != "all" and grant.id in s.grants and s.consent in (None, form.id) for s in stops):
                yield form, grant


async def _told(uow: UnitOfWork, participant: UUID, stops: Sequence[Stop], at: datetime) -> tuple[Told, ...]:
    forms = {each.consent for each in stops}
    found = []
    for each in await owed(uow, participant, at):
        sending = await uow.deliveries.get(each.delivery) if each.consent in forms else None
        if sending is not None:
            found.append(Told(sending.recipient, sending.state, sending.due_at, sending.acknowledged_at))
    return tuple(found)


async def read_permissions(
    store: Store, participant: UUID, *, staff: str, organization: str, at: datetime
) -> Standing | None:
    """Give what stands about somebody: a Use, recorded. None: it cannot be read, so all is stopped or none."""
    async with store.unit_of_work() as uow:
        try:
            standing = await standing_of(uow, participant, at)
        except UNREADABLE:
            standing = None
        content = {"staff": staff, "read": ["permissions"]}
        await ledger.append(uow, "use", at=at, content=content, participant=participant, organization=organization)
        await uow.commit()
    return standing

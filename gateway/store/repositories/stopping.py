"""What a stop reaches, what it has to be followed by, and the slips of paper by which a participant can say stop."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import exists, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.exchange_tables import duty, participant_event, reminder, revocation_link, standing_approval
from gateway.store.tables import consent_version, delivery, ledger_entry, proposal, stop

END_OF_PERMISSION: Final = "end-of-permission"
"""The kind of a sending that says that a permission is over, and of its entry on the ledger."""

_ALONE: Final = text("LOCK TABLE consent_version IN EXCLUSIVE MODE")
_ARRIVED: Final = ("delivered", "acknowledged")
_LEAVING: Final = ("sending",)
_LIVE: Final = ("proposed", "approved", "queued")
_UNDECIDED: Final = ("waiting", "approved")


class Sent(NamedTuple):
    """One sending with content in it, and its entry on the ledger."""

    delivery: UUID
    recipient: str
    entry: UUID
    state: str
    exchange: str | None


class Stopping:
    """Questions that only stops ask, answered without opening anything sealed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def concerned(self, participant: UUID) -> bool:
        """Say whether anything has been sent, waits or was approved about a participant: else a stop ends there."""
        about = (
            exists().where(table.c.participant == participant) for table in (delivery, proposal, standing_approval)
        )
        return bool((await self._connection.execute(select(or_(*about)))).scalar_one())

    async def undecided(self, participant: UUID) -> list[UUID]:
        """Give the proposals that wait or have not left yet, oldest first, locked."""
        t = proposal
        statement = select(t.c.id).where(t.c.participant == participant, t.c.state.in_(_UNDECIDED)).order_by(t.c.id)
        return list((await self._connection.execute(statement.with_for_update())).scalars())

    async def arrived(self, participant: UUID) -> list[Sent]:
        """Give what has reached its recipient with content in it, oldest first; no notice of an end is among it."""
        return await self._sent(participant, _ARRIVED)

    async def leaving(self, participant: UUID) -> list[Sent]:
        """Give what has passed its point, with content in it, and of which nobody knows yet whether it arrived."""
        return await self._sent(participant, _LEAVING)

    async def tried(self, participant: UUID) -> list[Sent]:
        """Give every sending with content in it that has passed its point at least once, whatever became of it."""
        return await self._sent(participant, None)

    async def _sent(self, participant: UUID, states: Sequence[str] | None) -> list[Sent]:
        t, e = delivery, ledger_entry
        statement = (
            select(t.c.id, t.c.recipient, t.c.entry, t.c.state, t.c.exchange)
            .join_from(t, e, e.c.id == t.c.entry)
            .where(t.c.participant == participant, e.c.kind == "disclosure")
            .order_by(t.c.id)
        )
        statement = statement if states is None else statement.where(t.c.state.in_(states))
        return [Sent(*found) for found in await self._connection.execute(statement)]

    async def stand_still(self) -> None:
        """Let nobody pass the point of no return until the transaction ends, about whomever: what waits comes after.

        INVARIANT: taken before any other row, so that no order of locks can be crossed.
        """
        await self._connection.execute(_ALONE)

    async def queued_to(self, recipient: str) -> list[UUID]:
        """Give the sendings to an organization that have not passed their point, oldest first, locked."""
        t = delivery
        statement = select(t.c.id).where(t.c.recipient == recipient, t.c.state.in_(_LIVE)).order_by(t.c.id)
        return list((await self._connection.execute(statement.with_for_update())).scalars())

    async def is_awaited(self, recipient: str) -> bool:
        """Say whether anything waits to go to an organization, or is approved beforehand to go there."""
        waits = (
            exists().where(delivery.c.recipient == recipient, delivery.c.state.in_(_LIVE)),
            exists().where(proposal.c.recipient == recipient, proposal.c.state.in_(_UNDECIDED)),
            exists().where(standing_approval.c.recipient == recipient, standing_approval.c.ended_at.is_(None)),
        )
        return bool((await self._connection.execute(select(or_(*waits)))).scalar_one())

    async def undecided_for(self, recipient: str) -> list[tuple[UUID, UUID]]:
        """Give the proposals for an organization that wait or have not left yet, with whom they are about; locked."""
        t = proposal
        statement = select(t.c.id, t.c.participant).where(t.c.recipient == recipient, t.c.state.in_(_UNDECIDED))
        rows = await self._connection.execute(statement.order_by(t.c.id).with_for_update())
        return [(found.id, found.participant) for found in rows]

    async def standing_for(self, recipient: str) -> list[tuple[UUID, UUID]]:
        """Give the standing approvals toward an organization that nobody has ended, with whom they are about."""
        t = standing_approval
        statement = select(t.c.id, t.c.participant).where(t.c.recipient == recipient, t.c.ended_at.is_(None))
        return [(found.id, found.participant) for found in await self._connection.execute(statement.order_by(t.c.id))]

    async def people(self, part: int = 0, parts: int = 1) -> list[UUID]:
        """Give the participants whose turn it is, where a long look is made in so many `parts`; 1: everybody."""
        t = consent_version
        rows = (await self._connection.execute(select(t.c.participant).order_by(t.c.participant))).scalars()
        return [identity for identity in rows if identity.int % parts == part % parts]

    async def touched(self, since: datetime) -> list[UUID]:
        """Give the participants about whom a stop, or something that ends a grant, was recorded since a moment."""
        stopped = select(stop.c.participant).where(stop.c.recorded_at >= since)
        happened = select(participant_event.c.participant).where(participant_event.c.recorded_at >= since)
        return sorted((await self._connection.execute(stopped.union(happened))).scalars())

    async def remind_once(self, participant: UUID, token: bytes, days: int, at: datetime) -> bool:
        """Remember that a reminder was given. False: it has been given before, by whichever process."""
        values = {"participant": participant, "token": token, "days": days, "at": at}
        statement = insert(reminder).values(values).on_conflict_do_nothing().returning(reminder.c.at)
        return (await self._connection.execute(statement)).one_or_none() is not None

    async def unheard(self, since: datetime) -> list[tuple[UUID, UUID, str]]:
        """Give the notices of an end that arrived before `since` and that nobody has acknowledged.

        Each with participant and recipient; without those of which somebody has been told already.
        """
        t = delivery
        told = exists().where(duty.c.reference == t.c.id, duty.c.kind == "end-unacknowledged")
        statement = select(t.c.id, t.c.participant, t.c.recipient).where(
            t.c.kind == END_OF_PERMISSION, t.c.state == "delivered", t.c.updated_at <= since, ~told
        )
        return [(r.id, r.participant, r.recipient) for r in await self._connection.execute(statement.order_by(t.c.id))]


class Slips:
    """The slips with which a participant can say stop without asking anybody. Only digests of codes are kept."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, digest: bytes, participant: UUID, expires: datetime) -> None:
        """Keep a slip."""
        values = {"digest": digest, "participant": participant, "expires_at": expires}
        await self._connection.execute(insert(revocation_link).values(values))

    async def whose(self, digest: bytes, at: datetime) -> UUID | None:
        """Give the participant whose slip it is, if it can still be used."""
        t = revocation_link
        good = (t.c.digest == digest) & t.c.used_at.is_(None) & (t.c.expires_at > at)
        found: UUID | None = (await self._connection.execute(select(t.c.participant).where(good))).scalar_one_or_none()
        return found

    async def spend(self, digest: bytes, at: datetime) -> bool:
        """Use a slip up. False: somebody else has, in this very moment."""
        t = revocation_link
        statement = update(t).where(t.c.digest == digest, t.c.used_at.is_(None)).values(used_at=at)
        return (await self._connection.execute(statement)).rowcount == 1

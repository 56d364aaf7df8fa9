"""What lets somebody decide without being asked each time, or for somebody else; and how staff are told to look."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from consent.codes import Category, Purpose
from gateway.store.exchange_tables import contact, delegation, standing_approval
from gateway.store.vault import Vault, row

_NUDGER: Final = text("SELECT pg_try_advisory_xact_lock(5160)")
_TABLE: Final = "standing_approval"


@dataclass(frozen=True, slots=True)
class StandingApproval:
    """One person's approval of a routine: this participant, exchange and recipient, these categories exactly, until.

    In force from `starts_at` until just before `ends_at`, unless `ended_at` came first. `by`: the staff id of who gave
    it; `source`: the proposal that was seen then. Categories and names are sealed.
    """

    id: UUID
    participant: UUID
    exchange: str
    recipient: str
    purpose: Purpose
    categories: frozenset[Category]
    by: str
    source: UUID
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None

    def in_force(self, at: datetime) -> bool:
        """Say whether it counts at a moment."""
        return self.ended_at is None and self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class Delegation:
    """One person's approvals in the hands of another, from and until just before. Names are staff ids."""

    id: UUID
    organization: str
    from_staff: str
    to_staff: str
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None

    def in_force(self, at: datetime) -> bool:
        """Say whether it counts at a moment."""
        return self.ended_at is None and self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a member of staff is told that something waits: an e-mail address or a webhook.

    `staff`: the staff id of whose it is; None: it stands for everybody in that role at that organization.
    """

    id: UUID
    organization: str
    role: str
    channel: str
    address: str = field(repr=False)
    staff: str | None = None
    nudged_at: datetime | None = None
    disabled_at: datetime | None = None


class Approvals:
    """Standing approvals, delegations, contacts. Rows are ended or disabled, never deleted."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def add_standing(self, new: StandingApproval) -> None:
        """Keep a standing approval."""
        content = {
            "purpose": new.purpose.value,
            "categories": sorted(category.value for category in new.categories),
            "by": new.by,
            "source": str(new.source),
        }
        sealed = await self._vault.seal(new.participant, content, table=_TABLE, row=row(new.id))
        names = ("id", "participant", "exchange", "recipient", "starts_at", "ends_at", "ended_at")
        values = {name: getattr(new, name) for name in names}
        await self._connection.execute(insert(standing_approval).values(**values, sealed=sealed))

    async def standing(self, identity: UUID, *, lock: bool = False) -> StandingApproval | None:
        """One standing approval; `lock` keeps others from ending it until the transaction ends."""
        statement = select(standing_approval).where(standing_approval.c.id == identity)
        found = (await self._connection.execute(statement.with_for_update() if lock else statement)).one_or_none()
        return None if found is None else await self._standing(found)

    async def standing_of(
        self, participant: UUID | None = None, *, exchange: str | None = None, recipient: str | None = None
    ) -> list[StandingApproval]:
        """Give those that nobody has ended, the newest first, past their time or not, narrowed by what is given."""
        t = standing_approval
        statement = select(t).where(t.c.ended_at.is_(None)).order_by(t.c.id.desc())
        for column, value in ((t.c.participant, participant), (t.c.exchange, exchange), (t.c.recipient, recipient)):
            statement = statement if value is None else statement.where(column == value)
        return [await self._standing(found) for found in (await self._connection.execute(statement)).all()]

    async def end_standing(self, identities: Iterable[UUID], at: datetime) -> None:
        """End standing approvals; one that has ended keeps its moment."""
        t = standing_approval
        statement = update(t).where(t.c.id.in_(list(identities)), t.c.ended_at.is_(None))
        await self._connection.execute(statement.values(ended_at=at))

    async def standing_ids(self, participant: UUID) -> list[UUID]:
        """Give the ids of those that nobody has ended, without opening them: what is damaged can be ended, too."""
        t = standing_approval
        statement = select(t.c.id).where(t.c.participant == participant, t.c.ended_at.is_(None))
        return list((await self._connection.execute(statement)).scalars())

    async def _standing(self, found: Any) -> StandingApproval:
        content = await self._vault.open_json(found.participant, found.sealed, table=_TABLE, row=row(found.id))
        return StandingApproval(
            id=found.id,
            participant=found.participant,
            exchange=found.exchange,
            recipient=found.recipient,
            purpose=Purpose(content["purpose"]),
            categories=frozenset(Category(each) for each in content["categories"]),
            by=content["by"],
            source=UUID(content["source"]),
            starts_at=found.starts_at,
            ends_at=found.ends_at,
            ended_at=found.ended_at,
        )

    async def add_delegation(self, new: Delegation) -> None:
        """Keep a delegation."""
        names = ("id", "organization", "from_staff", "to_staff", "starts_at", "ends_at", "ended_at")
        await self._connection.execute(insert(delegation).values({name: getattr(new, name) for name in names}))

    async def delegations(self, organization: str | None = None) -> list[Delegation]:
        """Give those that nobody has ended, oldest first, past their time or not."""
        t = delegation
        statement = select(t).where(t.c.ended_at.is_(None)).order_by(t.c.id)
        statement = statement if organization is None else statement.where(t.c.organization == organization)
        return [_delegation(found) for found in await self._connection.execute(statement)]

    async def end_delegation(self, identity: UUID, at: datetime) -> Delegation | None:
        """End a delegation; None where there is none that goes on."""
        t = delegation
        statement = update(t).where(t.c.id == identity, t.c.ended_at.is_(None)).values(ended_at=at).returning(*t.c)
        found = (await self._connection.execute(statement)).one_or_none()
        return None if found is None else _delegation(found)

    async def add_contact(self, new: Contact) -> None:
        """Keep a contact."""
        names = ("id", "organization", "role", "channel", "address", "staff", "nudged_at", "disabled_at")
        await self._connection.execute(insert(contact).values({name: getattr(new, name) for name in names}))

    async def contact(self, identity: UUID) -> Contact | None:
        """One contact."""
        found = (await self._connection.execute(select(contact).where(contact.c.id == identity))).one_or_none()
        return None if found is None else _contact(found)

    async def contacts(self, *, disabled: bool = False) -> list[Contact]:
        """Give the contacts, oldest first; without the disabled ones unless told."""
        statement = select(contact).order_by(contact.c.id)
        statement = statement if disabled else statement.where(contact.c.disabled_at.is_(None))
        return [_contact(found) for found in await self._connection.execute(statement)]

    async def disable_contact(self, identity: UUID, at: datetime) -> bool:
        """Disable a contact; False where there is none that works."""
        statement = update(contact).where(contact.c.id == identity, contact.c.disabled_at.is_(None))
        found = await self._connection.execute(statement.values(disabled_at=at).returning(contact.c.id))
        return found.one_or_none() is not None

    async def nudged(self, contacts: Iterable[UUID], at: datetime | None) -> None:
        """Record when contacts were last told."""
        statement = update(contact).where(contact.c.id.in_(list(contacts)))
        await self._connection.execute(statement.values(nudged_at=at))

    async def become_nudger(self) -> bool:
        """Take the nudger's lock until the transaction ends. False: another process tells staff at this moment."""
        return bool((await self._connection.execute(_NUDGER)).scalar_one())


def _delegation(found: Any) -> Delegation:
    return Delegation(
        found.id,
        found.organization,
        found.from_staff,
        found.to_staff,
        found.starts_at,
        found.ends_at,
        found.ended_at,
    )


def _contact(found: Any) -> Contact:
    return Contact(
        found.id,
        found.organization,
        found.role,
        found.channel,
        found.address,
        found.staff,
        found.nudged_at,
        found.disabled_at,
    )

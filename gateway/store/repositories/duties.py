"""What waits for a person: approvals, alerts, documentation, reviews. In the clear there are ids and moments only."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.exchange_tables import duty
from gateway.store.vault import Vault, row

SITE_KEY = "duties"
_CLEAR: Final = (
    "id",
    "kind",
    "participant",
    "organization",
    "role",
    "created_at",
    "due_at",
    "reference",
    "state",
    "level",
    "nudged_at",
    "done_at",
)


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that a person must do. `detail` is sealed under the participant's key, or a key of the site.

    `role` and `organization` say whose it is, `assignee` (a staff id) who exactly; `reference` names the row that it is
    about; `level` counts escalations; `nudged_at` is when staff were last told that something waits.
    """

    id: UUID
    kind: str
    participant: UUID | None
    organization: str
    role: str
    created_at: datetime
    due_at: datetime | None = None
    assignee: str | None = None
    reference: UUID | None = None
    state: str = "open"
    level: int = 0
    nudged_at: datetime | None = None
    done_at: datetime | None = None
    detail: dict[str, Any] = field(default_factory=dict, hash=False)


class Duties:
    """The shelf of what waits. `gateway.duties` is what opens, escalates and closes."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def add(self, new: Duty) -> None:
        """Put one on the list."""
        await self.add_all([new])

    async def add_all(self, several: Sequence[Duty]) -> None:
        """Put several on the list, in one go."""
        if several:
            await self._connection.execute(insert(duty), [await self._values(each) for each in several])

    async def _values(self, new: Duty) -> dict[str, Any]:
        names = ("id", "kind", "participant", "organization", "role", "created_at", "due_at", "reference")
        values = {name: getattr(new, name) for name in (*names, "state", "level", "nudged_at", "done_at")}
        sealed = await self._vault.seal(new.participant or SITE_KEY, new.detail, table="duty", row=row(new.id))
        return {**values, "sealed": sealed, "assignee": await self._named(new)}

    async def _named(self, one: Duty) -> bytes | None:
        """Seal whose a duty is, under a key of the site: whoever has no key to a participant may still be told."""
        if one.assignee is None:
            return None
        return await self._vault.seal(SITE_KEY, {"staff": one.assignee}, table="duty", row=_hands(one.id))

    async def get(self, identity: UUID, *, lock: bool = False) -> Duty | None:
        """One duty; `lock` keeps others from changing it until the transaction ends."""
        statement = select(duty).where(duty.c.id == identity)
        found = (await self._connection.execute(statement.with_for_update() if lock else statement)).one_or_none()
        return None if found is None else await self._open(found)

    async def open(
        self,
        *,
        kinds: Sequence[str] | None = None,
        organization: str | None = None,
        reference: UUID | None = None,
        participant: UUID | None = None,
        due_before: datetime | None = None,
        bare: bool = False,
    ) -> list[Duty]:
        """Give what is open, oldest first, narrowed by whatever is given. `bare`: with its detail left sealed."""
        statement = select(duty).where(duty.c.state == "open").order_by(duty.c.created_at, duty.c.id)
        for column, value in ((duty.c.organization, organization), (duty.c.reference, reference)):
            statement = statement if value is None else statement.where(column == value)
        if kinds is not None:
            statement = statement.where(duty.c.kind.in_(kinds))
        if participant is not None:
            statement = statement.where(duty.c.participant == participant)
        if due_before is not None:
            statement = statement.where(duty.c.due_at <= due_before)
        rows = (await self._connection.execute(statement)).all()
        return [await self._bare(found) for found in rows] if bare else [await self._open(found) for found in rows]

    async def set(self, changed: Duty) -> None:
        """Write a duty's state, level, assignee and moments. What it is about never changes."""
        names = ("state", "level", "due_at", "nudged_at", "done_at")
        values = {name: getattr(changed, name) for name in names} | {"assignee": await self._named(changed)}
        await self._connection.execute(update(duty).where(duty.c.id == changed.id).values(**values))

    async def nudged(self, identities: Sequence[UUID], at: datetime) -> None:
        """Record when staff were last told of these duties; what is done by now stays as it is."""
        statement = update(duty).where(duty.c.id.in_(identities), duty.c.state == "open")
        await self._connection.execute(statement.values(nudged_at=at))

    async def _open(self, found: Any) -> Duty:
        owner = found.participant or SITE_KEY
        detail = await self._vault.open_json(owner, found.sealed, table="duty", row=row(found.id))
        return replace(await self._bare(found), detail=detail)

    async def _bare(self, found: Any) -> Duty:
        """Read a row, and whose it is; its detail stays sealed."""
        values = {name: getattr(found, name) for name in _CLEAR}
        if found.assignee is None:
            return Duty(**values)
        named = await self._vault.open_json(SITE_KEY, found.assignee, table="duty", row=_hands(found.id))
        return Duty(**values, assignee=named["staff"])


def _hands(identity: UUID) -> str:
    """Name the place of an assignee in the associated data: another one than that of the detail."""
    return f"{row(identity)}/assignee"

"""Sendings: one row each, with the request of one that neither question nor proposal holds, sealed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import tables
from gateway.store.values import StoredDelivery
from gateway.store.vault import UNREADABLE, Vault, row

_DELIVERY: Final = (
    "id",
    "participant",
    "question",
    "proposal",
    "recipient",
    "state",
    "attempts",
    "entry",
    "cause",
    "due_at",
    "late",
    "kind",
    "exchange",
    "expires_at",
    "acknowledged_at",
    "max_attempts",
)


_SWEEPER_LOCK: Final = text("SELECT pg_try_advisory_xact_lock(5153)")
# A job carries the id of its delivery as its lock (gateway.jobs).
_ORPHANS: Final = text(
    "SELECT d.id FROM delivery d WHERE d.state IN ('queued', 'sending') AND d.due_at <= :due_before"
    " AND d.id::text NOT IN (SELECT j.lock FROM procrastinate_jobs j WHERE j.task_name = 'deliver'"
    " AND j.status IN ('todo', 'doing') AND j.lock IS NOT NULL) ORDER BY d.due_at, d.id LIMIT :limit"
)


_CHANGES: Final = ("participant", "proposal", "state", "attempts", "entry", "cause", "due_at", "acknowledged_at")


class Deliveries:
    """Sendings. Their state changes only through `gateway.delivery.move`."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def add(self, delivery: StoredDelivery, at: datetime) -> None:
        """Put a sending on the list. A request that it carries is sealed under its participant's key."""
        values = {name: getattr(delivery, name) for name in (*_DELIVERY, "key")}
        if delivery.request is not None and delivery.participant is not None:
            place = row(delivery.id)
            values["sealed"] = await self._vault.seal(
                delivery.participant, delivery.request, table="delivery", row=place
            )
        await self._connection.execute(insert(tables.delivery).values(**values, updated_at=at))

    async def add_all(self, deliveries: Sequence[StoredDelivery], at: datetime) -> None:
        """Put several sendings on the list in one go; none of them carries a request."""
        rows = [{name: getattr(each, name) for name in (*_DELIVERY, "key")} | {"updated_at": at} for each in deliveries]
        if rows:
            await self._connection.execute(insert(tables.delivery), rows)

    async def request(self, delivery: StoredDelivery) -> dict[str, Any] | None:
        """Give the request that a sending carries by itself."""
        statement = select(tables.delivery.c.sealed).where(tables.delivery.c.id == delivery.id)
        sealed = (await self._connection.execute(statement)).scalar_one_or_none()
        if sealed is None or delivery.participant is None:
            return None
        return await self._vault.open_json(delivery.participant, sealed, table="delivery", row=row(delivery.id))

    async def get(self, identity: UUID, *, lock: bool = False) -> StoredDelivery | None:
        """One sending."""
        statement = select(tables.delivery).where(tables.delivery.c.id == identity)
        found = (await self._connection.execute(statement.with_for_update() if lock else statement)).one_or_none()
        return None if found is None else _delivery(found)

    async def get_all(self, identities: Iterable[UUID], *, lock: bool = False) -> list[StoredDelivery]:
        """Several sendings, by id, each with the request that it carries; `lock` as for one, taken in that order."""
        statement = select(tables.delivery).where(tables.delivery.c.id.in_(list(identities)))
        statement = statement.order_by(tables.delivery.c.id)
        rows = (await self._connection.execute(statement.with_for_update() if lock else statement)).all()
        if lock:
            return [_delivery(found) for found in rows]
        await self._vault.ahead(found.participant for found in rows if found.participant is not None)
        return [await self._with_request(found) for found in rows]

    async def _with_request(self, found: Any) -> StoredDelivery:
        if found.sealed is None or found.participant is None:
            return _delivery(found)
        place = row(found.id)
        try:
            request = await self._vault.open_json(found.participant, found.sealed, table="delivery", row=place)
        except UNREADABLE:  # whoever needs it will hear of it
            return _delivery(found)
        return replace(_delivery(found), request=request)

    async def queued_for(self, participant: UUID) -> list[StoredDelivery]:
        """Give the sendings about a participant that wait for a person or for their time, oldest first, locked."""
        t = tables.delivery
        waiting = t.c.state.in_(("proposed", "approved", "queued"))
        statement = select(t).where(t.c.participant == participant, waiting).order_by(t.c.id)
        return [_delivery(found) for found in await self._connection.execute(statement.with_for_update())]

    async def for_proposal(self, proposal: UUID, states: tuple[str, ...]) -> list[StoredDelivery]:
        """Give the sendings of a proposal that are in these states, oldest first, locked."""
        t = tables.delivery
        statement = select(t).where(t.c.proposal == proposal, t.c.state.in_(states)).order_by(t.c.id)
        return [_delivery(found) for found in await self._connection.execute(statement.with_for_update())]

    async def by_reference(self, reference: UUID) -> list[StoredDelivery]:
        """Give the sendings that a recipient can mean by an id or an idempotency key, newest first, locked."""
        t = tables.delivery
        statement = select(t).where((t.c.id == reference) | (t.c.key == reference)).order_by(t.c.id.desc())
        return [_delivery(found) for found in await self._connection.execute(statement.with_for_update())]

    async def in_state(self, state: str, limit: int = 1000) -> list[StoredDelivery]:
        """Give the sendings that are in a state, the longest due first."""
        t = tables.delivery
        statement = select(t).where(t.c.state == state).order_by(t.c.due_at, t.c.id).limit(limit)
        return [_delivery(found) for found in await self._connection.execute(statement)]

    async def expiring(self, now: datetime, limit: int = 1000) -> list[StoredDelivery]:
        """Give the sendings that wait although their time limit has passed."""
        t = tables.delivery
        waiting = t.c.state.in_(("proposed", "approved", "queued")) & (t.c.expires_at <= now)
        statement = select(t).where(waiting).order_by(t.c.expires_at, t.c.id).limit(limit)
        return [_delivery(found) for found in await self._connection.execute(statement)]

    async def for_question(self, question: UUID) -> list[StoredDelivery]:
        """Give the sendings that one question led to, oldest first."""
        t = tables.delivery
        statement = select(t).where(t.c.question == question).order_by(t.c.id)
        return [_delivery(found) for found in await self._connection.execute(statement)]

    async def set_state(self, delivery: StoredDelivery, at: datetime) -> None:
        """Write what `gateway.delivery.move` has worked out; nobody else calls this (tests/architecture)."""
        t = tables.delivery
        values = {name: getattr(delivery, name) for name in _CHANGES}
        await self._connection.execute(update(t).where(t.c.id == delivery.id).values(**values, updated_at=at))

    async def set_states(self, changed: Sequence[StoredDelivery], at: datetime) -> None:
        """Write what `gateway.delivery.move_all` has worked out; nobody else calls this (tests/architecture)."""
        t = tables.delivery
        statement = update(t).where(t.c.id == bindparam("row"))
        statement = statement.values({name: bindparam(f"new_{name}") for name in (*_CHANGES, "updated_at")})
        rows = [
            {"row": each.id, "new_updated_at": at, **{f"new_{name}": getattr(each, name) for name in _CHANGES}}
            for each in changed
        ]
        await self._connection.execute(statement, rows)

    async def become_sweeper(self) -> bool:
        """Be the one that looks for work without a job, until the transaction ends. False: another process is."""
        return bool((await self._connection.execute(_SWEEPER_LOCK)).scalar_one())

    async def orphans(self, due_before: datetime, limit: int = 1000) -> list[UUID]:
        """Give the sendings, the longest due first, that no living job will bring on."""
        found = await self._connection.execute(_ORPHANS, {"due_before": due_before, "limit": limit})
        return list(found.scalars())

    async def case_management(self, participant: UUID) -> str | None:
        """Name the organization that works with a participant, with nothing of the participant opened."""
        t = tables.participant
        newest = select(t.c.case_management).where(t.c.id == participant).order_by(t.c.version.desc()).limit(1)
        found: str | None = (await self._connection.execute(newest)).scalar_one_or_none()
        return found

    async def counts(self) -> dict[str, int]:
        """How many sendings are in each state."""
        t = tables.delivery
        rows = await self._connection.execute(select(t.c.state, func.count().label("number")).group_by(t.c.state))
        return {row.state: row.number for row in rows}


def _delivery(found: Any) -> StoredDelivery:
    """Read a row; the request that it may carry stays sealed, see `Deliveries.request`."""
    return StoredDelivery(**{name: getattr(found, name) for name in _DELIVERY})

"""What feeds have told about a participant's stays and cases: every event once, sealed; none is ever changed."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from gateway.store import codec
from gateway.store.feed_tables import feed_event
from gateway.store.vault import Vault, row
from mappings.lead.custody import CustodyEvent
from mappings.lead.matter import CaseEvent

Told = CustodyEvent | CaseEvent
_KINDS: Final[dict[str, type[Told]]] = {"custody": CustodyEvent, "case": CaseEvent}


def subject_of(event: Told) -> str:
    """Name the stay or the case that an event is about; to be kept as a keyed token only."""
    number = event.booking_number if isinstance(event, CustodyEvent) else event.case_number
    return f"{event.feed}|{number}"


class ToldEvents:
    """The shelf of events."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def alone(self, participant: UUID) -> None:
        """Let nobody else work on what is told about this participant until the transaction ends."""
        key = int.from_bytes((await self._vault.token("feed-event", str(participant)))[:8], signed=True)
        await self._connection.execute(select(func.pg_advisory_xact_lock(key)))

    async def add(self, participant: UUID, event: Told, organization: str, envelope: UUID, at: datetime) -> None:
        """Keep an event that an envelope brought; `organization`: who stands behind its feed."""
        identity = uuid7()
        values = {
            "id": identity,
            "participant": participant,
            "subject": await self._vault.token("feed-event", f"{participant}|{subject_of(event)}"),
            "digest": await self._vault.token("feed-event-content", f"{participant}|{codec.dump(event).decode()}"),
            "kind": "custody" if isinstance(event, CustodyEvent) else "case",
            "organization": organization,
            "envelope": envelope,
            "sealed": await self._vault.seal(participant, event, table=feed_event.name, row=row(identity)),
            "recorded_at": at,
        }
        await self._connection.execute(insert(feed_event).values(values).on_conflict_do_nothing())

    async def about(
        self, participant: UUID, subject: str, *, without: Collection[UUID] = ()
    ) -> list[tuple[UUID, Told, str]]:
        """Give every event about one stay or case: the envelope, the event, who stands behind it; none of `without`."""
        t = feed_event
        token = await self._vault.token("feed-event", f"{participant}|{subject}")
        statement = select(t).where(t.c.participant == participant, t.c.subject == token).order_by(t.c.id)
        rows = (await self._connection.execute(statement)).all()
        return [(r.envelope, await self._open(r), r.organization) for r in rows if r.envelope not in without]

    async def brought(self, participant: UUID, envelope: UUID) -> list[Told]:
        """Give the events that one envelope brought."""
        t = feed_event
        statement = select(t).where(t.c.participant == participant, t.c.envelope == envelope).order_by(t.c.id)
        return [await self._open(r) for r in (await self._connection.execute(statement)).all()]

    async def _open(self, found: Any) -> Told:
        kind: type[Told] = _KINDS[found.kind]
        return await self._vault.open(found.participant, found.sealed, kind, table=feed_event.name, row=row(found.id))

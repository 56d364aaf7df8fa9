"""Consents and what stops them. Both only ever grow; what is in force is worked out from all of them together."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from consent.codes import RevocationMode
from consent.model import Consent, Event, Hold, Restriction, Revocation
from gateway.store import tables
from gateway.store.shelf import Shelf
from gateway.store.values import Stop, StopKind
from gateway.store.vault import Vault, row

Versioned = tuple[tuple[str, int], ...]


class Consents:
    """The consents, revocations, holds and restrictions of participants."""

    def __init__(self, connection: AsyncConnection, vault: Vault, shelf: Shelf | None = None) -> None:
        self._connection = connection
        self._vault = vault
        self._shelf = shelf or Shelf(connection)

    async def lock_shared(self, participant: UUID) -> int | None:
        """Hold the consent version still until the transaction ends. None: nobody by that id."""
        return await self._lock(participant, shared=True)

    async def lock_all_shared(self, participants: Iterable[UUID]) -> None:
        """Hold several consent versions still until the transaction ends, taken in one order by everybody."""
        t = tables.consent_version
        statement = select(t.c.version).where(t.c.participant.in_(sorted(set(participants)))).order_by(t.c.participant)
        await self._connection.execute(statement.with_for_update(read=True))

    async def lock_and_raise(self, participant: UUID) -> int:
        """Take the version alone and raise it: a release that has not passed its point waits and sees it."""
        version = await self._lock(participant, shared=False)
        if version is None:
            raise LookupError("no participant by that id")
        t = tables.consent_version
        await self._connection.execute(update(t).where(t.c.participant == participant).values(version=version + 1))
        return version + 1

    async def _lock(self, participant: UUID, *, shared: bool) -> int | None:
        """Lock the version row, against whoever holds it still and whoever takes it alone.

        Not FOR UPDATE: every row about a participant refers to this one, and by that alone keeps it from being deleted
        (FOR KEY SHARE). Two messages that have each stored something and then take the version would wait for ever.
        """
        t = tables.consent_version
        statement = select(t.c.version).where(t.c.participant == participant)
        statement = statement.with_for_update(read=True) if shared else statement.with_for_update(key_share=True)
        version: int | None = (await self._connection.execute(statement)).scalar_one_or_none()
        return version

    async def put(self, participant: UUID, reference: str, consent: Consent, at: datetime) -> tuple[UUID, bool]:
        """Record a consent as signed, or a new version of it. Revocations are stops of their own, never kept here.

        The consent's id inside is its row id: opaque, so that it may travel in a scope text.
        """
        token = await self._vault.token("consent", f"{participant}|{reference}")
        known = await self._latest(participant, token)
        identity = uuid7() if known is None else known[0]
        consent = replace(consent, id=str(identity), participant=str(participant), revocations=())
        if known is not None and known[2] == consent:
            return identity, False
        version = 1 if known is None else known[1] + 1
        values = {
            "id": identity,
            "version": version,
            "participant": participant,
            "reference": token,
            "sealed": await self._vault.seal(participant, consent, table="consent", row=row(identity, version)),
            "recorded_at": at,
        }
        await self._connection.execute(insert(tables.consent).values(values))
        return identity, True

    async def revise(self, participant: UUID, consent: Consent, at: datetime) -> int:
        """Record a new version of a consent that is on record by its id; returns its number. Raises LookupError."""
        t = tables.consent
        statement = select(t.c.version, t.c.reference).where(t.c.id == UUID(consent.id), t.c.participant == participant)
        known = (await self._connection.execute(statement.order_by(t.c.version.desc()).limit(1))).one_or_none()
        if known is None:
            raise LookupError("no consent by that id")
        place = row(UUID(consent.id), known.version + 1)
        signed = replace(consent, participant=str(participant), revocations=())
        values = {
            "id": UUID(consent.id),
            "version": known.version + 1,
            "participant": participant,
            "reference": known.reference,
            "sealed": await self._vault.seal(participant, signed, table="consent", row=place),
            "recorded_at": at,
        }
        await self._connection.execute(insert(t).values(values))
        return int(known.version) + 1

    async def _latest(self, participant: UUID, reference: bytes) -> tuple[UUID, int, Consent] | None:
        t = tables.consent
        statement = select(t).where(t.c.participant == participant, t.c.reference == reference)
        found = (await self._connection.execute(statement.order_by(t.c.version.desc()).limit(1))).one_or_none()
        if found is None:
            return None
        consent = await self._vault.open(
            participant, found.sealed, Consent, table="consent", row=row(found.id, found.version)
        )
        return found.id, found.version, consent

    async def signed(
        self, participant: UUID, only: Iterable[tuple[str, int]] | None = None
    ) -> list[tuple[Consent, int]]:
        """Give the consents in their newest versions, oldest first; or exactly those versions that a decision saw."""
        t = tables.consent
        rows: Sequence[Any] | None = self._shelf.rows(t, participant)
        if rows is None:
            rows = (await self._connection.execute(select(t).where(t.c.participant == participant))).all()
        wanted = set(only) if only is not None else _newest((str(r.id), r.version) for r in rows)
        return [
            (
                await self._vault.open(participant, r.sealed, Consent, table="consent", row=row(r.id, r.version)),
                r.version,
            )
            for r in sorted(rows, key=lambda r: (str(r.id), r.version))
            if (str(r.id), r.version) in wanted
        ]

    async def add_stop(self, participant: UUID, stop: Stop, at: datetime) -> UUID:
        """Record a revocation, hold, lifting or restriction. The caller holds the version row alone."""
        identity = uuid7()
        values = {
            "id": identity,
            "kind": stop.kind.value,
            "participant": participant,
            "sealed": await self._vault.seal(participant, stop, table="stop", row=row(identity)),
            "at": stop.at,
            "recorded_at": at,
        }
        await self._connection.execute(insert(tables.stop).values(values))
        return identity

    async def stops(self, participant: UUID, only: Iterable[str] | None = None) -> list[tuple[str, Stop]]:
        """Everything that was recorded to stop, in order; or exactly those that a decision saw."""
        t = tables.stop
        rows: Sequence[Any] | None = self._shelf.rows(t, participant)
        if rows is None:
            statement = select(t).where(t.c.participant == participant).order_by(t.c.id)
            rows = (await self._connection.execute(statement)).all()
        wanted = None if only is None else set(only)
        return [
            (str(r.id), await self._vault.open(participant, r.sealed, Stop, table="stop", row=row(r.id)))
            for r in rows
            if wanted is None or str(r.id) in wanted
        ]


def _newest(versions: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    newest: dict[str, int] = {}
    for identity, version in versions:
        newest[identity] = max(version, newest.get(identity, 0))
    return set(newest.items())


def as_of(moment: datetime, stops: Sequence[tuple[str, Stop]]) -> list[tuple[str, Stop]]:
    """Give the stops as they count at a moment: whatever is on record by then counts by then.

    INVARIANT: a stop that has committed counts, also where its clock, or that of who asks, was ahead or behind.
    """
    return [(key, replace(stop, at=min(stop.at, moment))) for key, stop in stops]


def with_revocations(consents: Sequence[Consent], stops: Sequence[tuple[str, Stop]]) -> tuple[Consent, ...]:
    """Each consent with the revocations that reach it."""
    return tuple(replace(c, revocations=tuple(_revocation(s) for s in _reaching(c, stops))) for c in consents)


def with_events(consents: Sequence[Consent], events: Sequence[Event], moment: datetime) -> tuple[Consent, ...]:
    """Each consent with what has happened since it was signed; one of which it is not known what has happened stays so.

    What happened before the signature cannot be what a grant waits for: a second release, say. INVARIANT: an event that
    is on record counts by now, also where its clock was ahead.
    """
    happened = tuple(replace(event, at=min(event.at, moment)) for event in events)
    return tuple(
        c if c.events is None else replace(c, events=(*c.events, *(e for e in happened if e.at >= c.signed_at)))
        for c in consents
    )


def _reaching(consent: Consent, stops: Sequence[tuple[str, Stop]]) -> list[Stop]:
    return [s for _, s in stops if s.kind is StopKind.REVOCATION and s.consent == consent.id]


def _revocation(stop: Stop) -> Revocation:
    return Revocation(stop.at, stop.grants, stop.mode or RevocationMode.WRITTEN)


def holds(participant: str, stops: Sequence[tuple[str, Stop]]) -> tuple[Hold, ...]:
    """Give the holds that nobody has lifted."""
    return tuple(Hold(participant, s.at, s.grants) for _, s in unlifted(stops) if s.kind is StopKind.HOLD)


def restrictions(stops: Sequence[tuple[str, Stop]]) -> tuple[Restriction, ...]:
    """Give the restrictions that nobody has ended (42 CFR 2.26)."""
    return tuple(
        s.restriction for _, s in unlifted(stops) if s.kind is StopKind.RESTRICTION and s.restriction is not None
    )


def unlifted(stops: Sequence[tuple[str, Stop]]) -> list[tuple[str, Stop]]:
    """Give the stops but those that a person has lifted. A revocation is never lifted: one signs again."""
    lifted = {s.lifts for _, s in stops if s.kind is StopKind.LIFT}
    return [(key, s) for key, s in stops if s.kind is StopKind.REVOCATION or key not in lifted]

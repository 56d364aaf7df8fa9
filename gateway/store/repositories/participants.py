"""Participants: sealed, versioned, found by keyed tokens only."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from gateway.store import tables
from gateway.store.keys import KeyMissing
from gateway.store.sealing import framed, person_tokens
from gateway.store.shelf import Shelf
from gateway.store.values import ParticipantRecord
from gateway.store.vault import Vault, row

_TABLE = "participant"
CASE_MANAGER = "case-manager"  # kind of token by which somebody's own participants are listed
CANDIDATES = 50  # at most so many are opened and scored for one person (design.md 6)


class Participants:
    """Whoever is here is known to the site. A stranger never gets a row."""

    def __init__(self, connection: AsyncConnection, vault: Vault, shelf: Shelf | None = None) -> None:
        self._connection = connection
        self._vault = vault
        self._shelf = shelf or Shelf(connection)

    async def find(self, reference: str) -> UUID | None:
        """Give a participant's id by the site-wide reference, or by the id itself."""
        t = tables.participant
        token = await self._vault.token("reference", reference)
        found = await self._connection.execute(select(t.c.id).where(t.c.reference == token).limit(1))
        known: UUID | None = found.scalar_one_or_none()
        return known if known is not None else await self._by_id(reference)

    async def _by_id(self, text: str) -> UUID | None:
        try:
            identity = UUID(text)
        except ValueError:
            return None
        t = tables.participant
        found = await self._connection.execute(select(t.c.id).where(t.c.id == identity).limit(1))
        known: UUID | None = found.scalar_one_or_none()
        return known

    async def get(self, identity: UUID, version: int | None = None) -> tuple[ParticipantRecord, int] | None:
        """Give a participant and the version that was read: the newest, or the one asked for."""
        kept = self._shelf.rows(tables.participant, identity) if version is None else None
        found = await self._row(identity, version) if kept is None else next(reversed(kept), None)
        if found is None:
            return None
        place = row(identity, found.version)
        return await self._vault.open(identity, found.sealed, ParticipantRecord, table=_TABLE, row=place), found.version

    async def _row(self, identity: UUID, version: int | None) -> Any:
        t = tables.participant
        statement = select(t).where(t.c.id == identity).order_by(t.c.version.desc()).limit(1)
        if version is not None:
            statement = statement.where(t.c.version == version)
        return (await self._connection.execute(statement)).one_or_none()

    async def put(self, record: ParticipantRecord, at: datetime) -> tuple[UUID, bool]:
        """Add a participant, or a new version where something changed. Returns the id and whether it did.

        `record.participant.id` is ignored for a new one: the id is made here.
        """
        known = await self.find(record.reference)
        if known is None:
            return await self._add(record, at), True
        record = replace(record, participant=replace(record.participant, id=str(known)))
        latest = await self.get(known)
        if latest is not None and latest[0] == record:
            return known, False
        await self._write(known, 1 if latest is None else latest[1] + 1, record, at)
        return known, True

    async def _add(self, record: ParticipantRecord, at: datetime) -> UUID:
        identity = uuid7()
        await self._vault.new_participant(identity)
        await self._connection.execute(insert(tables.consent_version).values(participant=identity, version=1))
        await self._write(identity, 1, replace(record, participant=replace(record.participant, id=str(identity))), at)
        return identity

    async def _write(self, identity: UUID, version: int, record: ParticipantRecord, at: datetime) -> None:
        values = {
            "id": identity,
            "version": version,
            "reference": await self._vault.token("reference", record.reference),
            "case_management": record.case_management,
            "sealed": await self._vault.seal(identity, record, table=_TABLE, row=row(identity, version)),
            "recorded_at": at,
        }
        await self._connection.execute(insert(tables.participant).values(values))
        await self._index(identity, record)

    async def _index(self, identity: UUID, record: ParticipantRecord) -> None:
        t = tables.blocking_index
        await self._connection.execute(delete(t).where(t.c.participant == identity))
        tokens = {
            (kind, value) for name in (record.name, *record.aliases) for kind, value in _tokens(record, name.family)
        }
        tokens.add((CASE_MANAGER, _with(record.case_management, record.case_manager)))
        rows = [
            {"participant": identity, "kind": kind, "token": await self._vault.token(kind, value)}
            for kind, value in sorted(tokens)
        ]
        if rows:
            await self._connection.execute(insert(t).on_conflict_do_nothing(), rows)

    async def candidates(self, tokens: Iterable[tuple[str, str]]) -> list[ParticipantRecord]:
        """Those who share a blocking token with a person, the likeliest first; at most 50, opened for scoring.

        An identifier goes before everything: fifty people who share a birth date must not crowd out the one who is
        meant. Whose key was shredded is nobody any more.
        """
        t = tables.blocking_index
        wanted = [(kind, await self._vault.token(kind, value)) for kind, value in tokens]
        if not wanted:
            return []
        identified = func.bool_or(t.c.kind == "identifier")
        statement = (
            select(t.c.participant)
            .where(tuple_(t.c.kind, t.c.token).in_(wanted))
            .group_by(t.c.participant)
            .order_by(identified.desc(), func.count().desc(), t.c.participant)
            .limit(CANDIDATES)
        )
        found = (await self._connection.execute(statement)).scalars().all()
        return [known for identity in found if (known := await self._living(identity)) is not None]

    async def _living(self, identity: UUID) -> ParticipantRecord | None:
        try:
            known = await self.get(identity)
        except KeyMissing:
            return None
        return None if known is None else known[0]

    async def with_case_managers(
        self, case_management: str, case_managers: Iterable[str | None], *, after: int, most: int
    ) -> list[ParticipantRecord]:
        """Give those with whom these people work (None: nobody does yet), in the order in which they came; a page."""
        t = tables.blocking_index
        wanted = [await self._vault.token(CASE_MANAGER, _with(case_management, each)) for each in case_managers]
        statement = (
            select(t.c.participant)
            .where(t.c.kind == CASE_MANAGER, t.c.token.in_(wanted))
            .order_by(t.c.participant)
            .offset(after)
            .limit(most)
        )
        found = (await self._connection.execute(statement)).scalars().all()
        return [known for identity in found if (known := await self._living(identity)) is not None]

    async def all_ids(self) -> list[UUID]:
        """Every participant's id."""
        return list((await self._connection.execute(select(tables.participant.c.id).distinct())).scalars())


def _with(case_management: str, case_manager: str | None) -> str:
    return framed(case_management, case_manager or "").hex()


def _tokens(record: ParticipantRecord, family: str) -> list[tuple[str, str]]:
    return list(person_tokens(family=family, birth_date=record.participant.birth_date, identifiers=record.identifiers))

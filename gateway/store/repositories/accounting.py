"""The rows of the ledger: appended and read, never changed. The chain over them is made in gateway.ledger."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store import tables
from gateway.store.keys import KeyMissing
from gateway.store.sealing import SealedDataError
from gateway.store.values import LedgerEntry
from gateway.store.vault import Vault, row

_SITE_OWNER = "ledger"
_TABLE = "ledger_entry"
_SEALER_LOCK = text("SELECT pg_try_advisory_xact_lock(5151)")


class SealRow(NamedTuple):
    """One link of the chain."""

    seq: int
    entry: UUID
    entry_digest: bytes
    previous: bytes
    hash: bytes


class CheckpointRow(NamedTuple):
    """A signed statement of how far the chain has come."""

    seq: int
    hash: bytes
    signature: bytes
    at: datetime


def digest_of(
    identity: UUID, at: datetime, kind: str, participant: UUID | None, organization: str | None, sealed: bytes
) -> bytes:
    """SHA-256 over all columns of an entry, length-prefixed, its ciphertext included."""
    digest = hashlib.sha256()
    moment = at.astimezone(UTC).isoformat()
    for part in (str(identity), moment, kind, str(participant or ""), organization or ""):
        digest.update(len(part.encode()).to_bytes(4, "big") + part.encode())
    digest.update(sealed)
    return digest.digest()


class Accounting:
    """Ledger rows of one unit of work."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def append(self, entry: LedgerEntry) -> None:
        """Write an entry, sealed under the participant's key, or the site's where there is no participant."""
        await self._connection.execute(insert(tables.ledger_entry).values(await self._values(entry)))

    async def append_all(self, entries: Sequence[LedgerEntry]) -> None:
        """Write several entries at once."""
        if entries:
            rows = [await self._values(entry) for entry in entries]
            await self._connection.execute(insert(tables.ledger_entry), rows)

    async def _values(self, entry: LedgerEntry) -> dict[str, Any]:
        sealed = await self._seal(entry)
        digest = digest_of(entry.id, entry.at, entry.kind, entry.participant, entry.organization, sealed)
        return {
            "id": entry.id,
            "at": entry.at,
            "kind": entry.kind,
            "participant": entry.participant,
            "organization": entry.organization,
            "sealed": sealed,
            "digest": digest,
        }

    async def _seal(self, entry: LedgerEntry) -> bytes:
        """Seal under the participant's key; where that was shredded, what happens since is the site's to keep."""
        place = row(entry.id)
        try:
            return await self._vault.seal(entry.participant or _SITE_OWNER, entry.content, table=_TABLE, row=place)
        except KeyMissing:
            return await self._vault.seal(_SITE_OWNER, entry.content, table=_TABLE, row=place)

    async def get(self, identity: UUID) -> LedgerEntry | None:
        """One entry, opened."""
        statement = select(tables.ledger_entry).where(tables.ledger_entry.c.id == identity)
        found = (await self._connection.execute(statement)).one_or_none()
        return None if found is None else await self._open(found)

    async def some(self, identities: Sequence[UUID]) -> list[LedgerEntry]:
        """Give several entries, the newest first."""
        t = tables.ledger_entry
        rows = await self._connection.execute(select(t).where(t.c.id.in_(identities)).order_by(t.c.id.desc()))
        return [await self._open(found) for found in rows.all()]

    async def of(self, participant: UUID) -> list[LedgerEntry]:
        """Everything that the ledger says about a participant, oldest first."""
        t = tables.ledger_entry
        statement = select(t).where(t.c.participant == participant).order_by(t.c.id)
        return [await self._open(found) for found in (await self._connection.execute(statement)).all()]

    async def _open(self, found: Any) -> LedgerEntry:
        place = row(found.id)
        try:
            owner = found.participant or _SITE_OWNER
            content = await self._vault.open_json(owner, found.sealed, table=_TABLE, row=place)
        except (KeyMissing, SealedDataError):
            content = await self._vault.open_json(_SITE_OWNER, found.sealed, table=_TABLE, row=place)
        return LedgerEntry(found.id, found.at, found.kind, found.participant, found.organization, content)

    async def become_sealer(self) -> bool:
        """Take the sealer's lock until the transaction ends. False: another process is the sealer."""
        return bool((await self._connection.execute(_SEALER_LOCK)).scalar_one())

    async def unsealed(self, limit: int) -> list[tuple[UUID, bytes]]:
        """Give committed entries that no link names yet, in the order of their ids."""
        e, s = tables.ledger_entry, tables.ledger_seal
        statement = (
            select(e.c.id, e.c.digest)
            .outerjoin(s, s.c.entry == e.c.id)
            .where(s.c.seq.is_(None))
            .order_by(e.c.id)
            .limit(limit)
        )
        return [(r.id, r.digest) for r in await self._connection.execute(statement)]

    async def oldest_unsealed(self) -> datetime | None:
        """When the oldest unsealed entry was made, or None."""
        e, s = tables.ledger_entry, tables.ledger_seal
        statement = select(func.min(e.c.at)).outerjoin(s, s.c.entry == e.c.id).where(s.c.seq.is_(None))
        oldest: datetime | None = (await self._connection.execute(statement)).scalar_one()
        return oldest

    async def last_seal(self) -> SealRow | None:
        """Give the newest link."""
        t = tables.ledger_seal
        found = (await self._connection.execute(select(t).order_by(t.c.seq.desc()).limit(1))).one_or_none()
        return (
            None if found is None else SealRow(found.seq, found.entry, found.entry_digest, found.previous, found.hash)
        )

    async def add_seals(self, seals: list[SealRow], at: datetime) -> None:
        """Write links."""
        rows = [{**seal._asdict(), "sealed_at": at} for seal in seals]
        await self._connection.execute(insert(tables.ledger_seal), rows)

    async def add_checkpoint(self, checkpoint: CheckpointRow) -> None:
        """Write a signed checkpoint; one for the same link is kept as it is."""
        await self._connection.execute(
            insert(tables.ledger_checkpoint).values(**checkpoint._asdict()).on_conflict_do_nothing()
        )

    async def last_checkpoint(self) -> CheckpointRow | None:
        """Give the newest checkpoint."""
        t = tables.ledger_checkpoint
        found = (await self._connection.execute(select(t).order_by(t.c.seq.desc()).limit(1))).one_or_none()
        return None if found is None else CheckpointRow(found.seq, found.hash, found.signature, found.at)

    async def checkpoints(self) -> list[CheckpointRow]:
        """All checkpoints, oldest first."""
        t = tables.ledger_checkpoint
        rows = await self._connection.execute(select(t).order_by(t.c.seq))
        return [CheckpointRow(r.seq, r.hash, r.signature, r.at) for r in rows]

    async def chain(self) -> AsyncIterator[tuple[SealRow, bytes | None]]:
        """Each link with the digest worked out anew from the row it names; None where the row is gone."""
        e, s = tables.ledger_entry, tables.ledger_seal
        columns = (e.c.at, e.c.kind, e.c.participant, e.c.organization, e.c.sealed)
        statement = select(s, *columns).outerjoin(e, e.c.id == s.c.entry).order_by(s.c.seq)
        async for r in await self._connection.stream(statement):
            gone = r.sealed is None
            digest = None if gone else digest_of(r.entry, r.at, r.kind, r.participant, r.organization, r.sealed)
            yield SealRow(r.seq, r.entry, r.entry_digest, r.previous, r.hash), digest

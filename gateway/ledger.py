"""The accounting: append-only entries, chained by one sealer, signed at checkpoints, verified row by row.

An entry commits with what it accounts for. Chaining happens afterwards, in batches: no release waits for another.
"""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.store.repositories.accounting import CheckpointRow, SealRow
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry

GENESIS = bytes(32)
BATCH = 2000
UNSEALED_LIMIT = timedelta(seconds=10)
CHECKPOINT_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict on a ledger: how many links hold, and the first row that does not, with the reason."""

    entries: int
    bad: str | None
    reason: str | None

    @property
    def sound(self) -> bool:
        """Say whether every row is as it was written."""
        return self.bad is None


async def append(
    uow: UnitOfWork,
    kind: str,
    *,
    at: datetime,
    content: dict[str, Any],
    participant: UUID | None = None,
    organization: str | None = None,
) -> LedgerEntry:
    """Write one entry inside the caller's transaction: it commits with what it accounts for, or not at all."""
    made = entry(kind, at=at, content=content, participant=participant, organization=organization)
    await uow.accounting.append(made)
    return made


async def write(uow: UnitOfWork, made: LedgerEntry) -> None:
    """Write an entry that `entry` made, inside the caller's transaction."""
    await uow.accounting.append(made)


async def append_all(uow: UnitOfWork, entries: Sequence[LedgerEntry]) -> None:
    """Write several entries inside the caller's transaction; `entry` makes them."""
    await uow.accounting.append_all(entries)


def entry(
    kind: str,
    *,
    at: datetime,
    content: dict[str, Any],
    participant: UUID | None = None,
    organization: str | None = None,
) -> LedgerEntry:
    """Make an entry that is still to be written."""
    return LedgerEntry(new_id(), at, kind, participant, organization, content)


def _link(previous: bytes, entry: UUID, digest: bytes) -> bytes:
    return hashlib.sha256(previous + entry.bytes + digest).digest()


async def seal_once(store: Store, at: datetime) -> int:
    """Chain what has been committed. Returns how many entries; 0 also where another process is the sealer."""
    async with store.unit_of_work() as uow:
        if not await uow.accounting.become_sealer():
            return 0
        last = await uow.accounting.last_seal()
        links = _links(last, await uow.accounting.unsealed(BATCH))
        if links:
            await uow.accounting.add_seals(links, at)
            await uow.commit()
        return len(links)


def _links(last: SealRow | None, entries: Sequence[tuple[UUID, bytes]]) -> list[SealRow]:
    seq, previous = (0, GENESIS) if last is None else (last.seq, last.hash)
    links = []
    for entry, digest in entries:
        seq, link = seq + 1, _link(previous, entry, digest)
        links.append(SealRow(seq, entry, digest, previous, link))
        previous = link
    return links


async def _signing_key(store: Store) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes((await store.keys.named("checkpoint")).secret)


def _statement(seq: int, link: bytes) -> bytes:
    return b"lead-gateway checkpoint|" + str(seq).encode() + b"|" + link


async def checkpoint(store: Store, at: datetime, folder: Path | None) -> CheckpointRow | None:
    """Sign how far the chain has come and export that outside the database. None: nothing new to sign."""
    key = await _signing_key(store)
    async with store.unit_of_work() as uow:
        last, known = await uow.accounting.last_seal(), await uow.accounting.last_checkpoint()
        if last is None or (known is not None and known.seq >= last.seq):
            return None
        row = CheckpointRow(last.seq, last.hash, key.sign(_statement(last.seq, last.hash)), at)
        await uow.accounting.add_checkpoint(row)
        await uow.commit()
    if folder is not None:
        await asyncio.to_thread(_export, folder, row)
    return row


def _export(folder: Path, row: CheckpointRow) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    line = {"seq": row.seq, "hash": row.hash.hex(), "signature": row.signature.hex(), "at": row.at.isoformat()}
    with (folder / "checkpoints.jsonl").open("a+b") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)  # what a crash has torn was never told
        file.write(orjson.dumps(line) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def exported(folder: Path | None) -> list[CheckpointRow]:
    """Give the checkpoints that were exported outside the database, oldest first."""
    file = None if folder is None else folder / "checkpoints.jsonl"
    if file is None or not file.exists():
        return []
    whole, _, _torn = file.read_bytes().rpartition(b"\n")  # a crash may have torn the last line, which was not told yet
    lines = [orjson.loads(line) for line in whole.splitlines() if line]
    return [
        CheckpointRow(
            line["seq"],
            bytes.fromhex(line["hash"]),
            bytes.fromhex(line["signature"]),
            datetime.fromisoformat(line["at"]),
        )
        for line in lines
    ]


async def unsealed_for(store: Store, at: datetime) -> timedelta:
    """How long the oldest committed entry has waited for the sealer."""
    async with store.unit_of_work() as uow:
        oldest = await uow.accounting.oldest_unsealed()
    return timedelta(0) if oldest is None else max(at - oldest, timedelta(0))


async def verify(store: Store, folder: Path | None = None) -> Verification:
    """Work the whole chain out anew. Names the first row that was changed, removed or put between.

    Checkpoints in the database and those exported outside it must agree with the chain, so that a chain that was
    rewritten or cut short as a whole is found too.
    """
    async with store.unit_of_work() as uow:
        return await verify_in(uow, store, exported(folder))


async def verify_in(uow: UnitOfWork, store: Store, signed: Sequence[CheckpointRow]) -> Verification:
    """Verify inside a transaction of the caller's, against its own checkpoints and those `signed` elsewhere."""
    hashes: dict[int, bytes] = {}
    previous = GENESIS
    async for seal, digest in uow.accounting.chain():
        problem = _problem(seal, digest, previous, len(hashes) + 1)
        if problem is not None:
            return Verification(len(hashes), str(seal.entry), problem)
        previous = hashes[seal.seq] = seal.hash
    return await _check_signed(store, hashes, [*await uow.accounting.checkpoints(), *signed])


def _problem(seal: SealRow, digest: bytes | None, previous: bytes, seq: int) -> str | None:
    if digest is None:
        return "the entry is gone"
    if seal.seq != seq:
        return "a link is missing before this entry"
    if digest != seal.entry_digest:
        return "the entry was changed after it was sealed"
    if seal.previous != previous or seal.hash != _link(previous, seal.entry, digest):
        return "the chain does not lead to this entry"
    return None


async def _check_signed(store: Store, hashes: dict[int, bytes], signed: list[CheckpointRow]) -> Verification:
    public = (await _signing_key(store)).public_key()
    for row in signed:
        try:
            public.verify(row.signature, _statement(row.seq, row.hash))
        except InvalidSignature:
            return Verification(len(hashes), f"checkpoint {row.seq}", "the signature is not ours")
        if hashes.get(row.seq) != row.hash:
            return Verification(len(hashes), f"checkpoint {row.seq}", "the chain is not the one that was signed")
    return Verification(len(hashes), None, None)


@dataclass(slots=True)
class Signing:
    """The sealer of one process: seals at every call, signs a checkpoint each minute."""

    store: Store
    folder: Path | None
    signed: datetime | None = None

    async def seal_and_sign(self) -> None:
        """Seal what has been committed until nothing is left, and sign if a minute has passed."""
        now = datetime.now(UTC)
        while await seal_once(self.store, now) == BATCH:
            pass
        if self.signed is None or now - self.signed >= CHECKPOINT_EVERY:
            await checkpoint(self.store, now, self.folder)
            self.signed = now

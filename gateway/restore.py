"""`restore`: an empty site becomes what it was, less what the journal says has ended, and held until a person confirms.

Everything about the file is proven before anything is changed; then one transaction loads it, verifies the ledger,
replays the journal and holds the site. Whatever goes wrong leaves the site as empty as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gateway import aside, ledger
from gateway.backup import DATA, KEYS, Secrets, journal_end
from gateway.backup_file import BackupError, Header, frames, read_header
from gateway.jobs import enqueue_delivery, enqueue_question
from gateway.journal import Entry, Journal
from gateway.replaying import Replay, moment_of, replay
from gateway.store import dump
from gateway.store.keys import KeyMissing
from gateway.store.places import Places
from gateway.store.repositories.accounting import CheckpointRow
from gateway.store.repositories.restoring import Restoring
from gateway.store.unit_of_work import Store, UnitOfWork, open_engine

OWNER_NEEDED: Final = "`LEAD_MIGRATION_DATABASE_URL`, `LEAD_MIGRATION_KEYS_URL`: are needed to restore"


class ConfirmationError(ValueError):
    """There is nothing to confirm, or nobody who does. Names the rule."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. `since`: the moment of the backup; what happened after it is known from the journal alone.

    `lost_entries`: at least so many of the ledger, by the checkpoints that were exported. `replay`: what came back of
    the journal, counted. `lifts`: holds and restrictions that somebody had ended since, and must end again.
    """

    since: str
    rows: int
    ledger_seq: int
    lost_entries: int
    journal_entries: int
    damaged: tuple[str, ...]
    replay: dict[str, int]
    lifts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Proven:
    """A file that was read to its end, and what lies beside it."""

    path: Path
    header: Header
    secret: bytes
    entries: list[Entry]
    damaged: tuple[str, ...]
    kept: list[CheckpointRow]
    lost: list[CheckpointRow]


async def restore(
    store: Store, places: Places, secrets: Secrets, path: Path, *, at: datetime, incomplete: bool = False
) -> Restored:
    """Load a backup of the data into an empty site, and hold it. `incomplete`: do so without all of the journal.

    `store`: leads to keys and law; its own connections are not used. Raises BackupError or dump.DumpError, and then
    nothing was changed; SealedDataError for a journal of another site.
    """
    if places.owner_data is None:
        raise BackupError(OWNER_NEEDED)
    proven = await _prove(secrets, path, incomplete=incomplete)
    # Not on the journal: what is put back is on it already, and follows from it again should this not commit.
    owner = replace(store, engine=open_engine(places.owner_data), journal=None)
    try:
        async with owner.unit_of_work() as uow:
            with aside.keeping(secrets.settings.checkpoint_dir, proven.lost, at):
                done = await _within(uow, owner, proven, at)
                await uow.commit()
    finally:
        await owner.engine.dispose()
    aside.set_aside(secrets.settings.checkpoint_dir)
    return done


async def _prove(secrets: Secrets, path: Path, *, incomplete: bool) -> _Proven:
    """Read everything once, and refuse what is not whole."""
    header, _ = read_header(path)
    if header.what != DATA:
        raise BackupError("`FILE`: is no backup of the data; one of the keys is restored with `--keys`")
    secret = await secrets.of(header)
    dump.count(frames(path, secret))
    entries, damaged = await _journal(secrets, header, incomplete=incomplete)
    exported = ledger.exported(secrets.settings.checkpoint_dir)
    kept = [row for row in exported if row.seq <= header.ledger_seq]
    return _Proven(path, header, secret, entries, damaged, kept, [row for row in exported if row not in kept])


async def _journal(secrets: Secrets, header: Header, *, incomplete: bool) -> tuple[list[Entry], tuple[str, ...]]:
    folder = secrets.settings.journal_dir
    missing = journal_end(folder) < tuple(header.journal)
    if missing and not incomplete:
        rule = "must hold the newest journal of the site; `--journal-incomplete` restores without"
        raise BackupError(f"`journal` in the data directory: {rule}")
    try:
        journal = Journal(folder, await secrets.keys.existing("journal"))
    except KeyMissing:
        if journal_end(folder) > (0, 0) and not incomplete:
            raise BackupError("`journal` in the data directory: does not open, the key store is another one") from None
        return [], ()
    if incomplete:
        entries, damaged = journal.salvage()
        return entries, tuple(damaged)
    return list(journal.read()), ()


async def _within(uow: UnitOfWork, store: Store, proven: _Proven, at: datetime) -> Restored:
    await dump.lock(uow.connection)
    await _check_place(uow, proven.header)
    rows = await dump.load(uow.connection, frames(proven.path, proven.secret))
    await _check_ledger(uow, store, proven)
    await Restoring(uow).hold_site(held=True)
    done = await replay(uow, proven.entries, since=moment_of(proven.header.taken_at), at=at)
    restored = _restored(proven, sum(rows.values()), done)
    await ledger.append(uow, "restore", at=at, content=_content(restored, proven.lost))
    return restored


async def _check_place(uow: UnitOfWork, header: Header) -> None:
    here = await dump.moment(uow.connection)
    if header.revision != here.revision:
        older = f"was made at migration `{header.revision}`, this program is at `{here.revision}`"
        raise BackupError(f"`FILE`: {older}; restore it with the release that made it, and migrate then")
    if (taken := await dump.first_with_rows(uow.connection)) is not None:
        raise BackupError(
            f"`--data-dir`: holds a site already, table `{taken}` is not empty; a restore needs a new one"
        )
    if here.mark not in ("", header.mark):
        raise BackupError(f"`FILE`: is of a {header.mark} site, and this is a {here.mark} one")


async def _check_ledger(uow: UnitOfWork, store: Store, proven: _Proven) -> None:
    here, header = await dump.moment(uow.connection), proven.header
    if (here.seq, here.hash, here.mark) != (header.ledger_seq, header.ledger_hash, header.mark):
        raise BackupError("`FILE`: its ledger does not end where its header says")
    found = await ledger.verify_in(uow, store, proven.kept)
    if not found.sound:
        raise BackupError(f"`FILE`: its ledger is not sound at `{found.bad}`: {found.reason}")


def _restored(proven: _Proven, rows: int, done: Replay) -> Restored:
    last = max((row.seq for row in proven.lost), default=proven.header.ledger_seq)
    return Restored(
        proven.header.taken_at,
        rows,
        proven.header.ledger_seq,
        last - proven.header.ledger_seq,
        len(proven.entries),
        proven.damaged,
        {name: number for name, number in sorted(done.counts.items()) if number},
        tuple(done.lifts),
    )


def _content(restored: Restored, lost: Sequence[CheckpointRow]) -> dict[str, Any]:
    """Give the ledger's own word of the gap in it: how far the backup went, and the last link that is known of."""
    last = lost[-1] if lost else None
    return {
        "since": restored.since,
        "ledger_seq": restored.ledger_seq,
        "lost_entries": restored.lost_entries,
        "lost_until": None if last is None else {"seq": last.seq, "hash": last.hash.hex()},
        "replay": restored.replay,
        "lifts": list(restored.lifts),
    }


async def restore_keys(places: Places, secrets: Secrets, path: Path) -> int:
    """Load a backup of the keys into a key store that holds nobody's; gives how many. Raises as `restore`."""
    if places.owner_keys is None:
        raise BackupError(OWNER_NEEDED)
    header, _ = read_header(path)
    if header.what != KEYS:
        raise BackupError("`FILE`: is no backup of the keys; one of the data is restored without `--keys`")
    secret = await secrets.of(header)
    dump.count(frames(path, secret), dump.KEYS)
    async with dump.alone(places.owner_keys, dump.KEYS) as connection:
        if await dump.has_participants(connection):
            raise BackupError("`--data-dir`: holds the keys of participants already; a restore needs a new key store")
        rows = await dump.load(connection, frames(path, secret), dump.KEYS)
    return sum(rows.values())


async def confirm(store: Store, *, by: str, at: datetime) -> int:
    """Let a restored site go: from this commit on it sends again. Gives how many deliveries are due or will be.

    `by`: the privacy officer who has seen that every stop of the lost hours is in force. Raises ConfirmationError.
    """
    if not by.strip():
        raise ConfirmationError("`--by`: must name the privacy officer who confirms")
    async with store.unit_of_work() as uow:
        if await uow.registry.mark() is None or not await uow.registry.is_held():
            raise ConfirmationError("the site is not held, there is nothing to confirm")
        await Restoring(uow).hold_site(held=False)
        await ledger.append(uow, "restore-confirmed", at=at, content={"by": by.strip()})
        live = await Restoring(uow).live()
        for identity, due_at in live:
            await enqueue_delivery(uow, identity, max(due_at, at))
        for question in await Restoring(uow).unconsidered():
            await enqueue_question(uow, question)
        await uow.commit()
    return len(live)

"""Exported checkpoints of links that a restored ledger does not have: kept, in files of their own, beside the others.

`checkpoints.jsonl` must agree with the chain (gateway.ledger.verify). The lines that cannot any more are moved to
`lost-at-restore-*.jsonl`, and the ledger says in an entry `restore` which link was the last: an auditor who kept copies
finds both.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from gateway.store.data_directory import write_private
from gateway.store.repositories.accounting import CheckpointRow

LOST: Final = "lost-at-restore"
_FILE: Final = "checkpoints.jsonl"


@contextmanager
def keeping(folder: Path, lost: Sequence[CheckpointRow], at: datetime) -> Iterator[None]:
    """Write down what will be lost, on the disk before the block commits the loss; nothing if the block fails."""
    place = folder / f"{LOST}-{at.astimezone(UTC):%Y%m%dT%H%M%S%f}.jsonl"
    if lost:
        write_private(place, b"".join(line + b"\n" for line in _lines(folder / _FILE) if _is_of(line, lost)))
    try:
        yield
    except BaseException:
        place.unlink(missing_ok=True)
        raise


def set_aside(folder: Path) -> None:
    """Take the lost lines out of the export. Idempotent: what a crash has left undone, the next call does."""
    lost = {line for place in folder.glob(f"{LOST}-*.jsonl") for line in _lines(place)}
    lines = _lines(folder / _FILE)
    if lost.intersection(lines):
        write_private(folder / _FILE, b"".join(line + b"\n" for line in lines if line not in lost))


def _lines(path: Path) -> list[bytes]:
    """Give the whole lines of a file; a torn last one was never told."""
    whole, _, _torn = path.read_bytes().rpartition(b"\n") if path.exists() else (b"", b"", b"")
    return [line for line in whole.splitlines() if line]


def _is_of(line: bytes, rows: Sequence[CheckpointRow]) -> bool:
    found = orjson.loads(line)
    return (found["seq"], found["signature"]) in {(row.seq, row.signature.hex()) for row in rows}

"""The journal: what must survive the loss of the database, encrypted and on the disk before an answer goes out.

Revocations, holds and delivery marks. Segments `000001.log`, ... in a folder outside the database. A record is a header
(mark, length of the body, CRC-32 of both) and a body (sealed entry, CRC-32 of it), all numbers big-endian.
"""

import asyncio
import contextlib
import fcntl
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.store.data_directory import PRIVATE_FILE, PRIVATE_FOLDER, sync_folder
from gateway.store.sealing import DataKey, SealedDataError, open_sealed, seal

SEGMENT_BYTES: Final = 16 << 20
"""A segment that has reached this is not added to any more."""

_MARK: Final = b"LJ"
_HEAD: Final = struct.Struct(">2sI")
_CRC: Final = struct.Struct(">I")
_HEADER_BYTES: Final = _HEAD.size + _CRC.size


class JournalError(Exception):
    """The journal cannot be written or is damaged. One line that names the segment, nothing of what is in it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, as it was appended; `payload` as JSON gives it back (moments and ids are texts)."""

    kind: str
    payload: dict[str, Any]
    segment: int
    offset: int


class Journal:
    """Append-only; any number of processes may append. `append` blocks, some milliseconds: `written` in async code."""

    def __init__(self, folder: Path, key: DataKey, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._key = key
        self._segment_bytes = segment_bytes
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._sound: tuple[Path, int] | None = None  # up to where the newest segment was seen to be whole

    def append(self, kind: str, payload: dict[str, Any]) -> None:
        """Append an entry; it is on the disk when this returns. Raises JournalError, and then it was not appended."""
        self.append_all([_content(kind, payload)])

    async def written(self, kind: str, payload: dict[str, Any]) -> None:
        """Like `append`, without blocking the event loop: whoever waits at the same time shares one write to the disk.

        It is on the disk when this returns. Raises JournalError, and then it was not appended.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((_content(kind, payload), done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting())
        await done

    async def _write_waiting(self) -> None:
        """Write what waits, and what has come to wait meanwhile, until nobody does."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            error: BaseException | None = None
            try:
                await asyncio.to_thread(self.append_all, [content for content, _ in batch])
            except BaseException as failure:  # noqa: BLE001  -- whoever waits must hear of it, whatever it is
                error = failure
            for done in [done for _, done in batch if not done.done()]:
                _tell(done, error)

    def append_all(self, contents: Sequence[bytes]) -> None:
        """Append entries that `_content` made, one after the other, all or none of them, with one wait for the disk."""
        try:
            with self._alone():
                path, start = self._place()
                records: list[bytes] = []
                for content in contents:
                    records.append(self._record(path, start + sum(map(len, records)), content))
                self._write(path, start, b"".join(records))
        except OSError as error:
            raise JournalError(f"journal cannot be written: {(error.strerror or 'unknown').lower()}") from None

    def read(self) -> Iterator[Entry]:
        """Give all entries, oldest first. A torn last record of a segment was never acknowledged, and is left out.

        Raises JournalError where a record in the midst is damaged; SealedDataError where it was moved.
        """
        for path in self._segments():
            yield from self._segment(path)

    def salvage(self) -> tuple[list[Entry], list[str]]:
        """Give what can be read although something is damaged, and the names of the segments that are.

        In such a segment it ends at the damage; the others are read to their ends.
        """
        entries: list[Entry] = []
        damaged: list[str] = []
        for path in self._segments():
            try:
                for entry in self._segment(path):
                    entries.append(entry)  # noqa: PERF402  -- what comes before the damage is kept
            except (JournalError, SealedDataError):
                damaged.append(path.name)
        return entries, damaged

    def _segment(self, path: Path) -> Iterator[Entry]:
        data = path.read_bytes()
        for start, end in _records(path, data):
            entry = orjson.loads(self._open(path, start, data[start + _HEADER_BYTES : end - _CRC.size]))
            yield Entry(entry["kind"], entry["payload"], int(path.stem), start)

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.log"), key=lambda path: int(path.stem))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _place(self) -> tuple[Path, int]:
        """Where the next record goes. A segment that is full, torn or damaged is left as it is."""
        segments = self._segments()
        if not segments:
            return self._new_segment(1), 0
        newest = segments[-1]
        size = newest.stat().st_size
        if size < self._segment_bytes and (self._sound == (newest, size) or _whole(newest)):
            return newest, size
        return self._new_segment(int(newest.stem) + 1), 0

    def _new_segment(self, number: int) -> Path:
        path = self._folder / f"{number:06}.log"
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
        sync_folder(self._folder)
        return path

    def _write(self, path: Path, start: int, record: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            _write_all(descriptor, record)
            os.fsync(descriptor)
        except OSError:
            self._sound = None
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, start)  # what was not acknowledged should not come back
            raise
        finally:
            os.close(descriptor)
        self._sound = (path, start + len(record))

    def _record(self, path: Path, start: int, content: bytes) -> bytes:
        sealed = seal(self._key, content, table="journal", row=f"{path.stem}/{start}", column="entry")
        head = _HEAD.pack(_MARK, len(sealed))
        return head + _CRC.pack(zlib.crc32(head)) + sealed + _CRC.pack(zlib.crc32(sealed))

    def _open(self, path: Path, start: int, sealed: bytes) -> bytes:
        return open_sealed(self._key, sealed, table="journal", row=f"{path.stem}/{start}", column="entry")


def _content(kind: str, payload: dict[str, Any]) -> bytes:
    return orjson.dumps({"kind": kind, "payload": payload})


def _tell(done: "asyncio.Future[None]", error: BaseException | None) -> None:
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _whole(path: Path) -> bool:
    """Say whether every record can be followed to the end; damage keeps nobody from saying stop: see `read`."""
    data = path.read_bytes()
    try:
        ends = [end for _, end in _records(path, data)]
    except JournalError:
        return False
    return (ends[-1] if ends else 0) == len(data)


def _records(path: Path, data: bytes) -> Iterator[tuple[int, int]]:
    """Where each whole record starts and ends; stops before a torn one at the end."""
    start = 0
    while start < len(data):
        end = _end(path, data, start)
        if end is None:
            return
        yield start, end
        start = end


def _end(path: Path, data: bytes, start: int) -> int | None:
    """Where the record ends; None: it is torn, nothing can follow. Raises JournalError: it is damaged."""
    header = data[start : start + _HEADER_BYTES]
    if len(header) < _HEADER_BYTES or not any(data[start:]):  # cut off, or room that was never filled
        return None
    mark: bytes
    length: int
    mark, length = _HEAD.unpack_from(header)
    if mark != _MARK or _CRC.unpack_from(header, _HEAD.size)[0] != zlib.crc32(header[: _HEAD.size]):
        raise _damaged(path, start)
    end = start + _HEADER_BYTES + length + _CRC.size
    if end > len(data):
        return None
    body = data[start + _HEADER_BYTES : end - _CRC.size]
    if _CRC.unpack_from(data, end - _CRC.size)[0] == zlib.crc32(body):
        return end
    if end == len(data):
        return None
    raise _damaged(path, start)


def _damaged(path: Path, start: int) -> JournalError:
    return JournalError(f"journal segment `{path.name}` is damaged at byte {start}")

"""The journal keeps what it acknowledged, and says so when it cannot."""

import asyncio
import errno
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from gateway.journal import Entry, Journal, JournalError
from gateway.store.sealing import DataKey, SealedDataError

KEY = DataKey("journal-1", b"k" * 32)


def _numbers(journal: Journal) -> list[int]:
    return [entry.payload["n"] for entry in journal.read()]


def _filled(folder: Path, count: int, **options: Any) -> Journal:
    journal = Journal(folder / "journal", KEY, **options)
    for n in range(count):
        journal.append("revocation", {"n": n, "name": "Ray Alder"})
    return journal


def _append_some(folder: Path, worker: int) -> None:
    journal = Journal(folder, KEY, segment_bytes=2000)
    for n in range(25):
        journal.append("mark", {"n": worker * 1000 + n})


class TestDamage:
    @pytest.mark.parametrize("cut", [1, 4, 9, 40, 100])
    def test_a_torn_last_record_is_left_out_and_the_next_one_is_kept(self, tmp_path: Path, cut: int) -> None:
        _filled(tmp_path, 3)
        segment = tmp_path / "journal/000001.log"
        os.truncate(segment, segment.stat().st_size - cut)
        again = Journal(tmp_path / "journal", KEY)
        assert _numbers(again) == [0, 1]
        again.append("hold", {"n": 9})
        assert _numbers(again) == [0, 1, 9]

    @pytest.mark.parametrize("tail", [b"L", b"\0" * 5000, b"LJ\0\0"])
    def test_room_that_was_never_filled_is_left_out(self, tmp_path: Path, tail: bytes) -> None:
        journal = _filled(tmp_path, 2)
        with (tmp_path / "journal/000001.log").open("ab") as file:
            file.write(tail)
        journal.append("hold", {"n": 9})
        assert _numbers(journal) == [0, 1, 9]

    @pytest.mark.parametrize("position", [0, 3, 7, 30])
    def test_a_changed_byte_in_the_midst_is_named(self, tmp_path: Path, position: int) -> None:
        journal = _filled(tmp_path, 3)
        segment = tmp_path / "journal/000001.log"
        content = bytearray(segment.read_bytes())
        content[position] ^= 1
        segment.write_bytes(content)
        with pytest.raises(JournalError, match=r"`000001.log` is damaged at byte 0"):
            list(journal.read())

    def test_a_damaged_segment_keeps_nobody_from_saying_stop(self, tmp_path: Path) -> None:
        _filled(tmp_path, 3)
        segment = tmp_path / "journal/000001.log"
        content = bytearray(segment.read_bytes())
        content[2] ^= 1
        segment.write_bytes(content)
        Journal(tmp_path / "journal", KEY).append("revocation", {"n": 3})
        assert (tmp_path / "journal/000002.log").stat().st_size > 0
        with pytest.raises(JournalError):
            _numbers(Journal(tmp_path / "journal", KEY))

    def test_a_moved_record_does_not_open(self, tmp_path: Path) -> None:
        journal = _filled(tmp_path, 2)
        second = [entry.offset for entry in journal.read()][1]
        segment = tmp_path / "journal/000001.log"
        content = segment.read_bytes()
        segment.write_bytes(content[second:] + content[:second])
        with pytest.raises(SealedDataError):
            list(journal.read())

    def test_a_full_disk_is_one_line_and_leaves_no_half_record(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = _filled(tmp_path, 1)
        size = (tmp_path / "journal/000001.log").stat().st_size
        write, room = os.write, [20]

        def full(descriptor: int, content: memoryview) -> int:
            if not room[0]:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            room[0], fits = 0, content[: room[0]]
            return write(descriptor, fits)

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(JournalError, match=r"^journal cannot be written: no space left on device$"):
            journal.append("revocation", {"n": 1})
        monkeypatch.undo()
        assert (tmp_path / "journal/000001.log").stat().st_size == size
        journal.append("revocation", {"n": 2})
        assert _numbers(journal) == [0, 2]

    def test_another_key_does_not_open_it(self, tmp_path: Path) -> None:
        _filled(tmp_path, 1)
        with pytest.raises(SealedDataError):
            list(Journal(tmp_path / "journal", DataKey("journal-1", b"x" * 32)).read())


class TestKeeping:
    def test_it_gives_back_what_was_appended_in_order(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path / "journal", KEY)
        journal.append("revocation", {"consent": "c-1", "grants": ["g-1"]})
        journal.append("hold", {})
        first, second = journal.read()
        assert first == Entry("revocation", {"consent": "c-1", "grants": ["g-1"]}, 1, 0)
        assert second.kind == "hold"

    def test_an_empty_or_missing_journal_has_no_entries(self, tmp_path: Path) -> None:
        assert list(Journal(tmp_path / "none", KEY).read()) == []

    def test_it_is_on_the_disk_before_append_returns(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        journal = _filled(tmp_path, 1)
        synced: list[int] = []
        real = os.fsync
        monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(os.fstat(fd).st_size), real(fd))[1])
        journal.append("hold", {"n": 1})
        assert synced == [(tmp_path / "journal/000001.log").stat().st_size]

    def test_nothing_in_it_is_readable_and_nobody_else_may_read(self, tmp_path: Path) -> None:
        _filled(tmp_path, 2)
        segment = tmp_path / "journal/000001.log"
        assert b"Alder" not in segment.read_bytes()
        assert segment.stat().st_mode & 0o077 == 0
        assert segment.parent.stat().st_mode & 0o077 == 0

    def test_full_segments_are_followed_by_new_ones(self, tmp_path: Path) -> None:
        journal = _filled(tmp_path, 20, segment_bytes=500)
        assert len(list((tmp_path / "journal").glob("*.log"))) > 2
        assert _numbers(journal) == list(range(20))

    def test_several_processes_append_without_loss(self, tmp_path: Path) -> None:
        folder = tmp_path / "journal"
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=_append_some, args=(folder, n)) for n in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        found = _numbers(Journal(folder, KEY))
        assert sorted(found) == sorted(w * 1000 + n for w in range(3) for n in range(25))
        assert [n for n in found if n < 1000] == list(range(25))


class TestSharedWrites:
    """Many deliveries at once share one wait for the disk; each hears only of what is on it."""

    async def test_all_are_there_in_order_with_few_waits(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        waits, sync = [], os.fsync

        def counting(descriptor: int) -> None:
            waits.append(descriptor)
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", counting)
        journal = Journal(tmp_path / "journal", KEY)
        await asyncio.gather(*(journal.written("delivery", {"n": n}) for n in range(50)))
        assert _numbers(Journal(tmp_path / "journal", KEY)) == list(range(50))
        assert len(waits) < 10

    async def test_none_hears_of_success_before_the_wait_is_over(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[str] = []
        sync = os.fsync

        def slow(descriptor: int) -> None:
            sync(descriptor)
            told.append("on the disk")

        monkeypatch.setattr(os, "fsync", slow)
        journal = Journal(tmp_path / "journal", KEY)
        await journal.written("delivery", {"n": 1})
        assert told[-1] == "on the disk"

    async def test_all_of_a_write_that_failed_hear_of_it_and_none_is_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        journal = Journal(tmp_path / "journal", KEY)
        await journal.written("delivery", {"n": 0})
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            several = [journal.written("delivery", {"n": n}) for n in range(1, 6)]
            outcomes = await asyncio.gather(*several, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [JournalError] * 5
        await journal.written("delivery", {"n": 9})
        assert _numbers(Journal(tmp_path / "journal", KEY)) == [0, 9]

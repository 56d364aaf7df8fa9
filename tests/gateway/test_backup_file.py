"""A file that was changed anywhere, cut anywhere, or put in another order is refused; and one that is whole is not."""

import itertools
from pathlib import Path

import pytest

from gateway import backup_file
from gateway.backup_file import BackupError, Header, Writer, frames, new_salt, read_header

SECRET = b"s" * 32
BODIES = [b"one", b"", b"x" * 700, b"last"]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_file, "CHUNK_BYTES", 200)


def header(**more: object) -> Header:
    given = {"what": "data", "taken_at": "2026-11-24T20:00:00+00:00", "key": "site:1", "salt": new_salt(), **more}
    return Header(**given)  # type: ignore[arg-type]  # a test's shorthand


def written(folder: Path, name: str = "file", **more: object) -> Path:
    writer = Writer.begin(folder / name, header(**more), SECRET)
    for body in BODIES:
        writer.frame(b"R", body)
    writer.finish()
    return folder / name


def parts(content: bytes) -> tuple[bytes, list[bytes]]:
    """The head of a file, and its chunks."""
    start = 20 + 4 + int.from_bytes(content[20:24])
    head, chunks = content[:start], []
    while start < len(content):
        end = start + 5 + int.from_bytes(content[start + 1 : start + 5])
        chunks.append(content[start:end])
        start = end
    return head, chunks


def refused(path: Path, content: bytes, secret: bytes = SECRET) -> str:
    path.write_bytes(content)
    with pytest.raises(BackupError) as caught:
        list(frames(path, secret))
    return str(caught.value)


class TestRefusal:
    def test_any_byte_that_was_changed(self, tmp_path: Path) -> None:
        content = written(tmp_path).read_bytes()
        for position in range(0, len(content), 7):
            changed = bytearray(content)
            changed[position] ^= 4
            assert refused(tmp_path / "changed", bytes(changed)).startswith("`FILE`: ")

    def test_cut_short_anywhere(self, tmp_path: Path) -> None:
        content = written(tmp_path).read_bytes()
        for length in range(0, len(content), 11):
            assert refused(tmp_path / "cut", content[:length]).startswith("`FILE`: ")

    def test_cut_short_between_two_chunks(self, tmp_path: Path) -> None:
        head, chunks = parts(written(tmp_path).read_bytes())
        assert len(chunks) == 4
        for kept in range(len(chunks)):
            assert refused(tmp_path / "cut", head + b"".join(chunks[:kept])) == "`FILE`: is cut short"

    def test_a_chunk_that_says_it_is_the_last(self, tmp_path: Path) -> None:
        head, chunks = parts(written(tmp_path).read_bytes())
        said = b"\1" + chunks[0][1:]
        assert refused(tmp_path / "cut", head + said) == "`FILE`: was changed, or was sealed by another key"

    def test_chunks_in_another_order_left_out_or_repeated(self, tmp_path: Path) -> None:
        head, chunks = parts(written(tmp_path).read_bytes())
        for order in itertools.product(range(len(chunks)), repeat=len(chunks)):
            if order != tuple(range(len(chunks))):
                refused(tmp_path / "mixed", head + b"".join(chunks[each] for each in order))

    def test_something_behind_the_end(self, tmp_path: Path) -> None:
        assert "follows its end" in refused(tmp_path / "long", written(tmp_path).read_bytes() + b"\0")

    def test_a_chunk_of_another_file_of_the_same_site(self, tmp_path: Path) -> None:
        head, chunks = parts(written(tmp_path).read_bytes())
        _, others = parts(written(tmp_path, "other").read_bytes())
        assert "was changed" in refused(tmp_path / "mixed", head + b"".join([chunks[0], others[1], *chunks[2:]]))

    def test_the_header_of_another_file(self, tmp_path: Path) -> None:
        _, chunks = parts(written(tmp_path).read_bytes())
        other, _ = parts(written(tmp_path, "other", ledger_seq=9).read_bytes())
        assert "was changed" in refused(tmp_path / "mixed", other + b"".join(chunks))

    def test_another_secret(self, tmp_path: Path) -> None:
        content = written(tmp_path).read_bytes()
        assert refused(tmp_path / "same", content, b"t" * 32) == "`FILE`: was changed, or was sealed by another key"

    @pytest.mark.parametrize("number", [0, 2])
    def test_another_format(self, tmp_path: Path, number: int) -> None:
        content = written(tmp_path, format=number).read_bytes()
        assert refused(tmp_path / "other", content) == f"`FILE`: is of format {number}, this program reads format 1"

    @pytest.mark.parametrize("content", [b"", b"PGDMP\1\2", b"LEAD-GATEWAY BACKUP\n\xff\xff\xff\xff"])
    def test_what_is_no_backup(self, tmp_path: Path, content: bytes) -> None:
        assert refused(tmp_path / "none", content).startswith("`FILE`: ")

    def test_a_file_that_is_there_is_not_written_over(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"somebody's")
        with pytest.raises(BackupError, match="is there already"):
            written(tmp_path)
        assert (tmp_path / "file").read_bytes() == b"somebody's"

    def test_what_was_not_finished_leaves_nothing(self, tmp_path: Path) -> None:
        writer = Writer.begin(tmp_path / "file", header(), SECRET)
        writer.frame(b"R", b"x" * 1000)
        writer.abandon()
        assert list(tmp_path.iterdir()) == []


class TestWhole:
    def test_frames_come_back_in_their_order(self, tmp_path: Path) -> None:
        assert list(frames(written(tmp_path), SECRET)) == [(b"R", body) for body in BODIES]

    def test_the_header_comes_back(self, tmp_path: Path) -> None:
        found, _ = read_header(written(tmp_path, ledger_seq=7, journal=(2, 99)))
        assert (found.ledger_seq, found.journal, found.what) == (7, (2, 99), "data")

    def test_nothing_is_readable_and_nobody_else_may_read(self, tmp_path: Path) -> None:
        path = written(tmp_path)
        assert b"xxxx" not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0
        assert [each.name for each in tmp_path.iterdir()] == ["file"]

    def test_a_file_of_nothing(self, tmp_path: Path) -> None:
        Writer.begin(tmp_path / "file", header(), SECRET).finish()
        assert list(frames(tmp_path / "file", SECRET)) == []

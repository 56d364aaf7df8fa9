"""The storage fails: one clear line, exit 1, nothing half-stored, no trace of a participant in what is said."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway import ingesting, journal
from gateway.store.data_directory import LONGEST_PATH
from tests.gateway.commands.conftest import Command, Said, counts, lead_file, nobody_in, written
from tests.gateway.conftest import DatabaseUrls

SMALL = 1 << 20


def process(*words: str | Path, before: Callable[[], None] | None = None) -> Said:
    """A process of its own: its limits and its embedded server end with it."""
    command = [sys.executable, "-m", "gateway", *map(str, words)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LEAD_")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, preexec_fn=before)
    return Said(done.returncode, done.stdout, done.stderr)


def no_file_over_a_megabyte() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL))


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[None]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def _may_mount() -> bool:
    """Only root, and not in every container; elsewhere a limit on files stands for the full disk."""
    return (
        os.geteuid() == 0
        and subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
    )


class TestAFullDisk:
    def test_a_site_cannot_be_made(self, tmp_path: Path) -> None:
        done = process("ingest", "lead", written(tmp_path, lead_file()), "--data-dir", tmp_path / "s",
                       before=no_file_over_a_megabyte)  # fmt: skip
        assert done.code == 1
        assert "data directory `" in done.line
        assert nobody_in(done)

    def test_a_revocation_that_the_journal_cannot_take_did_not_happen(
        self, command: Command, site: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        command("hold", "p-testina")  # the journal is there
        before = counts(site)
        monkeypatch.setattr(journal.os, "write", full)
        done = command("revoke", "p-ray")
        monkeypatch.undo()
        assert (done.code, done.line) == (
            1,
            "lead-gateway: journal cannot be written: no space left on device",
        )
        assert counts(site) == before


if _may_mount():

    class TestADiskThatFillsUp:
        def test_from_full_to_read_only_and_back(self, tmp_path: Path) -> None:
            path = written(tmp_path, lead_file())
            folder = tmp_path / "disk"
            with disk(folder, 150):
                home = folder / "site"
                made = process("migrate", "--data-dir", home)
                assert (made.code, made.err) == (0, "")
                room = os.statvfs(folder)
                with (folder / "ballast").open("wb") as ballast:
                    ballast.write(bytes(room.f_bavail * room.f_frsize))
                full = process("ingest", "lead", path, "--data-dir", home)
                subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
                read_only = process("ingest", "lead", path, "--data-dir", home)
                subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
                (folder / "ballast").unlink()
                again = process("ingest", "lead", path, "--data-dir", home, "--json")
            assert (full.code, read_only.code) == (1, 1)
            assert "space" in full.line
            assert "is not writable" in read_only.line
            assert nobody_in(full)
            assert again.json()["participants"] == 12


class TestADataDirectoryThatCannotBeUsed:
    @pytest.mark.parametrize("place", ["/sys/lead-site", "/dev/null", "/dev/null/site"])
    def test_unwritable(self, command: Command, tmp_path: Path, place: str) -> None:
        done = command("ingest", "lead", written(tmp_path, lead_file()), "--data-dir", place)
        assert (done.code, f"`{place}`" in done.line) == (1, True)

    def test_a_path_too_long(self, command: Command, tmp_path: Path) -> None:
        long = tmp_path / ("x" * LONGEST_PATH)
        done = command("ingest", "lead", written(tmp_path, lead_file()), "--data-dir", long)
        assert (done.code, f"more than {LONGEST_PATH} bytes" in done.line) == (1, True)
        assert not long.exists()

    def test_reading_makes_no_site(self, command: Command, tmp_path: Path) -> None:
        for words in (("ledger", "verify"), ("proposals",), ("revoke", "p-ray"), ("worker",)):
            done = command(*words, "--data-dir", tmp_path / "none")
            assert (done.code, "holds no site yet" in done.line) == (2, True)
        assert not (tmp_path / "none").exists()

    def test_a_key_that_others_may_read(self, command: Command, site: DatabaseUrls, tmp_path: Path) -> None:
        (tmp_path / "site" / "secrets" / "kek").chmod(0o644)
        done = command("ledger", "export", "p-ray")
        assert (done.code, "mode 0600" in done.line) == (1, True)


class TestSettings:
    def test_a_wrong_variable(self, command: Command, reached: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LEAD_NEUTRAL_STEP_MS", "Alder")
        done = command("proposals")
        assert (done.code, "`LEAD_NEUTRAL_STEP_MS`: " in done.line) == (2, True)
        assert nobody_in(done)

    def test_a_misspelled_variable(self, command: Command, site: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LEAD_NEUTRAL_STEP", "1")
        done = command("check", "--json")
        assert done.code == 1
        assert done.json()["settings"] == "`LEAD_NEUTRAL_STEP`: is no setting"


class TestTheDatabase:
    def test_is_not_there(self, command: Command, site: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LEAD_DATABASE_URL", "postgresql://lead_serve:secret@/lead?host=/nowhere")
        done = command("revoke", "p-ray")
        assert (done.code, done.line) == (
            1,
            "lead-gateway: database: cannot be reached, nothing half-done was kept",
        )

    @pytest.mark.parametrize("feed", ["lead", "revoke"])
    def test_stops_in_the_middle(
        self,
        command: Command,
        site: DatabaseUrls,
        superuser: psycopg.Connection[Any],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        feed: str,
    ) -> None:
        """Every connection of the serving role is cut after the first rows were written."""

        async def cut(*_: Any, **__: Any) -> bool:
            superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'lead_serve'")
            raise_again = await real(*_, **__)
            return bool(raise_again)

        file = lead_file()
        file["participants"][0]["case_manager"] = "Another Person"
        before = counts(site)
        if feed == "lead":
            real = ingesting._item
            monkeypatch.setattr(ingesting, "_item", cut)
            done = command("ingest", "lead", written(tmp_path, file))
        else:
            from gateway import stopping  # noqa: PLC0415  -- the one test that cuts it

            real = stopping.withdraw
            monkeypatch.setattr(stopping, "withdraw", cut)
            done = command("revoke", "p-ray")
        assert (done.code, done.line.startswith("lead-gateway: database: ")) == (1, True)
        assert done.line.endswith("nothing half-done was kept")
        assert nobody_in(done)
        assert counts(site) == before

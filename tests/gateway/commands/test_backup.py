"""`backup`, `restore`, `confirm-restore`: what they say, and that a wrong file changes nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.store.postgres import EmbeddedPostgres
from gateway.store.provision import OWNER, SERVE
from tests.gateway.commands.conftest import Command, counts, nobody_in
from tests.gateway.conftest import DatabaseUrls, _copy, _drop


@pytest.fixture
def lost(
    postgres: EmbeddedPostgres,
    superuser: psycopg.Connection[Any],
    data_template: str,
    site: DatabaseUrls,
    monkeypatch: pytest.MonkeyPatch,
    command: Command,
    tmp_path: Path,
) -> Iterator[DatabaseUrls]:
    """A backup was made, Ray said stop, and the database is gone: the environment points to an empty one."""
    done = command("backup", tmp_path / "copy", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json()["rows"] > 100
    assert command("revoke", "p-ray").code == 0
    name = _copy(superuser, data_template)
    urls = DatabaseUrls(postgres.url(name, SERVE), postgres.url(name, OWNER), site.keys, site.keys_owner)
    monkeypatch.setenv("LEAD_DATABASE_URL", urls.data)
    monkeypatch.setenv("LEAD_MIGRATION_DATABASE_URL", urls.data_owner)
    monkeypatch.setenv("LEAD_MIGRATION_KEYS_URL", urls.keys_owner)
    yield urls
    _drop(superuser, name)


class TestBackup:
    def test_where_there_is_no_site_or_a_file_already(
        self, command: Command, reached: DatabaseUrls, site: DatabaseUrls, tmp_path: Path
    ) -> None:
        (tmp_path / "copy").write_bytes(b"somebody's")
        done = command("backup", tmp_path / "copy")
        assert (done.code, done.line) == (2, "lead-gateway: `FILE`: is there already, and is not written over")
        done = command("backup", tmp_path / "none" / "copy")
        assert (done.code, done.line) == (1, "lead-gateway: storage: no such file or directory")
        assert (tmp_path / "copy").read_bytes() == b"somebody's"


class TestRestore:
    def test_what_is_no_backup_changes_nothing(self, command: Command, lost: DatabaseUrls, tmp_path: Path) -> None:
        before = counts(lost)
        (tmp_path / "other").write_bytes(b"Alder")
        for name in ("other", "nowhere"):
            done = command("restore", tmp_path / name)
            assert (done.code, done.line[:22]) == (2, "lead-gateway: `FILE`: ")
            assert nobody_in(done)
        assert counts(lost) == before

    def test_and_confirm(self, command: Command, lost: DatabaseUrls, tmp_path: Path) -> None:
        done = command("restore", tmp_path / "copy", "--json")
        assert (done.code, done.err) == (0, "")
        assert "revocations 1" in done.json()["replay"]
        assert nobody_in(done)
        checked = command("check")
        assert (checked.code, "is held, nothing leaves" in checked.out) == (1, True)
        again = command("restore", tmp_path / "copy")
        assert (again.code, "holds a site already" in again.line) == (2, True)
        assert command("confirm-restore").code == 2
        assert command("confirm-restore", "--by", " ").code == 2
        assert command("confirm-restore", "--by", "officer-1", "--json").json() == {"deliveries": 0, "by": "officer-1"}
        second = command("confirm-restore", "--by", "officer-1")
        assert (second.code, "is not held" in second.line) == (2, True)
        assert command("ledger", "verify").code == 0
        kinds = [entry["kind"] for entry in command("ledger", "export", "p-ray").json()["entries"]]
        assert kinds.count("revocation") == 1

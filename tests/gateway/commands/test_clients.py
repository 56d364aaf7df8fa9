"""`clients`: one line for what is wrong, and every act under the name of who did it."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.smart_client import new_key, public_part
from gateway.demo.site import PROSECUTOR
from tests.gateway.commands.conftest import Command
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.tls import self_signed


@pytest.fixture(scope="module")
def key() -> dict[str, Any]:
    return new_key()


@pytest.fixture
def jwks(tmp_path: Path, key: dict[str, Any]) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [public_part(key)]}))
    return path


class TestClients:
    def test_what_is_wrong_is_said_in_one_line(
        self, command: Command, site: DatabaseUrls, tmp_path: Path, jwks: Path, key: dict[str, Any]
    ) -> None:
        private, junk = tmp_path / "private.json", tmp_path / "junk"
        private.write_text(json.dumps({"keys": [key]}))
        junk.write_text("x" * 70_000)
        scope, good = ("--scope", "system/Task.cr"), ("--jwks", jwks)
        bad: list[tuple[tuple[str | Path, ...], str]] = [
            ((PROSECUTOR, *good), "--scope"),
            ((PROSECUTOR, *scope), "--jwks"),
            ((PROSECUTOR, *scope, "--jwks", private), "holds a private key"),
            ((PROSECUTOR, *scope, "--jwks", junk), "must not be larger"),
            ((PROSECUTOR, *scope, *good, "--certificate", jwks), "must be a PEM certificate"),
            ((PROSECUTOR, *scope, *good, "--by", " "), "--by"),
            ((PROSECUTOR, *scope, *good, "--purpose", "charging"), "--purpose"),
            ((PROSECUTOR, "--scope", "system/Patient.r", *good), "`system/Patient.r` is more than"),
            (("org:nobody", *scope, *good), "names no organization"),
        ]
        for words, rule in bad:
            done = command("clients", "add", *words)
            assert (done.code, rule in done.line, key["d"] in done.err) == (2, True, False), words
        assert command("clients", "rotate", "nobody", *good).code == 2
        assert command("clients", "list", "--json").json()["clients"] == []

    def test_added_given_new_keys_and_stopped(
        self, command: Command, site: DatabaseUrls, tmp_path: Path, jwks: Path
    ) -> None:
        certificate, _ = self_signed(tmp_path)
        words = ("--scope", "system/Task.cr", "--purpose", "case-alignment", "--id", "pa", "--by", "officer")
        done = command("clients", "add", PROSECUTOR, "--jwks", jwks, "--certificate", certificate, *words, "--json")
        (row,) = done.json()["clients"]
        assert (row["client_id"], row["scopes"], row["purposes"]) == ("pa", ["system/Task.cr"], ["case-alignment"])
        assert len(row["certificate"]) == 43
        uri = "https://keys.example.org/jwks.json"
        (row,) = command("clients", "rotate", "pa", "--jwks-uri", uri, "--by", "officer", "--json").json()["clients"]
        assert (row["keys"], row["jwks_uri"], len(row["certificate"])) == ([], uri, 43)
        assert command("clients", "disable", "pa", "--by", "officer").code == 0
        (row,) = command("clients", "list", "--json").json()["clients"]
        assert row["disabled"]
        assert command("clients", "list").code == 0

"""`serve`, `worker`, `demo`, `check`, `migrate`: what they refuse, in one line, and two real processes under TLS."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.gateway.commands.conftest import Command, Said, lead_file, written
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.tls import self_signed

PATIENCE = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def as_owner(urls: DatabaseUrls, statement: str) -> None:
    url = make_url(urls.data_owner).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type, unused-ignore]  # a text of this file


class TestRefusals:
    def test_serve_refuses_a_demo_site(self, command: Command, site: DatabaseUrls) -> None:
        as_owner(site, "UPDATE site SET mark = 'demo'")
        done = command("serve", "--port", free_port())
        assert (done.code, "holds a demo site, this command takes a live one only" in done.line) == (1, True)

    def test_demo_refuses_a_live_site(self, command: Command, site: DatabaseUrls, tmp_path: Path) -> None:
        done = command("demo", "--once", "--port", free_port())
        assert (done.code, "holds a live site, this command takes a demo one only" in done.line) == (1, True)
        assert not (tmp_path / "site" / "demo.json").exists()

    @pytest.mark.parametrize("word", ["serve", "proposals", "worker"])
    def test_a_serving_role_that_could_change_the_ledger(
        self, command: Command, site: DatabaseUrls, monkeypatch: pytest.MonkeyPatch, word: str
    ) -> None:
        monkeypatch.setenv("LEAD_DATABASE_URL", site.data_owner)
        done = command(word)
        assert (done.code, "serving role: must not" in done.line) == (1, True)
        assert "serving role: must not update `ledger_entry`" in command("check", "--json").json()["database"]

    def test_a_port_that_is_taken(self, command: Command, site: DatabaseUrls) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            done = command("serve", "--port", taken.getsockname()[1])
        assert (done.code, done.err) == (
            1,
            "lead-gateway: `--port`: cannot be listened on, it is in use or not allowed\n",
        )

    def test_a_database_that_was_not_migrated(
        self, command: Command, reached: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        as_owner(reached, "UPDATE alembic_version SET version_num = '0000'")
        done = command("serve")
        assert (done.code, "run `lead-gateway migrate`" in done.line) == (1, True)


class TestCheckAndMigrate:
    def test_a_sound_site(self, command: Command, site: DatabaseUrls) -> None:
        done = command("check", "--json")
        assert (done.code, done.err) == (0, "")
        assert set(done.json().values()) == {"ok"}
        assert {"packages", "database", "keys", "site", "agreements", "ledger"} <= set(done.json())

    def test_a_changed_ledger(self, command: Command, site: DatabaseUrls) -> None:
        command("hold", "p-ray")
        as_owner(site, "UPDATE ledger_entry SET kind = 'use' WHERE kind = 'hold'")
        verified, checked = command("ledger", "verify"), command("check")
        assert (verified.code, "the entry was changed after it was sealed" in verified.line) == (1, True)
        assert (checked.code, checked.line) == (1, "lead-gateway: check: `ledger`")

    def test_an_agreement_that_has_ended_and_a_site_that_is_held(
        self, command: Command, site: DatabaseUrls, tmp_path: Path
    ) -> None:
        file = lead_file()
        file["organizations"][1]["agreement_expires"] = "2020-01-01"
        command("ingest", "lead", written(tmp_path, file))
        as_owner(site, "UPDATE site SET held = true")
        done = command("check", "--json")
        assert (done.code, done.line) == (1, "lead-gateway: check: `site`, `agreements`")
        assert done.json()["agreements"] == "`org:cedar-prosecutor`: has expired"

    def test_migrating_needs_the_owner(
        self, command: Command, reached: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done = command("migrate")
        assert (done.code, "`LEAD_MIGRATION_DATABASE_URL`" in done.line) == (1, True)
        monkeypatch.setenv("LEAD_MIGRATION_DATABASE_URL", reached.data_owner)
        monkeypatch.setenv("LEAD_MIGRATION_KEYS_URL", reached.keys_owner)
        assert command("migrate", "--json").json() == {"databases": "at the newest migration"}


@contextmanager
def process(*words: str | Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LEAD_")}
    environment |= {"LEAD_LOG_LEVEL": "warning", **more}
    command = [sys.executable, "-m", "gateway", *map(str, words)]
    started = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def until(look: Callable[[], Any], running: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not look():
        assert running.poll() is None, "the process has ended"
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


def told_to_stop(running: subprocess.Popen[str], within: float = 10) -> Said:
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=within)
    return Said(running.returncode, "", err)


def is_ready(client: httpx2.Client, url: str) -> bool:
    try:
        return client.get(f"{url}/health/ready").status_code == 200
    except httpx2.TransportError:
        return False


class TestProcesses:
    def test_serve_under_tls_and_a_worker_end_cleanly_with_their_database(
        self, command: Command, tmp_path: Path
    ) -> None:
        home, port = tmp_path / "site", free_port()
        assert command("ingest", "lead", written(tmp_path, lead_file()), "--data-dir", home).code == 0
        cert, key = self_signed(tmp_path)
        pair = ("--tls-cert", cert, "--tls-key", key)
        verified = httpx2.Client(verify=ssl.create_default_context(cafile=str(cert)), trust_env=False)
        with (
            process("serve", "--data-dir", home, "--port", port, "--no-worker", *pair) as serving,
            process("worker", "--data-dir", home) as working,
        ):
            until(lambda: is_ready(verified, f"https://localhost:{port}"), serving)
            assert not is_ready(httpx2.Client(trust_env=False), f"http://localhost:{port}")
            smart = verified.get(f"https://localhost:{port}/fhir/.well-known/smart-configuration").json()
            assert smart["token_endpoint"] == f"https://127.0.0.1:{port}/oauth/token"
            assert told_to_stop(serving) == Said(0, "", "")
            assert (home / "pg" / "postmaster.pid").exists()
            assert told_to_stop(working) == Said(0, "", "")
        assert not (home / "pg" / "postmaster.pid").exists()

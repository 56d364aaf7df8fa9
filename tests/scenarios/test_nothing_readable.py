"""Whoever gets hold of the data directory, a backup of it, or the logs, reads nothing about a participant in it.

The real program goes through the whole story with a participant made of tokens; then every file is searched.
"""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson
import psycopg
import pytest

from adapters.smart_client import SmartClient, open_http
from consent.codes import Purpose
from gateway.demo.keys import DemoClient, make_clients
from gateway.demo.site import PROSECUTOR
from gateway.demo.site_record import HOSPITAL
from gateway.store.postgres import SUPERUSER, EmbeddedPostgres
from mappings.fhir.question import Question
from mappings.fhir.task import question_task
from tests.architecture.stranger import TO_THE_PROSECUTOR, question
from tests.conftest import in_memory
from tests.gateway.conftest import DatabaseUrls
from tests.scenarios.canary import (
    BORN,
    FAMILY,
    PARTICIPANT,
    canary_bookings,
    canary_file,
    found_in,
    is_in_bytes,
    token,
)
from tests.scenarios.stage import Receiver, process, receiver, rows, until

QUICK: Final = {
    "LEAD_RELEASE_DELAY_SECONDS": "1",
    "LEAD_RELEASE_WINDOW_SECONDS": "1",
    "LEAD_POLL_SECONDS": "0.1",
    "LEAD_LOG_LEVEL": "debug",
}


@dataclass
class Installation:
    """A data directory, what is fed to it, and what its processes have said."""

    home: Path
    outside: Path
    port: int
    keys: dict[str, DemoClient] = field(default_factory=lambda: make_clients([PROSECUTOR, HOSPITAL]))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def errors(self) -> Path:
        return self.outside / "stderr"

    @property
    def environment(self) -> dict[str, str]:
        return {**QUICK, "LEAD_DATA_DIR": str(self.home), "LEAD_BASE_URL": self.url}

    async def command(self, *words: str) -> str:
        with process("gateway", *words, errors=self.errors, **self.environment) as running:
            said, _ = await asyncio.to_thread(running.communicate)
        assert running.returncode == 0, self.errors.read_text()[-2000:]
        return str(said)

    async def ask(self, http: httpx2.AsyncClient, organization: str, asked: Question) -> httpx2.Response:
        key, now = self.keys[organization], datetime.now(UTC)
        system = SmartClient(http, token_url=f"{self.url}/oauth/token", client_id=key.client_id, jwk=key.jwk)
        headers = {"Authorization": f"Bearer {await system.token('system/Task.c', now)}"}
        headers["Content-Type"] = "application/fhir+json"
        return await http.post(f"{self.url}/fhir/Task", content=orjson.dumps(question_task(asked)), headers=headers)


@pytest.fixture
def installation() -> Iterator[Installation]:
    folder = Path(tempfile.mkdtemp(prefix="lead-", dir=in_memory()))  # a short path: the socket lies in it
    outside = Path(tempfile.mkdtemp(prefix="out-"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    try:
        yield Installation(folder / "site", outside, port)
    finally:
        shutil.rmtree(folder)
        shutil.rmtree(outside)


async def _fed(site: Installation, far: Receiver) -> None:
    clients = tuple(each.registration() for each in site.keys.values())
    file = canary_file(datetime.now(UTC).date(), endpoint=f"{far.address}/fhir", clients=clients)
    (site.outside / "lead.json").write_bytes(orjson.dumps(file))
    await site.command("ingest", "lead", str(site.outside / "lead.json"))


async def _booked(site: Installation) -> None:
    bookings = canary_bookings(datetime.now(UTC).date() - timedelta(days=1))
    for name, content in bookings.items():
        (site.outside / name).write_bytes(content)
    said = await site.command("ingest", "jail", *(str(site.outside / name) for name in bookings), "--json")
    counts = orjson.loads(said)
    assert (counts["matched"], counts["unmatched"], counts["quarantined"]) == (1, 1, 2)


async def _lived(site: Installation, far: Receiver, http: httpx2.AsyncClient) -> None:
    """Asked, approved, delivered, revoked, an emergency: each by the real program."""
    told = (await site.ask(http, PROSECUTOR, question())).json()["id"]

    async def proposed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = orjson.loads(await site.command("proposals", "--json"))["proposals"]
        return found

    (proposal,) = await until(proposed, "a proposal")
    await site.command("approve", proposal["id"])

    async def disclosed() -> bool:
        return any(found_in(row["bundle"]) for row in far.received(told))

    await until(disclosed, "the Bundle")
    assert found_in(far.received(told)[-1]["bundle"]) == TO_THE_PROSECUTOR
    await site.command("revoke", PARTICIPANT, "--oral")
    emergency = await site.ask(http, HOSPITAL, question(Purpose.EMERGENCY, "physician"))
    assert token("moud", "Dose") in found_in(emergency.content)


async def _broken(site: Installation, http: httpx2.AsyncClient, superuser: psycopg.Connection[Any]) -> None:
    """The database fails in the midst of it: its connections are cut, then a table is gone."""
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'lead_serve'"
    said = []
    for _ in range(2):
        superuser.execute(cut)
        said.append(await http.get(f"{site.url}/health/ready"))
        said.append(await http.post(f"{site.url}/fhir/Task", content=FAMILY.encode()))
    superuser.execute("ALTER TABLE ledger_entry RENAME TO gone")
    for asked in (question(), question(Purpose.EMERGENCY, "officer"), question(Purpose.EMERGENCY, "physician")):
        said += [await site.ask(http, organization, asked) for organization in (PROSECUTOR, HOSPITAL)]
    said.append(await http.get(f"{site.url}/metrics"))
    superuser.execute("ALTER TABLE gone RENAME TO ledger_entry")
    assert 500 in {answer.status_code for answer in said}
    assert [found_in(f"{answer.headers.raw} {answer.text}") for answer in said if found_in(answer.text)] == []


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def _leaking(folder: Path) -> list[str]:
    """The files in which a token can be read. A socket is none, a pipe is none."""
    relative = {path.relative_to(folder): path for path in _files(folder)}
    return [str(name) for name, path in relative.items() if is_in_bytes(os.fsencode(name) + b" " + path.read_bytes())]


def _places(site: Installation, server: EmbeddedPostgres) -> DatabaseUrls:
    owner, keys = server.url(role="lead_owner"), server.url("lead_keys", role="lead_owner")
    return DatabaseUrls(server.url(), owner, server.url("lead_keys"), keys)


async def _through_the_story(site: Installation) -> bytes:
    """Run it all; give every row of both databases as it stands at the end."""
    with receiver(site.outside / "receiver") as far:
        await _fed(site, far)
        arguments = ("serve", "--port", str(site.port))
        with process("gateway", *arguments, errors=site.errors, **site.environment) as serving:
            async with open_http() as http:

                async def is_ready() -> bool:
                    with suppress(httpx2.HTTPError):
                        return (await http.get(f"{site.url}/health/ready")).status_code == 200
                    return False

                await asyncio.gather(until(is_ready, "the server"), _booked(site))
                await _lived(site, far, http)
                with EmbeddedPostgres(site.home) as server:
                    superuser = psycopg.connect(server.conninfo("lead", SUPERUSER), autocommit=True)
                    await _broken(site, http, superuser)
                    kept = b"\n".join(rows(_places(site, server)))
                    superuser.execute("CHECKPOINT")
                    superuser.close()
            serving.terminate()
            await asyncio.to_thread(serving.wait, 60)
    return kept


@pytest.mark.timeout(300)
async def test_no_file_and_no_row_says_anything_about_a_participant(installation: Installation) -> None:
    kept = await _through_the_story(installation)
    folders = {path.relative_to(installation.home).parts[0] for path in _files(installation.home)}
    assert {"pg", "secrets", "journal", "pg.log"} <= folders
    assert any(path.stat().st_size for path in (installation.home / "pg" / "pg_wal").iterdir())
    assert _leaking(installation.home) == []
    assert not is_in_bytes(kept)  # values that PostgreSQL has compressed, too
    assert len(kept) > 50_000
    assert found_in(installation.errors.read_bytes()) == set()
    assert b"gateway" in installation.errors.read_bytes()  # something was logged
    _the_search_can_fail(installation)


def _the_search_can_fail(site: Installation) -> None:
    """A token in the clear is found: in a row, in the write-ahead log, in a compressed value, in a file's name."""
    compressed = f"{token('control')} " * 2000
    with EmbeddedPostgres(site.home) as server:
        with psycopg.connect(server.conninfo("lead", SUPERUSER), autocommit=True) as superuser:
            superuser.execute("CREATE TABLE control (plain text, compressed text)")
            superuser.execute("GRANT SELECT ON control TO lead_owner")
            superuser.execute("INSERT INTO control VALUES (%s, NULL), (NULL, %s)", (BORN.isoformat(), compressed))
            superuser.execute("CHECKPOINT")
        assert is_in_bytes(b"\n".join(rows(_places(site, server))))
    (site.home / "named").mkdir()
    (site.home / "named" / token("control")).touch()
    leaking = _leaking(site.home)
    assert any(name.startswith("pg/base/") for name in leaking)
    assert any(name.startswith("pg/pg_wal/") for name in leaking)
    assert f"named/{token('control')}" in leaking


@pytest.mark.parametrize("form", ["utf-8", "utf-16-le", "utf-16-be"])
def test_the_search_knows_the_form(form: str) -> None:
    assert is_in_bytes(b"\x00\x01" + token("control").encode(form) + b"\xff")
    assert is_in_bytes(token("control").upper().encode(form))
    assert is_in_bytes(token("control").lower().encode(form).hex().encode())
    assert not is_in_bytes(b"nothing of the kind")

"""The stage of the stories: the site served over real HTTP, its worker, partners' systems, a receiver as a process."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx2
import orjson
import psycopg
import uvicorn
from psycopg import sql
from sqlalchemy.engine import make_url

from adapters.smart_client import SmartClient, open_http
from gateway import approval, ingesting
from gateway.app import make_app
from gateway.demo.keys import make_clients
from gateway.demo.site import POLICE, PROSECUTOR, build_site
from gateway.demo.site_record import HOSPITAL
from gateway.journal import Journal
from gateway.opening import compose
from gateway.program import Program
from gateway.store.places import Places
from gateway.store.values import LedgerEntry, StoredProposal
from mappings.fhir.question import Question
from mappings.fhir.task import question_task
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import settings_for

PATIENCE: Final = 60.0
SCOPE: Final = "system/Task.c"
STEP_MS: Final = 300
QUICK: Final = {
    "release_delay_seconds": 1,
    "release_window_seconds": 1,
    "poll_seconds": 0.1,
    "neutral_step_ms": STEP_MS,
}
Json = dict[str, Any]


@contextmanager
def process(module: str, *arguments: str, errors: Path, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """A program of its own; what it says on stderr is kept in a file. Killed at the end, if it still runs."""
    command = [sys.executable, "-m", module, *arguments]
    with errors.open("ab") as sink:
        started = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=sink, text=True, env={**os.environ, **environment}
        )
    try:
        yield started
    finally:
        started.kill()
        started.wait()
        if started.stdout is not None:
            started.stdout.close()


@contextmanager
def receiver(folder: Path) -> Iterator["Receiver"]:
    """The prosecutor's receiver, another process with a store of its own."""
    folder.mkdir()
    arguments = ("--port", "0", "--store", str(folder))
    with process("gateway.demo.receiver", *arguments, errors=folder / "stderr") as running:
        assert running.stdout is not None
        yield Receiver(running.stdout.readline().split()[-1], folder)


@dataclass(frozen=True)
class Receiver:
    address: str
    folder: Path

    def control(self, **switches: object) -> None:
        """Tell it to be slow, or to refuse, from its next Bundle on."""
        draft = self.folder / "control.draft"
        draft.write_bytes(orjson.dumps(switches))
        draft.replace(self.folder / "control.json")

    def received(self, about: str) -> list[Json]:
        """Every Bundle that it holds about a question, as it came."""
        kept = self.folder / "received.jsonl"
        rows = [orjson.loads(line) for line in kept.read_bytes().splitlines()] if kept.exists() else []
        return [row for row in rows if about in row["bundle"]]


async def until(look: Callable[[], Awaitable[Any]], what: str, patience: float = PATIENCE) -> Any:
    """Wait for something that must come."""
    deadline = time.monotonic() + patience
    while True:
        if found := await look():
            return found
        assert time.monotonic() < deadline, f"waited too long for {what}"
        await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Stage:
    """The site, and the partners who knock at its door."""

    program: Program
    http: httpx2.AsyncClient
    url: str
    receiver: Receiver
    partners: dict[str, SmartClient]

    async def ask(self, organization: str, question: Question, *, token: str | None = None) -> httpx2.Response:
        """What a partner's system does: a token with its own key, then one Task."""
        bearer = token or await self.partners[organization].token(SCOPE, datetime.now(UTC))
        headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/fhir+json"}
        return await self.http.post(
            f"{self.url}/fhir/Task", content=orjson.dumps(question_task(question)), headers=headers
        )

    async def participant(self, reference: str) -> UUID:
        async with self.program.store.unit_of_work() as uow:
            found = await uow.participants.find(reference)
        assert found is not None
        return found

    async def proposal(self, question: str) -> StoredProposal:
        """What the case manager is shown, as soon as the worker has considered the question."""

        async def look() -> list[StoredProposal]:
            async with self.program.store.unit_of_work() as uow:
                return await uow.proposals.for_question(UUID(question))

        (found,) = await until(look, "a proposal")
        return found  # type: ignore[no-any-return]  # until gives what look gives

    async def approve(self, proposal: StoredProposal) -> None:
        await approval.approve(self.program.store, self.program.settings, proposal.id, at=self.program.now())

    async def answer(self, question: str) -> Json:
        """The one answer, as it arrived at the receiver."""

        async def look() -> list[Json]:
            return self.receiver.received(question)

        (row,) = await until(look, "an answer")
        bundle: Json = orjson.loads(row["bundle"])
        return bundle

    async def states(self, question: str) -> list[str]:
        async with self.program.store.unit_of_work() as uow:
            return sorted(d.state for d in await uow.deliveries.for_question(UUID(question)))

    async def settled(self, question: str) -> list[str]:
        """The states once every sending has ended: the ledger hears of an arrival a moment after it."""

        async def look() -> list[str] | None:
            states = await self.states(question)
            return None if {"queued", "sending"} & set(states) else states

        found: list[str] = await until(look, "the sendings to end")
        return found

    async def entries(self, reference: str) -> list[LedgerEntry]:
        async with self.program.store.unit_of_work() as uow:
            return await uow.accounting.of(await self.participant(reference))


@asynccontextmanager
async def opened(
    folder: Path, urls: DatabaseUrls, endpoint: str, site: Json, **settings: Any
) -> AsyncIterator[Program]:
    """The program on a fresh database, its site ingested, not yet served."""
    folder.mkdir(mode=0o700, exist_ok=True)  # noqa: ASYNC240  -- once, before anything runs
    program = compose(settings_for(folder, urls, **settings), Places(urls.data, urls.keys, None, None))
    try:
        program.store.journal = Journal(program.settings.journal_dir, await program.store.keys.named("journal"))
        async with program.store.unit_of_work() as uow:
            await uow.registry.set_mark("live")
            await uow.commit()
        await ingesting.ingest(program.store, orjson.dumps(dressed(site, endpoint)), program.now())
        await program.refresh()
        yield program
    finally:
        await program.close()


def dressed(site: Json, endpoint: str) -> Json:
    """The site, with the receiver behind the prosecutor's office."""
    for organization in site["organizations"]:
        if organization["id"] == PROSECUTOR:
            organization["endpoint"] = {"url": endpoint, "kind": "fhir"}
    return site


@asynccontextmanager
async def stage(folder: Path, urls: DatabaseUrls, far: Receiver) -> AsyncIterator[Stage]:
    """The site of the demo, served on a port of its own, with a worker, as if in earnest."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    keys = make_clients([PROSECUTOR, HOSPITAL, POLICE])
    site = {**build_site(datetime.now(UTC).date()), "clients": [each.registration() for each in keys.values()]}
    async with opened(folder, urls, f"{far.address}/fhir", site, base_url=url, **QUICK) as program, open_http() as http:
        app = make_app(program, jobs=Places(urls.data, urls.keys, None, None).conninfo)
        server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_config=None, log_level="critical"))
        serving = asyncio.create_task(server.serve([listening]))
        partners = {
            name: SmartClient(http, token_url=f"{url}/oauth/token", client_id=key.client_id, jwk=key.jwk)
            for name, key in keys.items()
        }
        try:
            await until(lambda: _has_started(server), "the server")
            yield Stage(program, http, url, far, partners)
        finally:
            server.should_exit = True
            await serving


async def _has_started(server: uvicorn.Server) -> bool:
    return server.started


def rows(urls: DatabaseUrls) -> Iterator[bytes]:
    """Every row of both databases, decompressed, texts and sealed bytes as they are, asked as their owner."""
    for url in (urls.data_owner, urls.keys_owner):
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection:
            yield from _rows(connection)


def _rows(connection: psycopg.Connection[Any]) -> Iterator[bytes]:
    names = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    for place in connection.execute(names).fetchall():  # type: ignore[arg-type]  # a constant
        found = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(*place)))
        for row in found:
            yield b" ".join(value if isinstance(value, bytes) else str(value).encode() for value in row)

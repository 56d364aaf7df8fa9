"""What the canary tests share: a site that holds one participant made of tokens, and all the ways to break it."""

import asyncio
import io
import logging
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import orjson
import psycopg
import pytest
import structlog
from sqlalchemy.exc import OperationalError

import adapters.prosecutor.fhir_push
import gateway.api.counts
import gateway.api.responses
import gateway.disclosure
import gateway.questions
from consent.codes import Purpose
from consent.model import Person
from consent.request import EmergencyDeclaration
from gateway import ingesting, log
from gateway.demo.keys import DemoClient, make_clients
from gateway.demo.site import LIAISON_PROSECUTOR, POLICE, PROSECUTOR
from gateway.demo.site_record import HOSPITAL
from gateway.journal import Journal
from gateway.opening import compose
from gateway.program import Program
from gateway.store.places import Places
from gateway.store.repositories.accounting import Accounting
from gateway.store.repositories.clients import Clients
from gateway.store.repositories.consents import Consents
from gateway.store.repositories.participants import Participants
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault
from mappings.fhir.question import About, Question
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, Clock, settings_for
from tests.scenarios.canary import BORN, FAMILY, GIVEN, PARTICIPANT, STATE_ID, canary_file, token

SECRET: Final = f"{PARTICIPANT} {GIVEN} {FAMILY} {BORN.isoformat()} {STATE_ID} {token('drug-tests', 'Value', 'Code')}"
TO_THE_PROSECUTOR: Final = {
    *(token(category, of, "Code") for category in ("engagement", "progress") for of in ("", "Value")),
    token("grant"),  # the scope of the consent names the grant that a release stands on
}
"""All that the prosecutor may hear of the canary."""

Fault = Callable[[pytest.MonkeyPatch], None]


def question(purpose: Purpose = Purpose.CASE_ALIGNMENT, role: str = LIAISON_PROSECUTOR, **about: Any) -> Question:
    """What a partner asks about the canary; the words of the question are tokens too, and must not be echoed."""
    described = About((GIVEN,), FAMILY, BORN, (("sid", STATE_ID),))
    declared = EmergencyDeclaration("unresponsive", "Dr. Sol Okafor", "Lakeside ED", "desk")
    return Question(
        purpose,
        Person("J. Lee", role),
        replace(described, **about),
        attested=True,
        emergency=declared if purpose is Purpose.EMERGENCY else None,
    )


def _database(*_: object, **__: object) -> Any:
    raise OperationalError(f"SELECT '{SECRET}'", {"family": FAMILY}, psycopg.OperationalError(f"DETAIL: ({SECRET})"))


async def _database_later(*_: object, **__: object) -> Any:
    _database()


def _code(*_: object, **__: object) -> Any:
    raise ValueError(SECRET)


async def code_later(*_: object, **__: object) -> Any:
    raise ValueError(SECRET)


async def _another_form(*_: object, **__: object) -> bytes:
    """A row of a shape that nobody reads: pydantic's error quotes what it was given."""
    return orjson.dumps({"name": SECRET, "participant": {"id": SECRET}, "grants": [SECRET]})


def _at(owner: object, name: str, failing: Callable[..., Any]) -> Fault:
    return lambda patch: patch.setattr(owner, name, failing)


def _rendering(patch: pytest.MonkeyPatch) -> None:
    for module in (gateway.api.responses, adapters.prosecutor.fhir_push):
        patch.setattr(module, "disclosure_bundle", _code)
        patch.setattr(module, "neutral_answer", _code)


FAULTS: Final[dict[str, Fault]] = {
    "nothing": lambda _: None,
    "connecting": _at(UnitOfWork, "__init__", _database),
    "looking up a token": _at(Clients, "grant_and_standing", _database_later),
    "remembering an assertion": _at(Clients, "use_jti", _database_later),
    "matching": _at(Participants, "candidates", _database_later),
    "opening a row": _at(Vault, "open_bytes", code_later),
    "reading a row": _at(Vault, "open_bytes", _another_form),
    "sealing a row": _at(Vault, "seal_bytes", code_later),
    "locking": _at(Consents, "lock_shared", _database_later),
    "loading facts": _at(UnitOfWork, "facts_for", code_later),
    "deciding": _at(gateway.disclosure, "decide", _code),
    "clearing": _at(gateway.disclosure, "clear", _code),
    "writing the ledger": _at(Accounting, "append", _database_later),
    "committing": _at(UnitOfWork, "commit", _database_later),
    "accounting": _at(gateway.disclosure, "account", _code),
    "answering neutrally": _at(gateway.disclosure, "neutral", _code),
    "rendering": _rendering,
    "queueing": _at(gateway.questions, "enqueue_question", _database_later),
    "being ready": _at(Program, "ready", code_later),
    "counting": _at(gateway.api.counts.Counts, "text", _code),
}
"""What breaks, and how: with the participant's data in the text of the exception, as libraries do it."""


@dataclass
class Site:
    """A live site on a database of its own, with nobody in it but the canary."""

    folder: Path
    urls: DatabaseUrls
    keys: dict[str, DemoClient] = field(default_factory=lambda: make_clients([PROSECUTOR, HOSPITAL, POLICE]))

    @asynccontextmanager
    async def program(self) -> AsyncIterator[Program]:
        settings = settings_for(self.folder, self.urls, neutral_step_ms=1)
        program = compose(settings, Places(self.urls.data, self.urls.keys, None, None))
        program.clock = Clock()
        try:
            program.store.journal = Journal(settings.journal_dir, await program.store.keys.named("journal"))
            yield program
        finally:
            await program.close()

    async def ingest(self, endpoint: str | None) -> None:
        async with self.program() as program:
            clients = tuple(client.registration() for client in self.keys.values())
            content = orjson.dumps(canary_file(NOON.date(), endpoint=endpoint, clients=clients))
            async with program.store.unit_of_work() as uow:
                await uow.registry.set_mark("live")
                await uow.commit()
            await ingesting.ingest(program.store, content, NOON)


def make_site(folder: Path, urls: DatabaseUrls, endpoint: str | None = None) -> Site:
    folder.mkdir(mode=0o700)
    site = Site(folder, urls)
    asyncio.run(site.ingest(endpoint))
    return site


class Capture:
    """The far end of the outbound door: keeps every byte that arrives, and says that it has it."""

    def __init__(self) -> None:
        self.address = ""
        self.arrived = bytearray()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.lower().split(b"\r\n")
            length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
            self.arrived += head + await reader.readexactly(length)
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()


@contextmanager
def captured() -> Iterator[Capture]:
    far, ready, loop = Capture(), threading.Event(), asyncio.new_event_loop()

    async def run() -> None:
        server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
        far.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()

    thread = threading.Thread(target=lambda: (loop.run_until_complete(run()), loop.run_forever()))
    thread.start()
    ready.wait()
    yield far
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@contextmanager
def kept_log() -> Iterator[io.StringIO]:
    """All that this process logs, at its most talkative, as the program would write it."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.raiseExceptions, sys.excepthook, sys.unraisablehook)
    hook = threading.excepthook
    stream = io.StringIO()
    log.configure("debug", stream)
    try:
        yield stream
    finally:
        root.handlers[:], logging.raiseExceptions = before[0], before[2]
        root.setLevel(before[1])
        sys.excepthook, sys.unraisablehook, threading.excepthook = before[3], before[4], hook
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()

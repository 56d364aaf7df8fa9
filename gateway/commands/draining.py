"""`bench`, the part that needs a database: queued deliveries drained by worker processes, against jobs that do nothing.

A site of its own in a folder that is thrown away, with its own PostgreSQL; invented people; a recipient inside this
process that takes everything. Each delivery passes the point of no return: facts, decision, clearance, ledger, journal.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import orjson
from procrastinate import PsycopgConnector

from consent.codes import Category, Purpose
from consent.model import Consent, Person
from consent.request import DisclosureRequest
from gateway import delivery, ingesting, jobs
from gateway.demo.site import build_site
from gateway.demo.site_record import CASE_MANAGEMENT, HOSPITAL, observed
from gateway.opening import opened
from gateway.program import Program
from gateway.settings import PREFIX, load
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import ParticipantRecord, StoredItem

PEOPLE: Final = 100
ITEMS: Final = 5
_AT_ONCE: Final = 200
_PATIENCE: Final = 600.0
_TAKEN: Final = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Drained:
    """Per second, by so many workers on one database: deliveries that arrived, and jobs that do nothing.

    `arrived`: the idempotency keys that the recipient has seen.
    """

    deliveries: float
    nothings: float
    arrived: frozenset[bytes]

    @property
    def share(self) -> float:
        """How many deliveries are made in the time of one job that does nothing."""
        return self.deliveries / self.nothings


async def drain(folder: Path, number: int, workers: int = 2) -> Drained:
    """Queue `number` jobs that do nothing, then as many deliveries; each lot is drained by `workers` processes.

    `folder` must be empty; the data directory and the workers' errors are kept in it.
    """
    sink = _Sink()
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/fhir"
    async with server, _alone(), opened(load(data_dir=folder / "site")) as (program, places):
        people = await fill(program, endpoint)
        connector = PsycopgConnector(conninfo=places.conninfo)
        with jobs.app.replace_connector(connector):
            async with jobs.app.open_async():
                await jobs.nothing.batch_defer_async(*({} for _ in range(number)))
                nothings = await _drained(folder, workers, number, _nothings_left)
        await queue_many(program, people, number)
        deliveries = await _drained(folder, workers, number, lambda: _deliveries_left(program))
    return Drained(deliveries, nothings, frozenset(sink.taken))


@contextlib.asynccontextmanager
async def _alone() -> AsyncIterator[None]:
    """Take every setting of the environment away while the block runs.

    INVARIANT: what is measured with is a site of its own, never the one that `LEAD_DATABASE_URL` names.
    """
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(PREFIX)}
    try:
        yield
    finally:
        os.environ.update(kept)


async def _drained(folder: Path, workers: int, number: int, left: Callable[[], Awaitable[int]]) -> float:
    """Let processes work until nothing is left; gives how much per second, from the first that was done."""
    deadline = time.monotonic() + _PATIENCE
    async with _working(folder, workers):
        first, since = number, time.monotonic()
        while first == number and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
            first, since = await left(), time.monotonic()
        while await left():
            if time.monotonic() > deadline:
                raise TimeoutError("`bench`: the workers do not come to an end")
            await asyncio.sleep(0.1)
        return first / (time.monotonic() - since)


@contextlib.asynccontextmanager
async def _working(folder: Path, workers: int) -> AsyncIterator[None]:
    environment = {**os.environ, "LEAD_DATA_DIR": str(folder / "site")}
    with (folder / "errors").open("ab") as errors:
        running = [
            subprocess.Popen(  # noqa: ASYNC220  -- it starts in a moment, and nothing else goes on
                [sys.executable, "-m", "gateway", "worker"], stdout=errors, stderr=errors, env=environment
            )
            for _ in range(workers)
        ]
        try:
            yield
        finally:
            for each in running:
                each.terminate()
            for each in running:
                await asyncio.to_thread(each.wait)


async def _nothings_left() -> int:
    found = await jobs.app.job_manager.list_tasks_async(task="nothing")
    return sum(each["todo"] + each["doing"] for each in found)


async def _deliveries_left(program: Program) -> int:
    async with program.store.unit_of_work() as uow:
        counts = await uow.deliveries.counts()
    return sum(counts.get(state, 0) for state in delivery.LIVE)


async def fill(program: Program, endpoint: str) -> list[UUID]:
    """Make a site with a hundred participants, each with a consent that lets the hospital know of five items."""
    now = program.now()
    await ingesting.ingest(program.store, orjson.dumps(build_site(now.date())), now)
    async with program.store.unit_of_work() as uow:
        hospital = await uow.registry.organization(HOSPITAL)
        ray = await uow.participants.find("p-ray")
        known = None if ray is None else await uow.participants.get(ray)
        if hospital is None or ray is None or known is None:
            raise LookupError("`demo site`: has not what is measured with")
        await uow.registry.put_organization(hospital, endpoint, now)
        template = (await uow.consents.signed(ray))[0][0]
        people = [await _add(uow, known[0], template, number, now) for number in range(PEOPLE)]
        await uow.commit()
    return people


async def _add(uow: UnitOfWork, like: ParticipantRecord, template: Consent, number: int, now: datetime) -> UUID:
    participant, _ = await uow.participants.put(replace(like, reference=f"bench-{number}"), now)
    grant = replace(
        template.grants[0],
        id="g-bench",
        discloser=frozenset({CASE_MANAGEMENT}),
        recipient=frozenset({HOSPITAL}),
        purposes=frozenset({Purpose.CARE_COORDINATION}),
        categories=frozenset({Category.PROGRESS}),
        role=None,
    )
    await uow.consents.put(participant, "bench", replace(template, grants=(grant,)), now)
    for item in range(ITEMS):
        made = now - timedelta(days=item + 1)
        told = observed(str(participant), ("contact", "Contact"), ("kept", "Kept"), made.date())
        stored = StoredItem(f"bench-{item}", Category.PROGRESS, CASE_MANAGEMENT, made, {"id": f"bench-{item}", **told})
        await uow.record.put(participant, stored, now)
    return participant


async def queue_many(program: Program, people: list[UUID], number: int) -> None:
    """Queue so many deliveries to the hospital, due now, about each of these participants in turn."""
    now = program.now()
    for start in range(0, number, _AT_ONCE):
        async with program.store.unit_of_work() as uow:
            for each in range(start, min(start + _AT_ONCE, number)):
                participant = people[each % len(people)]
                request = DisclosureRequest(
                    id=str(new_id()),
                    at=now,
                    requester=HOSPITAL,
                    participant=str(participant),
                    purpose=Purpose.CARE_COORDINATION,
                    person=Person("Dr. Sol Okafor", "physician"),
                    attested=True,
                )
                await delivery.queue(
                    uow,
                    participant=participant,
                    recipient=HOSPITAL,
                    exchange="bench",
                    request=request,
                    due_at=now,
                    at=now,
                )
            await uow.commit()


@dataclass(slots=True)
class _Sink:
    """A recipient that takes everything, and keeps no more of it than the idempotency keys."""

    taken: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
                fields = dict(line.split(b": ", 1) for line in head[1:] if line)
                await reader.readexactly(int(fields[b"content-length"]))
                self.taken.append(fields[b"idempotency-key"])
                writer.write(_TAKEN)
        writer.close()

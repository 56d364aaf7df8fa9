"""Three servers and three workers, each a process of its own, on one database: every sending arrives once."""

import asyncio
import re
import signal
import socket
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from gateway import ledger
from gateway.commands.draining import fill, queue_many
from gateway.delivery import LIVE
from gateway.demo.site import build_site
from gateway.program import Program
from tests.gateway.conftest import DatabaseUrls
from tests.scenarios.stage import Receiver, opened, process, receiver, until

PROCESSES = 3
STARTING, ENDING = 150.0, 600.0  # seconds, at most; on a quiet machine it takes a few


def _environment(urls: DatabaseUrls, home: Path) -> dict[str, str]:
    return {
        "LEAD_DATABASE_URL": urls.data,
        "LEAD_KEYS_URL": urls.keys,
        "LEAD_DATA_DIR": str(home),
        "LEAD_POLL_SECONDS": "0.1",
        "LEAD_WORKER_TIMEOUT_SECONDS": "5",
    }


def _arrived(far: Receiver) -> list[str]:
    kept = far.folder / "received.jsonl"
    return [orjson.loads(line)["key"] for line in kept.read_bytes().splitlines()] if kept.exists() else []


async def _left(program: Program) -> int:
    async with program.store.unit_of_work() as uow:
        counts = await uow.deliveries.counts()
    return sum(counts.get(state, 0) for state in LIVE)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


async def _run(tmp_path: Path, urls: DatabaseUrls, number: int) -> None:
    home, site = tmp_path / "site", build_site(datetime.now(UTC).date())
    with receiver(tmp_path / "receiver") as far, ExitStack() as stack:
        async with opened(home, urls, f"{far.address}/fhir", site) as program:
            people = await fill(program, f"{far.address}/fhir")
            processes = [
                stack.enter_context(process("gateway", *words, errors=home / "stderr", **_environment(urls, home)))
                for _ in range(PROCESSES)
                for words in (("serve", "--port", str(_free_port())), ("worker",))
            ]
            await queue_many(program, people, number)

            async def some_arrived() -> bool:
                return len(_arrived(far)) > number // 10

            async def all_ended() -> bool:
                return not await _left(program)

            await until(some_arrived, "the first of them", STARTING)
            for victim in processes[:2]:  # one of each kind
                victim.send_signal(signal.SIGKILL)
                await asyncio.to_thread(victim.wait)
            await until(all_ended, "the last of them", ENDING)
            await _check(program, far, number)


async def _check(program: Program, far: Receiver, number: int) -> None:
    async with program.store.unit_of_work() as uow:
        counts = await uow.deliveries.counts()
        delivered = await uow.deliveries.in_state("delivered", 10 * number)
        passed = {
            delivery.id: [e for e in await uow.accounting.of(delivery.participant) if e.id == delivery.entry]
            for delivery in delivered[:20]
            if delivery.participant is not None
        }
    assert counts == {"delivered": number}
    assert sorted(_arrived(far)) == sorted(str(delivery.key) for delivery in delivered)
    assert all(len(entries) == 1 and entries[0].kind == "disclosure" for entries in passed.values())
    while await ledger.seal_once(program.store, program.now()):
        pass
    found = await ledger.verify(program.store)
    assert found.sound, found.reason
    assert re.search(rb"Traceback", (program.settings.data_dir / "stderr").read_bytes()) is None


@pytest.mark.timeout(300)
@pytest.mark.slow
async def test_each_arrives_once_though_processes_are_killed(tmp_path: Path, database_urls: DatabaseUrls) -> None:
    await _run(tmp_path, database_urls, 60)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_two_thousand(tmp_path: Path, database_urls: DatabaseUrls) -> None:
    await _run(tmp_path, database_urls, 2000)

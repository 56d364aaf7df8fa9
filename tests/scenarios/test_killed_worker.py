"""A worker dies between sending and hearing the acknowledgement. The recipient has it once, the ledger says delivered."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson
import pytest

from gateway import approval, ingesting, questions
from gateway.demo.site import PROSECUTOR, build_site
from gateway.demo.story import ray_question
from gateway.opening import opened
from gateway.program import Program
from gateway.settings import load

PATIENCE = 60.0


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", *arguments]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def until(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
    return found


def received(address: str) -> list[dict[str, Any]]:
    with urlopen(f"{address}/received") as answer:  # noqa: S310  -- a loopback address of our own
        rows: list[dict[str, Any]] = json.load(answer)
        return rows


async def ask_and_approve(program: Program, endpoint: str) -> str:
    """The story up to the window, in this process; the worker is another one."""
    site = build_site(datetime.now(UTC).date())
    for organization in site["organizations"]:
        if organization["id"] == PROSECUTOR:
            organization["endpoint"] = {"url": endpoint, "kind": "fhir"}
    await ingesting.ingest(program.store, orjson.dumps(site), program.now())
    asked = await questions.ask(program.store, program.settings, PROSECUTOR, ray_question(), program.now())
    await program.consider(asked.id)
    async with program.store.unit_of_work() as uow:
        (proposal,) = await uow.proposals.for_question(asked.id)
    await approval.approve(program.store, program.settings, proposal.id, at=program.now())
    return str(asked.id)


async def states(program: Program, question: str) -> list[str]:
    from uuid import UUID

    async with program.store.unit_of_work() as uow:
        return [d.state for d in await uow.deliveries.for_question(UUID(question))]


@pytest.mark.timeout(170)
async def test_killed_between_sending_and_acknowledgement(tmp_path: Path) -> None:
    import asyncio

    quick = {
        "LEAD_RELEASE_DELAY_SECONDS": "1",
        "LEAD_RELEASE_WINDOW_SECONDS": "1",
        "LEAD_POLL_SECONDS": "0.2",
        "LEAD_WORKER_TIMEOUT_SECONDS": "2",
    }
    home, store = tmp_path / "site", tmp_path / "receiver"
    settings = load(data_dir=home, release_delay_seconds=1, release_window_seconds=1)
    arguments = ("gateway", "worker", "--data-dir", str(home))
    with process("gateway.demo.receiver", "--port", "0", "--store", str(store)) as receiver:
        assert receiver.stdout is not None
        address = receiver.stdout.readline().split()[-1]
        (store / "control.json").write_text('{"delay_after_store_seconds": 20}')
        async with opened(settings, mark="live") as (program, _):
            question = await ask_and_approve(program, f"{address}/fhir")
            with process(*arguments, **quick) as worker:
                await asyncio.to_thread(until, lambda: received(address))
                assert await states(program, question) == ["sending"]
                worker.send_signal(signal.SIGKILL)
                worker.wait()
            (store / "control.json").write_text("{}")
            with process(*arguments, **quick):
                deadline = time.monotonic() + PATIENCE
                while await states(program, question) != ["delivered"]:
                    assert time.monotonic() < deadline, "never delivered"
                    await asyncio.sleep(0.1)
            rows = received(address)
        assert len(rows) == 1
        assert question in rows[0]["bundle"] or question in json.dumps(rows[0]["bundle"])

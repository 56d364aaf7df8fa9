"""The database dies under a worker. Jobs go on when it is back, and the end comes in time even while it is away."""

import asyncio
import os
import signal
import time
from pathlib import Path
from uuid import UUID

import pytest

from gateway import questions
from gateway.demo.site import PROSECUTOR
from gateway.demo.story import stranger_question
from gateway.opening import opened
from gateway.settings import load
from tests.gateway.commands.conftest import Command, Said, lead_file, written
from tests.gateway.commands.test_serving import PATIENCE, process, told_to_stop


async def asked_and_considered(home: Path) -> bool:
    """Ask, from this process, which starts the database where nobody runs it; the worker is to consider it."""
    settings = load(data_dir=home)
    async with opened(settings, make=False) as (program, _):
        asked = await questions.ask(program.store, settings, PROSECUTOR, stranger_question(), program.now())
        deadline = time.monotonic() + PATIENCE
        state = "received"
        while state == "received" and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
            async with program.store.unit_of_work() as uow:
                found = await uow.questions.get(UUID(str(asked.id)))
            state = "received" if found is None else found.state
        return state == "considered"


def kill_the_database(home: Path) -> None:
    pid_file = home / "pg" / "postmaster.pid"
    server = int(pid_file.read_text().split()[0])
    os.kill(server, signal.SIGQUIT)
    while Path(f"/proc/{server}").exists():
        time.sleep(0.05)


@pytest.mark.timeout(300)
def test_jobs_go_on_after_an_outage_and_the_end_comes_during_one(command: Command, tmp_path: Path) -> None:
    """Incident: Procrastinate's worker ended with the first lost connection, and no answer ever left again."""
    home = tmp_path / "site"
    assert command("ingest", "lead", written(tmp_path, lead_file()), "--data-dir", home).code == 0
    with process("worker", "--data-dir", home, LEAD_POLL_SECONDS="0.2", LEAD_LOG_LEVEL="error") as working:
        assert asyncio.run(asked_and_considered(home))
        kill_the_database(home)
        time.sleep(2)
        assert working.poll() is None
        assert asyncio.run(asked_and_considered(home))
        kill_the_database(home)
        began = time.monotonic()
        ended = told_to_stop(working, within=30)
        took = time.monotonic() - began
    assert ended == Said(0, "", ended.err)
    assert took < 10

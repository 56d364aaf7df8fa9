"""The processes that the harness kills: forked from one that has imported everything, so that one costs no second."""

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import UUID

from consent.clearance import neutral
from consent.disclosure import LedgerReceipt
from gateway import breaking, housekeeping, outcomes, rounds, serving, stopping, sweeping
from gateway.figures import Figures
from gateway.opening import opened
from gateway.program import Program, utc_now
from gateway.settings import Settings, load
from gateway.store.places import Places
from mappings.fhir.bundle import neutral_answer
from mappings.tables import load_policy
from tests.faults.points import Fault, install

load_policy()  # read, and rendered, once: in the process that the others are forked from
neutral_answer(neutral("org:nobody", "warm", LedgerReceipt("0", "", utc_now())))


@dataclass(frozen=True)
class Orders:
    """How a process is to run: on which site, with which faults, by a clock that is so many seconds off."""

    data_dir: Path
    data: str
    keys: str
    faults: tuple[Fault, ...]
    trace: Path
    off: float = 0.0


def settings_of(orders: Orders) -> Settings:
    return load(
        data_dir=orders.data_dir,
        database_url=orders.data,
        keys_url=orders.keys,
        poll_seconds=0.1,
        worker_timeout_seconds=2,
        send_timeout_seconds=1,
        log_level="error",
    )


def _begin(orders: Orders) -> None:
    silence = os.open(orders.data_dir / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(silence, sys.stdout.fileno())
    os.dup2(silence, sys.stderr.fileno())
    install(orders.faults, orders.trace)
    _measure(orders.data_dir / "firsts")
    housekeeping.CHORES = (sweeping.sweep,)  # type: ignore[misc]  # the one that finds what has lost its job
    housekeeping.TIDY_EVERY = 2.0  # type: ignore[misc]  # a run takes seconds, not minutes
    sweeping.GRACE = timedelta(seconds=3)  # type: ignore[misc]  # likewise
    sweeping.LEASE = timedelta(seconds=4)  # type: ignore[misc]  # an attempt takes one second here
    rounds.LEAVE_AFTER = (0.0, 0.1)  # type: ignore[misc]  # so that a lease can run out, too
    outcomes.LONGEST_WAIT = 0.5  # type: ignore[misc]  # seconds between attempts, not an hour
    breaking.LONGEST_PAUSE = timedelta(seconds=1)  # type: ignore[misc]  # likewise
    Places.problems = lambda _: []  # type: ignore[method-assign]  # looked at once, when the lane was made
    breaking.FIRST_PAUSE = timedelta(seconds=0.2)  # type: ignore[misc]  # half a minute is too long for a test
    breaking.PROBE = timedelta(seconds=1)  # type: ignore[misc]  # likewise
    breaking.SPREAD = timedelta(seconds=0.2)  # type: ignore[misc]  # likewise
    Program.now = lambda _: utc_now() + timedelta(seconds=orders.off)  # type: ignore[method-assign]  # the moved clock


def _measure(kept: Path) -> None:
    """Keep what the program itself measures between the point of no return and the first byte."""
    observe = Figures.observe

    def observed(self: Figures, outcome: str, first_byte: float | None) -> None:
        observe(self, outcome, first_byte)
        if first_byte is not None:
            with kept.open("a") as file:
                file.write(f"{first_byte:.4f}\n")

    Figures.observe = observed  # type: ignore[method-assign]  # in this process alone


def work(orders: Orders) -> None:
    """Work on jobs, until it dies or is told to end."""
    _begin(orders)
    asyncio.run(serving.until_told(serving.work(settings_of(orders), lambda: None)))


def revoke(orders: Orders, participant: UUID) -> None:
    """Say stop for a participant."""

    async def run() -> None:
        async with opened(settings_of(orders), make=False) as (program, _):
            await stopping.revoke(program.store, participant, at=program.now(), by="staff-1")

    _begin(orders)
    asyncio.run(run())


def forks() -> ForkServerContext:
    """Where processes come from: a server that has imported what they need, and has no threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.processes", "gateway.rounds", "adapters.prosecutor.fhir_push"])
    return context


def started(context: ForkServerContext, target: Callable[..., None], *arguments: Any) -> BaseProcess:
    process = context.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process

"""Random runs: processes are killed, the line is bad, the disk is full, PostgreSQL goes down, clocks are wrong.

`make test` makes 20 runs (about 30 s alone), `make test-slow` 500.
A failure names its seed: `FAULTS_SEEDS=17,18` makes these alone.
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import psycopg
import pytest

from gateway import delivery, ledger
from gateway.commands import draining
from gateway.journal import Journal
from gateway.opening import compose
from gateway.program import Program
from gateway.store.keys import migrate_keys
from gateway.store.migrate import migrate
from gateway.store.places import Places
from gateway.store.postgres import EmbeddedPostgres
from gateway.store.provision import OWNER, SERVE, SUPERUSER, make_database
from tests.conftest import in_memory
from tests.faults.points import CALLS, POINTS, WRITES, place
from tests.faults.processes import Orders, forks, settings_of
from tests.faults.run import FAULTS, LONGEST, Lane, Run, Told, crash, firsts_of, patiently, trace_of
from tests.faults.wire import Wire

LANES: Final = 4
FEW: Final = 20
MANY: Final = 500


class TestPoints:
    def test_there_are_thirty_each_named_once(self) -> None:
        assert len(POINTS) == len(set(POINTS)) == 30
        places = [where for several in CALLS.values() for where in several]
        assert len(places) == len(set(places))
        assert set(POINTS) > WRITES

    def test_each_is_there_and_no_hook_is_in_it(self) -> None:
        for several in CALLS.values():
            for where in several:
                holder, name = place(where)
                assert not hasattr(getattr(holder, name), "__wrapped__"), where


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of its own: it will be killed."""
    folder = Path(tempfile.mkdtemp(prefix="lead-", dir=in_memory()))
    try:
        with EmbeddedPostgres(folder / "pg", durable=False) as running:
            yield running
    finally:
        shutil.rmtree(folder)


def down(server: EmbeddedPostgres) -> Callable[[], None]:
    def go() -> None:
        with contextlib.suppress(psycopg.OperationalError):  # it is down already, by another lane's doing
            _kill_one(server)

    return go


def _kill_one(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.conninfo("postgres", SUPERUSER), autocommit=True) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchone()
    if found is not None:
        crash(found[0])


async def _site(folder: Path, server: EmbeddedPostgres, endpoint: str) -> None:
    """The site from which all lanes are copied."""
    folder.mkdir(mode=0o700)  # noqa: ASYNC240  -- once, before anything runs
    with psycopg.connect(server.conninfo("postgres", SUPERUSER), autocommit=True) as connection:
        # A server that is killed must have kept what it said it had; the power does not go off.
        connection.execute(f"ALTER ROLE {SERVE} SET synchronous_commit = on")  # type: ignore[arg-type]  # our own name
        for name in ("data_0", "keys_0"):
            make_database(connection, name)
    migrate(server.url("data_0", OWNER))
    migrate_keys(server.url("keys_0", OWNER))
    program = _program(folder, server, 0)
    try:
        async with program.store.unit_of_work() as uow:
            await uow.registry.set_mark("live")
            await uow.commit()
        await draining.fill(program, endpoint)
        await program.store.keys.named("journal")
    finally:
        await program.close()
    with psycopg.connect(server.conninfo("data_0", SUPERUSER), autocommit=True) as connection:
        connection.execute("DELETE FROM procrastinate_jobs")  # what came in with the site sets nothing off here


def _orders(folder: Path, server: EmbeddedPostgres, number: int) -> Orders:
    data, keys = server.url(f"data_{number}", SERVE), server.url(f"keys_{number}", SERVE)
    return Orders(folder, data, keys, (), folder / "points")


def _program(folder: Path, server: EmbeddedPostgres, number: int) -> Program:
    orders = _orders(folder, server, number)
    return compose(settings_of(orders), Places(orders.data, orders.keys, None, None))


@asynccontextmanager
async def lane(folder: Path, server: EmbeddedPostgres, number: int, wire: Wire) -> AsyncIterator[Lane]:
    home = folder / f"lane-{number}"
    shutil.copytree(folder / "site", home)
    with psycopg.connect(server.conninfo("postgres", SUPERUSER), autocommit=True) as connection:
        for name in ("data", "keys"):
            make_database(connection, f"{name}_{number}", template=f"{name}_0")
    program = _program(home, server, number)
    try:
        program.store.journal = Journal(program.settings.journal_dir, await program.store.keys.named("journal"))
        yield Lane(program, _orders(home, server, number), wire, forks(), down(server))
    finally:
        await program.close()


async def _sound(lane: Lane) -> list[str]:
    """After all runs of a lane: the ledger holds, the journal can be read, and knows of every arrival."""
    while await ledger.seal_once(lane.program.store, lane.program.now()):
        pass
    wrong = []
    found = await ledger.verify(lane.program.store, lane.program.settings.checkpoint_dir)
    if not found.sound:
        wrong.append(f"ledger: {found.reason}")
    journal = Journal(lane.program.settings.journal_dir, await lane.program.store.keys.named("journal"))
    known = {entry.payload["delivery"] for entry in journal.read() if entry.payload.get("state") == delivery.DELIVERED}
    async with lane.program.store.unit_of_work() as uow:
        delivered = {str(each.id) for each in await uow.deliveries.in_state(delivery.DELIVERED, 100_000)}
    if delivered - known:
        wrong.append(f"journal: {len(delivered - known)} arrivals are not in it")
    return wrong


async def _runs(
    folder: Path, server: EmbeddedPostgres, seeds: list[int]
) -> tuple[list[Told], list[str], set[str], float]:
    wire, told, wrong = Wire(), [], []
    listening = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    await _site(folder / "site", server, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/fhir")
    waiting = list(reversed(seeds))

    async def follow(one: Lane) -> None:
        while waiting:
            told.append(await Run(one, waiting.pop()).go())

    async with listening, AsyncExitStack() as stack:
        lanes = [await stack.enter_async_context(lane(folder, server, n, wire)) for n in range(1, LANES + 1)]
        await asyncio.gather(*(follow(one) for one in lanes))
        for one in lanes:
            wrong += await patiently(lambda one=one: _sound(one))  # type: ignore[misc]  # the default
        passed = set().union(*(trace_of(one.orders.data_dir) for one in lanes))
        firsts = [each for one in lanes for each in firsts_of(one.orders.data_dir)]
    return told, wrong, passed, max(firsts, default=LONGEST)


def _print(told: list[Told], seconds: float, longest: float) -> None:
    total = {name: sum(getattr(each, name) for each in told) for name in ("deliveries", "delivered", "suppressed")}
    attempts, killed = sum(each.attempts for each in told), sum(each.killed for each in told)
    lines = [line for each in told for line in each.wrong]
    wrong = {fault: sum(line.startswith(f"{fault}:") for line in lines) for fault in FAULTS}
    slowest = max(told, key=lambda each: each.seconds)
    print(  # noqa: T201  -- the figures that issue 5 asks for
        f"\n{len(told)} runs in {seconds:.0f} s: {total}, {attempts} attempts, {killed} processes killed; {wrong};"
        f" longest from commit to first byte {longest:.3f} s, until it was read {max(e.longest for e in told):.3f} s;"
        f" longest run {slowest.seconds:.1f} s (seed {slowest.seed})"
    )


async def _judge(folder: Path, server: EmbeddedPostgres, seeds: list[int]) -> set[str]:
    began = time.monotonic()
    told, wrong, passed, longest = await _runs(folder, server, seeds)
    _print(told, time.monotonic() - began, longest)
    wrong += [f"seed {each.seed}: {line}" for each in told for line in each.wrong]
    assert not wrong, "\n".join(wrong)
    assert sum(each.delivered for each in told) > len(told) or len(told) < FEW
    assert sum(each.killed for each in told) > 0 or len(told) < FEW
    assert longest < LONGEST
    return passed


@pytest.fixture(autouse=True)
def _few_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "PEOPLE", 1)


@pytest.mark.timeout(900)
async def test_twenty_runs(tmp_path: Path, server: EmbeddedPostgres) -> None:
    seeds = [int(seed) for seed in os.environ.get("FAULTS_SEEDS", "").split(",") if seed] or list(range(FEW))
    await _judge(tmp_path, server, seeds)


@pytest.mark.slow
@pytest.mark.timeout(2400)
async def test_five_hundred_runs(tmp_path: Path, server: EmbeddedPostgres) -> None:
    passed = await _judge(tmp_path, server, list(range(FEW, FEW + MANY)))
    assert passed == set(POINTS)  # none of them is a point that nobody passes

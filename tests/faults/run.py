"""One random run, from its seed: what is queued, who says stop when, who is killed where, how bad the line is.

Afterwards: nothing lost, nothing twice, nothing that passed its point after its revocation, nothing without an entry,
and nothing that was another message at its next attempt.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

import psycopg
import sqlalchemy.exc
from sqlalchemy import text

from consent.codes import Purpose
from consent.model import Person
from consent.request import DisclosureRequest
from gateway import delivery, stopping
from gateway.commands.draining import _add
from gateway.demo.site_record import HOSPITAL
from gateway.program import Program
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredDelivery
from tests.faults.points import FAIL, KILL, POINTS, WRITES, Fault
from tests.faults.processes import Orders, revoke, started, work
from tests.faults.wire import Wire

T = TypeVar("T")
FAULTS: Final = ("lost", "twice", "revoked", "no entry", "different bytes")
"""How what is wrong begins: lost; sent twice; past its point after the stop; without an entry; other bytes again."""

PATIENCE: Final = 120.0  # on a machine that has much else to do; mostly it is a second or two
PEOPLE: Final = 3
LONGEST: Final = 2.0
"""Seconds from the point of no return to the first byte (design.md 3), as the sender measures it."""

_PASSING: Final = (sqlalchemy.exc.SQLAlchemyError, psycopg.Error, OSError)
_COMMITTED: Final = {
    "ledger_entry": text(
        "SELECT id, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM ledger_entry"
        " WHERE participant = :participant AND kind = 'disclosure'"
    ),
    "stop": text(
        "SELECT id, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM stop"
        " WHERE participant = :participant"
    ),
}
_LIVING: Final = text("SELECT count(*) FROM delivery WHERE id = ANY(:ids) AND state = ANY(:states)")


@dataclass(frozen=True)
class Lane:
    """A site of its own on which runs follow each other."""

    program: Program
    orders: Orders
    wire: Wire
    forks: ForkServerContext
    crash: Callable[[], None]  # PostgreSQL goes down, with whatever is under way, and comes back


@dataclass
class Told:
    """What a run has come to."""

    seed: int
    deliveries: int = 0
    delivered: int = 0
    suppressed: int = 0
    attempts: int = 0
    killed: int = 0
    longest: float = 0.0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """What the harness itself asks of the database, again after an outage."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        try:
            return await call()
        except _PASSING:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.1)


@dataclass
class Run:
    """One run on a lane."""

    lane: Lane
    seed: int
    dice: Random = field(init=False)
    told: Told = field(init=False)
    people: list[UUID] = field(default_factory=list)
    stopped: set[UUID] = field(default_factory=set)
    made: dict[UUID, StoredDelivery] = field(default_factory=dict)
    processes: list[BaseProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice, self.told = Random(self.seed), Told(self.seed)  # noqa: S311  -- dice of a test, no secret

    async def go(self) -> Told:
        began = asyncio.get_running_loop().time()
        try:
            await patiently(self._meet)
            await self._queue()
            stories = [self._workers(), *(self._stop(person) for person in self.people[: self.dice.randrange(3)])]
            if self.dice.random() < 0.1:
                stories.append(self._outage())
            await asyncio.gather(*stories)
            await self._end()
        finally:
            for process in self.processes:
                process.kill()
                await asyncio.to_thread(process.join)
        await patiently(self._check)
        self.told.seconds = asyncio.get_running_loop().time() - began
        return self.told

    async def _meet(self) -> None:
        """New people, so that no run has to do with another."""
        self.people = []
        async with self.lane.program.store.unit_of_work() as uow:
            ray = await uow.participants.find("p-ray")
            assert ray is not None
            known = await uow.participants.get(ray)
            assert known is not None
            template, now = (await uow.consents.signed(ray))[0][0], self.lane.program.now()
            for number in range(PEOPLE):
                self.people.append(await _add(uow, known[0], template, 1000 + self.seed * 10 + number, now))
            await uow.commit()

    async def _queue(self) -> None:
        how_bad = self.dice.choice((0.0, 0.2, 0.5))
        wanted = [(uuid4(), self.dice.choice(self.people)) for _ in range(self.dice.randint(4, 9))]
        self.made = {each.id: each for each in await patiently(lambda: self._all(wanted))}
        for found in self.made.values():
            self.lane.wire.odds[str(found.key)] = (self.dice, how_bad)
        self.told.deliveries = len(self.made)

    async def _all(self, wanted: list[tuple[UUID, UUID]]) -> list[StoredDelivery]:
        async with self.lane.program.store.unit_of_work() as uow:
            made = [await self._one(uow, identity, person) for identity, person in wanted]
            await uow.commit()
        return made

    async def _one(self, uow: UnitOfWork, identity: UUID, person: UUID) -> StoredDelivery:
        now = self.lane.program.now()
        request = DisclosureRequest(
            id=f"run-{identity}",
            at=now,
            requester=HOSPITAL,
            participant=str(person),
            purpose=Purpose.CARE_COORDINATION,
            person=Person("Dr. Sol Okafor", "physician"),
            attested=True,
        )
        return await delivery.queue(
            uow,
            participant=person,
            recipient=HOSPITAL,
            exchange="bench",
            request=request,
            due_at=now,
            at=now,
            identity=identity,
        )

    def _fault(self) -> Fault:
        what = self.dice.choice((KILL, KILL, FAIL))
        point = self.dice.choice(sorted(WRITES) if what == FAIL else POINTS)
        return Fault(point, self.dice.randint(1, 6), what)

    def _orders(self, *faults: Fault, off: float = 0.0) -> Orders:
        common = self.lane.orders
        return Orders(common.data_dir, common.data, common.keys, faults, common.trace, off)

    async def _workers(self) -> None:
        """One or two that will die or fail somewhere, one after the other or at once, with clocks that are behind."""
        for _ in range(self.dice.randint(1, 2)):
            orders = self._orders(self._fault(), off=self.dice.choice((0.0, 0.0, -5.0, -3600.0, 0.5)))
            self.processes.append(started(self.lane.forks, work, orders))
            await asyncio.sleep(self.dice.uniform(0.0, 1.0))

    async def _stop(self, person: UUID) -> None:
        """Somebody says stop; if the process that takes it is killed, they say it again."""
        await asyncio.sleep(self.dice.uniform(0.0, 1.5))
        self.stopped.add(person)
        if self.dice.random() < 0.5:
            process = started(self.lane.forks, revoke, self._orders(self._fault()), person)
            self.processes.append(process)
            await asyncio.to_thread(process.join, 5)
        store = self.lane.program.store
        await patiently(lambda: stopping.revoke(store, person, at=self.lane.program.now(), by="staff-1"))

    async def _outage(self) -> None:
        await asyncio.sleep(self.dice.uniform(0.2, 1.2))
        await asyncio.to_thread(self.lane.crash)

    async def _end(self) -> None:
        """One more worker, to whom nothing happens; it is started again if it found no database (as by systemd)."""
        self.processes.append(started(self.lane.forks, work, self._orders()))
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while await patiently(self._live):
            if asyncio.get_running_loop().time() > deadline:
                self.told.wrong.append("does not come to an end")
                return
            if not self.processes[-1].is_alive():
                self.processes.append(started(self.lane.forks, work, self._orders()))
            await asyncio.sleep(0.1)
        self.told.killed = sum(process.exitcode == -signal.SIGKILL for process in self.processes)

    async def _live(self) -> int:
        mine = {"ids": list(self.made), "states": list(delivery.LIVE)}
        async with self.lane.program.store.unit_of_work() as uow:
            found: int = (await uow.connection.execute(_LIVING, mine)).scalar_one()
        return found

    async def _check(self) -> None:
        self.told.wrong = [line for line in self.told.wrong if line.startswith("does not")]
        self.told.delivered = self.told.suppressed = 0
        async with self.lane.program.store.unit_of_work() as uow:
            for identity in self.made:
                now = await uow.deliveries.get(identity)
                assert now is not None
                self._arrived(now)
            for person in self.people:
                entries = await uow.accounting.of(person)
                times = {name: await self._times(uow, name, person) for name in _COMMITTED}
                self._accounted(person, entries, times)
                self._in_time(person, times)

    async def _times(self, uow: Any, name: str, person: UUID) -> dict[UUID, float]:
        rows = await uow.connection.execute(_COMMITTED[name], {"participant": person})
        return dict(tuple(row) for row in rows)

    def _say(self, what: str) -> None:
        self.told.wrong.append(what)

    def _arrived(self, now: StoredDelivery) -> None:
        """What is delivered is there; what is not was stopped."""
        key = str(self.made[now.id].key)
        mine = [each for each in self.lane.wire.arrivals if each.key == key]
        self.told.delivered += now.state == delivery.DELIVERED
        self.told.suppressed += now.state == delivery.SUPPRESSED
        if len(self.lane.wire.names.get(f"run-{now.id}", ())) > 1:
            self._say(f"twice: {now.id} was taken under several keys")
        if now.state == delivery.DELIVERED and key not in self.lane.wire.kept:
            self._say(f"lost: {now.id} is delivered and never arrived")
        if now.state != delivery.DELIVERED and now.participant not in self.stopped:
            self._say(f"lost: {now.id} is {now.state}, and nobody said stop")
        if now.state not in (delivery.DELIVERED, delivery.SUPPRESSED):
            self._say(f"lost: {now.id} ends {now.state}")
        if len({each.digest for each in mine}) > 1:
            self._say(f"different bytes: {now.id} went as several messages under one key")
        self.told.attempts += len(mine)

    def _accounted(self, person: UUID, entries: list[Any], times: dict[str, dict[UUID, float]]) -> None:
        """Each attempt is behind the commit of an entry of its own, and not by much."""
        for identity, made in self.made.items():
            if made.participant != person:
                continue
            ids = [e.id for e in entries if e.kind == "disclosure" and e.content["request"]["id"] == f"run-{identity}"]
            passed = sorted(times["ledger_entry"][entry] for entry in ids)
            arrivals = sorted(each.at for each in self.lane.wire.arrivals if each.key == str(made.key))
            if len(arrivals) > len(passed):
                self._say(f"no entry: {identity} went {len(arrivals)} times, {len(passed)} are on the ledger")
            for at in arrivals:
                before = [moment for moment in passed if moment <= at]
                if not before:
                    self._say(f"no entry: {identity} went before any commit")
                    continue
                self.told.longest = max(self.told.longest, at - before[-1])

    def _in_time(self, person: UUID, times: dict[str, dict[UUID, float]]) -> None:
        """No point of no return is behind the stop."""
        if not times["stop"]:
            return
        stop = max(times["stop"].values())
        late = [entry for entry, at in times["ledger_entry"].items() if at > stop]
        if late:
            self._say(f"revoked: {len(late)} passed after the stop of {person}")


def crash(pid: int) -> None:
    """Kill one server process of PostgreSQL; the postmaster then ends all others and recovers."""
    os.kill(pid, signal.SIGKILL)


def firsts_of(folder: Path) -> list[float]:
    """How long after its point each first byte left, as the senders measured it."""
    found = folder / "firsts"
    return [float(line) for line in found.read_text().split()] if found.exists() else []


def trace_of(folder: Path) -> set[str]:
    """Every point that any process has passed."""
    found = folder / "points"
    return set(found.read_text().split()) if found.exists() else set()

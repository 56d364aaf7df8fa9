"""Neutrality, measured from outside: causes in random order, over read, search, Task and CDS Hooks, on a real socket.

Bytes are compared always. Time only in the slow run, on a machine with nothing else to do: there each pair of causes
goes through a Kolmogorov-Smirnov test (Holm, 0.001, and a distance below 0.08), and a classifier tries to tell a
stranger from a participant (it must stay under 52 %).
"""

import asyncio
import itertools
import json
import random
import re
import socket
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from consent.codes import Purpose
from gateway.api import install
from gateway.demo.site import HOSPITAL
from tests.gateway.api.pulling.partner import SCOPES, Partner, opened_door
from tests.gateway.api.rows import READS, Row, Somebody, consultation
from tests.gateway.api.statistics import distance, guessed, likelihood, told_apart
from tests.gateway.api.test_matrix import NOBODY, PERMITTED, people
from tests.gateway.site import NOON

pytestmark = pytest.mark.asyncio(loop_scope="module")

FEW, MANY = 12, 2_000
STRANGERS = 3  # times as many: each participant is compared with a stranger
LEVEL, FAR, CHANCE = 0.001, 0.08, 0.52
THREADS = 6
STEP_MS = {"quick": 30, "slow": 150}
_OWN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)")


def named(method: str, route: str) -> Row:
    return next(row for row in READS if (row.method, row.route) == (method, route))


DOORS = {
    "read": named("GET", "/fhir/CarePlan/{identity}"),
    "search": named("GET", "/fhir/CarePlan"),
    "Task": named("POST", "/fhir/Task"),
    "CDS Hooks": consultation(HOSPITAL),
}


@asynccontextmanager
async def served(partner: Partner) -> AsyncIterator[int]:
    """The same site on a port."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    install(app, partner.scene.program)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_config=None, log_level="critical"))
    serving = asyncio.create_task(server.serve([listening]))
    try:
        while not server.started:  # noqa: ASYNC110  -- it has no event for it
            await asyncio.sleep(0.02)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=["quick", pytest.param("slow", marks=pytest.mark.slow)]
)
async def measured(request: Any, tmp_path_factory: Any, module_database_urls: Any) -> AsyncIterator[Any]:
    folder = tmp_path_factory.mktemp("site") / "data"
    free = {"client_requests_per_second": 10_000, "client_requests_at_once": 1_000_000}
    step = STEP_MS[request.param]
    async with (
        opened_door(folder, module_database_urls, neutral_step_ms=step, **free) as door,
        served(door) as port,
    ):
        began = time.monotonic()
        door.scene.program.clock = lambda: NOON + timedelta(seconds=time.monotonic() - began)
        expires = NOON + timedelta(days=1)
        door.token = await door.scene.program.issue_token(
            f"{HOSPITAL}-system", SCOPES, expires, purpose=Purpose.TREATMENT
        )
        yield request.param, await watched(door, port, FEW if request.param == "quick" else MANY)


def call(partner: Partner, row: Row, who: Somebody) -> str:
    made = row.make(who)
    headers = {"Authorization": f"Bearer {partner.token}", "Content-Type": made.kind}
    body = None if made.body is None else made.body.decode()
    return json.dumps({"method": row.method, "path": made.path, "body": body, "headers": headers})


async def watched(partner: Partner, port: int, each: int) -> dict[str, dict[str, list[Any]]]:
    """What the client saw, by door and by cause, in the order of time."""
    plan = [
        (door, who)
        for door, row in DOORS.items()
        for who in (*await people(partner), *[NOBODY] * STRANGERS)
        if not (row is DOORS["CDS Hooks"] and who.stem in PERMITTED)
        for _ in range(each)
    ]
    random.Random(each).shuffle(plan)  # noqa: S311  -- an order, and the same again
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.gateway.api.watching", str(port), str(THREADS)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await client.communicate("\n".join(call(partner, DOORS[door], who) for door, who in plan).encode())
    assert client.returncode == 0
    found: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for (door, who), line in zip(plan, said.splitlines(), strict=True):
        found[door][who.stem].append(json.loads(line))
    return found


@pytest.mark.timeout(3600)
class TestAnswers:
    async def test_bytes_are_the_same(self, measured: Any) -> None:
        _, found = measured
        assert set(found) == set(DOORS)
        for door, by_cause in found.items():
            own = door == "Task"
            whole = {
                _OWN.sub("", str(one[1:])) if own else str(one[1:]) for answers in by_cause.values() for one in answers
            }
            assert len(whole) == 1, (door, whole)
            assert next(iter(whole)).startswith(f"[{DOORS[door].status},")

    async def test_refusals_are_never_early(self, measured: Any) -> None:
        speed, found = measured
        for door in ("read", "search", "CDS Hooks"):
            assert min(one[0] for answers in found[door].values() for one in answers) >= STEP_MS[speed] - 1

    async def test_time_tells_nothing(self, measured: Any) -> None:
        speed, found = measured
        if speed == "quick":
            return
        apart, likely = {}, {}
        for door, by_cause in found.items():
            times = {cause: [one[0] for one in answers] for cause, answers in by_cause.items()}
            for one, other in itertools.combinations(sorted(times), 2):
                name = f"{door}: {one}, {other}"
                apart[name] = distance(times[one], times[other])
                likely[name] = likelihood(apart[name], len(times[one]), len(times[other]))
            known = [at for cause, listed in times.items() if cause != NOBODY.stem for at in listed]
            right = guessed(times[NOBODY.stem], known)
            farthest = max(apart[name] for name in apart if name.startswith(door))
            print(f"{door}: farthest {farthest:.3f}, guessed {right:.2%}")  # noqa: T201  -- the measurement
            assert right < CHANCE, (door, right)
        assert told_apart(likely, LEVEL) == []
        assert max(apart.values()) < FAR, max(apart, key=lambda name: apart[name])


class TestTheInstruments:
    """They would notice: a millisecond in ten is seen, and noise is not."""

    async def test_a_difference_is_seen(self) -> None:
        noise = random.Random(1)  # noqa: S311  -- numbers to compare with
        one, other, third = ([noise.gauss(mean, 1) for _ in range(MANY)] for mean in (250.0, 250.0, 250.3))
        assert distance(one, other) < FAR < distance(one, third)
        likely = {name: likelihood(distance(one, two), MANY, MANY) for name, two in (("same", other), ("late", third))}
        assert told_apart(likely, LEVEL) == ["late"]
        assert guessed(one, other) < CHANCE < guessed(one, third)

    async def test_holm_stops_at_the_first_that_does_not_differ(self) -> None:
        assert told_apart({"a": 0.0002, "b": 0.0004, "c": 0.02}, LEVEL) == ["a", "b"]
        assert told_apart({"a": 0.0004, "b": 0.0004, "c": 0.02}, LEVEL) == []

"""The canary: strangers knock at every door while everything behind it breaks, and hear nothing of a participant.

Every field of one participant is a token (tests/scenarios/canary.py). Every route and outbound door is called by
somebody without a right to hear, and each part of the program is made to fail with the participant's data in the text
of its exception. No token may be in an answer, a header, a log line or an outbound capture. What we say ourselves, on
the command line and in exceptions, is in test_canary_words.py.
"""

import asyncio
import io
import itertools
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

import httpx2
import orjson
import psycopg
import pytest

import gateway.questions
from consent.codes import Purpose
from gateway import approval
from gateway.api import ROUTERS
from gateway.app import make_app
from gateway.demo.site import POLICE, PROSECUTOR
from gateway.demo.site_record import HOSPITAL
from gateway.jobs import working
from gateway.program import Program
from gateway.store.places import Places
from mappings.fhir.search_table import CLINICAL
from mappings.fhir.task import question_task
from tests.architecture.stranger import (
    FAULTS,
    TO_THE_PROSECUTOR,
    Capture,
    Fault,
    Site,
    captured,
    code_later,
    kept_log,
    make_site,
    question,
)
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Clock
from tests.scenarios.canary import BORN, FAMILY, GIVEN, NEVER, PARTICIPANT, found_in, token

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
STRANGER: Final = {"identifiers": (("sid", token("nobody7")),), "family": token("nobody family")}
EMERGENCY: Final = question(Purpose.EMERGENCY, "physician")
IN_AN_EMERGENCY: Final = (
    "identity",
    "physical-health",
    "medications",
    "mental-health",
    "sud-diagnosis",
    "sud-treatment",
    "moud",
)
AT_THE_DOOR: Final = ("looking up a token", "remembering an assertion", "queueing", "being ready", "counting")
BEHIND_THE_DOOR: Final = [name for name in FAULTS if name not in AT_THE_DOOR]


def each(names: object) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", names, ids=lambda name: name.replace(" ", "-"))


@pytest.fixture(scope="module")
def capture() -> Iterator[Capture]:
    with captured() as far:
        yield far


@pytest.fixture(scope="module")
def site(module_database_urls: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory, capture: Capture) -> Site:
    return make_site(tmp_path_factory.mktemp("canary") / "site", module_database_urls, f"{capture.address}/fhir")


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    with kept_log() as stream:
        yield stream


# The doors ----------------------------------------------------------------------------------------------------------


async def _tokens(program: Program) -> dict[str, str]:
    """A live token of each organization, one that is worth nothing, and none."""
    names = {PROSECUTOR: "cedar-prosecutor-system", HOSPITAL: "lakeside-hospital-system", POLICE: "cedar-police-system"}
    until = program.now() + timedelta(minutes=5)
    live = {o: await program.issue_token(c, frozenset({"system/Task.c"}), until) for o, c in names.items()}
    return {**live, "wrong": token("wrong") * 2, "none": ""}


def _paths() -> list[str]:
    """Every path of every router, its blanks filled with tokens, with a query; walked, so that none is forgotten."""
    templates = {getattr(route, "path", "") for router in ROUTERS for route in router.routes}
    assert len(templates) >= 8
    blank = f"Patient/{PARTICIPANT}/_history/{token('version')}"
    alike = {kind for kind in CLINICAL if kind != "CarePlan"}  # one loop mounts the same two functions for all of them
    templates = {template for template in templates if template.split("/")[2:3] not in [[kind] for kind in alike]}
    paths = {template.replace("{path:path}", blank) for template in templates}
    paths = {re.sub(r"\{[a-z_]+\}", PARTICIPANT, path) for path in paths}
    assert not any("{" in path for path in paths)
    extra = {
        "/",
        f"/{FAMILY}",
        f"/console/{PARTICIPANT}",
        f"/fhir/Patient?family={FAMILY}&birthdate={BORN}",
        f"/fhir/CarePlan?patient={PARTICIPANT}&{FAMILY}={FAMILY}",
        "/inbound/jail",
    }
    return sorted(paths | extra)


def _requests(tokens: dict[str, str]) -> Iterator[tuple[str, str, dict[str, str], bytes]]:
    strange = {"X-Request-Id": FAMILY, "User-Agent": FAMILY, "Cookie": f"a={FAMILY}", "Host": f"{FAMILY.lower()}.test"}
    task = orjson.dumps(question_task(question()))
    for method, path in itertools.product(METHODS, _paths()):
        yield method, path, {"Content-Type": "application/fhir+json", **strange}, task
    for bearer in ("none", "wrong", POLICE, PROSECUTOR):
        for body in _bodies():
            head = {"Content-Type": "application/fhir+json", "Authorization": f"Bearer {tokens[bearer]}"}
            yield "POST", "/fhir/Task", head, body
    for form in _forms():
        yield "POST", "/oauth/token", {"Content-Type": "application/x-www-form-urlencoded"}, form


def _bodies() -> list[bytes]:
    """Questions about the canary and about nobody, an emergency that is none, and what cannot be read."""
    good = question_task(question())
    asked = [good, question_task(question(**STRANGER)), question_task(question(Purpose.EMERGENCY, "officer"))]
    bent = [
        {**good, "status": FAMILY},
        {**good, FAMILY: FAMILY},
        {**good, "input": [{"type": {"text": FAMILY}, "valueString": FAMILY}]},
        {**good, "input": [*good["input"], good["input"][0]]},
        {"resourceType": "Patient", "name": [{"family": FAMILY}]},
        [FAMILY],
    ]
    return [*(orjson.dumps(one) for one in (*asked, *bent)), f'{{"a": "{FAMILY}'.encode(), FAMILY.encode("utf-16")]


def _forms() -> list[bytes]:
    unsigned = "eyJhbGciOiJFUzM4NCIsImtpZCI6ImEifQ.eyJzdWIiOiJ4In0.AAAA"
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return [
        f"grant_type={FAMILY}".encode(),
        f"grant_type=client_credentials&client_id={FAMILY}&scope=system/Task.c".encode(),
        f"grant_type=client_credentials&client_assertion_type={kind}&client_assertion={FAMILY}".encode(),
        f"grant_type=client_credentials&client_assertion_type={kind}&client_assertion={unsigned}".encode(),
    ]


@asynccontextmanager
async def doors(program: Program) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=make_app(program, jobs=None))
    async with httpx2.AsyncClient(transport=transport, base_url=program.settings.base_url) as http:
        yield http


def _told(answer: httpx2.Response) -> str:
    return f"{answer.status_code} {answer.reason_phrase} {answer.headers.raw} {answer.content.decode('latin-1')}"


class TestStrangersAtTheDoor:
    @each(FAULTS)
    async def test_hear_nothing_whatever_breaks(
        self,
        site: Site,
        name: str,
        logged: io.StringIO,
        capfd: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        told, statuses = [], set()
        async with site.program() as program, doors(program) as http:
            tokens = await _tokens(program)
            FAULTS[name](monkeypatch)
            for method, path, headers, body in _requests(tokens):
                answer = await http.request(method, path, headers=headers, content=body)
                told.append((method, path.partition("?")[0].replace(PARTICIPANT, "-"), found_in(_told(answer))))
                statuses.add(answer.status_code)
            monkeypatch.undo()
        assert [(method, path, heard) for method, path, heard in told if heard] == []
        assert {401, 404} <= statuses or 500 in statuses
        assert found_in(logged.getvalue() + "".join(capfd.readouterr())) == set()

    @each(BEHIND_THE_DOOR)
    async def test_a_lawful_emergency_hears_what_it_needs_or_nothing(
        self, site: Site, name: str, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with site.program() as program, doors(program) as http:
            head = {"Authorization": f"Bearer {(await _tokens(program))[HOSPITAL]}", "Content-Type": "application/json"}
            FAULTS[name](monkeypatch)
            answer = await http.post("/fhir/Task", headers=head, content=orjson.dumps(question_task(EMERGENCY)))
            monkeypatch.undo()
        heard = found_in(_told(answer))
        if answer.status_code == 500:
            assert heard == set()
        assert heard == {name for name in heard if _needed(name)}
        assert found_in(logged.getvalue()) == set()

    async def test_the_same_emergency_is_told_when_nothing_breaks(self, site: Site) -> None:
        """The test above can fail: there is something to be heard."""
        async with site.program() as program, doors(program) as http:
            head = {"Authorization": f"Bearer {(await _tokens(program))[HOSPITAL]}", "Content-Type": "application/json"}
            answer = await http.post("/fhir/Task", headers=head, content=orjson.dumps(question_task(EMERGENCY)))
        assert {token("moud", "Dose"), token("medications", "Dose"), FAMILY, "birth date"} <= found_in(_told(answer))


def _needed(name: str) -> bool:
    """May a hospital hear this token in an emergency? Not by an element that goes to nobody."""
    if name in {FAMILY, GIVEN, "birth date"}:
        return True
    categories = tuple(token(category) for category in IN_AN_EMERGENCY)
    return name.startswith(categories) and not name.endswith(NEVER)


# The ways out -------------------------------------------------------------------------------------------------------


async def _answered(program: Program, monkeypatch: pytest.MonkeyPatch, fault: Fault, *, approve: bool) -> None:
    """A question from its arrival to its window; what breaks, breaks after the approval."""
    asked = await gateway.questions.ask(program.store, program.settings, PROSECUTOR, question(), program.now())
    await program.consider(asked.id)
    async with program.store.unit_of_work() as uow:
        proposals = await uow.proposals.for_question(asked.id)
        queued = [d.id for d in await uow.deliveries.for_question(asked.id)]
    if approve:
        await approval.approve(program.store, program.settings, proposals[0].id, at=program.now())
    program.clock = Clock(asked.due_at)
    fault(monkeypatch)
    for delivery in queued:
        with suppress(Exception):  # the worker would try again
            await program.deliver(delivery)
    monkeypatch.undo()


class TestOutbound:
    @each(BEHIND_THE_DOOR)
    async def test_only_what_was_approved_arrives_whatever_breaks(
        self,
        site: Site,
        capture: Capture,
        name: str,
        logged: io.StringIO,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async with site.program() as program:
            for approve, allowed in ((False, set[str]()), (True, TO_THE_PROSECUTOR)):
                capture.arrived.clear()
                await _answered(program, monkeypatch, FAULTS[name], approve=approve)
                assert found_in(bytes(capture.arrived)) <= allowed
        assert found_in(logged.getvalue()) == set()

    async def test_what_was_approved_arrives(
        self, site: Site, capture: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The test above can fail: something arrives, and the capture holds it."""
        capture.arrived.clear()
        async with site.program() as program:
            await _answered(program, monkeypatch, FAULTS["nothing"], approve=True)
        assert found_in(bytes(capture.arrived)) == TO_THE_PROSECUTOR

    async def test_a_job_that_fails_writes_ids_only(
        self, site: Site, logged: io.StringIO, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gateway.questions, "propose", code_later)
        async with site.program() as program:
            conninfo = Places(site.urls.data, site.urls.keys, None, None).conninfo
            asked = await gateway.questions.ask(program.store, program.settings, PROSECUTOR, question(), program.now())
            async with working(program, conninfo):
                await _until(lambda: _tried(conninfo, str(asked.id)))
        with psycopg.connect(conninfo) as connection:
            rows = connection.execute("SELECT j::text, e::text FROM procrastinate_jobs j, procrastinate_events e")
            kept = repr(rows.fetchall())
        assert str(asked.id) in kept
        assert "ValueError" in logged.getvalue()  # it did fail, and the log says so
        assert found_in(kept + logged.getvalue() + "".join(capfd.readouterr())) == set()


async def _until(look: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(600):
        if await look():
            return
        await asyncio.sleep(0.05)
    pytest.fail("waited too long")


async def _tried(conninfo: str, question_id: str) -> bool:
    with psycopg.connect(conninfo) as connection:
        statement = "SELECT attempts FROM procrastinate_jobs WHERE args->>'question' = %s"
        found = connection.execute(statement, (question_id,)).fetchone()
    return found is not None and found[0] > 0

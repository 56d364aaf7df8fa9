"""Clients that others wrote, unchanged, against a running gateway: fhirpy, fhir-kit-client, curl."""

import asyncio
import json
import re
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import ResourceNotFound

from adapters.smart_client import SmartClient, new_key, open_http, public_part
from consent.codes import Purpose
from gateway.api import install
from gateway.caps import scopes_of
from gateway.demo.site import HOSPITAL
from gateway.store.values import Client
from mappings.fhir.task import question_task
from tests.architecture.source import ROOT
from tests.gateway.api.pulling.partner import Partner, opened_door
from tests.gateway.api.rows import Somebody
from tests.mappings.fhir.schema import needs_node

pytestmark = pytest.mark.asyncio(loop_scope="module")

SYSTEM = "a-strangers-system"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPE = "system/CarePlan.rs system/Goal.rs system/Patient.rs system/Task.crs"


@dataclass
class Running:
    """A site on a port, and the key of a hospital's system."""

    door: Partner
    base: str
    jwk: dict[str, Any]

    @property
    def fhir(self) -> str:
        return f"{self.base}/fhir"

    def task(self, stem: str = "ash") -> dict[str, Any]:
        return question_task(Somebody(stem, "").question(Purpose.CARE_COORDINATION))

    async def plan(self) -> str:
        (found,) = await self.door.found(f"CarePlan?patient={self.door.ids['p-ash']}")
        return str(found["id"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: Any, module_database_urls: Any) -> AsyncIterator[Running]:
    listening = socket.create_server(("127.0.0.1", 0))
    base, jwk = f"http://127.0.0.1:{listening.getsockname()[1]}", new_key()
    folder = tmp_path_factory.mktemp("site") / "data"
    async with opened_door(folder, module_database_urls, base_url=base) as door:
        door.scene.program.clock = lambda: datetime.now(UTC)
        known = await door.scene.program.partner(HOSPITAL)
        scopes = scopes_of(known.kind)
        async with door.scene.store.unit_of_work() as uow:
            await uow.clients.put(Client(SYSTEM, HOSPITAL, {"keys": [public_part(jwk)]}, scopes, disabled=False))
            await uow.commit()
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        install(app, door.scene.program)
        server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_config=None, log_level="critical"))
        serving = asyncio.create_task(server.serve([listening]))
        try:
            while not server.started:  # noqa: ASYNC110  -- it has no event for it
                await asyncio.sleep(0.02)
            yield Running(door, base, jwk)
        finally:
            server.should_exit = True
            await serving


async def run(*command: str, given: str = "", folder: Path = ROOT) -> str:
    """What a program prints that must succeed."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=folder)
    said, errors = await process.communicate(given.encode())
    assert process.returncode == 0, (said + errors).decode()
    return said.decode()


async def assertion(running: Running) -> str:
    async with open_http() as http:
        system = SmartClient(http, token_url=f"{running.base}/oauth/token", client_id=SYSTEM, jwk=running.jwk)
        return system.assertion(datetime.now(UTC))


def form(signed: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "scope": SCOPE,
        "client_assertion_type": ASSERTION,
        "client_assertion": signed,
    }


async def curl(*arguments: str) -> Any:
    return json.loads(await run("curl", "--silent", "--show-error", *arguments))


async def token(running: Running) -> str:
    fields = [part for name, value in form(await assertion(running)).items() for part in ("--data", f"{name}={value}")]
    found: str = (await curl(f"{running.base}/oauth/token", *fields))["access_token"]
    return found


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
class TestCurl:
    async def test_token_search_read_and_question(self, running: Running) -> None:
        bearer = ("--header", f"Authorization: Bearer {await token(running)}")
        patient = running.door.ids["p-ash"]
        found = await curl(f"{running.fhir}/CarePlan/_search", *bearer, "--compressed", "--data", f"patient={patient}")
        matches = [one["resource"]["id"] for one in found["entry"] if one["search"]["mode"] == "match"]
        assert matches == [await running.plan()]
        read = await curl(f"{running.fhir}/CarePlan/{await running.plan()}", *bearer)
        assert read["resourceType"] == "CarePlan"
        said = ("--header", "Content-Type: application/fhir+json", "--data", json.dumps(running.task()))
        assert (await curl(f"{running.fhir}/Task", *bearer, *said))["resourceType"] == "Task"
        nothing = await curl(f"{running.fhir}/CarePlan/{patient}", *bearer)
        assert nothing["issue"][0]["code"] == "not-found"


class TestFhirpy:
    async def test_it_works_unchanged(self, running: Running) -> None:
        bearer, patient, plan = await token(running), running.door.ids["p-ash"], await running.plan()

        def stranger() -> None:
            client = SyncFHIRClient(running.fhir, authorization=f"Bearer {bearer}")
            assert client.reference("CarePlan", plan).to_resource()["status"] == "active"
            goals = client.resources("Goal").search(patient=patient).limit(2).fetch_all()
            assert len({one["id"] for one in goals}) == 5
            task = client.resource(
                "Task", **{name: said for name, said in running.task().items() if name != "resourceType"}
            )
            task.save()
            assert client.reference("Task", task["id"]).to_resource()["status"] == "accepted"
            assert client.resources("CarePlan").search(patient=running.door.ids["p-elm"]).fetch_all() == []
            with pytest.raises(ResourceNotFound):
                client.reference("CarePlan", patient).to_resource()

        await asyncio.to_thread(stranger)


@needs_node
class TestFhirKitClient:
    async def test_it_works_unchanged(self, running: Running) -> None:
        given = {
            "base": running.fhir,
            "client": SYSTEM,
            "jwk": running.jwk,
            "patient": running.door.ids["p-ash"],
            "plan": await running.plan(),
            "task": running.task(),
        }
        got = json.loads(await run("node", "tests/node/stranger.mjs", given=json.dumps(given)))
        assert got["fhirVersion"] == "4.0.1"
        assert got["plan"]["id"] == given["plan"]
        assert len(set(got["goals"])) == 5
        assert got["again"]["id"] == got["task"]["id"]
        assert got["refused"] == {"status": 404, "outcome": "OperationOutcome"}


CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
FEW = "^(askTask|readTask|readBundle|createSubscription|readSubscription|statusSubscription|searchGoal|consult)$"


class TestSchemathesis:
    """Whatever is sent by what /openapi.json says, links followed: no 500, and every answer as it is described."""

    @pytest.mark.parametrize(
        ("only", "examples"), [(FEW, 3), pytest.param("", 60, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
    )
    async def test_the_description_is_kept(self, running: Running, tmp_path: Any, only: str, examples: int) -> None:
        described = tmp_path / "openapi.json"
        described.write_text(await run("curl", "--silent", "--show-error", f"{running.base}/openapi.json"))
        scopes = scopes_of((await running.door.scene.program.partner(HOSPITAL)).kind)
        expires = running.door.scene.program.now() + timedelta(hours=1)
        bearer = await running.door.scene.program.issue_token(SYSTEM, scopes, expires, purpose=Purpose.TREATMENT)
        await run(
            *(sys.executable, "-m", "schemathesis.cli", "run", str(described), "--url", running.base),
            *("--header", f"Authorization: Bearer {bearer}", "--checks", CHECKS, "--max-examples", str(examples)),
            *("--phases", "fuzzing,stateful", "--seed", "7", "--generation-database", "none", "--workers", "1"),
            *(("--include-operation-id-regex", only) if only else ()),
            *("--suppress-health-check", "all", "--no-color"),
        )


class TestTheReadme:
    """What stands in the README for a partner's developer, run as it is printed."""

    async def test_python_and_curl(self, running: Running, tmp_path: Any) -> None:
        text = (ROOT / "README.md").read_text("utf-8")
        section = text[text.index("## For a partner's developer") : text.index("## Find your way")]
        (python,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
        (shell,) = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
        assert len(python.splitlines()) <= 25
        (tmp_path / "data" / "demo").mkdir(parents=True)
        (tmp_path / ".venv" / "bin").mkdir(parents=True)
        script = tmp_path / ".venv" / "bin" / "python"
        script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" "$@"\n')
        script.chmod(0o755)
        demo = {
            "token_url": f"{running.base}/oauth/token",
            "fhir_url": running.fhir,
            "receiver_url": running.base,
            "clients": {HOSPITAL: {"client_id": SYSTEM, "jwk": running.jwk}},
            "participants": {"Rowan Teal": running.door.ids["p-ash"]},
        }
        (tmp_path / "data" / "demo" / "demo.json").write_text(json.dumps(demo))
        for said in (
            await run(".venv/bin/python", "-c", python, folder=tmp_path),
            await run("bash", "-euc", shell, folder=tmp_path),
        ):
            matches = [one["resource"] for one in json.loads(said)["entry"] if one["search"]["mode"] == "match"]
            assert [one["id"] for one in matches] == [await running.plan()]

import asyncio
import time
from datetime import date

import httpx2
import orjson
import pytest
from fastapi import FastAPI
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome

from consent.codes import Purpose
from consent.model import Person
from consent.request import EmergencyDeclaration
from gateway.api import ROUTERS, fixed, install
from mappings.fhir.question import About, Question
from mappings.fhir.task import question_task
from tests.gateway.api.factory import CANARY
from tests.gateway.api.fake import KNOWN, FakeGateway, Settings

STEP = 0.06
DECLARED = EmergencyDeclaration("overdose, unresponsive", "Dr. Iris Yew", "Harbor Hospital", "Harbor Hospital")


def task(family: str = KNOWN, purpose: Purpose = Purpose.CASE_ALIGNMENT, **changed) -> dict:
    about = About(("Ray",), family, date(1990, 4, 1), (("sid", "WA12345"),))
    emergency = DECLARED if purpose is Purpose.EMERGENCY else None
    question = Question(purpose, Person("Lee Birch", "liaison-prosecutor"), about, attested=True, emergency=emergency)
    return question_task(question) | changed


async def post(http, gateway: FakeGateway, body, *, token: str | None = None, kind: str = "application/fhir+json"):
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    headers = {"Authorization": f"Bearer {token or gateway.grant()}", "Content-Type": kind}
    return await http.post("/fhir/Task", content=content, headers=headers)


def is_outcome(answer, status: int) -> bool:
    OperationOutcome.model_validate(answer.json())
    kind = answer.headers["content-type"].startswith("application/fhir+json")
    return answer.status_code == status and kind and CANARY not in answer.text + str(answer.headers)


class TestRefusedAtTheDoor:
    @pytest.mark.parametrize(
        "header", [None, "", "Bearer", "Bearer ", "Basic eDp5", f"Bearer {CANARY}", "Bearer " + "x" * 5000]
    )
    async def test_no_valid_token(self, http, gateway, header):
        headers = {"Content-Type": "application/fhir+json"} | ({} if header is None else {"Authorization": header})
        answer = await http.post("/fhir/Task", content=orjson.dumps(task()), headers=headers)
        assert is_outcome(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.content == fixed.UNAUTHENTICATED.body
        assert gateway.asked == []

    async def test_an_expired_token(self, http, gateway):
        token = gateway.grant()
        gateway.time = gateway.grants[token].expires
        assert is_outcome(await post(http, gateway, task(), token=token), 401)

    @pytest.mark.parametrize("scope", ["system/Task.r", "system/Consent.rs"])
    async def test_without_the_scope(self, http, gateway, scope):
        answer = await post(http, gateway, task(), token=gateway.grant("prosecutor", scope))
        assert is_outcome(answer, 403)
        assert gateway.asked == []

    @pytest.mark.parametrize(
        "kind", ["", "text/plain", "application/xml", "application/fhir+xml", "application/json; charset=latin-1"]
    )
    async def test_another_content_type(self, http, gateway, kind):
        assert is_outcome(await post(http, gateway, task(), kind=kind), 415)

    async def test_compressed(self, http, gateway):
        headers = {"Authorization": f"Bearer {gateway.grant()}", "Content-Type": "application/json"}
        answer = await http.post("/fhir/Task", content=b"{}", headers=headers | {"Content-Encoding": "gzip"})
        assert is_outcome(answer, 415)

    async def test_too_large_by_its_length(self, http, gateway):
        assert is_outcome(await post(http, gateway, b"[" * 20_001), 413)

    async def test_too_large_without_a_length(self, http, gateway):
        async def endless():
            for _ in range(1000):
                yield b" " * 1000

        headers = {"Authorization": f"Bearer {gateway.grant()}", "Content-Type": "application/json"}
        assert is_outcome(await http.post("/fhir/Task", content=endless(), headers=headers), 413)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b'"Task"',
            b'{"resourceType":"Task","resourceType":"Task"}',
            b'{"resourceType":"Task","n":NaN}',
            b'{"resourceType":"Task","s":"\\ud800"}',
            b'{"resourceType":"Task","s":"\xff"}',
            b"[" * 15_000,
            b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
            '{"resourceType":"Task"}'.encode("utf-16"),
        ],
    )
    async def test_not_one_json_object(self, http, gateway, body):
        assert is_outcome(await post(http, gateway, body), 400)

    @pytest.mark.parametrize("kind", ["Patient", CANARY, None, 7, {}])
    async def test_another_resource(self, http, gateway, kind):
        answer = await post(http, gateway, task(resourceType=kind))
        assert is_outcome(answer, 400)
        assert answer.content == fixed.NOT_A_TASK.body

    async def test_an_element_is_named_with_its_rule_and_no_value(self, http, gateway):
        body = task()
        body["input"][0]["valueCode"] = CANARY
        answer = await post(http, gateway, body)
        assert is_outcome(answer, 422)
        issue = answer.json()["issue"][0]
        assert issue["details"]["text"] == "`Task.input[purpose]` holds a code that is not known here"
        assert (issue["code"], issue["expression"]) == ("code-invalid", ["Task.input"])

    @pytest.mark.parametrize("extra", [{CANARY: 1}, {"contained": [{"resourceType": CANARY}]}, {"status": CANARY}])
    async def test_unread_elements_are_refused_without_an_echo(self, http, gateway, extra):
        assert is_outcome(await post(http, gateway, task(**extra)), 422)

    async def test_a_failure_tells_nothing(self, http, gateway):
        gateway.breaks = RuntimeError(CANARY)
        answer = await post(http, gateway, task())
        assert is_outcome(answer, 500)
        assert answer.content == fixed.SERVER_ERROR.body


class TestNothingElseIsServed:
    @pytest.mark.parametrize(
        "path",
        [
            "",
            "/",
            "/Task/",
            "/Task/1/_history",
            "/Person",
            f"/Person?name={CANARY}",
            f"/Patient/{CANARY}/$everything",
            "/$x",
            "/a%2Fb",
        ],
    )
    async def test_get_is_one_not_found(self, http, path):
        answer = await http.get(f"/fhir{path}")
        assert is_outcome(answer, 404)
        assert answer.content == fixed.NOT_FOUND.body

    @pytest.mark.parametrize("path", ["/Task/", "/Patient", "/Patient/1"])
    async def test_post_elsewhere(self, http, path):
        assert is_outcome(await http.post(f"/fhir{path}", json={}), 404)

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CANARY"])
    @pytest.mark.parametrize("path", ["/fhir/Task", "/fhir/Task/1", "/fhir/metadata"])
    async def test_other_methods(self, http, method, path):
        answer = await http.request(method, path)
        assert is_outcome(answer, 405)
        assert answer.headers["allow"] == "GET, HEAD, POST"

    async def test_head_has_no_content(self, http):
        assert (await http.head("/fhir/Person")).status_code == 404

    @pytest.mark.parametrize("path", ["/Task", "/Task/1", "/Patient", f"/Patient?name={CANARY}", f"/Goal/{CANARY}"])
    async def test_what_is_served_wants_a_token_first(self, http, path):
        answer = await http.get(f"/fhir{path}")
        assert answer.content == fixed.UNAUTHENTICATED.body

    @pytest.mark.parametrize("path", ["/cds-services/other", "/oauth", "/oauth/authorize"])
    async def test_doors_that_do_not_exist(self, http, path):
        assert is_outcome(await http.get(path), 404)

    async def test_no_redirects(self, http):
        answer = await http.post("/oauth/token/", content=b"")
        assert answer.status_code == 404
        assert "location" not in answer.headers


class TestAcknowledged:
    async def test_known_and_unknown_are_told_the_same(self, http, gateway):
        known, unknown = [await post(http, gateway, task(family)) for family in (KNOWN, "Nobody")]
        assert known.status_code == unknown.status_code == 202
        one, other = known.json(), unknown.json()
        assert one.pop("id") != other.pop("id")
        assert one == other
        assert len(known.content) == len(unknown.content)
        assert known.headers == unknown.headers

    async def test_the_organization_is_the_credentials(self, http, gateway):
        await post(http, gateway, task(requester={"display": "Hospital"}), token=gateway.grant("prosecutor"))
        grant, question = gateway.asked[0]
        assert (grant.organization, question.purpose) == ("prosecutor", Purpose.CASE_ALIGNMENT)

    @pytest.mark.parametrize("purpose", [p for p in Purpose if p is not Purpose.EMERGENCY])
    async def test_every_other_purpose_is_acknowledged(self, http, gateway, purpose):
        assert (await post(http, gateway, task(purpose=purpose))).status_code == 202

    @pytest.mark.parametrize("kind", ["application/json", "Application/FHIR+JSON; charset=UTF-8"])
    async def test_content_types(self, http, gateway, kind):
        assert (await post(http, gateway, task(), kind=kind)).status_code == 202


class TestEmergency:
    async def timed(self, http, gateway, family: str) -> tuple[object, float]:
        token = gateway.grant("hospital")
        start = time.monotonic()
        answer = await post(http, gateway, task(family, Purpose.EMERGENCY), token=token)
        return answer, time.monotonic() - start

    async def test_a_refusal_waits_for_its_step(self, http, gateway):
        answer, took = await self.timed(http, gateway, "Nobody")
        assert answer.status_code == 200
        assert took >= STEP

    async def test_a_late_refusal_waits_for_the_next_step(self, http, gateway, monkeypatch):
        slow = gateway.answer_now

        async def late(*args):
            await asyncio.sleep(STEP * 1.2)
            return await slow(*args)

        monkeypatch.setattr(gateway, "answer_now", late)
        answer, took = await self.timed(http, gateway, "Nobody")
        assert answer.status_code == 200
        assert took >= STEP * 2

    async def test_a_failure_waits_like_a_refusal(self, http, gateway):
        gateway.breaks = RuntimeError(CANARY)
        answer, took = await self.timed(http, gateway, KNOWN)
        assert is_outcome(answer, 500)
        assert took >= STEP

    async def test_a_disclosure_for_another_organization_does_not_leave(self, http, gateway, monkeypatch):
        other = await gateway.answer_now(gateway.grants[gateway.grant("jail")], _question(), gateway.now())

        async def wrong(*args):
            return other

        monkeypatch.setattr(gateway, "answer_now", wrong)
        answer, _ = await self.timed(http, gateway, KNOWN)
        assert is_outcome(answer, 500)

    async def test_a_disclosure_leaves_at_once_with_its_notice_and_scope(self):
        gateway = FakeGateway(Settings(neutral_step_ms=5_000))
        app = FastAPI()
        install(app, gateway)
        async with client_of(app) as http:
            answer, took = await self.timed(http, gateway, KNOWN)
        assert took < 2
        assert answer.status_code == 200
        assert answer.json()["resourceType"] == "Bundle"
        for told in (CANARY, "a statement of invented wording", "an explanation of invented wording"):
            assert told in answer.text

    async def test_refusal_and_disclosure_have_the_same_status_and_header_names(self, http, gateway):
        permit, _ = await self.timed(http, gateway, KNOWN)
        refusal, _ = await self.timed(http, gateway, "Nobody")
        assert permit.status_code == refusal.status_code
        assert permit.headers.keys() == refusal.headers.keys()
        assert CANARY not in refusal.text

    async def test_two_refusals_are_the_same_bytes(self, http, gateway):
        one, _ = await self.timed(http, gateway, "Nobody")
        other, _ = await self.timed(http, gateway, "Somebody")
        assert one.content == other.content


class TestMetadata:
    def stated(self, told) -> dict[str, set[str]]:
        CapabilityStatement.model_validate(told)
        (rest,) = told["rest"]
        return {one["type"]: {said["code"] for said in one.get("interaction", ())} for one in rest.get("resource", ())}

    async def test_every_route_is_stated_and_every_statement_is_a_route(self, http):
        stated = self.stated((await http.get("/fhir/metadata")).json())
        routes = {(route.path, method) for router in ROUTERS for route in router.routes for method in route.methods}
        served = {kind: set() for kind in stated}
        for path, method in routes:
            parts = path.removeprefix("/fhir/").split("/")
            if path.startswith("/fhir/") and parts[0][:1].isupper() and parts[-1][:1] not in "$_":
                done = {("GET", 1): "search-type", ("GET", 2): "read", ("POST", 1): "create", ("DELETE", 2): "delete"}
                served.setdefault(parts[0], set()).update(filter(None, [done.get((method, len(parts)))]))
        assert stated == served

    async def test_with_a_token_it_is_as_wide_as_the_scopes(self, http, gateway):
        token = gateway.grant("hospital", "system/Goal.s", "system/Task.c")
        told = (await http.get("/fhir/metadata", headers={"Authorization": f"Bearer {token}"})).json()
        assert self.stated(told) == {"Goal": {"search-type"}, "Task": {"create"}}
        none = gateway.grant("hospital", "system/Nothing.r")
        told = (await http.get("/fhir/metadata", headers={"Authorization": f"Bearer {none}"})).json()
        assert self.stated(told) == {}
        assert (await http.get("/fhir/metadata", headers={"Authorization": "Bearer x"})).status_code == 401


def _question() -> Question:
    return Question(Purpose.EMERGENCY, Person("Lee Birch", "nurse"), About(("Ray",), KNOWN, date(1990, 4, 1)))


def client_of(app):
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://gateway.test")

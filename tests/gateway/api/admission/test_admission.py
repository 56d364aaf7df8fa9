"""Who may come in: never too often, never with another's certificate, and all failures alike."""

from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI

from gateway.api import install
from gateway.api.ports import Grant
from gateway.certificates import ClientCertificate, thumbprint
from tests.gateway.api.fake import FakeGateway
from tests.gateway.api.test_oauth import OTHERS, OWN, client, form, post, signed

OURS, THEIRS = b"certificate of ours", b"certificate of theirs"
PROXY = "203.0.113.1"


@pytest.fixture
def gateway() -> FakeGateway:
    made = FakeGateway()
    made.clients["pa"] = client("pa", OWN)
    made.clients["bound"] = replace(client("bound", OTHERS), thumbprint=thumbprint(OURS))
    return made


def shown(der: bytes) -> dict[str, str]:
    import base64  # noqa: PLC0415  -- one line

    return {"Client-Cert": f":{base64.b64encode(der).decode()}:"}


def through(gateway: FakeGateway, peer: str) -> httpx2.AsyncClient:
    """A client behind the proxy that is believed, or somebody else."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    install(app, gateway)
    transport = httpx2.ASGITransport(app=ClientCertificate(app, PROXY), client=(peer, 5000))
    return httpx2.AsyncClient(transport=transport, base_url="https://gateway.test")


def bound_form() -> dict[str, str]:
    return form(signed(OTHERS, {"kid": "others"}, iss="bound", sub="bound"))


async def token_with(http: httpx2.AsyncClient, headers: dict[str, str]) -> httpx2.Response:
    return await http.post("/oauth/token", data=bound_form(), headers=headers)


class TestTooOften:
    async def test_requests(self, http, gateway):
        token, gateway.most_requests = gateway.grant(), 0
        answer = await http.post("/fhir/Task", json={}, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert answer.json()["issue"][0]["code"] == "throttled"

    async def test_tokens(self, http, gateway):
        gateway.most_requests = 0
        answer = await post(http, form(signed()))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
        assert gateway.grants == {}

    @pytest.mark.parametrize("name", ["pa", "nobody"])
    async def test_failures_of_a_known_and_an_unknown_system_are_one_answer(self, http, gateway, name):
        gateway.most_tries = 2
        for _ in range(2):
            answer = await post(http, form(signed(OTHERS, iss=name, sub=name)))
            assert answer.status_code == 401
        answer = await post(http, form(signed(OTHERS, iss=name, sub=name)))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
        assert answer.json() == {
            "error": "temporarily_unavailable",
            "error_description": "too many requests, slow down",
        }
        assert gateway.tries == [(name, "127.0.0.1")] * 3

    async def test_what_cannot_be_read_counts_as_well(self, http, gateway):
        await post(http, form("not-a-token"))
        assert gateway.tries == [("", "127.0.0.1")]

    async def test_a_success_does_not_count(self, http, gateway):
        assert (await post(http, form(signed()))).status_code == 200
        assert gateway.tries == []


class TestAgreement:
    async def test_out_of_date_is_no_client(self, http, gateway):
        gateway.lapsed.add("prosecutor")
        answer = await post(http, form(signed()))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert gateway.spent == set()


class TestScopesOfTheKind:
    async def test_what_is_registered_above_them_is_not_granted(self, http, gateway):
        gateway.clients["pa"] = replace(gateway.clients["pa"], scopes=frozenset({"system/*.cruds"}))
        answer = await post(http, form(signed(), scope="system/*.cruds"))
        granted = set(answer.json()["scope"].split())
        assert "system/Task.cr" in granted
        assert not {scope for scope in granted if "Patient" in scope or "Consent" in scope or "*" in scope}
        answer = await post(http, form(signed(), scope="system/Patient.rs system/Consent.rs"))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")

    @pytest.mark.parametrize(
        "scope",
        [
            "system/Task.c?status=requested",
            "system/Task.create",
            "patient/Task.c",
            "user/Task.c",
            "system/Task.sr",
            "openid",
        ],
    )
    async def test_filters_and_other_forms_grant_nothing(self, http, scope):
        answer = await post(http, form(signed(), scope=scope))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")

    async def test_a_wildcard_asks_for_all_that_is_registered(self, http, gateway):
        gateway.clients["pa"] = replace(gateway.clients["pa"], scopes=frozenset({"system/Task.cr"}))
        answer = await post(http, form(signed(), scope="system/*.cruds"))
        assert answer.json()["scope"] == "system/Task.cr"


class TestCertificates:
    @pytest.mark.parametrize(
        ("peer", "headers"),
        [
            (PROXY, {}),
            (PROXY, shown(THEIRS)),
            (PROXY, {"Client-Cert": OURS.decode()}),
            (PROXY, {"Client-Cert": ":???:"}),
            (PROXY, {"Client-Cert": "::"}),
            (PROXY, {"Client-Cert": shown(OURS)["Client-Cert"] + ", " + shown(OURS)["Client-Cert"]}),
            ("203.0.113.2", shown(OURS)),  # nobody but the proxy is believed
            ("127.0.0.1", shown(OURS)),
        ],
    )
    async def test_no_token_and_no_use_of_one_without_the_certificate(self, gateway, peer, headers):
        grant = Grant("bound", "prosecutor", frozenset({"system/Task.c"}), gateway.time + timedelta(minutes=5))
        gateway.grants["t" * 20] = replace(grant, thumbprint=thumbprint(OURS))
        async with through(gateway, peer) as http:
            answer = await token_with(http, headers)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
            used = await http.post("/fhir/Task", json={}, headers={"Authorization": "Bearer " + "t" * 20, **headers})
            assert used.status_code == 401

    async def test_with_it_a_token_that_is_bound_to_it(self, gateway):
        async with through(gateway, PROXY) as http:
            answer = await token_with(http, shown(OURS))
            token = answer.json()["access_token"]
            assert gateway.grants[token].thumbprint == thumbprint(OURS)
            bearer = {"Authorization": f"Bearer {token}"}
            assert (await http.post("/fhir/Task", json={}, headers=bearer | shown(OURS))).status_code == 400
            assert (await http.post("/fhir/Task", json={}, headers=bearer)).status_code == 401

    async def test_two_headers_are_none(self, gateway):
        async with through(gateway, PROXY) as http:
            given = [("Client-Cert", shown(OURS)["Client-Cert"])] * 2
            assert (await http.post("/oauth/token", data=bound_form(), headers=given)).status_code == 401

    async def test_who_needs_none_may_show_one(self, gateway):
        async with through(gateway, PROXY) as http:
            answer = await http.post("/oauth/token", data=form(signed()), headers=shown(THEIRS))
            assert gateway.grants[answer.json()["access_token"]].thumbprint is None


class TestMeasurements:
    @pytest.mark.parametrize(
        "headers", [{"X-Forwarded-For": "127.0.0.1"}, {"Via": "1.1 x"}, {"Authorization": "Bearer x"}]
    )
    async def test_not_for_whoever_comes_through_a_proxy_or_with_another_token(self, http, headers):
        assert (await http.get("/metrics", headers=headers)).status_code == 404

    async def test_not_for_strangers(self, gateway):
        async with through(gateway, "203.0.113.9") as http:
            assert (await http.get("/metrics")).status_code == 404
            assert (await http.get("/metrics", headers={"Authorization": "Bearer "})).status_code == 404

    async def test_for_the_machine_itself(self, http):
        assert (await http.get("/metrics")).status_code == 200

    async def test_for_the_sites_token(self, gateway):
        from pydantic import SecretStr  # noqa: PLC0415  -- one line

        gateway.settings = replace(gateway.settings, metrics_token=SecretStr("measure-me"))
        async with through(gateway, "203.0.113.9") as http:
            assert (await http.get("/metrics", headers={"Authorization": "Bearer measure-me"})).status_code == 200
            assert (await http.get("/metrics", headers={"Authorization": "Bearer measure"})).status_code == 404

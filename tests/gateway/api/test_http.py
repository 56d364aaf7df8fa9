"""The same doors over real HTTP: a real server, real sockets, and a partner's system with its own key."""

import asyncio
import logging
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx2
import orjson
import pytest
import uvicorn
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey

from consent.codes import Purpose
from gateway.api import fixed, install
from gateway.api.assertion import ASSERTION_TYPE
from gateway.api.ports import Client
from tests.gateway.api.factory import CANARY
from tests.gateway.api.fake import FakeGateway, Settings
from tests.gateway.api.test_fhir import task


class ClockedGateway(FakeGateway):
    def now(self) -> datetime:
        return datetime.now(UTC)


@contextmanager
def served(app):
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="debug", access_log=False, lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


KEY = ECKey.generate_key("P-384", {"kid": "k1"})


@pytest.fixture
def site():
    """The address of a running gateway, and the gateway behind it."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/inbound/leak")
    def leak() -> None:
        raise ValueError(CANARY)

    gateway = ClockedGateway(Settings(neutral_step_ms=50))
    jwks = {"keys": [KEY.as_dict(private=False)]}
    gateway.clients["pa"] = Client("pa", "hospital", jwks, frozenset({"system/Task.c"}), disabled=False)
    install(app, gateway)
    with served(app) as url:
        yield url, gateway


def token(url: str, gateway: FakeGateway) -> str:
    now = int(datetime.now(UTC).timestamp())
    aud = f"{gateway.settings.base_url}/oauth/token"
    said = {"iss": "pa", "sub": "pa", "aud": aud, "exp": now + 60, "jti": f"j{now}"}
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Task.c",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": jwt.encode({"alg": "ES384", "kid": "k1"}, said, KEY, algorithms=["ES384"]),
    }
    answer = httpx2.post(f"{url}/oauth/token", data=form)
    assert answer.status_code == 200
    return answer.json()["access_token"]


class TestOverHttp:
    def test_nothing_of_a_failure_reaches_the_wire_or_the_servers_log(self, site, caplog, capfd):
        url, _ = site
        with caplog.at_level(logging.DEBUG):
            answer = httpx2.get(f"{url}/inbound/leak")
        assert (answer.status_code, answer.content) == (500, fixed.SERVER_ERROR.body)
        assert CANARY not in caplog.text + "".join(capfd.readouterr()) + str(answer.headers)

    def test_head_and_keep_alive(self, site):
        url, _ = site
        with httpx2.Client() as http:
            head = http.head(f"{url}/fhir/metadata")
            assert (head.status_code, head.content) == (404, b"")
            assert http.get(f"{url}/fhir/metadata").status_code == 200

    def test_a_large_body_is_refused_and_the_server_lives(self, site):
        url, gateway = site
        headers = {"Authorization": f"Bearer {token(url, gateway)}", "Content-Type": "application/fhir+json"}
        answer = httpx2.post(f"{url}/fhir/Task", content=b"x" * 1_000_000, headers=headers)
        assert (answer.status_code, answer.content) == (413, fixed.TOO_LARGE.body)
        assert httpx2.get(f"{url}/health/live").status_code == 200

    def test_a_websocket_is_refused(self, site):
        url, _ = site
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }
        assert httpx2.get(f"{url}/fhir/Task", headers=headers).status_code == 403

    def test_from_a_key_to_an_answer(self, site):
        url, gateway = site
        headers = {"Authorization": f"Bearer {token(url, gateway)}", "Content-Type": "application/fhir+json"}
        told = httpx2.post(f"{url}/fhir/Task", content=orjson.dumps(task()), headers=headers)
        assert (told.status_code, told.json()["status"]) == (202, "received")
        urgent = orjson.dumps(task(purpose=Purpose.EMERGENCY))
        answer = httpx2.post(f"{url}/fhir/Task", content=urgent, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (200, "document")

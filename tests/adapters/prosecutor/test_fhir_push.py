import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from adapters.outbound import Acknowledged, Failed, Outbound
from adapters.prosecutor.fhir_push import EndpointError, FhirPush
from mappings.fhir.bundle import disclosure_bundle, neutral_answer
from tests.adapters.prosecutor.receiving import receiver
from tests.gateway.api.factory import CANARY, disclosure, neutral
from tests.gateway.api.fake import FakeGateway

ORGANIZATIONS = FakeGateway().organizations
BASE = "https://gateway.test"


def push(endpoint: str, **more) -> FhirPush:
    return FhirPush(endpoint, organizations=ORGANIZATIONS, base_url=BASE, **more)


@contextmanager
def answering(status: int, *, delay: float = 0, headers: dict[str, str] | None = None):
    """A recipient that answers everything alike, with a body that nobody should look at."""
    seen: list[dict[str, str]] = []

    class Exchange(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(dict(self.headers))
            time.sleep(delay)
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(CANARY)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(CANARY.encode())

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
    server.handle_error = lambda *args: None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/fhir", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class TestConfiguration:
    @pytest.mark.parametrize(
        "endpoint",
        [
            "",
            "not a url",
            "ftp://pa.test/fhir",
            "https://",
            "https://name:secret@pa.test/fhir",
            "https://pa.test/fhir?key=1",
            "https://pa.test/fhir#x",
            "http://pa.test/fhir",
            "http://10.0.0.1/fhir",
            "http://localhost.pa.test/fhir",
        ],
    )
    def test_refused_endpoints(self, endpoint):
        with pytest.raises(EndpointError, match=r"^`endpoint`"):
            push(endpoint)

    @pytest.mark.parametrize("credential", ["", "a b", "a\r\nX-Evil: 1", "é"])
    def test_refused_credentials(self, credential):
        with pytest.raises(EndpointError, match=r"^`credential`"):
            push("https://pa.test/fhir", credential=credential)

    @pytest.mark.parametrize("endpoint", ["https://pa.test/fhir", "http://127.0.0.1:8099/fhir", "http://localhost/"])
    def test_accepted(self, endpoint):
        assert push(endpoint)

    def test_plain_http_only_on_purpose(self):
        assert push("http://receiver:8099/fhir", plain_http=True)


class TestFails:
    @pytest.mark.parametrize("message", [None, {}, b"{}", "x", disclosure().clearance])
    async def test_only_sealed_values_are_sent(self, message):
        with answering(200) as (url, seen), pytest.raises(TypeError):
            await push(url).send(message, idempotency_key="delivery-1")
        assert seen == []

    @pytest.mark.parametrize("key", ["", "short", "a b c d e f", "x\r\nX-Evil: 1", "x" * 200])
    async def test_keys_out_of_form(self, key):
        with answering(200) as (url, seen), pytest.raises(ValueError, match="`idempotency_key` is out of form"):
            await push(url).send(disclosure(), idempotency_key=key)
        assert seen == []

    @pytest.mark.parametrize(
        ("status", "failed"),
        [
            (301, Failed(retryable=False, cause="redirect")),
            (304, Failed(retryable=False, cause="redirect")),
            (307, Failed(retryable=False, cause="redirect")),
            (400, Failed(retryable=False, cause="http-400")),
            (401, Failed(retryable=False, cause="http-401")),
            (404, Failed(retryable=False, cause="http-404")),
            (422, Failed(retryable=False, cause="http-422")),
            (408, Failed(retryable=True, cause="http-408")),
            (409, Failed(retryable=True, cause="http-409")),
            (429, Failed(retryable=True, cause="http-429")),
            (500, Failed(retryable=True, cause="http-500")),
            (503, Failed(retryable=True, cause="http-503")),
            (599, Failed(retryable=True, cause="http-599")),
            (499, Failed(retryable=False, cause="http-499")),
        ],
    )
    async def test_statuses_become_codes(self, status, failed):
        with answering(status) as (url, _):
            assert await push(url).send(disclosure(), idempotency_key="delivery-1") == failed

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({}, None),
            ({"Retry-After": "120"}, 120.0),
            ({"Retry-After": "soon"}, None),
            ({"Retry-After": "-5"}, None),
            ({"Retry-After": "1e9"}, None),
            ({"Retry-After": "Tue, 24 Nov 2026 20:10:00 GMT", "Date": "Tue, 24 Nov 2026 20:00:00 GMT"}, 600.0),
            ({"Retry-After": "Tue, 24 Nov 2026 19:00:00 GMT", "Date": "Tue, 24 Nov 2026 20:00:00 GMT"}, 0.0),
            ({"Retry-After": "Tue, 24 Nov 2026 20:10:00 GMT"}, None),  # no date to count from: no clock of ours
        ],
    )
    async def test_a_recipient_that_wants_to_be_left_alone(self, headers, seconds):
        with answering(503, headers=headers) as (url, _):
            answer = await push(url).send(disclosure(), idempotency_key="delivery-1")
        assert answer == Failed(retryable=True, cause="http-503", retry_after=seconds)

    async def test_no_first_byte_after_its_time(self, monkeypatch):
        """A server that takes the connection and never shakes hands: nothing may leave much later than decided."""
        monkeypatch.setattr("adapters.attempts.FIRST_BYTE_SECONDS", 0.2)
        listening = socket.create_server(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
        start = time.monotonic()
        answer = await push(url).send(disclosure(), idempotency_key="delivery-1", timeout=5)
        listening.close()
        assert answer == Failed(retryable=True, cause="timeout")
        assert answer.first_byte is None
        assert time.monotonic() - start < 2

    async def test_a_redirect_is_not_followed(self):
        with answering(200) as (elsewhere, seen), answering(307, headers={"Location": elsewhere}) as (url, _):
            answer = await push(url).send(disclosure(), idempotency_key="delivery-1")
        assert answer == Failed(retryable=False, cause="redirect")
        assert seen == []

    async def test_a_slow_recipient(self):
        start = time.monotonic()
        with answering(200, delay=0.6) as (url, _):
            answer = await push(url).send(disclosure(), idempotency_key="delivery-1", timeout=0.2)
            took = time.monotonic() - start
        assert answer == Failed(retryable=True, cause="timeout")
        assert took < 0.5

    async def test_a_recipient_that_drips(self):
        """Each byte comes in time, the whole never does: the bound is on the attempt, not on its parts."""
        listening = socket.create_server(("127.0.0.1", 0))

        def drip():
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                for _ in range(20):
                    time.sleep(0.1)
                    connection.sendall(b"X: y\r\n")

        thread = threading.Thread(target=drip)
        thread.start()
        start = time.monotonic()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        answer = await push(url).send(disclosure(), idempotency_key="delivery-1", timeout=0.3)
        took = time.monotonic() - start
        thread.join()
        listening.close()
        assert answer == Failed(retryable=True, cause="timeout")
        assert took < 0.8

    async def test_nobody_there(self):
        with answering(200) as (url, _):
            pass
        answer = await push(url).send(disclosure(), idempotency_key="delivery-1")
        assert answer == Failed(retryable=True, cause="connect")

    async def test_no_tls_where_tls_is_promised(self):
        with answering(200) as (url, seen):
            answer = await push(url.replace("http:", "https:")).send(disclosure(), idempotency_key="delivery-1")
        assert answer == Failed(retryable=True, cause="tls")
        assert seen == []

    async def test_proxies_of_the_environment_are_not_used(self, monkeypatch):
        with answering(200) as (proxy, seen), answering(201) as (url, _):
            monkeypatch.setenv("HTTP_PROXY", proxy)
            monkeypatch.setenv("ALL_PROXY", proxy)
            assert await push(url).send(disclosure(), idempotency_key="delivery-1") == Acknowledged(201)
        assert seen == []


class TestKeepsOpen:
    async def test_a_connection_is_used_again_and_given_back(self, tmp_path):
        with receiver(tmp_path) as running:
            door = push(f"{running.url}/fhir", keep_open=True)
            first = await door.send(disclosure("prosecutor"), idempotency_key="delivery-1")
            second = await door.send(disclosure("prosecutor"), idempotency_key="delivery-1")
            await door.close()
        assert (first, second) == (Acknowledged(201), Acknowledged(200))
        assert second.first_byte is not None


class TestSends:
    @pytest.mark.parametrize("status", [200, 201, 202, 204])
    async def test_acknowledged(self, status):
        with answering(status) as (url, seen):
            door: Outbound = push(url, credential="abc.def")
            assert await door.send(disclosure(), idempotency_key="delivery-1") == Acknowledged(status)
        (headers,) = seen
        assert headers["Idempotency-Key"] == "delivery-1"
        assert headers["Authorization"] == "Bearer abc.def"
        assert headers["Content-Type"].startswith("application/fhir+json")

    async def test_the_receiver_has_the_rendered_bundle_once(self, tmp_path):
        with receiver(tmp_path) as running:
            door = push(f"{running.url}/fhir")
            sealed = disclosure("prosecutor")
            assert await door.send(sealed, idempotency_key="delivery-1") == Acknowledged(201)
            assert await door.send(sealed, idempotency_key="delivery-1") == Acknowledged(200)
            assert await door.send(neutral("prosecutor"), idempotency_key="delivery-2") == Acknowledged(201)
            first, second = running.received()
        rendered = disclosure_bundle(sealed, organizations=ORGANIZATIONS, base_url=BASE, at=sealed.at)
        assert first["bundle"] == json.loads(json.dumps(rendered))
        assert second["bundle"] == neutral_answer(neutral("prosecutor"))

"""Keys by address: what is not called, what is not believed, and that the address judged is the address called."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from adapters.key_sets import LARGEST, MOST_KEYS, KeySetError, KeySetFetch, read_key_set
from adapters.smart_client import new_key, public_part
from tests.gateway.tls import self_signed

PRIVATE = new_key()
PUBLIC = public_part(PRIVATE)
SET = json.dumps({"keys": [PUBLIC]}).encode()
NAME = "localhost"


class Partner:
    """A partner's server: what it answers, and what it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.delay = 200, SET, 0.0
        self.headers: dict[str, str] = {}
        self.asked: list[dict[str, str]] = []
        self.url = ""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trust(pair: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pair[0]))


@contextmanager
def serving(pair: tuple[Path, Path]) -> Iterator[Partner]:
    partner = Partner()

    class Exchange(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            partner.asked.append({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}})
            time.sleep(partner.delay)
            self.send_response_only(partner.status)
            for name, value in ({"Content-Length": str(len(partner.body))} | partner.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(partner.body)

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Refused handshakes are part of the test."""

    server = Quiet(("127.0.0.1", 0), Exchange)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    partner.url = f"https://{NAME}:{server.server_port}/jwks.json"
    try:
        yield partner
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def partner(pair: tuple[Path, Path]) -> Iterator[Partner]:
    with serving(pair) as made:
        yield made


async def refused(fetch: KeySetFetch, uri: str) -> str:
    with pytest.raises(KeySetError) as caught:
        await fetch.fetch(uri)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value.code


class TestWhatIsNotCalled:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
    async def test_this_machine_by_any_name(self, partner: Partner, trust: ssl.SSLContext, host: str) -> None:
        code = await refused(KeySetFetch(tls=trust), partner.url.replace(NAME, host))
        assert code in {"address-private", "address-form", "address-unknown"}
        assert partner.asked == []

    @pytest.mark.parametrize(
        "uri",
        [
            "https://169.254.169.254/latest/meta-data/",
            "https://10.0.0.1/jwks.json",
            "https://192.168.1.1/jwks.json",
            "https://[fe80::1]/jwks.json",
            "https://[fc00::1]/jwks.json",
            "https://[64:ff9b::7f00:1]/jwks.json",
            "https://0.0.0.0/jwks.json",
            "https://100.64.0.1/jwks.json",
        ],
    )
    async def test_networks_that_only_we_reach(self, uri: str) -> None:
        assert await refused(KeySetFetch(), uri) == "address-private"

    @pytest.mark.parametrize(
        "uri",
        ["", "jwks.json", "file:///etc/passwd", "ftp://keys.example.org/k", "https://a:b@keys.example.org/k"],
    )
    async def test_what_is_no_https_address(self, uri: str) -> None:
        assert await refused(KeySetFetch(), uri) in {"address-form", "address-https"}

    async def test_plain_http(self) -> None:
        assert await refused(KeySetFetch(), "http://keys.example.org/jwks.json") == "address-https"

    async def test_one_private_address_among_public_ones(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("93.184.215.14", "10.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert await refused(KeySetFetch(), "https://keys.example.org/jwks.json") == "address-private"

    async def test_a_redirect_is_not_followed(self, partner: Partner, trust: ssl.SSLContext) -> None:
        partner.status, partner.headers = 302, {"Location": partner.url.replace("jwks", "other")}
        assert await refused(KeySetFetch(private=True, tls=trust), partner.url) == "status"
        assert [each["path"] for each in partner.asked] == ["/jwks.json"]


class TestWhatIsNotBelieved:
    async def test_a_certificate_of_nobody(self, partner: Partner) -> None:
        assert await refused(KeySetFetch(private=True), partner.url) == "transport"
        assert partner.asked == []

    async def test_a_name_that_the_certificate_lacks(
        self, partner: Partner, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        port = int(partner.url.rpartition(":")[2].partition("/")[0])
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        fetch = KeySetFetch(private=True, tls=trust)
        assert await refused(fetch, partner.url.replace(NAME, "other.example.org")) == "transport"
        assert partner.asked == []

    @pytest.mark.parametrize("headers", [{}, {"Content-Length": "10"}, {"Content-Encoding": "gzip"}])
    async def test_too_much_or_packed(self, partner: Partner, trust: ssl.SSLContext, headers: dict[str, str]) -> None:
        partner.body, partner.headers = b" " * (LARGEST + 1), headers
        code = await refused(KeySetFetch(private=True, tls=trust), partner.url)
        assert code in {"too-large", "not-json", "encoding"}

    async def test_too_slow(self, partner: Partner, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("adapters.key_sets.FETCH_SECONDS", 0.2)
        partner.delay = 0.5
        assert await refused(KeySetFetch(private=True, tls=trust), partner.url) == "timeout"

    async def test_another_status(self, partner: Partner, trust: ssl.SSLContext) -> None:
        partner.status = 404
        assert await refused(KeySetFetch(private=True, tls=trust), partner.url) == "status"

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"", "not-json"),
            (b"[" * 60_000, "not-json"),
            (b"[]", "form"),
            (b'{"keys": {}}', "form"),
            (b'{"keys": [1]}', "form"),
            (b'{"keys": []}', "empty"),
            (json.dumps({"keys": [PUBLIC] * (MOST_KEYS + 1)}).encode(), "form"),
            (json.dumps({"keys": [PUBLIC, PRIVATE]}).encode(), "private-key"),
            (b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "s"}]}', "private-key"),
            (json.dumps({"keys": [{k: v for k, v in PUBLIC.items() if k != "kid"}]}).encode(), "empty"),
            (b'{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "o"}]}', "empty"),
        ],
    )
    def test_what_is_no_set_of_public_keys(self, body: bytes, code: str) -> None:
        with pytest.raises(KeySetError) as caught:
            read_key_set(body)
        assert caught.value.code == code


class TestFetched:
    async def test_the_public_members_of_the_keys(self, partner: Partner, trust: ssl.SSLContext) -> None:
        partner.body = json.dumps(
            {"keys": [{**PUBLIC, "x5c": ["AA"], "ext": True}, {"kty": "OKP", "kid": "o"}]}
        ).encode()
        found = await KeySetFetch(private=True, tls=trust).fetch(partner.url)
        assert found == {"keys": [PUBLIC]}
        assert partner.asked[0]["host"] == partner.url.split("/")[2]
        assert "authorization" not in partner.asked[0]

    async def test_the_name_is_looked_up_once_and_the_address_found_is_called(
        self, partner: Partner, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked: list[str] = []
        real = socket.getaddrinfo

        def rebinding(host: str, *more: Any, **named: Any) -> Any:
            if host != NAME:
                return real(host, *more, **named)
            looked.append(host)
            ip = "127.0.0.1" if len(looked) == 1 else "10.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 0))]

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        await KeySetFetch(private=True, tls=trust).fetch(partner.url)
        assert looked == [NAME]

"""Mutual TLS and two programs on one site, over real connections: what one refuses, the other refuses too."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.smart_client import ASSERTION_TYPE, SmartClient, new_key, public_part
from gateway import registering
from gateway.certificates import thumbprint
from gateway.demo.site import PROSECUTOR
from gateway.demo.site_record import HOSPITAL
from gateway.leaving import leave
from gateway.program import utc_now
from gateway.registering import Credentials, Wish
from gateway.serving import server
from gateway.store.places import Places
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.second import composed
from tests.gateway.site import Scene, opened_scene
from tests.gateway.tls import self_signed


@dataclass
class Systems:
    """Two programs of one site, their addresses, and whom a partner's system trusts."""

    scene: Scene
    urls: tuple[str, str]
    ca: Path
    ours: tuple[Path, Path]
    theirs: tuple[Path, Path]
    jwk: dict[str, Any]

    def http(self, pair: tuple[Path, Path] | None) -> httpx2.AsyncClient:
        context = ssl.create_default_context(cafile=str(self.ca))
        if pair is not None:
            context.load_cert_chain(*pair)
        return httpx2.AsyncClient(verify=context, trust_env=False)

    async def register(self, name: str, organization: str, pair: tuple[Path, Path] | None) -> None:
        shown = None if pair is None else thumbprint(_der(pair[0]))
        keys = Credentials({"keys": [public_part(self.jwk)]}, thumbprint=shown)
        wish = Wish(organization, keys, ("system/Task.c",), client_id=name)
        await registering.register(self.scene.store, wish, by="privacy", at=self.scene.clock())

    def form(self, name: str, url: str) -> dict[str, str]:
        system = SmartClient(httpx2.AsyncClient(), token_url=f"{url}/oauth/token", client_id=name, jwk=self.jwk)
        return {
            "grant_type": "client_credentials",
            "scope": "system/Task.c",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": system.assertion(self.scene.clock()),
        }

    async def token(self, name: str, pair: tuple[Path, Path] | None = None, **headers: str) -> httpx2.Response:
        async with self.http(pair) as http:
            url = self.urls[0]
            return await http.post(f"{url}/oauth/token", data=self.form(name, BASE), headers=headers)

    async def use(self, token: str, pair: tuple[Path, Path] | None = None, **headers: str) -> list[int]:
        """Show a token to both programs: 400 where it is worth something, because the Task is none."""
        async with self.http(pair) as http:
            bearer = {"Authorization": f"Bearer {token}", **headers}
            calls = (http.post(f"{url}/fhir/Task", json={}, headers=bearer) for url in self.urls)
            return [answer.status_code for answer in await asyncio.gather(*calls)]


BASE = "https://gateway.test"


def _der(path: Path) -> bytes:
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)


def issued(folder: Path, name: str, ca: tuple[Path, Path]) -> tuple[Path, Path]:
    """A certificate for a partner's system, vouched for by the CA."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    above = x509.load_pem_x509_certificate(ca[0].read_bytes())
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415  -- one line

    signer = load_pem_private_key(ca[1].read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(above.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(signer, hashes.SHA256())
    )
    pair = folder / f"{name}.pem", folder / f"{name}.key"
    pair[0].write_bytes(made.public_bytes(Encoding.PEM))
    pair[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return pair


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def served(program: Any, urls: DatabaseUrls, pair: tuple[Path, Path]) -> AsyncIterator[str]:
    port, places = free_port(), Places(urls.data, urls.keys, None, None)
    tls = {"ssl_certfile": pair[0], "ssl_keyfile": pair[1], "ssl_ca_certs": pair[0]}
    http = server(program, places, host="127.0.0.1", port=port, worker=False, **tls)
    running = asyncio.create_task(http.serve())
    while not http.started:  # noqa: ASYNC110  -- uvicorn has no event for it
        await asyncio.sleep(0.02)
    try:
        yield f"https://localhost:{port}"
    finally:
        http.should_exit = True
        await running


@pytest.fixture
async def systems(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Systems]:
    pair = self_signed(tmp_path)
    async with opened_scene(tmp_path / "site", database_urls, base_url=BASE) as scene:
        scene.clock.at = utc_now()
        async with (
            composed(tmp_path / "other", database_urls, scene.clock, base_url=BASE) as other,
            served(scene.program, database_urls, pair) as one_url,
            served(other, database_urls, pair) as other_url,
        ):
            ours, theirs = (issued(tmp_path, name, pair) for name in ("ours", "theirs"))
            yield Systems(scene, (one_url, other_url), pair[0], ours, theirs, new_key())


async def test_a_token_is_worth_something_only_with_its_certificate(systems: Systems) -> None:
    await systems.register("bound", HOSPITAL, systems.ours)
    forged = {"Client-Cert": ":AAAA:"}
    for pair in (None, systems.theirs):
        assert (await systems.token("bound", pair)).status_code == 401
    assert (await systems.token("bound", None, **forged)).status_code == 401
    answer = await systems.token("bound", systems.ours)
    assert answer.status_code == 200
    token = answer.json()["access_token"]
    for pair in (None, systems.theirs):
        assert await systems.use(token, pair) == [401, 401]
    assert await systems.use(token, systems.ours) == [400, 400]


async def test_what_one_program_has_seen_the_other_refuses(systems: Systems) -> None:
    await systems.register("pa", PROSECUTOR, None)
    await systems.register("lakeside", HOSPITAL, None)
    form = systems.form("pa", BASE)
    async with systems.http(None) as http:
        both = [http.post(f"{url}/oauth/token", data=form) for url in systems.urls for _ in range(3)]
        assert sorted(answer.status_code for answer in await asyncio.gather(*both)) == [200] + [401] * 5
    tokens = [(await systems.token(name)).json()["access_token"] for name in ("pa", "lakeside")]
    assert [await systems.use(token) for token in tokens] == [[400, 400]] * 2
    await registering.disable(systems.scene.store, "pa", by="privacy", at=systems.scene.clock())
    assert [await systems.use(token) for token in tokens] == [[401, 401], [400, 400]]
    assert (await systems.token("pa")).status_code == 401
    await leave(systems.scene.store, HOSPITAL, at=systems.scene.clock())
    assert await systems.use(tokens[1]) == [401, 401]
    assert (await systems.token("lakeside")).status_code == 401

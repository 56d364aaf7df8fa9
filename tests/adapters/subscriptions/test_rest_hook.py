"""The door to a subscriber: takes what is sealed, or a signal that can say nothing; calls no address of ours."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters import addresses
from adapters.outbound import Acknowledged, Failed
from adapters.subscriptions.rest_hook import RestHook, Signal, SignalError
from mappings.fhir.notification import EVENT, HANDSHAKE
from mappings.fhir.subscription import Content, Shown, Topic, Wanted
from tests.gateway.api.factory import CANARY, disclosure, neutral
from tests.gateway.telling.stage import receiving
from tests.gateway.tls import self_signed

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = "018f5f3e-0000-7000-8000-000000000003"
ID = "018f5f3e-0000-7000-8000-0000000000bb"


def hook(endpoint: str, *, private: bool = True, content: Content = Content.ID_ONLY, **more: Any) -> RestHook:
    shown = Shown(ID, "active", Wanted(Topic.ANSWER, endpoint, content))
    return RestHook(
        shown, recipient="hospital", named=str, base_url="https://gateway.test", at=NOW, private=private, **more
    )


class TestRefuses:
    async def test_what_is_for_somebody_else_or_not_an_event(self) -> None:
        door = hook("http://127.0.0.1:1/x")
        with pytest.raises(TypeError):
            await door.send(disclosure("prosecutor"), idempotency_key=KEY)
        with pytest.raises(TypeError):
            await door.send(neutral(), idempotency_key=KEY)
        with pytest.raises(TypeError):
            await door.tell(Signal("prosecutor", HANDSHAKE), idempotency_key=KEY)
        with pytest.raises(ValueError, match="idempotency_key"):
            await door.tell(Signal("hospital", HANDSHAKE), idempotency_key="a b")

    @pytest.mark.parametrize(
        "said", [("whatever", None), (HANDSHAKE, ID), (EVENT, None), (EVENT, "Ray Alder"), (EVENT, f"{ID}\n")]
    )
    def test_a_signal_that_says_more(self, said: tuple[str, str | None]) -> None:
        with pytest.raises(SignalError):
            Signal("hospital", *said)

    async def test_addresses_of_ours(self) -> None:
        with receiving() as receiver:
            for endpoint in (receiver.url, receiver.url.replace("http", "https"), "https://localhost:1/x"):
                told = await hook(endpoint, private=False).tell(Signal("hospital", HANDSHAKE), idempotency_key=KEY)
                assert told == Failed(retryable=True, cause="address")
            assert receiver.bundles == []

    async def test_a_redirect(self) -> None:
        with receiving() as receiver:
            receiver.statuses = [307]
            told = await hook(receiver.url).tell(Signal("hospital", HANDSHAKE), idempotency_key=KEY)
            assert told == Failed(retryable=False, cause="redirect")
            assert len(receiver.bundles) == 1

    async def test_a_name_that_answers_otherwise_the_second_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """DNS rebinding: what was judged is what is called, and nothing is looked up again."""
        calls = []

        async def look_up(host: str, port: int) -> list:
            calls.append(host)
            return [addresses.ip_address("203.0.114.9")]

        monkeypatch.setattr(addresses, "_addresses", look_up)
        seen = []

        async def connect(*given: Any, **_: Any) -> Any:
            seen.append(given[1] if len(given) > 1 else None)
            raise OSError

        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", connect)
        told = await hook("https://a.test/x", private=False).tell(Signal("hospital", HANDSHAKE), idempotency_key=KEY)
        assert isinstance(told, Failed)
        assert calls == ["a.test"]
        assert "a.test" not in str(seen)


class TestTells:
    @pytest.mark.parametrize("content", [Content.EMPTY, Content.ID_ONLY])
    async def test_no_more_than_was_wanted(self, content: Content) -> None:
        with receiving() as receiver:
            door = hook(receiver.url, content=content)
            assert await door.tell(Signal("hospital", EVENT, ID), idempotency_key=KEY) == Acknowledged(200)
            assert await door.send(disclosure(), idempotency_key=KEY) == Acknowledged(200)
            assert CANARY not in str(receiver.bundles)
            named = [f"https://gateway.test/fhir/Task/{ID}", "https://gateway.test/fhir/MedicationStatement/i1"]
            assert receiver.focuses == ([None, None] if content is Content.EMPTY else named)
            assert [headers["Idempotency-Key"] for headers in receiver.headers] == [KEY, KEY]


class TestTls:
    async def test_the_name_is_checked_though_the_number_is_called(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cert, key = self_signed(tmp_path)
        served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        served.load_cert_chain(cert, key)
        trusted = ssl.create_default_context(cafile=str(cert))
        with receiving(served) as receiver:
            port = receiver.url.rpartition(":")[2]
            good = hook(f"https://localhost:{port}", verify=trusted)
            assert await good.tell(Signal("hospital", HANDSHAKE), idempotency_key=KEY) == Acknowledged(200)
            assert receiver.headers[0]["Host"] == f"localhost:{port.removesuffix('/hook')}"

            async def here(host: str, port: int) -> list:
                return [addresses.ip_address("127.0.0.1")]

            monkeypatch.setattr(addresses, "_addresses", here)
            for door in (hook(f"https://other.test:{port}", verify=trusted), hook(f"https://localhost:{port}")):
                told = await door.tell(Signal("hospital", HANDSHAKE), idempotency_key=KEY)
                assert told == Failed(retryable=True, cause="tls")

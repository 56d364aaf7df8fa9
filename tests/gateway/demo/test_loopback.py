"""The demo answers this machine alone: no foreign Host, nothing forwarded."""

from typing import Any

import pytest

from gateway.demo.loopback import Loopback

Header = tuple[bytes, bytes]
HERE: Header = (b"host", b"127.0.0.1:8470")


async def asked(headers: list[Header], kind: str = "http") -> list[Any]:
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send("through")

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    await Loopback(app, 8470)({"type": kind, "headers": headers}, receive, send)
    return sent


class TestRefused:
    @pytest.mark.parametrize(
        "headers",
        [
            [],
            [(b"host", b"evil.example")],
            [(b"host", b"evil.example:8470")],
            [(b"host", b"127.0.0.1")],
            [(b"host", b"127.0.0.1:8471")],
            [(b"host", b"127.0.0.1:8470.evil.example")],
            [HERE, (b"host", b"evil.example")],
            [HERE, (b"forwarded", b"for=10.0.0.1")],
            [HERE, (b"x-forwarded-for", b"127.0.0.1")],
            [HERE, (b"x-forwarded-host", b"127.0.0.1:8470")],
            [HERE, (b"x-real-ip", b"127.0.0.1")],
            [HERE, (b"via", b"1.1 proxy")],
        ],
    )
    async def test_with_a_constant(self, headers: list[Header]) -> None:
        start, body = await asked(headers)
        assert (start["status"], body["body"]) == (421, b"")
        assert await asked(headers, "websocket") == [{"type": "websocket.close", "code": 1008}]


class TestPassedOn:
    @pytest.mark.parametrize("host", [b"127.0.0.1:8470", b"localhost:8470", b"LocalHost:8470"])
    async def test_this_machine(self, host: bytes) -> None:
        assert await asked([(b"host", host), (b"accept", b"*/*")]) == ["through"]

    async def test_the_lifespan(self) -> None:
        assert await asked([], "lifespan") == ["through"]

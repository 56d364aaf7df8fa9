"""Whether an endpoint can be reached: nothing is sent, and nothing that goes wrong is raised."""

import asyncio

import pytest

from adapters.reaching import NotReached, Reached, reach


@pytest.mark.parametrize(
    ("endpoint", "cause"),
    [
        ("not an address", "address"),
        ("ftp://partner.example/in", "address"),
        ("https://name:word@partner.example/in", "address"),
        ("http://partner.example/in", "plain-http"),
        ("http://127.0.0.1:9/in", "connect"),
    ],
)
async def test_what_cannot_be_reached(endpoint: str, cause: str) -> None:
    assert await reach(endpoint) == NotReached(cause)


async def _listener(answer: bytes) -> tuple[asyncio.Server, asyncio.Queue[bytes], int]:
    received: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer:
            writer.write(answer)
        await received.put(await reader.read())
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    return server, received, server.sockets[0].getsockname()[1]


async def test_it_connects_and_hangs_up_without_a_byte() -> None:
    server, received, port = await _listener(b"")
    found = await reach(f"http://127.0.0.1:{port}/in")
    assert isinstance(found, Reached)
    assert (found.tls, found.certificate_until) == (None, None)
    assert await asyncio.wait_for(received.get(), 5) == b""
    server.close()


async def test_what_speaks_no_tls_is_said_so() -> None:
    server, _, port = await _listener(b"no tls here\r\n\r\n")
    assert await reach(f"https://127.0.0.1:{port}/in") == NotReached("tls")
    server.close()


async def test_what_never_answers_takes_so_long_and_no_longer() -> None:
    server, _, port = await _listener(b"")
    assert await reach(f"https://127.0.0.1:{port}/in", seconds=0.2) == NotReached("timeout")
    server.close()

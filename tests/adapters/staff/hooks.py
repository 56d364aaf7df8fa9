"""A webhook inside the test's own loop, which remembers every byte that it was sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def hook(status: int) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answer every request with a status, with 0 never."""
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length")
        )
        seen.append(head + await reader.readexactly(length))
        if status:
            writer.write(
                f"HTTP/1.1 {status} X\r\nLocation: /else\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
            )
            await writer.drain()
        else:
            await asyncio.sleep(0.6)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", seen
    finally:
        server.close()

"""A recipient behind a bad line: what is sent to it is dropped, delayed, doubled, overtaken, refused, or arrives.

It honours idempotency keys, and remembers everything that came over the line: when, under which key, which bytes.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Final

import orjson

_ANSWER: Final = b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n"
LINES: Final = ("lost", "unanswered", "late", "doubled", "overtaken", "refused", "too late")


@dataclass(frozen=True)
class Arrival:
    """One attempt as it came. `at`: seconds since the epoch, at its first bytes."""

    key: str
    at: float
    digest: str
    line: str


@dataclass
class Wire:
    """The line and whoever is at its end. `odds`: how bad the line is for a key, and whose dice are thrown."""

    odds: dict[str, tuple[Random, float]] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)
    """What was taken, by what the message itself says that it answers -> under which keys. Two keys: sent twice."""
    _next: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                first = await reader.readexactly(1)
                at = time.time()
                head = (first + await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
                fields = dict(line.split(b": ", 1) for line in head[1:] if line)
                body = await reader.readexactly(int(fields[b"content-length"]))
                status = await self._carry(fields[b"idempotency-key"].decode(), at, body)
                if status is None:
                    break
                writer.write(_ANSWER % status)
                await writer.drain()
        writer.close()

    async def _carry(self, key: str, at: float, body: bytes) -> int | None:
        """The status that the sender gets to see; None: the line goes dead."""
        dice, odds = self.odds.get(key, (Random(0), 0.0))  # noqa: S311  -- dice of a test, no secret
        line, digest = dice.choice(LINES) if dice.random() < odds else "good", sha256(body).hexdigest()
        self.arrivals.append(Arrival(key, at, digest, line))
        overtaking, self._next = self._next, asyncio.Event()
        overtaking.set()
        if line == "lost":
            return None
        if line == "refused":
            return 503
        if line == "late":
            await asyncio.sleep(dice.uniform(0.02, 0.3))
        if line == "overtaken":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._next.wait(), 0.3)
        new = self._take(key, digest, body)
        if line == "doubled":
            self._take(key, digest, body)
        if line == "too late":
            await asyncio.sleep(1.2)
        return None if line == "unanswered" else 201 if new else 200

    def _take(self, key: str, digest: str, body: bytes) -> bool:
        self.names.setdefault(orjson.loads(body).get("identifier", {}).get("value", ""), set()).add(key)
        if key in self.kept:
            return False
        self.kept[key] = digest
        return True

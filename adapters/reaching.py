"""Tries whether a registered endpoint can be reached: a connection, TLS, and nothing else. Not one byte about anybody.

Nothing is asked of the other side: an endpoint takes messages about people, and there is none to send. So this tells
that the address answers and that its certificate is good, not that it takes what it will be sent.
"""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx2

from adapters.staff.webhook import is_loopback

SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Reached:
    """It answers. `milliseconds`: until the connection stood; `tls`: its version, None for plain HTTP on this machine.

    `certificate_until`: the last moment of its certificate (UTC), where there is one.
    """

    milliseconds: int
    tls: str | None
    certificate_until: datetime | None


@dataclass(frozen=True, slots=True)
class NotReached:
    """It does not. `cause`: address, plain-http, tls, timeout or connect; never a text that somebody else wrote."""

    cause: str


async def reach(endpoint: str, *, seconds: float = SECONDS, tls: ssl.SSLContext | None = None) -> Reached | NotReached:
    """Connect and hang up, within `seconds`. Never raises for what the network or the other side does."""
    url = _address(endpoint)
    if isinstance(url, NotReached):
        return url
    verify = (ssl.create_default_context() if tls is None else tls) if url.scheme == "https" else None
    try:
        async with asyncio.timeout(seconds):
            return await _connected(url, verify)
    except TimeoutError:
        return NotReached("timeout")
    except ssl.SSLError:
        return NotReached("tls")
    except (OSError, UnicodeError):
        return NotReached("connect")


def _address(endpoint: str) -> httpx2.URL | NotReached:
    try:
        url = httpx2.URL(endpoint)
    except (httpx2.InvalidURL, TypeError):
        return NotReached("address")
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo:
        return NotReached("address")
    return url if url.scheme == "https" or is_loopback(url.host) else NotReached("plain-http")


async def _connected(url: httpx2.URL, verify: ssl.SSLContext | None) -> Reached:
    loop = asyncio.get_running_loop()
    began, port = loop.time(), url.port or (80 if verify is None else 443)
    _, writer = await asyncio.open_connection(url.host, port, ssl=verify)
    taken = round((loop.time() - began) * 1000)
    secured: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    try:
        return Reached(taken, None if secured is None else secured.version(), _until(secured))
    finally:
        writer.close()


def _until(secured: ssl.SSLObject | None) -> datetime | None:
    shown = None if secured is None else secured.getpeercert()
    last = None if not shown else shown.get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(last), UTC) if isinstance(last, str) else None

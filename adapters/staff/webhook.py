"""Tells staff by a webhook of theirs: one JSON object with one text, as chat systems take it."""

import asyncio
import ssl
from datetime import datetime
from http import HTTPStatus
from ipaddress import ip_address

import httpx2
import orjson

from adapters.staff.nudge import WORDS, ContactError, NotTold, Told


def checked_webhook(address: str) -> str:
    """Give a webhook's URL back. Raises ContactError unless it is https, or http toward this machine itself."""
    try:
        url = httpx2.URL(address)
    except (httpx2.InvalidURL, TypeError):
        raise ContactError("`ADDRESS`: must be a URL") from None
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or url.fragment:
        raise ContactError("`ADDRESS`: must be an https URL without name, password or fragment")
    if url.scheme == "http" and not is_loopback(url.host):
        raise ContactError("`ADDRESS`: must use https beyond this machine")
    return address


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Webhook:
    """Any webhook; implements adapters.staff.nudge.Nudge. No proxy of the environment, no redirect is followed."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = ssl.create_default_context() if tls is None else tls

    async def tell(self, address: str, console: str, at: datetime, *, seconds: float = 10.0) -> Told | NotTold:  # noqa: ARG002  -- a webhook's server dates the message
        """POST `{"text": ...}` with nothing in it but the words and the console's address."""
        body = orjson.dumps({"text": f"{WORDS}\n{console}"})
        try:
            async with asyncio.timeout(seconds):
                status = await self._post(checked_webhook(address), body, seconds)
        except httpx2.ConnectError:
            return NotTold("connect", perhaps=False)
        except (TimeoutError, httpx2.HTTPError, httpx2.StreamError, OSError):
            return NotTold("no-answer", perhaps=True)
        done = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        return Told() if done else NotTold(f"http-{status}", perhaps=status >= HTTPStatus.INTERNAL_SERVER_ERROR)

    async def _post(self, url: str, body: bytes, seconds: float) -> int:
        """Give the status; what the other side writes is never read."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        client = httpx2.AsyncClient(verify=self._tls, timeout=seconds, follow_redirects=False, trust_env=False)
        async with client, client.stream("POST", url, content=body, headers=headers) as answer:
            return answer.status_code

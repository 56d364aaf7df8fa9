"""One attempt at a recipient's HTTP endpoint: its clock, and what its answer means."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

from adapters.outbound import Acknowledged, Failed

FIRST_BYTE_SECONDS: Final = 1.2
"""Where no byte has left for so long, none leaves any more: a new decision comes first (design.md 3, two seconds)."""

_RETRYABLE: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
_SECONDS: Final = re.compile(r"\d{1,9}")
_SUCCESS: Final = 2
_REDIRECTION: Final = 3
_SERVER_FAULT: Final = 5


class Attempt:
    """The clock of one attempt: so long until the first byte leaves, so long for the whole."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began = asyncio.get_running_loop().time()
        self._limit: asyncio.Timeout | None = None
        self.first_byte: float | None = None

    @asynccontextmanager
    async def limited(self) -> AsyncIterator[None]:
        """Raise TimeoutError where it takes too long."""
        async with asyncio.timeout_at(self._began + min(self._seconds, FIRST_BYTE_SECONDS)) as self._limit:
            yield

    async def trace(self, event: str, _info: Mapping[str, Any]) -> None:
        """Hear from the HTTP client how far it is: from its first byte on, the whole attempt's bound holds."""
        if event.endswith("send_request_headers.started") and self._limit is not None:
            self.first_byte = asyncio.get_running_loop().time() - self._began
            self._limit.reschedule(self._began + self._seconds)


def is_tls(error: BaseException) -> bool:
    """Say whether a connection failed by TLS."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def judged(status: int, wished: float | None, first_byte: float | None) -> Acknowledged | Failed:
    """Read a status: 2xx is an acknowledgement, a redirect is never followed, 5xx and a few others may be retried."""
    family = status // 100
    if family == _SUCCESS:
        return Acknowledged(status, first_byte)
    if family == _REDIRECTION:
        return Failed(retryable=False, cause="redirect", first_byte=first_byte)
    retryable = family == _SERVER_FAULT or status in _RETRYABLE
    return Failed(
        retryable=retryable,
        cause=f"http-{status}",
        retry_after=wished if retryable else None,
        first_byte=first_byte,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After (RFC 9110 section 10.2.3): seconds, or a date, which counts from the answer's own `Date`."""
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    until, sent = _date(value), _date(headers.get("date", ""))
    return None if until is None or sent is None else max((until - sent).total_seconds(), 0.0)


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # whatever a recipient writes there, its attempt is judged
        return None
    return found if found.tzinfo is not None else None  # `-0000`: no date of HTTP's

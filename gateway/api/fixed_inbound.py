"""The constant answers to feeds that sign their messages; as gateway/api/fixed.py has the others."""

from http import HTTPStatus
from typing import Final

from gateway.api.fixed import _PLAIN_JSON, _departure
from gateway.exit import Departure

_S: Final = HTTPStatus


def _error(name: str, status: HTTPStatus, text: str, seconds: bytes | None = None) -> Departure:
    extra = () if seconds is None else ((b"retry-after", seconds),)
    return _departure(name, status, {"error": text}, _PLAIN_JSON, extra)


STORED: Final = _departure("feed-stored", _S.ACCEPTED, {"stored": True}, _PLAIN_JSON)
"""To every message that is believed, readable or not, about participants or not: nobody learns who is one."""
UNSIGNED: Final = _error("feed-unsigned", _S.UNAUTHORIZED, "a valid signature of these minutes is required")
EMPTY: Final = _error("feed-empty", _S.BAD_REQUEST, "the body must not be empty")
TOO_LARGE: Final = _error("feed-too-large", _S.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
TOO_MANY: Final = _error("feed-too-many", _S.TOO_MANY_REQUESTS, "too many requests, slow down", b"10")
PAUSED: Final = _error("feed-paused", _S.SERVICE_UNAVAILABLE, "this feed is paused", b"3600")

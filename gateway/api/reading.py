"""Reading a request body: bounded, of a known type, as strict JSON. Refusals are constants."""

import json
from collections.abc import Iterable
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request

from gateway.api import fixed
from gateway.exit import Departure

_JSON_TYPES: Final = frozenset({"application/fhir+json", "application/json"})
DEEPEST: Final = 64
_CHARSETS: Final = frozenset({"utf-8", "utf8"})


class RefusedError(Exception):
    """The request is answered by this constant. Never carries anything of the request."""

    def __init__(self, answer: Departure) -> None:
        super().__init__(answer.source)
        self.answer = answer


def content_type(request: Request) -> str:
    """Give the media type in lower case; an unknown charset makes it the empty string."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in _CHARSETS:
            return ""
    return kind.strip().lower()


async def read_body(request: Request, limit: int) -> bytes:
    """Read at most `limit` bytes. Raises RefusedError before reading on, declared length or not."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise RefusedError(fixed.TOO_LARGE)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise RefusedError(fixed.TOO_LARGE)
    except ClientDisconnect:
        raise RefusedError(fixed.BAD_REQUEST) from None
    return bytes(body)


async def read_object(request: Request, limit: int) -> dict[str, Any]:
    """Read one JSON object, strictly. Raises RefusedError: 415, 413 or 400."""
    if content_type(request) not in _JSON_TYPES:
        raise RefusedError(fixed.WRONG_TYPE)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RefusedError(fixed.WRONG_TYPE)
    return _strict_object(await read_body(request, limit))


async def read_task(request: Request, limit: int) -> dict[str, Any]:
    """Read a FHIR Task as plain JSON. Raises RefusedError: 415, 413 or 400."""
    resource = await read_object(request, limit)
    if resource.get("resourceType") != "Task":
        raise RefusedError(fixed.NOT_A_TASK)
    return resource


def _strict_object(body: bytes) -> dict[str, Any]:
    """Parse strictly: orjson refuses NaN, lone surrogates, bad UTF-8 and absurd depth; then no name may repeat."""
    try:
        orjson.loads(body)
        parsed = json.loads(body, object_pairs_hook=_unrepeated)
    except (ValueError, RecursionError):
        raise RefusedError(fixed.NOT_JSON) from None
    if not isinstance(parsed, dict):
        raise RefusedError(fixed.NOT_JSON)
    return parsed


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name repeats")
    return made


def is_plain(body: Any) -> bool:
    """Whether it can be written again: not nested deeper than DEEPEST, no whole number beyond 64 bits.

    INVARIANT: asked before anybody is looked up, so that what cannot be kept fails alike for a known and an unknown
    person.
    """
    level = [body]
    for _ in range(DEEPEST):
        if any(isinstance(one, int) and not -(1 << 63) <= one < 1 << 63 for one in level):
            return False
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return True
    return False


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()

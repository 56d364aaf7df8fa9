"""What a client says about how it wants to be answered: format, strictness, compression, what it has already.

All of it is about the request alone, so that what is said here tells nothing of what is on record.
"""

import gzip
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from gateway.api import fixed, fixed_search
from gateway.api.reading import RefusedError, content_type, read_body

SMALLEST: Final = 1024  # bytes: less is not worth compressing

_JSON: Final = frozenset({"json", "application/json", "application/fhir+json", "text/json", "*/*", "application/*"})
_FORM: Final = "application/x-www-form-urlencoded"
_LARGEST_FORM: Final = 16_384
_MOST_FIELDS: Final = 100
_TAG: Final = re.compile(r'(?:W/)?"([0-9a-f]{1,64})"', re.ASCII)
_NO_WAY: Final = re.compile(r"q=0(\.0{0,3})?", re.ASCII)


def check_format(request: Request, asked: str | None) -> None:
    """Refuse a client that takes no JSON; `asked`: what `_format` says, which wins (R4 3.1.0.1.11). Raises 406."""
    if asked is not None:
        wanted = [asked.replace(" ", "+")]  # a plus sign that nobody encoded
    else:
        wanted = [one for one in request.headers.get("accept", "*/*").split(",") if one.strip()] or ["*/*"]
    if not any(_is_json(one) for one in wanted):
        raise RefusedError(fixed_search.NOT_ACCEPTABLE)


def _is_json(media: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in media.split(";"))
    return kind in _JSON and not any(_NO_WAY.fullmatch(one) for one in parameters)


def is_strict(request: Request) -> bool:
    """Whether what is not served must be refused and not passed over (`Prefer: handling=strict`)."""
    wishes = request.headers.get("prefer", "").replace(";", ",").split(",")
    return any(one.replace(" ", "").replace('"', "").lower() == "handling=strict" for one in wishes)


def takes_gzip(request: Request) -> bool:
    """Whether the client takes gzip (RFC 9110 section 12.5.3)."""
    for one in request.headers.get("accept-encoding", "").lower().split(","):
        coding, *parameters = (part.strip() for part in one.split(";"))
        if coding in {"gzip", "*"}:
            return not any(_NO_WAY.fullmatch(each) for each in parameters)
    return False


def compressed(body: bytes) -> bytes:
    """Compress, the same bytes for the same bytes."""
    return gzip.compress(body, compresslevel=5, mtime=0)


def tags_of(request: Request) -> frozenset[str] | None:
    """Give the tags that `If-None-Match` lists; empty: there are none, None: any will do."""
    said = request.headers.get("if-none-match", "")
    return None if said.strip() == "*" else frozenset(_TAG.findall(said))


async def parameters_of(request: Request) -> Sequence[tuple[str, str]]:
    """Give the parameters of a search, of the address and, by POST, of the form too. Raises RefusedError."""
    given = _pairs(request.scope.get("query_string", b""))
    if request.method != "POST":
        return given
    if content_type(request) != _FORM:
        raise RefusedError(fixed_search.NOT_A_FORM)
    return [*given, *_pairs(await read_body(request, _LARGEST_FORM))]


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(encoded.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise RefusedError(fixed.BAD_REQUEST) from None

"""What makes two resources alike to a check of their form: then the answer for one is the answer for the other.

A disclosure is built from few forms and many values. Left out of a likeness is only what FHIR checks by its spelling
and nothing else (https://hl7.org/fhir/R4/datatypes.html): UUIDs, moments and days that the calendar has, and the words
of elements that are a `string` or `xhtml` wherever R4 has them. Everything else counts as it is.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

WORDS: Final = frozenset({"display", "div", "title"})
"""Elements that are a `string` or `xhtml` in every type of R4: any text passes that shows at least one character."""

_SHOWN: Final = re.compile(r"[!-~]")
_UUID: Final = re.compile(r"((?:urn:uuid:)?)[0-9a-f]{8}-[0-9a-f]{4}-([1-8])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[01][0-9]-[0-3][0-9]"
    r"(?:T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]))?"
)
_DIGITS: Final = {ord(digit): "0" for digit in "123456789"}
_SHORTEST: Final = len("2026-11-24")
_LONGEST: Final = len("urn:uuid:") + 36


def likeness(resource: Mapping[str, Any]) -> bytes | None:
    """Return the digest of a resource's likeness, or None for what is not plain JSON. Nobody is told by it."""
    try:
        return hashlib.sha256(orjson.dumps(_alike("", resource))).digest()
    except (TypeError, RecursionError):
        return None


def _alike(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _text(name, value)
    if isinstance(value, dict):
        return {key: _alike(key, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_alike(name, inner) for inner in value]
    if isinstance(value, float):
        return repr(value)  # a NaN is not a null
    if value is None or isinstance(value, int):
        return value
    raise TypeError("not plain JSON")


def _text(name: str, value: str) -> str:
    """Return what counts of a text. INVARIANT: `=` before what counts as it is, so that nothing passes for a mask."""
    if name in WORDS and _SHOWN.search(value):
        return "words"
    if _SHORTEST <= len(value) <= _LONGEST:
        found = _UUID.fullmatch(value)
        if found is not None:
            return f"{found.group(1)}uuid-{found.group(2)}"
        if _MOMENT.fullmatch(value) and _in_calendar(value):
            return value.translate(_DIGITS)
    return f"={value}"


def _in_calendar(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True

"""JSON as a careful reader takes it: UTF-8, one name once, finite numbers, texts that can be stored.

Python's own reader keeps the last of two equal names and takes NaN; a consent whose `expires` stands there twice
must not be a matter of taste (RFC 8259 section 4 leaves it open, so we refuse).
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_DEPTH = 64
_NAME = re.compile(r"[A-Za-z$_][A-Za-z0-9_$.-]{0,63}", re.ASCII)


class StrictJsonError(ValueError):
    """The text is not JSON that we take. `path`: where (`rois[0].grants`); `rule`: why. No value is repeated."""

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(f"`{path}`: {rule}")
        self.path = path
        self.rule = rule


@dataclass(frozen=True, slots=True)
class _Repeated:
    """Stands where an object held one name twice, until the walk knows its path."""

    name: str


def joined(path: str, step: str | int) -> str:
    """Return `path` with one more step, as people write it: `rois[0].grants`. Odd names are not repeated."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    name = _told(step)
    return f"{path}.{name}" if path else name


def _told(name: str) -> str:
    return name if _NAME.fullmatch(name) else "?"


def load_strict(content: bytes) -> Any:
    """Return the JSON value in `content` (UTF-8, no byte order mark, nested at most 64 deep).

    Raises StrictJsonError, which names the place and the rule and never repeats what stands there.
    """
    value = _parsed(_decoded(content))
    for path, rule in _faults(value, "", 0):
        raise StrictJsonError(path or "file", rule)
    return value


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        place = error.start
    raise StrictJsonError("file", f"must be utf-8, byte {place} is not")


def _parsed(text: str) -> Any:
    """Return the value; every error is raised outside its `except`, whose own error would carry the text along."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=lambda _: math.nan)
    except json.JSONDecodeError as error:
        rule = f"must be json, line {error.lineno} column {error.colno} is not"
    except RecursionError:
        rule = f"must be nested at most {_DEPTH} deep"
    except ValueError:  # Python refuses integers of more than 4,300 digits
        rule = "must hold numbers of a reasonable length"
    raise StrictJsonError("file", rule)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Repeated:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    return _Repeated(next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1))


def _faults(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEPTH:
        yield path, f"must be nested at most {_DEPTH} deep"
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _text_faults(name, path)
            yield from _faults(inner, joined(path, name), depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _faults(inner, joined(path, index), depth + 1)
    elif isinstance(value, _Repeated):
        yield path, f"must not hold one name twice: `{_told(value.name)}`"
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, "must be a finite number"
    elif isinstance(value, str):
        yield from _text_faults(value, path)


def _text_faults(text: str, path: str) -> Iterator[tuple[str, str]]:
    if "\0" in text:
        yield path, "must not hold the character NUL"
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        yield path, "must not hold half of a surrogate pair"

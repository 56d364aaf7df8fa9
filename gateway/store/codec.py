"""Our values as JSON bytes and back, exactly: what is sealed is written here and read here."""

from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter

T = TypeVar("T")


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def dump(value: object) -> bytes:
    """JSON bytes of a dataclass of the house or of plain JSON. Moments keep their offset."""
    if isinstance(value, dict):
        return orjson.dumps(value)
    return _adapter(type(value)).dump_json(value)


def load(kind: type[T], content: bytes) -> T:
    """Read what `dump` wrote. Raises pydantic.ValidationError on anything else; never log its text."""
    value: T = _adapter(kind).validate_json(content)
    return value


def load_json(content: bytes) -> dict[str, Any]:
    """Read a JSON object that `dump` wrote from a dict."""
    value: dict[str, Any] = orjson.loads(content)
    return value

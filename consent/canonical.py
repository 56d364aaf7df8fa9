"""Canonical JSON: one text for equal values, so that a digest binds what is told and not how it was put together.

Names in the order of their code points, no blanks, no escapes but those that JSON demands, no number that JSON has not.
"""

import json
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any, Final

_ENCODE: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def quoted(text: str) -> str:
    """Return the canonical JSON of a text."""
    return encode_basestring(text)


def canonical(value: Any) -> str:
    """Return the canonical JSON of `value`. A number keeps its Python form. Raises ValueError for a NaN or infinity."""
    return _ENCODE(value)


class Resources:
    """Canonical JSON of many resources: an element that is one object in several of them is written once.

    INVARIANT: what was written stays as it is, and in being, as long as this object is used: it goes by identity.
    """

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._forms: dict[tuple[str, ...], tuple[list[str], str]] = {}

    def text(self, resource: Mapping[str, Any] | None) -> str:
        """Return `canonical(resource)`."""
        if type(resource) is not dict:
            return canonical(resource)
        known = self._texts.get
        names, form = self._form(tuple(resource))
        return form % tuple(
            [
                encode_basestring(value) if type(value) is str else known(id(value)) or self._text(value)
                for value in map(resource.__getitem__, names)
            ]
        )

    def _form(self, names: tuple[str, ...]) -> tuple[list[str], str]:
        """Return the names in order, and the text of an object that has them, without what they hold."""
        found = self._forms.get(names)
        if found is None:
            ordered = sorted(names)
            members = ",".join(f"{quoted(name)}:".replace("%", "%%") + "%s" for name in ordered)
            found = self._forms[names] = (ordered, f"{{{members}}}")
        return found

    def _text(self, value: Any) -> str:
        text = self._texts[id(value)] = _ENCODE(value)
        return text

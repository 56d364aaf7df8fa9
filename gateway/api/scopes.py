"""SMART v2 system scopes: `system/Task.c`, `system/Consent.rs`, `system/*.r`. Anything else is not understood."""

import re
from collections.abc import Iterable
from typing import Final

_FORM: Final = re.compile(r"system/(\*|[A-Z][A-Za-z]{1,63})\.(c?r?u?d?s?)")
_LETTERS: Final = "cruds"
_ANY: Final = "*"

Permissions = frozenset[tuple[str, str]]  # (resource type or `*`, one letter of cruds)


def read_scopes(scopes: Iterable[str]) -> Permissions:
    """Give what scopes permit; one that is not a SMART v2 system scope, or carries a search filter, permits nothing."""
    found = (_FORM.fullmatch(scope) for scope in scopes)
    return frozenset((match[1], letter) for match in found if match for letter in match[2])


def _both(one: tuple[str, str], other: tuple[str, str]) -> str | None:
    if one[1] != other[1]:
        return None
    if one[0] == _ANY:
        return other[0]
    return one[0] if other[0] in {_ANY, one[0]} else None


def intersect(requested: Iterable[str], registered: Iterable[str]) -> frozenset[str]:
    """Give what is both requested and registered, one scope per resource type, letters in the order `cruds`.

    A scope that is not a SMART v2 system scope, or that carries a search filter, grants nothing.
    """
    have = read_scopes(registered)
    shared = {
        (kind, ask[1]) for ask in read_scopes(requested) for held in have if (kind := _both(ask, held)) is not None
    }
    kinds = {kind for kind, _ in shared}
    return frozenset(
        f"system/{kind}.{''.join(letter for letter in _LETTERS if (kind, letter) in shared)}" for kind in kinds
    )


def permits(scopes: Iterable[str], resource: str, letter: str) -> bool:
    """Tell whether the scopes cover one interaction with one resource type."""
    return bool({(resource, letter), (_ANY, letter)} & read_scopes(scopes))

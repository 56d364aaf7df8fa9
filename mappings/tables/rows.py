"""How a row of a hand-written table is read: every key known, every value of its type, sources and standing stated."""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from mappings.tables import TableError

_STANDING: Final = re.compile(r"memory|checked: \S.*")
_STATE: Final = re.compile(r"[A-Z]{2}")
Code = TypeVar("Code", bound=StrEnum)


def rows_of(table: Mapping[str, Any], required: Collection[str], optional: Collection[str]) -> list[dict[str, Any]]:
    """Return the rows of a table that holds `row` and nothing else. Raises TableError for a key too many or too few."""
    rows = table.get("row")
    if set(table) != {"row"} or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TableError("`row`: the table holds a list of rows and nothing else")
    for row in rows:
        for key in sorted(set(row) - set(required) - set(optional)):
            raise TableError(f"`row.{key}`: unknown key")
        for key in sorted(set(required) - set(row)):
            raise TableError(f"`row.{key}`: must be there")
    return rows


def text(row: Mapping[str, Any], key: str) -> str:
    """Return a text that is not blank."""
    value = row[key]
    if not isinstance(value, str) or not value.strip():
        raise TableError(f"`row.{key}`: must be a text that is not blank")
    return value


def state(row: Mapping[str, Any], key: str) -> str:
    """Return a state's two letters."""
    value = text(row, key)
    if not _STATE.fullmatch(value):
        raise TableError(f"`row.{key}`: must be the two capital letters of a state")
    return value


def standing(row: Mapping[str, Any]) -> str:
    """Return how sure the row is: `memory`, or `checked: ` and where."""
    value = text(row, "standing")
    if not _STANDING.fullmatch(value):
        raise TableError("`row.standing`: must be `memory` or `checked: SOURCE`")
    return value


def whole(row: Mapping[str, Any], key: str, least: int, most: int) -> int:
    """Return a whole number between two others, both included."""
    value = row[key]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise TableError(f"`row.{key}`: must be a whole number from {least} to {most}")
    return value


def codes(row: Mapping[str, Any], key: str, of: type[Code], groups: Mapping[str, frozenset[Code]]) -> frozenset[Code]:
    """Return a list of codes, groups opened; empty for `["*"]` alone, which means all. Never empty by accident."""
    names = row[key]
    if not isinstance(names, list) or not names:
        raise TableError(f"`row.{key}`: must be a list that is not empty")
    if names == ["*"]:
        return frozenset()
    found: frozenset[Code] = frozenset()
    for name in names:
        group = groups.get(name) if isinstance(name, str) else None
        found |= group or {code(name, key, of)}
    return found


def code(name: Any, key: str, of: type[Code]) -> Code:
    """Return one code. Raises TableError for one that nobody knows."""
    try:
        return of(name)
    except ValueError:
        raise TableError(f"`row.{key}`: unknown code `{name}`") from None

"""The tables of the house, read from the package and opened up: every row that stands here can be looked up by key."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any, Final

from consent.codes import (
    COMMUNITY_KINDS,
    COUNSEL_KINDS,
    HEALTH_KINDS,
    JUSTICE_KINDS,
    NEVER_SERVED,
    Category,
    OrganizationKind,
    Purpose,
)
from consent.facts import AllowList, Policy
from consent.resource_shapes import NEVER

RULEBOOK: Final = "2026-11"
"""The version of the rules and tables together. It changes with every change of either."""
_GROUPS: Final = {
    "@justice": JUSTICE_KINDS,
    "@health": HEALTH_KINDS,
    "@counsel": COUNSEL_KINDS,
    "@community": COMMUNITY_KINDS,
}
_NAMED_ONLY: Final = frozenset({Purpose.PROCEEDING, Purpose.SUPERVISION_MONITORING})
_SERVED: Final = frozenset(Purpose) - NEVER_SERVED - _NAMED_ONLY
_LOOSE: Final = (["text"], ["note"])  # narrative and remarks of the resource itself

Key = tuple[OrganizationKind, Purpose, Category]


class TableError(ValueError):
    """A table that ships with the program is wrong. Names the row and the rule."""


@cache
def load_policy() -> Policy:
    """Return the policy of the house. Raises TableError for a row that says too much, or what another says."""
    allow_lists = {key: row.fields for key, row in allow_lists_of(_read("redaction.toml")).items()}
    return Policy(rulebook=RULEBOOK, allow_lists=allow_lists)


def allow_lists_of(table: Mapping[str, Any]) -> dict[Key, AllowList]:
    """Open up a redaction table: one allow-list for each kind, purpose and category that a row speaks of.

    Raises TableError for an unknown code, set or type, a row without a source, two rows for one key, and a path to
    what never leaves.
    """
    found: dict[Key, AllowList] = {}
    for row in table["row"]:
        if not row.get("source", "").strip():
            raise TableError("`row.source`: every row cites its source")
        for allow_list in _opened(row, table):
            key = (allow_list.kind, allow_list.purpose, allow_list.category)
            if key in found:
                raise TableError(f"`row`: two rows speak of `{'`, `'.join(key)}`")
            found[key] = allow_list
    return found


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("mappings.tables").joinpath(name).read_text(encoding="utf-8"))


def _opened(row: Mapping[str, Any], table: Mapping[str, Any]) -> Iterator[AllowList]:
    for kind, purpose, name in product(_kinds(row["kinds"]), _purposes(row["purposes"]), row["categories"]):
        fields = _fields(name, row, table)
        yield AllowList(kind, purpose, _coded(Category, name, "categories"), fields, row["source"])


def _kinds(names: Iterable[str]) -> list[OrganizationKind]:
    groups = (_GROUPS.get(name) or {_coded(OrganizationKind, name, "kinds")} for name in names)
    return [kind for group in groups for kind in sorted(group)]


def _purposes(names: Iterable[str]) -> list[Purpose]:
    groups = (_SERVED if name == "*" else {_coded(Purpose, name, "purposes")} for name in names)
    return [purpose for group in groups for purpose in sorted(group)]


def _coded(codes: Any, name: str, field: str) -> Any:
    try:
        return codes(name)
    except ValueError:
        raise TableError(f"`row.{field}`: unknown code `{name}`") from None


def _fields(category: str, row: Mapping[str, Any], table: Mapping[str, Any]) -> frozenset[str]:
    """Return the paths of a category in the words that a row chooses."""
    try:
        names = [name for name in table["categories"][category] if name not in row.get("without", ())]
        short = [path for name in names for path in table[row["sets"]][name]]
        return frozenset(_checked(path) for each in short for path in _long(each, table["types"]))
    except KeyError as error:
        raise TableError(f"`row`: no such set, category or type: `{error.args[0]}`") from None


def _long(path: str, types: Mapping[str, list[str]]) -> Iterator[str]:
    """Write out one path: `Goal.category:Concept` is `Goal.category.coding.system` and `....code`."""
    name, _, of_type = path.partition(":")
    if not of_type:
        yield name
        return
    for part in types[of_type]:
        yield f"{name}.{part}"


def _checked(path: str) -> str:
    steps = path.split(".")
    if steps[1:] in ([], *_LOOSE) or not NEVER.isdisjoint(steps[1:]):
        raise TableError(f"`{path}`: never leaves, so no row may name it")
    return path

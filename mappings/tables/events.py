"""What an item says has happened to a participant, read from events.toml. Pure."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from consent.codes import Category, OrganizationKind
from mappings.tables import TableError
from mappings.tables.rows import code, codes, rows_of, text

NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""The form of an event's name: small letters, digits, single hyphens between."""
LONGEST_NAME: Final = 64
_KEYS: Final = ("event", "category", "resources", "statuses", "codes", "kinds", "source")
_CODED: Final = ("code", "valueCodeableConcept", "businessStatus")
_ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class EventRow:
    """One way in which a feed says that something has happened. `codes` None: whatever code stands there."""

    event: str
    category: Category
    resources: frozenset[str]
    statuses: frozenset[str]
    codes: frozenset[str] | None
    kinds: frozenset[OrganizationKind]
    source: str


@cache
def load_events() -> tuple[EventRow, ...]:
    """Return the table of the house. Raises TableError for a row that is not as the table's head says."""
    content = files("mappings.tables").joinpath("events.toml").read_text(encoding="utf-8")
    return events_of(tomllib.loads(content))


def events_of(table: Mapping[str, Any]) -> tuple[EventRow, ...]:
    """Read a table. Raises TableError for an unknown key or code, an empty list, a name out of form."""
    return tuple(_row(row) for row in rows_of(table, _KEYS, ()))


def happened(category: Category, resource: Mapping[str, Any] | None, sender: OrganizationKind | None) -> frozenset[str]:
    """Return the names of the events that an item says have happened; of a sender that nobody knows, none."""
    return said(load_events(), category, resource, sender)


def said(
    rows: Iterable[EventRow], category: Category, resource: Mapping[str, Any] | None, sender: OrganizationKind | None
) -> frozenset[str]:
    """Return what an item says by these rows; of a sender that nobody knows, nothing."""
    if resource is None or sender is None:
        return frozenset()
    stated = frozenset(_codes(resource))
    return frozenset(
        row.event
        for row in rows
        if category is row.category
        and sender in row.kinds
        and resource.get("resourceType") in row.resources
        and resource.get("status") in row.statuses
        and (row.codes is None or row.codes & stated)
    )


def is_name(name: str) -> bool:
    """Say whether a name can be an event's."""
    return len(name) <= LONGEST_NAME and NAME.fullmatch(name) is not None


def _row(row: Mapping[str, Any]) -> EventRow:
    event = text(row, "event")
    if not is_name(event):
        raise TableError("`row.event`: must be small letters, digits and single hyphens")
    kinds = codes(row, "kinds", OrganizationKind, {})
    if not kinds:
        raise TableError("`row.kinds`: must name who may say so")
    stated = _texts(row, "codes")
    return EventRow(
        event=event,
        category=code(row["category"], "category", Category),
        resources=_texts(row, "resources"),
        statuses=_texts(row, "statuses"),
        codes=None if stated == {_ANY} else stated,
        kinds=kinds,
        source=text(row, "source"),
    )


def _texts(row: Mapping[str, Any], key: str) -> frozenset[str]:
    value = row[key]
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each.strip() for each in value):
        raise TableError(f"`row.{key}`: must be a list of texts that is not empty")
    return frozenset(value)


def _codes(resource: Mapping[str, Any]) -> Iterator[str]:
    for element in _CODED:
        concept = resource.get(element)
        codings = concept.get("coding") if isinstance(concept, dict) else None
        for coding in codings if isinstance(codings, list) else []:
            stated = coding.get("code") if isinstance(coding, dict) else None
            if isinstance(stated, str):
                yield stated

"""What an item says that an agency has done, read from enforcement.toml. Pure."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from consent.codes import Category, OrganizationKind
from consent.enforcement import Action
from mappings.tables import TableError
from mappings.tables.events import EventRow, events_of, said


@cache
def load_enforcement() -> tuple[EventRow, ...]:
    """Return the table of the house. Raises TableError for a row that is not as the table's head says."""
    rows = events_of(tomllib.loads(files("mappings.tables").joinpath("enforcement.toml").read_text(encoding="utf-8")))
    if any(row.event not in {action.value for action in Action} for row in rows):
        raise TableError("`row.event`: must be an action")
    return rows


def actions(
    category: Category, resource: Mapping[str, Any] | None, sender: OrganizationKind | None
) -> tuple[Action, ...]:
    """Return the enforcement actions that an item tells of; of a sender that nobody knows, none."""
    return tuple(sorted(Action(name) for name in said(load_enforcement(), category, resource, sender)))

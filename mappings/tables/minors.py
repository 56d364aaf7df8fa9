"""The ages of the states, read from minors.toml (42 CFR 2.14; P2-23)."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from consent.minors import StateAges
from mappings.tables import TableError
from mappings.tables.rows import rows_of, standing, state, text, whole

_REQUIRED: Final = ("state", "majority", "source", "standing")
_OPTIONAL: Final = ("minor_alone_from",)
_OLDEST: Final = 21


@cache
def load_ages() -> Mapping[str, StateAges]:
    """Return the table that ships with the program, by state. Raises TableError for a row that is malformed."""
    return ages_of(tomllib.loads(files("mappings.tables").joinpath("minors.toml").read_text(encoding="utf-8")))


def ages_of(table: Mapping[str, Any]) -> dict[str, StateAges]:
    """Read a table of ages, the program's or a site's own.

    Raises TableError for an unknown or missing key, an age that is no whole number of years, a minor older than
    majority, a row without source or standing, two rows for one state.
    """
    found: dict[str, StateAges] = {}
    for row in rows_of(table, _REQUIRED, _OPTIONAL):
        ages = _ages(row)
        if ages.state in found:
            raise TableError(f"`row.state`: two rows speak of `{ages.state}`")
        found[ages.state] = ages
    return found


def _ages(row: Mapping[str, Any]) -> StateAges:
    majority = whole(row, "majority", 18, _OLDEST)
    alone = whole(row, "minor_alone_from", 0, majority - 1) if "minor_alone_from" in row else None
    return StateAges(state(row, "state"), alone, majority, text(row, "source"), standing(row))

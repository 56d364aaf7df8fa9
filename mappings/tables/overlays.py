"""What state law asks for besides, read from overlays.toml or a site's own file (42 CFR 2.20; P2-29, section 11).

INVARIANT: no row widens. There is no effect that could, and a row that asks for one does not load.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from consent.codes import (
    COMMUNITY_KINDS,
    COUNSEL_KINDS,
    HEALTH_KINDS,
    JUSTICE_KINDS,
    Capacity,
    Category,
    OrganizationKind,
)
from consent.overlays import Effect, Overlay
from mappings.tables import TableError
from mappings.tables.rows import code, codes, rows_of, standing, state, text, whole

_REQUIRED: Final = ("id", "jurisdiction", "effect", "categories", "kinds", "source", "standing")
_BELONGS: Final = {Effect.MAX_DURATION: "days", Effect.EXTRA_SIGNER: "signer", Effect.EXTRA_NOTICE: "notice"}
_LONGEST: Final = 3650
_GROUPS: Final = {
    "@justice": JUSTICE_KINDS,
    "@health": HEALTH_KINDS,
    "@counsel": COUNSEL_KINDS,
    "@community": COMMUNITY_KINDS,
}


@cache
def load_overlays() -> tuple[Overlay, ...]:
    """Return the table that ships with the program. Raises TableError for a row that is malformed or widens."""
    return overlays_of(tomllib.loads(files("mappings.tables").joinpath("overlays.toml").read_text(encoding="utf-8")))


def overlays_of(table: Mapping[str, Any]) -> tuple[Overlay, ...]:
    """Read a table of overlays.

    Raises TableError for an effect that we do not know (`widen` is one), a number of days that is not from 1 to
    3650, a key that does not belong to the effect, an unknown code, an empty list, a row without source or standing,
    two rows with one id.
    """
    found: dict[str, Overlay] = {}
    for row in rows_of(table, _REQUIRED, tuple(_BELONGS.values())):
        overlay = _overlay(row)
        if overlay.id in found:
            raise TableError(f"`row.id`: two rows are called `{overlay.id}`")
        found[overlay.id] = overlay
    return tuple(found.values())


def _overlay(row: Mapping[str, Any]) -> Overlay:
    effect = _effect(row)
    return Overlay(
        id=text(row, "id"),
        jurisdiction=state(row, "jurisdiction"),
        effect=effect,
        source=text(row, "source"),
        standing=standing(row),
        categories=codes(row, "categories", Category, {}),
        kinds=codes(row, "kinds", OrganizationKind, _GROUPS),
        days=whole(row, "days", 1, _LONGEST) if effect is Effect.MAX_DURATION else None,
        signer=_signer(row) if effect is Effect.EXTRA_SIGNER else None,
        notice=text(row, "notice") if effect is Effect.EXTRA_NOTICE else None,
    )


def _effect(row: Mapping[str, Any]) -> Effect:
    """Return the effect, with the one key that belongs to it and no other."""
    try:
        effect = Effect(row["effect"])
    except ValueError:
        known = "`, `".join(Effect)
        raise TableError(f"`row.effect`: must be one of `{known}`: state law only narrows, 42 CFR 2.20") from None
    own = _BELONGS.get(effect)
    for key in _BELONGS.values():
        if (key in row) != (key == own):
            raise TableError(f"`row.{key}`: {'must be there' if key == own else 'does not belong'} with `{effect}`")
    return effect


def _signer(row: Mapping[str, Any]) -> Capacity:
    signer = code(row["signer"], "signer", Capacity)
    if signer is Capacity.SELF:
        raise TableError("`row.signer`: the participant signs anyway, and is no extra signer")
    return signer

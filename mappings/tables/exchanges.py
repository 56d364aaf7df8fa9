"""The exchanges: the standing kinds of disclosure, read from exchanges.toml. A row permits nothing; it only bounds."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from consent.codes import (
    COMMUNITY_KINDS,
    COUNSEL_KINDS,
    HEALTH_KINDS,
    JUSTICE_KINDS,
    NEVER_SERVED,
    NOTES,
    Category,
    OrganizationKind,
    Purpose,
)
from mappings.tables import TableError
from mappings.tables.rows import Code, code, rows_of, text, whole


class Trigger(StrEnum):
    """What may set an exchange off."""

    BOOKING = "booking"
    RELEASE = "release"
    DISCHARGE = "discharge"
    FILING_DECISION = "filing-decision"
    ENROLLED = "enrolled"
    CARE_PLAN = "care-plan"
    REFERRAL = "referral"
    QUESTION = "question"
    BY_HAND = "by-hand"
    CONFERENCE = "conference"
    EMERGENCY = "emergency"
    LEGAL_PAPER = "legal-paper"


class Approval(StrEnum):
    """Who says yes before it goes, from nobody to two persons. The order is the order of strictness."""

    NONE = "none"
    STANDING = "standing"
    EACH = "each"
    DUAL = "dual"


class Content(StrEnum):
    """What is offered: the items that set the exchange off, or what is on record in its categories."""

    EVENT = "event"
    RECORD = "record"


class Window(StrEnum):
    """When it goes: at once, or at the site's release windows."""

    AT_ONCE = "at-once"
    RELEASE = "release"


Quiet = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One standing kind of disclosure. The comments at the head of exchanges.toml say what each field does.

    `purposes` and `kinds` keep their order. `quiet`: from, until, in local time of the site, over midnight if need be.
    `own_grant`: kinds that receive it only under a grant that names them alone.
    INVARIANT: `off` or no kinds, purposes, categories or triggers: nothing is ever offered.
    """

    id: str
    triggers: frozenset[Trigger]
    kinds: tuple[OrganizationKind, ...]
    purposes: tuple[Purpose, ...]
    categories: frozenset[Category]
    content: Content
    approval: Approval
    window: Window
    quiet: Quiet | None
    retries: int
    limit: timedelta
    source: str
    use: bool = False
    addressed: bool = False
    own_grant: frozenset[OrganizationKind] = frozenset()
    off: bool = False


STRICTNESS: Final = tuple(Approval)
MOST_RETRIES: Final = 80
LONGEST_HOURS: Final = 720
_BOUNDS: Final = ("triggers", "kinds", "purposes", "categories", "content", "approval", "window", "quiet")
_REQUIRED: Final = ("id", *_BOUNDS, "retries", "limit_hours", "source")
_OPTIONAL: Final = ("use", "addressed", "own_grant")
_GROUPS: Final = {
    "@justice": JUSTICE_KINDS,
    "@health": HEALTH_KINDS,
    "@counsel": COUNSEL_KINDS,
    "@community": COMMUNITY_KINDS,
}


@cache
def load_exchanges() -> Mapping[str, Exchange]:
    """Return the exchanges that ship with the program, by id. Raises TableError for a row that breaks a rule."""
    return exchanges_of(tomllib.loads(files("mappings.tables").joinpath("exchanges.toml").read_text(encoding="utf-8")))


def exchanges_of(table: Mapping[str, Any]) -> Mapping[str, Exchange]:
    """Read a table of exchanges.

    Raises TableError, naming row and rule: an unknown key or code, an empty list, two rows with one id, a purpose that
    is never served, notes outside a dual approval, nobody's approval toward others than health kinds, a Use that
    reaches others than case management or that would be sent.
    """
    found: dict[str, Exchange] = {}
    for row in rows_of(table, _REQUIRED, _OPTIONAL):
        name = text(row, "id")
        try:
            exchange = _exchange(name, row)
            _check(exchange)
        except TableError as error:
            raise TableError(f"`{name}`: {error}") from None
        if name in found:
            raise TableError(f"`{name}`: two rows have this id")
        found[name] = exchange
    return MappingProxyType(found)


def _exchange(name: str, row: Mapping[str, Any]) -> Exchange:
    return Exchange(
        id=name,
        triggers=frozenset(in_order(row, "triggers", Trigger)),
        kinds=in_order(row, "kinds", OrganizationKind, _GROUPS),
        purposes=in_order(row, "purposes", Purpose),
        categories=frozenset(in_order(row, "categories", Category)),
        content=code(row["content"], "content", Content),
        approval=code(row["approval"], "approval", Approval),
        window=code(row["window"], "window", Window),
        quiet=quiet_of(row),
        retries=whole(row, "retries", 0, MOST_RETRIES),
        limit=timedelta(hours=whole(row, "limit_hours", 1, LONGEST_HOURS)),
        source=text(row, "source"),
        use=flag(row, "use"),
        addressed=flag(row, "addressed"),
        own_grant=frozenset(in_order(row, "own_grant", OrganizationKind)) if "own_grant" in row else frozenset(),
    )


def in_order(
    row: Mapping[str, Any], key: str, of: type[Code], groups: Mapping[str, frozenset[Code]] | None = None
) -> tuple[Code, ...]:
    """Return a list of codes in its order, groups opened, none twice. An empty list is refused."""
    names = row[key]
    if not isinstance(names, list) or not names:
        raise TableError(f"`row.{key}`: must be a list that is not empty")
    opened = [(groups or {}).get(name) or {code(name, key, of)} for name in names if isinstance(name, str)]
    if len(opened) != len(names):
        raise TableError(f"`row.{key}`: must be a list of codes")
    found = [each for group in opened for each in sorted(group)]
    if len(set(found)) != len(found):
        raise TableError(f"`row.{key}`: names a code twice")
    return tuple(found)


def flag(row: Mapping[str, Any], key: str) -> bool:
    """Return true or false; false where the key is left out."""
    value = row.get(key, False)
    if not isinstance(value, bool):
        raise TableError(f"`row.{key}`: must be true or false")
    return value


def quiet_of(row: Mapping[str, Any]) -> Quiet | None:
    """Return the quiet hours of a row: `22:00-07:00`, or none for an empty text."""
    given = row["quiet"]
    if given == "":
        return None
    try:
        start, end = (time.fromisoformat(part) for part in given.split("-"))
    except (AttributeError, ValueError):
        raise TableError("`row.quiet`: must be `HH:MM-HH:MM` or empty") from None
    if start.tzinfo or end.tzinfo or start.second or end.second:
        raise TableError("`row.quiet`: must be `HH:MM-HH:MM` or empty")
    if start == end:
        raise TableError("`row.quiet`: must begin and end at different times")
    return start, end


def _check(exchange: Exchange) -> None:
    for broken, rule in (
        (NEVER_SERVED.intersection(exchange.purposes), "`row.purposes`: holds a purpose that is never served"),
        (
            exchange.categories & NOTES and exchange.approval is not Approval.DUAL,
            "`row.categories`: notes leave only by an order or a consent of their own, 42 CFR 2.31(b)",
        ),
        (
            exchange.approval is Approval.NONE and not exchange.use and not HEALTH_KINDS.issuperset(exchange.kinds),
            "`row.approval`: toward others than health kinds a person looks first, LEAD GR-04",
        ),
        (
            exchange.use and (exchange.kinds != (OrganizationKind.CASE_MANAGEMENT,) or exchange.retries),
            "`row.use`: a Use stays inside case management and is never sent",
        ),
        (not exchange.own_grant <= set(exchange.kinds), "`row.own_grant`: holds a kind that is no recipient"),
    ):
        if broken:
            raise TableError(rule)

"""What a site makes of an exchange: less. There is no way to write down more (P2-29: configuration only narrows)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import time, timedelta
from types import MappingProxyType
from typing import Any, Final

from consent.codes import Category, OrganizationKind, Purpose
from mappings.tables import TableError
from mappings.tables.exchanges import (
    LONGEST_HOURS,
    MOST_RETRIES,
    STRICTNESS,
    Approval,
    Exchange,
    Quiet,
    Trigger,
    Window,
    flag,
    in_order,
    quiet_of,
)
from mappings.tables.rows import code, whole

_DAY: Final = 24 * 60  # minutes


def narrowed(exchange: Exchange, detail: Mapping[str, Any]) -> Exchange:
    """Return an exchange as a site has narrowed it. `detail` as it stands in the command or in the database.

    Keys, each optional: `kinds`, `purposes`, `categories`, `triggers` (a part of what stands there, empty for none),
    `approval`, `window`, `quiet` (`HH:MM-HH:MM`, must hold what stands there), `retries`, `limit_hours`, `off`.
    Raises TableError for an unknown key or value, and for whatever would widen.
    """
    for key in detail:
        if key not in _NARROWING:
            raise TableError(f"`{exchange.id}`: `row.{key}`: unknown key")
    for key, narrow in _NARROWING.items():
        if key in detail:
            try:
                exchange = narrow(exchange, detail)
            except TableError as error:
                raise TableError(f"`{exchange.id}`: {error}") from None
    return exchange


def _refuse_unless(narrower: object, key: str, rule: str) -> None:
    if not narrower:
        raise TableError(f"`row.{key}`: would widen the exchange: {rule}")


def _kinds(exchange: Exchange, detail: Mapping[str, Any]) -> Exchange:
    kept = _part(exchange.kinds, detail, "kinds", OrganizationKind)
    return replace(exchange, kinds=kept, own_grant=exchange.own_grant.intersection(kept))


def _purposes(exchange: Exchange, detail: Mapping[str, Any]) -> Exchange:
    return replace(exchange, purposes=_part(exchange.purposes, detail, "purposes", Purpose))


def _categories(exchange: Exchange, detail: Mapping[str, Any]) -> Exchange:
    return replace(exchange, categories=frozenset(_part(tuple(exchange.categories), detail, "categories", Category)))


def _triggers(exchange: Exchange, detail: Mapping[str, Any]) -> Exchange:
    return replace(exchange, triggers=frozenset(_part(tuple(exchange.triggers), detail, "triggers", Trigger)))


def _part(known: tuple[Any, ...], detail: Mapping[str, Any], key: str, of: type[Any]) -> tuple[Any, ...]:
    """Return the part of `known` that is named, in its old order; nothing at all for an empty list."""
    named = frozenset(in_order(detail, key, of)) if detail[key] != [] else frozenset[Any]()
    _refuse_unless(named <= frozenset(known), key, "must be a part of what stands there")
    return tuple(each for each in known if each in named)


def _approval(exchange: Exchange, detail: Mapping[str, Any]) -> Exchange:
    wanted = code(detail["approval"], "approval", Approval)
    stricter = STRICTNESS.index(wanted) >= STRICTNESS.index(exchange.approval)
    _refuse_unless(stricter, "approval", "must be at least as strict")
    return replace(exchange, approval=wanted)


def _window(exchange: Exchange, detail: Mapping[str, Any]) -> Exchange:
    wanted = code(detail["window"], "window", Window)
    _refuse_unless(wanted in (exchange.window, Window.RELEASE), "window", "must not be earlier")
    return replace(exchange, window=wanted)


def _quiet(exchange: Exchange, detail: Mapping[str, Any]) -> Exchange:
    wanted = quiet_of(detail)
    longer = exchange.quiet is None or (wanted is not None and _minutes(exchange.quiet) <= _minutes(wanted))
    _refuse_unless(longer, "quiet", "must hold the quiet hours that stand there")
    return replace(exchange, quiet=wanted)


def _minutes(quiet: Quiet) -> frozenset[int]:
    """Return the minutes of the day that are quiet."""
    start, end = (_minute(each) for each in quiet)
    return frozenset((start + each) % _DAY for each in range((end - start) % _DAY))


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _retries(exchange: Exchange, detail: Mapping[str, Any]) -> Exchange:
    wanted = whole(detail, "retries", 0, MOST_RETRIES)
    _refuse_unless(wanted <= exchange.retries, "retries", "must not be more")
    return replace(exchange, retries=wanted)


def _limit(exchange: Exchange, detail: Mapping[str, Any]) -> Exchange:
    wanted = timedelta(hours=whole(detail, "limit_hours", 1, LONGEST_HOURS))
    _refuse_unless(wanted <= exchange.limit, "limit_hours", "must not be longer")
    return replace(exchange, limit=wanted)


def _off(exchange: Exchange, detail: Mapping[str, Any]) -> Exchange:
    wanted = flag(detail, "off")
    _refuse_unless(wanted or not exchange.off, "off", "is off already")
    return replace(exchange, off=wanted)


_NARROWING: Final[Mapping[str, Callable[[Exchange, Mapping[str, Any]], Exchange]]] = MappingProxyType(
    {
        "kinds": _kinds,
        "purposes": _purposes,
        "categories": _categories,
        "triggers": _triggers,
        "approval": _approval,
        "window": _window,
        "quiet": _quiet,
        "retries": _retries,
        "limit_hours": _limit,
        "off": _off,
    }
)

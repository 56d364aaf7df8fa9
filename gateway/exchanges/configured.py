"""The exchanges as this site has them: those that ship with the program, narrowed; and the promises of recipients.

A recipient outside health care promises, before anything is pushed to it, that what it gets is never used against the
participant (LEAD GR-05). Who asks promises with the question; a push has no question, so a person records the promise
that the recipient's person gave, with its last day. Without one nothing is offered to that recipient.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from consent.days import day_of
from consent.model import Site
from gateway import windows
from gateway.log import get_logger
from gateway.settings import Settings
from gateway.store.repositories.site_exchanges import PROMISE, SiteExchanges
from gateway.store.unit_of_work import SiteNotConfiguredError, UnitOfWork
from mappings.tables import TableError
from mappings.tables.exchanges import Exchange, Window, load_exchanges
from mappings.tables.narrowing import narrowed

_log = get_logger(__name__)


class ExchangeError(ValueError):
    """An exchange or a promise cannot be set so. Names the field and the rule."""


@dataclass(frozen=True, slots=True)
class Promise:
    """No adverse use, no evidence, no intelligence (GR-05): by which person of the recipient, until which day."""

    organization: str
    person: str
    until: date


@dataclass(frozen=True, slots=True)
class Configured:
    """What holds at one moment: the exchanges that are on, the promises in force, the site's clock."""

    exchanges: Mapping[str, Exchange]
    promises: Mapping[str, Promise]
    site: Site


async def configured(uow: UnitOfWork, at: datetime) -> Configured:
    """Give the exchanges as narrowed, and the promises that are in force on that day at the site.

    INVARIANT: a narrowing on record that no longer fits the shipped row (a later release widened or dropped something)
    turns its exchange off; it never makes the shipped row count.
    """
    site = await uow.registry.site()
    if site is None:
        raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
    rows = await SiteExchanges(uow.connection).newest()
    today = day_of(at, ZoneInfo(site.timezone))
    every = (_as_narrowed(exchange, rows.get(name, {})) for name, exchange in load_exchanges().items())
    promises = [_promise(name, detail) for name, detail in rows.items() if name.startswith(PROMISE)]
    return Configured(
        MappingProxyType({exchange.id: exchange for exchange in every if exchange is not None and not exchange.off}),
        MappingProxyType({p.organization: p for p in promises if p is not None and today <= p.until}),
        site,
    )


def _as_narrowed(exchange: Exchange, detail: dict[str, Any]) -> Exchange | None:
    try:
        return narrowed(exchange, detail)
    except TableError:
        _log.error("narrowing unfit", exchange=exchange.id)
        return None


def _promise(name: str, detail: dict[str, Any]) -> Promise | None:
    if not detail.get("until"):
        return None
    return Promise(name.removeprefix(PROMISE), detail["person"], date.fromisoformat(detail["until"]))


def due_at(exchange: Exchange, site: Site, settings: Settings, at: datetime) -> datetime:
    """Give when a sending that is made, or approved, now may go: its window, and no quiet hours (UTC)."""
    moment = at
    if exchange.window is Window.RELEASE:
        every = timedelta(seconds=settings.release_window_seconds)
        moment = windows.due(at, delay=timedelta(0), every=every)
    return windows.next_open(moment, exchange.quiet, site.timezone)

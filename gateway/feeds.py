"""The feeds of a site: which kinds there are, and the registered ones with the source that each stands for.

A feed is a name, a kind, the organization behind it, the clock of its sender. What is secret about it (a webhook's key,
a password) is kept elsewhere, and referred to: `env:NAME` or `file:PATH`.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.inbound import Split
from adapters.jail import ojbc
from consent.codes import OrganizationKind
from gateway.duties import close_duties, open_duty
from gateway.intake import Source
from gateway.store.repositories.feeds import Feed
from gateway.store.unit_of_work import Store, UnitOfWork

MALFORMED_AFTER: Final = 3
"""So many messages in a row that cannot be read are no accident: the sender has changed something."""
SILENT: Final = "feed-silent"
MALFORMED: Final = "feed-malformed"
LARGEST_SECRET: Final = 4096  # bytes
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_NAME: Final = 64
_JAIL: Final = frozenset({OrganizationKind.JAIL_CUSTODY})


class FeedSetupError(ValueError):
    """A feed cannot be registered or used so. Names the field and the rule."""


@dataclass(frozen=True, slots=True)
class FeedKind:
    """A kind of feed. `takes`: in words. `split_by`: gives its splitter for the settings of one feed.

    `behind`: the kinds of organization that may stand behind it. `settings`: the names that its settings may have;
    `split_by` raises ValueError for a value that will not do. `whole_files`: it takes files of any length that
    `gateway.collecting` cuts into messages.
    """

    takes: str
    split_by: Callable[[Mapping[str, Any]], Split]
    behind: frozenset[OrganizationKind]
    settings: frozenset[str] = frozenset()
    whole_files: bool = False


def as_it_is(split: Split) -> Callable[[Mapping[str, Any]], Split]:
    """Give the `split_by` of a kind without settings."""
    return partial(_always, split)


def _always(split: Split, _: Mapping[str, Any]) -> Split:
    return split


KINDS: Final[Mapping[str, FeedKind]] = MappingProxyType(
    {
        "ojbc-booking": FeedKind("NIEM booking reports (XML)", as_it_is(ojbc.split), _JAIL),
        # Each kind of feed is one line here, added by whoever wrote its splitter.
    }
)
"""Every kind of feed there is."""


def source_of(feed: Feed) -> Source:
    """Give what intake needs of a registered feed. Raises FeedSetupError: paused, or of a kind that is not there."""
    if feed.paused_at is not None:
        raise FeedSetupError("`FEED`: is paused")
    kind = KINDS.get(feed.kind)
    if kind is None:
        raise FeedSetupError("`kind`: is not in the table of feeds")
    return Source(feed.name, feed.organization, feed.timezone, kind.split_by(feed.settings))


async def find_source(uow: UnitOfWork, name: str) -> Source:
    """Give the source of a feed by its name. Raises FeedSetupError.

    A site that has registered no feed `jail`, and has exactly one jail, takes NIEM booking reports by that name.
    """
    known = await uow.feeds.get(name)
    if known is not None:
        return source_of(known)
    if name != "jail":
        raise FeedSetupError("`FEED`: there is none of that name")
    site = await uow.registry.site()
    organizations = await uow.registry.organizations()
    jails = [o.id for o, _ in organizations.values() if o.kind is OrganizationKind.JAIL_CUSTODY]
    if site is None or len(jails) != 1:
        raise FeedSetupError("`FEED`: the site must have exactly one organization of kind `jail-custody`")
    return Source("jail", jails[0], site.timezone, ojbc.split)


async def add(store: Store, feed: Feed, *, by: str, at: datetime) -> None:
    """Register a feed. Raises FeedSetupError, and then nothing was changed."""
    if not by.strip():
        raise FeedSetupError("`--by`: must name somebody")
    async with store.unit_of_work() as uow:
        await _check(uow, feed)
        if not await uow.feeds.add(feed, by=by.strip(), at=at):
            raise FeedSetupError("`NAME`: there is a feed of that name")
        await uow.commit()


async def _check(uow: UnitOfWork, feed: Feed) -> None:
    kind = KINDS.get(feed.kind)
    if not _NAME.fullmatch(feed.name) or len(feed.name) > _LONGEST_NAME or feed.name == "lead":
        raise FeedSetupError("`NAME`: must be small letters, digits and single hyphens, and not `lead`")
    if kind is None:
        raise FeedSetupError("`--kind`: must be one of " + ", ".join(sorted(KINDS)))
    behind = await uow.registry.organization(feed.organization)
    if behind is None:
        raise FeedSetupError("`--organization`: is none of this site")
    if behind.kind not in kind.behind:
        raise FeedSetupError("`--organization`: is of a kind that does not send this")
    check_settings(feed, kind)


def check_settings(feed: Feed, kind: FeedKind) -> None:
    """Say what is wrong with a feed by itself. Raises FeedSetupError."""
    try:
        ZoneInfo(feed.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise FeedSetupError("`--timezone`: is no IANA time zone") from None
    if feed.rhythm_hours is not None and not 0 < feed.rhythm_hours <= 24 * 366:
        raise FeedSetupError("`--rhythm`: must be hours, more than none and at most a year's")
    for name in sorted(set(feed.settings) - kind.settings - COMMON_SETTINGS):
        raise FeedSetupError(f"`--set`: `{name}` is none of this kind's settings")
    if feed.secret is not None:
        check_reference(feed.secret)
    try:
        kind.split_by(feed.settings)
    except (ValueError, KeyError) as error:
        raise FeedSetupError(f"`--set`: {error}") from None


COMMON_SETTINGS: Final[frozenset[str]] = frozenset({"folder", "sftp", "listen", "webhook"})
"""Doors that any kind may have: a watched folder, an SFTP place, a listening address, a signed webhook."""


def check_reference(secret: str) -> None:
    """Raise FeedSetupError for what is no reference to a secret: a secret itself must never be stored."""
    where, _, name = secret.partition(":")
    if where not in ("env", "file") or not name.strip():
        raise FeedSetupError("`--secret`: must be `env:NAME` or `file:PATH`, never the secret itself")


def read_secret(reference: str) -> bytes:
    """Give the secret that a reference names, without the line end of its file. Raises FeedSetupError."""
    check_reference(reference)
    where, _, name = reference.partition(":")
    try:
        found = os.environ[name].encode() if where == "env" else _file(Path(name))
    except (KeyError, OSError):
        raise FeedSetupError("`secret`: is not where its reference says") from None
    if not found or len(found) > LARGEST_SECRET:
        raise FeedSetupError("`secret`: must not be empty or longer than 4096 bytes")
    return found


def _file(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(LARGEST_SECRET + 2).rstrip(b"\r\n")


async def pause(store: Store, name: str, *, paused: bool, at: datetime) -> None:
    """Pause a feed, or let it come again. Raises FeedSetupError: there is none of that name."""
    async with store.unit_of_work() as uow:
        if not await uow.feeds.pause(name, at if paused else None):
            raise FeedSetupError("`FEED`: there is none of that name")
        known = await uow.feeds.get(name)
        if paused and known is not None:
            await close_duties(uow, kinds=[SILENT, MALFORMED], reference=known.id, at=at)
        await uow.commit()


def is_silent(feed: Feed, at: datetime) -> bool:
    """Say whether a feed has been silent past its usual rhythm, counted from its registration if nothing ever came."""
    since = feed.seen_at or feed.added_at
    if feed.rhythm_hours is None or feed.paused_at is not None or since is None:
        return False
    return at - since > timedelta(hours=feed.rhythm_hours)


def is_malformed(feed: Feed) -> bool:
    """Say whether a feed has turned malformed: several messages in a row could not be read."""
    return feed.paused_at is None and feed.unreadable >= MALFORMED_AFTER


def state_of(feed: Feed, at: datetime) -> str:
    """Say how a feed stands: in-order, silent, malformed or paused (gateway.figures.FEED_STATES)."""
    if feed.paused_at is not None:
        return "paused"
    if is_malformed(feed):
        return "malformed"
    return "silent" if is_silent(feed, at) else "in-order"


async def look_after(store: Store, at: datetime) -> int:
    """Put silent and malformed feeds on the list of a privacy officer, and take off what has come right.

    Returns how many feeds are not as they should be. Any number of processes may call.
    """
    async with store.unit_of_work() as uow:
        organization = await _officers(uow)
        wrong = 0
        for feed in await uow.feeds.every() if organization is not None else ():
            wrong += await _follow(uow, feed, SILENT, organization or "", at, wrong=is_silent(feed, at))
            wrong += await _follow(uow, feed, MALFORMED, organization or "", at, wrong=is_malformed(feed))
        await uow.commit()
    return wrong


async def _follow(uow: UnitOfWork, feed: Feed, kind: str, organization: str, at: datetime, *, wrong: bool) -> int:
    if not wrong:
        if await uow.duties.open(kinds=[kind], reference=feed.id, bare=True):
            await close_duties(uow, kinds=[kind], reference=feed.id, at=at)
        return 0
    await open_duty(
        uow,
        kind,
        organization=organization,
        role="privacy-officer",
        at=at,
        reference=feed.id,
        detail={"feed": feed.name},
    )
    return 1


async def _officers(uow: UnitOfWork) -> str | None:
    """Give the organization whose privacy officer looks after the feeds: the site's case management, first by id."""
    known = await uow.registry.organizations()
    found = sorted(o.id for o, _ in known.values() if o.kind is OrganizationKind.CASE_MANAGEMENT)
    return found[0] if found else None

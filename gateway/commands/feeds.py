"""`feeds`: what comes in, by which door. Registered, tried, paused and let come again by whoever keeps the site."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import click

from gateway import feeds as registry
from gateway.commands.errors import BadInput, Failed
from gateway.commands.ingesting import TAKES, read_file, source_named
from gateway.commands.running import as_json, data_dir, run, say, say_rows
from gateway.commands.stopping import by_whom, person
from gateway.feeds import KINDS
from gateway.program import Program
from gateway.store.repositories.feeds import Feed
from gateway.store.values import FeedCount
from mappings.lead.feed_error import FeedError

Rows = list[dict[str, Any]]
_MOMENTS: Final = ("seen_at", "read_at", "paused_at")


@click.group()
def feeds() -> None:
    """Show what comes in; register a feed, try it, pause it, let it come again."""


@feeds.command("list")
@as_json
@data_dir
def list_feeds(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show every feed with its counts of all days; of strangers nothing else is kept."""

    async def work(program: Program) -> Rows:
        async with program.store.unit_of_work() as uow:
            counts = await uow.inbound.counts()
            known = await uow.feeds.every()
        now = program.now()
        named = {feed.name for feed in known}
        standing = [{"feed": f, "takes": t, **_totals(f, counts)} for f, t in TAKES.items() if f not in named]
        return standing + [
            {**_row(feed), "state": registry.state_of(feed, now), **_totals(feed.name, counts)} for feed in known
        ]

    say_rows("feeds", run(work, data_dir), json=as_json)


def _row(feed: Feed) -> dict[str, Any]:
    kind = KINDS.get(feed.kind)
    moments = {name: getattr(feed, name) for name in _MOMENTS}
    return {
        "feed": feed.name,
        "takes": feed.kind if kind is None else kind.takes,
        "kind": feed.kind,
        "organization": feed.organization,
        "timezone": feed.timezone,
        "secret": feed.secret,
        "rhythm_hours": feed.rhythm_hours,
        "settings": feed.settings,
        **{name: moment and moment.isoformat() for name, moment in moments.items()},
    }


def _totals(feed: str, counts: Iterable[FeedCount]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for each in counts:
        if each.feed == feed:
            totals[each.outcome] = totals.get(each.outcome, 0) + each.count
    return totals


@feeds.command("add")
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(sorted(KINDS)), help="what it sends")
@click.option("--organization", required=True, help="who stands behind it")
@click.option("--timezone", default=None, help="IANA; of its clocks  [the site's]")
@click.option("--secret", default=None, metavar="env:NAME|file:PATH", help="where its secret is; never the secret")
@click.option("--rhythm", type=float, default=None, metavar="HOURS", help="a longer silence is unusual")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="a setting of its kind; again for more")
@by_whom
@as_json
@data_dir
def add_feed(  # noqa: PLR0913, PLR0917  -- click passes one for each option, by name
    name: str,
    kind: str,
    organization: str,
    timezone: str | None,
    secret: str | None,
    rhythm: float | None,
    settings: tuple[str, ...],
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Register a feed by NAME, which is also the last part of its address, `/inbound/NAME`."""
    given = _settings(settings)

    async def work(program: Program) -> dict[str, Any]:
        zone = timezone or await _timezone(program)
        feed = Feed(name, kind, organization, zone, given, secret, rhythm)
        await registry.add(program.store, feed, by=person(by), at=program.now())
        return _row(feed)

    say(run(work, data_dir), json=as_json)


async def _timezone(program: Program) -> str:
    async with program.store.unit_of_work() as uow:
        site = await uow.registry.site()
    if site is None:
        raise Failed("`site`: no settings have been ingested yet")
    return site.timezone


def _settings(given: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not sign or not name.strip() or name in found:
            raise BadInput("`--set`: must be `NAME=VALUE`, each name once")
        found[name] = value
    return found


@feeds.command("test")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@as_json
@data_dir
def try_feed(name: str, file: Path, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Read FILE as the feed NAME would, and say how many people and events are in it. Nothing is stored or matched."""
    content = read_file(file)

    async def work(program: Program) -> dict[str, Any]:
        source = await source_named(program, name)
        try:
            parts = list(source.split(content, feed=source.feed, timezone=source.timezone, received_at=program.now()))
        except FeedError as error:
            raise Failed(f"`FILE`: cannot be read: {error}") from None
        return {"feed": name, "people": len(parts), "events": sum(len(part.events) for part in parts)}

    say(run(work, data_dir), json=as_json)


@feeds.command("pause")
@click.argument("name")
@as_json
@data_dir
def pause_feed(name: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Let nothing come by the feed NAME; what its sender sends meanwhile is refused, and not kept."""
    _pause(name, data_dir, paused=True, as_json=as_json)


@feeds.command("resume")
@click.argument("name")
@as_json
@data_dir
def resume_feed(name: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Let the feed NAME come again."""
    _pause(name, data_dir, paused=False, as_json=as_json)


def _pause(name: str, data_dir: Path | None, *, paused: bool, as_json: bool) -> None:
    async def work(program: Program) -> None:
        await registry.pause(program.store, name, paused=paused, at=program.now())

    run(work, data_dir)
    say({"feed": name, "paused": paused}, json=as_json)

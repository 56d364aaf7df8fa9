"""What ends a permission by itself (`event`, `death`, a partner that leaves), and what a participant is handed.

That is the statement, a slip with a code, the written form of what was said.
"""

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from consent.days import day_of
from gateway import happening, leaving, links, statements
from gateway.commands.errors import BadInput
from gateway.commands.running import STAFF, as_json, data_dir, run, say
from gateway.commands.stopping import by_whom, participant_named, person, told
from gateway.program import Program
from gateway.store.unit_of_work import SiteNotConfiguredError
from mappings.lead import letters

_LANGUAGES: Final = (letters.ENGLISH, letters.SPANISH)
_since = click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="the day on which it happened  [now]")
_language = click.option("--language", type=click.Choice(_LANGUAGES), default=letters.ENGLISH, show_default=True)


async def _moment(program: Program, since: datetime | None) -> datetime | None:
    """Read a day as its first moment at the site."""
    return None if since is None else since.replace(tzinfo=await _zone(program))


async def _zone(program: Program) -> ZoneInfo:
    async with program.store.unit_of_work() as uow:
        site = await uow.registry.site()
    if site is None:
        raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
    return ZoneInfo(site.timezone)


@click.command()
@click.argument("participant")
@click.argument("name")
@_since
@by_whom
@as_json
@data_dir
def event(
    participant: str,
    name: str,
    since: datetime | None,
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Record that something has happened: graduation, say. Grants that were to last until then end."""
    who = person(by)

    async def work(program: Program) -> dict[str, Any]:
        identity, when = await participant_named(program, participant), await _moment(program, since)
        found = await happening.happen(program.store, identity, name, at=program.now(), since=when, by=who)
        return {
            "recorded": found is not None,
            "ended": [] if found is None else list(found.ended),
            "deliveries_suppressed": 0 if found is None else found.taken.deliveries,
        }

    say(run(work, data_dir), json=as_json)


@click.command()
@click.argument("participant")
@_since
@by_whom
@as_json
@data_dir
def death(participant: str, since: datetime | None, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Record a death: what waits is stopped, the rest is held until a representative has signed."""
    who = person(by)

    async def work(program: Program) -> dict[str, Any]:
        identity, when = await participant_named(program, participant), await _moment(program, since)
        return told(await happening.die(program.store, identity, at=program.now(), since=when, by=who))

    say(run(work, data_dir), json=as_json)


@click.command()
@click.argument("participant")
@_language
@as_json
@data_dir
def statement(participant: str, language: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Print what was shared about a participant, in plain words; what was already leaving at a stop is named so.

    Making it out is a Use, and is recorded.
    """

    async def work(program: Program) -> statements.Statement:
        identity = await participant_named(program, participant)
        return await statements.state(program.store, identity, staff=STAFF, at=program.now())

    found = run(work, data_dir)
    if as_json:
        shared = [{**asdict(each), "day": each.day.isoformat()} for each in found.shared]
        ended = [{"day": day.isoformat(), "recipient": name} for day, name in found.ended]
        say({"shared": shared, "ended": ended, "lines": list(found.lines(language))}, json=True)
        return
    for line in found.lines(language):
        click.echo(line)


@click.command()
@click.argument("participant")
@_language
@by_whom
@as_json
@data_dir
def slip(participant: str, language: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Print a slip with a code with which a participant can stop everything, once. The code is shown this one time."""
    who = person(by)

    async def work(program: Program) -> tuple[links.Slip, date]:
        identity, zone = await participant_named(program, participant), await _zone(program)
        async with program.store.unit_of_work() as uow:
            made = await links.make(uow, identity, program.now(), by=who)
            await uow.commit()
        return made, day_of(made.until, zone)

    async def printed(program: Program) -> dict[str, Any]:
        made, day = await work(program)
        address = f"{program.settings.base_url}/revoke"
        lines = letters.slip(language, address=address, code=made.code, until=day)
        return {"address": address, "code": made.code, "until": made.until.isoformat(), "lines": list(lines)}

    found = run(printed, data_dir)
    if as_json:
        say(found, json=True)
    for line in [] if as_json else found["lines"]:
        click.echo(line)


@click.command("written-form")
@click.argument("participant")
@_language
@as_json
@data_dir
def written_form(participant: str, language: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Print what a participant has said, ready to sign (P2-70). What was said counts without it."""

    async def work(program: Program) -> tuple[str, ...]:
        identity, zone = await participant_named(program, participant), await _zone(program)
        async with program.store.unit_of_work() as uow:
            known = await uow.participants.get(identity)
            said = [stop.at for _, stop in await uow.consents.stops(identity)]
        if known is None or not said:
            raise BadInput("`PARTICIPANT`: has said nothing of the kind")
        name = " ".join((*known[0].name.given, known[0].name.family))
        return letters.written_form(language, name=name, said=day_of(said[-1], zone))

    found = run(work, data_dir)
    if as_json:
        say({"lines": list(found)}, json=True)
    for line in () if as_json else found:
        click.echo(line)


@click.command("leave")
@click.argument("organization")
@by_whom
@as_json
@data_dir
def leave(organization: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Let an organization go: from now on nothing goes to it, and none of its systems may ask."""
    who = person(by)

    async def work(program: Program) -> dict[str, Any]:
        return asdict(await leaving.leave(program.store, organization, at=program.now(), by=who))

    say(run(work, data_dir), json=as_json)


@click.command("end-agreement")
@click.argument("organization")
@click.option("--on", "last", type=click.DateTime(["%Y-%m-%d"]), required=True, help="its last day, YYYY-MM-DD")
@by_whom
@as_json
@data_dir
def end_agreement(organization: str, last: datetime, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Set the last day of an agreement. After it nothing goes to the organization, and its systems are disabled."""
    who = person(by)

    async def work(program: Program) -> dict[str, Any]:
        found = await leaving.end_agreement(program.store, organization, last_day=last.date(), at=program.now(), by=who)
        return asdict(found)

    say(run(work, data_dir), json=as_json)

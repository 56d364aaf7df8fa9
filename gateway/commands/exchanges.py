"""`exchanges`: the standing kinds of disclosure, narrowed by this site, promised for by recipients, started by hand."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from gateway.commands.errors import BadInput
from gateway.commands.running import STAFF, as_json, data_dir, run, say, say_rows
from gateway.commands.stopping import participant_named
from gateway.exchanges import configured, setting, starting
from gateway.exchanges.configured import ExchangeError, Promise
from gateway.program import Program
from mappings.tables import TableError
from mappings.tables.exchanges import Exchange, load_exchanges

_LISTS: Final = ("kinds", "purposes", "categories", "triggers")
_HOUR: Final = timedelta(hours=1)


@click.group()
def exchanges() -> None:
    """Show and narrow the standing kinds of disclosure; a site can never widen one."""


def _said(work: Callable[[Program], Awaitable[Any]], data_dir: Path | None) -> Any:
    """Run, and turn what a table or an exchange refuses into one line."""

    async def guarded(program: Program) -> Any:
        try:
            return await work(program)
        except (ExchangeError, TableError) as error:
            raise BadInput(str(error)) from None

    return run(guarded, data_dir)


@exchanges.command("list")
@as_json
@data_dir
def list_exchanges(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show every exchange as it holds at this site now."""

    async def work(program: Program) -> list[dict[str, Any]]:
        async with program.store.unit_of_work() as uow:
            site = await configured.configured(uow, program.now())
        on = site.exchanges
        return [{**_row(on.get(name, shipped)), "on": name in on} for name, shipped in load_exchanges().items()]

    say_rows("exchanges", _said(work, data_dir), json=as_json)


def _row(exchange: Exchange) -> dict[str, Any]:
    return {
        "id": exchange.id,
        "triggers": sorted(exchange.triggers),
        "kinds": list(exchange.kinds),
        "purposes": list(exchange.purposes),
        "categories": sorted(exchange.categories),
        "approval": exchange.approval.value,
        "window": exchange.window.value,
        "quiet": exchange.quiet and "-".join(each.isoformat("minutes") for each in exchange.quiet),
        "retries": exchange.retries,
        "limit_hours": exchange.limit // _HOUR,
    }


@exchanges.command("narrow")
@click.argument("exchange")
@click.option("--kinds", help="the kinds of organization that stay, with commas; none for an empty text")
@click.option("--purposes", help="the purposes that stay")
@click.option("--categories", help="the categories that stay")
@click.option("--triggers", help="what still sets it off")
@click.option("--approval", help="none | standing | each | dual, at least as strict")
@click.option("--window", help="at-once | release")
@click.option("--quiet", help="HH:MM-HH:MM, holding the hours that are quiet already")
@click.option("--retries", type=int, help="attempts at one sending, no more than now")
@click.option("--limit-hours", type=int, help="no longer than now")
@click.option("--off", is_flag=True, help="never")
@as_json
@data_dir
def narrow_exchange(exchange: str, *, as_json: bool, data_dir: Path | None, **given: Any) -> None:
    """Set how this site narrows an exchange, in place of how it did; without options: as it ships."""
    detail = {key: value for key, value in given.items() if value not in (None, False)}
    for key in _LISTS:
        if key in detail:
            detail[key] = [name.strip() for name in detail[key].split(",") if name.strip()]

    async def work(program: Program) -> dict[str, Any]:
        result = await setting.narrow(program.store, exchange, detail, by=STAFF, at=program.now())
        return {**_row(result), "on": not result.off}

    say(_said(work, data_dir), json=as_json)


@exchanges.command("promise")
@click.argument("organization")
@click.option("--person", required=True, help="who of the recipient promised: no adverse use, evidence, intelligence")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="its last day, YYYY-MM-DD")
@as_json
@data_dir
def record_promise(organization: str, person: str, until: datetime, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Record a recipient's promise for what is pushed to it (GR-05). Without one nothing is, outside health care."""
    last: date = until.date()

    async def work(program: Program) -> dict[str, Any]:
        given = Promise(organization, person, last)
        await setting.promise(program.store, given, by=STAFF, at=program.now())
        return {"organization": organization, "until": last.isoformat()}

    say(_said(work, data_dir), json=as_json)


@exchanges.command("end-promise")
@click.argument("organization")
@as_json
@data_dir
def end_promise(organization: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Record that a recipient's promise is over: what was made on it and has not left is stopped."""

    async def work(program: Program) -> dict[str, Any]:
        stopped = await setting.end_promise(program.store, organization, by=STAFF, at=program.now())
        return {"organization": organization, "until": None, "deliveries_suppressed": stopped}

    say(_said(work, data_dir), json=as_json)


@exchanges.command("start")
@click.argument("exchange")
@click.argument("participant")
@click.option("--to", default=None, help="an organization; without it the first kind that a grant reaches")
@as_json
@data_dir
def start_exchange(exchange: str, participant: str, to: str | None, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Start an exchange by hand, such as a progress letter; what it would say waits for approval."""

    async def work(program: Program) -> dict[str, Any]:
        identity = await participant_named(program, participant)
        made = await starting.start(
            program.store, program.settings, exchange, identity, to=to, by=STAFF, at=program.now()
        )
        proposal = None if made.proposal is None else str(made.proposal)
        return {"delivery": str(made.id), "recipient": made.recipient, "proposal": proposal, "state": made.state}

    say(_said(work, data_dir), json=as_json)

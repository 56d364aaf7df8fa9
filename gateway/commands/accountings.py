"""`ledger account`: the accountings that the law and the participant may ask for, as views over the ledger."""

from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import click

from consent.accounting import Accounting, View
from gateway import use
from gateway.commands.errors import BadInput
from gateway.commands.running import STAFF, as_json, data_dir, run, say
from gateway.commands.stopping import participant_named
from gateway.program import Program

VIEWS: Final = MappingProxyType(
    {"intermediary": View.INTERMEDIARY, "part2": View.CONSENT, "hipaa": View.HIPAA, "participant": View.PARTICIPANT}
)


@click.command()
@click.argument("participant")
@click.option("--view", type=click.Choice(list(VIEWS)), default="participant", show_default=True)
@click.option("--received", metavar="DAY", help="the day on which it was asked for, YYYY-MM-DD [today]")
@as_json
@data_dir
def account(
    participant: str,
    view: str,
    received: str | None,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Print an accounting: who was told what, when and why, and by when the answer to the request is due.

    Views: `intermediary` (42 CFR 2.24), `part2` (42 CFR 2.25), `hipaa` (45 CFR 164.528), `participant` (everything,
    with those who asked in vain by their kind). Looking is a Use, and is recorded.
    """
    asked = None if received is None else _day(received)

    async def work(program: Program) -> dict[str, Any]:
        identity = await participant_named(program, participant)
        now = program.now()
        return _printed(
            await use.read_accounting(program.store, identity, VIEWS[view], asked or now.date(), staff=STAFF, at=now)
        )

    found = run(work, data_dir)
    if as_json:
        say(found, json=True)
        return
    click.echo(f"{found['view']}, since {found['since'] or 'ever'}, due {found['due'] or 'by no law'}")
    for told in found["told"]:
        what = told["description"] if told["purpose"] is None else f"{told['description']}, for {told['purpose']}"
        click.echo(f"{told['day']}  {told['recipient']}: {what} ({told['basis']})")
    for attempt in found["attempts"]:
        click.echo(f"{attempt['day']}  asked in vain: {attempt['asked_by']}, for {attempt['purpose']}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("`--received`: must be a day of the form YYYY-MM-DD") from None


def _printed(found: Accounting) -> dict[str, Any]:
    return {
        "view": found.view.value,
        "since": None if found.since is None else found.since.isoformat(),
        "due": None if found.due is None else found.due.isoformat(),
        "told": [{**told._asdict(), "day": told.day.isoformat()} for told in found.told],
        "attempts": [{**attempt._asdict(), "day": attempt.day.isoformat()} for attempt in found.attempts],
    }

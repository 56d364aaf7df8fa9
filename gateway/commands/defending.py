"""`defender`: who defends a participant, and a hold at a defender's word."""

from pathlib import Path
from typing import Any

import click

from gateway import defending
from gateway.commands.running import as_json, data_dir, run, say
from gateway.commands.staffing import by
from gateway.commands.stopping import participant_named, told
from gateway.program import Program
from gateway.stopping import Stopped


@click.group()
def defender() -> None:
    """Show who defends a participant; hold everything at a defender's word; record that counsel was there."""


@defender.command("hold")
@click.argument("participant")
@click.option("--organization", required=True, help="for which organization of counsel they speak")
@by
@as_json
@data_dir
def hold_for_defender(participant: str, organization: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Hold everything about a participant, as their defender says. Only an organization that defends them may."""

    async def work(program: Program) -> Stopped:
        who = await participant_named(program, participant)
        return await defending.hold(program.store, who, organization, by=by, at=program.now())

    say(told(run(work, data_dir)), json=as_json)


@defender.command("counsel-was-there")
@click.argument("participant")
@click.argument("consent", metavar="CONSENT")
@click.option("--organization", required=True, help="for which organization of counsel they speak")
@by
@as_json
@data_dir
def counsel_was_there(
    participant: str,
    consent: str,
    organization: str,
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Record a defender's word that counsel was there when a form for a proceeding was signed: then it has effect."""

    async def work(program: Program) -> dict[str, Any]:
        who = await participant_named(program, participant)
        await defending.counsel_was_there(program.store, who, consent, organization, by=by, at=program.now())
        return {"consent": consent}

    say(run(work, data_dir), json=as_json)

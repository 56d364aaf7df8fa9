"""`emergencies`: what was disclosed in an emergency, what of its documentation is missing, its review."""

from pathlib import Path
from typing import Any

import click

from gateway import emergency
from gateway.commands.running import as_json, data_dir, run, say, say_rows
from gateway.commands.staffing import by, identity_of
from gateway.program import Program
from gateway.store.repositories.affairs import Affairs


@click.group()
def emergencies() -> None:
    """Show disclosures in an emergency (42 CFR 2.51), complete their documentation, review them."""


@emergencies.command("list")
@as_json
@data_dir
def list_emergencies(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show every emergency: when, what is still missing, whether it has been reviewed. Nobody is named."""

    async def work(program: Program) -> list[dict[str, Any]]:
        async with program.store.unit_of_work() as uow:
            found = await Affairs(uow.connection, uow.vault).emergencies()
        return [
            {
                "id": str(each.id),
                "at": each.at.isoformat(),
                "owed": list(each.owed),
                "reviewed": "reviewed_by" in each.detail,
            }
            for each in found
        ]

    say_rows("emergencies", run(work, data_dir), json=as_json)


@emergencies.command("complete")
@click.argument("identity", metavar="ID")
@click.option("--nature", default=None, help="what happened")
@click.option("--personnel", default=None, help="who received it, by name")
@click.option("--facility", default=None, help="at which facility")
@click.option("--discloser", default=None, help="who disclosed it, by name")
@by
@as_json
@data_dir
def complete_emergency(
    identity: str,
    nature: str | None,
    personnel: str | None,
    facility: str | None,
    discloser: str | None,
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Add what is missing. What is on record is never overwritten."""
    given = dict(zip(emergency.FIELDS, (nature, personnel, facility, discloser), strict=True))
    told = {name: text for name, text in given.items() if text is not None}

    async def work(program: Program) -> dict[str, object]:
        owed = await emergency.complete(program.store, identity_of(identity), told, by=by, at=program.now())
        return {"completed": identity, "owed": list(owed)}

    say(run(work, data_dir), json=as_json)


@emergencies.command("review")
@click.argument("identity", metavar="ID")
@click.option("--note", required=True, help="what you found")
@by
@as_json
@data_dir
def review_emergency(identity: str, note: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Record your review, as a privacy officer who neither disclosed nor documented it."""

    async def work(program: Program) -> dict[str, object]:
        await emergency.review(program.store, identity_of(identity), note=note, by=by, at=program.now())
        return {"reviewed": identity}

    say(run(work, data_dir), json=as_json)

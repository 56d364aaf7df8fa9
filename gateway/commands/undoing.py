"""`unlink`, `match`, `incidents`: a match that was wrong, a match that is doubtful, and what went wrong."""

from pathlib import Path
from typing import Any
from uuid import UUID

import click

from gateway import incidents as wrongs
from gateway import matching, unlinking
from gateway.commands.errors import BadInput
from gateway.commands.ingesting import jail_source
from gateway.commands.running import as_json, data_dir, run, say, say_rows
from gateway.commands.staffing import by, identity_of
from gateway.commands.stopping import participant_named
from gateway.program import Program
from gateway.store.repositories.affairs import Affairs


@click.command()
@click.argument("participant")
@click.argument("envelope", metavar="ENVELOPE")
@click.option("--why", required=True, help="how you know; kept here, sealed")
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True)
@by
@as_json
@data_dir
def unlink(
    participant: str,
    envelope: str,
    why: str,
    language: str,
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Undo a false match: what came by ENVELOPE was about somebody else. Opens an incident, with its clock.

    The envelope's id is on the ledger (`received`). Lists what was disclosed while the mistake stood.
    """

    async def work(program: Program) -> dict[str, Any]:
        who = await participant_named(program, participant)
        done = await unlinking.unlink(
            program.store, who, identity_of(envelope), why=why, by=by, at=program.now(), language=language
        )
        return {
            "incident": str(done.incident.id),
            "due_at": done.incident.due_at.isoformat(),
            "disclosures": [f"{each.entry} {each.organization}" for each in done.told],
            "suppressed": done.taken.deliveries,
            "withdrawn": done.taken.proposals,
            "for_participant": list(done.for_participant),
            "for_other": list(done.for_other),
        }

    say(run(work, data_dir), json=as_json)


@click.command()
@click.argument("identity", metavar="[ID]", required=False)
@click.option("--confirm", default=None, metavar="PARTICIPANT", help="it is about this participant")
@click.option("--reject", is_flag=True, help="it is about nobody of ours: forget it")
@by
@as_json
@data_dir
def match(
    identity: str | None,
    confirm: str | None,
    reject: bool,  # noqa: FBT001  -- click passes flags so
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Decide a doubtful match that waits in quarantine, by ID; without ID, show what waits."""
    if identity is None:
        say_rows("matches", run(lambda program: matching.waiting(program.store), data_dir), json=as_json)
        return
    if (confirm is None) is not reject:
        raise BadInput("`--confirm`, `--reject`: give one of them")
    waiting = identity_of(identity)

    async def work(program: Program) -> dict[str, Any]:
        if confirm is None:
            await matching.reject(program.store, waiting, by=by, at=program.now())
            return {"rejected": identity}
        return {"confirmed": identity, "kept": await _confirm(program, waiting, confirm, by)}

    say(run(work, data_dir), json=as_json)


async def _confirm(program: Program, waiting: UUID, participant: str, by: str) -> int:
    who = await participant_named(program, participant)
    source = await jail_source(program)
    return await matching.confirm(program.store, waiting, who, source, by=by, at=program.now())


@click.group()
def incidents() -> None:
    """Show what went wrong with somebody's information, and close it."""


@incidents.command("list")
@click.option("--all", "everything", is_flag=True, help="closed ones too")
@as_json
@data_dir
def list_incidents(everything: bool, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show incidents, the most urgent first: kind, and until when whom it concerns has to be told."""

    async def work(program: Program) -> list[dict[str, Any]]:
        async with program.store.unit_of_work() as uow:
            found = await Affairs(uow.connection, uow.vault).incidents(everything=everything)
        return [
            {
                "id": str(each.id),
                "kind": each.kind,
                "opened_at": each.opened_at.isoformat(),
                "due_at": each.due_at.isoformat(),
                "closed_at": each.closed_at and each.closed_at.isoformat(),
                "disclosures": len(each.detail.get("told", [])),
            }
            for each in found
        ]

    say_rows("incidents", run(work, data_dir), json=as_json)


@incidents.command("close")
@click.argument("identity", metavar="ID")
@click.option("--why", required=True, help="what was done, and who was told")
@by
@as_json
@data_dir
def close_incident(identity: str, why: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Close an incident, by name and with what was done."""

    async def work(program: Program) -> dict[str, object]:
        await wrongs.close(program.store, identity_of(identity), why=why, by=by, at=program.now())
        return {"closed": identity}

    say(run(work, data_dir), json=as_json)

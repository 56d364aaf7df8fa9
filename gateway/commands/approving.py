"""`proposals`, `approve` and `decline`: a person says yes or no to exactly what would leave."""

from pathlib import Path
from typing import Any
from uuid import UUID

import click

from gateway import approval, use
from gateway.commands.errors import BadInput
from gateway.commands.running import STAFF, as_json, data_dir, run, say
from gateway.program import Program


def _identity(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise BadInput("`ID`: must be the id of a proposal") from None


@click.command()
@as_json
@data_dir
def proposals(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show what waits for approval; with --json, exactly what the recipient would get.

    Looking is a Use, and is recorded.
    """

    async def work(program: Program) -> list[dict[str, Any]]:
        return await use.read_waiting(program.store, staff=STAFF, at=program.now())

    found = run(work, data_dir)
    if as_json:
        say({"proposals": found}, json=True)
    for proposal in [] if as_json else found:
        click.echo(
            f"{proposal['id']}  to {proposal['recipient']} for {proposal['purpose']}: {proposal['items']} item(s)"
        )


@click.command()
@click.argument("identity", metavar="ID")
@as_json
@data_dir
def approve(identity: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Approve a proposal. At its window everything is decided once more; only the same bytes leave."""

    async def work(program: Program) -> dict[str, object]:
        delivery = await approval.approve(program.store, program.settings, _identity(identity), at=program.now())
        return {"delivery": str(delivery.id), "due_at": delivery.due_at.isoformat()}

    say(run(work, data_dir), json=as_json)


@click.command()
@click.argument("identity", metavar="ID")
@click.option("--why", required=True, help="kept here, never sent")
@as_json
@data_dir
def decline(identity: str, why: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Decline a proposal. Who asked gets the neutral answer at its due time."""

    async def work(program: Program) -> dict[str, object]:
        await approval.decline(program.store, _identity(identity), why=why, at=program.now())
        return {"declined": identity}

    say(run(work, data_dir), json=as_json)

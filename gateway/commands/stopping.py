"""`revoke` and `hold`: effective at once, for every process, also on what is queued."""

from pathlib import Path
from uuid import UUID

import click

from gateway import stopping
from gateway.commands.errors import BadInput
from gateway.commands.running import as_json, data_dir, run, say
from gateway.program import Program
from gateway.stopping import Stopped


async def participant_named(program: Program, reference: str) -> UUID:
    """Give the participant by site-wide reference or id; BadInput where there is none."""
    async with program.store.unit_of_work() as uow:
        found = await uow.participants.find(reference)
    if found is None:
        raise BadInput("`PARTICIPANT`: names no participant of this site")
    return found


@click.command()
@click.argument("participant")
@click.option("--grant", default=None, help="one grant only: GRANT, or CONSENT/GRANT")
@click.option("--oral", is_flag=True, help="said, not written; it stops as much")
@as_json
@data_dir
def revoke(participant: str, grant: str | None, oral: bool, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Revoke what a participant has signed, whole or one grant. No reason is asked for."""

    async def work(program: Program) -> Stopped:
        identity = await participant_named(program, participant)
        return await stopping.revoke(program.store, identity, at=program.now(), grant=grant, oral=oral)

    say(_told(run(work, data_dir)), json=as_json)


@click.command()
@click.argument("participant")
@as_json
@data_dir
def hold(participant: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Stop everything about a participant but emergencies and court orders, until a person lifts it."""

    async def work(program: Program) -> Stopped:
        identity = await participant_named(program, participant)
        return await stopping.hold(program.store, identity, at=program.now())

    say(_told(run(work, data_dir)), json=as_json)


def _told(stopped: Stopped) -> dict[str, object]:
    return {
        "stopped_at": stopped.at.isoformat(),
        "deliveries_suppressed": stopped.suppressed,
        "stops": [str(s) for s in stopped.stops],
    }

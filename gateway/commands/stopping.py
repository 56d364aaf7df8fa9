"""`revoke`, `hold`, `restrict`, `lift`: effective at once, for every process, also on what is queued."""

from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import click

from consent.codes import Category
from gateway import stopping
from gateway.commands.errors import BadInput
from gateway.commands.running import STAFF, as_json, data_dir, run, say
from gateway.program import Program
from gateway.stopping import Stopped

by_whom = click.option("--by", default=STAFF, show_default=True, help="the staff id of who was told, for the ledger")


async def participant_named(program: Program, reference: str) -> UUID:
    """Give the participant by site-wide reference or id; BadInput where there is none."""
    async with program.store.unit_of_work() as uow:
        found = await uow.participants.find(reference)
    if found is None:
        raise BadInput("`PARTICIPANT`: names no participant of this site")
    return found


def person(by: str) -> str:
    """Give who did it; BadInput where nobody is named."""
    if not by.strip():
        raise BadInput("`--by`: must name somebody")
    return by.strip()


@click.command()
@click.argument("participant")
@click.option("--grant", default=None, help="one grant only: GRANT, or CONSENT/GRANT")
@click.option("--oral", is_flag=True, help="said, not written; it stops as much")
@by_whom
@as_json
@data_dir
def revoke(participant: str, grant: str | None, oral: bool, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Revoke what a participant has signed, whole or one grant. No reason is asked for.

    The receipt for the participant is `statement PARTICIPANT`.
    """
    who = person(by)

    async def work(program: Program) -> Stopped:
        identity = await participant_named(program, participant)
        return await stopping.revoke(program.store, identity, at=program.now(), grant=grant, oral=oral, by=who)

    say(told(run(work, data_dir)), json=as_json)


@click.command()
@click.argument("participant")
@click.option("--grant", default=None, help="one grant only, in every form that has it")
@by_whom
@as_json
@data_dir
def hold(participant: str, grant: str | None, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Stop everything about a participant but emergencies and court orders, until a person lifts it."""
    who = person(by)

    async def work(program: Program) -> Stopped:
        identity = await participant_named(program, participant)
        return await stopping.hold(program.store, identity, at=program.now(), grant=grant, by=who)

    say(told(run(work, data_dir)), json=as_json)


@click.command()
@click.argument("participant")
@click.argument("organization")
@click.option("--category", "categories", multiple=True, help="of these only; again for more  [all]")
@by_whom
@as_json
@data_dir
def restrict(
    participant: str,
    organization: str,
    categories: tuple[str, ...],
    by: str,
    as_json: bool,  # noqa: FBT001  -- click passes flags so
    data_dir: Path | None,
) -> None:
    """Record a restriction that was agreed to (42 CFR 2.26): this organization hears nothing, or not of these."""
    who, only = person(by), _categories(categories)

    async def work(program: Program) -> Stopped:
        identity = await participant_named(program, participant)
        return await stopping.restrict(program.store, identity, organization, categories=only, at=program.now(), by=who)

    say(told(run(work, data_dir)), json=as_json)


def _categories(names: tuple[str, ...]) -> frozenset[Category] | None:
    try:
        return frozenset(Category(name) for name in names) or None
    except ValueError:
        raise BadInput("`--category`: must be a category of information") from None


@click.command()
@click.argument("participant")
@click.option("--stop", "stop", default=None, help="the id of one hold or restriction  [every hold]")
@click.option("--by", required=True, help="who lifts it; a person stands for that, on the ledger")
@as_json
@data_dir
def lift(participant: str, stop: str | None, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Lift a hold, or end a restriction. What was suppressed does not come back; a revocation is never lifted."""
    who = person(by)
    try:
        only = None if stop is None else UUID(stop)
    except ValueError:
        raise BadInput("`--stop`: must be the id of a hold or restriction") from None

    async def work(program: Program) -> tuple[UUID, ...]:
        identity = await participant_named(program, participant)
        return await stopping.lift(program.store, identity, stop=only, at=program.now(), by=who)

    say({"lifted": [str(each) for each in run(work, data_dir)]}, json=as_json)


def told(stopped: Stopped) -> dict[str, object]:
    """Give what a stop did, for printing."""
    taken = asdict(stopped.taken)
    return {
        "stopped_at": stopped.at.isoformat(),
        "deliveries_suppressed": stopped.suppressed,
        "stops": [str(s) for s in stopped.stops],
        "already_leaving": taken["leaving"],
        "proposals_withdrawn": taken["proposals"],
        "standing_approvals_ended": taken["standing"],
        "notices_of_the_end": taken["notices"],
    }

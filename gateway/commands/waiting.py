"""`duties`: what waits for a person, by kind and role; what it is about only to whoever looks at one."""

from pathlib import Path
from typing import Any

import click

from gateway import duties as waiting
from gateway import use
from gateway.commands.running import STAFF, as_json, data_dir, run, say, say_rows
from gateway.commands.staffing import by, identity_of
from gateway.program import Program
from gateway.store.repositories.duties import Duty


@click.group()
def duties() -> None:
    """Show what waits for a person, or take note of it."""


@duties.command("list")
@click.option("--organization", default=None, help="of one organization only")
@click.option("--role", default=None, help="of one role only")
@as_json
@data_dir
def list_duties(organization: str | None, role: str | None, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show what is open, oldest first: kind, role, due time. Nobody is named here."""

    async def work(program: Program) -> list[dict[str, Any]]:
        async with program.store.unit_of_work() as uow:
            found = await uow.duties.open(organization=organization, bare=True)
        return [_row(duty) for duty in found if role in (None, waiting.holder(duty))]

    say_rows("duties", run(work, data_dir), json=as_json)


def _row(duty: Duty) -> dict[str, Any]:
    return {
        "id": str(duty.id),
        "kind": duty.kind,
        "organization": duty.organization,
        "role": waiting.holder(duty),
        "assignee": duty.assignee,
        "level": duty.level,
        "created_at": duty.created_at.isoformat(),
        "due_at": duty.due_at and duty.due_at.isoformat(),
    }


@duties.command("show")
@click.argument("identity", metavar="ID")
@as_json
@data_dir
def show_duty(identity: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show one with whom and what it is about; looking is a Use, and is recorded."""

    async def work(program: Program) -> dict[str, Any]:
        found = await use.read_duty(program.store, identity_of(identity), staff=STAFF, at=program.now())
        return {
            **_row(found),
            "participant": found.participant and str(found.participant),
            "reference": found.reference and str(found.reference),
            "detail": found.detail,
        }

    say(run(work, data_dir), json=as_json)


@duties.command("acknowledge")
@click.argument("identity", metavar="ID")
@by
@as_json
@data_dir
def acknowledge(identity: str, by: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Take note of an alert: it is neither repeated nor pushed up any more. What asks for a deed stays open."""

    async def work(program: Program) -> dict[str, object]:
        await waiting.acknowledge(program.store, identity_of(identity), by=by, at=program.now())
        return {"acknowledged": identity}

    say(run(work, data_dir), json=as_json)

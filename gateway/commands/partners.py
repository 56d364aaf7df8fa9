"""`organizations`: who the partners are."""

from pathlib import Path
from typing import Any

import click

from gateway.commands.running import as_json, data_dir, run, say_rows
from gateway.program import Program

Rows = list[dict[str, Any]]


@click.group()
def organizations() -> None:
    """Show the partners of the site."""


@organizations.command("list")
@as_json
@data_dir
def list_organizations(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show every organization: kind, agreement, and whether it has an endpoint."""

    async def work(program: Program) -> Rows:
        async with program.store.unit_of_work() as uow:
            known = await uow.registry.organizations()
            return [
                {
                    "id": found.id,
                    "name": found.name,
                    "kind": found.kind.value,
                    "agreement_expires": found.agreement_expires and found.agreement_expires.isoformat(),
                    "endpoint": await uow.registry.endpoint(found.id),
                    "version": version,
                }
                for found, version in known.values()
            ]

    say_rows("organizations", run(work, data_dir), json=as_json)

"""`organizations`, `clients`, `feeds`: who the partners are, which of their systems may knock, what comes in."""

from pathlib import Path
from typing import Any

import click

from gateway.commands.errors import BadInput
from gateway.commands.ingesting import TAKES
from gateway.commands.running import as_json, data_dir, run, say_rows
from gateway.program import Program
from gateway.store.values import FeedCount

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


@click.group()
def clients() -> None:
    """Show the systems of partners that may ask, or stop one."""


@clients.command("list")
@as_json
@data_dir
def list_clients(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show every registered system: organization, scopes, key ids, and whether it is disabled."""

    async def work(program: Program) -> Rows:
        async with program.store.unit_of_work() as uow:
            known = await uow.clients.every()
        return [
            {
                "client_id": client.client_id,
                "organization": client.organization,
                "scopes": sorted(client.scopes),
                "keys": [key.get("kid") for key in client.jwks.get("keys", [])],
                "disabled": client.disabled,
            }
            for client in known
        ]

    say_rows("clients", run(work, data_dir), json=as_json)


@clients.command("disable")
@click.argument("client_id")
@as_json
@data_dir
def disable_client(client_id: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Stop a system at once: its tokens are worth nothing, and it gets no new ones."""

    async def work(program: Program) -> Rows:
        async with program.store.unit_of_work() as uow:
            if not await uow.clients.disable(client_id, program.now()):
                raise BadInput("`CLIENT_ID`: names no registered system")
            await uow.commit()
        return [{"client_id": client_id, "disabled": True}]

    say_rows("clients", run(work, data_dir), json=as_json)


@click.group()
def feeds() -> None:
    """Show what comes in."""


@feeds.command("list")
@as_json
@data_dir
def list_feeds(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show every feed with its counts of all days; of strangers nothing else is kept."""

    async def work(program: Program) -> Rows:
        async with program.store.unit_of_work() as uow:
            counts = await uow.inbound.counts()
        return [{"feed": feed, "takes": takes, **_totals(feed, counts)} for feed, takes in TAKES.items()]

    say_rows("feeds", run(work, data_dir), json=as_json)


def _totals(feed: str, counts: list[FeedCount]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for each in counts:
        if each.feed == feed:
            totals[each.outcome] = totals.get(each.outcome, 0) + each.count
    return totals

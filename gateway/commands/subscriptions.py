"""`subscriptions`: who is told what, whether it was acknowledged, and ending one."""

from pathlib import Path
from typing import Any
from uuid import UUID

import click

from gateway import subscriptions as rules
from gateway.commands.errors import BadInput
from gateway.commands.running import STAFF, as_json, data_dir, run, say, say_rows
from gateway.program import Program


@click.group()
def subscriptions() -> None:
    """Show what partners' systems have subscribed to, and end a subscription."""


@subscriptions.command("list")
@as_json
@data_dir
def list_subscriptions(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show every subscription, and how many of its events were acknowledged, wait, failed, were not told."""

    async def work(program: Program) -> list[dict[str, Any]]:
        return [_shown(found) for found in await rules.listed(program.store)]

    say_rows("subscriptions", run(work, data_dir), json=as_json)


def _shown(found: rules.Listed) -> dict[str, Any]:
    told, counts = found.subscription, found.counts
    return {
        "id": str(told.id),
        "organization": told.organization,
        "client": told.client_id,
        "topic": told.topic,
        "content": told.content,
        "endpoint": told.endpoint,
        "state": told.state,
        "cause": told.cause,
        "acknowledged": counts.get("acknowledged", 0),
        "waiting": counts.get("waiting", 0),
        "failed": counts.get("failed", 0),
        "told_at": None if told.told_at is None else told.told_at.isoformat(),
    }


@subscriptions.command("end")
@click.argument("identity", metavar="ID")
@as_json
@data_dir
def end_subscription(identity: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """End a subscription: nothing more is told."""

    async def work(program: Program) -> dict[str, object]:
        found = _identity(identity)
        if not await rules.switch_off(program.store, found, program.now(), by=STAFF):
            raise BadInput("`ID`: names no subscription that goes on")
        return {"subscription": str(found), "state": "off"}

    say(run(work, data_dir), json=as_json)


def _identity(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise BadInput("`ID`: must be the id of a subscription") from None

"""`deliveries`: what waits, what has failed and why, which endpoints are left alone; and trying again."""

from pathlib import Path
from typing import Any
from uuid import UUID

import click

from gateway import breaking, outcomes
from gateway import delivery as states
from gateway.commands.errors import BadInput
from gateway.commands.running import STAFF, as_json, data_dir, run, say, say_rows
from gateway.delivery import DeliveryError
from gateway.program import Program
from gateway.store.values import StoredDelivery


@click.group()
def deliveries() -> None:
    """Show sendings, try one again that has failed, show endpoints that are left alone."""


@deliveries.command("list")
@click.option("--failed", is_flag=True, help="dead letters only, with their cause")
@as_json
@data_dir
def list_deliveries(failed: bool, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show the sendings that have not ended, or those that have failed. Nothing of what they say."""

    async def work(program: Program) -> list[dict[str, Any]]:
        wanted = (states.FAILED,) if failed else (states.PROPOSED, states.APPROVED, states.QUEUED, states.SENDING)
        async with program.store.unit_of_work() as uow:
            return [_shown(found) for state in wanted for found in await uow.deliveries.in_state(state)]

    say_rows("deliveries", run(work, data_dir), json=as_json)


def _shown(delivery: StoredDelivery) -> dict[str, Any]:
    return {
        "id": str(delivery.id),
        "state": delivery.state,
        "recipient": delivery.recipient,
        "kind": delivery.kind,
        "exchange": delivery.exchange,
        "attempts": delivery.attempts,
        "cause": delivery.cause,
        "due_at": delivery.due_at.isoformat(),
        "expires_at": None if delivery.expires_at is None else delivery.expires_at.isoformat(),
    }


@deliveries.command("retry")
@click.argument("identity", metavar="ID")
@as_json
@data_dir
def retry_delivery(identity: str, as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Queue a failed sending again. It is decided once more, like any other."""

    async def work(program: Program) -> dict[str, object]:
        async with program.store.unit_of_work() as uow:
            try:
                queued = await outcomes.retry(uow, _identity(identity), program.now(), by=STAFF)
            except DeliveryError as error:
                raise BadInput(str(error)) from None
            await uow.commit()
        return {"delivery": str(queued.id), "state": queued.state, "due_at": queued.due_at.isoformat()}

    say(run(work, data_dir), json=as_json)


def _identity(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise BadInput("`ID`: must be the id of a delivery") from None


@deliveries.command("endpoints")
@as_json
@data_dir
def list_endpoints(as_json: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Show the endpoints that fail: how often in a row, why, and whether they are left alone for now."""

    async def work(program: Program) -> list[dict[str, Any]]:
        async with program.store.unit_of_work() as uow:
            return [
                {
                    "recipient": found.recipient,
                    "failures": found.failures,
                    "cause": found.cause,
                    "open": breaking.is_open(found, program.now()),
                    "open_until": None if found.open_until is None else found.open_until.isoformat(),
                }
                for found in await uow.breakers.every()
            ]

    say_rows("endpoints", run(work, data_dir), json=as_json)

"""Subscribers hear that we live, as often as they asked; and events that were told long ago are forgotten."""

from datetime import timedelta
from typing import Final

from gateway import notifying
from gateway.program import Program
from gateway.store.repositories.subscriptions import Subscriptions

KEPT: Final = timedelta(days=90)
"""For so long the events of a subscription can be asked for again; the ledger keeps what was disclosed."""


async def beat(program: Program) -> None:
    """Send the heartbeats that are due, and forget old events."""
    hooks, now = notifying.Hooks(program.settings.base_url), program.now()
    await notifying.beat(program.store, hooks, now, program.settings.send_timeout_seconds)
    async with program.store.unit_of_work() as uow:
        await Subscriptions(uow.connection, uow.vault).forget(now - KEPT)
        await uow.commit()

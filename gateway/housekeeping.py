"""What every process does beside its work: seal the ledger, purge what has waited too long, forget what has expired."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from gateway import feeds, ledger
from gateway.heartbeats import beat
from gateway.log import get_logger
from gateway.matching import close_purged
from gateway.nudging import nudge, push
from gateway.program import Program
from gateway.running_out import chase, lapse, look, look_again
from gateway.store.repositories.knocking import Rates
from gateway.sweeping import expire, forget, sweep

SEAL_EVERY: Final = 0.5  # seconds
TIDY_EVERY: Final = 60.0
AFTER_A_FAILURE: Final = 2.0
_log = get_logger(__name__)


@asynccontextmanager
async def keeping_house(program: Program) -> AsyncIterator[None]:
    """Keep house while the block runs. Any number of processes may; each task is done by one at a time."""
    signed = ledger.Signing(program.store, program.settings.checkpoint_dir)
    tasks = [
        asyncio.create_task(_repeat(signed.seal_and_sign, SEAL_EVERY, "sealing failed")),
        asyncio.create_task(_repeat(lambda: tidy(program), TIDY_EVERY, "tidying failed")),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def purge(program: Program) -> None:
    """Purge the quarantine of what has waited 72 hours; forget assertions and tokens that are past their time."""
    now = program.now()
    async with program.store.unit_of_work() as uow:
        purged = await uow.inbound.purge(now)
        await close_purged(uow, now)
        await uow.clients.forget_expired(now - timedelta(minutes=5))
        await Rates(uow.connection).forget(now - timedelta(hours=1))
        await uow.commit()
    if purged:
        _log.info("quarantine purged", count=purged)


async def follow_feeds(program: Program) -> None:
    """Look for feeds that have fallen silent or turned malformed, and count what came, for /metrics."""
    now = program.now()
    await feeds.look_after(program.store, now)
    async with program.store.unit_of_work() as uow:
        program.comings.set(await uow.inbound.totals(), [feeds.state_of(each, now) for each in await uow.feeds.every()])


CHORES: Final[tuple[Callable[[Program], Awaitable[object]], ...]] = (
    purge,
    sweep,
    expire,
    forget,
    look,
    look_again,
    lapse,
    chase,
    push,
    nudge,
    beat,
    follow_feeds,
)
"""What is done each minute, one after the other. Each may be done by any number of processes at once."""


async def tidy(program: Program) -> None:
    """Do every chore; one that fails is logged by its name and class, and keeps no other from being done."""
    for chore in CHORES:
        try:
            await chore(program)
        except Exception as error:  # noqa: BLE001  -- the others are to be done
            _log.warning("chore failed", chore=chore.__name__, error_class=type(error).__name__)


async def _repeat(work: Callable[[], Awaitable[object]], every: float, failed: str) -> None:
    """Do it again and again; a failure is logged by its class, and tried again."""
    while True:
        try:
            await work()
            await asyncio.sleep(every)
        except Exception as error:  # noqa: BLE001  -- the house is kept as long as the process lives
            _log.warning(failed, error_class=type(error).__name__)
            await asyncio.sleep(AFTER_A_FAILURE)

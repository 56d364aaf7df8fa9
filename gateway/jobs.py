"""Procrastinate's tasks: ids only, never content. A job is queued in the transaction that makes it necessary."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import procrastinate
from procrastinate import JobContext, PsycopgConnector, RetryStrategy

from gateway.log import get_logger
from gateway.store.repositories.claims import Claims
from gateway.store.unit_of_work import UnitOfWork

if TYPE_CHECKING:  # the program composes this module; at run time it arrives in the job's context
    from gateway.program import Program

app: Final = procrastinate.App(connector=PsycopgConnector())
_KEEP_TRYING: Final = RetryStrategy(max_attempts=50, wait=1, linear_wait=1)
CONNECTION_SECONDS: Final = 3.0
"""A connection that cannot be had in this time is a failure; so the end comes soon even while the database is away."""

GRACE_SECONDS: Final = 5.0
"""At the end, a job that has begun may go on for so long. One that is cut short is taken over like a dead worker's."""

AFTER_A_FAILURE: Final = 1.0
_log = get_logger(__name__)


def _program(context: JobContext) -> "Program":
    program: Program = context.additional_context["program"]
    return program


@app.task(name="consider", pass_context=True, retry=_KEEP_TRYING)
async def _consider(context: JobContext, question: str) -> None:
    await _program(context).consider(UUID(question))


@app.task(name="deliver", pass_context=True, retry=_KEEP_TRYING)
async def _deliver(context: JobContext, delivery: str) -> None:
    if context.job.id is None:
        await _program(context).deliver(UUID(delivery))
    else:
        await _program(context).deliver_round(UUID(delivery), context.job.id)


@app.task(name="nothing")
async def nothing() -> None:
    """Do nothing: what `bench` measures sending against."""


async def enqueue_question(uow: UnitOfWork, question: UUID) -> None:
    """Have a question considered as soon as this transaction has committed."""
    await _consider.configure(connection=await uow.driver()).defer_async(question=str(question))


async def enqueue_delivery(uow: UnitOfWork, delivery: UUID, at: datetime) -> None:
    """Have a delivery made at that moment, if this transaction commits. One process at a time works on it."""
    job = _deliver.configure(connection=await uow.driver(), schedule_at=at, lock=str(delivery))
    await job.defer_async(delivery=str(delivery))


@asynccontextmanager
async def working(program: "Program", conninfo: str) -> AsyncIterator[None]:
    """Work on jobs while the block runs, and take over what dead workers have left half-done.

    An outage of the database ends neither: the work goes on when it is back.
    """
    connector = PsycopgConnector(conninfo=conninfo, min_size=1, max_size=6, timeout=CONNECTION_SECONDS)
    with app.replace_connector(connector):
        async with app.open_async():
            tasks = [asyncio.create_task(_work(program)), asyncio.create_task(_rescue(program))]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


async def _work(program: "Program") -> None:
    """Run a worker, and another one when it has failed: Procrastinate's ends with the first lost connection."""
    stop_after = program.settings.worker_timeout_seconds
    this = asyncio.current_task()
    while this is not None and not this.cancelling():  # a failure on the way out takes the cancellation's place
        try:
            await app.run_worker_async(
                concurrency=4,
                install_signal_handlers=False,
                fetch_job_polling_interval=program.settings.poll_seconds,
                update_heartbeat_interval=stop_after / 4,
                stalled_worker_timeout=stop_after,
                shutdown_graceful_timeout=GRACE_SECONDS,
                additional_context={"program": program},
            )
        except Exception as error:  # noqa: BLE001  -- whatever it was, jobs must be worked on
            _log.warning("worker failed", error_class=type(error).__name__)
            await asyncio.sleep(0 if this.cancelling() else AFTER_A_FAILURE)


async def _rescue(program: "Program") -> None:
    """Hand jobs of workers that stopped breathing to those that live."""
    stop_after = program.settings.worker_timeout_seconds
    while True:
        await asyncio.sleep(stop_after / 2)
        try:
            async with program.store.unit_of_work() as uow:
                rescued = await Claims(uow.connection).rescue(stop_after)
                await uow.commit()
            if rescued:
                _log.info("jobs rescued", count=rescued)
        except Exception as error:  # noqa: BLE001  -- whatever it was, dead workers' jobs must be handed on
            _log.warning("rescue failed", error_class=type(error).__name__)

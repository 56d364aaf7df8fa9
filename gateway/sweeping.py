"""Nothing waits for a job that is gone, and nothing leaves after its time: looked for each minute, by one process."""

from datetime import timedelta
from typing import Final

from gateway import outcomes
from gateway.jobs import enqueue_delivery, enqueue_question
from gateway.log import get_logger
from gateway.program import Program
from gateway.store.repositories.claims import Claims

GRACE: Final = timedelta(seconds=30)
"""A job has so long to come to what is due, before anybody wonders whether there is one."""

LEASE: Final = timedelta(minutes=2)
"""A job that was begun so long ago and has not ended is nobody's: no attempt, and no round of them, takes longer."""

KEPT: Final = timedelta(days=7)
"""What Procrastinate remembers of a job that has ended is kept for so long."""

_log = get_logger(__name__)


async def sweep(program: Program) -> None:
    """Enqueue again what is due in a state that a job must end, and has no job that lives; free jobs that are stuck.

    A job is made in the transaction that needs it, so this finds something only where jobs were deleted, given up
    after too many failures, or lost by a restore. A job is stuck where a worker lives and has forgotten it. One job too
    many does no harm: whoever comes second finds it done.
    """
    now = program.now()
    async with program.store.unit_of_work() as uow:
        if not await uow.deliveries.become_sweeper():
            return
        stuck = await Claims(uow.connection).take_back(LEASE)
        deliveries = await uow.deliveries.orphans(now - GRACE)
        questions = await uow.questions.orphans(now - GRACE)
        for delivery in deliveries:
            await enqueue_delivery(uow, delivery, now)
        for question in questions:
            await enqueue_question(uow, question)
        await uow.commit()
    if deliveries or questions:
        _log.warning("work without a job was queued again", deliveries=len(deliveries), questions=len(questions))
    if stuck:
        _log.warning("jobs that nobody worked on were freed", count=stuck)


async def forget(program: Program) -> None:
    """Delete the jobs that ended, well or not, more than KEPT ago, a few at a time: they pile up by the thousand.

    A delivery says by itself what became of it, and the ledger does; a job carries an id and nothing else.
    """
    async with program.store.unit_of_work() as uow:
        if not await uow.deliveries.become_sweeper():
            return
        await Claims(uow.connection).forget(KEPT)
        await uow.commit()


async def expire(program: Program) -> None:
    """End what waits although its time limit has passed, each in a transaction of its own."""
    now = program.now()
    async with program.store.unit_of_work() as uow:
        late = await uow.deliveries.expiring(now)
    for delivery in late:
        async with program.store.unit_of_work() as uow:
            await outcomes.expire(uow, delivery.id, now)
            await uow.commit()

"""Something about a participant came in: have it looked at, as soon as it is stored, for what it sets off.

Only the job is made here, in the transaction that stores the item: taking in never waits for, and never fails by, what
comes of it. The job carries ids only.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from procrastinate import JobContext, RetryStrategy

from gateway import defender, jobs
from gateway.exchanges.considering import consider
from gateway.exchanges.triggers import MAY_TRIGGER
from gateway.happening import from_items
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredItem

if TYPE_CHECKING:  # the program composes this module; at run time it arrives in the job's context
    from gateway.program import Program

_KEEP_TRYING = RetryStrategy(max_attempts=50, wait=1, linear_wait=1)


@jobs.app.task(name="exchange", pass_context=True, retry=_KEEP_TRYING)
async def _exchange(context: JobContext, participant: str, items: list[str]) -> None:
    program: Program = context.additional_context["program"]
    arrived = tuple(UUID(item) for item in items)
    await consider(program.store, program.settings, UUID(participant), arrived, program.now())
    days = program.settings.enforcement_days
    await defender.look(program.store, UUID(participant), arrived, program.now(), days=days)


async def after_items(
    uow: UnitOfWork, participant: UUID, items: Sequence[tuple[UUID, StoredItem]], at: datetime
) -> None:
    """Have new or changed items of one participant considered, if this transaction commits; ids with what was put."""
    await from_items(uow, participant, items, at)  # a release, a disposition: grants may hang on it
    arrived = [str(identity) for identity, stored in items if stored.category in MAY_TRIGGER]
    if arrived:
        await _enqueue(uow, participant, arrived)


async def after_consent(uow: UnitOfWork, participant: UUID, _at: datetime) -> None:
    """Have a participant's enrolment considered: a form was recorded, so intake and signature may both be done now."""
    await _enqueue(uow, participant, [])


async def _enqueue(uow: UnitOfWork, participant: UUID, items: Sequence[str]) -> None:
    job = _exchange.configure(connection=await uow.driver())
    await job.defer_async(participant=str(participant), items=[*items])

"""Jobs that a worker takes along: others of the same kind that are due, so that one transaction can serve several.

They are marked as Procrastinate marks its own: if the worker dies, whoever rescues its jobs rescues these too.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

# A job waits for earlier ones with its lock, as in Procrastinate's own way to fetch.
_TAKE: Final = text(
    "UPDATE procrastinate_jobs SET status = 'doing',"
    " worker_id = (SELECT mine.worker_id FROM procrastinate_jobs mine WHERE mine.id = :mine)"
    " WHERE id IN (SELECT j.id FROM procrastinate_jobs j WHERE j.task_name = 'deliver' AND j.status = 'todo'"
    " AND (j.scheduled_at IS NULL OR j.scheduled_at <= now()) AND NOT EXISTS (SELECT FROM procrastinate_jobs o"
    " WHERE o.lock = j.lock AND (o.status = 'doing' OR (o.status = 'todo' AND o.id < j.id)))"
    " ORDER BY j.priority DESC, j.id LIMIT :number FOR UPDATE OF j SKIP LOCKED)"
    " RETURNING id, lock, worker_id"
)
_END: Final = text(
    "UPDATE procrastinate_jobs SET status = 'succeeded', attempts = attempts + 1"
    " WHERE id = ANY(:jobs) AND status = 'doing' AND worker_id IS NOT DISTINCT FROM :worker"
)
_GIVE_BACK: Final = text(
    "UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL"
    " WHERE id = ANY(:jobs) AND status = 'doing' AND worker_id IS NOT DISTINCT FROM :worker"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that was taken along, the delivery that it is about, and the worker that took it.

    INVARIANT: a worker that was given up for dead ends no job that another has taken over since.
    """

    job: int
    delivery: UUID
    worker: int | None = None


class Claims:
    """The jobs of deliveries, as the worker of one of them takes others along."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def take(self, mine: int, number: int) -> list[Claim]:
        """Take along up to `number` deliveries that are due. `mine`: the job that the caller is working on."""
        rows = await self._connection.execute(_TAKE, {"mine": mine, "number": number})
        return [Claim(r.id, UUID(r.lock), r.worker_id) for r in rows]

    async def end(self, claims: list[Claim]) -> None:
        """Record that these jobs are done."""
        await self._each(_END, claims)

    async def give_back(self, claims: list[Claim]) -> None:
        """Let others have these jobs."""
        await self._each(_GIVE_BACK, claims)

    async def _each(self, statement: TextClause, claims: list[Claim]) -> None:
        if claims:
            mine = {"jobs": [claim.job for claim in claims], "worker": claims[0].worker}
            await self._connection.execute(statement, mine)

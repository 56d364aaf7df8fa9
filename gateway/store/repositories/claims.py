"""Jobs that a worker takes along: others of the same kind that are due, so that one transaction can serve several.

And jobs that nobody needs any more: those whose worker has forgotten them, those that ended long ago.

They are marked as Procrastinate marks its own: if the worker dies, whoever rescues its jobs rescues these too.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

# A job waits for earlier ones with its lock, as in Procrastinate's own way to fetch. Whether there are any is asked of
# a few at the head of the queue only: asked of all that wait, a claim would take the longer the more of them there are.
_TAKE: Final = text(
    "UPDATE procrastinate_jobs SET status = 'doing',"
    " worker_id = (SELECT mine.worker_id FROM procrastinate_jobs mine WHERE mine.id = :mine)"
    " WHERE id IN (SELECT j.id FROM (SELECT h.id, h.lock, h.priority FROM procrastinate_jobs h"
    " WHERE h.task_name = 'deliver' AND h.status = 'todo' AND (h.scheduled_at IS NULL OR h.scheduled_at <= now())"
    " ORDER BY h.priority DESC, h.id LIMIT 4 * :number FOR UPDATE OF h SKIP LOCKED) j"
    " WHERE NOT EXISTS (SELECT FROM procrastinate_jobs o"
    " WHERE o.lock = j.lock AND (o.status = 'doing' OR (o.status = 'todo' AND o.id < j.id)))"
    " ORDER BY j.priority DESC, j.id LIMIT :number)"
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
# One statement, so that of several who look at once each job is handed on by one, and never one that lives again.
_RESCUE: Final = text(
    "UPDATE procrastinate_jobs j SET status = 'todo', worker_id = NULL, attempts = attempts + 1"
    " WHERE j.status = 'doing' AND NOT EXISTS (SELECT FROM procrastinate_workers w WHERE w.id = j.worker_id"
    " AND w.last_heartbeat >= now() - make_interval(secs => :seconds))"
)
# By the database's clock on both sides: it has written down itself when a job was begun.
_TAKE_BACK: Final = text(
    "UPDATE procrastinate_jobs j SET status = 'todo', worker_id = NULL, attempts = attempts + 1"
    " WHERE j.status = 'doing' AND NOT EXISTS (SELECT FROM procrastinate_events e WHERE e.job_id = j.id"
    " AND e.type = 'started' AND e.at > now() - make_interval(secs => :seconds))"
)
# A job's last event is its end. Only so many of the oldest are looked at, not a week of jobs each time.
_FORGET: Final = text(
    "DELETE FROM procrastinate_jobs WHERE id IN (SELECT o.id FROM (SELECT j.id FROM procrastinate_jobs j"
    " WHERE j.status NOT IN ('todo', 'doing') ORDER BY j.id LIMIT :number) o"
    " WHERE NOT EXISTS (SELECT FROM procrastinate_events e WHERE e.job_id = o.id"
    " AND e.at > now() - make_interval(secs => :seconds)))"
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

    async def rescue(self, silence: float) -> int:
        """Let others have the jobs of workers that are gone, or have been silent for so many seconds; returns how many.

        Procrastinate's own way reads the jobs first and hands each on by its id: where several look at once, the last
        of them takes jobs back from workers that live, and everything is done twice.
        """
        return (await self._connection.execute(_RESCUE, {"seconds": silence})).rowcount

    async def take_back(self, lease: timedelta) -> int:
        """Let others have every job, of whatever kind, that was begun so long ago and has not ended; returns how many.

        A worker that lives can hold a job that it no longer knows of: the answer to its claim was lost, or the end of
        the job could not be written down. Nobody rescues what a living worker holds.
        """
        found = await self._connection.execute(_TAKE_BACK, {"seconds": lease.total_seconds()})
        return found.rowcount

    async def forget(self, kept: timedelta, number: int = 2000) -> int:
        """Delete, of the `number` oldest jobs that have ended, those that ended so long ago; returns how many."""
        found = await self._connection.execute(_FORGET, {"seconds": kept.total_seconds(), "number": number})
        return found.rowcount

    async def _each(self, statement: TextClause, claims: list[Claim]) -> None:
        if claims:
            mine = {"jobs": [claim.job for claim in claims], "worker": claims[0].worker}
            await self._connection.execute(statement, mine)

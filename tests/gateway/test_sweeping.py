"""Nothing waits for a job that is gone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway import delivery, housekeeping
from gateway.demo.story import stranger_question
from gateway.sweeping import GRACE, KEPT, LEASE, forget, sweep
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene, owner


@pytest.fixture
async def scene(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path / "site", database_urls) as opened:
        yield opened


def _jobs(urls: DatabaseUrls, change: str | None = None) -> list[tuple[str, str]]:
    with owner(urls) as connection:
        if change is not None:
            connection.execute(change.encode())
        return connection.execute("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id").fetchall()


_TODO = "UPDATE procrastinate_jobs SET status = 'todo'"
_DOING = "UPDATE procrastinate_jobs SET status = 'doing'"


class TestSweep:
    async def test_what_lost_its_job_gets_another_once(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        asked = await scene.ask(stranger_question())
        assert _jobs(database_urls, "DELETE FROM procrastinate_jobs") == []
        scene.clock.at = asked.due_at + GRACE
        for _ in range(2):
            await sweep(scene.program)
        assert _jobs(database_urls) == [("deliver", "todo"), ("consider", "todo")]

    @pytest.mark.parametrize("status", [_TODO, _DOING])
    async def test_what_has_a_living_job_gets_no_other(
        self, scene: Scene, database_urls: DatabaseUrls, status: str
    ) -> None:
        asked = await scene.ask(stranger_question())
        before = _jobs(database_urls, status)
        scene.clock.at = asked.due_at + timedelta(days=1)
        await sweep(scene.program)
        assert _jobs(database_urls) == before

    async def test_a_job_that_was_given_up_counts_as_gone(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        asked = await scene.ask(stranger_question())
        _jobs(database_urls, _DOING)
        _jobs(database_urls, "UPDATE procrastinate_jobs SET status = 'failed'")
        scene.clock.at = asked.due_at + GRACE
        await sweep(scene.program)
        assert _jobs(database_urls)[-2:] == [("deliver", "todo"), ("consider", "todo")]

    async def test_what_is_not_due_or_has_ended_gets_none(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        asked = await scene.ask(stranger_question())
        await scene.consider(asked)
        _jobs(database_urls, "DELETE FROM procrastinate_jobs")
        await sweep(scene.program)
        assert _jobs(database_urls) == []
        scene.clock.at = asked.due_at
        await scene.deliver_due(asked)
        scene.clock.move(days=1)
        await sweep(scene.program)
        assert _jobs(database_urls) == []

    async def test_one_that_was_being_sent_when_its_worker_died(
        self, scene: Scene, database_urls: DatabaseUrls
    ) -> None:
        asked = await scene.ask(stranger_question())
        (waits,) = await scene.deliveries(asked)
        async with scene.store.unit_of_work() as uow:
            await delivery.move(uow, waits, delivery.SENDING, at=scene.clock())
            await uow.commit()
        _jobs(database_urls, "DELETE FROM procrastinate_jobs")
        scene.clock.at = asked.due_at + GRACE
        await sweep(scene.program)
        assert ("deliver", "todo") in _jobs(database_urls)


def _begun(urls: DatabaseUrls, seconds_ago: float) -> None:
    with owner(urls) as connection:
        change = "UPDATE procrastinate_events SET at = now() - make_interval(secs => %s) WHERE type = 'started'"
        connection.execute(change, (seconds_ago,))


class TestLease:
    """A worker that lives can hold a job that it knows nothing of any more: nobody else frees that."""

    async def test_one_within_its_lease_is_let_be(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        await scene.ask(stranger_question())
        before = [(name, "doing") for name, _ in _jobs(database_urls, _DOING)]
        _begun(database_urls, LEASE.total_seconds() - 30)
        await sweep(scene.program)
        assert _jobs(database_urls) == before

    async def test_one_past_its_lease_is_free_again(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        await scene.ask(stranger_question())
        before = [(name, "todo") for name, _ in _jobs(database_urls, _DOING)]
        _begun(database_urls, LEASE.total_seconds() + 1)
        await sweep(scene.program)
        assert before
        assert _jobs(database_urls) == before

    async def test_it_begins_anew_with_each_worker(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        await scene.ask(stranger_question())
        _jobs(database_urls, _DOING)
        _begun(database_urls, LEASE.total_seconds() + 1)
        _jobs(database_urls, _TODO)
        before = [(name, "doing") for name, _ in _jobs(database_urls, _DOING)]
        await sweep(scene.program)
        assert _jobs(database_urls) == before


class TestForget:
    @pytest.mark.parametrize("status", ["succeeded", "failed"])
    async def test_what_ended_long_ago_is_deleted(self, scene: Scene, database_urls: DatabaseUrls, status: str) -> None:
        await scene.ask(stranger_question())
        _ended(database_urls, status, KEPT.total_seconds() + 60)
        await forget(scene.program)
        assert _jobs(database_urls) == []
        with owner(database_urls) as connection:
            assert connection.execute("SELECT count(*) FROM procrastinate_events").fetchone() == (0,)

    async def test_what_ended_lately_is_kept(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        await scene.ask(stranger_question())
        _ended(database_urls, "succeeded", KEPT.total_seconds() - 60)
        before = _jobs(database_urls)
        await forget(scene.program)
        assert before
        assert _jobs(database_urls) == before

    @pytest.mark.parametrize("status", ["todo", "doing"])
    async def test_what_has_not_ended_is_kept_however_old(
        self, scene: Scene, database_urls: DatabaseUrls, status: str
    ) -> None:
        await scene.ask(stranger_question())
        _ended(database_urls, status, KEPT.total_seconds() * 2)
        before = _jobs(database_urls)
        await forget(scene.program)
        assert before
        assert _jobs(database_urls) == before


def _ended(urls: DatabaseUrls, status: str, seconds_ago: float) -> None:
    """Let every job have come to this state, and its last event be so long ago."""
    with owner(urls) as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        connection.execute("UPDATE procrastinate_jobs SET status = %s", (status,))
        connection.execute("UPDATE procrastinate_events SET at = now() - make_interval(secs => %s)", (seconds_ago,))


class TestChores:
    async def test_one_that_fails_keeps_no_other_from_being_done(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done = []

        async def fails(_: object) -> None:
            raise OSError(28, "No space left on device")

        async def works(_: object) -> None:
            done.append(True)

        monkeypatch.setattr(housekeeping, "CHORES", (fails, works))
        await housekeeping.tidy(scene.program)
        assert done == [True]

    def test_sweeping_and_expiring_are_among_them(self) -> None:
        assert {"purge", "sweep", "expire", "forget", "follow_feeds"} <= {
            chore.__name__ for chore in housekeeping.CHORES
        }

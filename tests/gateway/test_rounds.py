"""Several deliveries in one round come to exactly what each alone would have come to."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import gateway.disclosure
from adapters.outbound import Failed
from consent.disclosure import Disclosure
from consent.request import DisclosureRequest
from gateway import breaking, rounds, sending, stopping
from gateway.demo.site_record import HOSPITAL
from gateway.demo.story import ray_question, stranger_question
from gateway.store.repositories.claims import Claim, Claims
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredDelivery, StoredItem
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene, owner
from tests.gateway.test_delivery import consented, now, on_the_ledger, queued

SENT = [(None, "queued"), ("queued", "sending"), ("sending", "delivered")]


@pytest.fixture
async def scene(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path / "site", database_urls) as opened:
        yield opened


async def round_of(scene: Scene, urls: DatabaseUrls, first: StoredDelivery) -> None:
    """What the worker does with the job of one delivery."""

    async def door(_: UnitOfWork, __: str) -> Any:
        return scene.door

    with owner(urls) as connection:
        connection.execute("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE task_name = 'deliver'")
        take = "UPDATE procrastinate_jobs SET status = 'doing' WHERE lock = %s AND status = 'todo' RETURNING id"
        (job,) = connection.execute(take, (str(first.id),)).fetchone() or (0,)
    await rounds.deliver_round(scene.store, sending.Doors(door, scene.clock, 5.0), first.id, job)


def jobs(urls: DatabaseUrls) -> list[str]:
    with owner(urls) as connection:
        statement = "SELECT status::text FROM procrastinate_jobs WHERE task_name = 'deliver' ORDER BY id"
        return [status for (status,) in connection.execute(statement)]


class TestReadAhead:
    async def test_gives_every_participant_the_same_facts_and_references(self, scene: Scene) -> None:
        """Revoked, held, with an unlinked message and an unreadable item: read at once or alone, it is the same."""
        ray, testina = await scene.participant(), await scene.participant("p-testina")
        await stopping.hold(scene.store, testina, at=scene.clock())
        await stopping.revoke(scene.store, ray, at=scene.clock(), grant=None)
        async with scene.store.unit_of_work() as uow:
            item = (await uow.record.items(ray))[0]
            envelope = UUID(int=5)
            await uow.record.put(ray, _told_by(item, envelope), scene.clock())
            await uow.matters.add_unlink(ray, envelope, {"by": "Mo Cypress"}, scene.clock())
            await uow.commit()
        async with scene.store.unit_of_work() as uow:
            people = await uow.participants.all_ids()
            alone = {person: await uow.load(person, scene.clock()) for person in people}
        async with scene.store.unit_of_work() as uow:
            await uow.read_ahead(people)
            together = {person: await uow.load(person, scene.clock()) for person in people}
        assert len(people) > 3
        assert together == alone
        assert any(references.unlinks for _, references in alone.values())


def _told_by(item: Any, envelope: UUID) -> StoredItem:
    return StoredItem("told-by-mistake", item.category, item.source, item.created, item.resource, envelope)


class TestRound:
    async def test_all_that_are_due_go_each_with_its_own_entry_and_key(
        self, scene: Scene, database_urls: DatabaseUrls
    ) -> None:
        request = await consented(scene)
        made = [await queued(scene, replace(request, id=f"exchange-{n}")) for n in range(6)]
        await round_of(scene, database_urls, made[0])
        for each in made:
            found = await now(scene, each)
            assert (found.state, found.attempts) == ("delivered", 1)
            assert await on_the_ledger(scene, each) == SENT
        assert sorted(key for _, key in scene.door.sent) == sorted(str(each.key) for each in made)
        entries = {m.entry for m in scene.door.disclosures}
        assert len(entries) == 6
        assert jobs(database_urls) == ["doing", *["succeeded"] * 5]  # its own job is for the worker to end

    async def test_one_that_may_not_leave_does_not_and_keeps_no_other(
        self, scene: Scene, database_urls: DatabaseUrls
    ) -> None:
        request = await consented(scene)
        testina = replace(request, participant=str(await scene.participant("p-testina")))
        good, bad = await queued(scene, request), await queued(scene, testina)
        await round_of(scene, database_urls, good)
        assert (await now(scene, good)).state == "delivered"
        assert (await now(scene, bad)).state == "suppressed"
        assert len(scene.door.sent) == 1
        async with scene.store.unit_of_work() as uow:
            entries = await uow.accounting.of(UUID(testina.participant))
        assert [e.kind for e in entries if e.kind in ("denial", "disclosure")] == ["denial"]

    async def test_a_revocation_before_it_counts(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        request = await consented(scene)
        made = [await queued(scene, request) for _ in range(3)]
        await stopping.revoke(scene.store, UUID(request.participant), at=scene.clock())
        await round_of(scene, database_urls, made[0])
        assert {(await now(scene, each)).state for each in made} == {"suppressed"}
        assert scene.door.sent == []

    async def test_what_fails_is_tried_again_by_itself(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        request = await consented(scene)
        made = [await queued(scene, request) for _ in range(3)]
        scene.door.outcomes = [Failed(retryable=True, cause="connect"), Failed(retryable=False, cause="http-422")]
        await round_of(scene, database_urls, made[0])
        assert sorted([(await now(scene, each)).state for each in made]) == ["delivered", "failed", "queued"]

    async def test_what_fails_at_once_has_failed_once(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        """Sixteen at once into one hiccup are not sixteen failures in a row: the endpoint is not left alone."""
        request = await consented(scene)
        made = [await queued(scene, request) for _ in range(6)]
        scene.door.outcomes = [Failed(retryable=True, cause="connect")] * 6
        await round_of(scene, database_urls, made[0])
        async with scene.store.unit_of_work() as uow:
            known = await uow.breakers.get(HOSPITAL)
        assert known is not None
        assert (known.failures, known.open_until) == (1, None)

    async def test_an_endpoint_that_answered_one_of_them_is_there(
        self, scene: Scene, database_urls: DatabaseUrls
    ) -> None:
        request = await consented(scene)
        made = [await queued(scene, request) for _ in range(4)]
        scene.door.outcomes = [Failed(retryable=True, cause="connect")] * 3
        await round_of(scene, database_urls, made[0])
        async with scene.store.unit_of_work() as uow:
            assert await uow.breakers.get(HOSPITAL) is None

    async def test_to_an_endpoint_that_fails_each_goes_alone(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        request = await consented(scene)
        made = [await queued(scene, request) for _ in range(4)]
        async with scene.store.unit_of_work() as uow:
            for _ in range(5):
                await breaking.judge(uow, HOSPITAL, Failed(retryable=True, cause="connect"), scene.clock())
            await uow.commit()
        await round_of(scene, database_urls, made[0])
        assert scene.door.sent == []
        assert {(await now(scene, each)).attempts for each in made} == {0}

    async def test_answers_and_exchanges_in_one_round(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        asked = [await scene.ask(stranger_question()), await scene.ask(ray_question())]
        scene.clock.at = asked[0].due_at
        request = replace(await consented(scene), at=scene.clock())
        made = [await queued(scene, request) for _ in range(2)]
        (first,) = await scene.deliveries(asked[0])
        await round_of(scene, database_urls, first)
        assert len(scene.door.neutral) == 2
        assert len(scene.door.disclosures) == 2
        assert {(await now(scene, each)).state for each in [first, *made]} == {"delivered"}


def worked_on(urls: DatabaseUrls, made: list[StoredDelivery], worker: int | None) -> None:
    """Let the jobs of these deliveries be worked on by a worker, as Procrastinate marks them."""
    with owner(urls) as connection:
        if worker is not None:
            add = "INSERT INTO procrastinate_workers (id) OVERRIDING SYSTEM VALUE VALUES (%s) ON CONFLICT DO NOTHING"
            connection.execute(add, (worker,))
        change = "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE lock = ANY(%s)"
        connection.execute(change, (worker, [str(each.id) for each in made]))


def job_of(urls: DatabaseUrls, made: StoredDelivery) -> tuple[int, str, int | None]:
    with owner(urls) as connection:
        statement = "SELECT id, status::text, worker_id FROM procrastinate_jobs WHERE lock = %s"
        return connection.execute(statement, (str(made.id),)).fetchone() or (0, "", None)


class TestClaims:
    """What a worker takes along is its own; what was taken from it since, is not."""

    async def _taken(self, scene: Scene, urls: DatabaseUrls) -> tuple[StoredDelivery, StoredDelivery, list[Claim]]:
        request = await consented(scene)
        mine, other = await queued(scene, request), await queued(scene, request)
        with owner(urls) as connection:
            connection.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
            connection.execute("DELETE FROM procrastinate_jobs WHERE task_name <> 'deliver'")
        worked_on(urls, [mine], 7)
        async with scene.store.unit_of_work() as uow:
            claims = await Claims(uow.connection).take(job_of(urls, mine)[0], 15)
            await uow.commit()
        return mine, other, claims

    async def test_it_is_marked_with_the_worker_that_took_it(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        """Else nobody would know whose it was: it would be rescued at once, from a worker that lives."""
        _, other, claims = await self._taken(scene, database_urls)
        assert [(claim.delivery, claim.worker) for claim in claims] == [(other.id, 7)]
        assert job_of(database_urls, other)[1:] == ("doing", 7)

    @pytest.mark.parametrize("leave", [Claims.end, Claims.give_back])
    async def test_one_that_another_worker_has_taken_over_is_let_be(
        self, scene: Scene, database_urls: DatabaseUrls, leave: Any
    ) -> None:
        """A worker that was given up for dead, and is not, must not end the job that another is working on."""
        _, other, claims = await self._taken(scene, database_urls)
        worked_on(database_urls, [other], 8)
        async with scene.store.unit_of_work() as uow:
            await leave(Claims(uow.connection), claims)
            await uow.commit()
        assert job_of(database_urls, other)[1:] == ("doing", 8)

    @pytest.mark.parametrize(("leave", "status"), [(Claims.end, "succeeded"), (Claims.give_back, "todo")])
    async def test_one_that_is_still_its_own_is_left(
        self, scene: Scene, database_urls: DatabaseUrls, leave: Any, status: str
    ) -> None:
        _, other, claims = await self._taken(scene, database_urls)
        async with scene.store.unit_of_work() as uow:
            await leave(Claims(uow.connection), claims)
            await uow.commit()
        assert job_of(database_urls, other)[1] == status


class TestRescue:
    """Jobs of workers that do not breathe go to those that do; all that are alive look, all at once."""

    async def _rescue(self, scene: Scene) -> int:
        async with scene.store.unit_of_work() as uow:
            rescued = await Claims(uow.connection).rescue(5.0)
            await uow.commit()
        return rescued

    async def _working(self, scene: Scene, urls: DatabaseUrls, silence: float) -> list[StoredDelivery]:
        request = await consented(scene)
        made = [await queued(scene, request) for _ in range(3)]
        worked_on(urls, made, 7)
        with owner(urls) as connection:
            change = "UPDATE procrastinate_workers SET last_heartbeat = now() - make_interval(secs => %s)"
            connection.execute(change, (silence,))
        return made

    async def test_one_that_breathes_keeps_its_jobs(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        made = await self._working(scene, database_urls, 4.0)
        assert await self._rescue(scene) == 0
        assert {job_of(database_urls, each)[1:] for each in made} == {("doing", 7)}

    async def test_one_that_does_not_loses_all_of_them_once(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        made = await self._working(scene, database_urls, 6.0)
        assert sorted(await asyncio.gather(*(self._rescue(scene) for _ in range(5)))) == [0, 0, 0, 0, 3]
        assert {job_of(database_urls, each)[1:] for each in made} == {("todo", None)}

    async def test_nor_is_anybody_left_whose_row_is_gone(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        made = await self._working(scene, database_urls, 0.0)
        with owner(database_urls) as connection:
            connection.execute("DELETE FROM procrastinate_workers")
        assert await self._rescue(scene) == 3
        assert {job_of(database_urls, each)[1:] for each in made} == {("todo", None)}


class TestLeaving:
    """What was taken along is left, also when the database fails in just that moment (found by tests/faults)."""

    async def test_it_is_tried_again(
        self, scene: Scene, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = await self._round(scene, database_urls, monkeypatch, failures=2)
        assert jobs(database_urls) == ["doing", "succeeded"]
        assert {(await now(scene, each)).state for each in made} == {"delivered"}

    async def test_at_last_it_is_the_lease_that_frees_it(
        self, scene: Scene, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await self._round(scene, database_urls, monkeypatch, failures=9)
        assert jobs(database_urls) == ["doing", "doing"]

    async def _round(
        self, scene: Scene, urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch, *, failures: int
    ) -> list[StoredDelivery]:
        end, failed = Claims.end, []

        async def failing(self: Claims, claims: list[Claim]) -> None:
            if len(failed) < failures:
                failed.append(claims)
                raise OSError(28, "No space left on device")
            await end(self, claims)

        monkeypatch.setattr(Claims, "end", failing)
        monkeypatch.setattr(rounds, "LEAVE_AFTER", (0.0, 0.0, 0.01, 0.01))
        request = await consented(scene)
        made = [await queued(scene, request) for _ in range(2)]
        await round_of(scene, urls, made[0])
        return made


class TestOvertaken:
    async def test_one_that_another_process_tried_meanwhile_is_no_part_of_it(
        self, scene: Scene, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It goes on under its first attempt's entry, so that every attempt is the same bytes."""
        request = await consented(scene)
        made = [await queued(scene, request) for _ in range(3)]
        load = rounds._load

        async def overtaken(*arguments: Any) -> Any:
            plain = await load(*arguments)
            scene.door.outcomes = [Failed(retryable=True, cause="connect")]
            await scene.deliver(made[1].id)
            return plain

        monkeypatch.setattr(rounds, "_load", overtaken)
        await round_of(scene, database_urls, made[0])
        keys = [key for _, key in scene.door.sent]
        assert keys.count(str(made[1].key)) == 1
        assert (await now(scene, made[1])).state == "queued"


class TestGivenUp:
    async def test_what_goes_wrong_for_one_is_found_out_alone(
        self, scene: Scene, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request = await consented(scene)
        testina = replace(request, participant=str(await scene.participant("p-testina")))
        good, broken = await queued(scene, request), await queued(scene, testina)
        decide = gateway.disclosure.decide

        def failing(asked: DisclosureRequest, facts: Any) -> Any:
            if asked.participant == testina.participant:
                raise RuntimeError
            return decide(asked, facts)

        monkeypatch.setattr(gateway.disclosure, "decide", failing)
        with pytest.raises(RuntimeError):
            await round_of(scene, database_urls, good)
        assert (await now(scene, good)).state == "delivered"
        assert (await now(scene, broken)).state == "queued"
        assert all(isinstance(m, Disclosure) for m, _ in scene.door.sent)
        assert len(scene.door.sent) == 1
        assert jobs(database_urls) == ["doing", "todo"]  # given back: it is tried again

    async def test_a_door_that_breaks_for_one_sends_no_other_twice(
        self, scene: Scene, database_urls: DatabaseUrls
    ) -> None:
        request = await consented(scene)
        made = [await queued(scene, replace(request, id=f"exchange-{n}")) for n in range(3)]
        keys: list[str] = []

        async def breaks() -> None:
            keys.append(scene.door.sent[-1][1])
            if keys[-1] == str(made[1].key):
                raise RuntimeError
            await asyncio.sleep(0.05)  # the others are still on their way when it breaks

        scene.door.during = breaks
        with pytest.raises(RuntimeError):
            await round_of(scene, database_urls, made[0])
        assert [(await now(scene, each)).state for each in made] == ["delivered", "sending", "delivered"]
        assert [keys.count(str(each.key)) for each in made] == [1, 2, 1]

    async def test_nothing_is_written_where_the_journal_is_full(
        self, scene: Scene, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        request = await consented(scene)
        made = [await queued(scene, request) for _ in range(2)]
        before = await scene.entries()
        monkeypatch.setattr(UnitOfWork, "mark_all", full)
        with pytest.raises(OSError, match="No space"):
            await round_of(scene, database_urls, made[0])
        assert scene.door.sent == []
        assert await scene.entries() == before

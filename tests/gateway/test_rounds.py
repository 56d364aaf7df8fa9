"""Several deliveries in one round come to exactly what each alone would have come to."""

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

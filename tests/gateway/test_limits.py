"""How often a system may ask: counted once for all programs of a site, alike for known and unknown ones."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.limits import FAILURES, STRANGERS, Limits
from gateway.program import Program
from gateway.store.repositories.knocking import Rate, Rates
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.second import composed
from tests.gateway.site import Clock

SMALL = Rate(per_second=5, burst=12)
HERE, THERE = "192.0.2.7", "198.51.100.9"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def program(tmp_path: Path, module_database_urls: DatabaseUrls, clock: Clock) -> AsyncIterator[Program]:
    async with composed(tmp_path, module_database_urls, clock) as made:
        async with made.store.unit_of_work() as uow:
            await Rates(uow.connection).forget(clock() + timedelta(days=2))
            await uow.commit()
        yield made


@pytest.fixture
async def other(tmp_path: Path, module_database_urls: DatabaseUrls, clock: Clock) -> AsyncIterator[Program]:
    async with composed(tmp_path, module_database_urls, clock) as made:
        yield made


async def let_through(limits: Limits, clock: Clock, requests: int, client: str = "pa") -> int:
    return sum(await asyncio.gather(*(limits.may_ask(client, clock()) for _ in range(requests))))


class TestRequests:
    async def test_two_programs_together_let_no_more_through_than_one(
        self, program: Program, other: Program, clock: Clock
    ) -> None:
        both = Limits(program.store, SMALL), Limits(other.store, SMALL)
        passed = await asyncio.gather(*(let_through(each, clock, 30) for each in both))
        assert sum(passed) == SMALL.burst
        clock.move(seconds=2)
        await asyncio.sleep(0.11)  # who was refused waits a moment before it asks the database again
        passed = await asyncio.gather(*(let_through(each, clock, 30) for each in both))
        assert sum(passed) == 10

    async def test_pieces_taken_at_once_never_make_more(self, program: Program, other: Program, clock: Clock) -> None:
        large = Rate(per_second=100, burst=105)
        both = Limits(program.store, large), Limits(other.store, large)
        passed = await asyncio.gather(*(let_through(each, clock, 100) for each in both))
        assert sum(passed) == 105

    async def test_one_system_does_not_spend_what_is_anothers(self, program: Program, clock: Clock) -> None:
        limits = Limits(program.store, SMALL)
        await let_through(limits, clock, 20)
        assert await let_through(limits, clock, 1, "jail") == 1

    async def test_a_full_bucket_does_not_grow(self, program: Program, clock: Clock) -> None:
        limits = Limits(program.store, SMALL)
        await let_through(limits, clock, 1)
        clock.move(days=1)
        assert await let_through(limits, clock, 30) == SMALL.burst

    async def test_a_clock_that_goes_back_gives_nothing(self, program: Program, clock: Clock) -> None:
        limits = Limits(program.store, SMALL)
        await let_through(limits, clock, 20)
        clock.move(seconds=-60)
        await asyncio.sleep(0.11)
        assert await let_through(limits, clock, 5) == 0
        clock.move(seconds=61)
        await asyncio.sleep(0.11)
        assert await let_through(limits, clock, 20) == 5


class TestFailedAuthentications:
    async def test_after_twenty_from_one_place_for_any_id(self, program: Program, other: Program, clock: Clock) -> None:
        for name in ("cedar-prosecutor-system", "nobody"):
            tries = [
                await Limits(each.store, SMALL).may_try(name, HERE, clock())
                for _ in range(FAILURES.burst)
                for each in (program, other)
            ]
            assert tries == [True] * FAILURES.burst + [False] * FAILURES.burst

    async def test_a_stranger_does_not_lock_a_partner_out(self, program: Program, clock: Clock) -> None:
        limits = Limits(program.store, SMALL)
        for _ in range(FAILURES.burst + 1):
            await limits.may_try("pa", HERE, clock())
        assert not await limits.may_try("pa", HERE, clock())
        assert await limits.may_try("pa", THERE, clock())

    async def test_other_ids_do_not_help_a_stranger(self, program: Program, clock: Clock) -> None:
        limits = Limits(program.store, SMALL)
        tries = [await limits.may_try(f"id-{n}", HERE, clock()) for n in range(STRANGERS.burst + 5)]
        assert sum(tries) == STRANGERS.burst

    @pytest.mark.parametrize(
        ("one", "another", "same"),
        [
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
            ("192.0.2.1", "192.0.2.2", False),
            ("", "", True),
        ],
    )
    async def test_what_counts_as_one_place(
        self, program: Program, clock: Clock, one: str, another: str, *, same: bool
    ) -> None:
        limits = Limits(program.store, SMALL)
        for _ in range(FAILURES.burst):
            await limits.may_try("pa", one, clock())
        assert await limits.may_try("pa", another, clock()) is not same

    async def test_what_succeeded_does_not_count(self, program: Program, clock: Clock) -> None:
        limits = Limits(program.store, SMALL)
        for _ in range(FAILURES.burst + 5):
            assert await limits.may_try("pa", HERE, clock())
            await limits.succeeded("pa", HERE)

    async def test_it_is_forgiven_with_time(self, program: Program, clock: Clock) -> None:
        limits = Limits(program.store, SMALL)
        for _ in range(FAILURES.burst + 1):
            await limits.may_try("pa", HERE, clock())
        clock.move(seconds=7)
        assert await limits.may_try("pa", HERE, clock())
        assert not await limits.may_try("pa", HERE, clock())


class TestKept:
    async def test_no_address_or_id_is_kept_in_the_clear(self, program: Program, clock: Clock) -> None:
        await Limits(program.store, SMALL).may_try("canary-client", HERE, clock())
        async with program.store.unit_of_work() as uow:
            rows = list(await uow.connection.exec_driver_sql("SELECT * FROM rate_bucket"))
            assert len(rows) == 2
            assert "canary" not in repr(rows)
            assert HERE not in repr(rows)
            await Rates(uow.connection).forget(clock.move(hours=1))
            assert list(await uow.connection.exec_driver_sql("SELECT * FROM rate_bucket")) == []

"""Keys by address, kept: how long a withdrawn key is believed, how often a partner is asked, by two programs."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from adapters.key_sets import KeySetError
from gateway.demo.site_record import HOSPITAL
from gateway.key_sets import keys_of
from gateway.program import Program
from gateway.store.values import Client
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.second import composed
from tests.gateway.site import Clock

OLD, NEW = {"keys": [{"kid": "old"}]}, {"keys": [{"kid": "new"}]}
NONE: dict[str, Any] = {"keys": []}
CLIENT = Client("lakeside", HOSPITAL, NONE, frozenset(), disabled=False, jwks_uri="https://keys.example.org/jwks.json")


@dataclass
class Address:
    """A partner's address: what is there, how often it was asked for."""

    there: Mapping[str, Any] | None = field(default_factory=lambda: OLD)
    asked: int = 0
    delay: float = 0

    async def fetch(self, _: str) -> Mapping[str, Any]:
        self.asked += 1
        await asyncio.sleep(self.delay)
        if self.there is None:
            raise KeySetError("status")
        return self.there


@pytest.fixture
async def program(tmp_path: Path, module_database_urls: DatabaseUrls) -> AsyncIterator[Program]:
    async with composed(tmp_path, module_database_urls, Clock()) as made:
        async with made.store.unit_of_work() as uow:
            await uow.connection.exec_driver_sql("DELETE FROM key_set")
            await uow.commit()
        yield made


@pytest.fixture
def clock(program: Program) -> Clock:
    assert isinstance(program.clock, Clock)
    return program.clock


async def asked_for(program: Program, address: Address, kid: str) -> Mapping[str, Any]:
    return await keys_of(program.store, address, CLIENT, kid, program.now())


class TestNotBelieved:
    async def test_without_an_answer_there_are_no_keys(self, program: Program, clock: Clock) -> None:
        address = Address(None)
        assert await asked_for(program, address, "old") == NONE

    async def test_a_withdrawn_key_for_no_longer_than_five_minutes(self, program: Program, clock: Clock) -> None:
        address = Address()
        await asked_for(program, address, "old")
        address.there = NEW
        clock.move(minutes=3, seconds=59)
        assert await asked_for(program, address, "old") == OLD
        clock.move(seconds=1)
        assert await asked_for(program, address, "old") == NEW

    async def test_nothing_old_is_believed_of_a_partner_that_is_gone(self, program: Program, clock: Clock) -> None:
        address = Address()
        await asked_for(program, address, "old")
        address.there = None
        clock.move(minutes=4, seconds=30)
        assert await asked_for(program, address, "old") == OLD
        clock.move(seconds=31)
        assert await asked_for(program, address, "old") == NONE
        assert address.asked == 3


class TestAskedRarely:
    async def test_known_keys_are_not_asked_for_again(self, program: Program, clock: Clock) -> None:
        address = Address()
        for _ in range(5):
            clock.move(seconds=31)
            await asked_for(program, address, "old")
        assert address.asked == 1

    async def test_an_unknown_key_id_every_thirty_seconds_at_most(self, program: Program, clock: Clock) -> None:
        address = Address()
        for _ in range(10):
            await asked_for(program, address, "nobody")
            clock.move(seconds=3)
        assert address.asked == 1
        clock.move(seconds=1)
        await asked_for(program, address, "nobody")
        assert address.asked == 2

    async def test_failures_are_remembered_as_well(self, program: Program, clock: Clock) -> None:
        address = Address(None)
        for _ in range(5):
            assert await asked_for(program, address, "old") == NONE
            clock.move(seconds=5)
        assert address.asked == 1

    async def test_one_of_many_goes_and_the_others_wait_for_what_it_brings(
        self, program: Program, clock: Clock, tmp_path: Path, module_database_urls: DatabaseUrls
    ) -> None:
        address = Address(delay=0.3)
        async with composed(tmp_path, module_database_urls, clock) as other:
            both = [asked_for(each, address, "old") for each in (program, other) for _ in range(3)]
            assert await asyncio.gather(*both) == [OLD] * 6
        assert address.asked == 1


class TestBelieved:
    async def test_a_new_key_is_found_at_its_first_use(self, program: Program, clock: Clock) -> None:
        address = Address()
        await asked_for(program, address, "old")
        address.there = {"keys": [*OLD["keys"], *NEW["keys"]]}
        clock.move(seconds=30)
        assert await asked_for(program, address, "new") == address.there

    async def test_registered_keys_need_no_address(self, program: Program, clock: Clock) -> None:
        address = Address()
        client = Client("lakeside", HOSPITAL, OLD, frozenset(), disabled=False)
        assert await keys_of(program.store, address, client, "old", clock()) == OLD
        assert address.asked == 0

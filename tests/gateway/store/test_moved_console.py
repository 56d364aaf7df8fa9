"""What the console keeps opens in its own row only."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.store.repositories.console import Session
from gateway.store.sealing import SealedDataError
from gateway.store.unit_of_work import Store
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, opened_scene

READS = ("console_session", "signing_in")
ANN, BEN = (Session(name, name, "org:cedar-cm", frozenset({"auditor"}), NOON, NOON) for name in ("Ann Oak", "Ben Elm"))


@pytest.fixture
async def store(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Store]:
    async with opened_scene(tmp_path / "site", database_urls) as scene:
        yield scene.store


async def _swap(store: Store, table: str) -> None:
    async with store.unit_of_work() as uow:
        await uow.connection.execute(
            text(f"UPDATE {table} a SET sealed = b.sealed FROM {table} b WHERE a.digest <> b.digest")  # noqa: S608  -- names of our own
        )
        await uow.commit()


class TestMovedCiphertexts:
    async def test_a_session_is_not_somebody_elses(self, store: Store) -> None:
        async with store.unit_of_work() as uow:
            await uow.console.start("a", ANN)
            await uow.console.start("b", BEN)
            await uow.commit()
        await _swap(store, "console_session")
        async with store.unit_of_work() as uow:
            with pytest.raises(SealedDataError):
                await uow.console.session("a")

    async def test_nor_is_an_attempt(self, store: Store) -> None:
        async with store.unit_of_work() as uow:
            await uow.console.begin("a", {"state": "1"}, NOON + timedelta(minutes=1))
            await uow.console.begin("b", {"state": "2"}, NOON + timedelta(minutes=1))
            await uow.commit()
        await _swap(store, "signing_in")
        async with store.unit_of_work() as uow:
            with pytest.raises(SealedDataError):
                await uow.console.attempt("a", NOON)


class TestAttempts:
    async def test_one_is_there_once(self, store: Store) -> None:
        async with store.unit_of_work() as uow:
            await uow.console.begin("a", {"state": "1"}, NOON + timedelta(minutes=1))
            assert await uow.console.attempt("a", NOON) == {"state": "1"}
            assert await uow.console.attempt("a", NOON) is None

    async def test_and_not_for_long(self, store: Store) -> None:
        async with store.unit_of_work() as uow:
            await uow.console.begin("a", {"state": "1"}, NOON)
            assert await uow.console.attempt("a", NOON) is None

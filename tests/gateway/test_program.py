"""The program behind the API: tokens, replays, and whether it is ready."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway import ledger
from gateway.demo.keys import make_clients
from gateway.demo.site import PROSECUTOR
from gateway.store.repositories.registry import Registry
from gateway.store.values import Client
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene

SCOPES = frozenset({"system/Task.c"})


async def registered(scene: Scene) -> str:
    made = make_clients([PROSECUTOR])[PROSECUTOR]
    jwks = made.registration()["jwks"]
    assert isinstance(jwks, dict)
    async with scene.store.unit_of_work() as uow:
        await uow.clients.put(Client(made.client_id, PROSECUTOR, jwks, SCOPES, disabled=False))
        await uow.commit()
    return made.client_id


class TestTokens:
    async def test_worth_nothing_when_unknown_expired_or_of_a_stopped_system(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            name, program = await registered(scene), scene.program
            token = await program.issue_token(name, SCOPES, scene.clock() + timedelta(minutes=5))
            assert await program.token(token[:-1]) is None
            assert await program.token(token) is not None
            async with scene.store.unit_of_work() as uow:
                await uow.clients.disable(name, scene.clock())
                await uow.commit()
            assert await program.token(token) is None

    async def test_expiry(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            name = await registered(scene)
            token = await scene.program.issue_token(name, SCOPES, scene.clock() + timedelta(minutes=5))
            scene.clock.move(minutes=5)
            assert await scene.program.token(token) is None

    async def test_an_assertion_counts_once(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            name, until = await registered(scene), scene.clock() + timedelta(minutes=5)
            assert [await scene.program.use_jti(name, "one", until) for _ in range(2)] == [True, False]


class TestReady:
    async def test_not_without_a_database(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def gone(_: Registry) -> str | None:
            raise ConnectionError

        async with opened_scene(tmp_path / "site", database_urls) as scene:
            monkeypatch.setattr(Registry, "mark", gone)
            assert await scene.program.ready() == {"database": False, "keys": False, "ledger": False}

    async def test_not_with_a_ledger_that_nobody_seals(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            async with scene.store.unit_of_work() as uow:
                old = scene.clock() - timedelta(days=365)
                await ledger.append(uow, "test", at=old, content={})
                await uow.commit()
            assert (await scene.program.ready())["ledger"] is False
            await ledger.seal_once(scene.store, scene.clock())
            assert set((await scene.program.ready()).values()) == {True}


class TestShown:
    async def test_a_program_says_nothing_of_what_it_holds(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            shown = f"{scene.program!r} {scene.program.store!r}"
        assert "postgresql" not in shown
        assert len(shown) < 200

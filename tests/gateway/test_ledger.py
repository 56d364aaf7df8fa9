from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.engine import make_url

from gateway import ledger
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, Scene, opened_scene, owner


async def written(scene: Scene, number: int) -> list[UUID]:
    async with scene.store.unit_of_work() as uow:
        entries = [(await ledger.append(uow, "test", at=NOON, content={"n": n})).id for n in range(number)]
        await uow.commit()
    await ledger.seal_once(scene.store, NOON)
    return entries


class TestVerify:
    async def test_names_the_row_of_one_changed_byte(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            entries = await written(scene, 9)
            with owner(database_urls) as connection:
                connection.execute(
                    "UPDATE ledger_entry SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) WHERE id = %s",
                    (entries[4],),
                )
            found = await ledger.verify(scene.store)
        assert not found.sound
        assert found.bad == str(entries[4])
        assert found.reason == "the entry was changed after it was sealed"

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("kind", "'other'"),
            ("at", "at + interval '1 second'"),
            ("organization", "'org:x'"),
            ("participant", "'00000000-0000-7000-8000-000000000001'"),
        ],
    )
    async def test_names_the_row_of_a_changed_column(
        self, tmp_path: Path, database_urls: DatabaseUrls, column: str, value: str
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            entries = await written(scene, 3)
            with owner(database_urls) as connection:
                connection.execute(f"UPDATE ledger_entry SET {column} = {value} WHERE id = %s", (entries[1],))  # noqa: S608  -- columns of the table above
            found = await ledger.verify(scene.store)
        assert found.bad == str(entries[1])

    async def test_names_a_row_that_is_gone(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            entries = await written(scene, 3)
            with owner(database_urls) as connection:
                connection.execute("DELETE FROM ledger_entry WHERE id = %s", (entries[2],))
            found = await ledger.verify(scene.store)
        assert (found.bad, found.reason) == (str(entries[2]), "the entry is gone")

    async def test_finds_a_row_that_was_changed_with_its_digests(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        """Whoever rewrites an entry and its own digest still breaks the chain behind it."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            entries = await written(scene, 3)
            with owner(database_urls) as connection:
                connection.execute("UPDATE ledger_seal SET entry_digest = '\\x00' WHERE entry = %s", (entries[0],))
            found = await ledger.verify(scene.store)
        assert found.bad == str(entries[0])

    async def test_finds_a_chain_that_was_cut_short(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """A cut chain is sound in itself; the checkpoint that was exported outside the database is longer."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            entries = await written(scene, 3)
            await ledger.checkpoint(scene.store, NOON, tmp_path / "out")
            with owner(database_urls) as connection:
                connection.execute("DELETE FROM ledger_seal WHERE entry = %s", (entries[2],))
                connection.execute("DELETE FROM ledger_entry WHERE id = %s", (entries[2],))
                connection.execute("DELETE FROM ledger_checkpoint")
            found = await ledger.verify(scene.store, tmp_path / "out")
        assert not found.sound
        assert found.bad is not None
        assert found.bad.startswith("checkpoint")

    async def test_a_sound_ledger_verifies(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await written(scene, 5)
            await ledger.checkpoint(scene.store, NOON, tmp_path / "out")
            await written(scene, 5)
            found = await ledger.verify(scene.store, tmp_path / "out")
        assert found.sound
        assert found.entries >= 10


class TestSealer:
    async def test_an_empty_ledger_seals_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await ledger.seal_once(scene.store, NOON)
            assert await ledger.seal_once(scene.store, NOON) == 0

    async def test_unsealed_time_is_told(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await ledger.seal_once(scene.store, NOON)
            async with scene.store.unit_of_work() as uow:
                await ledger.append(uow, "test", at=NOON, content={})
                await uow.commit()
            waited = await ledger.unsealed_for(scene.store, scene.clock.move(seconds=11))
        assert waited > ledger.UNSEALED_LIMIT

    async def test_what_rolls_back_is_never_sealed(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await ledger.seal_once(scene.store, NOON)
            async with scene.store.unit_of_work() as uow:
                await ledger.append(uow, "test", at=NOON, content={})
            assert await ledger.seal_once(scene.store, NOON) == 0


class TestServingRole:
    @pytest.mark.parametrize(
        "statement", ["UPDATE ledger_entry SET kind = 'x'", "DELETE FROM ledger_entry", "TRUNCATE ledger_seal"]
    )
    def test_cannot_change_the_ledger(self, database_urls: DatabaseUrls, statement: str) -> None:
        url = make_url(database_urls.data).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


class TestExport:
    async def test_a_torn_last_line_is_left_behind(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """A crash in the middle of a line must not end verification for ever."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await written(scene, 2)
            await ledger.checkpoint(scene.store, NOON, tmp_path / "out")
            file = tmp_path / "out" / "checkpoints.jsonl"
            file.write_bytes(file.read_bytes() + b'{"seq": 9')
            assert (await ledger.verify(scene.store, tmp_path / "out")).sound
            await written(scene, 2)
            await ledger.checkpoint(scene.store, NOON, tmp_path / "out")
            assert len(ledger.exported(tmp_path / "out")) == 2

"""Keys: one per owner whatever the race, none after shredding, all of them unwrapped by the right key only."""

import asyncio
import base64
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from gateway.settings import Settings, load
from gateway.store.kek import (
    KeyEncryptionKey,
    KeyEncryptionKeyError,
    default_file,
    load_keks,
    parse_keks,
    read_file,
    write_file,
)
from gateway.store.keys import KeyMissing, KeyStore, KeyStoreError, migrate_keys, repeats_names
from gateway.store.sealing import SealedDataError

RAY = "0199f3a2-0000-7000-8000-000000000001"
TESTINA = "0199f3a2-0000-7000-8000-000000000002"
KEK = KeyEncryptionKey.of(b"1" * 32)
NEW = KeyEncryptionKey.of(b"2" * 32)


def _at_hand(*keks: KeyEncryptionKey) -> Callable[[], tuple[KeyEncryptionKey, ...]]:
    return lambda: keks


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def urls(keys_urls: tuple[str, str]) -> tuple[str, str]:
    return keys_urls


@pytest.fixture
async def store(urls: tuple[str, str]) -> KeyStore:  # type: ignore[misc]  # reason: an async generator fixture
    opened = KeyStore.at(urls[0], _at_hand(KEK))
    yield opened
    await opened.close()


def _execute(urls: tuple[str, str], statement: str) -> None:
    engine = create_engine(urls[1])
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


class TestNoKey:
    async def test_for_a_participant_without_one(self, store: KeyStore) -> None:
        with pytest.raises(KeyMissing):
            await store.participant(RAY)

    async def test_after_shredding_not_even_a_new_one(self, store: KeyStore) -> None:
        await store.create_participant(RAY)
        await store.shred(RAY)
        for ask in (store.participant, store.create_participant):
            with pytest.raises(KeyMissing, match="was shredded"):
                await ask(RAY)
        with pytest.raises(KeyMissing):
            await store.shred(RAY)

    async def test_in_another_process_once_its_memory_ran_out(self, urls: tuple[str, str], store: KeyStore) -> None:
        clock = _Clock()
        other = KeyStore(store._engine, _at_hand(KEK), cache_seconds=5, clock=clock)
        await other.create_participant(RAY)
        await store.shred(RAY)
        clock.now = 4.9
        await other.participant(RAY)
        clock.now = 5.1
        with pytest.raises(KeyMissing):
            await other.participant(RAY)

    async def test_when_the_key_encryption_key_is_another(self, urls: tuple[str, str], store: KeyStore) -> None:
        await store.create_participant(RAY)
        stranger = KeyStore.at(urls[0], _at_hand(NEW))
        with pytest.raises(KeyStoreError, match=f"`{KEK.id}`, which is not at hand"):
            await stranger.participant(RAY)
        assert await stranger.problems() == [
            f"data keys are wrapped by key-encryption key `{KEK.id}`, which is not at hand"
        ]
        assert await store.problems() == []
        await stranger.close()

    async def test_when_wrapped_keys_were_swapped(self, urls: tuple[str, str], store: KeyStore) -> None:
        await store.create_participant(RAY)
        await store.create_participant(TESTINA)
        _execute(
            urls,
            "UPDATE data_key a SET wrapped = b.wrapped FROM data_key b WHERE a.owner <> b.owner",
        )
        fresh = KeyStore.at(urls[0], _at_hand(KEK))
        with pytest.raises(SealedDataError):
            await fresh.participant(RAY)
        await fresh.close()


class TestOneKey:
    async def test_for_all_who_make_it_at_once(self, urls: tuple[str, str]) -> None:
        stores = [KeyStore.at(urls[0], _at_hand(KEK)) for _ in range(6)]
        found = await asyncio.gather(*(store.named("index") for store in stores for _ in range(5)))
        assert len({(key.id, key.secret) for key in found}) == 1
        for store in stores:
            await store.close()

    async def test_per_owner_and_they_differ(self, store: KeyStore) -> None:
        keys = [
            await store.create_participant(RAY),
            await store.create_participant(TESTINA),
            await store.named("index"),
        ]
        assert len({key.secret for key in keys}) == len({key.id for key in keys}) == 3

    async def test_a_site_name_is_never_a_participant(self, store: KeyStore) -> None:
        await store.named(RAY)
        with pytest.raises(KeyMissing):
            await store.participant(RAY)

    async def test_made_twice_is_the_same(self, urls: tuple[str, str], store: KeyStore) -> None:
        made = await store.create_participant(RAY)
        other = KeyStore.at(urls[0], _at_hand(KEK))
        assert await store.create_participant(RAY) == await other.participant(RAY) == made
        await other.close()

    async def test_stays_wrapped_in_the_database(self, urls: tuple[str, str], store: KeyStore) -> None:
        made = await store.create_participant(RAY)
        engine = create_engine(urls[1])
        with engine.connect() as connection:
            (wrapped,) = connection.execute(text("SELECT wrapped FROM data_key")).scalars()
        engine.dispose()
        assert made.secret not in wrapped

    def test_migrating_again_changes_nothing(self, urls: tuple[str, str]) -> None:
        migrate_keys(urls[1])
        migrate_keys(urls[1])


class TestRotation:
    async def test_afterwards_the_new_key_suffices(self, urls: tuple[str, str], store: KeyStore) -> None:
        made = await store.create_participant(RAY)
        await store.create_participant(TESTINA)
        await store.shred(TESTINA)
        assert await KeyStore(store._engine, _at_hand(NEW, KEK)).rotate_kek(NEW) == 1
        after = KeyStore(store._engine, _at_hand(NEW))
        assert await after.participant(RAY) == made
        assert await after.problems() == []

    async def test_without_the_old_key_nothing_changes(self, store: KeyStore) -> None:
        made = await store.create_participant(RAY)
        with pytest.raises(KeyStoreError):
            await KeyStore(store._engine, _at_hand(NEW)).rotate_kek(NEW)
        assert await KeyStore(store._engine, _at_hand(KEK)).participant(RAY) == made

    async def test_a_running_process_looks_at_its_source_again(self, store: KeyStore) -> None:
        at_hand = [KEK]
        running = KeyStore(store._engine, lambda: tuple(at_hand), cache_seconds=0)
        made = await running.create_participant(RAY)
        at_hand.insert(0, NEW)
        await KeyStore(store._engine, _at_hand(NEW, KEK)).rotate_kek(NEW)
        assert await running.participant(RAY) == made
        await running.create_participant(TESTINA)
        assert await KeyStore(store._engine, _at_hand(NEW)).participant(TESTINA)


class TestKeyEncryptionKeyFile:
    def _settings(self, tmp_path: Path) -> Settings:
        return load(data_dir=tmp_path / "site")

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o660, 0o644])
    def test_open_to_others_is_refused_in_one_line(self, tmp_path: Path, mode: int) -> None:
        settings = self._settings(tmp_path)
        load_keks(settings)
        default_file(settings).chmod(mode)
        with pytest.raises(KeyEncryptionKeyError, match=r"kek`: must belong to this account .* \(mode 0600\)$"):
            load_keks(settings)

    def test_of_another_account_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = load(kek_file=tmp_path / "kek")
        load_keks(settings)
        monkeypatch.setattr(os, "geteuid", lambda: (tmp_path / "kek").stat().st_uid + 1)
        with pytest.raises(KeyEncryptionKeyError, match="must belong to this account"):
            load_keks(settings)

    @pytest.mark.parametrize("content", ["", "c2hvcnQ=", "canary-not-base64!", f"{KEK.text()}\ncanary"])
    def test_without_a_whole_key_is_refused_and_not_replaced(self, tmp_path: Path, content: str) -> None:
        settings = self._settings(tmp_path)
        load_keks(settings)
        default_file(settings).write_text(content, encoding="ascii")
        with pytest.raises(KeyEncryptionKeyError, match="must hold a key of 32 bytes, base64") as caught:
            load_keks(settings)
        assert "canary" not in str(caught.value)
        assert default_file(settings).read_text(encoding="ascii") == content

    def test_missing_where_it_must_not_be_made(self, tmp_path: Path) -> None:
        with pytest.raises(KeyEncryptionKeyError, match="cannot be read: no such file or directory"):
            read_file(tmp_path / "kek")

    def test_is_made_once_and_private(self, tmp_path: Path) -> None:
        settings = self._settings(tmp_path)
        assert load_keks(settings) == load_keks(settings)
        assert default_file(settings).stat().st_mode & 0o777 == 0o600
        assert [path.name for path in default_file(settings).parent.iterdir()] == ["kek"]

    def test_the_newest_comes_first(self, tmp_path: Path) -> None:
        write_file(tmp_path / "kek", (NEW, KEK))
        assert read_file(tmp_path / "kek") == (NEW, KEK)


class TestOtherSources:
    def test_an_empty_variable_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SITE_KEY", raising=False)
        with pytest.raises(KeyEncryptionKeyError, match=r"`SITE_KEY` .named by `LEAD_KEK_ENV`.: must hold"):
            load_keks(load(data_dir=tmp_path, kek_env="SITE_KEY"))

    @pytest.mark.parametrize("command", ["false", "no-such-command-anywhere", "'", "sh -c 'echo canary >&2; exit 3'"])
    def test_a_command_that_fails_is_refused(self, tmp_path: Path, command: str) -> None:
        with pytest.raises(KeyEncryptionKeyError, match=r"^`LEAD_KEK_COMMAND`: did not succeed$"):
            load_keks(load(data_dir=tmp_path, kek_command=command))

    def test_a_variable(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SITE_KEY", KEK.text())
        assert load_keks(load(data_dir=tmp_path, kek_env="SITE_KEY")) == (KEK,)
        assert not (tmp_path / "secrets").exists()

    def test_a_command(self, tmp_path: Path) -> None:
        assert load_keks(load(data_dir=tmp_path, kek_command=f"echo {KEK.text()}")) == (KEK,)

    def test_an_id_tells_keys_apart_without_telling_the_key(self) -> None:
        assert KEK.id != NEW.id
        assert parse_keks(KEK.text(), "here") == (KEK,)
        assert base64.b64encode(KEK.secret).decode() not in repr(KEK)


@pytest.mark.parametrize(
    ("at", "names"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), ("repeats-202601", "repeats-202512")),
        (datetime(2026, 12, 31, 23, tzinfo=UTC), ("repeats-202612", "repeats-202611")),
    ],
)
def test_the_key_of_repeats_is_renewed_each_month(at: datetime, names: tuple[str, str]) -> None:
    assert repeats_names(at) == names

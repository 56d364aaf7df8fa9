"""A site is opened only where there is one, only if it is sound, and keeps its mark."""

from pathlib import Path

import pytest

from gateway.opening import NoSiteError, UnsoundError, holds_site, opened
from gateway.store.data_directory import DataDirectoryError
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import settings_for


class TestRefused:
    async def test_a_place_without_a_site(self, tmp_path: Path) -> None:
        from gateway.settings import load  # noqa: PLC0415  -- without the databases that the others use

        settings = load(data_dir=tmp_path / "none")
        assert not holds_site(settings)
        with pytest.raises(NoSiteError, match="`--data-dir`"):
            async with opened(settings, make=False):
                pass
        assert not (tmp_path / "none").exists()

    async def test_a_serving_role_that_owns_the_ledger(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        settings = settings_for(tmp_path / "site", database_urls)
        owner = settings_for(tmp_path / "site", DatabaseUrls(database_urls.data_owner, "", database_urls.keys, ""))
        assert owner.database_url != settings.database_url
        with pytest.raises(UnsoundError, match="serving role"):
            async with opened(owner):
                pass

    async def test_a_data_directory_that_others_may_write(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """Even with a database elsewhere: the journal and the key lie here."""
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "file").touch()
        (tmp_path / "site").chmod(0o777)
        with pytest.raises(DataDirectoryError, match="0700"):
            async with opened(settings_for(tmp_path / "site", database_urls)):
                pass


class TestMark:
    async def test_the_first_opening_marks_and_the_next_changes_nothing(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        settings = settings_for(tmp_path / "site", database_urls)
        for mark in ("demo", "live"):
            async with opened(settings, mark=mark) as (program, _), program.store.unit_of_work() as uow:
                assert await uow.registry.mark() == "demo"

    async def test_the_windows_of_a_site_win_over_the_settings_of_a_process(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        settings = settings_for(tmp_path / "site", database_urls)
        async with opened(settings) as (program, _), program.store.unit_of_work() as uow:
            assert program.settings.release_window_seconds == 60
            await uow.registry.put_windows(7, 11)
            await uow.commit()
        async with opened(settings) as (program, _):
            found = program.settings
        assert (found.release_delay_seconds, found.release_window_seconds) == (7, 11)

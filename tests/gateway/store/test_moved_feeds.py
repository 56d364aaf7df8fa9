"""What feeds told opens in its own row only."""

from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.store.sealing import SealedDataError
from mappings.lead.custody import CustodyKind
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.feeds.toy import hand_in, ray, source, told
from tests.gateway.site import opened_scene, owner

READS = ("feed_event",)


class TestMovedCiphertexts:
    async def test_one_event_is_not_another(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            known = source(await ray(scene))
            await hand_in(scene, known, told(CustodyKind.BOOKING, 0))
            await hand_in(scene, known, told(CustodyKind.RELEASE, 50))
            with owner(database_urls) as connection:
                connection.execute("UPDATE feed_event a SET sealed = b.sealed FROM feed_event b WHERE a.id <> b.id")
            async with scene.store.unit_of_work() as uow:
                with pytest.raises(SealedDataError):
                    await uow.told.about(await scene.participant(), "toy|BK-7")

    async def test_the_serving_role_changes_none(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene, scene.store.unit_of_work() as uow:
            with pytest.raises(Exception, match="permission denied"):
                await uow.connection.execute(text("DELETE FROM feed_event"))

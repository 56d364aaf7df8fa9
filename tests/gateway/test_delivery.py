from pathlib import Path

import pytest

from gateway import delivery
from gateway.demo.story import stranger_question
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import opened_scene


class TestMove:
    @pytest.mark.parametrize("ended", [delivery.DELIVERED, delivery.FAILED, delivery.SUPPRESSED])
    def test_an_ended_delivery_goes_nowhere(self, ended: str) -> None:
        assert delivery.TRANSITIONS[ended] == frozenset()

    async def test_what_is_not_in_the_table_is_refused(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            (queued,) = await scene.deliveries(await scene.ask(stranger_question()))
            async with scene.store.unit_of_work() as uow:
                with pytest.raises(delivery.TransitionError):
                    await delivery.move(uow, queued, delivery.DELIVERED, at=scene.clock())

    async def test_each_change_is_on_the_ledger(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            (queued,) = await scene.deliveries(await scene.ask(stranger_question()))
            async with scene.store.unit_of_work() as uow:
                before = len(await uow.accounting.unsealed(10_000))
                await delivery.move(uow, queued, delivery.SENDING, at=scene.clock())
                assert len(await uow.accounting.unsealed(10_000)) == before + 1

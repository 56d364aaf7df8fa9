"""Reading inside one's own organization is recorded each time, with who looked at what."""

from dataclasses import replace
from pathlib import Path

from consent.codes import Category
from consent.model import Item
from gateway import use
from gateway.demo.site_record import HOSPITAL
from gateway.demo.story import ray_question
from gateway.store.values import StoredItem
from gateway.unlinking import unlink
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, opened_scene

JAIL = "org:cedar-jail"


class TestInside:
    async def test_nothing_that_others_made_but_jail_and_court_of_justice(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene, scene.store.unit_of_work() as uow:
            partners = {name: known for name, (known, _) in (await uow.registry.organizations()).items()}
        of_the_jail = Item("i", "p-ray", Category.CUSTODY, JAIL, NOON)
        others = (
            replace(of_the_jail, source=HOSPITAL),
            replace(of_the_jail, source="org:nobody"),
            replace(of_the_jail, source=None),
            replace(of_the_jail, category=Category.MEDICATIONS),
        )
        own = replace(of_the_jail, source="org:cedar-cm", category=Category.CARE_PLAN)
        assert use.inside((*others, of_the_jail, own), "org:cedar-cm", partners) == (of_the_jail, own)
        assert use.inside((*others, of_the_jail, own), None, partners) == ()


class TestAFalseMatch:
    async def test_is_not_read_as_custody_any_more(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            ray = await scene.participant()
            async with scene.store.unit_of_work() as uow:
                envelope = await uow.inbound.keep("jail", ray, b"<a/>", NOON)
                stay = {"resourceType": "Encounter", "status": "in-progress"}
                await uow.record.put(ray, StoredItem("stay-1", Category.CUSTODY, JAIL, NOON, stay, envelope), NOON)
                await uow.commit()
            assert len(await use.read_custody(scene.store, ray, staff="Mo Cypress", at=scene.clock())) == 1
            await unlink(scene.store, ray, envelope, why="another birth date", by="Sam Hemlock", at=scene.clock())
            assert await use.read_custody(scene.store, ray, staff="Mo Cypress", at=scene.clock()) == ()


class TestEveryLook:
    async def test_at_custody_even_where_there_is_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            ray = await scene.participant()
            assert await use.read_custody(scene.store, ray, staff="Mo Cypress", at=scene.clock()) == ()
            (seen,) = [e for e in await scene.entries() if e.kind == "use"]
        assert (seen.organization, seen.content) == ("org:cedar-cm", {"staff": "Mo Cypress", "read": []})

    async def test_at_what_waits_one_per_proposal(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            assert await use.read_waiting(scene.store, staff="Mo Cypress", at=scene.clock()) == []
            await scene.consider(await scene.ask(ray_question()))
            (shown,) = await use.read_waiting(scene.store, staff="Mo Cypress", at=scene.clock())
            (seen,) = [e for e in await scene.entries() if e.kind == "use"]
        assert seen.content == {"staff": "Mo Cypress", "read": [shown["id"]]}
        assert shown["items"] == len(shown["clearance"]["items"])

    async def test_at_the_ledger_which_then_tells_of_it(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            ray = await scene.participant()
            first = await use.read_ledger(scene.store, ray, staff="Mo Cypress", at=scene.clock())
            second = await use.read_ledger(scene.store, ray, staff="Mo Cypress", at=scene.clock())
        assert [e.kind for e in second] == [*(e.kind for e in first), "use"]

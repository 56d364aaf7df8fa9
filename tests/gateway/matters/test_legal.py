"""Legal papers: one acknowledgement, two persons, exactly what a valid order lists."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from consent.codes import Category, OrderFinding, OrderType, Purpose
from consent.disclosure import Disclosure
from consent.request import DisclosureRequest
from gateway import legal
from gateway.demo.site import COURT, DEFENDER, PROSECUTOR
from gateway.disclosure import disclose
from gateway.explaining import explain
from gateway.legal import Draft, LegalError
from tests.gateway.site import NOON, Scene

CIVIL = frozenset(
    {
        OrderFinding.NOTICE_GIVEN,
        OrderFinding.NO_OTHER_WAY,
        OrderFinding.PUBLIC_INTEREST_OUTWEIGHS,
        OrderFinding.SCOPE_LIMITED,
        OrderFinding.MANDATE_ATTACHED,
    }
)


async def listed(scene: Scene, category: Category = Category.PROGRESS) -> frozenset[str]:
    async with scene.store.unit_of_work() as uow:
        return frozenset(i.id for i in await uow.record.items(await scene.participant()) if i.category is category)


async def draft(scene: Scene, **changes: object) -> Draft:
    found = Draft(
        await scene.participant(), OrderType.O2_64, CIVIL, await listed(scene), COURT, NOON + timedelta(days=30)
    )
    return replace(found, **changes)  # type: ignore[arg-type]  # a test says what it changes


async def received(scene: Scene, kind: str = "order") -> UUID:
    return await legal.receive(
        scene.store, kind, sender="Cedar District Court", reference="26-1", by="Pat Pine", at=NOON
    )


async def open_kinds(scene: Scene, organization: str | None = None) -> list[str]:
    async with scene.store.unit_of_work() as uow:
        return [duty.kind for duty in await uow.duties.open(organization=organization)]


class TestWhatReleasesNothing:
    @pytest.mark.parametrize("kind", ["subpoena", "warrant"])
    async def test_without_an_order(self, scene: Scene, kind: str) -> None:
        paper = await received(scene, kind)
        with pytest.raises(LegalError, match="alone releases nothing"):
            await legal.structure(scene.store, paper, await draft(scene), by="Pat Pine", at=NOON)
        request = DisclosureRequest("s", NOON, PROSECUTOR, str(await scene.participant()), Purpose.PROCEEDING)
        assert not isinstance(await disclose(scene.store, request, reference="s"), Disclosure)
        await legal.refuse(scene.store, paper, why="no order", by="Pat Pine", at=NOON)
        assert await open_kinds(scene) == []

    async def test_one_person_alone_and_what_is_not_right(self, scene: Scene) -> None:
        paper = await received(scene)
        for wrong in (
            {"items": frozenset()},
            {"items": frozenset({"i-1"})},
            {"recipient": "org:nobody"},
            {"expires": NOON},
        ):
            with pytest.raises(LegalError):
                await legal.structure(scene.store, paper, await draft(scene, **wrong), by="Ash Rowan", at=NOON)
        with pytest.raises(LegalError, match="structured"):
            await legal.confirm(scene.store, paper, by="Pat Pine", at=NOON)
        await legal.structure(scene.store, paper, await draft(scene), by="Ash Rowan", at=NOON)
        with pytest.raises(LegalError, match="another person"):
            await legal.confirm(scene.store, paper, by=" ash  ROWAN", at=NOON)
        with pytest.raises(LegalError, match="confirmed"):
            await legal.hand_over(scene.store, paper, base_url="http://127.0.0.1", by="Pat Pine", at=NOON)
        async with scene.store.unit_of_work() as uow:
            assert await uow.matters.orders(await scene.participant()) == []

    async def test_an_order_without_its_findings_or_its_mandate(self, scene: Scene) -> None:
        for findings in (CIVIL - {OrderFinding.NO_OTHER_WAY}, CIVIL - {OrderFinding.MANDATE_ATTACHED}):
            paper = await received(scene)
            await legal.structure(scene.store, paper, await draft(scene, findings=findings), by="Ash Rowan", at=NOON)
            assert (await legal.confirm(scene.store, paper, by="Pat Pine", at=NOON)).releases == 0
            with pytest.raises(LegalError, match="lets nothing out"):
                await legal.hand_over(scene.store, paper, base_url="http://127.0.0.1", by="Pat Pine", at=NOON)


class TestOrder:
    async def test_exactly_what_is_listed_to_exactly_whom_it_names(self, scene: Scene) -> None:
        paper = await received(scene)
        assert await open_kinds(scene) == ["legal-request"]
        await legal.structure(scene.store, paper, await draft(scene), by="Ash Rowan", at=NOON)
        assert await open_kinds(scene, DEFENDER) == ["defender-alert"]
        assert (await legal.confirm(scene.store, paper, by="Pat Pine", at=NOON)).releases == 1
        handed = await legal.hand_over(scene.store, paper, base_url="http://127.0.0.1", by="Pat Pine", at=NOON)
        assert handed.recipient == COURT
        assert handed.pdf.startswith(b"%PDF-")
        kinds = [entry["resource"]["resourceType"] for entry in orjson.loads(handed.bundle)["entry"]]
        assert kinds == ["Composition", "Patient", "Observation", "Provenance"]
        (entry,) = [e for e in await scene.entries() if e.kind == "disclosure"]
        assert entry.organization == COURT
        assert [released[0] for released in entry.content["decision"]["released"]] == sorted(await listed(scene))
        assert (await explain(scene.store, entry.id)).agrees
        assert "legal-request" not in await open_kinds(scene)
        assert "approval" not in await open_kinds(scene)
        with pytest.raises(LegalError, match="state"):
            await legal.hand_over(scene.store, paper, base_url="http://127.0.0.1", by="Pat Pine", at=NOON)

    async def test_after_its_end_nothing_leaves(self, scene: Scene) -> None:
        paper = await received(scene)
        await legal.structure(scene.store, paper, await draft(scene), by="Ash Rowan", at=NOON)
        await legal.confirm(scene.store, paper, by="Pat Pine", at=NOON)
        late = NOON + timedelta(days=30)
        with pytest.raises(LegalError, match="lets nothing out"):
            await legal.hand_over(scene.store, paper, base_url="http://127.0.0.1", by="Pat Pine", at=late)

"""What is sealed about standing approvals, duties, orders, papers, meetings, incidents: moved, it does not open."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.engine import make_url
from uuid_utils.compat import uuid7

from consent.codes import Category, OrderFinding, OrderType, Purpose
from consent.model import CourtOrder, Event
from gateway.demo.site import PROSECUTOR
from gateway.store.repositories.affairs import Affairs, Conference, Incident, LegalRequest
from gateway.store.repositories.approvals import StandingApproval
from gateway.store.repositories.duties import Duty
from gateway.store.sealing import SealedDataError
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredDelivery
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, Scene, opened_scene

LATER: Final = NOON + timedelta(days=30)
Read = Callable[[UnitOfWork, UUID], Awaitable[object]]


def _affairs(uow: UnitOfWork) -> Affairs:
    return Affairs(uow.connection, uow.vault)


async def _ids(uow: UnitOfWork, table: str) -> list[UUID]:
    return list((await uow.connection.exec_driver_sql(f"SELECT id FROM {table} ORDER BY id")).scalars())  # noqa: S608  -- names of our own


async def _conferences(uow: UnitOfWork, _: UUID) -> None:
    for identity in await _ids(uow, "conference"):
        await _affairs(uow).conference(identity)


async def _deliveries(uow: UnitOfWork, _: UUID) -> None:
    for identity in await _ids(uow, "delivery"):
        delivery = await uow.deliveries.get(identity)
        assert delivery is not None
        await uow.deliveries.request(delivery)


async def _unlinks(uow: UnitOfWork, ray: UUID) -> None:
    for found in (await uow.connection.exec_driver_sql("SELECT id, sealed FROM unlink")).all():
        await uow.vault.open_json(ray, found.sealed, table="unlink", row=str(found.id))


READS: Final[dict[str, Read]] = {
    "standing_approval": lambda uow, ray: uow.approvals.standing_of(ray),
    "duty": lambda uow, ray: uow.duties.open(participant=ray),
    "court_order": lambda uow, ray: uow.matters.orders(ray),
    "participant_event": lambda uow, ray: uow.matters.events(ray),
    "legal_request": lambda uow, _: _affairs(uow).legal_open(),
    "incident": lambda uow, _: _affairs(uow).incidents(),
    "conference": _conferences,
    "delivery": _deliveries,
    "unlink": _unlinks,
}


async def _fill(uow: UnitOfWork, ray: UUID) -> None:
    order = CourtOrder("o", OrderType.O2_64, frozenset({OrderFinding.NOTICE_GIVEN}), frozenset({"i"}), "court", LATER)
    for number in range(2):
        approval = StandingApproval(
            uuid7(), ray, "case-status", PROSECUTOR, Purpose.TREATMENT, frozenset({Category.PROGRESS}), "mo", uuid7(),
            NOON, LATER,
        )  # fmt: skip
        await uow.approvals.add_standing(approval)
        duty = Duty(uuid7(), "custody-alert", ray, "lead", "case-manager", NOON, detail={"n": number})
        await uow.duties.add(duty)
        await uow.matters.add_order(ray, order, NOON)
        await uow.matters.add_event(ray, Event("case-closed", NOON), NOON)
        await uow.matters.add_unlink(ray, uuid7(), {"by": "mo"}, NOON)
        paper = LegalRequest(uuid7(), "subpoena", "received", NOON, LATER, ray, detail={"n": number})
        await _affairs(uow).put_legal(paper)
        await _affairs(uow).put_conference(Conference(uuid7(), "prepared", NOON, NOON, {"n": number}))
        await _affairs(uow).put_incident(Incident(uuid7(), "unlink", ray, NOON, LATER, detail={"n": number}))
        await uow.deliveries.add(_delivery(ray, number), NOON)


def _delivery(ray: UUID, number: int) -> StoredDelivery:
    return StoredDelivery(
        uuid7(), ray, None, None, PROSECUTOR, "queued", 0, None, None, LATER, kind="exchange", request={"n": number}
    )


@pytest.fixture
async def filled(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[tuple[Scene, UUID]]:
    async with opened_scene(tmp_path / "site", database_urls) as scene:
        ray = await scene.participant()
        async with scene.store.unit_of_work() as uow:
            await _fill(uow, ray)
            await uow.commit()
        yield scene, ray


def _owner(urls: DatabaseUrls) -> psycopg.Connection[Any]:
    url = make_url(urls.data_owner).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(url, autocommit=True)


@pytest.mark.parametrize("table", READS)
async def test_swapped_between_two_rows(filled: tuple[Scene, UUID], database_urls: DatabaseUrls, table: str) -> None:
    scene, ray = filled
    async with scene.store.unit_of_work() as uow:
        await READS[table](uow, ray)  # as it is, it opens
    with _owner(database_urls) as connection:
        select = f"SELECT id, sealed FROM {table} WHERE sealed IS NOT NULL ORDER BY id DESC LIMIT 2"  # noqa: S608  -- names of our own
        (one, first), (other, second) = connection.execute(select).fetchall()  # type: ignore[call-overload]  # composed of constants
        for identity, content in ((one, second), (other, first)):
            connection.execute(f"UPDATE {table} SET sealed = %s WHERE id = %s", (content, identity))  # type: ignore[call-overload]  # noqa: S608  -- as above
    async with scene.store.unit_of_work() as uow:
        with pytest.raises(SealedDataError, match=f"`{table}.sealed`"):
            await READS[table](uow, ray)

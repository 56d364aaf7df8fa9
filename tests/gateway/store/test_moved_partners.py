"""What partners' systems filed, subscribed to, attested and paged through: moved, it does not open."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from gateway.store.partner_tables import attestation, filing, notification, page, subscription
from gateway.store.repositories.attestations import Attestations
from gateway.store.repositories.filings import Filing, Filings
from gateway.store.repositories.pulls import Pulls
from gateway.store.repositories.subscriptions import StoredNotification, StoredSubscription, Subscriptions
from gateway.store.sealing import SealedDataError
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import Client
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, Scene, opened_scene, owner

HOUR: Final = timedelta(hours=1)
ORGANIZATION: Final = "org:cedar-prosecutor"
IDS: Final = (UUID(int=1), UUID(int=2))
Work = Callable[[UnitOfWork, str, UUID], Awaitable[Any]]


async def _file(uow: UnitOfWork, client: str, ray: UUID) -> None:
    for number, identity in enumerate(IDS):
        made = Filing(identity, "consent", ORGANIZATION, client, ray, "unverified", NOON, detail={"n": number})
        await Filings(uow.connection, uow.vault).add(made, str(number))


async def _subscribe(uow: UnitOfWork, client: str, _: UUID) -> None:
    shelf = Subscriptions(uow.connection, uow.vault)
    for number, identity in enumerate(IDS):
        place = ("topic", "https://partner.test", "id-only", "active")
        await shelf.add(StoredSubscription(identity, client, ORGANIZATION, *place, {"n": number}, None, NOON))
        event = (uuid7(), identity, "handshake", None, None, "waiting", {"n": number}, NOON, 1)
        await shelf.add_event(StoredNotification(*event))


async def _attest(uow: UnitOfWork, client: str, _: UUID) -> None:
    for number, identity in enumerate(IDS):
        token = str(number).encode()
        await Attestations(uow.connection, uow.vault).add(identity, client, token, {"n": number}, NOON, NOON + HOUR)


async def _page(uow: UnitOfWork, client: str, ray: UUID) -> None:
    for token in ("a", "b"):
        await Pulls(uow.connection, uow.vault).keep_page(token, client, ray, {"t": token}, at=NOON, expires=NOON + HOUR)


async def _paged(uow: UnitOfWork, client: str, _: UUID) -> None:
    if await Pulls(uow.connection, uow.vault).page("a", client, NOON) is None:
        raise SealedDataError("nothing where something was")  # whatever is wrong with a page: there is no such page


async def _events(uow: UnitOfWork, _: str, __: UUID) -> list[StoredNotification]:
    return await Subscriptions(uow.connection, uow.vault).events(IDS[0], 1, 9, 9)


KINDS: Final[dict[str, tuple[Work, Work]]] = {
    filing.name: (_file, lambda uow, _, __: Filings(uow.connection, uow.vault).get(IDS[0])),
    subscription.name: (_subscribe, lambda uow, _, __: Subscriptions(uow.connection, uow.vault).get(IDS[0])),
    notification.name: (
        _subscribe,
        lambda uow, _, __: Subscriptions(uow.connection, uow.vault).events(IDS[0], 1, 9, 9),
    ),
    attestation.name: (_attest, lambda uow, _, __: Attestations(uow.connection, uow.vault).of(b"0", NOON)),
    page.name: (_page, _paged),
}
READS: Final = tuple(KINDS)


@pytest.fixture
async def scene(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path / "site", database_urls) as opened:
        yield opened


@pytest.mark.parametrize("table", READS)
async def test_moved_it_does_not_open(table: str, scene: Scene, database_urls: DatabaseUrls) -> None:
    make, read = KINDS[table]
    ray = await scene.participant()
    async with scene.store.unit_of_work() as uow:
        client = "prosecutor-system"
        await uow.clients.put(Client(client, ORGANIZATION, {"keys": []}, frozenset({"system/Task.c"}), disabled=False))
        await make(uow, client, ray)
        assert await read(uow, client, ray) or table == page.name
        await uow.commit()
    key = "digest" if table == page.name else "id"
    with owner(database_urls) as connection:
        swap = f"UPDATE {table} a SET sealed = b.sealed FROM {table} b WHERE a.{key} <> b.{key}"  # noqa: S608  -- names of our own
        assert connection.execute(swap).rowcount == 2  # type: ignore[arg-type]  # composed of constants
    async with scene.store.unit_of_work() as uow:
        with pytest.raises(SealedDataError):
            await read(uow, client, ray)

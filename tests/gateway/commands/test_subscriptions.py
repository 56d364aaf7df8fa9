"""Subscriptions through the command line: seen, ended, and nothing of what they tell."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from consent.codes import Purpose
from gateway import subscriptions
from gateway.demo.site_record import OTP
from gateway.opening import compose
from gateway.settings import load
from gateway.store.places import Places
from gateway.store.values import Client, Grant
from mappings.fhir.subscription import Content, Topic, Wanted
from tests.gateway.commands.conftest import Command
from tests.gateway.conftest import DatabaseUrls


@pytest.fixture
def subscribed(site: DatabaseUrls, tmp_path: Path) -> str:
    async def run() -> str:
        program = compose(load(data_dir=tmp_path / "site"), Places(site.data, site.keys, None, None))
        try:
            known = Client("sys:otp", OTP, {"keys": []}, frozenset({"system/Subscription.cruds"}), disabled=False)
            async with program.store.unit_of_work() as uow:
                await uow.clients.put(known)
                await uow.commit()
            expires = program.now() + timedelta(minutes=5)
            grant = Grant(known.client_id, OTP, known.scopes, expires, Purpose.CARE_COORDINATION)
            wanted = Wanted(Topic.CUSTODY, "https://otp.test/hook", Content.ID_ONLY, bearer="secret-of-theirs")
            return str((await subscriptions.subscribe(program.store, grant, wanted, program.now())).id)
        finally:
            await program.close()

    return asyncio.run(run())


def test_listed_and_ended(command: Command, subscribed: str) -> None:
    (row,) = command("subscriptions", "list", "--json").json()["subscriptions"]
    assert (row["id"], row["state"], row["acknowledged"]) == (subscribed, "requested", 0)
    assert "secret" not in str(row)
    for unknown in ("x", "018f5f3e-0000-7000-8000-0000000000bb"):
        assert command("subscriptions", "end", unknown).code == 2
    assert command("subscriptions", "end", subscribed, "--json").json()["state"] == "off"
    assert command("subscriptions", "end", subscribed).code == 2
    (row,) = command("subscriptions", "list", "--json").json()["subscriptions"]
    assert row["state"] == "off"

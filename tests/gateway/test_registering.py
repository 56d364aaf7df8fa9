"""Partners' systems: registered within an agreement and a ceiling, given new keys, stopped; all of it accounted for."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.smart_client import new_key, public_part
from consent.codes import HipaaStatus, Purpose
from gateway import registering
from gateway.demo.site import PROSECUTOR
from gateway.demo.site_record import HOSPITAL
from gateway.leaving import end_agreement
from gateway.registering import Credentials, RegistrationError, Wish
from gateway.store.values import Client, LedgerEntry
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene

KEY, OTHER = public_part(new_key()), public_part(new_key())
KEYS: dict[str, Any] = {"keys": [KEY]}
URI = "https://keys.example.org/jwks.json"
GOOD = Wish(PROSECUTOR, Credentials(KEYS), ("system/Task.cr",), client_id="pa")
NONE: dict[str, Any] = {"keys": []}


@pytest.fixture
async def scene(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path / "site", database_urls) as made:
        yield made


async def registered(scene: Scene, wish: Wish = GOOD, **more: bool) -> Client:
    return await registering.register(scene.store, wish, by="privacy", at=scene.clock(), **more)


async def entries(scene: Scene) -> list[LedgerEntry]:
    async with scene.store.unit_of_work() as uow:
        ids = await uow.connection.exec_driver_sql(
            "SELECT id FROM ledger_entry WHERE kind LIKE 'client-%%' ORDER BY id"
        )
        found = [await uow.accounting.get(identity) for identity in ids.scalars()]
    return [entry for entry in found if entry is not None]


async def kept(scene: Scene, client_id: str = "pa") -> Client | None:
    async with scene.store.unit_of_work() as uow:
        found: Client | None = await uow.clients.get(client_id)
        return found


def without(name: str) -> dict[str, Any]:
    return {"keys": [{k: v for k, v in KEY.items() if k != name}]}


REFUSED = [
    (replace(GOOD, organization="org:nobody"), "`ORGANIZATION`"),
    (replace(GOOD, scopes=()), "`--scope`"),
    (replace(GOOD, scopes=("system/Task.cruds",)), "`--scope`"),
    (replace(GOOD, scopes=("system/Task.cr", "system/Patient.rs")), "`--scope`"),
    (replace(GOOD, scopes=("system/Consent.r",)), "`--scope`"),
    (replace(GOOD, scopes=("system/*.d?x",)), "`--scope`"),
    (replace(GOOD, scopes=("system/Task.read",)), "`--scope`"),
    (replace(GOOD, scopes=("user/Task.c",)), "`--scope`"),
    (replace(GOOD, purposes=(Purpose.TREATMENT,)), "`--purpose`"),
    (replace(GOOD, purposes=(Purpose.EMERGENCY,)), "`--purpose`"),
    (replace(GOOD, purposes=(Purpose.CHARGING,)), "`--purpose`"),
    (replace(GOOD, client_id="a b"), "`--id`"),
    (replace(GOOD, client_id="x" * 129), "`--id`"),
    (replace(GOOD, credentials=Credentials()), "`--jwks-uri`"),
    (replace(GOOD, credentials=Credentials(KEYS, URI)), "`--jwks-uri`"),
    (replace(GOOD, credentials=Credentials(NONE)), "`--jwks`"),
    (replace(GOOD, credentials=Credentials(without("kid"))), "`--jwks`"),
    (replace(GOOD, credentials=Credentials({"keys": [KEY, KEY]})), "`--jwks`"),
    (replace(GOOD, credentials=Credentials({"keys": [KEY | {"crv": "P-256"}]})), "`--jwks`"),
    (replace(GOOD, credentials=Credentials(jwks_uri="http://keys.example.org/k")), "`--jwks-uri`"),
    (replace(GOOD, credentials=Credentials(jwks_uri="https://10.0.0.1/k")), "`--jwks-uri`"),
    (replace(GOOD, credentials=Credentials(jwks_uri="https://keys.example.org/k?x=1")), "`--jwks-uri`"),
]


class TestNotRegistered:
    async def test_names_the_option_and_keeps_nothing(self, scene: Scene) -> None:
        for wish, named in REFUSED:
            with pytest.raises(RegistrationError, match=named):
                await registered(scene, wish)
        assert await entries(scene) == []
        assert await kept(scene) is None

    async def test_without_an_agreement_in_date(self, scene: Scene) -> None:
        yesterday = (scene.clock() - timedelta(days=2)).date()
        await end_agreement(scene.store, PROSECUTOR, last_day=yesterday, at=scene.clock())
        with pytest.raises(RegistrationError, match="no agreement in date"):
            await registered(scene)

    async def test_a_law_that_needs_no_agreement_opens_no_door(self, scene: Scene) -> None:
        async with scene.store.unit_of_work() as uow:
            hospital = await uow.registry.organization(HOSPITAL)
            assert hospital is not None
            assert hospital.hipaa_status is not HipaaStatus.NONE
            await uow.registry.put_organization(replace(hospital, agreement_expires=None), None, scene.clock())
            await uow.commit()
        with pytest.raises(RegistrationError, match="no agreement in date"):
            await registered(scene, replace(GOOD, organization=HOSPITAL))

    async def test_an_id_that_is_taken_even_by_a_disabled_system(self, scene: Scene) -> None:
        await registered(scene)
        await registering.disable(scene.store, "pa", by="privacy", at=scene.clock())
        with pytest.raises(RegistrationError, match="`--id`: is taken"):
            await registered(scene)


class TestRegistered:
    async def test_with_who_did_it_on_the_ledger(self, scene: Scene) -> None:
        made = await registered(scene, replace(GOOD, purposes=(Purpose.CARE_COORDINATION,)))
        assert made == await kept(scene)
        assert made.purposes == (Purpose.CARE_COORDINATION,)
        (entry,) = await entries(scene)
        assert (entry.kind, entry.organization, entry.participant) == ("client-registered", PROSECUTOR, None)
        assert entry.content == {
            "client": "pa",
            "scopes": ["system/Task.cr"],
            "purposes": ["care-coordination"],
            "keys": [KEY["kid"]],
            "jwks_uri": None,
            "certificate": None,
            "by": "privacy",
        }

    async def test_a_wildcard_is_all_that_the_kind_may_hold(self, scene: Scene) -> None:
        made = await registered(scene, replace(GOOD, scopes=("system/*.r",)))
        assert "system/Task.r" in made.scopes
        assert not any("*" in scope or "Patient" in scope for scope in made.scopes)

    async def test_an_address_of_keys_and_an_id_that_is_made_up(self, scene: Scene) -> None:
        made = await registered(scene, Wish(HOSPITAL, Credentials(jwks_uri=URI), ("system/Patient.rs",)))
        assert (made.jwks, made.jwks_uri) == (NONE, URI)
        assert made.client_id.startswith("lakeside")
        assert made.purposes == (Purpose.TREATMENT,)

    async def test_a_demos_partner_is_on_this_machine(self, scene: Scene) -> None:
        wish = replace(GOOD, credentials=Credentials(jwks_uri="http://127.0.0.1:9/jwks.json"))
        assert (await registered(scene, wish, private=True)).jwks_uri == "http://127.0.0.1:9/jwks.json"

    async def test_a_file_of_the_site_changes_nothing_about_it(self, scene: Scene) -> None:
        made = await registered(scene)
        async with scene.store.unit_of_work() as uow:
            assert not await uow.clients.put(replace(made, jwks={"keys": [OTHER]}))
            await uow.commit()
        assert await kept(scene) == made


class TestRotated:
    async def test_its_tokens_are_worth_nothing_any_more(self, scene: Scene) -> None:
        await registered(scene)
        until = scene.clock() + timedelta(minutes=5)
        token = await scene.program.issue_token("pa", frozenset({"system/Task.c"}), until)
        assert await scene.program.token(token) is not None
        changed = Credentials({"keys": [OTHER]})
        made = await registering.rotate(scene.store, "pa", changed, by="privacy", at=scene.clock())
        assert await scene.program.token(token) is None
        assert made == await kept(scene)
        assert made.jwks == {"keys": [OTHER]}
        assert [entry.kind for entry in await entries(scene)] == ["client-registered", "client-rotated"]

    async def test_what_is_not_named_stays(self, scene: Scene) -> None:
        await registered(scene, replace(GOOD, credentials=Credentials(KEYS, thumbprint="t")))
        made = await registering.rotate(scene.store, "pa", Credentials(jwks_uri=URI), by="x", at=scene.clock())
        assert (made.jwks, made.jwks_uri, made.thumbprint, made.scopes) == (NONE, URI, "t", {"system/Task.cr"})
        made = await registering.rotate(scene.store, "pa", Credentials(thumbprint="u"), by="x", at=scene.clock())
        assert (made.jwks_uri, made.thumbprint) == (URI, "u")

    async def test_a_key_that_is_given_up_meanwhile_does_not_come_back(self, scene: Scene) -> None:
        made = await registered(scene)
        async with scene.store.unit_of_work() as uow:
            await uow.clients.rotate(replace(made, jwks={"keys": [OTHER]}), by="x", at=scene.clock())
            other = asyncio.create_task(
                registering.rotate(scene.store, "pa", Credentials(thumbprint="u"), by="y", at=scene.clock())
            )
            await asyncio.sleep(0.3)
            assert not other.done()
            await uow.commit()
        await other
        known = await kept(scene)
        assert known is not None
        assert (known.jwks, known.thumbprint) == ({"keys": [OTHER]}, "u")

    @pytest.mark.parametrize("credentials", [Credentials(), Credentials(NONE), Credentials(KEYS, URI)])
    async def test_not_to_nothing(self, scene: Scene, credentials: Credentials) -> None:
        made = await registered(scene)
        with pytest.raises(RegistrationError):
            await registering.rotate(scene.store, "pa", credentials, by="x", at=scene.clock())
        assert await kept(scene) == made

    async def test_not_a_disabled_or_unknown_one(self, scene: Scene) -> None:
        await registered(scene)
        await registering.disable(scene.store, "pa", by="x", at=scene.clock())
        for name in ("pa", "nobody"):
            with pytest.raises(RegistrationError, match="`CLIENT_ID`"):
                await registering.rotate(scene.store, name, Credentials(KEYS), by="x", at=scene.clock())


class TestDisabled:
    async def test_once_on_the_ledger_however_often_it_is_said(self, scene: Scene) -> None:
        await registered(scene)
        for _ in range(2):
            assert (await registering.disable(scene.store, "pa", by="privacy", at=scene.clock())).disabled
        assert [entry.kind for entry in await entries(scene)] == ["client-registered", "client-disabled"]

    async def test_an_unknown_one(self, scene: Scene) -> None:
        with pytest.raises(RegistrationError, match="`CLIENT_ID`"):
            await registering.disable(scene.store, "nobody", by="privacy", at=scene.clock())


class TestAgreementThatEnds:
    async def test_a_token_is_worth_nothing_from_its_last_midnight_on(self, scene: Scene) -> None:
        await registered(scene)
        token = await scene.program.issue_token("pa", frozenset({"system/Task.c"}), scene.clock() + timedelta(days=9))
        last = scene.clock().date()
        async with scene.store.unit_of_work() as uow:
            known = await uow.registry.organization(PROSECUTOR)
            assert known is not None
            await uow.registry.put_organization(replace(known, agreement_expires=last), None, scene.clock())
            await uow.commit()
        assert await scene.program.token(token) is not None
        assert await scene.program.partner(PROSECUTOR) is not None
        scene.clock.move(days=1)
        assert await scene.program.token(token) is None
        assert await scene.program.partner(PROSECUTOR) is None

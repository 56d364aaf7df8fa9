"""Organizations: who may read and change the registry, what a bad form keeps, what each change does."""

import asyncio
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from consent.codes import FIREWALL_CATEGORIES, JUSTICE_KINDS, Category, OrganizationKind
from gateway.caps import purposes_of
from gateway.nudging import add_contact
from gateway.store.values import Client
from gateway.web import vocabulary
from gateway.web.most import most
from gateway.web.roles import CASEWORK, Role
from tests.gateway.web.conftest import DEFENDER, Browser, Console, text_of

PATH = "/console/organizations"
PROSECUTOR = "org:cedar-prosecutor"
ONE = f"{PATH}/{PROSECUTOR}"


def key_set(*, private: bool = False) -> str:
    key = ECKey.import_key(ec.generate_private_key(ec.SECP384R1()))
    return json.dumps({"keys": [{**key.as_dict(private=private), "kid": "autumn"}]})


async def officer(console: Console) -> Browser:
    return await console.as_(Role.PRIVACY_OFFICER, staff="Pat Juniper")


async def clients(console: Console) -> dict[str, Client]:
    async with console.scene.store.unit_of_work() as uow:
        return {each.client_id: each for each in await uow.clients.every() if each.organization == PROSECUTOR}


async def kinds(console: Console) -> list[str]:
    from sqlalchemy import select  # noqa: PLC0415  -- one test needs it

    from gateway.store.tables import ledger_entry  # noqa: PLC0415  -- one test needs it

    async with console.scene.store.unit_of_work() as uow:
        return list((await uow.connection.execute(select(ledger_entry.c.kind))).scalars())


async def set_endpoint(console: Console, endpoint: str | None) -> None:
    async with console.scene.store.unit_of_work() as uow:
        known = await uow.registry.organization(PROSECUTOR)
        assert known is not None
        await uow.registry.put_organization(known, endpoint, console.scene.clock())
        await uow.commit()


async def register(browser: Browser, **other: object) -> object:
    fields = {"client_id": "liaison", "jwks": key_set(), "scopes": ["system/Task.cr"], **other}
    return await browser.post(f"{ONE}/clients/new", fields)


class TestWhoMayRead:
    @pytest.mark.parametrize("role", sorted(set(Role) - CASEWORK))
    async def test_no_other_role(self, console: Console, role: Role) -> None:
        other = await console.as_(role)
        for path in (PATH, ONE, f"{PATH}/most"):
            assert (await other.get(path)).status_code == 404

    async def test_not_what_is_not_there(self, console: Console) -> None:
        browser = await officer(console)
        for path in ("org:nobody", "org:nobody/end", "org:nobody/clients/new", f"{PROSECUTOR}/clients/nothing"):
            assert (await browser.get(f"{PATH}/{path}")).status_code == 404

    async def test_a_case_manager_reads_and_is_offered_no_change(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        listed = text_of(await browser.get(PATH))
        assert "Cedar County Prosecuting Attorney" in listed
        assert "Treatment provider" not in listed
        page = await browser.get(ONE)
        assert "Not a Part 2 program" in text_of(page)
        assert f"{ONE}/" not in page.text


class TestWhoMayChange:
    PATHS = (
        (f"{ONE}/end", {"how": "leave", "sure": "yes"}),
        (f"{ONE}/clients/new", {"client_id": "x", "scopes": ["system/Task.cr"]}),
        (f"{ONE}/contacts/new", {"role": "supervisor", "address": "a@b.example"}),
        (f"{ONE}/endpoint/test", {}),
    )

    @pytest.mark.parametrize("role", sorted(set(Role) - {Role.PRIVACY_OFFICER}))
    async def test_no_other_role(self, console: Console, role: Role) -> None:
        browser = await console.as_(role)
        for path, fields in self.PATHS:
            assert (await browser.post(path, fields)).status_code == 404
        async with console.scene.store.unit_of_work() as uow:
            assert await uow.registry.versions() == len(await uow.registry.organizations())

    async def test_not_the_privacy_officer_of_a_partner(self, console: Console) -> None:
        browser = await console.as_(Role.PRIVACY_OFFICER, organization=DEFENDER)
        for path, fields in self.PATHS:
            assert (await browser.post(path, fields)).status_code == 404
        assert "Register a system" not in (await browser.get(ONE)).text

    async def test_not_with_a_form_that_is_not_ours(self, console: Console) -> None:
        browser = await officer(console)
        for path, fields in self.PATHS:
            assert (await browser.http.post(path, data=fields)).status_code == 403


class TestSystems:
    async def test_a_bad_form_keeps_what_was_typed_and_names_field_and_rule(self, console: Console) -> None:
        browser = await officer(console)
        for fields, words in (
            ({"jwks": ""}, "exactly one is needed"),
            ({"jwks": "no json"}, "Public keys: must be a JWK set"),
            ({"jwks": key_set(private=True)}, "Public keys: holds a private key"),
            ({"scopes": []}, "What it may ask for: at least one is needed"),
            ({"scopes": ["system/Patient.rs"]}, "more than an organization of its kind may hold"),
            ({"purposes": ["investigation"]}, "is not for an organization of its kind"),
            ({"purposes": ["gossip"]}, "is not in the list"),
            ({"certificate": "no pem"}, "Certificate: must be a PEM certificate"),
            ({"client_id": "two words"}, "Its id: must be letters, digits"),
        ):
            answer = await register(browser, **fields)
            assert answer.status_code == 422  # type: ignore[attr-defined]  # an answer
            assert words in text_of(answer), words  # type: ignore[arg-type]  # an answer
            assert 'value="two words"' in answer.text or 'value="liaison"' in answer.text  # type: ignore[attr-defined]  # an answer
        assert "liaison" not in await clients(console)

    async def test_registered_given_new_keys_and_stopped(self, console: Console) -> None:
        browser = await officer(console)
        assert (await register(browser)).headers["location"] == ONE  # type: ignore[attr-defined]  # an answer
        assert (await clients(console))["liaison"].scopes == {"system/Task.cr"}
        answer = await browser.post(f"{ONE}/clients/liaison/keys", {})
        assert "at least one is needed" in text_of(answer)
        new = key_set()
        assert (await browser.post(f"{ONE}/clients/liaison/keys", {"jwks": new})).status_code == 303
        assert (await clients(console))["liaison"].jwks["keys"][0]["x"] == json.loads(new)["keys"][0]["x"]
        assert (await browser.post(f"{ONE}/clients/liaison/disable", {})).status_code == 422
        assert not (await clients(console))["liaison"].disabled
        assert (await browser.post(f"{ONE}/clients/liaison/disable", {"sure": "yes"})).status_code == 303
        assert (await clients(console))["liaison"].disabled
        assert {"client-registered", "client-rotated", "client-disabled"} <= set(await kinds(console))

    async def test_a_system_of_somebody_else_is_not_here(self, console: Console) -> None:
        browser = await officer(console)
        await register(browser)
        assert (await browser.get(f"{PATH}/{DEFENDER}/clients/liaison")).status_code == 404


class TestTheEnd:
    async def test_needs_a_tick_and_a_day(self, console: Console) -> None:
        browser = await officer(console)
        for fields, words in (
            ({"how": "leave"}, "Tick that you mean it"),
            ({"sure": "yes"}, "Choose how it ends"),
            ({"how": "day", "last_day": "soon", "sure": "yes"}, "Last day: must be a day"),
        ):
            answer = await browser.post(f"{ONE}/end", fields)
            assert answer.status_code == 422
            assert words in text_of(answer)
        async with console.scene.store.unit_of_work() as uow:
            assert await uow.registry.versions() == len(await uow.registry.organizations())

    async def test_on_a_day_and_at_once(self, console: Console) -> None:
        browser = await officer(console)
        fields = {"how": "day", "last_day": "2027-03-31", "sure": "yes"}
        assert (await browser.post(f"{ONE}/end", fields)).headers["location"] == ONE
        assert "until 31 Mar 2027" in text_of(await browser.get(ONE))
        assert (await browser.post(f"{ONE}/end", {"how": "leave", "sure": "yes"})).status_code == 303
        text = text_of(await browser.get(ONE))
        assert "ended until 23 Nov 2026" in text
        assert "agreement until: 2027-03-31, now 2026-11-23" in text
        assert {"agreement-ended", "organization-left"} <= set(await kinds(console))


class TestContacts:
    async def test_a_bad_address_keeps_what_was_typed(self, console: Console) -> None:
        browser = await officer(console)
        fields = {"role": "supervisor", "channel": "email", "address": "nobody", "staff": "Sam Hemlock"}
        answer = await browser.post(f"{ONE}/contacts/new", fields)
        assert answer.status_code == 422
        assert "Address: must be one e-mail address." in text_of(answer)
        assert 'value="Sam Hemlock"' in answer.text

    async def test_added_tried_and_stopped(self, console: Console) -> None:
        browser = await officer(console)
        fields = {"role": "supervisor", "channel": "email", "address": "sam@cedar.example"}
        assert (await browser.post(f"{ONE}/contacts/new", fields)).status_code == 303
        async with console.scene.store.unit_of_work() as uow:
            (contact,) = [each for each in await uow.approvals.contacts() if each.organization == PROSECUTOR]
        assert "sam@cedar.example" in (await browser.get(ONE)).text
        assert "sam@cedar.example" not in (await (await console.as_(Role.SUPERVISOR)).get(ONE)).text
        assert "E-mail: must be set" in text_of(await browser.post(f"{ONE}/contacts/{contact.id}/test"))
        assert (await browser.post(f"{PATH}/{DEFENDER}/contacts/{contact.id}/disable")).status_code == 404
        assert (await browser.post(f"{ONE}/contacts/{contact.id}/disable")).status_code == 303
        assert "Nobody is told" in text_of(await browser.get(ONE))

    async def test_one_that_cannot_be_told_is_said(self, console: Console) -> None:
        new = await add_contact(
            console.scene.store,
            organization=PROSECUTOR,
            role="supervisor",
            channel="webhook",
            address="http://127.0.0.1:9/",
        )
        answer = await (await officer(console)).post(f"{ONE}/contacts/{new.id}/test")
        assert "Could not be told" in text_of(answer)


class TestTheEndpoint:
    async def test_is_tried_and_nothing_is_sent(self, console: Console) -> None:
        received: asyncio.Queue[bytes] = asyncio.Queue()

        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await received.put(await reader.read())
            writer.close()

        server = await asyncio.start_server(listen, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        await set_endpoint(console, f"http://127.0.0.1:{port}/inbox")
        browser = await officer(console)
        assert "It answers, in" in text_of(await browser.post(f"{ONE}/endpoint/test"))
        assert await asyncio.wait_for(received.get(), 5) == b""
        server.close()
        assert "Nobody answers there." in text_of(await browser.post(f"{ONE}/endpoint/test"))

    async def test_one_that_is_not_there_is_not_tried(self, console: Console) -> None:
        await set_endpoint(console, None)
        assert (await (await officer(console)).post(f"{ONE}/endpoint/test")).status_code == 404


class TestTheMost:
    @pytest.mark.parametrize("kind", sorted(JUSTICE_KINDS))
    def test_nothing_adverse_reaches_justice(self, kind: OrganizationKind) -> None:
        table = most(kind)
        adverse = {vocabulary.category(each) for each in FIREWALL_CATEGORIES}
        assert adverse <= set(table.never)
        assert not adverse & {row.category for row in table.rows}
        assert table.rows
        assert all("with words" not in row.cells for row in table.rows)

    def test_a_row_has_a_cell_for_each_purpose(self) -> None:
        table = most(OrganizationKind.HOSPITAL)
        assert {len(row.cells) for row in table.rows} == {len(purposes_of(OrganizationKind.HOSPITAL))}
        assert "with words" in {cell for row in table.rows for cell in row.cells}

    async def test_the_page(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        text = text_of(await browser.get(f"{PATH}/most?kind=prosecutor"))
        assert "Never Care plan" in text or "Never" in text
        assert vocabulary.category(Category.DRUG_TESTS) in text.partition("Never")[2]
        assert (await browser.get(f"{PATH}/most?kind=nonsense")).status_code == 200
        for kind in OrganizationKind:
            answer = await browser.get(f"{PATH}/most?kind={kind.value}")
            assert len(answer.content) < 150_000

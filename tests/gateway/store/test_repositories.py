"""The repositories: what is moved does not open, versions stay, the same again changes nothing."""

import ast
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from consent.codes import Category
from consent.model import Participant
from gateway import ledger, stopping
from gateway.demo.site import PROSECUTOR
from gateway.demo.site_record import CASE_MANAGEMENT
from gateway.demo.story import ray_question
from gateway.store import tables
from gateway.store.repositories.participants import CANDIDATES
from gateway.store.sealing import SealedDataError, person_tokens
from gateway.store.unit_of_work import Store, UnitOfWork, open_engine
from gateway.store.values import Client, ParticipantRecord, PersonName, StoredItem
from tests.architecture.source import modules
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, Scene, opened_scene
from tests.gateway.store import test_moved_affairs, test_moved_console, test_moved_feeds, test_moved_partners

LATER: Final = NOON + timedelta(minutes=5)


@pytest.fixture
async def scene(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path / "site", database_urls) as opened:
        yield opened


def owner(urls: DatabaseUrls) -> psycopg.Connection[Any]:
    """Somebody who can write to any row, but has no key."""
    url = make_url(urls.data_owner).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(url, autocommit=True)


# Moved ciphertexts --------------------------------------------------------------------------------------------------

Read = Callable[[UnitOfWork, UUID], Awaitable[object]]


async def _questions(uow: UnitOfWork, _: UUID) -> None:
    for row in (await uow.connection.exec_driver_sql("SELECT id FROM question")).scalars().all():
        await uow.questions.get(row)


async def _waiting(uow: UnitOfWork, _: UUID) -> None:
    for row in (await uow.connection.exec_driver_sql("SELECT id FROM quarantine")).scalars().all():
        await open_quarantined(uow, row)


async def open_quarantined(uow: UnitOfWork, identity: UUID) -> Any:
    found = await uow.connection.exec_driver_sql("SELECT sealed FROM quarantine WHERE id = %s", (identity,))
    return await uow.vault.open_json("quarantine", found.scalar_one(), table="quarantine", row=str(identity))


READS: Final[dict[str, Read]] = {
    "participant": lambda uow, ray: uow.participants.get(ray),
    "consent": lambda uow, ray: uow.consents.signed(ray),
    "stop": lambda uow, ray: uow.consents.stops(ray),
    "item": lambda uow, ray: uow.record.items(ray),
    "envelope": lambda uow, ray: uow.inbound.originals(ray),
    "emergency": lambda uow, ray: uow.record.emergencies(ray),
    "proposal": lambda uow, _: uow.proposals.waiting(),
    "ledger_entry": lambda uow, ray: uow.accounting.of(ray),
    "question": _questions,
    "quarantine": _waiting,
}
"""Every table with sealed rows, and how they are read."""


async def _fill(scene: Scene) -> UUID:
    """Two rows at least of everything that is sealed about one participant, under one key."""
    ray = await scene.participant()
    for _ in range(2):
        await scene.consider(await scene.ask(ray_question()))
        await stopping.hold(scene.store, ray, at=scene.clock(), grant="g-housing")
        async with scene.store.unit_of_work() as uow:
            known, (template, _v) = await uow.participants.get(ray), (await uow.consents.signed(ray))[0]
            assert known is not None
            changed = replace(known[0], case_manager=f"Mo Cypress {scene.clock().second}")
            await uow.participants.put(changed, NOON)
            await uow.consents.put(ray, f"second-{scene.clock().second}", template, NOON)
            await uow.inbound.keep("jail", ray, b"<a/>", NOON)
            await uow.inbound.quarantine("jail", "doubtful match", {"message": "00"}, NOON)
            await uow.record.document_emergency(ray, {"nature": "n"}, (), NOON)
            await uow.commit()
        scene.clock.move(seconds=1)
    return ray


@pytest.fixture
async def filled(scene: Scene) -> tuple[Scene, UUID]:
    return scene, await _fill(scene)


def _key(table: str) -> str:
    return "id::text || '/' || version" if table in ("participant", "consent", "item") else "id::text"


def _two(connection: psycopg.Connection[Any], table: str, ray: UUID) -> list[tuple[str, bytes]]:
    """The newest two sealed rows of a table that are under one key: those that a reader would open."""
    named = table if table not in ("question", "quarantine") else None
    column = {"participant": "id"}.get(table, "participant")
    whose = f"WHERE {column} = '{ray}'" if named else ""
    statement = f"SELECT {_key(table)}, sealed FROM {table} {whose} ORDER BY {_key(table)} DESC LIMIT 2"  # noqa: S608  -- names of our own
    return connection.execute(statement).fetchall()  # type: ignore[arg-type]  # composed of constants


def _put(connection: psycopg.Connection[Any], table: str, key: str, content: bytes) -> None:
    statement = f"UPDATE {table} SET sealed = %s WHERE {_key(table)} = %s"  # noqa: S608  -- names of our own
    assert connection.execute(statement, (content, key)).rowcount == 1  # type: ignore[arg-type]  # composed of constants


class TestMovedCiphertexts:
    def test_every_table_with_sealed_rows_is_here(self) -> None:
        sealed = {t.name for t in tables.metadata.tables.values() if "sealed" in t.c}
        elsewhere = (test_moved_affairs, test_moved_console, test_moved_feeds, test_moved_partners)
        assert sealed == set(READS).union(*(each.READS for each in elsewhere))

    async def test_swapped_between_two_rows(self, filled: tuple[Scene, UUID], database_urls: DatabaseUrls) -> None:
        scene, ray = filled
        await self._two_proposals(scene, ray)
        with owner(database_urls) as connection:
            for table, read in READS.items():
                (one, first), (other, second) = _two(connection, table, ray)
                _put(connection, table, one, second)
                _put(connection, table, other, first)
                await self._refused(scene, ray, table)
                _put(connection, table, one, first)
                _put(connection, table, other, second)
                async with scene.store.unit_of_work() as uow:
                    await read(uow, ray)  # put back, it opens

    @staticmethod
    async def _two_proposals(scene: Scene, ray: UUID) -> None:
        async with scene.store.unit_of_work() as uow:
            known = await uow.proposals.waiting()
            for number in (1, 2):
                await uow.proposals.add(replace(known[0], id=UUID(int=number), participant=ray, question=None))
            await uow.commit()

    @staticmethod
    async def _refused(scene: Scene, ray: UUID, table: str) -> None:
        async with scene.store.unit_of_work() as uow:
            if table == "item":  # one that does not open is left out, alone: an error inside one item withholds it
                counted = select(func.count(tables.item.c.id.distinct())).where(tables.item.c.participant == ray)
                kept = (await uow.connection.execute(counted)).scalar_one()
                assert len(await uow.record.items(ray)) < kept
                return
            with pytest.raises(SealedDataError, match=f"`{table}.sealed`"):
                await READS[table](uow, ray)

    async def test_moved_elsewhere_or_changed(self, filled: tuple[Scene, UUID], database_urls: DatabaseUrls) -> None:
        scene, ray = filled
        testina = await scene.participant("p-testina")
        with owner(database_urls) as connection:
            (item, content), _ = _two(connection, "item", ray)
            (consent, _), _ = _two(connection, "consent", ray)
            _put(connection, "consent", consent, content)  # to another table
            await self._refused(scene, ray, "consent")
            _put(connection, "item", item, content[:-1] + bytes([content[-1] ^ 1]))  # one byte
            await self._refused(scene, ray, "item")
            connection.execute("UPDATE item SET participant = %s WHERE participant = %s", (testina, ray))
            await self._refused(scene, testina, "item")  # to another participant
            connection.execute("UPDATE participant SET version = 99 WHERE id = %s AND version = 1", (ray,))
            await self._refused(scene, ray, "participant")  # an old version passed off as the newest


# Versions -----------------------------------------------------------------------------------------------------------

GROW_ONLY: Final = {
    "organization",
    "site_settings",
    "participant",
    "consent",
    "item",
    "stop",
    "envelope",
    "ledger_entry",
    "ledger_seal",
    "ledger_checkpoint",
}


def _tables_of(function: ast.AST) -> dict[str, str]:
    """What `t = tables.x` or `e, s = tables.x, tables.y` of a function stand for."""
    found: dict[str, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            target = node.targets[0]
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            for name, value in zip(names, values, strict=False):
                if isinstance(name, ast.Name) and isinstance(value, ast.Attribute):
                    found[name.id] = value.attr
    return found


def _changes() -> set[tuple[str, str]]:
    """Every `update(table)` and `delete(table)` of the program."""
    found = set()
    for module in modules("gateway"):
        functions = [n for n in ast.walk(module.tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        for function in functions:
            known = _tables_of(function)
            for call in (n for n in ast.walk(function) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)):
                if call.func.id in ("update", "delete") and call.args:  # type: ignore[attr-defined]  # a Name, see above
                    what = call.args[0]
                    name = what.attr if isinstance(what, ast.Attribute) else known.get(getattr(what, "id", ""), "?")
                    found.add((call.func.id, name))  # type: ignore[attr-defined]  # as above
    return found


class TestVersions:
    def test_no_code_changes_what_only_grows(self) -> None:
        """A decision refers to versions; years later it is judged again on exactly those."""
        changed = _changes()
        assert ("update", "delivery") in changed  # the walk finds what there is
        assert ("delete", "blocking_index") in changed
        assert {(how, table) for how, table in changed if table in GROW_ONLY} == set()

    def test_no_sql_text_changes_what_only_grows(self) -> None:
        words = [(m.path, n.value) for m in modules("gateway") for n in ast.walk(m.tree) if isinstance(n, ast.Constant)]
        texts = [(path, value.upper()) for path, value in words if isinstance(value, str)]
        starts = tuple(
            f"{how} {table.upper()}{end}"
            for how in ("UPDATE", "DELETE FROM", "TRUNCATE")
            for table in GROW_ONLY
            for end in (" ", "\n", ";")
        )
        assert [(path, text) for path, text in texts if f"{text} ".startswith(starts)] == []

    async def test_an_old_version_stays_as_it_was(self, scene: Scene) -> None:
        ray = await scene.participant()
        async with scene.store.unit_of_work() as uow:
            before = await uow.record.items(ray)
            first = before[0]
            assert first.resource is not None
            changed = StoredItem(
                "r-ray-identity", first.category, first.source, first.created, {"resourceType": "Basic"}
            )
            identity, was_changed = await uow.record.put(ray, changed, LATER)
            after = await uow.record.items(ray, [(i.id, i.version) for i in before])
            newest = {i.id: i for i in await uow.record.items(ray)}
        assert was_changed
        assert sorted(after, key=lambda i: i.id) == sorted(before, key=lambda i: i.id)
        assert (newest[str(identity)].version, newest[str(identity)].resource) == (2, {"resourceType": "Basic"})

    async def test_pins_are_pairs(self, scene: Scene) -> None:
        """Version 2 of one item and version 1 of another are not version 1 of the one."""
        ray = await scene.participant()
        async with scene.store.unit_of_work() as uow:
            known = (await uow.record.items(ray))[0]
            assert await uow.record.items(ray, [(known.id, 2)]) == ()
            assert await uow.record.items(ray, []) == ()
            assert await uow.record.items(await scene.participant("p-testina"), [(known.id, 1)]) == ()


class TestTheSameAgain:
    async def test_changes_nothing(self, scene: Scene) -> None:
        ray = await scene.participant()
        async with scene.store.unit_of_work() as uow:
            known, item = await uow.participants.get(ray), (await uow.record.items(ray))[0]
            (organization, version) = (await uow.registry.organizations())[PROSECUTOR]
            assert known is not None
            assert await uow.participants.put(known[0], LATER) == (ray, False)
            assert not await uow.registry.put_organization(organization, await uow.registry.endpoint(PROSECUTOR), LATER)
            assert (await uow.registry.organizations())[PROSECUTOR][1] == version
            stored = StoredItem("again", item.category, item.source, item.created, dict(item.resource or {}))
            first = await uow.record.put(ray, stored, LATER)
            assert first[1]
            assert await uow.record.put(ray, stored, LATER + timedelta(days=1)) == (first[0], False)

    async def test_a_consent_again_is_the_same_consent(self, scene: Scene) -> None:
        ray = await scene.participant()
        async with scene.store.unit_of_work() as uow:
            (consent, _), *_rest = await uow.consents.signed(ray)
            first = await uow.consents.put(ray, "roi-x", consent, LATER)
            assert first[1]
            assert await uow.consents.put(ray, "roi-x", consent, LATER) == (first[0], False)
            assert await uow.consents.put(ray, "roi-x", replace(consent, how_to_revoke="Ask"), LATER) == (
                first[0],
                True,
            )

    async def test_one_reference_of_two_participants_is_two_items(self, scene: Scene) -> None:
        ray, testina = await scene.participant(), await scene.participant("p-testina")
        stored = StoredItem("same", Category.PROGRESS, CASE_MANAGEMENT, NOON, None)
        async with scene.store.unit_of_work() as uow:
            assert (await uow.record.put(ray, stored, NOON))[0] != (await uow.record.put(testina, stored, NOON))[0]

    async def test_nothing_is_kept_of_what_was_not_committed(self, scene: Scene) -> None:
        ray = await scene.participant()
        async with scene.store.unit_of_work() as uow:
            before = len(await uow.record.items(ray))
            await uow.record.put(ray, StoredItem("gone", Category.PROGRESS, CASE_MANAGEMENT, NOON, None), NOON)
        async with scene.store.unit_of_work() as uow:
            assert len(await uow.record.items(ray)) == before


# Finding people -----------------------------------------------------------------------------------------------------


def _person(number: int, *, family: str = "Crowd", sid: str | None = None) -> ParticipantRecord:
    return ParticipantRecord(
        participant=Participant("", screened=True, enrolled=True, birth_date=date(1970, 1, 1)),
        reference=f"p-crowd-{number}",
        name=PersonName(("Testina",), family),
        aliases=(),
        identifiers=() if sid is None else (("sid", sid),),
        case_management=CASE_MANAGEMENT,
    )


class TestCandidates:
    async def test_a_crowd_never_hides_the_one_who_is_meant(self, scene: Scene) -> None:
        """Incident: looked up kind by kind, fifty people born on one day left no room for the number."""
        async with scene.store.unit_of_work() as uow:
            for number in range(CANDIDATES + 10):
                await uow.participants.put(_person(number), NOON)
            meant, _ = await uow.participants.put(_person(1000, family="Yew", sid="WA90009999"), NOON)
            tokens = person_tokens(family="Crowd", birth_date=date(1970, 1, 1), identifiers=[("sid", "WA90009999")])
            found = await uow.participants.candidates(sorted(tokens))
        assert len(found) == CANDIDATES
        assert found[0].id == meant

    async def test_nothing_in_common_finds_nobody(self, scene: Scene) -> None:
        tokens = person_tokens(family="Nobody", birth_date=date(1901, 1, 1), identifiers=[("sid", "WA00000001")])
        async with scene.store.unit_of_work() as uow:
            assert await uow.participants.candidates(sorted(tokens)) == []
            assert await uow.participants.candidates([]) == []

    async def test_whose_key_was_shredded_is_nobody_and_in_nobodys_way(self, scene: Scene) -> None:
        """Incident: one shredded participant made every message about the same surname fail."""
        ray = await scene.participant()
        tokens = [*person_tokens(family="Alder", birth_date=date(1986, 3, 2), identifiers=[("sid", "WA90000001")])]
        tokens += person_tokens(family="Fir", birth_date=date(1991, 7, 19))
        async with scene.store.unit_of_work() as uow:
            assert ray in {each.id for each in await uow.participants.candidates(tokens)}
        await scene.store.keys.shred(ray)
        async with scene.store.unit_of_work() as uow:
            assert {each.name.family for each in await uow.participants.candidates(tokens)} == {"Fir"}

    async def test_a_damaged_row_is_never_passed_over(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        ray = await scene.participant()
        with owner(database_urls) as connection:
            connection.execute("UPDATE participant SET sealed = '\\x01' WHERE id = %s", (ray,))
        tokens = person_tokens(family="Alder", birth_date=date(1986, 3, 2), identifiers=[("sid", "WA90000001")])
        async with scene.store.unit_of_work() as uow:
            with pytest.raises(SealedDataError):
                await uow.participants.candidates(list(tokens))

    async def test_an_old_name_does_not_find_any_more(self, scene: Scene) -> None:
        ray = await scene.participant()
        async with scene.store.unit_of_work() as uow:
            known = await uow.participants.get(ray)
            assert known is not None
            renamed = replace(known[0], name=PersonName(("Ray",), "Zelkova"), aliases=(), identifiers=())
            await uow.participants.put(renamed, LATER)
            old = person_tokens(family="Alder", birth_date=None, identifiers=[("sid", "WA90000001")])
            new = person_tokens(family="Zelkova", birth_date=None)
            assert await uow.participants.candidates(list(old)) == []
            assert [each.id for each in await uow.participants.candidates(list(new))] == [ray]

    async def test_strange_references_find_nobody(self, scene: Scene) -> None:
        async with scene.store.unit_of_work() as uow:
            for reference in ("", "p-rays", "P-RAY", str(UUID(int=0)), "%", "'; --", "\x00"):
                assert await uow.participants.find(reference) is None


# Systems that knock -------------------------------------------------------------------------------------------------

CLIENT: Final = Client("pa", PROSECUTOR, {"keys": []}, frozenset({"system/Task.c"}), disabled=False)


async def _commit(store: Store, work: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
    async with store.unit_of_work() as uow:
        done = await work(uow)
        await uow.commit()
    return done


class TestClients:
    async def test_an_assertion_counts_once_among_processes(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        """Twenty at once over two engines, as two processes have them: one of them wins."""
        other = Store(open_engine(database_urls.data), scene.store.keys, scene.store.policy)
        try:
            uses = [
                _commit(store, lambda uow: uow.clients.use_jti("pa", "same", LATER))
                for store in (scene.store, other) * 10
            ]
            won = await asyncio.gather(*uses)
        finally:
            await other.engine.dispose()
        assert won.count(True) == 1
        assert await _commit(scene.store, lambda uow: uow.clients.use_jti("other", "same", LATER))

    async def test_a_disabled_client_is_worth_nothing_at_once(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        await _commit(scene.store, lambda uow: uow.clients.put(CLIENT))
        await _commit(scene.store, lambda uow: uow.clients.add_token("t", "pa", CLIENT.scopes, LATER))
        other = Store(open_engine(database_urls.data), scene.store.keys, scene.store.policy)
        try:
            assert (await _commit(other, lambda uow: uow.clients.grant("t", NOON))).organization == PROSECUTOR
            await _commit(scene.store, lambda uow: uow.clients.disable("pa", NOON))
            assert await _commit(other, lambda uow: uow.clients.grant("t", NOON)) is None
            await _commit(scene.store, lambda uow: uow.clients.put(replace(CLIENT, scopes=frozenset())))
            assert await _commit(other, lambda uow: uow.clients.grant("t", NOON)) is None  # a file does not enable it
        finally:
            await other.engine.dispose()

    @pytest.mark.parametrize("after", [timedelta(0), timedelta(seconds=1)])
    async def test_a_token_ends(self, scene: Scene, after: timedelta) -> None:
        await _commit(scene.store, lambda uow: uow.clients.put(CLIENT))
        await _commit(scene.store, lambda uow: uow.clients.add_token("t", "pa", CLIENT.scopes, LATER))
        assert await _commit(scene.store, lambda uow: uow.clients.grant("t", LATER + after)) is None
        assert await _commit(scene.store, lambda uow: uow.clients.grant("t", NOON)) is not None
        assert await _commit(scene.store, lambda uow: uow.clients.grant("T", NOON)) is None

    async def test_a_token_is_not_stored(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        await _commit(scene.store, lambda uow: uow.clients.put(CLIENT))
        await _commit(scene.store, lambda uow: uow.clients.add_token("zqx-secret", "pa", CLIENT.scopes, LATER))
        with owner(database_urls) as connection:
            found = connection.execute(sql.SQL("SELECT t::text, digest FROM token t")).fetchall()
        assert len(found) == 1
        assert "zqx-secret" not in repr(found)

    async def test_forgetting_keeps_what_still_matters(self, scene: Scene) -> None:
        await _commit(scene.store, lambda uow: uow.clients.use_jti("pa", "old", NOON))
        await _commit(scene.store, lambda uow: uow.clients.use_jti("pa", "new", LATER))
        await _commit(scene.store, lambda uow: uow.clients.forget_expired(NOON + timedelta(seconds=1)))
        assert await _commit(scene.store, lambda uow: uow.clients.use_jti("pa", "old", LATER))
        assert not await _commit(scene.store, lambda uow: uow.clients.use_jti("pa", "new", LATER))


# What waits ---------------------------------------------------------------------------------------------------------


class TestInbound:
    async def test_quarantine_has_a_key_of_its_own(self, scene: Scene) -> None:
        async with scene.store.unit_of_work() as uow:
            identity = await uow.inbound.quarantine("jail", "doubtful match", {"message": "aa"}, NOON)
            assert await open_quarantined(uow, identity) == {"message": "aa"}
            await uow.commit()
        await scene.store.keys.shred_named("quarantine")
        async with scene.store.unit_of_work() as uow:
            with pytest.raises(Exception, match="site:quarantine"):
                await open_quarantined(uow, identity)

    async def test_purging_is_counted_per_feed_and_day(self, scene: Scene) -> None:
        async with scene.store.unit_of_work() as uow:
            for feed in ("jail", "jail", "other"):
                await uow.inbound.quarantine(feed, "doubtful match", {}, NOON)
            await uow.inbound.quarantine("jail", "doubtful match", {}, NOON + timedelta(hours=1))
            assert await uow.inbound.purge(NOON + timedelta(hours=72)) == 3
            counts = {(c.feed, c.outcome): c.count for c in await uow.inbound.counts()}
            assert len(await uow.inbound.waiting()) == 1
        assert (counts["jail", "purged"], counts["other", "purged"]) == (2, 1)

    async def test_a_message_counts_once_among_processes(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        other = Store(open_engine(database_urls.data), scene.store.keys, scene.store.policy)
        try:
            uses = [
                _commit(store, lambda uow: uow.inbound.first_time(b"digest", NOON))
                for store in (scene.store, other) * 5
            ]
            assert (await asyncio.gather(*uses)).count(True) == 1
        finally:
            await other.engine.dispose()


class TestAccounting:
    async def test_entries_of_nobody_are_sealed_too(self, scene: Scene, database_urls: DatabaseUrls) -> None:
        async with scene.store.unit_of_work() as uow:
            entry = await ledger.append(uow, "denial", at=NOON, content={"why": "zqx-reason"}, organization=PROSECUTOR)
            await uow.commit()
            found = await uow.accounting.get(entry.id)
        assert found == entry
        with owner(database_urls) as connection:
            rows = connection.execute("SELECT sealed, l::text FROM ledger_entry l").fetchall()
        assert "zqx-reason" not in repr(rows)
        assert b"zqx-reason".hex() not in repr(rows)

    async def test_one_sealer_at_a_time(self, scene: Scene) -> None:
        async with scene.store.unit_of_work() as one, scene.store.unit_of_work() as two:
            assert await one.accounting.become_sealer()
            assert not await two.accounting.become_sealer()

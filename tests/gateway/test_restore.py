"""The database is lost and an old backup comes back: what was revoked stays so, what was sent is not sent again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from adapters.outbound import Failed
from consent.codes import Category, Purpose
from gateway import approval, happening, leaving, ledger, stopping
from gateway.backup import BackedUp, Secrets, back_up, back_up_keys
from gateway.backup_file import BackupError
from gateway.demo.site import DEFENDER, PROSECUTOR
from gateway.demo.site_record import HOSPITAL
from gateway.demo.story import ray_question, stranger_question
from gateway.journal import Journal
from gateway.opening import compose
from gateway.restore import ConfirmationError, Restored, confirm, restore, restore_keys
from gateway.settings import Settings
from gateway.store import dump
from gateway.store.places import Places
from gateway.store.postgres import EmbeddedPostgres
from gateway.store.provision import OWNER, SERVE
from gateway.store.repositories.approvals import StandingApproval
from gateway.store.repositories.exchange import new_id
from gateway.store.sealing import SealedDataError
from gateway.store.values import StopKind
from gateway.unlinking import unlink
from mappings.lead.custody import CustodyKind
from tests.gateway.conftest import DatabaseUrls, _copy, _drop
from tests.gateway.feeds.toy import hand_in, ray, source, told
from tests.gateway.site import Door, Scene, opened_scene, owner, settings_for
from tests.gateway.test_delivery import consented, now, queued


@pytest.fixture
async def scene(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Scene]:
    async with opened_scene(tmp_path / "site", database_urls) as opened:
        yield opened


@pytest.fixture
def empty(
    postgres: EmbeddedPostgres, superuser: psycopg.Connection[Any], data_template: str, database_urls: DatabaseUrls
) -> Iterator[DatabaseUrls]:
    """A new, empty database beside the old key store: what there is after the loss."""
    name = _copy(superuser, data_template)
    yield replace(database_urls, data=postgres.url(name, SERVE), data_owner=postgres.url(name, OWNER))
    _drop(superuser, name)


@pytest.fixture
def empty_keys(
    postgres: EmbeddedPostgres, superuser: psycopg.Connection[Any], keys_template: str, empty: DatabaseUrls
) -> Iterator[DatabaseUrls]:
    """A new, empty database and a new, empty key store."""
    name = _copy(superuser, keys_template)
    yield replace(empty, keys=postgres.url(name, SERVE), keys_owner=postgres.url(name, OWNER))
    _drop(superuser, name)


def places(urls: DatabaseUrls) -> Places:
    return Places(urls.data, urls.keys, urls.data_owner, urls.keys_owner)


async def backed_up(scene: Scene, urls: DatabaseUrls, path: Path, passphrase: str | None = None) -> BackedUp:
    secrets = Secrets(scene.program.settings, scene.store.keys, passphrase)
    return await back_up(places(urls), secrets, path, scene.clock())


@asynccontextmanager
async def standing(scene: Scene, urls: DatabaseUrls) -> AsyncIterator[Scene]:
    """The program on other databases, in the same data directory."""
    settings = settings_for(scene.program.settings.data_dir, urls)
    program = compose(settings, places(urls))
    program.clock = scene.clock
    try:
        yield Scene(program, scene.clock, Door())
    finally:
        await program.close()


async def restored(back: Scene, urls: DatabaseUrls, path: Path, **more: Any) -> Restored:
    secrets = Secrets(back.program.settings, back.store.keys, more.pop("passphrase", None))
    done = await restore(back.store, places(urls), secrets, path, at=back.clock(), **more)
    back.store.journal = Journal(back.program.settings.journal_dir, await back.store.keys.named("journal"))
    return done


async def sealed_and_signed(scene: Scene) -> None:
    while await ledger.seal_once(scene.store, scene.clock()):
        pass
    await ledger.checkpoint(scene.store, scene.clock(), scene.program.settings.checkpoint_dir)


async def sound(scene: Scene) -> ledger.Verification:
    await sealed_and_signed(scene)
    return await ledger.verify(scene.store, scene.program.settings.checkpoint_dir)


def rows(urls: DatabaseUrls) -> dict[str, int]:
    with owner(urls) as connection:
        names = [table.name for table in dump.DATA]
        return {n: connection.execute(f"SELECT count(*) FROM {n}").fetchone()[0] for n in names}  # type: ignore[index, arg-type] # noqa: S608  -- names of our tables


class TestWhatIsCopied:
    def test_every_table_of_ours_is_copied_or_left_out_for_a_reason(self, database_urls: DatabaseUrls) -> None:
        with owner(database_urls) as connection:
            found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        ours = {name for (name,) in found if not name.startswith("procrastinate_")}
        copied = {table.name for table in dump.DATA}
        assert copied | set(dump.LEFT_OUT) == ours
        assert not copied & set(dump.LEFT_OUT)
        assert all(len(reason) > 20 for reason in dump.LEFT_OUT.values())

    def test_whatever_a_row_refers_to_comes_before_it(self) -> None:
        seen: set[str] = set()
        for table in dump.DATA:
            assert {key.column.table.name for key in table.foreign_keys} <= seen | {table.name}
            seen.add(table.name)

    async def test_no_key_of_anybody_is_in_the_data_and_nothing_is_readable(
        self, scene: Scene, database_urls: DatabaseUrls, tmp_path: Path
    ) -> None:
        made = await backed_up(scene, database_urls, tmp_path / "copy")
        content = (tmp_path / "copy").read_bytes()
        assert made.bytes == len(content)
        assert made.rows == sum(rows(database_urls).values())
        with owner(database_urls) as connection:
            (some,) = connection.execute("SELECT sealed FROM participant LIMIT 1").fetchone()  # type: ignore[misc]  # there is one
        assert b"Alder" not in content
        assert bytes(some).hex().encode() not in content
        assert b"org:cedar" not in content

    async def test_it_is_one_moment_though_others_go_on_writing(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, tmp_path: Path
    ) -> None:
        async def ask() -> None:
            for _ in range(10):
                await scene.ask(stranger_question())

        await ask()
        writing = asyncio.create_task(ask())
        await asyncio.sleep(0)
        await backed_up(scene, database_urls, tmp_path / "copy")
        await writing
        async with standing(scene, empty) as back:
            await restored(back, empty, tmp_path / "copy")
        found = rows(empty)
        assert found["question"] == found["delivery"]
        assert 10 <= found["question"] <= 20


def _damaged(path: Path) -> list[Path]:
    """Copies of a file: a byte changed near its beginning, in its midst and at its end; cut short."""
    whole = path.read_bytes()
    made = []
    for place in (0.05, 0.5, 0.99):
        content = bytearray(whole)
        content[int(len(content) * place)] ^= 1
        made.append(bytes(content))
    paths = [path.with_name(f"damaged-{number}") for number in range(4)]
    for damaged, content in zip(paths, [*made, whole[:-100]], strict=True):
        damaged.write_bytes(content)
    return paths


class TestRefusal:
    """Whatever is wrong, it is refused before anything is changed."""

    @pytest.fixture
    async def copy(self, scene: Scene, database_urls: DatabaseUrls, tmp_path: Path) -> Path:
        await scene.ask(stranger_question())
        await sealed_and_signed(scene)
        await backed_up(scene, database_urls, tmp_path / "copy")
        return tmp_path / "copy"

    async def refuse(self, scene: Scene, urls: DatabaseUrls, path: Path, said: str, **more: Any) -> None:
        before = rows(urls)
        exported = (scene.program.settings.checkpoint_dir / "checkpoints.jsonl").read_bytes()
        async with standing(scene, urls) as back:
            with pytest.raises((BackupError, dump.DumpError), match=said):
                await restored(back, urls, path, **more)
        assert rows(urls) == before
        assert (scene.program.settings.checkpoint_dir / "checkpoints.jsonl").read_bytes() == exported

    async def test_a_file_that_was_changed_or_cut_short(self, scene: Scene, empty: DatabaseUrls, copy: Path) -> None:
        for damaged in _damaged(copy):
            await self.refuse(scene, empty, damaged, "`FILE`: ")

    async def test_a_place_that_is_not_empty_or_another(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, copy: Path
    ) -> None:
        await self.refuse(scene, database_urls, copy, "holds a site already, table `.*` is not empty")
        with owner(empty) as connection:
            connection.execute("INSERT INTO site (id, mark, held) VALUES (1, 'live', false)")
        await self.refuse(scene, empty, copy, "is of a demo site, and this is a live one")
        with owner(empty) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        await self.refuse(scene, empty, copy, "restore it with the release that made it")

    async def test_another_key_store(self, scene: Scene, empty_keys: DatabaseUrls, copy: Path) -> None:
        await self.refuse(scene, empty_keys, copy, "the key store is another one, restore its own backup first")

    async def test_without_the_newest_journal(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, tmp_path: Path
    ) -> None:
        await stopping.hold(scene.store, await scene.participant(), at=scene.clock())
        await sealed_and_signed(scene)
        await backed_up(scene, database_urls, tmp_path / "later")
        segment = scene.program.settings.journal_dir / "000001.log"
        segment.write_bytes(segment.read_bytes()[:-10])
        await self.refuse(scene, empty, tmp_path / "later", "must hold the newest journal")

    async def test_a_damaged_journal(self, scene: Scene, empty: DatabaseUrls, copy: Path) -> None:
        for _ in range(2):
            await stopping.hold(scene.store, await scene.participant(), at=scene.clock())
        segment = scene.program.settings.journal_dir / "000001.log"
        content = bytearray(segment.read_bytes())
        content[40] ^= 1
        segment.write_bytes(content)
        before = rows(empty)
        async with standing(scene, empty) as back:
            with pytest.raises(Exception, match="is damaged at byte"):
                await restored(back, empty, copy)
            assert rows(empty) == before
            done = await restored(back, empty, copy, incomplete=True)
        assert done.damaged == ("000001.log",)

    async def test_a_journal_of_another_site(self, scene: Scene, empty: DatabaseUrls, copy: Path) -> None:
        await stopping.hold(scene.store, await scene.participant(), at=scene.clock())
        segment = scene.program.settings.journal_dir / "000001.log"
        segment.rename(segment.with_name("000002.log"))
        before = rows(empty)
        async with standing(scene, empty) as back:
            with pytest.raises(SealedDataError):
                await restored(back, empty, copy)
        assert rows(empty) == before

    async def test_a_passphrase_that_is_missing_too_short_or_another(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, copy: Path, tmp_path: Path
    ) -> None:
        path = tmp_path / "spoken"
        with pytest.raises(BackupError, match="at least 16 characters"):
            await backed_up(scene, database_urls, path, "short")
        await backed_up(scene, database_urls, path, "ponderosa larch tamarack")
        await self.refuse(scene, empty, path, "`--passphrase-file`: is needed")
        await self.refuse(scene, empty, path, "sealed by another key", passphrase="ponderosa larch hemlock!")
        async with standing(scene, empty) as back:
            await restored(back, empty, path, passphrase="ponderosa larch tamarack")
        assert rows(empty)["question"] == 1

    async def test_the_keys_are_not_the_data(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, copy: Path, tmp_path: Path
    ) -> None:
        secrets = Secrets(scene.program.settings, scene.store.keys)
        await back_up_keys(places(database_urls), secrets, tmp_path / "keys", scene.clock())
        await self.refuse(scene, empty, tmp_path / "keys", "is no backup of the data")
        with pytest.raises(BackupError, match="is no backup of the keys"):
            await restore_keys(places(empty), secrets, copy)

    async def test_a_serving_role_alone_cannot_restore(self, scene: Scene, empty: DatabaseUrls, copy: Path) -> None:
        async with standing(scene, empty) as back:
            bare = Places(empty.data, empty.keys, None, None)
            with pytest.raises(BackupError, match="are needed to restore"):
                await restore(back.store, bare, Secrets(back.program.settings, back.store.keys), copy, at=back.clock())


class TestAnOldBackup:
    async def test_neither_unrevokes_nor_sends_again(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, tmp_path: Path
    ) -> None:
        request, ray = await consented(scene), await scene.participant()
        sent = [await queued(scene, request) for _ in range(2)]
        stopped = await queued(scene, request, due_at=scene.clock() + timedelta(days=1))
        waits = await scene.ask(stranger_question())
        await sealed_and_signed(scene)
        await backed_up(scene, database_urls, tmp_path / "copy")

        scene.clock.move(minutes=30)
        for made in sent:
            await scene.deliver(made.id)
        scene.clock.move(minutes=1)
        await stopping.revoke(scene.store, ray, at=scene.clock(), by="staff-1")
        assert (await now(scene, stopped)).state == "suppressed"
        await sealed_and_signed(scene)
        first = [key for _, key in scene.door.sent]
        assert len(set(first)) == 2

        scene.clock.move(hours=3)
        async with standing(scene, empty) as back:
            done = await restored(back, empty, tmp_path / "copy")
            assert done.replay["sent"] == 2
            assert done.replay["revocations"] == 2  # each form that Ray has signed
            assert done.lost_entries > 5
            async with back.store.unit_of_work() as uow:
                assert await uow.registry.is_held()
                stops = [stop for _, stop in await uow.consents.stops(ray)]
                live = await uow.deliveries.in_state("queued")
            assert {stop.kind for stop in stops} == {StopKind.REVOCATION}
            assert [(await now(back, made)).state for made in sent] == ["delivered", "delivered"]
            assert (await now(back, stopped)).state == "suppressed"

            for made in [*sent, stopped, *live]:
                await back.deliver(made.id)
            assert back.door.sent == []  # held: nothing leaves

            assert await confirm(back.store, by="officer-1", at=back.clock()) == len(live)
            for made in [*sent, stopped, *live]:
                await back.deliver(made.id)
            await back.deliver_due(waits)
            second = [key for _, key in back.door.sent]
            assert len(second) >= 1  # the stranger's answer at least
            assert not set(first) & set(second)
            assert len(set(second)) == len(second)
            assert back.door.disclosures == []
            assert (await back.deliveries(waits))[0].state == "delivered"

            found = await sound(back)
            assert found.sound, found.reason
            kinds = [entry.kind for entry in await back.entries()]
            assert kinds.count("revocation") == 2

    async def test_an_approved_answer_that_was_sent_is_not_proposed_again(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, tmp_path: Path
    ) -> None:
        early, later = await scene.ask(ray_question()), await scene.ask(ray_question())
        (waiting,) = await scene.consider(early)
        await backed_up(scene, database_urls, tmp_path / "copy")
        (also,) = await scene.consider(later)
        for proposal in (waiting, also):
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
        scene.clock.move(minutes=5)
        await scene.deliver_due(early)
        await scene.deliver_due(later)
        assert len(scene.door.disclosures) == 2

        async with standing(scene, empty) as back:
            await restored(back, empty, tmp_path / "copy")
            await confirm(back.store, by="officer-1", at=back.clock())
            for question in (early, later):
                assert [each.state for each in await back.deliveries(question)] == ["delivered"]
                assert [p.state for p in await back.consider(question) if p.state == "waiting"] == []
                await back.deliver_due(question)
            assert back.door.sent == []

    async def test_what_failed_or_may_have_arrived_goes_on_where_it_was(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, tmp_path: Path
    ) -> None:
        request = await consented(scene)
        failed, unsure = await queued(scene, request), await queued(scene, request)
        await backed_up(scene, database_urls, tmp_path / "copy")
        scene.door.outcomes = [Failed(retryable=False, cause="refused-400")]
        await scene.deliver(failed.id)

        async def dies() -> None:
            raise KeyboardInterrupt

        scene.door.during = dies
        with pytest.raises(KeyboardInterrupt):
            await scene.deliver(unsure.id)
        (_, key) = scene.door.sent[-1]

        async with standing(scene, empty) as back:
            done = await restored(back, empty, tmp_path / "copy")
            assert (done.replay["failed"], done.replay["sent_or_not"]) == (1, 1)
            assert (await now(back, failed)).state == "failed"
            await confirm(back.store, by="officer-1", at=back.clock())
            await back.deliver(failed.id)
            await back.deliver(unsure.id)
            assert [k for _, k in back.door.sent] == [key]  # the same key: the recipient has it once

    async def test_holds_restrictions_events_and_the_end_of_a_partnership_come_back(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, tmp_path: Path
    ) -> None:
        ray = await scene.participant()
        lifted = (await stopping.hold(scene.store, ray, at=scene.clock())).stops[0]
        await backed_up(scene, database_urls, tmp_path / "copy")
        await stopping.lift(scene.store, ray, stop=lifted, at=scene.clock(), by="staff-1")
        await stopping.hold(scene.store, ray, at=scene.clock())
        await stopping.restrict(scene.store, ray, PROSECUTOR, at=scene.clock())
        await happening.happen(scene.store, ray, "program-exit", at=scene.clock())
        await leaving.leave(scene.store, HOSPITAL, at=scene.clock())
        async with scene.store.unit_of_work() as uow:  # as gateway.unlinking writes it
            envelope = str(new_id())
            await uow.mark("unlink", {"participant": str(ray), "envelope": envelope, "by": "staff-1"})

        async with standing(scene, empty) as back:
            done = await restored(back, empty, tmp_path / "copy")
            assert done.lifts == (str(lifted),)  # a person must lift it again
            assert (
                done.replay | {"holds": 1, "restrictions": 1, "events": 1, "agreements": 1, "unlinks": 1} == done.replay
            )
            async with back.store.unit_of_work() as uow:
                stops = [stop for _, stop in await uow.consents.stops(ray)]
                events = [event for _, event in await uow.matters.events(ray)]
                unlinked = [str(each) for _, each in await uow.matters.unlinked(ray)]
                hospital = await uow.registry.organization(HOSPITAL)
                endpoint = await uow.registry.endpoint(HOSPITAL)
            assert [stop.kind for stop in stops] == [StopKind.HOLD, StopKind.HOLD, StopKind.RESTRICTION]
            assert [event.name for event in events] == ["program-exit"]
            assert unlinked == [envelope]
            assert hospital is not None
            assert hospital.agreement_expires is not None
            assert hospital.agreement_expires < back.clock().date()
            assert endpoint is None

    async def test_what_was_somebody_elses_is_in_no_version_that_comes_back(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, tmp_path: Path
    ) -> None:
        """A later message made a version that says all that was told: taking the envelope off is not enough."""
        known, who = source(await ray(scene)), await scene.participant()
        wrong = told(CustodyKind.STATUS_CHANGE, 5, facility="Annex")
        for event in (told(CustodyKind.BOOKING, 0), wrong, told(CustodyKind.RELEASE, 50)):
            await hand_in(scene, known, event)
        await backed_up(scene, database_urls, tmp_path / "copy")
        async with scene.store.unit_of_work() as uow:
            envelope = next(e for e, event, _ in await uow.told.about(who, "toy|BK-7") if event == wrong)
        await unlink(scene.store, who, envelope, why="another person", by="Officer", at=scene.clock())
        async with standing(scene, empty) as back:
            done = await restored(back, empty, tmp_path / "copy")
            async with back.store.unit_of_work() as uow:
                items = await uow.record.items(who, without=frozenset({envelope}))
            said = [str(item.resource) for item in items if item.category is Category.CUSTODY]
            assert done.replay["unlinks"] == 1
            assert any("finished" in each for each in said)
            assert "Annex" not in str(said)

    async def test_standing_approvals_do_not_come_back(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, tmp_path: Path
    ) -> None:
        async with scene.store.unit_of_work() as uow:
            ray = await scene.participant()
            ends = scene.clock() + timedelta(days=30)
            categories = frozenset({Category.LEGAL_STATUS})
            given = StandingApproval(
                id=new_id(),
                participant=ray,
                exchange="case-status",
                recipient=DEFENDER,
                purpose=Purpose.CASE_ALIGNMENT,
                categories=categories,
                by="staff-1",
                source=new_id(),
                starts_at=scene.clock(),
                ends_at=ends,
            )
            await uow.approvals.add_standing(given)
            await uow.commit()
        await backed_up(scene, database_urls, tmp_path / "copy")
        async with standing(scene, empty) as back:
            done = await restored(back, empty, tmp_path / "copy")
            assert done.replay["standing_ended"] == 1
            async with back.store.unit_of_work() as uow:
                assert await uow.approvals.standing_of(ray) == []

    async def test_who_revokes_what_the_backup_does_not_hold_is_held(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, tmp_path: Path
    ) -> None:
        await backed_up(scene, database_urls, tmp_path / "copy")
        await consented(scene)  # a form of its own, signed after the backup
        ray = await scene.participant()
        await stopping.revoke(scene.store, ray, grant="g-hospital", at=scene.clock())
        async with standing(scene, empty) as back:
            done = await restored(back, empty, tmp_path / "copy")
            assert done.replay["held_in_doubt"] == 1
            await confirm(back.store, by="officer-1", at=back.clock())
            request = await consented(back)  # somebody enters the form again
            made = await queued(back, request)
            await back.deliver(made.id)
            assert back.door.disclosures == []

    async def test_whose_key_was_destroyed_stops_nothing(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, tmp_path: Path
    ) -> None:
        ray = await scene.participant()
        await backed_up(scene, database_urls, tmp_path / "copy")
        await stopping.hold(scene.store, ray, at=scene.clock())
        await scene.store.keys.shred(ray)
        async with standing(scene, empty) as back:
            done = await restored(back, empty, tmp_path / "copy")
        assert done.replay["stops_about_shredded"] == 1

    async def test_a_second_loss_and_the_same_backup_again(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, tmp_path: Path
    ) -> None:
        request = await consented(scene)
        made = await queued(scene, request)
        await backed_up(scene, database_urls, tmp_path / "copy")
        await scene.deliver(made.id)
        async with standing(scene, empty) as back:
            first = await restored(back, empty, tmp_path / "copy")
            await confirm(back.store, by="officer-1", at=back.clock())
            await sealed_and_signed(back)
            with owner(empty) as connection:
                for table in reversed(dump.DATA):
                    connection.execute(f"DELETE FROM {table.name}")  # type: ignore[arg-type] # noqa: S608  -- our tables
            second = await restored(back, empty, tmp_path / "copy")
            assert first.replay == second.replay
            async with back.store.unit_of_work() as uow:
                assert await uow.registry.is_held()
            found = await sound(back)
            assert found.sound, found.reason


class TestTheLedger:
    async def test_says_itself_what_it_has_lost_and_the_lost_checkpoints_are_kept(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, tmp_path: Path
    ) -> None:
        request = await consented(scene)
        made = await queued(scene, request)
        await sealed_and_signed(scene)
        copied = await backed_up(scene, database_urls, tmp_path / "copy")
        await scene.deliver(made.id)
        await sealed_and_signed(scene)
        folder = scene.program.settings.checkpoint_dir
        last = ledger.exported(folder)[-1]
        async with standing(scene, empty) as back:
            done = await restored(back, empty, tmp_path / "copy")
            assert (done.ledger_seq, done.lost_entries) == (copied.ledger_seq, last.seq - copied.ledger_seq)
            found = await sound(back)
            assert found.sound, found.reason
            with owner(empty) as connection:
                (identity,) = connection.execute("SELECT id FROM ledger_entry WHERE kind = 'restore'").fetchone()  # type: ignore[misc]  # there is one
            async with back.store.unit_of_work() as uow:
                entry = await uow.accounting.get(UUID(str(identity)))
            assert entry is not None
            assert entry.content["lost_until"] == {"seq": last.seq, "hash": last.hash.hex()}
        (kept,) = folder.glob("lost-at-restore-*.jsonl")
        assert last.signature.hex().encode() in kept.read_bytes()

    async def test_a_chain_that_was_rewritten_before_the_backup_is_refused(
        self, scene: Scene, database_urls: DatabaseUrls, empty: DatabaseUrls, tmp_path: Path
    ) -> None:
        await scene.deliver((await queued(scene, await consented(scene))).id)
        await sealed_and_signed(scene)
        with owner(database_urls) as connection:
            connection.execute("UPDATE ledger_entry SET kind = 'use' WHERE kind = 'disclosure'")
        await backed_up(scene, database_urls, tmp_path / "copy")
        before = rows(empty)
        async with standing(scene, empty) as back:
            with pytest.raises(BackupError, match="the entry was changed after it was sealed"):
                await restored(back, empty, tmp_path / "copy")
        assert rows(empty) == before


class TestConfirming:
    async def test_only_a_named_person_and_only_what_is_held(self, scene: Scene) -> None:
        with pytest.raises(ConfirmationError, match="is not held"):
            await confirm(scene.store, by="officer-1", at=scene.clock())
        with pytest.raises(ConfirmationError, match="`--by`"):
            await confirm(scene.store, by=" ", at=scene.clock())


class TestKeys:
    async def test_data_and_keys_together_are_the_site_again(
        self, scene: Scene, database_urls: DatabaseUrls, empty_keys: DatabaseUrls, tmp_path: Path
    ) -> None:
        ray = await scene.participant()
        await backed_up(scene, database_urls, tmp_path / "data")
        secrets = Secrets(scene.program.settings, scene.store.keys)
        made = await back_up_keys(places(database_urls), secrets, tmp_path / "keys", scene.clock())
        async with standing(scene, empty_keys) as back:
            again = Secrets(back.program.settings, back.store.keys)
            assert await restore_keys(places(empty_keys), again, tmp_path / "keys") == made.rows
            await restored(back, empty_keys, tmp_path / "data")
            async with back.store.unit_of_work() as uow:
                known = await uow.participants.get(ray)
            assert known is not None
            assert known[0].name.family == "Alder"
            with pytest.raises(BackupError, match="holds the keys of participants already"):
                await restore_keys(places(empty_keys), again, tmp_path / "keys")

    async def test_another_key_encryption_key_opens_nothing(
        self, scene: Scene, database_urls: DatabaseUrls, empty_keys: DatabaseUrls, tmp_path: Path
    ) -> None:
        secrets = Secrets(scene.program.settings, scene.store.keys)
        await back_up_keys(places(database_urls), secrets, tmp_path / "keys", scene.clock())
        (tmp_path / "other").mkdir(mode=0o700)
        other: Settings = settings_for(tmp_path / "other", empty_keys)
        async with standing(scene, empty_keys) as back:
            with pytest.raises(BackupError, match=r"`kek:kek-[0-9a-f]+`, which is not at hand"):
                await restore_keys(places(empty_keys), Secrets(other, back.store.keys), tmp_path / "keys")

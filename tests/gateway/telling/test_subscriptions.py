"""What is told to whom: nothing without a decision of that moment, and to justice only that an answer is due."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from consent.codes import Purpose
from gateway import leaving, notifying, sending, stopping, subscriptions
from gateway.demo.site import DEFENDER, HOUSING, POLICE, PROSECUTOR
from gateway.demo.site_record import HOSPITAL, JAIL, OTP
from gateway.demo.story import ray_question, stranger_question
from gateway.public_ids import public_ids
from gateway.store.vault import Vault
from gateway.subscriptions import NotSubscribedError
from mappings.fhir.subscription import Content, Topic, Wanted
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.exchanges.cast import TESTINA, grant, stay
from tests.gateway.site import owner
from tests.gateway.telling.stage import Stage, said, staged

CUSTODY = ["custody"]
WHO = {"resourceType": "Patient", "id": TESTINA, "name": [{"family": "Fir", "given": ["Testina"]}]}


async def booked(stage: Stage, key: str = "s-1") -> None:
    await stage.story.record(TESTINA, key, "custody", JAIL, stay(TESTINA))


class TestWhoMayNot:
    async def test_justice_and_community_only_answers(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with staged(tmp_path, database_urls) as stage:
            at = stage.scene.clock()
            for organization in (PROSECUTOR, POLICE, HOUSING):
                who = await stage.grant(organization)
                for topic in (Topic.CUSTODY, Topic.CONSENT):
                    with pytest.raises(NotSubscribedError, match="topic"):
                        await subscriptions.subscribe(
                            stage.scene.store, who, Wanted(topic, stage.receiver.url, Content.ID_ONLY), at
                        )
            assert await subscriptions.listed(stage.scene.store) == []

    async def test_nobody_without_agreement_purpose_or_public_address(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with staged(tmp_path, database_urls) as stage:
            store, at = stage.scene.store, stage.scene.clock()
            who, wanted = await stage.grant(OTP), Wanted(Topic.CUSTODY, stage.receiver.url, Content.ID_ONLY)
            with pytest.raises(NotSubscribedError, match="purpose"):
                await subscriptions.subscribe(store, await stage.grant(OTP, None), wanted, at)
            with pytest.raises(NotSubscribedError, match="over"):
                await subscriptions.subscribe(
                    store, who, Wanted(Topic.CUSTODY, "https://a.test", Content.EMPTY, end=at), at
                )

            async def live(_: object) -> bool:
                return False

            monkeypatch.setattr(subscriptions, "is_demo", live)
            for address in (
                stage.receiver.url,
                "https://127.0.0.1/",
                "https://10.0.0.8/x",
                "https://[::1]/",
                "https://a.test/?x=1",
            ):
                with pytest.raises(NotSubscribedError, match="address"):
                    await subscriptions.subscribe(store, who, Wanted(Topic.CUSTODY, address, Content.ID_ONLY), at)
            monkeypatch.setattr(subscriptions, "MOST", 0)
            with pytest.raises(NotSubscribedError, match="too-many"):
                await subscriptions.subscribe(store, who, Wanted(Topic.CUSTODY, "https://a.test/", Content.EMPTY), at)
            await leaving.leave(store, OTP, at=at)
            with pytest.raises(NotSubscribedError, match="agreement"):
                await subscriptions.subscribe(store, who, wanted, at)


class TestHandshake:
    async def test_unanswered_is_tried_again_and_then_an_error(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(notifying, "FAILURES", 2)
        async with staged(tmp_path, database_urls) as stage:
            stage.receiver.statuses = [500, 503]
            made = await stage.subscribed(OTP, Topic.CUSTODY)
            assert (made.state, made.failures) == ("requested", 1)
            await stage.run(late=True)
            failed = await stage.now(made.id)
            assert (failed.state, failed.cause) == ("error", "http-503")
            await stage.run(late=True)  # nothing more is sent there
            assert stage.receiver.kinds == ["handshake", "handshake"]

    async def test_answered_makes_it_active(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with staged(tmp_path, database_urls) as stage:
            made = await stage.subscribed(OTP, Topic.CUSTODY, bearer="secret-of-theirs")
            assert (made.state, made.events) == ("active", 0)
            (bundle,) = stage.receiver.bundles
            assert (bundle["type"], said(bundle, "status")["valueCode"]) == ("history", "requested")
            assert stage.receiver.headers[0]["Authorization"] == "Bearer secret-of-theirs"
            assert len(bundle["entry"]) == 1


class TestCustody:
    async def test_without_a_grant_nothing_and_no_trace(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with staged(tmp_path, database_urls) as stage:
            made = await stage.subscribed(OTP, Topic.CUSTODY, Content.FULL)
            await booked(stage)
            await stage.run(late=True)
            assert stage.receiver.kinds == ["handshake"]
            after = await stage.now(made.id)
            assert (after.events, after.failures) == (0, 0)
            assert [each.state for each in await stage.events(made)] == ["suppressed"]
            assert "denial" in await stage.scene.kinds(TESTINA)

    async def test_revoked_before_it_goes_it_does_not(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with staged(tmp_path, database_urls) as stage:
            await stage.story.sign(TESTINA, grant(OTP, ["care-coordination"], CUSTODY))
            made = await stage.subscribed(OTP, Topic.CUSTODY)
            await booked(stage)
            about = await stage.scene.participant(TESTINA)
            await stopping.revoke(stage.scene.store, about, at=stage.scene.clock.move(seconds=1))
            await stage.run(late=True)
            assert (stage.receiver.kinds, (await stage.now(made.id)).events) == (["handshake"], 0)

    async def test_of_a_record_that_cannot_be_read_nothing_and_no_trace(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with staged(tmp_path, database_urls) as stage:
            await stage.story.sign(TESTINA, grant(OTP, ["care-coordination"], CUSTODY))
            made = await stage.subscribed(OTP, Topic.CUSTODY)
            await booked(stage)
            with owner(database_urls) as connection:
                connection.execute("UPDATE consent SET sealed = 'canary'")
            await stage.run(late=True)
            assert (stage.receiver.kinds, (await stage.now(made.id)).events) == (["handshake"], 0)
            assert [(each.state, each.number) for each in await stage.events(made)] == [("suppressed", None)]

    async def test_ended_in_the_very_moment_nothing_passes(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with staged(tmp_path, database_urls) as stage:
            made = await subscriptions.subscribe(
                stage.scene.store,
                await stage.grant(OTP),
                Wanted(Topic.CUSTODY, stage.receiver.url, Content.ID_ONLY),
                stage.scene.clock(),
            )
            admit = sending.breaking.admit

            async def and_end(*given: Any) -> Any:
                await subscriptions.end(stage.scene.store, await stage.grant(OTP), made.id, stage.scene.clock())
                return await admit(*given)

            monkeypatch.setattr(sending.breaking, "admit", and_end)
            await stage.run()
            assert stage.receiver.kinds == []
            assert [each.state for each in await stage.deliveries()] == ["suppressed"]

    async def test_disabled_or_ended_it_is_not_told(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with staged(tmp_path, database_urls) as stage:
            await stage.story.sign(TESTINA, grant(OTP, ["care-coordination"], CUSTODY))
            made = await stage.subscribed(OTP, Topic.CUSTODY)
            await booked(stage)
            store, at = stage.scene.store, stage.scene.clock()
            assert not await subscriptions.end(store, await stage.grant(HOSPITAL), made.id, at)
            assert await subscriptions.end(store, await stage.grant(OTP), made.id, at)
            await stage.run(late=True)
            assert stage.receiver.kinds == ["handshake"]
            again = await stage.subscribed(OTP, Topic.CUSTODY)
            await booked(stage, "s-2")
            async with store.unit_of_work() as uow:
                await uow.clients.disable(again.client_id, at)
                await uow.commit()
            await stage.run(late=True)
            assert stage.receiver.kinds == ["handshake", "handshake"]

    async def test_of_another_participant_than_the_filter_it_is_not(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with staged(tmp_path, database_urls) as stage:
            await stage.story.sign(TESTINA, grant(OTP, ["care-coordination"], CUSTODY))
            nobody = "018f5f3e-0000-7000-8000-00000000dead"
            await stage.subscribed(OTP, Topic.CUSTODY, patient=nobody)
            mine = await stage.subscribed(OTP, Topic.CUSTODY, patient=str(await stage.scene.participant(TESTINA)))
            await booked(stage)
            await stage.run(late=True)
            (told,) = (bundle for bundle in stage.receiver.bundles if said(bundle, "notification-event"))
            assert said(told, "subscription")["valueReference"]["reference"].endswith(str(mine.id))

    @pytest.mark.parametrize("content", list(Content))
    async def test_is_told_under_a_grant(self, tmp_path: Path, database_urls: DatabaseUrls, content: Content) -> None:
        async with staged(tmp_path, database_urls) as stage:
            await stage.story.sign(TESTINA, grant(OTP, ["care-coordination"], CUSTODY))
            made = await stage.subscribed(OTP, Topic.CUSTODY, content)
            await booked(stage)
            stage.receiver.statuses = [500]
            await stage.run(late=True)
            (listed,) = await subscriptions.listed(stage.scene.store)
            assert dict(listed.counts) == {"waiting": 1}
            await stage.run(late=True)  # the same event, the same number, decided anew
            first, second = stage.receiver.bundles[1:]
            assert first["entry"][0] == second["entry"][0]
            assert said(second, "events-since-subscription-start")["valueString"] == "1"
            after = await stage.now(made.id)
            assert (after.events, after.failures, after.told_at) == (1, 0, stage.scene.clock())
            (event,) = await stage.events(made)
            assert (event.state, event.number) == ("acknowledged", 1)
            (listed,) = await subscriptions.listed(stage.scene.store)
            assert dict(listed.counts) == {"acknowledged": 1}
            focus = stage.receiver.focuses[-1]
            assert (focus is None) == (content is Content.EMPTY)
            assert bool(said(second, "topic")) == (content is not Content.EMPTY)
            resources = [entry["resource"] for entry in second["entry"][1:]]
            assert [each["resourceType"] for each in resources] == (["Encounter"] if content is Content.FULL else [])
            for each in resources:
                assert focus == f"https://gateway.test/fhir/Encounter/{each['id']}"
                assert "location" not in each
            assert (await stage.scene.kinds(TESTINA)).count("disclosure") == 2


class TestConsent:
    async def test_a_form_that_names_others_is_not_told(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with staged(tmp_path, database_urls) as stage:
            await stage.subscribed(HOSPITAL, Topic.CONSENT)
            await stage.story.sign(TESTINA, grant(DEFENDER, ["care-coordination"], ["identity", "participation"]))
            await stage.run(late=True)
            assert stage.receiver.kinds == ["handshake"]

    async def test_who_it_names_is_told_where_who_it_is_may_be_told(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with staged(tmp_path, database_urls) as stage:
            made = await stage.subscribed(OTP, Topic.CONSENT)
            await stage.story.record(TESTINA, "who", "identity", HOSPITAL, WHO)
            await stage.story.sign(TESTINA, grant(OTP, ["care-coordination"], CUSTODY), form="roi-a")
            await stage.run(late=True)
            assert stage.receiver.kinds == ["handshake"]  # its grant says nothing of who somebody is
            await stage.story.sign(TESTINA, grant(OTP, ["care-coordination"], ["identity"]), form="roi-b")
            await stage.run(late=True)
            (focus,) = stage.receiver.focuses
            assert focus is not None
            assert "/fhir/Consent/" in focus
            assert (await stage.now(made.id)).events == 1

    async def test_an_end_is_told_to_who_received_something_and_to_nobody_else(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with staged(tmp_path, database_urls) as stage:
            await stage.story.sign(TESTINA, grant(OTP, ["care-coordination"], CUSTODY))
            await stage.subscribed(OTP, Topic.CUSTODY)
            await stage.subscribed(OTP, Topic.CONSENT)
            await stage.subscribed(HOSPITAL, Topic.CONSENT)
            about = await stage.scene.participant(TESTINA)
            await stage.story.sign(TESTINA, grant(HOSPITAL, ["care-coordination"], CUSTODY), form="roi-nothing-came-of")
            await booked(stage)
            await stage.run(late=True)
            told = len(stage.receiver.bundles)
            await stopping.revoke(stage.scene.store, about, at=stage.scene.clock.move(seconds=1))
            waiting = [each for each in await stage.deliveries() if each.state == "queued"]
            assert [each.recipient for each in waiting] == [OTP]
            await stopping.revoke(stage.scene.store, about, at=stage.scene.clock.move(seconds=1))  # stays owed
            await stage.run(late=True)
            (ended,) = stage.receiver.bundles[told:]
            own = await public_ids(Vault(stage.scene.store.keys), OTP)
            consents = [own.given(c.id) for c, _ in await _signed(stage)]
            assert stage.receiver.focuses[-1] in {f"https://gateway.test/fhir/Consent/{one}" for one in consents}
            assert len(ended["entry"]) == 1


async def _signed(stage: Stage) -> list:
    async with stage.scene.store.unit_of_work() as uow:
        return await uow.consents.signed(await stage.scene.participant(TESTINA))


class TestAnswers:
    async def test_are_due_alike_for_a_known_and_an_unknown_person(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with staged(tmp_path, database_urls) as stage:
            await stage.subscribed(PROSECUTOR, Topic.ANSWER, purpose=Purpose.CASE_ALIGNMENT)
            known = await stage.scene.ask(ray_question())
            unknown = await stage.scene.ask(stranger_question())
            await stage.scene.ask(ray_question(), DEFENDER)  # somebody else's
            await stage.run()
            assert stage.receiver.kinds == ["handshake"]  # not before its time
            await stage.scene.consider(known)
            await stage.scene.consider(unknown)
            stage.scene.clock.at = known.due_at
            await stage.run()
            assert set(stage.receiver.focuses) == {
                f"https://gateway.test/fhir/Task/{asked.id}" for asked in (known, unknown)
            }
            one, other = (_bare(bundle) for bundle in stage.receiver.bundles[1:])
            assert one == other

    async def test_a_stop_does_not_take_it_back(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """Whoever waits for it must not learn of a revocation by a notification that stays away."""
        async with staged(tmp_path, database_urls) as stage:
            await stage.subscribed(PROSECUTOR, Topic.ANSWER, purpose=Purpose.CASE_ALIGNMENT)
            asked = await stage.scene.ask(ray_question())
            await stage.scene.consider(asked)
            await stopping.revoke(stage.scene.store, await stage.scene.participant(), at=stage.scene.clock())
            stage.scene.clock.at = asked.due_at
            await stage.run()
            assert stage.receiver.focuses == [f"https://gateway.test/fhir/Task/{asked.id}"]


def _bare(bundle: dict) -> dict:
    """The shape of a notification: every id, number and moment taken out."""
    event = said(bundle, "notification-event")["part"]
    names = sorted(part["name"] for part in event)
    return {"keys": sorted(bundle), "entries": len(bundle["entry"]), "event": names, "size": len(str(bundle))}


class TestHeartbeat:
    async def test_is_sent_as_often_as_asked(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with staged(tmp_path, database_urls) as stage:
            made = await stage.subscribed(OTP, Topic.CUSTODY, heartbeat=60)
            await stage.subscribed(OTP, Topic.CUSTODY)
            store, hooks = stage.scene.store, notifying.Hooks("https://gateway.test")
            assert await notifying.beat(store, hooks, stage.scene.clock.move(seconds=59), 5.0) == 0
            assert await notifying.beat(store, hooks, stage.scene.clock.move(seconds=1), 5.0) == 1
            assert await notifying.beat(store, hooks, stage.scene.clock.move(seconds=1), 5.0) == 0
            assert stage.receiver.kinds == ["handshake", "handshake", "heartbeat"]
            stage.receiver.statuses = [500]
            assert await notifying.beat(store, hooks, stage.scene.clock.move(seconds=60), 5.0) == 1
            assert (await stage.now(made.id)).failures == 1
            await subscriptions.end(store, await stage.grant(OTP), made.id, stage.scene.clock())
            assert await notifying.beat(store, hooks, stage.scene.clock.move(seconds=60), 5.0) == 0
            end = stage.scene.clock() + timedelta(minutes=5)
            await stage.subscribed(OTP, Topic.CUSTODY, heartbeat=60, end=end)
            assert await notifying.beat(store, hooks, stage.scene.clock.move(minutes=6), 5.0) == 0

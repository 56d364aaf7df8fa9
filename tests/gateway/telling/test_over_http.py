"""The doors: subscriptions made, read and ended by their owner; a question read again; a promise for a session."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import orjson
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.subscription import Subscription as R4Subscription
from sqlalchemy import select

from consent.codes import Purpose
from gateway import answers, approval, outcomes, stopping
from gateway import delivery as deliveries
from gateway.api import fixed, fixed_subscriptions
from gateway.app import make_app
from gateway.demo.site import DEFENDER, PROSECUTOR
from gateway.demo.site_record import JAIL, OTP
from gateway.demo.story import ray_question, stranger_question
from gateway.disclosure import disclose
from gateway.store.tables import ledger_entry
from gateway.store.values import Client
from mappings.fhir.attestation import STATEMENT
from mappings.fhir.subscription import BACKPORT, Topic
from mappings.fhir.task import question_task
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.exchanges.cast import TESTINA, grant, stay
from tests.gateway.telling.stage import Stage, said, staged

ALL = frozenset({"system/Subscription.cruds", "system/Task.crs", "system/Encounter.rs"})
TYPE = {"Content-Type": "application/fhir+json"}


@dataclass
class Door:
    """A stage, and HTTP calls as a system of an organization."""

    stage: Stage
    http: httpx2.AsyncClient

    async def as_(
        self, organization: str, scopes: frozenset[str] = ALL, purpose: Purpose | None = None
    ) -> dict[str, str]:
        program = self.stage.scene.program
        name = f"sys:{organization}"
        async with program.store.unit_of_work() as uow:
            await uow.clients.put(Client(name, organization, {"keys": []}, ALL, disabled=False))
            await uow.commit()
        expires = program.now() + timedelta(minutes=5)
        token = await program.issue_token(name, scopes, expires, purpose=purpose or Purpose.CARE_COORDINATION)
        return {"Authorization": f"Bearer {token}", **TYPE}

    async def post(self, path: str, body: Any, who: dict[str, str]) -> httpx2.Response:
        return await self.http.post(f"/fhir/{path}", content=orjson.dumps(body), headers=who)

    async def get(self, path: str, who: dict[str, str]) -> httpx2.Response:
        return await self.http.get(f"/fhir/{path}", headers=who)

    def wanted(self, topic: Topic = Topic.ANSWER, content: str = "id-only", **more: Any) -> dict[str, Any]:
        return {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "to be told",
            "criteria": topic.value,
            "channel": {
                "type": "rest-hook",
                "endpoint": self.stage.receiver.url,
                "payload": "application/fhir+json",
                "_payload": {"extension": [{"url": f"{BACKPORT}backport-payload-content", "valueCode": content}]},
                **more,
            },
        }


@asynccontextmanager
async def opened(folder: Path, urls: DatabaseUrls) -> AsyncIterator[Door]:
    async with staged(folder, urls) as stage:
        app = make_app(stage.scene.program, jobs=None)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://gateway.test") as http:
            yield Door(stage, http)


class TestSubscription:
    async def test_is_refused(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened(tmp_path, database_urls) as door:
            justice, health = await door.as_(PROSECUTOR), await door.as_(OTP)
            good = door.wanted()
            assert (await door.post("Subscription", good, TYPE)).content == fixed.UNAUTHENTICATED.body
            lacking = await door.as_(OTP, frozenset({"system/Subscription.r"}))
            assert (await door.post("Subscription", good, lacking)).status_code == 403
            for topic in (Topic.CUSTODY, Topic.CONSENT):  # GR-04
                answer = await door.post("Subscription", door.wanted(topic), justice)
                assert (answer.status_code, answer.content) == (403, fixed_subscriptions.REFUSED["topic"].body)
            for bad in (
                {},
                good | {"resourceType": "Task"},
                good | {"status": "active"},
                good | {"criteria": "Patient?name=x"},
                good | {"criteria": None},
                good | {"contained": []},
                good | {"end": "soon"},
                door.wanted(type="email"),
                door.wanted(endpoint="https://a.test/?secret=1"),
                door.wanted(endpoint=None),
                door.wanted(payload="application/xml"),
                door.wanted(content="full-resource"),
                door.wanted(header=["X-Evil: 1"]),
                door.wanted(header=["Authorization: Bearer a\r\nX: 1"]),
                door.wanted(extension=[{"url": f"{BACKPORT}backport-heartbeat-period", "valueUnsignedInt": 1}]),
                good
                | {"_criteria": {"extension": [{"url": f"{BACKPORT}backport-filter-criteria", "valueString": "x"}]}},
            ):
                answer = await door.post("Subscription", bad, health)
                assert (answer.status_code, answer.json()["resourceType"]) == (422, "OperationOutcome"), bad
            assert (await door.get("Subscription", health)).json().get("entry") is None
            assert (await door.get("Subscription?status=active", health)).status_code == 400

    async def test_belongs_to_who_made_it(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened(tmp_path, database_urls) as door:
            mine, other = await door.as_(PROSECUTOR), await door.as_(DEFENDER)
            secret = "Authorization: Bearer their-own-secret"
            answer = await door.post("Subscription", door.wanted(header=[secret]), mine)
            assert answer.status_code == 201
            made = answer.json()
            R4Subscription.model_validate(made)
            assert (made["status"], "header" in made["channel"]) == ("requested", False)
            assert answer.headers["location"].endswith(f"/fhir/Subscription/{made['id']}")
            path = f"Subscription/{made['id']}"
            for call in (path, f"{path}/$status", f"{path}/$events", f"Subscription/{'0' * 36}", "Subscription/x"):
                assert (await door.get(call, other)).content == fixed.NOT_FOUND.body
            assert (await door.http.delete(f"/fhir/{path}", headers=other)).content == fixed.NOT_FOUND.body
            await door.stage.run()
            status = (await door.get(f"{path}/$status", mine)).json()
            Bundle.model_validate(status)
            assert said(status, "status")["valueCode"] == "active"
            assert [e["resource"]["id"] for e in (await door.get("Subscription", mine)).json()["entry"]] == [made["id"]]
            assert (await door.http.delete(f"/fhir/{path}", headers=mine)).status_code == 200
            assert (await door.get(path, mine)).content == fixed.NOT_FOUND.body
            kinds = [e.kind for e in await _of(door, PROSECUTOR)]
            assert {"subscription", "subscription-ended", "signal"} <= set(kinds)

    async def test_its_events_are_told_again_as_they_may_be_now(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened(tmp_path, database_urls) as door:
            who, stage = await door.as_(OTP), door.stage
            made = (await door.post("Subscription", door.wanted(Topic.CUSTODY), who)).json()
            await stage.run()
            await stage.story.sign(TESTINA, grant(OTP, ["care-coordination"], ["custody"]))
            await stage.story.record(TESTINA, "s-1", "custody", JAIL, stay(TESTINA))
            await stage.run(late=True)
            path = f"Subscription/{made['id']}/$events"
            for bad in ("0", "-1", "x", "9" * 20):
                assert (await door.get(f"{path}?eventsSinceNumber={bad}", who)).status_code == 400
            told = (await door.get(path, who)).json()
            Bundle.model_validate(told)
            here = stage.scene.program.settings.base_url
            assert str(said(told, "notification-event")).replace(here, "https://gateway.test") == str(
                said(stage.receiver.bundles[-1], "notification-event")
            )
            assert "Encounter/" in str(said(told, "notification-event"))
            (event,) = [one for one in told["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"]
            assert {part["name"] for part in event["part"]} == {"event-number", "timestamp", "focus"}
            none = (await door.get(f"{path}?eventsSinceNumber=2", who)).json()
            assert said(none, "notification-event") == {}
            await stopping.revoke(stage.scene.store, await stage.scene.participant(TESTINA), at=stage.scene.clock())
            again = (await door.get(path, who)).json()
            assert "Encounter/" not in str(again)
            assert said(again, "notification-event")["part"][0]["valueString"] == "1"


async def _of(door: Door, organization: str) -> list[Any]:
    async with door.stage.scene.store.unit_of_work() as uow:
        return list(
            await uow.connection.execute(select(ledger_entry).where(ledger_entry.c.organization == organization))
        )


async def _asked(door: Door, who: dict[str, str], question: Any) -> dict[str, Any]:
    answer = await door.post("Task", question_task(question), who)
    assert answer.status_code == 202
    told: dict[str, Any] = answer.json()
    return told


class TestAnswer:
    async def test_nothing_before_its_time_or_for_others(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened(tmp_path, database_urls) as door:
            who, scene = await door.as_(PROSECUTOR), door.stage.scene
            asked = await _asked(door, who, ray_question())
            task = (await door.get(f"Task/{asked['id']}", who)).json()
            assert (task["status"], "output" in task) == ("accepted", False)
            assert (await door.get(f"Bundle/{asked['id']}", who)).content == fixed.NOT_FOUND.body
            scene.clock.move(hours=1)
            who, other = await door.as_(PROSECUTOR), await door.as_(DEFENDER)
            for path in (f"Bundle/{asked['id']}", f"Task/{asked['id']}", f"Bundle/{'0' * 36}", "Bundle/x"):
                assert (await door.get(path, other)).content == fixed.NOT_FOUND.body
            lacking = await door.as_(PROSECUTOR, frozenset({"system/Task.c"}))
            assert (await door.get(f"Bundle/{asked['id']}", lacking)).status_code == 403

    async def test_is_the_one_neutral_answer_whatever_the_reason(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        """A stranger, nothing approved, approved and revoked: by Task and by Bundle they are the same."""
        async with opened(tmp_path, database_urls) as door:
            who, scene = await door.as_(PROSECUTOR), door.stage.scene
            asked = [await _asked(door, who, q) for q in (stranger_question(), ray_question(), ray_question())]
            proposals = [await _considered(door, one["id"]) for one in asked]
            await approval.approve(scene.store, scene.program.settings, proposals[2][0].id, at=scene.clock())
            await stopping.revoke(scene.store, await scene.participant(), at=scene.clock.move(seconds=1))
            scene.clock.move(hours=1)
            who = await door.as_(PROSECUTOR)
            tasks = [(await door.get(f"Task/{one['id']}", who)).text.replace(one["id"], "ID") for one in asked]
            assert len(set(tasks)) == 1
            assert '"completed"' in tasks[0]
            assert '"reference":"Bundle/ID"' in tasks[0]
            answers = [await door.get(f"Bundle/{one['id']}", who) for one in asked]
            said_ = {
                (a.status_code, a.text.replace(one["id"], "ID"), str(sorted(a.headers.items())))
                for a, one in zip(answers, asked, strict=True)
            }
            assert len(said_) == 1
            assert "Nothing helpful" in answers[0].text

    async def test_is_what_was_approved_and_the_same_bytes_as_were_pushed(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened(tmp_path, database_urls) as door:
            who, scene = await door.as_(PROSECUTOR), door.stage.scene
            asked = await _asked(door, who, ray_question())
            (proposal,) = await _considered(door, asked["id"])
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            scene.clock.move(hours=1)
            who = await door.as_(PROSECUTOR)
            before = await door.get(f"Bundle/{asked['id']}", who)
            assert before.json()["type"] == "document"
            async with scene.store.unit_of_work() as uow:
                (delivery,) = await uow.deliveries.for_question(proposal.question)
            await scene.deliver(delivery.id)
            (sent,) = scene.door.disclosures
            after = (await door.get(f"Bundle/{asked['id']}", who)).json()
            assert after["entry"][0]["resource"]["identifier"]["value"] == sent.entry
            assert [e["resource"]["resourceType"] for e in after["entry"]] == [
                e["resource"]["resourceType"] for e in before.json()["entry"]
            ]
            await stopping.revoke(scene.store, await scene.participant(), at=scene.clock.move(seconds=1))
            gone = await door.get(f"Bundle/{asked['id']}", who)
            assert "Nothing helpful" in gone.text

    async def test_what_was_approved_late_is_no_part_of_it(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened(tmp_path, database_urls) as door:
            who, scene = await door.as_(PROSECUTOR), door.stage.scene
            asked = await _asked(door, who, ray_question())
            (proposal,) = await _considered(door, asked["id"])
            scene.clock.move(hours=1)
            async with scene.store.unit_of_work() as uow:
                (delivery,) = await uow.deliveries.for_question(proposal.question)
            await scene.deliver(delivery.id)
            assert len(scene.door.neutral) == 1
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            who = await door.as_(PROSECUTOR)
            assert "Nothing helpful" in (await door.get(f"Bundle/{asked['id']}", who)).text

    async def test_what_is_suppressed_in_this_very_moment_is_not_told(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened(tmp_path, database_urls) as door:
            scene = door.stage.scene
            asked = await _asked(door, await door.as_(PROSECUTOR), ray_question())
            (proposal,) = await _considered(door, asked["id"])
            await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
            scene.clock.move(hours=1)

            async def overtaken(*args: Any, **named: Any) -> Any:
                monkeypatch.setattr(answers, "disclose", disclose)  # once
                async with scene.store.unit_of_work() as uow:
                    for one in await uow.deliveries.for_question(UUID(asked["id"])):
                        if one.state == deliveries.QUEUED:
                            await outcomes.suppress(uow, one, scene.clock(), cause="may-no-longer-leave")
                    await uow.commit()
                return await disclose(*args, **named)

            monkeypatch.setattr(answers, "disclose", overtaken)
            told = await door.get(f"Bundle/{asked['id']}", await door.as_(PROSECUTOR))
            assert "Nothing helpful" in told.text


async def _considered(door: Door, reference: str) -> list[Any]:
    program = door.stage.scene.program
    await program.consider(UUID(reference))
    async with program.store.unit_of_work() as uow:
        return await uow.proposals.for_question(UUID(reference))


def attestation(**more: str) -> dict[str, Any]:
    question = ray_question()
    given = {
        "requester-name": question.person.name,
        "requester-role": question.person.role,
        "purpose": question.purpose.value,
        "statement": STATEMENT,
        **more,
    }
    kinds = {"purpose": "valueCode", "statement": "valueCode"}
    listed = [{"name": name, kinds.get(name, "valueString"): value} for name, value in given.items()]
    return {"resourceType": "Parameters", "parameter": listed}


class TestAttestation:
    """LEAD GR-05: each session of a recipient promises no adverse use, no evidence, no intelligence."""

    async def test_without_it_nothing_is_proposed(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened(tmp_path, database_urls) as door:
            bare = replace(ray_question(), attested=False)
            who = await door.as_(PROSECUTOR)
            assert await _considered(door, (await _asked(door, who, bare))["id"]) == []
            assert (await door.post("$attest", attestation(), who)).status_code == 200
            other = await door.as_(PROSECUTOR)  # another session
            assert await _considered(door, (await _asked(door, other, bare))["id"]) == []
            somebody = replace(bare, person=replace(bare.person, name="Somebody Else"))
            assert await _considered(door, (await _asked(door, who, somebody))["id"]) == []

    async def test_is_not_taken(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened(tmp_path, database_urls) as door:
            who = await door.as_(PROSECUTOR)
            for bad in ({"statement": "whatever"}, {"purpose": "curiosity"}, {"requester-name": " "}, {"extra": "x"}):
                answer = await door.post("$attest", attestation(**bad), who)
                assert (answer.status_code, answer.content) == (422, fixed_subscriptions.NOT_AN_ATTESTATION.body)
            assert [e for e in await _of(door, PROSECUTOR) if e.kind == "attestation"] == []

    async def test_covers_the_session_and_is_on_the_ledger_once(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened(tmp_path, database_urls) as door:
            who, bare = await door.as_(PROSECUTOR), replace(ray_question(), attested=False)
            for _ in range(2):
                assert (await door.post("$attest", attestation(), who)).content == fixed_subscriptions.ATTESTED.body
            assert (await door.post("$attest", attestation(purpose="warm-handoff"), who)).status_code == 409
            assert len(await _considered(door, (await _asked(door, who, bare))["id"])) == 1
            assert len([e for e in await _of(door, PROSECUTOR) if e.kind == "attestation"]) == 1

    async def test_comes_with_a_question_too(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened(tmp_path, database_urls) as door:
            who, bare = await door.as_(PROSECUTOR), replace(ray_question(), attested=False)
            await _asked(door, who, ray_question())
            assert len(await _considered(door, (await _asked(door, who, bare))["id"])) == 1
            assert len([e for e in await _of(door, PROSECUTOR) if e.kind == "attestation"]) == 1


class TestAnswerDue:
    async def test_is_told_to_justice_and_leads_to_the_answer(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened(tmp_path, database_urls) as door:
            who = await door.as_(PROSECUTOR)
            assert (await door.post("Subscription", door.wanted(), who)).status_code == 201
            await door.stage.run()
            asked = await _asked(door, who, stranger_question())
            await door.stage.run(late=True)
            assert door.stage.receiver.focuses == [f"https://gateway.test/fhir/Task/{asked['id']}"]
            who = await door.as_(PROSECUTOR)
            task = (await door.get(f"Task/{asked['id']}", who)).json()
            answer = await door.get(task["output"][0]["valueReference"]["reference"], who)
            assert (answer.status_code, answer.json()["identifier"]["value"]) == (200, asked["id"])

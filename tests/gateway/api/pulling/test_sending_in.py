"""Batch, transaction, conditional create, one's own Tasks, and who the partners are."""

from datetime import date

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.task import Task

from consent.codes import Purpose
from consent.model import Person
from gateway.api import fixed_search
from gateway.demo.site import HOSPITAL, PROSECUTOR
from mappings.fhir.question import About, Question
from mappings.fhir.task import question_task
from tests.gateway.api.pulling.partner import STRANGER, Partner

pytestmark = pytest.mark.asyncio(loop_scope="module")


def question(family: str = "Ash", purpose: Purpose = Purpose.CASE_ALIGNMENT) -> dict:
    about = About(("Testina",), family, date(1990, 4, 1), (("sid", f"WA7{family.upper()}01"),))
    return question_task(Question(purpose, Person("Lee Birch", "liaison-prosecutor"), about, attested=True))


def entry(resource: dict, url: str = "Task", **request: str) -> dict:
    return {"resource": resource, "request": {"method": "POST", "url": url, **request}}


def bundle(kind: str, *entries: dict) -> dict:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


async def asked(partner: Partner) -> list[str]:
    """The references of what the partner has asked."""
    return [one["id"] for one in await partner.found("Task?_count=100")]


class TestBatch:
    async def test_what_is_no_batch(self, partner):
        for body in ({"resourceType": "Bundle", "type": "collection"}, {"resourceType": "Task"}, {}, {"type": "batch"}):
            assert (await partner.post("", body)).content == fixed_search.NOT_A_BATCH.body
        many = bundle("batch", *[entry({})] * 51)
        assert (await partner.post("", many)).status_code == 413

    async def test_each_entry_is_answered_by_its_own_constant(self, partner):
        await partner.signs_in(PROSECUTOR, scopes=frozenset({"system/Task.crs"}))
        entries = (
            entry(question()),
            entry(question("Nobody")),
            entry({"resourceType": "Task"}),
            entry({}, "Patient"),
            entry(question(), "Task/1"),
            entry({"resourceType": "Consent"}, "Consent"),
            entry(question(purpose=Purpose.EMERGENCY)),
            {"request": {"method": "GET", "url": "Patient/canary"}},
            {},
        )
        answer = (await partner.post("", bundle("batch", *entries))).json()
        Bundle.model_validate(answer)
        codes = [one["response"]["status"].split()[0] for one in answer["entry"]]
        assert codes == ["202", "202", "422", "400", "400", "403", "400", "400", "400"]
        known, unknown = (one["resource"] for one in answer["entry"][:2])
        assert known.keys() == unknown.keys()
        assert "canary" not in str(answer)

    async def test_a_transaction_is_all_or_nothing(self, partner):
        await partner.signs_in(PROSECUTOR)
        before = await asked(partner)
        bad = await partner.post("", bundle("transaction", entry(question()), entry({"resourceType": "Task"})))
        assert bad.status_code == 422
        filed = entry({"resourceType": "Consent"}, "Consent")
        assert (await partner.post("", bundle("transaction", entry(question()), filed))).status_code == 422
        assert await asked(partner) == before
        good = await partner.post("", bundle("transaction", entry(question()), entry(question("Nobody"))))
        assert good.json()["type"] == "transaction-response"
        assert len(await asked(partner)) == len(before) + 2


class TestOnce:
    async def test_the_same_identifier_is_the_same_question(self, partner):
        await partner.signs_in(PROSECUTOR)
        condition = {"if_none_exist": "identifier=https://x|7"}
        first = await partner.post("Task", question(), **condition)
        again = await partner.post("Task", question("Nobody"), **condition)
        assert (first.status_code, first.content) == (again.status_code, again.content)
        batch = bundle("batch", entry(question(), ifNoneExist="identifier=https://x|7"))
        assert (await partner.post("", batch)).json()["entry"][0]["resource"] == first.json()
        await partner.signs_in(HOSPITAL)
        other = await partner.post("Task", question(), **condition)
        assert other.json()["id"] != first.json()["id"]

    async def test_any_other_condition_is_refused(self, partner):
        for condition in ("canary=1", "identifier=7", "identifier=a|b&name=canary", ""):
            answer = await partner.post("Task", question(), if_none_exist=condition)
            assert answer.content == fixed_search.NOT_A_CONDITION.body


class TestOwnTasks:
    async def test_it_is_under_way_and_then_over_whoever_it_was_about(self, fresh):
        await fresh.signs_in(PROSECUTOR)
        told = [(await fresh.post("Task", question(name))).json()["id"] for name in ("Ash", "Nobody")]
        tasks = [(await fresh.get(f"Task/{one}")).json() for one in told]
        fresh.scene.clock.move(minutes=10)
        done = [(await fresh.get(f"Task/{one}")).json() for one in told]
        for pair in (tasks, done):
            Task.model_validate(pair[0])
            known, unknown = (str(one).replace(one["id"], "") for one in pair)
            assert known == unknown
        assert tasks[0]["status"] != done[0]["status"] == "completed"
        assert {one["id"] for one in await fresh.found("Task?status=completed")} == set(told)
        assert [one["id"] for one in await fresh.found(f"Task?_id={told[0]}")] == [told[0]]
        await fresh.signs_in(HOSPITAL)
        assert await fresh.found("Task") == []
        none = await fresh.get(f"Task/{STRANGER}")
        assert (await fresh.get(f"Task/{told[0]}")).content == none.content
        assert none.status_code == 404


class TestDirectory:
    async def test_partners_are_their_names_and_no_more(self, partner):
        await partner.signs_in(PROSECUTOR)
        (found,) = await partner.found("Organization?name=fern")
        assert found.keys() == {"resourceType", "id", "meta", "identifier", "active", "name"}
        assert (await partner.get(f"Organization/{found['id']}")).json() == found
        assert (await partner.get("Organization/x")).status_code == 404
        assert len(await partner.found(f"Organization?_id={found['id']},x")) == 1
        assert len(await partner.found("Organization?_count=3")) == 3
        assert await partner.found("Practitioner?name=canary") == []
        assert await partner.found("PractitionerRole") == []

"""Requests, emergencies, legal papers, incidents, conferences, a defender's hold. First who may not."""

from datetime import timedelta
from uuid import uuid4

import pytest

from gateway import requesting
from gateway.incidents import FALSE_MATCH, open_incident
from gateway.requesting import RequestError
from gateway.web.roles import Role
from tests.gateway.web.conftest import DEFENDER, Console, text_of

NEW = {"kind": "subpoena", "sender": "Pine & Partners", "reference": "26-1-00077"}


class TestWhoMayNot:
    @pytest.mark.parametrize("role", [Role.PROJECT_MANAGER, Role.AUDITOR])
    async def test_who_sees_no_content(self, console: Console, role: Role) -> None:
        browser = await console.as_(role)
        for path in ("/console/matters", "/console/legal/new", "/console/conferences"):
            assert (await browser.get(path)).status_code == 404, path

    async def test_nothing_of_another_organization(self, console: Console) -> None:
        at, participant = console.scene.clock(), await console.scene.participant()
        async with console.scene.store.unit_of_work() as uow:
            made = await open_incident(uow, FALSE_MATCH, participant=participant, detail={}, by="Ann", at=at)
            await uow.commit()
        browser = await console.as_(Role.PRIVACY_OFFICER, organization=DEFENDER)
        assert "Ray" not in text_of(await browser.get("/console/matters"))
        assert (await browser.get(f"/console/incidents/{made.id}")).status_code == 404
        typed = {"participant": "p-ray", "view": "hipaa", "received": "2026-11-20"}
        assert (await browser.post("/console/matters/accountings", typed)).status_code == 422

    async def test_a_partners_staff_see_and_take_in_no_papers(self, console: Console) -> None:
        ours = await console.as_(Role.PRIVACY_OFFICER)
        place = (await ours.post("/console/legal/new", NEW)).headers["location"]
        assert place in (await ours.get("/console/matters")).text
        for role in (Role.PRIVACY_OFFICER, Role.SUPERVISOR):
            browser = await console.as_(role, organization=DEFENDER)
            assert place not in (await browser.get("/console/matters")).text
            assert (await browser.get("/console/legal/new")).status_code == 404
            assert (await browser.post("/console/legal/new", NEW)).status_code == 404

    async def test_a_partners_staff_do_not_see_when_people_were_talked_about(self, console: Console) -> None:
        typed = {"at": "2026-11-25T10:00", "participants": "p-ray", "organization-0": DEFENDER, "person-0": "Dee"}
        await (await console.as_(Role.SUPERVISOR)).post("/console/conferences/prepare", typed)
        browser = await console.as_(Role.SUPERVISOR, organization=DEFENDER)
        assert "None yet." in text_of(await browser.get("/console/conferences"))

    async def test_a_defender_holds_nobody_else(self, console: Console) -> None:
        browser = await console.as_(Role.DEFENDER, organization=DEFENDER)
        answers = [await browser.post("/console/matters/hold", {"participant": who}) for who in ("p-aspen", "p-nobody")]
        assert text_of(answers[0]).replace("p-aspen", "") == text_of(answers[1]).replace("p-nobody", "")
        assert [answer.status_code for answer in answers] == [422, 422]


class TestAccountings:
    async def test_registered_and_answered(self, console: Console) -> None:
        browser = await console.as_(Role.PRIVACY_OFFICER)
        typed = {"participant": "p-ray", "view": "intermediary", "received": "2026-11-20"}
        assert (await browser.post("/console/matters/accountings", typed)).status_code == 303
        assert "Ray Alder" in text_of(await browser.get("/console/matters"))
        async with console.scene.store.unit_of_work() as uow:
            (asked,) = await requesting.waiting(uow, "org:cedar-cm")
        path = f"/console/matters/accountings/{asked.id}/answered"
        assert (await browser.post(path, {"how": " "})).status_code == 422
        assert (await browser.post(path, {"how": "handed over"})).status_code == 303
        assert (await browser.post(path, {"how": "handed over"})).status_code == 404
        assert {"accounting-requested", "accounting-answered"} <= set(await console.scene.kinds())

    async def test_bad_input_stays(self, console: Console) -> None:
        browser = await console.as_(Role.PRIVACY_OFFICER)
        for field, value in (("participant", "p-nobody"), ("view", "all"), ("received", "soon")):
            typed = {"participant": "p-ray", "view": "hipaa", "received": "2026-11-20", field: value}
            answer = await browser.post("/console/matters/accountings", typed)
            assert answer.status_code == 422, field
            assert f'href="#{field}"' in answer.text
            assert typed["received"] in answer.text

    async def test_not_a_day_to_come(self, console: Console) -> None:
        at, participant = console.scene.clock(), await console.scene.participant()
        with pytest.raises(RequestError):
            await requesting.register(
                console.scene.store, participant, view="hipaa", received=at.date() + timedelta(days=2), by="Ann", at=at
            )


class TestPapers:
    async def test_taken_in_and_refused(self, console: Console) -> None:
        browser = await console.as_(Role.PRIVACY_OFFICER)
        assert (await browser.post("/console/legal/new", {**NEW, "sender": ""})).status_code == 422
        place = (await browser.post("/console/legal/new", {**NEW, "participant": "p-ray"})).headers["location"]
        assert "alone releases nothing" in text_of(await browser.get(place))
        assert (await browser.post(f"{place}/refuse", {"why": ""})).status_code == 422
        assert (await browser.post(f"{place}/refuse", {"why": "no order"})).status_code == 303

    async def test_two_persons(self, console: Console) -> None:
        reader = await console.as_(Role.PRIVACY_OFFICER)
        place = (await reader.post("/console/legal/new", {**NEW, "kind": "order"})).headers["location"]
        async with console.scene.store.unit_of_work() as uow:
            items = await uow.record.items(await console.scene.participant())
        typed = {"participant": "p-ray", "type": "2.64", "recipient": DEFENDER, "expires": "2026-12-24"}
        assert (await reader.post(f"{place}/read", typed)).status_code == 422
        answer = await reader.post(f"{place}/read", {**typed, "items": items[0].id})
        assert answer.status_code == 303
        assert (await reader.post(f"{place}/confirm")).status_code == 422
        second = await console.as_(Role.SUPERVISOR, staff="Sam Hemlock")
        assert (await second.post(f"{place}/confirm")).status_code == 303


class TestIncidents:
    async def test_closed_by_a_reason(self, console: Console) -> None:
        at, participant = console.scene.clock(), await console.scene.participant()
        async with console.scene.store.unit_of_work() as uow:
            made = await open_incident(uow, FALSE_MATCH, participant=participant, detail={}, by="Ann", at=at)
            await uow.commit()
        browser = await console.as_(Role.PRIVACY_OFFICER)
        assert "days left" in text_of(await browser.get(f"/console/incidents/{made.id}"))
        assert (await browser.post(f"/console/incidents/{made.id}/close", {"why": ""})).status_code == 422
        assert (await browser.post(f"/console/incidents/{made.id}/close", {"why": "told"})).status_code == 303
        assert (await browser.get(f"/console/incidents/{uuid4()}")).status_code == 404


class TestConferences:
    async def test_bad_input_stays(self, console: Console) -> None:
        browser = await console.as_(Role.SUPERVISOR)
        typed = {"at": "2026-11-25T10:00", "participants": "p-nobody", "organization-0": DEFENDER, "person-0": "Dee"}
        answer = await browser.post("/console/conferences/prepare", typed)
        assert answer.status_code == 422
        assert "p-nobody" in answer.text
        assert (await browser.post("/console/conferences/prepare", {**typed, "at": "soon"})).status_code == 422

    async def test_prepared(self, console: Console) -> None:
        browser = await console.as_(Role.SUPERVISOR)
        typed = {"at": "2026-11-25T10:00", "participants": "p-ray", "organization-0": DEFENDER, "person-0": "Dee"}
        answer = await browser.post("/console/conferences/prepare", typed)
        assert answer.status_code == 200, text_of(answer)
        assert "Prepared" in text_of(answer)


async def test_reading_an_order_lists_what_is_ours_alone(console: Console) -> None:
    """That a treatment program has something about somebody is for that program to tell, to whoever orders it there."""
    reader = await console.as_(Role.PRIVACY_OFFICER, staff="Pat Juniper")
    place = (await reader.post("/console/legal/new", {**NEW, "kind": "order", "participant": "p-ray"})).headers[
        "location"
    ]
    async with console.scene.store.unit_of_work() as uow:
        record = await uow.record.items(await console.scene.participant())
    shown = (await reader.get(place)).text
    assert {item.source for item in record} > {"org:cedar-cm"}
    assert [item.id in shown for item in record] == [item.source == "org:cedar-cm" for item in record]

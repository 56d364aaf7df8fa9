"""Approve: who sees what waits, what it shows, and what each answer does; first the ways that fail."""

from dataclasses import replace
from datetime import timedelta

import pytest

from consent.codes import Category
from consent.decision import Withheld
from gateway.deciding import may_any
from gateway.delegating import Staff, delegate, delegation
from gateway.explaining import explain
from gateway.store.repositories.exchange import new_id
from gateway.store.values import StoredProposal
from gateway.web.approval_view import held
from gateway.web.roles import CASEWORK, Role
from tests.gateway.routine import offered, state_of
from tests.gateway.test_approval import ADVERSE, HELPFUL, asked, items
from tests.gateway.web.conftest import DEFENDER, Console, text_of

MO = "Mo Cypress"
PATH = "/console/approvals"


async def proposed(console: Console) -> StoredProposal:
    return (await asked(console.scene))[1]


class TestWhoSeesIt:
    async def test_not_another_organization(self, console: Console) -> None:
        proposal = await proposed(console)
        other = await console.as_(Role.SUPERVISOR, organization=DEFENDER)
        assert (await other.get(f"{PATH}/{proposal.id}")).status_code == 404
        assert "Alder" not in (await other.get(PATH)).text
        assert (await other.post(f"{PATH}/{proposal.id}/approve", {"items": items(proposal)})).status_code == 404
        assert await state_of(console.scene, proposal) == "waiting"

    async def test_not_another_case_manager(self, console: Console) -> None:
        proposal = await proposed(console)
        other = await console.as_(Role.CASE_MANAGER, staff="Wren Tamarack")
        assert (await other.get(f"{PATH}/{proposal.id}")).status_code == 404
        assert "Alder" not in (await other.get(PATH)).text
        for act in ("approve", "edit", "decline", "nothing-helpful"):
            assert (await other.post(f"{PATH}/{proposal.id}/{act}", {"why": "x"})).status_code == 404
        assert await state_of(console.scene, proposal) == "waiting"

    @pytest.mark.parametrize("role", sorted(set(Role) - CASEWORK))
    async def test_no_other_role(self, console: Console, role: Role) -> None:
        proposal = await proposed(console)
        other = await console.as_(role)
        for path in (PATH, f"{PATH}/{proposal.id}", f"{PATH}/standing", f"{PATH}/delegations"):
            assert (await other.get(path)).status_code == 404

    async def test_not_what_is_not_there(self, console: Console) -> None:
        assert (await (await console.as_(Role.CASE_MANAGER)).get(f"{PATH}/{new_id()}")).status_code == 404

    async def test_the_case_manager_a_supervisor_and_whoever_decides_for_them(self, console: Console) -> None:
        proposal, at = await proposed(console), console.scene.clock()
        given = delegation("org:cedar-cm", MO, "Wren Tamarack", at, at + timedelta(days=3))
        await delegate(console.scene.store, given, by=MO, at=at)
        for role, staff in ((Role.CASE_MANAGER, MO), (Role.SUPERVISOR, "Sam"), (Role.CASE_MANAGER, "Wren Tamarack")):
            browser = await console.as_(role, staff=staff)
            assert "Ray Alder" in text_of(await browser.get(PATH))
            assert (await browser.get(f"{PATH}/{proposal.id}")).status_code == 200

    async def test_what_two_persons_decide_is_nobodys_here(self, console: Console) -> None:
        proposal, at = replace(await proposed(console), exchange="legal-intake"), console.scene.clock()
        who = [Staff("Sam", "supervisor", "org:cedar-cm")]
        async with console.scene.store.unit_of_work() as uow:
            assert await may_any(uow, replace(proposal, exchange=None), who, at)
            assert not await may_any(uow, proposal, who, at)

    async def test_each_look_is_a_use(self, console: Console) -> None:
        proposal = await proposed(console)
        browser = await console.as_(Role.CASE_MANAGER)
        before = (await console.scene.kinds()).count("use")
        await browser.get(PATH)
        await browser.get(f"{PATH}/{proposal.id}")
        uses = [entry for entry in await console.scene.entries() if entry.kind == "use"]
        assert len(uses) == before + 2
        assert uses[-1].content == {"staff": MO, "read": [str(proposal.id)]}


class TestWhatItShows:
    async def test_what_is_asked_what_leaves_and_what_stays(self, console: Console) -> None:
        proposal = await proposed(console)
        browser = await console.as_(Role.CASE_MANAGER)
        text = text_of(await browser.get(f"{PATH}/{proposal.id}"))
        assert "J. Lee, liaison-prosecutor" in text
        assert "To fit the court case to the plan" in text
        leaves, _, stays = text.partition("What is withheld")
        assert "What Engagement" in leaves
        assert "Value Engaged" in leaves
        assert proposal.digest in leaves
        assert "never sent" in stays
        assert "the grant does not list the category (42 CFR 2.31(a)(3))" in stays
        assert "a grant that lists this category" in stays

    async def test_of_what_others_hold_it_names_no_category(self, console: Console) -> None:
        proposal = await proposed(console)
        text = text_of(await (await console.as_(Role.CASE_MANAGER)).get(f"{PATH}/{proposal.id}"))
        stays = text.partition("What is withheld")[2]
        assert "Held for other organizations" in stays
        assert "opioid use disorder" not in stays

    async def test_nor_a_rule_that_tells_what_it_is(self, console: Console) -> None:
        proposal = await proposed(console)
        decision = (await explain(console.scene.store, proposal.id)).decision
        async with console.scene.store.unit_of_work() as uow:
            record = await uow.record.items(proposal.participant)
            known = await uow.participants.get(proposal.participant)
            organizations = {name: each for name, (each, _) in (await uow.registry.organizations()).items()}
        assert known is not None
        theirs = next(i for i in record if i.category is Category.SUD_DIAGNOSIS and i.source != "org:cedar-cm")
        rules = ("hipaa.not-part2", "grant.category")
        court = replace(theirs, category=Category.LEGAL_STATUS)  # a hospital's word on a court case is a hospital's
        for one in (court, theirs):
            alone = replace(decision, withheld=(Withheld(one.id, rules),))
            (shown,) = held(alone, (one,), known[0], organizations)
            assert shown.category == "Held for other organizations"
        assert shown.category == "Held for other organizations"
        said = " ".join(f"{each.because} {each.cites} {each.unlock}" for each in shown.reasons)
        assert "a rule about records of its kind" in said
        assert "does not list the category" in said
        assert "Part 2 applies" not in said

    async def test_the_due_time_and_whether_the_answer_has_gone(self, console: Console) -> None:
        question, proposal = await asked(console.scene)
        browser = await console.as_(Role.CASE_MANAGER)
        assert "answer due 24 Nov 2026, 12:01 pm" in text_of(await browser.get(f"{PATH}/{proposal.id}"))
        console.scene.clock.at = question.due_at
        await console.scene.deliver_due(question)
        assert "goes as a message of its own" in text_of(await browser.get(f"{PATH}/{proposal.id}"))


class TestRefused:
    async def test_nothing_ticked(self, console: Console) -> None:
        proposal = await proposed(console)
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(f"{PATH}/{proposal.id}/approve", {"summary": HELPFUL})
        assert answer.status_code == 422
        assert "What leaves: at least one stays" in text_of(answer)
        assert "close to a room of their own" in answer.text
        assert await state_of(console.scene, proposal) == "waiting"

    async def test_what_was_not_in_it(self, console: Console) -> None:
        proposal = await proposed(console)
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(f"{PATH}/{proposal.id}/approve", {"items": [str(new_id())]})
        assert "nothing is ever added" in text_of(answer)
        assert await state_of(console.scene, proposal) == "waiting"

    async def test_no_reason_to_decline(self, console: Console) -> None:
        proposal = await proposed(console)
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(f"{PATH}/{proposal.id}/decline", {"why": "  "})
        assert answer.status_code == 422
        assert "Why you decline: must not be blank." in text_of(answer)
        assert await state_of(console.scene, proposal) == "waiting"

    async def test_a_form_that_is_not_ours(self, console: Console) -> None:
        proposal = await proposed(console)
        browser = await console.as_(Role.CASE_MANAGER)
        for act in ("approve", "edit", "decline", "nothing-helpful"):
            assert (await browser.http.post(f"{PATH}/{proposal.id}/{act}", data={"why": "x"})).status_code == 403
        assert await state_of(console.scene, proposal) == "waiting"

    async def test_what_is_decided_already(self, console: Console) -> None:
        proposal = await proposed(console)
        browser = await console.as_(Role.CASE_MANAGER)
        await browser.post(f"{PATH}/{proposal.id}/nothing-helpful")
        answer = await browser.post(f"{PATH}/{proposal.id}/approve", {"items": items(proposal)})
        assert answer.status_code == 422
        assert "has been decided already" in text_of(answer)
        assert "This has been decided: nothing helpful" in text_of(await browser.get(f"{PATH}/{proposal.id}"))

    async def test_words_that_were_rubbed_out_do_not_leave(self, console: Console) -> None:
        proposal = await proposed(console)
        browser = await console.as_(Role.CASE_MANAGER)
        fields = {"items": items(proposal), "summary": HELPFUL}
        place = (await browser.post(f"{PATH}/{proposal.id}/edit", fields)).headers["location"]
        for act in ("approve", "edit"):
            answer = await browser.post(f"{place}/{act}", {**fields, "summary": ""})
            assert answer.status_code == 422
            assert "Your own words: must not be blank" in text_of(answer)
        assert (await browser.post(f"{place}/approve", fields)).headers["location"] == "/console/today"

    async def test_adverse_words_until_they_stand(self, console: Console) -> None:
        proposal = await proposed(console)
        browser = await console.as_(Role.CASE_MANAGER)
        fields = {"items": items(proposal), "summary": ADVERSE}
        answer = await browser.post(f"{PATH}/{proposal.id}/approve", fields)
        assert answer.status_code == 422
        assert "“relapsed” : relapse or use" in text_of(answer)
        assert ADVERSE in answer.text
        assert await state_of(console.scene, proposal) == "waiting"
        answer = await browser.post(f"{PATH}/{proposal.id}/approve", {**fields, "stands": "yes"})
        assert answer.status_code == 303
        assert await state_of(console.scene, proposal) == "edited"


class TestDeciding:
    async def test_approved_it_goes_and_today_comes(self, console: Console) -> None:
        question, proposal = await asked(console.scene)
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(f"{PATH}/{proposal.id}/approve", {"items": items(proposal)})
        assert answer.headers["location"] == "/console/today"
        console.scene.clock.at = question.due_at
        await console.scene.deliver_due(question)
        assert [sent.clearance.digest for sent in console.scene.door.disclosures] == [proposal.digest]

    async def test_the_next_one_loads_by_itself(self, console: Console) -> None:
        proposal, other = await proposed(console), await offered(console.scene)
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(f"{PATH}/{proposal.id}/decline", {"why": "Not now."})
        assert answer.headers["location"] == f"{PATH}/{other.id}?done=declined"
        assert "Declined." in text_of(await browser.get(answer.headers["location"]))
        assert await state_of(console.scene, proposal) == "declined"

    async def test_edited_down_it_is_shown_as_it_would_leave(self, console: Console) -> None:
        proposal = await proposed(console)
        browser = await console.as_(Role.CASE_MANAGER)
        fields = {"items": items(proposal)[:1], "summary": HELPFUL.replace("\n", "\r\n")}
        answer = await browser.post(f"{PATH}/{proposal.id}/edit", fields)
        edited = await browser.get(answer.headers["location"])
        assert "close to a room of their own" in text_of(edited)
        assert "Engagement" not in text_of(edited).partition("What is withheld")[0]
        assert await state_of(console.scene, proposal) == "edited"

    async def test_keys_can_be_turned_off(self, console: Console) -> None:
        proposal = await proposed(console)
        browser = await console.as_(Role.CASE_MANAGER)
        assert 'data-key="a"' in (await browser.get(f"{PATH}/{proposal.id}")).text
        answer = await browser.post(f"{PATH}/keys", {"keys": "off", "back": str(proposal.id)})
        assert answer.headers["location"] == f"{PATH}/{proposal.id}"
        assert "data-key" not in (await browser.get(f"{PATH}/{proposal.id}")).text
        assert (await browser.post(f"{PATH}/keys", {"keys": "on", "back": "//evil.test"})).headers["location"] == PATH

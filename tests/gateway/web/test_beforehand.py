"""Routines approved beforehand, and delegations: who may give and end them; first the ways that fail."""

from datetime import timedelta
from uuid import UUID

from gateway.standing import give_standing
from gateway.store.repositories.exchange import new_id
from gateway.web.roles import Role
from tests.gateway.routine import offered
from tests.gateway.web.conftest import DEFENDER, Console, text_of

MO, WREN, SAM = "Mo Cypress", "Wren Tamarack", "Sam Hemlock"
PATH = "/console/approvals/standing"
DELEGATIONS = "/console/approvals/delegations"
LATER = "2026-12-24"


async def routine(console: Console) -> UUID:
    """A routine of Mo's that is in force."""
    proposal, at = await offered(console.scene), console.scene.clock()
    given = await give_standing(console.scene.store, proposal.id, until=at + timedelta(days=30), by=MO, at=at)
    return given.id


async def is_in_force(console: Console, identity: UUID) -> bool:
    async with console.scene.store.unit_of_work() as uow:
        found = await uow.approvals.standing(identity)
    return found is not None and found.in_force(console.scene.clock())


class TestRoutines:
    async def test_nobody_else_sees_or_ends_one(self, console: Console) -> None:
        identity = await routine(console)
        for role, staff, organization in (
            (Role.CASE_MANAGER, WREN, "org:cedar-cm"),
            (Role.SUPERVISOR, SAM, DEFENDER),
            (Role.AUDITOR, "Ash Rowan", "org:cedar-cm"),
        ):
            browser = await console.as_(role, staff=staff, organization=organization)
            assert "Alder" not in (await browser.get(PATH)).text
            assert (await browser.post(f"{PATH}/{identity}/end")).status_code == 404
        assert await is_in_force(console, identity)

    async def test_nobody_else_gives_one(self, console: Console) -> None:
        proposal = await offered(console.scene)
        browser = await console.as_(Role.CASE_MANAGER, staff=WREN)
        assert (await browser.get(f"{PATH}/from/{proposal.id}")).status_code == 404
        assert (await browser.post(f"{PATH}/from/{proposal.id}", {"until": LATER})).status_code == 404
        assert (await browser.get(f"{PATH}/from/{new_id()}")).status_code == 404

    async def test_a_bad_day_keeps_what_was_typed(self, console: Console) -> None:
        proposal = await offered(console.scene)
        browser = await console.as_(Role.CASE_MANAGER)
        for until, words in (
            ("soon", "Until: must be a day"),
            ("2028-01-01", "Until: must be in the future, at most 180"),
        ):
            answer = await browser.post(f"{PATH}/from/{proposal.id}", {"until": until})
            assert answer.status_code == 422
            assert words in text_of(answer)
            assert f'value="{until}"' in answer.text
        assert "None is in force." in text_of(await browser.get(PATH))

    async def test_a_form_that_is_not_ours(self, console: Console) -> None:
        identity = await routine(console)
        browser = await console.as_(Role.CASE_MANAGER)
        assert (await browser.http.post(f"{PATH}/{identity}/end", data={})).status_code == 403
        assert await is_in_force(console, identity)

    async def test_given_shown_and_ended(self, console: Console) -> None:
        proposal = await offered(console.scene)
        browser = await console.as_(Role.CASE_MANAGER)
        assert f"{PATH}/from/{proposal.id}" in (await browser.get(f"/console/approvals/{proposal.id}")).text
        assert (await browser.post(f"{PATH}/from/{proposal.id}", {"until": LATER})).headers["location"] == PATH
        text = text_of(await browser.get(PATH))
        assert "Ray Alder: Court case news, to counsel" in text
        assert "until 25 Dec 2026, 12:00 am" in text
        async with console.scene.store.unit_of_work() as uow:
            (given,) = await uow.approvals.standing_of()
        assert (await browser.post(f"{PATH}/{given.id}/end")).status_code == 303
        assert not await is_in_force(console, given.id)
        answer = await browser.post(f"{PATH}/{given.id}/end")
        assert answer.status_code == 422
        assert "names no standing approval that goes on" in text_of(answer)


class TestDelegations:
    async def test_a_case_manager_gives_only_their_own_away(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER, staff=WREN)
        fields = {"from_staff": MO, "to_staff": SAM, "until": LATER}
        assert (await browser.post(DELEGATIONS, fields)).status_code == 303
        text = text_of(await browser.get(DELEGATIONS))
        assert "Sam Hemlock for Wren Tamarack" in text
        assert "Mo Cypress" not in text

    async def test_a_bad_form_keeps_what_was_typed(self, console: Console) -> None:
        browser = await console.as_(Role.SUPERVISOR, staff=SAM)
        for fields, words in (
            ({"from_staff": MO, "to_staff": WREN, "until": "soon"}, "Last day: must be a day"),
            ({"from_staff": MO, "to_staff": WREN, "start": "soon", "until": LATER}, "First day: must be a day"),
            ({"from_staff": MO, "to_staff": MO, "until": LATER}, "must be the names of two people"),
            ({"from_staff": MO, "to_staff": WREN, "until": "2028-01-01"}, "Last day: must be in the future"),
        ):
            answer = await browser.post(DELEGATIONS, fields)
            assert answer.status_code == 422
            assert words in text_of(answer), words
            assert f'value="{fields["to_staff"]}"' in answer.text
        assert "Nobody decides for somebody else." in text_of(await browser.get(DELEGATIONS))

    async def test_another_organization_neither_sees_nor_ends_one(self, console: Console) -> None:
        browser = await console.as_(Role.SUPERVISOR, staff=SAM)
        await browser.post(DELEGATIONS, {"from_staff": MO, "to_staff": WREN, "until": LATER})
        async with console.scene.store.unit_of_work() as uow:
            (given,) = await uow.approvals.delegations()
        stranger = await console.as_(Role.SUPERVISOR, organization=DEFENDER)
        assert MO not in (await stranger.get(DELEGATIONS)).text.replace(f"<span>{MO}</span>", "").replace(
            f'value="{MO}"', ""
        )
        assert (await stranger.post(f"{DELEGATIONS}/{given.id}/end")).status_code == 404
        other = await console.as_(Role.CASE_MANAGER, staff="Lee Larch")
        assert (await other.post(f"{DELEGATIONS}/{given.id}/end")).status_code == 404
        assert (await browser.post(f"{DELEGATIONS}/{given.id}/end")).status_code == 303
        assert "Nobody decides for somebody else." in text_of(await browser.get(DELEGATIONS))

"""Revoke or hold, at the desk. First who may not, and what is not said clearly enough; then that it stops."""

from typing import Any

import pytest

from gateway.store.values import StopKind
from gateway.web.roles import Role
from tests.gateway.site import RAY
from tests.gateway.web.conftest import Console, text_of

HOUSING = "g-housing"
SAID = {"what": "all", "act": "revoke", "how": "oral"}


async def _stops(console: Console, reference: str = RAY) -> list[Any]:
    identity = await console.scene.participant(reference)
    async with console.scene.store.unit_of_work() as uow:
        return [each for _, each in await uow.consents.stops(identity)]


async def _row(console: Console, grant: str) -> str:
    async with console.scene.store.unit_of_work() as uow:
        forms = await uow.consents.signed(await console.scene.participant())
    return next(f"{form.id}/{each.id}" for form, _ in forms for each in form.grants if each.id == grant)


async def _path(console: Console, reference: str = RAY) -> str:
    return f"/console/participants/{await console.scene.participant(reference)}/stop"


class TestWhoMayNot:
    @pytest.mark.parametrize("role", [Role.AUDITOR, Role.PROJECT_MANAGER, Role.DEFENDER])
    async def test_another_role(self, console: Console, role: Role) -> None:
        browser, path = await console.as_(role), await _path(console)
        assert (await browser.get(path)).status_code == 404
        assert (await browser.post(path, SAID)).status_code == 404
        assert await _stops(console) == []

    async def test_another_organization(self, console: Console) -> None:
        browser = await console.as_(Role.PRIVACY_OFFICER, organization="org:lakeside-hospital")
        assert (await browser.post(await _path(console), SAID)).status_code == 404
        assert await _stops(console) == []

    async def test_a_colleagues_participant(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER, staff="Ann Oak")
        assert (await browser.post(await _path(console), SAID)).status_code == 404

    async def test_a_form_from_elsewhere(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        assert (await browser.post(await _path(console), {**SAID, "form": "x"})).status_code == 403
        assert await _stops(console) == []

    async def test_a_stop_of_somebody_else(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        done = await browser.post(await _path(console), SAID)
        stop = done.headers["location"].rpartition("/")[2]
        other = await console.scene.participant("p-testina")
        assert (await browser.get(f"/console/participants/{other}/stopped/{stop}")).status_code == 404


class TestWhatIsNotSaid:
    @pytest.mark.parametrize(
        ("typed", "word"),
        [
            ({"act": "revoke", "how": "oral"}, "What stops"),
            ({"what": "some", "act": "revoke", "how": "oral"}, "Rows"),
            ({"what": "all", "how": "oral"}, "For good or for now"),
            ({"what": "all", "act": "revoke"}, "How you learned it"),
            ({"what": "some", "rows": "nothing/here", "act": "revoke", "how": "oral"}, "Row"),
            ({"what": "some", "rows": "nothing/here", "act": "hold", "how": "oral"}, "Row"),
        ],
    )
    async def test_it_says_which_field(self, console: Console, typed: dict[str, str], word: str) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(await _path(console), typed)
        assert answer.status_code == 422
        assert f"There is a problem {word}" in text_of(answer)
        assert await _stops(console) == []

    async def test_what_was_typed_is_kept(self, console: Console) -> None:
        row = await _row(console, HOUSING)
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(await _path(console), {"what": "some", "rows": row, "act": "hold"})
        assert f'value="{row}" checked' in answer.text
        assert 'value="hold" checked' in answer.text

    async def test_one_bad_row_stops_nothing(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        rows = [await _row(console, HOUSING), "nothing/here"]
        answer = await browser.post(await _path(console), {**SAID, "what": "some", "rows": rows})
        assert answer.status_code == 422
        assert await _stops(console) == []


class TestStopped:
    async def test_everything(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(await _path(console), SAID)
        assert answer.status_code == 303
        (stop,) = await _stops(console)
        assert (stop.kind, stop.grants, stop.by) == (StopKind.REVOCATION, "all", "Mo Cypress")
        shown = text_of(await browser.get(answer.headers["location"]))
        assert "Stopped at 12:00:00" in shown
        assert "Rowan House" not in text_of(await browser.get(await _path(console)))

    async def test_one_row_and_the_others_go_on(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        rows = {**SAID, "what": "some", "rows": await _row(console, HOUSING), "how": "written"}
        answer = await browser.post(await _path(console), rows)
        (stop,) = await _stops(console)
        assert (stop.grants, stop.mode) == (frozenset({HOUSING}), "written")
        assert "Rowan House" in text_of(await browser.get(answer.headers["location"]))
        left = text_of(await browser.get(await _path(console)))
        assert "Rowan House" not in left
        assert "Cedar County Prosecuting Attorney" in left

    async def test_two_rows_together(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        rows = [await _row(console, HOUSING), await _row(console, "g-prosecutor")]
        answer = await browser.post(await _path(console), {**SAID, "what": "some", "rows": rows})
        shown = text_of(await browser.get(answer.headers["location"]))
        assert "Rowan House" in shown
        assert "Cedar County Prosecuting Attorney" in shown

    async def test_a_hold(self, console: Console) -> None:
        browser = await console.as_(Role.SUPERVISOR)
        answer = await browser.post(await _path(console), {**SAID, "act": "hold"})
        (stop,) = await _stops(console)
        assert (stop.kind, stop.grants) == (StopKind.HOLD, "all")
        assert "Held at 12:00:00" in text_of(await browser.get(answer.headers["location"]))
        assert "A hold is in force already" in text_of(await browser.get(await _path(console)))

    async def test_reading_the_page_is_a_use(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        await browser.get(await _path(console))
        reads = [each.content["read"] for each in await console.scene.entries() if each.kind == "use"]
        assert ["permissions"] in reads

    async def test_the_page_asks_for_the_partners_until_all_have_confirmed(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(await _path(console), SAID)
        part = await browser.get(answer.headers["location"], headers={"HX-Request": "true"})
        assert part.status_code == 286
        assert "Nobody has to be told" in text_of(part)

    async def test_the_receipt_in_spanish(self, console: Console) -> None:
        browser = await console.as_(Role.CASE_MANAGER)
        answer = await browser.post(await _path(console), SAID)
        assert "Su recibo" in text_of(await browser.get(answer.headers["location"] + "?language=es"))

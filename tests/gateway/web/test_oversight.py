"""Exchanges, figures, the ledger: rows and counts. First who may not, and what they must not show."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from gateway import ledger, stopping
from gateway.delivery import FAILED, QUEUED, SENDING, SUPPRESSED, move, queue
from gateway.demo.site import JAIL, PROSECUTOR
from gateway.demo.story import ray_question
from gateway.overseeing import confirmations, heat, in_buckets, left_at, reasons
from gateway.store.repositories.feeds import Feed
from gateway.store.repositories.oversight import SendingRow
from gateway.store.values import LedgerEntry
from gateway.web import charts
from gateway.web.exchanges import age
from gateway.web.overview import csv_of
from gateway.web.roles import Role
from tests.gateway.web.conftest import CASE_MANAGEMENT, DEFENDER, Console, text_of

PAGES = ("/console/exchanges", "/console/exchanges/figures", "/console/ledger")
NAMES = ("Ray", "Alder")


async def _failed(console: Console) -> UUID:
    """Make a sending that has failed for good."""
    at, participant = console.scene.clock(), await console.scene.participant()
    async with console.scene.store.unit_of_work() as uow:
        made = await queue(
            uow, request=None, exchange="care-plan", recipient=PROSECUTOR, participant=participant, due_at=at, at=at
        )
        sending = await move(uow, made, SENDING, at=at)
        failed = await move(uow, sending, FAILED, at=at, cause="no-answer")
        await uow.commit()
    return failed.id


class TestWhoMayNot:
    @pytest.mark.parametrize("path", PAGES)
    @pytest.mark.parametrize("role", [Role.CASE_MANAGER, Role.DEFENDER])
    async def test_another_role(self, console: Console, path: str, role: Role) -> None:
        browser = await console.as_(role)
        assert (await browser.get(path)).status_code == 404

    @pytest.mark.parametrize("role", [Role.PROJECT_MANAGER, Role.AUDITOR, Role.PRIVACY_OFFICER])
    async def test_figures_of_the_site_are_not_a_partners(self, console: Console, role: Role) -> None:
        browser = await console.as_(role, organization=DEFENDER)
        assert (await browser.get("/console/exchanges/figures")).status_code == 404

    async def test_a_partner_sees_only_rows_about_itself(self, console: Console) -> None:
        identity = await _failed(console)
        browser = await console.as_(Role.AUDITOR, organization=DEFENDER)
        shown = await browser.get("/console/ledger", params={"organization": PROSECUTOR})
        assert PROSECUTOR not in text_of(shown)
        assert str(identity) not in (await browser.get("/console/exchanges?show=failed")).text
        assert (await browser.get(f"/console/exchanges/deliveries/{identity}")).status_code == 404
        assert PROSECUTOR not in (await browser.get("/console/exchanges.csv?show=failed")).text
        assert PROSECUTOR not in (await browser.get("/console/ledger.csv", params={"organization": PROSECUTOR})).text

    @pytest.mark.parametrize("role", [Role.PROJECT_MANAGER, Role.AUDITOR])
    async def test_no_name_and_no_content(self, console: Console, role: Role) -> None:
        await stopping.hold(console.scene.store, await console.scene.participant(), at=console.scene.clock())
        identity, participant = await _failed(console), await console.scene.participant()
        browser = await console.as_(role)
        for path in (
            *PAGES,
            f"/console/exchanges/deliveries/{identity}",
            "/console/ledger.csv",
            "/console/exchanges.csv",
        ):
            shown = await browser.get(path)
            assert shown.status_code == 200, path
            assert not any(name in shown.text for name in (*NAMES, str(participant))), path

    @pytest.mark.parametrize("role", [Role.PROJECT_MANAGER, Role.AUDITOR])
    async def test_an_entry_is_not_opened(self, console: Console, role: Role) -> None:
        await stopping.hold(console.scene.store, await console.scene.participant(), at=console.scene.clock())
        entry = (await console.scene.entries())[-1]
        browser = await console.as_(role)
        assert (await browser.get(f"/console/ledger/{entry.id}")).status_code == 404

    async def test_an_officer_of_another_organization_opens_none(self, console: Console) -> None:
        await stopping.hold(console.scene.store, await console.scene.participant(), at=console.scene.clock())
        entry = (await console.scene.entries())[-1]
        browser = await console.as_(Role.PRIVACY_OFFICER, organization=DEFENDER)
        assert (await browser.get(f"/console/ledger/{entry.id}")).status_code == 404

    @pytest.mark.parametrize("role", [Role.PROJECT_MANAGER, Role.AUDITOR])
    async def test_who_only_looks_does_not_try_again(self, console: Console, role: Role) -> None:
        identity = await _failed(console)
        browser = await console.as_(role)
        assert (await browser.post(f"/console/exchanges/deliveries/{identity}/retry")).status_code == 404

    async def test_a_form_from_elsewhere(self, console: Console) -> None:
        identity = await _failed(console)
        browser = await console.as_(Role.SUPERVISOR)
        answer = await browser.post(f"/console/exchanges/deliveries/{identity}/retry", {"form": "x"})
        assert answer.status_code == 403


class TestAPartner:
    """What staff of a partner see must not answer the question that the neutral refusal leaves open (design.md 3).

    Found in review: a question about a participant is on the ledger at once, one about a stranger never is; a refused
    participant's row was a link, a stranger's was not; a message that was stopped was listed as stopped.
    """

    PAGES = ("/console/ledger", "/console/ledger.csv", "/console/exchanges", "/console/exchanges.csv?show=open")

    async def _seen(self, console: Console, *roles: Role) -> list[str]:
        browser = await console.as_(*roles, organization=PROSECUTOR)
        return [text_of(await browser.get(path)) for path in self.PAGES]

    async def test_a_question_about_a_participant_changes_nothing(self, console: Console) -> None:
        roles = (Role.PRIVACY_OFFICER, Role.AUDITOR)
        before = await self._seen(console, *roles)
        await console.scene.consider(await console.scene.ask(ray_question()))
        await ledger.seal_once(console.scene.store, console.scene.clock())
        assert "question" in await console.scene.kinds()
        assert await self._seen(console, *roles) == before

    async def test_no_row_is_a_link(self, console: Console) -> None:
        at, participant = console.scene.clock(), await console.scene.participant()
        async with console.scene.store.unit_of_work() as uow:
            for kind in ("denial", "disclosure"):
                await ledger.append(uow, kind, at=at, content={}, participant=participant, organization=PROSECUTOR)
            await uow.commit()
        browser = await console.as_(Role.PRIVACY_OFFICER, organization=PROSECUTOR)
        shown = (await browser.get("/console/ledger")).text
        assert 'scope="row">Disclosure<' in shown
        assert 'scope="row">Denial<' not in shown
        assert 'href="/console/ledger/' not in shown
        assert ",denial," not in (await browser.get("/console/ledger.csv?kind=denial")).text

    async def test_how_long_the_chain_is_stays_here(self, console: Console) -> None:
        browser = await console.as_(Role.AUDITOR, organization=PROSECUTOR)
        assert (await browser.post("/console/ledger/verify")).status_code == 404
        assert "Last sealed" not in text_of(await browser.get("/console/ledger"))

    async def test_what_waits_or_was_stopped_is_not_there(self, console: Console) -> None:
        at, participant = console.scene.clock(), await console.scene.participant()
        async with console.scene.store.unit_of_work() as uow:
            made = await queue(
                uow, request=None, exchange="care-plan", recipient=PROSECUTOR, participant=participant, due_at=at, at=at
            )
            stopped = await move(uow, made, SUPPRESSED, at=at, cause="revoked")
            await uow.commit()
        browser = await console.as_(Role.SUPERVISOR, organization=PROSECUTOR)
        for show in ("stopped", "open", "done", "failed"):
            assert str(stopped.id) not in (await browser.get(f"/console/exchanges?show={show}")).text
            assert str(stopped.id) not in (await browser.get(f"/console/exchanges.csv?show={show}")).text
        assert (await browser.get(f"/console/exchanges/deliveries/{stopped.id}")).status_code == 404

    async def test_it_does_not_have_a_message_decided_again(self, console: Console) -> None:
        identity = await _failed(console)
        browser = await console.as_(Role.SUPERVISOR, organization=PROSECUTOR)
        assert "Try again" not in text_of(await browser.get(f"/console/exchanges/deliveries/{identity}"))
        assert (await browser.post(f"/console/exchanges/deliveries/{identity}/retry")).status_code == 404

    async def test_a_jail_does_not_see_how_many_of_those_it_booked_are_participants(self, console: Console) -> None:
        feed, at = Feed("jail-bookings", "niem-custody", JAIL, "America/Los_Angeles"), console.scene.clock()
        async with console.scene.store.unit_of_work() as uow:
            await uow.feeds.add(feed, by="Ann", at=at)
            await uow.commit()
        for organization, counts in ((CASE_MANAGEMENT, True), (JAIL, False)):
            browser = await console.as_(Role.SUPERVISOR, organization=organization)
            shown = text_of(await browser.get("/console/exchanges"))
            assert "jail-bookings" in shown
            assert ("Matched" in shown) is counts


class TestExchanges:
    async def test_a_failed_one_is_tried_again(self, console: Console) -> None:
        identity = await _failed(console)
        browser = await console.as_(Role.PRIVACY_OFFICER)
        assert "Failed" in text_of(await browser.get("/console/exchanges?show=failed"))
        answer = await browser.post(f"/console/exchanges/deliveries/{identity}/retry")
        assert answer.status_code == 303
        async with console.scene.store.unit_of_work() as uow:
            found = await uow.deliveries.get(identity)
        assert found is not None
        assert found.state == QUEUED

    async def test_twice_says_why_not(self, console: Console) -> None:
        identity = await _failed(console)
        browser = await console.as_(Role.PRIVACY_OFFICER)
        await browser.post(f"/console/exchanges/deliveries/{identity}/retry")
        answer = await browser.post(f"/console/exchanges/deliveries/{identity}/retry")
        assert answer.status_code == 422
        assert "There is a problem" in text_of(answer)

    async def test_none_by_that_id(self, console: Console) -> None:
        browser = await console.as_(Role.PRIVACY_OFFICER)
        assert (await browser.post(f"/console/exchanges/deliveries/{uuid4()}/retry")).status_code == 404

    def test_ages(self) -> None:
        at = datetime(2026, 11, 24, 12, tzinfo=UTC)
        told = [age(None, at), *(age(at - timedelta(minutes=n), at) for n in (1, 61, 3000))]
        assert told == ["never", "1 minute ago", "1 hour ago", "2 days ago"]


class TestFigures:
    async def test_each_has_its_table_and_csv(self, console: Console) -> None:
        await stopping.hold(console.scene.store, await console.scene.participant(), at=console.scene.clock())
        browser = await console.as_(Role.PROJECT_MANAGER)
        shown = await browser.get("/console/exchanges/figures")
        assert "times that somebody said stop" in text_of(shown)
        assert "style=" not in shown.text
        table = await browser.get("/console/exchanges/figures/stops.csv")
        assert "under 1 second," in table.text
        assert (await browser.get("/console/exchanges/figures/none.csv")).status_code == 404

    def test_nothing_is_nothing(self) -> None:
        assert in_buckets([]) == ()
        assert charts.bars([], "x") == charts.strip([], (0, 1), "x", "") == charts.heat([], [], {}, "x") == ""

    def test_buckets(self) -> None:
        counted = dict(in_buckets(timedelta(seconds=n) for n in (-1, 0.5, 2, 90000)))
        assert counted["under 1 second"] == 2
        assert counted["under 1 minute"] == counted["longer"] == 1

    def test_confirmations(self) -> None:
        at = datetime(2026, 11, 24, tzinfo=UTC)
        rows = [_ended(at, at + timedelta(minutes=3)), _ended(at, None)]
        (found,) = confirmations(rows)
        assert (found.minutes, found.unconfirmed) == ((3.0,), 1)

    def test_heat_counts_disclosures_only(self) -> None:
        told = {"decision": {"released": [["i", "b", "participation", [], True]], "withheld": []}}
        entries = [_entry("disclosure", told), _entry("denial", told)]
        assert heat(entries) == {(PROSECUTOR, "participation"): 1}

    def test_reasons_count_a_rule_once_for_an_entry(self) -> None:
        held = {"decision": {"released": [], "withheld": [["i", ["stop"]], ["j", ["stop"]]]}}
        entries = [_entry("denial", held), _entry("denial", {"refused": "unknown-person"})]
        assert reasons(entries) == (("stop", 1), ("unknown-person", 1))

    def test_a_stay_that_goes_on_has_no_door(self) -> None:
        end = {"period": {"end": "2026-11-24T10:00:00+00:00"}}
        assert left_at({"resourceType": "Encounter", "status": "in-progress", **end}) is None
        assert left_at({"resourceType": "Encounter", "status": "finished", "period": {"end": "2026"}}) is None
        assert left_at({"resourceType": "Encounter", "status": "finished", **end}) is not None

    def test_charts_escape(self) -> None:
        assert "<b>" not in charts.bars([("<b>", 1)], '"<b>')
        assert "<b>" not in charts.heat(["<b>"], ["<b>"], {("<b>", "<b>"): 1}, "x")
        assert "<b>" not in charts.strip([("<b>", [1.0], 1)], (0, 2), "x", "<b>"[:0])

    def test_no_cell_is_a_formula(self) -> None:
        assert b"'=1" in csv_of(("a",), [("=1",)])


def _ended(at: datetime, seen: datetime | None) -> SendingRow:
    return SendingRow(uuid4(), PROSECUTOR, "delivered", "end-of-permission", None, 1, None, at, seen, at, None)


def _entry(kind: str, content: dict[str, object]) -> LedgerEntry:
    return LedgerEntry(uuid4(), datetime(2026, 11, 24, tzinfo=UTC), kind, None, PROSECUTOR, content)


class TestLedger:
    async def test_a_bad_day_keeps_what_was_typed(self, console: Console) -> None:
        browser = await console.as_(Role.AUDITOR)
        shown = await browser.get("/console/ledger?day=yesterday")
        assert shown.status_code == 422
        assert "must be a day" in text_of(shown)
        assert 'value="yesterday"' in shown.text

    async def test_the_last_day_there_is(self, console: Console) -> None:
        browser = await console.as_(Role.AUDITOR)
        assert (await browser.get("/console/ledger?day=9999-12-31")).status_code == 422

    async def test_filters(self, console: Console) -> None:
        await stopping.hold(console.scene.store, await console.scene.participant(), at=console.scene.clock())
        browser = await console.as_(Role.AUDITOR)
        day = console.scene.clock().date().isoformat()
        held = (await browser.get(f"/console/ledger.csv?kind=hold&day={day}")).text
        assert ",hold," in held
        assert ",use," not in held
        assert ",hold," not in (await browser.get("/console/ledger.csv?kind=hold&day=2020-01-01")).text

    async def test_fifty_at_a_time(self, console: Console) -> None:
        at = console.scene.clock()
        async with console.scene.store.unit_of_work() as uow:
            for n in range(60):
                await ledger.append(uow, "promise", at=at, content={"n": n}, organization=CASE_MANAGEMENT)
            await uow.commit()
        browser = await console.as_(Role.AUDITOR)
        first = (await browser.get("/console/ledger?kind=promise")).text
        assert first.count('<th scope="row">Promise</th>') == 50
        more = first.split('href="/console/ledger?')[1].split('"')[0].replace("&amp;", "&")
        assert (await browser.get(f"/console/ledger?{more}")).text.count('<th scope="row">Promise</th>') == 10

    async def test_an_officer_reads_an_entry_which_is_a_use(self, console: Console) -> None:
        await stopping.hold(console.scene.store, await console.scene.participant(), at=console.scene.clock())
        entry = next(each for each in await console.scene.entries() if each.kind == "hold")
        browser = await console.as_(Role.PRIVACY_OFFICER)
        shown = await browser.get(f"/console/ledger/{entry.id}")
        assert shown.status_code == 200
        assert "Ray Alder" in text_of(shown)
        last = (await console.scene.entries())[-1]
        assert last.kind == "use"
        assert last.content == {"staff": "Mo Cypress", "read": [str(entry.id)]}

    async def test_it_verifies(self, console: Console) -> None:
        await ledger.seal_once(console.scene.store, console.scene.clock())
        browser = await console.as_(Role.AUDITOR)
        assert "Nobody has changed it" in text_of(await browser.post("/console/ledger/verify"))

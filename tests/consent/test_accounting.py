"""Who was told what: what each regime leaves out, and nothing more (P2-32, P2-33, H-03, GR-07)."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from consent.accounting import (
    Accounting,
    AccountingRow,
    RowKind,
    Suspension,
    View,
    consent_accounting,
    due_accounting,
    due_intermediary,
    hipaa_accounting,
    intermediary_list,
    is_overdue,
    participant_statement,
)
from tests.consent.builders import K, P

ZONE = ZoneInfo("America/Los_Angeles")
ASKED = date(2026, 11, 24)
DENIAL = RowKind.DENIAL


def row(**more: Any) -> AccountingRow:
    fixed = {
        "at": datetime(2026, 11, 1, 20, tzinfo=UTC),
        "kind": RowKind.DISCLOSURE,
        "recipient": "Fern County Prosecutor",
        "recipient_address": "1 Fern Square",
        "recipient_kind": K.PROSECUTOR,
        "description": "progress",
        "purpose": P.CASE_ALIGNMENT,
        "basis": "consent:c1/g1",
        "part2": True,
    }
    return AccountingRow(**(fixed | more))


def at(day: date) -> datetime:
    """Return one second to midnight of a day at the site."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=ZONE)


def told(accounting: Accounting) -> list[str]:
    return [each.basis for each in accounting.told]


class TestDueDates:
    def test_intermediary(self) -> None:
        assert due_intermediary(ASKED) == date(2026, 12, 24)
        assert not is_overdue(date(2026, 12, 24), date(2026, 12, 24))
        assert is_overdue(date(2026, 12, 24), date(2026, 12, 25))

    def test_accounting(self) -> None:
        assert due_accounting(ASKED) == date(2027, 1, 23)
        assert due_accounting(ASKED, extended=True) == date(2027, 2, 22)
        assert due_accounting(date.max) == date.max


class TestIntermediary:
    def view(self, *rows: AccountingRow) -> Accounting:
        return intermediary_list(rows, received=ASKED, zone=ZONE)

    def test_only_general_designations(self) -> None:
        general = row(via_general_designation=True, recipient="Fern Clinic")
        assert [each.recipient for each in self.view(row(), general).told] == ["Fern Clinic"]

    def test_three_years(self) -> None:
        rows = [row(via_general_designation=True, at=at(date(2023, 11, day))) for day in (23, 24)]
        found = self.view(*rows)
        assert [each.day for each in found.told] == [date(2023, 11, 24)]
        assert (found.since, found.due) == (date(2023, 11, 24), date(2026, 12, 24))

    def test_days_are_the_sites(self) -> None:
        late = row(via_general_designation=True, at=datetime(2023, 11, 24, 7, 59, 59, tzinfo=UTC))
        assert self.view(late).told == ()

    def test_denials_are_no_disclosures(self) -> None:
        assert self.view(row(via_general_designation=True, kind=DENIAL)).told == ()


class TestConsent:
    def view(self, *rows: AccountingRow, **more: Any) -> Accounting:
        return consent_accounting(rows, received=ASKED, zone=ZONE, **more)

    @pytest.mark.parametrize(
        "change",
        [
            {"basis": "2.51"},
            {"basis": "order:o1"},
            {"basis": "2.12(c)(5)"},
            {"part2": False},
            {"tpo": True},
            {"kind": DENIAL},
            {"at": at(date(2023, 11, 23))},
            {"at": at(date(2026, 11, 25))},
        ],
    )
    def test_what_is_not_in_it(self, change: dict[str, Any]) -> None:
        assert self.view(row(**change)).told == ()

    def test_a_disclosure_to_justice_with_everything_owed(self) -> None:
        (line,) = self.view(row()).told
        assert line.day == date(2026, 11, 1)
        assert (line.recipient, line.address) == ("Fern County Prosecutor", "1 Fern Square")
        assert (line.description, line.purpose, line.statutory) == ("progress", P.CASE_ALIGNMENT, True)

    def test_tpo_through_an_ehr_is_shown_whatever_the_tolling(self) -> None:
        through = row(tpo=True, through_ehr=True)
        assert [each.statutory for each in self.view(through).told] == [False]
        assert [each.statutory for each in self.view(through, tolled=False).told] == [True]

    def test_a_shorter_time_is_the_participants_choice(self) -> None:
        rows = [row(at=at(date(2026, 10, 31))), row(at=at(date(2026, 11, 1)))]
        assert [each.day for each in self.view(*rows, since=date(2026, 11, 1)).told] == [date(2026, 11, 1)]
        assert self.view(since=date(2000, 1, 1)).since == date(2023, 11, 24)

    def test_asked_on_a_leap_day(self) -> None:
        found = consent_accounting([row(at=at(date(2025, 2, 28)))], received=date(2028, 2, 29), zone=ZONE)
        assert len(found.told) == 1

    def test_due(self) -> None:
        assert self.view().due == date(2027, 1, 23)
        assert self.view(extended=True).due == date(2027, 2, 22)


class TestHipaa:
    def view(self, *rows: AccountingRow, **more: Any) -> Accounting:
        return hipaa_accounting(rows, received=ASKED, zone=ZONE, **more)

    @pytest.mark.parametrize(
        "change",
        [
            {},
            {"basis": "164.506"},
            {"basis": "164.512(k)(5)"},
            {"basis": "individual"},
            {"basis": "2.51", "tpo": True},
            {"basis": "2.51", "kind": DENIAL},
            {"basis": "2.51", "at": at(date(2020, 11, 23))},
        ],
    )
    def test_what_is_not_in_it(self, change: dict[str, Any]) -> None:
        assert self.view(row(**change)).told == ()

    @pytest.mark.parametrize(
        "basis", ["2.12(c)(5)", "2.12(c)(6)", "order:o1", "2.51", "164.512(f)", "what nobody thought of"]
    )
    def test_what_is(self, basis: str) -> None:
        assert told(self.view(row(basis=basis, at=at(date(2020, 11, 24))))) == [basis]

    def test_due(self) -> None:
        assert (self.view().since, self.view().due) == (date(2020, 11, 24), date(2027, 1, 23))
        assert self.view(extended=True).due == date(2027, 2, 22)

    def test_sorted_oldest_first(self) -> None:
        rows = [row(basis="2.51"), row(basis="order:o1", at=at(date(2022, 1, 1)))]
        assert told(self.view(*rows)) == ["order:o1", "2.51"]


class TestSuspension:
    """164.528(a)(2): an agency says that it would be impeded."""

    ROWS = (row(basis="2.12(c)(5)"), row(basis="2.12(c)(6)", recipient="Fern Child Protection"))

    def view(self, **more: Any) -> list[str]:
        fixed = {"stated_on": date(2026, 11, 1), "until": date(2027, 6, 1), "written": True}
        suspension = Suspension("Fern County Prosecutor", **(fixed | more))
        return told(hipaa_accounting(self.ROWS, received=ASKED, zone=ZONE, suspensions=[suspension]))

    def test_keeps_that_agency_back_for_its_time(self) -> None:
        assert self.view() == ["2.12(c)(6)"]
        assert self.view(until=ASKED) == ["2.12(c)(6)"]
        assert len(self.view(until=date(2026, 11, 23))) == 2
        assert self.view(stated_on=ASKED) == ["2.12(c)(6)"]
        assert len(self.view(stated_on=date(2026, 11, 25))) == 2

    def test_in_writing_as_long_as_it_says(self) -> None:
        assert self.view(stated_on=date(2026, 8, 1)) == ["2.12(c)(6)"]

    def test_by_word_of_mouth_thirty_days(self) -> None:
        assert self.view(written=False, stated_on=date(2026, 10, 25)) == ["2.12(c)(6)"]
        assert len(self.view(written=False, stated_on=date(2026, 10, 24))) == 2
        assert len(self.view(written=False, until=date(2026, 11, 23))) == 2

    def test_binds_every_paper(self) -> None:
        one = Suspension("Fern County Prosecutor", date(2026, 11, 1), date(2027, 1, 1), written=True)
        assert consent_accounting([row()], received=ASKED, zone=ZONE, suspensions=[one]).told == ()
        statement = participant_statement([row(), row(kind=DENIAL)], today=ASKED, zone=ZONE, suspensions=[one])
        assert (statement.told, statement.attempts) == ((), ())


class TestParticipant:
    def view(self, *rows: AccountingRow) -> Accounting:
        return participant_statement(rows, today=ASKED, zone=ZONE)

    def test_everything_ever(self) -> None:
        rows = [row(basis=basis, at=at(date(1999, 1, 1))) for basis in ("consent:c1/g1", "164.506", "individual")]
        rows.append(row(basis="2.51", tpo=True, part2=False))
        assert len(self.view(*rows).told) == 4
        assert {each.statutory for each in self.view(*rows).told} == {False}

    def test_a_refused_question_shows_the_kind_and_not_the_name(self) -> None:
        police = row(kind=DENIAL, recipient="Fern Police", recipient_kind=K.POLICE, basis="", purpose=P.INVESTIGATION)
        found = self.view(police, replace(police, recipient_kind=None))
        assert [(each.day, each.asked_by) for each in found.attempts] == [
            (date(2026, 11, 1), None),
            (date(2026, 11, 1), K.POLICE),
        ]
        assert "Fern Police" not in repr(found)
        assert found.told == ()

    def test_a_refused_question_shows_its_purpose_and_the_sites_day(self) -> None:
        evening = row(kind=DENIAL, at=at(date(2026, 11, 1)), basis="", purpose=P.INVESTIGATION)
        (attempt,) = self.view(evening).attempts
        assert attempt == (date(2026, 11, 1), K.PROSECUTOR, P.INVESTIGATION)

    def test_everything_of_today(self) -> None:
        found = self.view(row(at=at(ASKED)), row(at=at(ASKED), kind=DENIAL))
        assert (len(found.told), len(found.attempts)) == (1, 1)

    def test_nothing_of_tomorrow(self) -> None:
        tomorrow = at(date(2026, 11, 25))
        found = self.view(row(at=tomorrow), row(at=tomorrow, kind=DENIAL))
        assert (found.told, found.attempts) == ((), ())


def test_every_accounting_says_which_law_it_answers() -> None:
    of: dict[str, Any] = {"received": ASKED, "zone": ZONE}
    assert intermediary_list([], **of).view is View.INTERMEDIARY
    assert consent_accounting([], **of).view is View.CONSENT
    assert hipaa_accounting([], **of).view is View.HIPAA
    statement = participant_statement([], today=ASKED, zone=ZONE)
    assert (statement.view, statement.since, statement.due) == (View.PARTICIPANT, None, None)


REPORT: dict[str, Any] = {
    "kind": RowKind.REPORT,
    "purpose": None,
    "basis": "42 CFR 2.12(c)(6)",
    "recipient": "Fern Child Protection",
}


class TestReports:
    """A report of fixed form is on the accounting of 164.528 and the participant's own; it rests on no consent."""

    def test_on_which_accountings(self) -> None:
        rows = [row(**REPORT)]
        assert told(intermediary_list(rows, received=ASKED, zone=ZONE)) == []
        assert told(consent_accounting(rows, received=ASKED, zone=ZONE)) == []
        assert told(hipaa_accounting(rows, received=ASKED, zone=ZONE)) == ["42 CFR 2.12(c)(6)"]
        assert told(participant_statement(rows, today=ASKED, zone=ZONE)) == ["42 CFR 2.12(c)(6)"]

    def test_it_is_no_attempt(self) -> None:
        found = participant_statement([row(**REPORT), row(kind=RowKind.DENIAL, basis="")], today=ASKED, zone=ZONE)
        assert [each.purpose for each in found.attempts] == [P.CASE_ALIGNMENT]
        assert [each.purpose for each in found.told] == [None]

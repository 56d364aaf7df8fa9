"""Who was told what: the accountings that the law asks for, as views over ledger entries (P2-32, P2-33, H-03, GR-07).

One ledger records everything; each regime sees its part. Nothing here reads a ledger: rows come in, rows go out.
2.24 and 2.25 were read in their 2024 text, 164.528 as amended. Whether all of 2.25 waits for a revised 164.528 is
unsettled (P2-33): every row is shown, and only the label `statutory` follows the tolling.

INVARIANT: a view leaves out only what its regime names as excluded; what nobody thought of is shown.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Final, NamedTuple

from consent.codes import OrganizationKind, Purpose
from consent.days import day_of
from consent.periods import days_after, years_before

CONSENT_BASIS: Final = "consent:"
INDIVIDUAL: Final = "individual"
"""The basis of what the participant was given about themself (42 CFR 2.23, 45 CFR 164.524)."""
_NOT_ACCOUNTED: Final = frozenset({INDIVIDUAL, "164.506", "164.512(k)(5)"})
_ORAL_DAYS: Final = 30


class RowKind(StrEnum):
    """What an entry records."""

    DISCLOSURE = "disclosure"
    DENIAL = "denial"
    REPORT = "report"


class View(StrEnum):
    """Which accounting."""

    INTERMEDIARY = "42 CFR 2.24"
    CONSENT = "42 CFR 2.25"
    HIPAA = "45 CFR 164.528"
    PARTICIPANT = "LEAD GR-07"


@dataclass(frozen=True, slots=True)
class AccountingRow:
    """One ledger entry about one participant, as an accounting needs it.

    `recipient`, `recipient_address`: a name and where it is, not ids; `recipient_kind` None: nobody knows.
    `basis`: as in a decision (`consent:C/G`, `order:O`, `2.51`, `164.506`, `164.512(k)(5)`), the section of a report
    (`42 CFR 2.12(c)(5)`), or INDIVIDUAL; empty in a denial. `description`: what kind of information, brief, never
    content. `purpose`: as asked; None in a report alone, which nobody asked for and whose section says what it is for.
    """

    at: datetime
    kind: RowKind
    recipient: str
    recipient_address: str
    recipient_kind: OrganizationKind | None
    description: str
    purpose: Purpose | None
    basis: str
    part2: bool
    via_general_designation: bool = False
    tpo: bool = False
    through_ehr: bool = False


@dataclass(frozen=True, slots=True)
class Suspension:
    """An agency's statement that an accounting would impede it (164.528(a)(2)). Days inclusive.

    By word of mouth (`written` False) it lasts at most 30 days from the statement.
    """

    recipient: str
    stated_on: date
    until: date
    written: bool

    def holds(self, day: date) -> bool:
        """Say whether rows about this recipient are kept back on `day`."""
        until = self.until if self.written else min(self.until, days_after(self.stated_on, _ORAL_DAYS))
        return self.stated_on <= day <= until


class Told(NamedTuple):
    """One line of an accounting. `statutory`: the view's law asks for it today, not only the house.

    `purpose` None: a report, whose `basis` says what it is for.
    """

    day: date
    recipient: str
    address: str
    description: str
    purpose: Purpose | None
    basis: str
    statutory: bool


class Attempt(NamedTuple):
    """A question that was not answered: when, by what kind of organization, why it said it asked. No name (GR-07)."""

    day: date
    asked_by: OrganizationKind | None
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Accounting:
    """What a participant is handed. `since`: the first day covered. `due`: when at the latest; None: no law says."""

    view: View
    since: date | None
    due: date | None
    told: tuple[Told, ...]
    attempts: tuple[Attempt, ...] = ()


def due_intermediary(received: date) -> date:
    """Return the day by which a list of disclosures is due: 30 days after the written request (2.24)."""
    return days_after(received, 30)


def due_accounting(received: date, *, extended: bool = False) -> date:
    """Return the day by which an accounting is due: 60 days, once extended by 30 in writing (164.528(c)(1))."""
    return days_after(received, 90 if extended else 60)


def is_overdue(due: date, today: date) -> bool:
    """Say whether an open request has to be escalated: its last day has passed."""
    return today > due


def intermediary_list(rows: Iterable[AccountingRow], *, received: date, zone: tzinfo) -> Accounting:
    """2.24: to whom the intermediary told what under a general designation, in the past 3 years; due in 30 days."""
    since = years_before(received, 3)
    told = _told(rows, (since, received), zone, lambda row: row.via_general_designation, _always)
    return Accounting(View.INTERMEDIARY, since, due_intermediary(received), told)


def consent_accounting(
    rows: Iterable[AccountingRow],
    *,
    received: date,
    zone: tzinfo,
    since: date | None = None,
    suspensions: Iterable[Suspension] = (),
    tolled: bool = True,
    extended: bool = False,
) -> Accounting:
    """2.25: Part 2 disclosures on a consent in the past 3 years, or since a later day of the participant's choice.

    Those for treatment, payment and operations only where they went through an electronic health record; `tolled`
    (they wait for a revised 164.528) takes nothing away but their label.
    """
    first = max(years_before(received, 3), since or date.min)
    told = _told(
        _unsuspended(rows, suspensions, received),
        (first, received),
        zone,
        lambda row: row.part2 and row.basis.startswith(CONSENT_BASIS) and (row.through_ehr or not row.tpo),
        lambda row: not (row.tpo and tolled),
    )
    return Accounting(View.CONSENT, first, due_accounting(received, extended=extended), told)


def hipaa_accounting(
    rows: Iterable[AccountingRow],
    *,
    received: date,
    zone: tzinfo,
    since: date | None = None,
    suspensions: Iterable[Suspension] = (),
    extended: bool = False,
) -> Accounting:
    """164.528: the past 6 years, reports, orders and emergencies among them.

    Without treatment, payment and operations, what the individual got, what an authorization let go, and custody
    under 164.512(k)(5).
    """
    first = max(years_before(received, 6), since or date.min)
    open_rows = _unsuspended(rows, suspensions, received)
    told = _told(open_rows, (first, received), zone, _is_accounted, _always)
    return Accounting(View.HIPAA, first, due_accounting(received, extended=extended), told)


def participant_statement(
    rows: Iterable[AccountingRow], *, today: date, zone: tzinfo, suspensions: Iterable[Suspension] = ()
) -> Accounting:
    """GR-07: everything, for ever, with what was asked and refused, by the kind of organization that asked.

    A suspension binds here too: what an agency had withheld from one paper would stand on the other (judgment).
    """
    known = tuple(_unsuspended(rows, suspensions, today))
    attempts = sorted(
        (
            Attempt(day_of(row.at, zone), row.recipient_kind, row.purpose)
            for row in known
            if row.kind is RowKind.DENIAL and row.purpose is not None and day_of(row.at, zone) <= today
        ),
        key=lambda each: (each.day, each.asked_by or "", each.purpose),
    )
    told = _told(known, (date.min, today), zone, _always, lambda _row: False)
    return Accounting(View.PARTICIPANT, None, None, told, tuple(attempts))


def _always(_row: AccountingRow) -> bool:
    return True


def _is_accounted(row: AccountingRow) -> bool:
    return not (row.tpo or row.basis in _NOT_ACCOUNTED or row.basis.startswith(CONSENT_BASIS))


def _unsuspended(
    rows: Iterable[AccountingRow], suspensions: Iterable[Suspension], day: date
) -> Iterable[AccountingRow]:
    silent = {each.recipient for each in suspensions if each.holds(day)}
    return (row for row in rows if row.recipient not in silent)


def _told(
    rows: Iterable[AccountingRow],
    between: tuple[date, date],
    zone: tzinfo,
    belongs: Callable[[AccountingRow], bool],
    statutory: Callable[[AccountingRow], bool],
) -> tuple[Told, ...]:
    """Return the disclosures and reports that belong, oldest first; denials never do."""
    first, last = between
    chosen = [
        row for row in rows if row.kind is not RowKind.DENIAL and first <= day_of(row.at, zone) <= last and belongs(row)
    ]
    return tuple(
        Told(
            day_of(row.at, zone),
            row.recipient,
            row.recipient_address,
            row.description,
            row.purpose,
            row.basis,
            statutory(row),
        )
        for row in sorted(chosen, key=lambda row: (row.at, row.recipient))
    )

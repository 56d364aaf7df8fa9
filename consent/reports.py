"""Reports that the law lets go without consent, and that carry no item of the record: fixed fields, two persons.

- `PremisesReport`, 42 CFR 2.12(c)(5): to police, a patient's crime on program premises or against its people, or a
  threat of one, limited to the circumstances, patient status, name, address, last known whereabouts (read, 2024). What
  somebody is treated for, or with, is none of these.
- `ChildAbuseReport`, 2.12(c)(6): to the authority that state law names; the record itself stays protected, also in
  what follows from the report (read, 2024).
- `ThreatReport`, the one exception of LEAD Golden Rule 1, an extreme threat to life or safety. Part 2 has no
  counterpart to 45 CFR 164.512(j) (H-06: memory), so it never says, and may not hint, that anybody is a patient.

No type here has a field for an item, a file or a resource: nothing can be attached. Nothing is owed either: Part 2
never compels a report (2.2(b)); state law may. Sealing, sending and the ledger are the gateway's. Two persons, the
supervisor's sign-off and the limits of length are the house's (P2-12: judgment).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from consent.model import Person
from consent.wording import is_blank, same_name

LONGEST: Final = 1000
"""Characters of one field: room for an incident, none for a chart."""
APPROVERS: Final = frozenset({"supervisor", "privacy-officer"})
_CARE: Final = (
    r"treat(ment|ed|ing)?|recover(y|ing)|rehab\w*|detox\w*|overdos\w+|relaps\w+|methadone|buprenorphine|suboxone|"
    r"naltrexone|naloxone|addict\w*|substance use"
)
_TREATMENT: Final = re.compile(rf"\b({_CARE})\b", re.IGNORECASE)
_REVEALING: Final = re.compile(
    rf"\b(patients?|participants?|clients?|programs?|(?-i:LEAD)|{_CARE}|case manager)\b", re.IGNORECASE
)


class Authority(StrEnum):
    """To whom such a report may go."""

    POLICE = "police"
    CHILD_PROTECTION = "child-protection"
    EMERGENCY_DISPATCH = "emergency-dispatch"


class ReportFault(NamedTuple):
    """One field of a report and the rule it breaks. Holds nothing of what the field says."""

    field: str
    rule: str
    cite: str


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who receives: an office, never a private person."""

    name: str
    address: str
    authority: Authority


@dataclass(frozen=True, slots=True)
class PremisesReport:
    """42 CFR 2.12(c)(5). `circumstances`: what happened or was threatened, where on the premises or against whom."""

    occurred_at: datetime
    circumstances: str
    patient_status: str
    name: str
    address: str
    last_known_whereabouts: str
    author: Person
    approver: Person


@dataclass(frozen=True, slots=True)
class ChildAbuseReport:
    """42 CFR 2.12(c)(6). `state_law`: the provision that asks for the report."""

    learned_at: datetime
    state_law: str
    child_name: str
    child_whereabouts: str
    suspected_person: str
    suspicion: str
    author: Person
    approver: Person


@dataclass(frozen=True, slots=True)
class ThreatReport:
    """An extreme threat to life or safety, without a word of who anybody is to the program."""

    learned_at: datetime
    threat: str
    threatened: str
    person_named: str
    last_known_whereabouts: str
    author: Person
    approver: Person


Report = PremisesReport | ChildAbuseReport | ThreatReport


class ReportKind(StrEnum):
    """Which of the three."""

    PREMISES = "premises"
    CHILD_ABUSE = "child-abuse"
    THREAT = "threat"


TYPES: Final[Mapping[ReportKind, type[Report]]] = MappingProxyType(
    {
        ReportKind.PREMISES: PremisesReport,
        ReportKind.CHILD_ABUSE: ChildAbuseReport,
        ReportKind.THREAT: ThreatReport,
    }
)


class _Form(NamedTuple):
    title: str
    cite: str
    to: frozenset[Authority]
    may_be_blank: frozenset[str]


_FORMS: Final[dict[type[Report], _Form]] = {
    PremisesReport: _Form(
        "Report of a crime, or the threat of one, on program premises or against program personnel",
        "42 CFR 2.12(c)(5)",
        frozenset({Authority.POLICE}),
        frozenset({"address", "last_known_whereabouts"}),
    ),
    ChildAbuseReport: _Form(
        "Report of suspected child abuse or neglect",
        "42 CFR 2.12(c)(6)",
        frozenset({Authority.CHILD_PROTECTION}),
        frozenset({"child_whereabouts"}),
    ),
    ThreatReport: _Form(
        "Report of a threat to life or safety",
        "LEAD GR-01",
        frozenset({Authority.POLICE, Authority.EMERGENCY_DISPATCH}),
        frozenset({"last_known_whereabouts"}),
    ),
}
_LABELS: Final = {
    "occurred_at": "When it happened",
    "learned_at": "When it became known",
    "circumstances": "What happened",
    "patient_status": "Standing with the program",
    "name": "Name",
    "address": "Address",
    "last_known_whereabouts": "Last known whereabouts",
    "state_law": "Reported under",
    "child_name": "Child",
    "child_whereabouts": "Where the child is",
    "suspected_person": "Person suspected",
    "suspicion": "What is suspected, and why",
    "threat": "The threat",
    "threatened": "Who or what is threatened",
    "person_named": "Person who threatens",
}
_STATEMENT: Final = {
    PremisesReport: "Limited to the circumstances of the incident by 42 CFR 2.12(c)(5). No record is attached.",
    ChildAbuseReport: "Made under 42 CFR 2.12(c)(6). The records themselves stay protected, also in any proceeding.",
    ThreatReport: "No record is attached.",
}


def report_faults(report: Report, addressee: Addressee, *, at: datetime) -> tuple[ReportFault, ...]:
    """Return every field that breaks a rule, with the rule; nothing for a report that may go to `addressee` at `at`."""
    form = _FORMS[type(report)]
    found = [ReportFault(name, rule, form.cite) for name, rule in _of_fields(report, form, at)]
    found += [ReportFault(name, rule, "LEAD two-person rule") for name, rule in _of_persons(report)]
    if addressee.authority not in form.to:
        found.append(ReportFault("addressee.authority", f"must be one of `{'`, `'.join(sorted(form.to))}`", form.cite))
    for name in ("name", "address"):
        if is_blank(getattr(addressee, name)):
            found.append(ReportFault(f"addressee.{name}", "must not be blank", form.cite))
    return tuple(found)


def told_fields(kind: ReportKind) -> tuple[str, ...]:
    """Return the names of the fields that a report of this kind tells, in order: all but its two persons."""
    return tuple(_told(TYPES[kind]))


def title_of(kind: ReportKind) -> str:
    """Return what a report of this kind is called, for its head and for an accounting."""
    return _FORMS[TYPES[kind]].title


def cite_of(kind: ReportKind) -> str:
    """Return the provision that lets a report of this kind go without consent."""
    return _FORMS[TYPES[kind]].cite


def report_text(report: Report) -> str:
    """Return the report as it goes out: a title, one line per permitted field, a closing statement.

    A threat report names nobody who wrote or approved it: their employer would tell whose care somebody is in. Who
    did is on the ledger. Give it only what `report_faults` has passed.
    """
    form = _FORMS[type(report)]
    lines = [form.title, ""]
    for name in _told(report):
        value = getattr(report, name)
        text = value.isoformat() if isinstance(value, datetime) else " ".join(value.split())
        if not is_blank(text):
            lines.append(f"{_LABELS[name]}: {text}")
    if not isinstance(report, ThreatReport):
        lines += ["", f"Reported by: {report.author.name}, {report.author.role}"]
    return "\n".join([*lines, "", _STATEMENT[type(report)]])


def _told(report: Report | type[Report]) -> list[str]:
    return [each.name for each in fields(report) if each.name in _LABELS]


def _of_fields(report: Report, form: _Form, at: datetime) -> Iterator[tuple[str, str]]:
    for name in _told(report):
        value = getattr(report, name)
        if isinstance(value, datetime):
            yield from _of_moment(name, value, at)
        elif is_blank(value) and name not in form.may_be_blank:
            yield name, "must not be blank"
        elif len(value) > LONGEST:
            yield name, f"must be at most {LONGEST} characters: no record goes with a report"
        elif isinstance(report, ThreatReport) and _REVEALING.search(value):
            yield name, "must not tell, or hint, that anybody is in care"
        elif isinstance(report, PremisesReport) and _TREATMENT.search(value):
            yield name, "must not name a treatment: only the circumstances of the incident may be told"


def _of_moment(name: str, value: datetime, at: datetime) -> Iterator[tuple[str, str]]:
    if value.tzinfo is None:
        yield name, "must have an offset"
    elif value > at:
        yield name, "must not be later than the report"


def _of_persons(report: Report) -> Iterator[tuple[str, str]]:
    author, approver = report.author, report.approver
    for name, person in (("author", author), ("approver", approver)):
        if is_blank(person.name):
            yield f"{name}.name", "must not be blank"
        if is_blank(person.role):
            yield f"{name}.role", "must not be blank"
    if same_name(author.name, approver.name):
        yield "approver.name", "must be another person than the author"
    if approver.role not in APPROVERS:
        yield "approver.role", f"must be one of `{'`, `'.join(sorted(APPROVERS))}`"

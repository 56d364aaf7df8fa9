"""Who may know what, in words: one line for a cell of the table, sentences for its explanation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from consent.codes import Category, ConsentKind, Purpose
from consent.facts import Facts
from consent.rules import RULES
from consent.wording_staff import UNLOCKS
from gateway.knowing import Picture, Way, WhyNot
from gateway.web import vocabulary
from gateway.web.words import day, plain

_LAW: Final[Mapping[str, str]] = {
    "164.506": "the law on treatment (45 CFR 164.506)",
    "164.512(k)(5)": "the law on care in jail (45 CFR 164.512(k)(5))",
    "2.51": "a medical emergency (42 CFR 2.51)",
    "order": "a court order (42 CFR part 2, subpart E)",
}
FORMS: Final[Mapping[ConsentKind, str]] = {
    ConsentKind.ROI: "the release",
    ConsentKind.TPO: "the consent for treatment, payment and operations",
    ConsentKind.NOTES: "the consent for session notes",
    ConsentKind.PROCEEDING: "the consent for a court case",
    ConsentKind.CJ_2_35: "the consent for a court's terms",
}
_EVENTS: Final[Mapping[str, str]] = {
    "case-closed": "until the court case is closed",
    "discharge": "until they leave the program",
    "release": "until they are let out of jail",
    "disposition": "until the court case is decided",
}
_CITES: Final[Mapping[str, tuple[str, ...]]] = {rule.id: rule.cites for rule in RULES}
_PLAIN: Final[Mapping[str, str]] = {
    "basis.none": "No form, law or order covers it",
    "item.redaction": "The house lets nothing of it pass to this kind of organization for this purpose",
}
_RULE_WORDS: Final[Mapping[str, str]] = {
    "grant.recipient": "No row of a form names them",
    "grant.categories": "No row that names them lists this",
    "grant.category": "No row that names them lists this",
    "grant.purpose": "No row that names them lists this purpose",
    "grant.unexpired": "The row has run out",
    "grant.not-revoked": "The row was revoked",
    "grant.not-held": "A hold stops the row",
    "consent.not-revoked": "The form was revoked",
    "participant.hold": "A hold stops everything",
    "participant.restriction": "A restriction was agreed with the participant",
    "requester.agreement": "Their agreement with the site is not in date",
    "consents.readable": "A form on file cannot be read",
}


@dataclass(frozen=True, slots=True)
class CellLine:
    """A line of a cell. `purposes` in words; `approval`: a person approves first."""

    purposes: tuple[str, ...]
    until: str
    because: str
    approval: bool


@dataclass(frozen=True, slots=True)
class WayInWords:
    """One way, spelled out."""

    purpose: str
    source: str
    until: str
    because: str
    role: str | None
    approval: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not, for these purposes: (what is against it, its citations, what would change it)."""

    purposes: tuple[str, ...]
    rules: tuple[tuple[str, str, str], ...]


def cells_of(picture: Picture, zone: ZoneInfo) -> dict[tuple[str, Category], tuple[CellLine, ...]]:
    """Give the lines of every cell; what differs only in its purpose is one line."""
    return {place: _lines(ways, zone) for place, ways in picture.cells.items()}


def _lines(ways: Iterable[Way], zone: ZoneInfo) -> tuple[CellLine, ...]:
    together: dict[tuple[str, str, bool], dict[str, None]] = {}
    for way in ways:
        key = (until_in_words(way.until, zone), because_in_words(way, zone), way.approval)
        together.setdefault(key, {})[vocabulary.purpose(way.purpose)] = None
    return tuple(CellLine(tuple(purposes), *key) for key, purposes in together.items())


def until_in_words(until: datetime | str | None, zone: ZoneInfo) -> str:
    """Write when a way ends."""
    if until is None:
        return "as long as the law says so"
    if isinstance(until, datetime):
        return f"until {day(until.astimezone(zone))}"
    if until == "none":
        return "until they stop it"
    event = until.removeprefix("event:")
    return _EVENTS.get(event, f"until: {plain(event).lower()}")


def because_in_words(way: Way, zone: ZoneInfo) -> str:
    """Write what a way rests on."""
    if way.consent is None:
        return _LAW.get(way.basis.partition(":")[0], way.basis)
    return f"{FORMS[way.consent.kind]} of {day(way.consent.signed_at.astimezone(zone))}"


def ways_in_words(ways: Sequence[Way], facts: Facts, zone: ZoneInfo) -> tuple[WayInWords, ...]:
    """Spell out every way."""
    return tuple(
        WayInWords(
            purpose=vocabulary.purpose(way.purpose),
            source=facts.organizations[way.source].name if way.source in facts.organizations else way.source,
            until=until_in_words(way.until, zone),
            because=because_in_words(way, zone) + ("" if way.grant is None else f", row {way.grant.id}"),
            role=None if way.role is None else plain(way.role),
            approval=way.approval,
        )
        for way in ways
    )


def reasons_of(found: Iterable[WhyNot]) -> tuple[Reason, ...]:
    """Give the reasons, those purposes together that have the same."""
    together: dict[tuple[str, ...], list[Purpose]] = {}
    for each in found:
        together.setdefault(each.rules, []).append(each.purpose)
    return tuple(
        Reason(tuple(vocabulary.purpose(p) for p in purposes), tuple(map(_rule, _telling(rules))))
        for rules, purposes in together.items()
    )


def _telling(rules: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out that nothing covers it, where something says why."""
    return tuple(rule for rule in rules if rule != "basis.none") or rules


def _rule(rule: str) -> tuple[str, str, str]:
    said = _PLAIN.get(rule) or _RULE_WORDS.get(rule) or plain(rule.replace(".", ": "))
    return said, ", ".join(_CITES.get(rule, ())), UNLOCKS.get(rule, "")

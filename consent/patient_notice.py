"""The notice that every patient of a Part 2 program is given (42 CFR 2.22; P2-30): what it must hold, who got it when.

2.22 was read in its 2024 text, without the words in which each statement has to be made: this checks that a statement
is there, not that a lawyer would like it. The header's sentences are compared letter by letter where they were read;
the end of the one about complaints was not.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from consent.wording import is_blank

TITLE: Final = "Notice of Privacy Practices of "
"""The notice's title begins so and ends with the name of the program."""
HEADER: Final = (
    "HOW HEALTH INFORMATION ABOUT YOU MAY BE USED AND DISCLOSED",
    "YOUR RIGHTS WITH RESPECT TO YOUR HEALTH INFORMATION",
    "HOW TO FILE A COMPLAINT",
    "YOU HAVE A RIGHT TO A COPY OF THIS NOTICE (IN PAPER OR ELECTRONIC FORM) AND TO DISCUSS IT WITH",
)


class Element(StrEnum):
    """A statement that the notice must make."""

    FEDERAL_LAW_PROTECTS = "federal-law-protects"
    USES_WITHOUT_CONSENT = "uses-without-consent"
    USES_WITH_CONSENT = "uses-with-consent"
    SINGLE_TPO_CONSENT = "single-tpo-consent"
    REVOCATION = "revocation"
    NOT_IN_PROCEEDINGS = "not-in-proceedings"
    ORDER_AFTER_HEARING = "order-after-hearing"
    ORDER_WITH_MANDATE = "order-with-mandate"
    RIGHT_TO_RESTRICT = "right-to-restrict"
    RIGHT_TO_ACCOUNTING = "right-to-accounting"
    RIGHT_TO_INTERMEDIARY_LIST = "right-to-intermediary-list"
    RIGHT_TO_COPY = "right-to-copy"
    RIGHT_TO_DISCUSS = "right-to-discuss"
    FUNDRAISING = "fundraising"
    DUTIES = "duties"
    COMPLAINTS = "complaints"
    NO_RETALIATION = "no-retaliation"
    CONTACT = "contact"


_CITES: Final[Mapping[Element, str]] = {
    Element.FEDERAL_LAW_PROTECTS: "42 CFR 2.22(a)",
    Element.NOT_IN_PROCEEDINGS: "42 CFR 2.22(b)(1)(ii)(H)",
    Element.ORDER_AFTER_HEARING: "42 CFR 2.22(b)(1)(ii)(H)",
    Element.ORDER_WITH_MANDATE: "42 CFR 2.22(b)(1)(ii)(H)(3)",
    Element.COMPLAINTS: "42 CFR 2.22(b)(1)(vi)",
    Element.NO_RETALIATION: "42 CFR 2.22(b)(1)(vi)",
}


@dataclass(frozen=True, slots=True)
class PatientNotice:
    """One version in one language. `statements`: the text of each element, in plain language."""

    version: str
    language: str
    program: str
    title: str
    header: str
    statements: Mapping[Element, str] = field(hash=False)
    effective: date | None


class NoticeFault(NamedTuple):
    """What a notice lacks: the field, the rule, its citation."""

    field: str
    rule: str
    cite: str


@dataclass(frozen=True, slots=True)
class NoticeDelivery:
    """That a participant was given a version, or why not yet. `given_at` None: deferred until capacity returns."""

    participant: str
    version: str
    language: str
    given_at: datetime | None
    deferred_because: str | None = None


def notice_faults(notice: PatientNotice) -> tuple[NoticeFault, ...]:
    """Return what the notice lacks, header first; nothing for one that may be given out."""
    return (*_of_head(notice), *_of_statements(notice))


def is_given(deliveries: Iterable[NoticeDelivery], participant: str, at: datetime) -> bool:
    """Say whether the participant had been given a notice by `at`. A deferred one is not given."""
    return any(
        each.participant == participant and each.given_at is not None and each.given_at <= at for each in deliveries
    )


def _of_head(notice: PatientNotice) -> Iterator[NoticeFault]:
    cite = "42 CFR 2.22(b)(1)(i)"
    if is_blank(notice.program) or notice.title != f"{TITLE}{notice.program}":
        yield NoticeFault("title", f"must be `{TITLE}` and the name of the program", cite)
    header = " ".join(notice.header.split())
    for sentence in HEADER:
        if sentence not in header:
            yield NoticeFault("header", f"must hold `{sentence}`", cite)
    if notice.effective is None:
        yield NoticeFault("effective", "must be a date", "42 CFR 2.22(b)(1)")
    for name in ("version", "language"):
        if is_blank(getattr(notice, name)):
            yield NoticeFault(name, "must not be blank", "LEAD P2-30")


def _of_statements(notice: PatientNotice) -> Iterator[NoticeFault]:
    for element in Element:
        if is_blank(notice.statements.get(element)):
            cite = _CITES.get(element, "42 CFR 2.22(b)(1)")
            yield NoticeFault(f"statements.{element}", "must not be blank", cite)

"""How long papers are kept, and how kept copies are labelled (H-08, P2-28).

Six years from 45 CFR 164.530(j) (memory; for authorizations 164.508(b)(6), read). The words of the label are those of
42 CFR 2.19 as of 1987; the rules for electronic media are from memory (part2.md P2-28).
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from consent.periods import years_after
from consent.wording import is_blank

YEARS_KEPT: Final = 6


class Paper(StrEnum):
    """What has to be kept."""

    CONSENT = "consent"
    REVOCATION = "revocation"
    NOTICE = "notice"
    NOTICE_DELIVERY = "notice-delivery"
    COMPLAINT = "complaint"
    AGREEMENT = "agreement"
    LEDGER_ENTRY = "ledger-entry"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Kept:
    """One paper. `last_in_effect`: the last day on which it had effect; None: it still has, or nobody knows."""

    paper: Paper
    made: date
    last_in_effect: date | None
    legal_hold: bool = False


class Purge(NamedTuple):
    """May it be destroyed, and why."""

    may: bool
    reason: str


def may_purge(kept: Kept, today: date) -> Purge:
    """Say whether a paper may be destroyed: six years after it was made or last had effect, whichever is later.

    A consent that was revoked is kept as long as any other: it is the proof of what was lawful until then.
    """
    if kept.legal_hold:
        return Purge(may=False, reason="a legal hold is on it")
    if kept.last_in_effect is None:
        return Purge(may=False, reason="it is in effect, or nobody knows since when it is not")
    until = years_after(max(kept.made, kept.last_in_effect), YEARS_KEPT)
    if today < until:
        return Purge(may=False, reason=f"kept until {until.isoformat()}, 45 CFR 164.530(j)")
    return Purge(may=True, reason=f"kept for {YEARS_KEPT} years, 45 CFR 164.530(j)")


def retained_copy_label(program: str, citation: str, until: date) -> str:
    """Return the label of what a program that ends has to keep (2.19). Raises ValueError for a blank field."""
    for name, value in (("program", program), ("citation", citation)):
        if is_blank(value):
            raise ValueError(f"`{name}`: must not be blank, 42 CFR 2.19")
    return (
        f"Records of {program} required to be maintained under {citation} until a date not later than "
        f"{until.isoformat()}"
    )

"""The clock of a breach of unsecured Part 2 records (42 CFR 2.16(b), 45 CFR 164.404-408; P2-26).

2.16(b) was read; the HIPAA sections are from memory. It runs for a Part 2 program as for a covered entity. A recipient
such as a police department is under no such clock: its agreement has to say what it reports, and when.
164.406 asks for the media at more than 500 residents of one state; the house starts at 500, as for the Secretary.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from consent.periods import days_after

DAYS: Final = 60
MANY: Final = 500


@dataclass(frozen=True, slots=True)
class BreachClock:
    """The last lawful days; "without unreasonable delay" comes before each. `media_by`: by state, where owed."""

    individuals_by: date
    secretary_by: date
    media_by: Mapping[str, date]


def breach_clock(discovered: date, affected: Mapping[str, int]) -> BreachClock:
    """Return until when whom has to be told. `affected`: people by state of residence; `discovered`: day one is next.

    A breach is discovered when it is known, or with diligence would have been. Fewer than 500 people: the Secretary
    hears within 60 days of the end of the calendar year. Raises ValueError for a count below zero.
    """
    if any(count < 0 for count in affected.values()):
        raise ValueError("`affected`: must not be below zero")
    by = days_after(discovered, DAYS)
    many = sum(affected.values()) >= MANY
    year_end = date(discovered.year, 12, 31)
    media = {state: by for state, count in affected.items() if count >= MANY}
    return BreachClock(by, by if many else days_after(year_end, DAYS), media)


def is_late(clock: BreachClock, today: date) -> bool:
    """Say whether the participants concerned ought to have been told by now."""
    return today > clock.individuals_by

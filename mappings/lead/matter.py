"""A legal matter as a prosecutor's feed tells it, whatever dialect it came in.

One event says what became of one case (or one count of it) at one moment. What the sender wrote is kept beside what we
take it for; what we do not know is `unknown`, never guessed. Status set: feeds of prosecutors, one for all of them.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from mappings.lead.action import Action


class CaseStatus(StrEnum):
    """Where a case stands. `diverted`, `screened-held` and the warrants need a code map of the site."""

    REFERRED = "referred"
    RECEIVED = "received"
    SCREENED_HELD = "screened-held"
    FILED = "filed"
    DECLINED = "declined"
    DIVERTED = "diverted"
    WARRANT_REQUESTED = "warrant-requested"
    WARRANT_ISSUED = "warrant-issued"
    DISMISSED = "dismissed"
    DISPOSED = "disposed"
    REOPENED = "reopened"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Count:
    """One charge of a case. `status` is what `source_code` and `source_text` were taken for; those as written."""

    sequence: str | None
    description: str | None
    statute: str | None
    status: CaseStatus = CaseStatus.UNKNOWN
    source_code: str | None = None
    source_text: str | None = None


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One thing that happened to one case of one person.

    `case_number`: what the sender calls the case by, the same in every message about it. `occurred_at` is aware, in
    UTC; `day_only` says that only the day was given, then it is that day's local midnight. `told_at` (aware): when the
    sender wrote the message; None: not said. `incident_on`: the day of what the case is about, which may lie long
    before its filing. The numbers of arrest, booking and court tie the case to other messages; they name no person.
    """

    feed: str
    message_id: str
    case_number: str
    status: CaseStatus
    source_code: str | None
    source_text: str | None
    occurred_at: datetime
    day_only: bool = False
    action: Action = Action.ADD
    told_at: datetime | None = None
    incident_on: date | None = None
    arrest_number: str | None = None
    booking_number: str | None = None
    court_number: str | None = None
    agency: str | None = None
    counts: tuple[Count, ...] = ()

"""FHIR dates as written: a year, a month and a day are spans, and a Period holds through the end of its `end`.

Source: https://hl7.org/fhir/R4/datatypes.html#dateTime and #Period.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from mappings.fhir.consult.errors import UnreadableConsentError
from mappings.fhir.consult.match import Match

_FORM: Final = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)"
    r"(?P<time>T\d\d:\d\d:\d\d(?P<fraction>\.\d{1,9})?(Z|[+-]\d\d:\d\d))?)?)?"
)
FIRST: Final = datetime.min.replace(tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)
_DECEMBER: Final = 12


@dataclass(frozen=True, slots=True)
class Span:
    """From `first` up to but not including `after`, both aware."""

    first: datetime
    after: datetime

    def holds(self, at: datetime) -> bool:
        """Tell whether `at` lies inside."""
        return self.first <= at < self.after

    def covers(self, other: "Span") -> Match:
        """Tell whether `other` lies inside: MAYBE where a part of it does."""
        if self.first <= other.first and other.after <= self.after:
            return Match.YES
        return Match.NO if other.after <= self.first or self.after <= other.first else Match.MAYBE


def read_moment(value: object, zone: tzinfo, field: str) -> Span:
    """Read a date, dateTime or instant; one without an offset is local in `zone`.

    Raises UnreadableConsentError naming `field` for anything else.
    """
    found = _FORM.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise UnreadableConsentError(field, "must be a FHIR date or dateTime")
    try:
        return _exact(found) if found["time"] else _calendar(found, zone)
    except (ValueError, OverflowError):
        raise UnreadableConsentError(field, "must be a day and time that exist") from None


def _exact(found: re.Match[str]) -> Span:
    first = datetime.fromisoformat(found[0][:26] + found[0][26:].lstrip("0123456789"))
    return Span(first, first + timedelta(milliseconds=1) if found["fraction"] else first + timedelta(seconds=1))


def _calendar(found: re.Match[str], zone: tzinfo) -> Span:
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    first = datetime(year, month, day, tzinfo=zone)
    if found["day"]:
        return Span(first, first + timedelta(days=1))
    if found["month"] and month < _DECEMBER:
        return Span(first, first.replace(month=month + 1))
    return Span(first, first.replace(year=year + 1, month=1))


def read_period(value: Any, zone: tzinfo, field: str) -> Span:
    """Read a Period; an absent edge is open. Raises UnreadableConsentError for one that ends before it starts."""
    if not isinstance(value, dict) or not value.keys() & {"start", "end"}:
        raise UnreadableConsentError(field, "must hold a `start` or an `end`")
    first = read_moment(value["start"], zone, f"{field}.start").first if "start" in value else FIRST
    after = read_moment(value["end"], zone, f"{field}.end").after if "end" in value else LAST
    if after <= first:
        raise UnreadableConsentError(field, "must not end before it starts")
    return Span(first, after)

"""Dates in a search: what is written to a day, a month or a year is all of it (R4 search, 3.1.1.4.7).

A time without an offset, and a day, are read in UTC on both sides. The prefixes are those of R4 but for `ap`, which has
no meaning that two servers share.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

PREFIXES: Final = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")

_VALUE: Final = re.compile(
    r"(?P<prefix>[a-z]{2})?(?P<date>\d{4}(-\d{2}(-\d{2})?)?)"
    r"(?P<time>T\d{2}:\d{2}(:\d{2}(\.\d{1,6}\d*)?)?(Z|[+-]\d{2}:\d{2})?)?",
    re.ASCII,
)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_YEAR, _MONTH = 4, 7  # characters
_DECEMBER: Final = 12


class Span(NamedTuple):
    """From the first moment until before the second."""

    low: datetime
    high: datetime


def is_date_value(value: str) -> bool:
    """Tell whether a search can be made by this value: a prefix that is served, and a date or a moment."""
    return _read(value) is not None


def fits(value: str, found: Any) -> bool:
    """Tell whether what stands in a resource (a dateTime, a Period) fits the value of a search."""
    asked, there = _read(value), _span_of(found)
    if asked is None or there is None:
        return False
    prefix, span = asked
    return _compare(prefix, span, there)


def _compare(prefix: str, asked: Span, there: Span) -> bool:
    is_within = asked.low <= there.low and there.high <= asked.high
    is_above, is_below = there.high > asked.high, there.low < asked.low
    return {
        "eq": is_within,
        "ne": not is_within,
        "gt": is_above,
        "ge": is_above or is_within,
        "lt": is_below,
        "le": is_below or is_within,
        "sa": there.low >= asked.high,
        "eb": there.high <= asked.low,
    }[prefix]


def _read(value: str) -> tuple[str, Span] | None:
    match = _VALUE.fullmatch(value.replace(" ", "+"))  # a plus sign that nobody encoded
    if match is None or (match["prefix"] or "eq") not in PREFIXES or (match["time"] and len(match["date"]) <= _MONTH):
        return None
    span = _span(match["date"], match["time"])
    return None if span is None else (match["prefix"] or "eq", span)


def _span(day: str, time: str | None) -> Span | None:
    try:
        if time is not None:
            return _moment(day, time)
        low = datetime.fromisoformat((day + "-01-01")[: len("YYYY-MM-DD")]).replace(tzinfo=UTC)
        return Span(low, _next(low, len(day)))
    except (ValueError, OverflowError):
        return None


def _moment(day: str, time: str) -> Span:
    at = datetime.fromisoformat(day + time)
    low = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    if "." in time:
        return Span(low, low + timedelta(microseconds=1))
    is_to_the_minute = time.partition("Z")[0].count(":") - ("+" in time or "-" in time) == 1
    return Span(low, low + (timedelta(minutes=1) if is_to_the_minute else timedelta(seconds=1)))


def _next(low: datetime, length: int) -> datetime:
    if length == _YEAR:
        return low.replace(year=low.year + 1)
    if length == _MONTH:
        return low.replace(year=low.year + low.month // _DECEMBER, month=low.month % _DECEMBER + 1)
    return low + timedelta(days=1)


def _span_of(found: Any) -> Span | None:
    """Give the span of a dateTime, date, instant or Period; an open end is open."""
    if isinstance(found, str):
        read = _read(found) if found[:1].isdigit() else None
        return None if read is None else read[1]
    if not isinstance(found, Mapping) or not found.keys() & {"start", "end"}:
        return None
    start, end = _span_of(found.get("start")), _span_of(found.get("end"))
    if ("start" in found and start is None) or ("end" in found and end is None):
        return None
    return Span(_FIRST if start is None else start.low, _LAST if end is None else end.high)

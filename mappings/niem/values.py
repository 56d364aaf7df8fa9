"""The simple values of NIEM messages: moments, days, booleans, amounts. What cannot be read is a `FeedError`."""

import re
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Final

from lxml.etree import _Element as Element

from mappings.niem import names
from mappings.niem.references import References
from mappings.niem.xml import FeedError, line_of

_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_DATE: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_BOOLEANS: Final = {
    "true": True,
    "1": True,
    "y": True,
    "yes": True,
    "false": False,
    "0": False,
    "n": False,
    "no": False,
}


def moment(refs: References, holder: Element, zone: tzinfo) -> tuple[datetime, bool] | None:
    """Return the nc:DateTime or nc:Date in `holder` as a moment in UTC, and whether it is known only to the day.

    A time without an offset is local time in `zone`. Where a clock is set back and that time exists twice, the first
    of the two is meant (fold 0); where a clock is set forward and it does not exist, the offset before the change
    counts. A day alone becomes its local midnight. None where there is neither; raises `FeedError` for nonsense.
    """
    text = refs.text(holder, names.nc("DateTime"))
    if text is not None:
        return _utc(_date_time(text, holder), zone, holder), False
    alone = day(refs, holder)
    return None if alone is None else (_utc(datetime.combine(alone, time()), zone, holder), True)


def day(refs: References, holder: Element) -> date | None:
    """Return the nc:Date in `holder`, else the day part of its nc:DateTime, as the sender wrote it."""
    text = refs.text(holder, names.nc("Date"))
    if text is None:
        whole = refs.text(holder, names.nc("DateTime"))
        return None if whole is None else _date_time(whole, holder).date()
    found = _DATE.fullmatch(text)
    value = _parsed_day(found.group(1)) if found else None
    if value is None:
        raise FeedError(f"{names.shown(holder)}/nc:Date", "must be a day, YYYY-MM-DD", line_of(holder))
    return value


def boolean(refs: References, holder: Element, name: str) -> bool | None:
    """Return the extension indicator `name` in `holder`; None where absent or nil."""
    text = refs.text(holder, names.ext(name))
    if text is None:
        return None
    if text.lower() not in _BOOLEANS:
        raise FeedError(f"{names.shown(holder)}/ext:{name}", "must be true or false", line_of(holder))
    return _BOOLEANS[text.lower()]


def amount(refs: References, holder: Element) -> str | None:
    """Return the nc:Amount in `holder` as the decimal number that was written; None where absent or nil."""
    text = refs.text(holder, names.nc("Amount"))
    if text is not None and not _is_decimal(text):
        raise FeedError(f"{names.shown(holder)}/nc:Amount", "must be a decimal number", line_of(holder))
    return text


def _date_time(text: str, holder: Element) -> datetime:
    value = _parsed_moment(text) if _DATE_TIME.fullmatch(text) else None
    if value is None:
        rule = "must be a moment, YYYY-MM-DDThh:mm:ss with or without an offset"
        raise FeedError(f"{names.shown(holder)}/nc:DateTime", rule, line_of(holder))
    return value


def _utc(value: datetime, zone: tzinfo, holder: Element) -> datetime:
    aware = value if value.tzinfo else value.replace(tzinfo=zone, fold=0)
    found = _converted(aware)
    if found is None:
        raise FeedError(names.shown(holder), "must be a moment between the years 1 and 9999", line_of(holder))
    return found


# Parsers that answer None: a FeedError raised inside `except` would carry the text it could not read as its context.


def _parsed_moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _parsed_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _converted(value: datetime) -> datetime | None:
    try:
        return value.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _is_decimal(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False

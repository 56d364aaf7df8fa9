"""Codes, days and moments in plain words, for people."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

NONE: Final = "\N{EN DASH}"
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")


def day(value: date | datetime | None) -> str:
    """Write a day: `24 Nov 2026`; a dash for none."""
    return NONE if value is None else f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """Write a moment on the site's clocks: `24 Nov 2026, 7:05 pm`; a dash for none."""
    if value is None:
        return NONE
    there = value.astimezone(zone)
    half = "am" if there.hour < 12 else "pm"  # noqa: PLR2004  -- noon, of twelve hours
    return f"{day(there)}, {(there.hour - 1) % 12 + 1}:{there.minute:02d} {half}"


def plain(code: object) -> str:
    """Write a code as words: `custody-alert` as `Custody alert`."""
    text = str(getattr(code, "value", code)).removeprefix("org:").replace("-", " ").replace("_", " ").strip()
    return text[:1].upper() + text[1:]

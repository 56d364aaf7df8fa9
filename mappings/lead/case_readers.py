"""Small readers, one per type of value: each takes a path and a JSON value and returns ours, or says what is wrong.

No message repeats a value, which may be personal; it names the path and the rule.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from consent.rules.grants import EVENT_PREFIX, NO_EXPIRY
from consent.wording import is_blank
from mappings.lead.strict_json import joined

Reader = Callable[[str, Any], Any]

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", re.ASCII)
_NO_ZONES: Final = frozenset({"localtime", "posixrules", "Factory"})  # they depend on the machine, or name no place


class CaseError(ValueError):
    """A case is not as the contract says. One line: the field and the rule."""


def text(path: str, value: Any) -> str:
    """Read a text, blank or not."""
    return str(_typed(path, value, str, "a text"))


def flag(path: str, value: Any) -> bool:
    """Read true or false."""
    return bool(_typed(path, value, bool, "true or false"))


def anything(_path: str, value: Any) -> Any:
    """Read what nobody looks at."""
    return value


def resource(path: str, value: Any) -> dict[str, Any]:
    """Read a FHIR resource, as it stands."""
    return dict(_typed(path, value, dict, "an object"))


def item_source(path: str, value: Any) -> str | None:
    """Read the id of an organization, or null where nobody knows it."""
    return None if value is None else text(path, value)


def moment(path: str, value: Any) -> datetime:
    """Read a moment with its offset (RFC 3339; the seconds may be left out), held to the microsecond."""
    written = text(path, value)
    if not _MOMENT.fullmatch(written):
        raise CaseError(f"`{path}`: must be a date and time with an offset")
    try:
        return datetime.fromisoformat(written.upper())
    except ValueError:
        raise CaseError(f"`{path}`: there is no such moment") from None


def day(path: str, value: Any) -> date:
    """Read a day, `YYYY-MM-DD`."""
    written = text(path, value)
    if not _DAY.fullmatch(written):
        raise CaseError(f"`{path}`: must be a day, year-month-day")
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise CaseError(f"`{path}`: there is no such day") from None


def expiry(path: str, value: Any) -> datetime | str:
    """Read when a grant ends: a moment, `event:` and a name, or `none`."""
    written = text(path, value)
    if written == NO_EXPIRY:
        return written
    if not written.startswith(EVENT_PREFIX):
        return moment(path, written)
    if is_blank(written.removeprefix(EVENT_PREFIX)):
        raise CaseError(f"`{path}`: `event:` names no event")
    return written


@cache
def _is_zone(name: str) -> bool:
    if name in _NO_ZONES or not _ZONE.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return False
    return True


def time_zone(path: str, value: Any) -> str:
    """Read the name of a time zone of the IANA database."""
    if not _is_zone(text(path, value)):
        raise CaseError(f"`{path}`: unknown time zone")
    return str(value)


def code(codes: type[StrEnum]) -> Reader:
    """Return a reader of one code."""
    known = {each.value: each for each in codes}

    def read(path: str, value: Any) -> StrEnum:
        found = known.get(text(path, value))
        if found is None:
            raise CaseError(f"`{path}`: unknown code")
        return found

    return read


def listed(reader: Reader, into: Callable[[list[Any]], Any] = tuple) -> Reader:
    """Return a reader of a list."""

    def read(path: str, value: Any) -> Any:
        values = _typed(path, value, list, "a list")
        return into([reader(f"{path}[{place}]", each) for place, each in enumerate(values)])

    return read


def unique(reader: Reader) -> Reader:
    """Return a reader of a list of things with ids, no id twice."""
    read_all = listed(reader)

    def read(path: str, value: Any) -> Any:
        things = read_all(path, value)
        seen = set()
        for place, thing in enumerate(things):
            if thing.id in seen:
                raise CaseError(f"`{path}[{place}].id`: stands in this list twice")
            seen.add(thing.id)
        return things

    return read


def coded_set(codes: type[StrEnum]) -> Reader:
    """Return a reader of a list of codes, as a set."""
    return listed(code(codes), frozenset)


texts: Final = listed(text)
named_set: Final = listed(text, frozenset)


def all_or_some(path: str, value: Any) -> Any:
    """Read `all`, or a list of grant ids."""
    if isinstance(value, str):
        if value != "all":
            raise CaseError(f"`{path}`: must be `all` or a list")
        return value
    return named_set(path, value)


def record_of(
    make: Callable[..., Any], needed: Mapping[str, Reader], more: Mapping[str, Reader] | None = None
) -> Reader:
    """Return a reader of an object with exactly these keys: all that are needed, some of those that may be left out."""
    readers = {**needed, **(more or {})}

    def read(path: str, value: Any) -> Any:
        found = _typed(path or "file", value, dict, "an object")
        for name in found:
            if name not in readers:
                raise CaseError(f"`{joined(path, name)}`: unknown key")
        for name in needed:
            if name not in found:
                raise CaseError(f"`{joined(path, name)}`: is missing")
        return make(**{name: readers[name](joined(path, name), each) for name, each in found.items()})

    return read


def _typed(path: str, value: Any, kind: type, named: str) -> Any:
    """Return `value` if it is exactly of a JSON type: true is no number and no text."""
    if type(value) is not kind:
        raise CaseError(f"`{path}`: must be {named}")
    return value

"""A FHIR search, read strictly: what it asks for, and the names of what is passed over.

https://hl7.org/fhir/R4/search.html. Whatever is wrong with a search is named from closed tables: a parameter of
search_table.py and a rule of this module, never a value.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mappings.fhir.search_dates import is_date_value
from mappings.fhir.search_table import INCLUDES, REVINCLUDES, Kind, Parameter, parameters_of

MOST_PARAMETERS: Final = 40
MOST_VALUES: Final = 20
LONGEST: Final = 256
USUAL_COUNT: Final = 50
MOST_COUNT: Final = 100

_NAME: Final = re.compile(r"[A-Za-z_:-]{1,64}", re.ASCII)
_SPLIT: Final = re.compile(r"(?<!\\),")
_ESCAPED: Final = re.compile(r"\\([\\,|$])")
_MODIFIERS: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.TOKEN: frozenset({"not", "missing"}),
    Kind.DATE: frozenset({"missing"}),
    Kind.STRING: frozenset({"exact", "contains", "missing"}),
    Kind.REFERENCE: frozenset(),
}
_ABOUT: Final = frozenset({"patient", "subject"})
_MEANT_AS_DEFAULT: Final = {"_summary": "false", "_total": "none"}
RESULT: Final = frozenset({"_count", "_include", "_revinclude", "_format", "_summary", "_total", "_pretty"})


class Broken(StrEnum):
    """Every rule that a search can break. A closed list, so that an error can hold nothing of the search."""

    MODIFIER = "has a modifier that is not served"
    VALUE = "has a value that cannot be read"
    REPEATED = "must be given once, with one value"
    COUNT = "must be a whole number from 1"
    NOT_SERVED = "is not served with this value"
    TOO_MANY = "has more values than are read"


class QueryError(ValueError):
    """A search cannot be read. `parameter` is one of search_table.py or of RESULT, or empty; `rule`: of Broken."""

    def __init__(self, parameter: str, rule: Broken) -> None:
        super().__init__(f"`{parameter}`: {rule.value}")
        self.parameter = parameter
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Criterion:
    """One parameter with its values, of which one must fit."""

    parameter: Parameter
    values: tuple[str, ...]
    modifier: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One search of one type. `ignored`: names of parameters that are passed over; `more_ignored`: and others.

    `patient`: the one id that `patient` or `subject` names. `format`: what `_format` asks for.
    """

    kind: str
    criteria: tuple[Criterion, ...] = ()
    patient: str | None = None
    count: int = USUAL_COUNT
    with_patient: bool = False
    with_provenance: bool = False
    ignored: tuple[str, ...] = ()
    more_ignored: bool = False
    format: str | None = None

    def values(self, name: str) -> tuple[str, ...]:
        """Give the values of the one criterion of that name; empty where there is none, or more than one."""
        found = [one.values for one in self.criteria if one.parameter.name == name and one.modifier is None]
        return found[0] if len(found) == 1 else ()

    @property
    def is_passing_over(self) -> bool:
        """Whether something that was asked for has no effect."""
        return bool(self.ignored) or self.more_ignored


@dataclass(slots=True)
class _Reading:
    kind: str
    known: Mapping[str, Parameter]
    criteria: list[Criterion] = field(default_factory=list)
    about: set[str] = field(default_factory=set)
    result: dict[str, str] = field(default_factory=dict)
    includes: set[str] = field(default_factory=set)
    passed_over: list[str] = field(default_factory=list)


def read_query(kind: str, given: Sequence[tuple[str, str]], *, base: str) -> Query:
    """Read the parameters of a search of `kind`. `base`: our own FHIR address, which references may begin with.

    Raises QueryError, and KeyError for a type that is not served.
    """
    if len(given) > MOST_PARAMETERS:
        raise QueryError("", Broken.TOO_MANY)
    reading = _Reading(kind, parameters_of(kind))
    for name, value in given:
        if value:  # a parameter without a value counts as absent (R4 3.1.1.4)
            _read_one(reading, name, value, base)
    return _query(reading)


def _query(reading: _Reading) -> Query:
    if len(reading.about) > 1:
        raise QueryError("patient", Broken.REPEATED)
    names = list(dict.fromkeys(reading.passed_over))
    sayable = tuple(name for name in names if _NAME.fullmatch(name))
    return Query(
        kind=reading.kind,
        criteria=tuple(reading.criteria),
        patient=next(iter(reading.about), None),
        count=_count(reading.result.get("_count")),
        with_patient="patient" in reading.includes,
        with_provenance="provenance" in reading.includes,
        ignored=sayable,
        more_ignored=len(sayable) < len(names),
        format=reading.result.get("_format"),
    )


def _read_one(reading: _Reading, name: str, value: str, base: str) -> None:
    plain, _, modifier = name.partition(":")
    if name in RESULT:
        _read_result(reading, name, value)
    elif plain in reading.known:
        _read_criterion(reading, reading.known[plain], modifier or None, value, base)
    else:
        reading.passed_over.append(name)


def _read_result(reading: _Reading, name: str, value: str) -> None:
    if name in {"_include", "_revinclude"}:
        _read_include(reading, name, value)
        return
    if name in reading.result:
        raise QueryError(name, Broken.REPEATED)
    if name == "_summary" and value != _MEANT_AS_DEFAULT[name]:
        raise QueryError(name, Broken.NOT_SERVED)  # a count would tell who is on record
    if name == "_pretty" or (name == "_total" and value != _MEANT_AS_DEFAULT[name]):
        reading.passed_over.append(name)
    reading.result[name] = value


def _read_include(reading: _Reading, name: str, value: str) -> None:
    if name == "_include" and value.removesuffix(":Patient") in INCLUDES.get(reading.kind, frozenset()):
        reading.includes.add("patient")
    elif name == "_revinclude" and value in REVINCLUDES and reading.kind in INCLUDES:
        reading.includes.add("provenance")
    else:
        reading.passed_over.append(name)


def _read_criterion(reading: _Reading, parameter: Parameter, modifier: str | None, value: str, base: str) -> None:
    values = tuple(_values(parameter, value))
    if parameter.name in _ABOUT:
        if modifier not in {None, "Patient"}:
            raise QueryError(parameter.name, Broken.MODIFIER)
        reading.about |= {_referred(parameter, one, "Patient", base) for one in values}
        return
    if modifier is not None and (modifier not in _MODIFIERS[parameter.kind] or parameter.name == "_id"):
        raise QueryError(parameter.name, Broken.MODIFIER)
    if modifier == "missing":
        if values not in {("true",), ("false",)}:
            raise QueryError(parameter.name, Broken.VALUE)
    elif parameter.kind is Kind.DATE and not all(is_date_value(one) for one in values):
        raise QueryError(parameter.name, Broken.VALUE)
    reading.criteria.append(Criterion(parameter, values, modifier))


def _values(parameter: Parameter, value: str) -> Iterator[str]:
    """Split what is joined by commas (any of these); a comma behind a backslash belongs to the value."""
    parts = _SPLIT.split(value)
    if len(parts) > MOST_VALUES:
        raise QueryError(parameter.name, Broken.TOO_MANY)
    for part in parts:
        if not 0 < len(part) <= LONGEST or not part.isprintable():
            raise QueryError(parameter.name, Broken.VALUE)
        yield part


def _referred(parameter: Parameter, value: str, kind: str, base: str) -> str:
    """Give the id that a reference names: `id`, `Patient/id`, or that behind our own address."""
    found = value.removeprefix(f"{base}/")
    identity = found.removeprefix(f"{kind}/")
    if "/" in identity or not identity:
        raise QueryError(parameter.name, Broken.VALUE)
    return identity


def _count(value: str | None) -> int:
    if value is None:
        return USUAL_COUNT
    if not value.isascii() or not value.isdecimal() or not value.strip("0"):
        raise QueryError("_count", Broken.COUNT)  # 0 asks how many there are
    return min(MOST_COUNT, int(value[:9]))


def unescaped(value: str) -> str:
    """Give a value without the backslashes that keep commas and bars in it."""
    return _ESCAPED.sub(r"\1", value)


def names_of(parameters: Iterable[Parameter]) -> list[str]:
    """Name parameters, in order."""
    return sorted(one.name for one in parameters)

"""The agenda of a case conference: when it is, which participants are talked about, who sits at the table. Pure.

JSON: `{"at": TIME, "participants": [REFERENCE...], "organizations": [{"id", "person", "role", "promised"}...]}`.
CSV: a header `kind,id,person,role,promised`, then lines of kind `participant` or `organization`; its moment is given
besides. `promised`: whether the person at the table has promised, for this meeting, that nothing of it is ever used
against the participant (LEAD GR-05).
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

MOST: Final = 200
_COLUMNS: Final = ("kind", "id", "person", "role", "promised")
_SEAT: Final = frozenset({"id", "person", "role", "promised"})
_YES: Final = frozenset({"yes", "true", "1"})


class AgendaError(ValueError):
    """An agenda cannot be read. Names the field and the rule, never a participant."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Who comes for an organization, in what role, and whether they have promised."""

    organization: str
    person: str
    role: str | None
    promised: bool


@dataclass(frozen=True, slots=True)
class Agenda:
    """A conference to be: its moment (aware), participants by site-wide reference, and the table."""

    at: datetime
    participants: tuple[str, ...]
    seats: tuple[Seat, ...]


def read_agenda(content: bytes, *, at: datetime | None = None) -> Agenda:
    """Read an agenda, JSON or CSV. `at`: the moment, where the file names none. Raises AgendaError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise AgendaError("`AGENDA`: must be text in UTF-8") from None
    return _json(text, at) if text.lstrip().startswith("{") else _csv(text, at)


def _json(text: str, at: datetime | None) -> Agenda:
    try:
        raw = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        raise AgendaError("`AGENDA`: must be JSON or CSV") from None
    if not isinstance(raw, dict) or not raw.keys() <= {"at", "participants", "organizations"}:
        raise AgendaError("`AGENDA`: must be an object of at, participants and organizations")
    seats = raw.get("organizations")
    people = raw.get("participants")
    if not isinstance(seats, list) or not isinstance(people, list):
        raise AgendaError("`participants`, `organizations`: must be lists")
    return _agenda(_moment(raw.get("at"), at), people, [_seat(each) for each in seats])


def _csv(text: str, at: datetime | None) -> Agenda:
    lines = csv.DictReader(io.StringIO(text))
    if tuple(lines.fieldnames or ()) != _COLUMNS:
        raise AgendaError(f"`AGENDA`: its first line must be {','.join(_COLUMNS)}")
    people, seats = [], []
    for line in lines:
        if line["kind"] == "participant":
            people.append(line["id"])
        elif line["kind"] == "organization":
            promised = (line["promised"] or "").strip().lower() in _YES
            seats.append(_seat({**{name: line[name] for name in ("id", "person", "role")}, "promised": promised}))
        else:
            raise AgendaError("`kind`: must be participant or organization")
    return _agenda(_moment(None, at), people, seats)


def _moment(stated: Any, given: datetime | None) -> datetime:
    try:
        moment = given if stated is None else datetime.fromisoformat(stated)
    except (TypeError, ValueError):
        raise AgendaError("`at`: must be a moment with its offset") from None
    if moment is None or moment.utcoffset() is None:
        raise AgendaError("`at`: must be a moment with its offset")
    return moment


def _seat(raw: Any) -> Seat:
    if not isinstance(raw, Mapping) or not raw.keys() <= _SEAT:
        raise AgendaError("`organizations`: each must be an object of id, person, role and promised")
    promised = raw.get("promised", False)
    if not isinstance(promised, bool):
        raise AgendaError("`promised`: must be true or false")
    return Seat(_word(raw.get("id"), "id"), _word(raw.get("person"), "person"), raw.get("role") or None, promised)


def _word(value: Any, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise AgendaError(f"`{field}`: must be a text that is not blank")
    return value.strip()


def _agenda(at: datetime, people: Iterable[Any], seats: list[Seat]) -> Agenda:
    participants = tuple(_word(each, "participants") for each in people)
    for field, names in (("participants", participants), ("organizations", tuple(s.organization for s in seats))):
        if not names or len(names) > MOST:
            raise AgendaError(f"`{field}`: must be 1 to {MOST}")
        if len(set(names)) != len(names):
            raise AgendaError(f"`{field}`: must name each once")
    return Agenda(at, participants, tuple(seats))

"""What the FHIR mappings share: moments, names of things, narrative, and the check that what we build is FHIR.

We write R4 JSON ourselves and let the R4B classes of `fhir.resources` check it: what we build here is the same in both
releases, and a round trip through the classes would rewrite moments and decimals.
"""

import copy
import re
import uuid
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import Any, Final

import orjson
from fhir.resources.R4B.fhirresourcemodel import FHIRResourceModel
from pydantic import ValidationError

from mappings.fhir import codes
from mappings.fhir.likeness import likeness

Json = dict[str, Any]

_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, codes.BASE)
_LARGEST_OFFSET: Final = timedelta(hours=14)
_MOST_ACCEPTED: Final = 4096
_ACCEPTED: Final[set[tuple[type[FHIRResourceModel], bytes]]] = set()
"""Digests of what was accepted, of forms and never of people. INVARIANT: what was refused is never in here."""


class BuildError(ValueError):
    """We made something that is not FHIR: a fault of ours. Names the elements, never their content."""


class UnreadableResourceError(ValueError):
    """A resource is not what a mapping reads. `field` is an element path, `rule` what it breaks; never content."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"`{field}`: {rule}")
        self.field = field
        self.rule = rule


def checked(model: type[FHIRResourceModel], resource: Json) -> Json:
    """Return the resource, as a copy, once the R4B class accepts it. Raises BuildError, which names elements only.

    What differs from an accepted one only where any spelling of its kind is accepted (likeness.py) is accepted with it.
    """
    raw = _written(resource)
    like = None if raw is None else likeness(resource)
    if like is None or (model, like) not in _ACCEPTED:
        _accept(model, resource)
        if like is not None:
            _remember((model, like))
    return copy.deepcopy(resource) if raw is None else orjson.loads(raw)


def _written(resource: Json) -> bytes | None:
    """Return a resource as bytes that give it back, or None where there are none."""
    try:
        return orjson.dumps(resource)
    except TypeError:
        return None


def _accept(model: type[FHIRResourceModel], resource: Json) -> None:
    try:
        model.model_validate(resource)
    except ValidationError as error:
        where = sorted({".".join(map(str, found["loc"])) for found in error.errors(include_input=False)})
    else:
        return
    raise BuildError(f"built a `{model.__name__}` that is not FHIR: {', '.join(where) or 'the whole'}")


def _remember(accepted: tuple[type[FHIRResourceModel], bytes]) -> None:
    if len(_ACCEPTED) >= _MOST_ACCEPTED:
        _ACCEPTED.clear()
    _ACCEPTED.add(accepted)


def moment(value: datetime, *, timespec: str = "auto") -> str:
    """Write a FHIR dateTime or instant, in its own offset where FHIR has it (whole minutes, to 14 h), else UTC."""
    offset = value.utcoffset()
    if offset is None:
        raise BuildError("a moment without an offset")
    sayable = offset % timedelta(minutes=1) == timedelta(0) and abs(offset) < _LARGEST_OFFSET
    return (value if sayable else value.astimezone(UTC)).isoformat(timespec=timespec)


def read_moment(value: object, field: str) -> datetime:
    """Read a FHIR dateTime with an offset as an aware datetime."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise UnreadableResourceError(field, "must be a date-time with an offset")
    return found


def read_day(value: object, field: str) -> date:
    """Read a FHIR date, whole to the day."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise UnreadableResourceError(field, "must be a date of the form YYYY-MM-DD")


def read_text(value: object, field: str) -> str:
    """Read a JSON string."""
    if not isinstance(value, str):
        raise UnreadableResourceError(field, "must be a string")
    return value


def read_object(value: object, field: str) -> Json:
    """Read a JSON object."""
    if not isinstance(value, dict):
        raise UnreadableResourceError(field, "must be an object")
    return value


def read_list(value: object, field: str) -> list[Any]:
    """Read a JSON array; an absent one is empty."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise UnreadableResourceError(field, "must be a list")
    return value


def only(value: Json, allowed: frozenset[str], field: str) -> None:
    """Refuse elements that the mapping does not read: what is not understood is not passed over."""
    if not value.keys() <= allowed:
        raise UnreadableResourceError(field, "holds an element that is not read here")


def identifier(system: str, value: str) -> Json:
    """Write a FHIR Identifier. A blank value is left out, since FHIR has no empty strings."""
    return {"system": system, "value": value} if value else {"system": system}


def named(kind: str, system: str, value: str, display: str | None = None) -> Json:
    """Write a logical Reference: by type and identifier, with a name where one is given."""
    found: Json = {"type": kind, "identifier": identifier(system, value)}
    return found | {"display": display} if display else found


def stable_uuid(*parts: str) -> str:
    """Make the same UUID for the same parts, in every process: a name, not a secret."""
    return str(uuid.uuid5(_SPACE, "".join(f"{len(part)}:{part}" for part in parts)))


def logical_id(kind: str, value: str) -> str:
    """`value` where it can be a FHIR id, else a stable UUID in its place."""
    return value if _ID.fullmatch(value) else stable_uuid(kind, value)


def narrative(*paragraphs: str) -> Json:
    """Write a generated FHIR Narrative with the paragraphs in full; a line break stays one."""
    shown = "".join(f"<p>{'<br/>'.join(escape(p, quote=False).splitlines())}</p>" for p in paragraphs)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{shown}</div>'}

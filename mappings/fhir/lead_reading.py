"""What the readers of LEAD's resources share: strict, allow-listing, and silent about what they found."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, TypeVar

from consent.wording import is_blank
from mappings.fhir import codes
from mappings.fhir.build import Json, UnreadableResourceError, only, read_list, read_object, read_text

DESCRIBING: Final = frozenset({"resourceType", "id", "meta", "text", "language"})
"""Elements that describe a resource's handling, not the participant. They are passed over; none of them is believed."""

_Word = TypeVar("_Word", bound=StrEnum)


def frame(resource: Json, kind: str, elements: frozenset[str]) -> None:
    """Refuse another type, and every element that is neither read nor only describing (a modifier among them)."""
    if read_object(resource, kind).get("resourceType") != kind:
        raise UnreadableResourceError(f"{kind}.resourceType", f"must be {kind}")
    only(resource, elements | DESCRIBING, kind)


def said(value: object, field: str) -> str:
    """Read a text in which something is said: FHIR has no empty strings, and a blank name is nobody's."""
    text = read_text(value, field)
    if is_blank(text):
        raise UnreadableResourceError(field, "must not be blank")
    return text


def word(value: object, known: Mapping[str, _Word] | type[_Word], field: str) -> _Word:
    """Read a code of a closed list: of an enum, or of a table from FHIR's code to ours."""
    table = known if isinstance(known, Mapping) else {one.value: one for one in known}
    if not isinstance(value, str) or value not in table:
        raise UnreadableResourceError(field, "holds a code that is not known here")
    return table[value]


def identified(found: object, system: str, field: str) -> str:
    """Read the value of the one identifier, which must be of `system`."""
    ones = read_list(found, field)
    if len(ones) != 1 or read_object(ones[0], field).get("system") != system:
        raise UnreadableResourceError(field, "must be the one identifier of its system")
    only(ones[0], frozenset({"system", "value"}), field)
    return said(ones[0].get("value"), field)


def referred(reference: object, kind: str, system: str, field: str) -> tuple[str, str]:
    """Read a reference to a `kind` by its identifier of `system`: its value and the display, empty if none.

    A literal reference beside it is passed over: it holds another server's id, which is nobody that we know.
    """
    found = read_object(reference, field)
    only(found, frozenset({"reference", "type", "identifier", "display"}), field)
    if found.get("type", kind) != kind:
        raise UnreadableResourceError(f"{field}.type", f"must be {kind}")
    display = said(found["display"], f"{field}.display") if "display" in found else ""
    return identified([found.get("identifier")], system, field), display


def coded(concepts: Iterable[object], system: str, field: str) -> str:
    """Read the one code of `system` in CodeableConcepts."""
    codings = [c for one in concepts for c in read_list(read_object(one, field).get("coding"), field)]
    found = codes.codes_of(codings, system)
    if len(found) != 1:
        raise UnreadableResourceError(field, "must hold one code of its system")
    return found[0]

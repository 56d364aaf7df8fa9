"""Reading foreign JSON: lists, objects and codings, strict about types, lenient where others write one for many."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from mappings.fhir.consult.errors import UnreadableConsentError

Json = dict[str, Any]

_LOGICAL: Final = frozenset({"id", "type", "identifier", "display"})


class Coding(NamedTuple):
    """A code and its system as written, "" where none is given."""

    system: str
    code: str

    @property
    def key(self) -> "Coding":
        """The coding to compare by: a slash at a system's end means nothing."""
        return Coding(self.system.rstrip("/"), self.code)


def objects(value: object, field: str) -> list[Json]:
    """Read objects; one object alone counts as a list of one (LEAP's older consents), nothing as none.

    Raises UnreadableConsentError for an empty list too: FHIR knows none, and it would read as "no limit".
    """
    if value is None:
        return []
    found: list[Any] = value if isinstance(value, list) else [value]
    if not found or not all(isinstance(one, dict) for one in found):
        raise UnreadableConsentError(field, "must be objects, at least one")
    return found


def text(value: object, field: str) -> str:
    """Read a text that is not empty. Raises UnreadableConsentError."""
    if not isinstance(value, str) or not value.strip():
        raise UnreadableConsentError(field, "must be a text")
    return value


def read_coding(value: Json, field: str) -> Coding:
    """Read a Coding. Raises UnreadableConsentError where it has no code: a condition nobody can test."""
    system = text(value["system"], f"{field}.system") if "system" in value else ""
    return Coding(system, text(value.get("code"), f"{field}.code"))


def codings_in(value: Any) -> Iterator[Coding]:
    """Yield the key of every Coding under `value`, whatever element holds it."""
    if isinstance(value, list):
        for one in value:
            yield from codings_in(one)
    elif isinstance(value, dict):
        code, system = value.get("code"), value.get("system", "")
        if isinstance(code, str) and isinstance(system, str):
            yield Coding(system, code).key
        for inner in value.values():
            yield from codings_in(inner)


def references_in(value: Any) -> Iterator[tuple[str, Json]]:
    """Yield every Reference under `value` with the name of the element that holds it."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, dict) and _is_reference(one):
                yield name, one
            yield from references_in(one)


def _is_reference(value: Json) -> bool:
    return isinstance(value.get("reference"), str) or ("identifier" in value and value.keys() <= _LOGICAL)

"""What a disclosure tells, line by line, for forms that are no FHIR: a page, a table, a document message.

INVARIANT: what is said here is what was cleared, all of it and nothing else; no id of ours inside the house is in it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from consent.disclosure import Clearance, ClearedItem
from mappings.fhir.references import without_own_identifiers

HEADER: Final = ("record", "category", "element", "value")
_OURS: Final = frozenset({"resourceType", "id", "meta", "reference"})  # what a reference names is not told in words


class Row(NamedTuple):
    """One line. `record`: its number in this disclosure, from 1; `element`: a path of FHIR, empty for "on record"."""

    record: int
    category: str
    element: str
    value: str


def rows_of(clearance: Clearance) -> tuple[Row, ...]:
    """Return all that was cleared as lines, in the order of the clearance; a record without content is one line."""
    return tuple(row for number, item in enumerate(clearance.items, 1) for row in _rows(number, item))


def _rows(number: int, item: ClearedItem) -> Iterator[Row]:
    resource = {} if item.resource is None else without_own_identifiers(item.resource)
    told = tuple(_leaves(resource, resource.get("resourceType", "")))
    for element, value in told or (("", "on record"),):
        yield Row(number, item.category.value, element, value)


def _leaves(node: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for name, inner in node.items():
            if name not in _OURS:
                yield from _leaves(inner, f"{path}.{name}")
    elif isinstance(node, list | tuple):
        for each in node:
            yield from _leaves(each, path)
    elif node is not None:
        yield path, _written(node)


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

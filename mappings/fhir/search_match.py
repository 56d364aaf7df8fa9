"""Does a resource fit a search? INVARIANT: only what leaves is looked at, so that a search tells nothing hidden."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mappings.fhir.search_dates import fits
from mappings.fhir.search_query import Criterion, unescaped
from mappings.fhir.search_table import Kind

_BOOLEANS: Final = {True: "true", False: "false"}


def matches(resource: Mapping[str, Any], criteria: tuple[Criterion, ...]) -> bool:
    """Tell whether a resource, as it leaves, fits all criteria. No criteria: every resource does."""
    return all(_matches(resource, one) for one in criteria)


def _matches(resource: Mapping[str, Any], criterion: Criterion) -> bool:
    found = [value for path in criterion.parameter.paths for value in _at(resource, path.split("."))]
    if criterion.modifier == "missing":
        return (not found) == (criterion.values == ("true",))
    is_met = any(_meets(criterion, one, value) for one in criterion.values for value in found)
    return not is_met if criterion.modifier == "not" else is_met


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    """Give what stands at a path, through arrays."""
    if isinstance(value, list | tuple):
        for one in value:
            yield from _at(one, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _meets(criterion: Criterion, asked: str, value: Any) -> bool:
    kind = criterion.parameter.kind
    if kind is Kind.DATE:
        return fits(asked, value)
    if kind is Kind.TOKEN:
        return _is_token(asked, value)
    if kind is Kind.REFERENCE:
        return isinstance(value, str) and value.endswith(asked) and value.removesuffix(asked)[-1:] in {"", "/"}
    return isinstance(value, str) and _is_text(unescaped(asked), value, criterion.modifier)


def _is_text(asked: str, value: str, modifier: str | None) -> bool:
    if modifier == "exact":
        return asked == value
    sought, there = _folded(asked), _folded(value)
    return sought in there if modifier == "contains" else there.startswith(sought)


def _folded(text: str) -> str:
    """Give a text without case and accents, as R4 wants strings compared."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(one for one in parts if not unicodedata.combining(one)).casefold()


def _is_token(asked: str, value: Any) -> bool:
    """Compare `code`, `system|code`, `|code` or `system|` with a code, a boolean, Coding, concept or identifier."""
    if isinstance(value, Mapping) and "coding" in value:
        return any(_is_token(asked, one) for one in value["coding"])
    if isinstance(value, bool):
        value = {"code": _BOOLEANS[value]}
    if isinstance(value, str):
        value = {"code": value}
    if not isinstance(value, Mapping):
        return False
    code = value.get("code", value.get("value"))
    left, bar, right = (unescaped(one) for one in asked.partition("|"))
    if not bar:
        return bool(code == left)
    return value.get("system", "") == left and (not right or code == right)

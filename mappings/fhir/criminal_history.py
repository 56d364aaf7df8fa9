"""State and FBI fingerprint numbers: they find a person, and stand in no resource that is kept to be passed on.

They are criminal history record information (28 CFR 20.3; the FBI's CJIS Security Policy). A jail or a prosecutor that
sends one knows it already; nobody else is told it by us. Matching has them in the participant's sealed identifiers.
"""

from collections.abc import Mapping
from typing import Any, Final

from mappings.lead.custody import FBI, SID

SYSTEMS: Final = frozenset({SID, FBI})
_TYPES: Final = frozenset({"SID", "FBI"})  # local words seen for the type of such an identifier


def without_criminal_history(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource without identifiers of these systems, at whatever depth they stand; nothing else is changed."""
    return {name: _without(value) for name, value in resource.items() if not _is_number(value)}


def _without(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_criminal_history(value)
    if isinstance(value, list):
        return [_without(each) for each in value if not _is_number(each)]
    return value


def _is_number(value: Any) -> bool:
    """Say whether a value is an Identifier of such a number."""
    if not isinstance(value, Mapping) or "value" not in value:
        return False
    system = value.get("system")
    last = str(system).casefold().rstrip("/").replace(":", "/").rpartition("/")[2] if isinstance(system, str) else ""
    kind = value.get("type")
    codes = kind.get("coding") if isinstance(kind, Mapping) else None
    typed = {each.get("code") for each in codes if isinstance(each, Mapping)} if isinstance(codes, list) else set()
    return last in SYSTEMS or bool(typed & _TYPES)

"""What a partner's person attests in a session (LEAD GR-05), as R4 Parameters.

`requester-name` and `requester-role` (valueString), `purpose` (valueCode, ours), `statement` (valueCode): once each.
"""

from collections.abc import Mapping
from typing import Any, Final

from consent.codes import Purpose
from consent.model import Person
from mappings.fhir.build import UnreadableResourceError
from mappings.fhir.question import MAX_TEXT

STATEMENT: Final = "no-adverse-use-1"
"""The version of what is promised: nothing told is used against the participant, as evidence, or for intelligence."""

_VALUES: Final[Mapping[str, str]] = {
    "requester-name": "valueString",
    "requester-role": "valueString",
    "purpose": "valueCode",
    "statement": "valueCode",
}


class AttestationError(UnreadableResourceError):
    """Parameters are no attestation. Holds nothing of them."""

    def __init__(self) -> None:
        super().__init__("Parameters", "must be an attestation")


def read_attestation(resource: Mapping[str, Any]) -> tuple[Person, Purpose]:
    """Read who promises what is promised here, and for which purpose. Raises AttestationError for anything else."""
    given = _parameters(resource)
    if given.keys() != _VALUES.keys() or given["statement"] != STATEMENT or given["purpose"] not in set(Purpose):
        raise AttestationError
    return Person(given["requester-name"], given["requester-role"]), Purpose(given["purpose"])


def _parameters(resource: Mapping[str, Any]) -> dict[str, str]:
    listed = resource.get("parameter")
    if resource.get("resourceType") != "Parameters" or not isinstance(listed, list):
        raise AttestationError
    found: dict[str, str] = {}
    for one in listed:
        name = one.get("name") if isinstance(one, dict) else None
        element = _VALUES.get(name) if isinstance(name, str) else None
        if name is None or element is None or name in found or one.keys() != {"name", element}:
            raise AttestationError
        found[name] = _text(one[element])
    return found


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT or not value.isprintable():
        raise AttestationError
    return value

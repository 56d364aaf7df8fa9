"""The B2B authorization extension in a signed assertion: why a system asks, and for whom (`extensions.hl7-b2b`).

Source: HL7 UDAP Security IG 1.1 (hl7.org/fhir/us/udap-security), B2B client credentials: `purpose_of_use` holds codes,
`subject_name` and `subject_role` a person. Codes are those of v3-ActReason where one means the same as our purpose
(mappings/fhir/codes.py), or our own; alone, or behind the code system's address or OID and a number sign.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from consent.codes import Purpose
from consent.model import Person
from mappings.fhir.codes import ACT_REASON, PURPOSE, REASONS

NAME: Final = "hl7-b2b"
_ACT_REASON_OID: Final = "urn:oid:2.16.840.1.113883.5.8"
_LONGEST: Final = 200
_CODES: Final[Mapping[str, Purpose]] = {
    **{form: purpose for purpose, code in REASONS.items() for form in (code, f"{ACT_REASON}#{code}")},
    **{f"{_ACT_REASON_OID}#{code}": purpose for purpose, code in REASONS.items()},
    **{form: purpose for purpose in Purpose for form in (purpose.value, f"{PURPOSE}#{purpose.value}")},
}


class B2BError(ValueError):
    """The extension cannot be read. Carries nothing of it."""


@dataclass(frozen=True, slots=True)
class B2B:
    """What an assertion says about its use: a purpose and a person, None where it says nothing."""

    purpose: Purpose | None = None
    person: Person | None = None


def read_b2b(claims: Mapping[str, Any]) -> B2B:
    """Read the extension from an assertion's claims; without it nothing is said. Raises B2BError.

    One token has one purpose: several are refused, and so is one that is not known, because a guess would widen it.
    """
    extensions = claims.get("extensions", {})
    if not isinstance(extensions, Mapping):
        raise B2BError
    given = extensions.get(NAME)
    if given is None:
        return B2B()
    if not isinstance(given, Mapping):
        raise B2BError
    return B2B(_purpose(given.get("purpose_of_use")), _person(given.get("subject_name"), given.get("subject_role")))


def _purpose(codes: Any) -> Purpose | None:
    if codes is None:
        return None
    if not isinstance(codes, list) or len(codes) != 1 or not isinstance(codes[0], str) or codes[0] not in _CODES:
        raise B2BError
    return _CODES[codes[0]]


def _person(name: Any, role: Any) -> Person | None:
    if name is None and role is None:
        return None
    if not _is_line(name) or not _is_line(role):
        raise B2BError
    return Person(name.strip(), role.strip())


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= _LONGEST and value.isprintable()

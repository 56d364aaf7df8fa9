"""A staff member as an R4 Practitioner with a PractitionerRole, and back.

The Practitioner claims US Core 6.1.0 (.../us-core-practitioner), since every rendering meets it. The role claims
nothing: us-core-practitionerrole wants a telecom or an endpoint, which not everybody has, in an expression (pd-1) that
strict FHIRPath engines cannot evaluate over a telecom.
"""

from typing import Any, Final

from fhir.resources.R4B.practitioner import Practitioner
from fhir.resources.R4B.practitionerrole import PractitionerRole

from mappings.fhir import codes, lead_codes
from mappings.fhir.build import (
    Json,
    UnreadableResourceError,
    checked,
    identifier,
    logical_id,
    named,
    only,
    read_list,
    read_object,
    read_text,
)
from mappings.fhir.lead_reading import coded, frame, identified, referred, said
from mappings.lead.team import Staff

PROFILE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-practitioner"

_ROLE: Final = frozenset({"practitioner", "organization", "code", "telecom"})


def to_fhir(staff: Staff) -> tuple[Json, Json]:
    """Write a staff member: the person, then the role at their organization. `staff.family` must not be empty."""
    return checked(Practitioner, _person(staff)), checked(PractitionerRole, _role(staff))


def _person(staff: Staff) -> Json:
    name: Json = {"family": staff.family, "given": list(staff.given)}
    return {
        "resourceType": "Practitioner",
        "id": logical_id("Practitioner", staff.id),
        "meta": {"profile": [PROFILE]},
        "identifier": [identifier(lead_codes.STAFF_NAME, staff.id)],
        "name": [{part: said for part, said in name.items() if said != []}],
    }


def _role(staff: Staff) -> Json:
    phones = [{"system": "phone", "value": one} for one in staff.phones]
    telecom = [*phones, *({"system": "email", "value": one} for one in staff.emails)]
    found: Json = {
        "resourceType": "PractitionerRole",
        "id": logical_id("PractitionerRole", staff.id),
        "practitioner": named("Practitioner", lead_codes.STAFF_NAME, staff.id),
        "organization": named("Organization", codes.ORGANIZATION, staff.organization),
        "code": [{"coding": [codes.coding(lead_codes.STAFF_ROLE, "as-named")], "text": staff.role}],
        "telecom": telecom,
    }
    return {element: content for element, content in found.items() if content}


def from_fhir(person: Json, role: Json) -> Staff:
    """Read a Practitioner and its PractitionerRole, whoever wrote them; both must name the same staff member.

    Raises UnreadableResourceError on anything else. Who may act for an organization is never read from here: a
    credential says it.
    """
    frame(person, "Practitioner", frozenset({"identifier", "name"}))
    frame(role, "PractitionerRole", _ROLE)
    ident = identified(person.get("identifier"), lead_codes.STAFF_NAME, "Practitioner.identifier")
    whose, _ = referred(
        role.get("practitioner"), "Practitioner", lead_codes.STAFF_NAME, "PractitionerRole.practitioner"
    )
    if whose != ident:
        raise UnreadableResourceError("PractitionerRole.practitioner", "must be the Practitioner beside it")
    organization, _ = referred(
        role.get("organization"), "Organization", codes.ORGANIZATION, "PractitionerRole.organization"
    )
    given, family = _read_name(read_list(person.get("name"), "Practitioner.name"))
    reach = [_read_telecom(one) for one in read_list(role.get("telecom"), "PractitionerRole.telecom")]
    return Staff(
        id=ident,
        given=given,
        family=family,
        role=_read_role(read_list(role.get("code"), "PractitionerRole.code")),
        organization=organization,
        phones=tuple(value for system, value in reach if system == "phone"),
        emails=tuple(value for system, value in reach if system == "email"),
    )


def _read_name(names: list[Any]) -> tuple[tuple[str, ...], str]:
    if len(names) != 1:
        raise UnreadableResourceError("Practitioner.name", "must be the one name")
    name = read_object(names[0], "Practitioner.name")
    only(name, frozenset({"family", "given"}), "Practitioner.name")
    given = read_list(name.get("given"), "Practitioner.name.given")
    return (
        tuple(said(one, "Practitioner.name.given") for one in given),
        said(name.get("family"), "Practitioner.name.family"),
    )


def _read_role(concepts: list[Any]) -> str:
    if coded(concepts, lead_codes.STAFF_ROLE, "PractitionerRole.code") != "as-named" or len(concepts) != 1:
        raise UnreadableResourceError("PractitionerRole.code", "must be one role, as named")
    return said(concepts[0].get("text"), "PractitionerRole.code.text")


def _read_telecom(one: object) -> tuple[str, str]:
    telecom = read_object(one, "PractitionerRole.telecom")
    only(telecom, frozenset({"system", "value"}), "PractitionerRole.telecom")
    system = read_text(telecom.get("system"), "PractitionerRole.telecom.system")
    if system not in {"phone", "email"}:
        raise UnreadableResourceError("PractitionerRole.telecom.system", "must be phone or email")
    return system, said(telecom.get("value"), "PractitionerRole.telecom.value")

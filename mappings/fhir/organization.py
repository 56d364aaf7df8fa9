"""A partner as an R4 Organization: whole for the house, a name for everybody else, and back.

US Core 6.1.0 Organization (http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization): identifier, active,
name; the claim is made because every rendering meets it. Our extensions, each `EXTENSION` + name: `part2-status`,
`hipaa-status` (code), `agreement-expires` (date, inclusive), `recipient-class` (string, repeated).
"""

from typing import Final

from fhir.resources.R4B.organization import Organization as OrganizationResource

from consent.codes import HipaaStatus, OrganizationKind, Part2Status
from consent.model import Organization
from mappings.fhir import codes, extensions, lead_codes
from mappings.fhir.build import (
    Json,
    UnreadableResourceError,
    checked,
    identifier,
    logical_id,
    read_day,
    read_list,
)
from mappings.fhir.extensions import Extensions, read_extension_text
from mappings.fhir.lead_reading import coded, frame, identified, said, word

PROFILE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization"

_ELEMENTS: Final = frozenset({"identifier", "active", "type", "name", "extension"})


def to_fhir(organization: Organization) -> Json:
    """Write an organization whole: its kind, what law binds it, until when its agreement runs (inclusive day)."""
    published = lead_codes.ORGANIZATION_TYPES.get(organization.kind)
    kinds = [
        codes.coding(lead_codes.ORGANIZATION_KIND, organization.kind.value),
        *([codes.coding(lead_codes.ORGANIZATION_TYPE, published)] if published else []),
    ]
    return checked(
        OrganizationResource, _card(organization) | {"extension": _terms(organization), "type": [{"coding": kinds}]}
    )


def for_partners(organization: Organization) -> Json:
    """Write an organization for another partner: id and name. Its kind could say that it treats substance use."""
    return checked(OrganizationResource, _card(organization))


def _card(organization: Organization) -> Json:
    return {
        "resourceType": "Organization",
        "id": logical_id("Organization", organization.id),
        "meta": {"profile": [PROFILE]},
        "identifier": [identifier(codes.ORGANIZATION, organization.id)],
        "active": True,
        "name": organization.name,
    }


def _terms(organization: Organization) -> list[Json]:
    expires = organization.agreement_expires
    return [
        extensions.text("part2-status", organization.part2_status.value, kind="Code"),
        extensions.text("hipaa-status", organization.hipaa_status.value, kind="Code"),
        *([extensions.value("agreement-expires", "Date", expires.isoformat())] if expires else []),
        *(extensions.text("recipient-class", name) for name in sorted(organization.classes)),
    ]


def from_fhir(resource: Json) -> Organization:
    """Read an Organization that `to_fhir` wrote whole. Raises UnreadableResourceError on anything else.

    What a partner says of itself is a claim: whoever reads this decides whether to believe its status and agreement.
    """
    frame(resource, "Organization", _ELEMENTS)
    if resource.get("active") is not True:
        raise UnreadableResourceError("Organization.active", "must be true")
    kind = coded(
        read_list(resource.get("type"), "Organization.type"), lead_codes.ORGANIZATION_KIND, "Organization.type"
    )
    terms = Extensions(resource, "Organization")
    expires = terms.value("agreement-expires", "Date")
    organization = Organization(
        id=identified(resource.get("identifier"), codes.ORGANIZATION, "Organization.identifier"),
        name=said(resource.get("name"), "Organization.name"),
        kind=word(kind, OrganizationKind, "Organization.type"),
        part2_status=word(terms.text("part2-status", kind="Code"), Part2Status, "Organization.extension[part2-status]"),
        hipaa_status=word(terms.text("hipaa-status", kind="Code"), HipaaStatus, "Organization.extension[hipaa-status]"),
        agreement_expires=None if expires is None else read_day(expires, "Organization.extension[agreement-expires]"),
        classes=frozenset(
            read_extension_text(one, "Organization.extension[recipient-class]") for one in terms.all("recipient-class")
        ),
    )
    terms.done()
    return organization

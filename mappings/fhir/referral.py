"""A referral to LEAD through one of its three doors as an R4 ServiceRequest, and back.

US Core 6.1.0 ServiceRequest (http://hl7.org/fhir/us/core/StructureDefinition/us-core-servicerequest): category social
service, the door in `code` (no published code knows it). No reasonCode and no note: what somebody was stopped for is
not part of a referral.
"""

from typing import Final

from fhir.resources.R4B.servicerequest import ServiceRequest

from mappings.fhir import codes, lead_codes
from mappings.fhir.about import about
from mappings.fhir.build import (
    Json,
    UnreadableResourceError,
    checked,
    identifier,
    logical_id,
    moment,
    named,
    read_list,
    read_moment,
)
from mappings.fhir.lead_reading import coded, frame, identified, referred, word
from mappings.lead.referral import Door, Referral, ReferralStatus

PROFILE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-servicerequest"

_CATEGORY: Final = codes.concept(lead_codes.SNOMED, lead_codes.SOCIAL_SERVICE)
_ELEMENTS: Final = frozenset(
    {"identifier", "status", "intent", "category", "code", "subject", "authoredOn", "requester", "performer"}
)


def to_fhir(referral: Referral) -> Json:
    """Write a referral. `requester` is left out where nobody is named: the community door has no form to sign."""
    found: Json = {
        "resourceType": "ServiceRequest",
        "id": logical_id("ServiceRequest", referral.id),
        "meta": {"profile": [PROFILE]},
        "identifier": [identifier(lead_codes.REFERRAL_NAME, referral.id)],
        "status": referral.status.value,
        "intent": "order",
        "category": [_CATEGORY],
        "code": codes.concept(lead_codes.DOOR, referral.door.value),
        "subject": about(referral.participant),
        "authoredOn": moment(referral.made_at),
        "requester": None if referral.by is None else named("Organization", codes.ORGANIZATION, referral.by),
        "performer": [named("Organization", codes.ORGANIZATION, referral.to)],
    }
    return checked(ServiceRequest, {name: content for name, content in found.items() if content is not None})


def from_fhir(resource: Json) -> Referral:
    """Read a referral, whoever wrote it. Raises UnreadableResourceError on anything else, a `doNotPerform` included."""
    frame(resource, "ServiceRequest", _ELEMENTS)
    for element, content in (("intent", "order"), ("category", [_CATEGORY])):
        if resource.get(element) != content:
            raise UnreadableResourceError(f"ServiceRequest.{element}", "must have its fixed value")
    performers = read_list(resource.get("performer"), "ServiceRequest.performer")
    if len(performers) != 1:
        raise UnreadableResourceError("ServiceRequest.performer", "must be the one organization that is asked")
    door = coded([resource.get("code")], lead_codes.DOOR, "ServiceRequest.code")
    participant, _ = referred(resource.get("subject"), "Patient", codes.PARTICIPANT, "ServiceRequest.subject")
    return Referral(
        id=identified(resource.get("identifier"), lead_codes.REFERRAL_NAME, "ServiceRequest.identifier"),
        participant=participant,
        door=word(door, Door, "ServiceRequest.code"),
        status=word(resource.get("status"), ReferralStatus, "ServiceRequest.status"),
        made_at=read_moment(resource.get("authoredOn"), "ServiceRequest.authoredOn"),
        to=_organization(performers[0], "ServiceRequest.performer"),
        by=_organization(resource["requester"], "ServiceRequest.requester") if "requester" in resource else None,
    )


def _organization(reference: object, field: str) -> str:
    return referred(reference, "Organization", codes.ORGANIZATION, field)[0]

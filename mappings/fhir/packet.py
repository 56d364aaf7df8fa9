"""A case conference on paper: one document Bundle for one organization, about each participant only what it may see.

A Bundle of type `document` (https://hl7.org/fhir/R4/documents.html). Its Composition comes first, with the notice of
42 CFR 2.32 in full; a section for each participant points to the document of that one disclosure, which is in the
Bundle whole, with its own notice and scope. Who else was on the agenda, and how many, is nowhere in it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from fhir.resources.R4B.composition import Composition

from consent.disclosure import Disclosure
from consent.model import Organization
from mappings.fhir import codes
from mappings.fhir.build import Json, checked, identifier, moment, named, narrative, stable_uuid
from mappings.fhir.bundle import disclosure_bundle

TITLE: Final = "Case conference"
_ORDER: Final = ("U", "L", "M", "N", "R", "V")  # v3-Confidentiality, the least first


class PacketError(ValueError):
    """A packet cannot be made of these disclosures. Names the field and the rule."""


def packet_bundle(
    disclosures: Sequence[Disclosure], *, organizations: Mapping[str, Organization], base_url: str, at: datetime
) -> Json:
    """Render what one organization takes to a conference. The same arguments give the same bytes.

    `disclosures`: all to one recipient, one for each participant, at least one; in the order in which they stand in the
    packet. `at`: when the packet is put together. Raises PacketError for none, two recipients, one person twice.
    """
    recipient = recipient_of(disclosures)
    parts = [disclosure_bundle(each, organizations=organizations, base_url=base_url, at=at) for each in disclosures]
    composition = _composition(disclosures, parts, recipient, organizations, base_url, at)
    first = {"fullUrl": f"urn:uuid:{composition['id']}", "resource": composition}
    return {
        "resourceType": "Bundle",
        "meta": {"security": max((part["meta"]["security"] for part in parts), key=_weight)},
        "identifier": identifier(codes.DISCLOSURE, composition["id"]),
        "type": "document",
        "timestamp": moment(at),
        "entry": [first, *(entry for part in parts for entry in part["entry"])],
    }


def recipient_of(disclosures: Sequence[Disclosure]) -> str:
    """Return the one organization that disclosures are for. Raises PacketError."""
    recipients = {each.clearance.recipient for each in disclosures}
    if len(recipients) != 1:
        raise PacketError("`disclosures`: must be at least one, all to one recipient")
    if len({each.clearance.participant for each in disclosures}) != len(disclosures):
        raise PacketError("`disclosures`: must hold each participant once")
    return recipients.pop()


def _weight(security: Sequence[Mapping[str, Any]]) -> int:
    """Say how confidential the labels of an envelope are."""
    stated = [_ORDER.index(each["code"]) for each in security if each.get("code") in _ORDER]
    return max(stated, default=-1)


def _composition(
    disclosures: Sequence[Disclosure],
    parts: Sequence[Json],
    recipient: str,
    organizations: Mapping[str, Organization],
    base_url: str,
    at: datetime,
) -> Json:
    known = organizations.get(recipient)
    name = "the organization at the table" if known is None else known.name
    notices = {each.clearance.notice.text for each in disclosures if each.clearance.notice is not None}
    return checked(
        Composition,
        {
            "resourceType": "Composition",
            "id": stable_uuid("packet", recipient, *(each.entry for each in disclosures)),
            "meta": {"security": max((part["meta"]["security"] for part in parts), key=_weight)},
            "text": narrative(f"Case conference packet for {name}."),
            "status": "final",
            "type": codes.concept(codes.DOCUMENT, "disclosure"),
            "date": moment(at),
            "author": [named("Device", codes.URI, base_url, "lead-gateway")],
            "title": TITLE,
            "confidentiality": "R",
            "section": [
                *(_notice(text) for text in sorted(notices)),
                *({"title": "Participant", "entry": [{"reference": part["entry"][0]["fullUrl"]}]} for part in parts),
            ],
        },
    )


def _notice(text: str) -> Json:
    return {
        "title": "Notice that accompanies this disclosure (42 CFR 2.32(a))",
        "code": codes.concept(codes.DOCUMENT, "notice"),
        "text": narrative(text),
    }

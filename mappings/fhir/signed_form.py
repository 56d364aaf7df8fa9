"""The signed release of information as an R4 DocumentReference: the evidence behind a Consent.

US Core 6.1.0 DocumentReference (.../us-core-documentreference) and HL7 FAST consent management: type LOINC 64292-6
(release of information) or, for a form that a court or probation wants (2.35) and every other, 59284-0 (consent);
category 57016-8 (privacy policy acknowledgement). It holds names and a signature: it stays inside, or goes to the
participant.
"""

import base64
import hashlib
from typing import Final

from fhir.resources.R4B.documentreference import DocumentReference

from consent.codes import ConsentKind
from consent.model import Consent
from mappings.fhir import codes
from mappings.fhir.build import BuildError, Json, checked, identifier, logical_id, moment, named
from mappings.lead.signed_form import SignedForm

PROFILE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference"

_RELEASES: Final = frozenset({ConsentKind.ROI, ConsentKind.TPO})


def to_fhir(consent: Consent, form: SignedForm) -> Json:
    """Write the document behind a consent. Raises BuildError unless exactly one of its bytes and its url is known."""
    if bool(form.content) == bool(form.url):
        raise BuildError("a signed form is known by its bytes or by its url, one of them")
    release = consent.kind in _RELEASES
    return checked(
        DocumentReference,
        {
            "resourceType": "DocumentReference",
            "id": logical_id("DocumentReference", consent.form.id),
            "meta": {"profile": [PROFILE], "security": codes.security(part2=True, sensitive=True)},
            "identifier": [identifier(codes.RELEASE, consent.form.id)],
            "status": "current",
            "docStatus": "final",
            "type": codes.concept(codes.LOINC, "64292-6" if release else "59284-0"),
            "category": [codes.concept(codes.LOINC, "57016-8")],
            "subject": named("Patient", codes.PARTICIPANT, consent.participant),
            "date": moment(form.kept_at),
            "content": [{"attachment": _attachment(consent, form)}],
            "context": {"related": [named("Consent", codes.CONSENT, consent.id)]},
        },
    )


def _attachment(consent: Consent, form: SignedForm) -> Json:
    head: Json = {
        "contentType": form.content_type,
        "language": consent.form.language,
        "creation": moment(consent.signed_at),
    }
    if not form.content:
        return head | {"url": form.url}
    digest = hashlib.sha1(form.content, usedforsecurity=False).digest()  # R4 Attachment.hash is SHA-1, no other
    return head | {
        "data": base64.b64encode(form.content).decode(),
        "size": len(form.content),
        "hash": base64.b64encode(digest).decode(),
    }

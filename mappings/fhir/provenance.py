"""Who signed a consent, when, and before whom, as an R4 Provenance with the Signature.

https://hl7.org/fhir/R4/provenance.html, https://hl7.org/fhir/R4/datatypes.html#Signature. The types of signature are
ASTM E1762-95: consent signature and signature witness. It is evidence, whole: it goes with the DocumentReference.
"""

import base64
from typing import Final

from fhir.resources.R4B.provenance import Provenance

from consent.codes import Capacity
from consent.model import Consent
from mappings.fhir import codes, lead_codes
from mappings.fhir.build import Json, checked, moment, named, stable_uuid
from mappings.lead.signed_form import Signing

CONSENT_SIGNATURE: Final = "1.2.840.10065.1.12.1.7"
WITNESS_SIGNATURE: Final = "1.2.840.10065.1.12.1.8"


def to_fhir(consent: Consent, signing: Signing) -> Json:
    """Write the provenance of a consent and of the form behind it: signer, custodian, a witness if there was one."""
    return checked(
        Provenance,
        {
            "resourceType": "Provenance",
            "id": stable_uuid("signing", consent.id),
            "meta": {"security": codes.security(part2=True, sensitive=True)},
            "target": [
                named("Consent", codes.CONSENT, consent.id),
                named("DocumentReference", codes.RELEASE, consent.form.id),
            ],
            "occurredDateTime": moment(consent.signed_at),
            "recorded": moment(signing.recorded_at),
            "policy": [codes.PART2_POLICY],
            "activity": codes.concept(codes.LIFECYCLE, "attest"),
            "agent": _agents(consent, signing),
            "signature": [_signature(consent, signing)],
        },
    )


def _signer(consent: Consent) -> Json:
    if consent.signer.capacity is Capacity.SELF:
        return named("Patient", codes.PARTICIPANT, consent.participant, consent.signer.name)
    signer = {"type": "RelatedPerson", "display": consent.signer.name}
    return {part: said for part, said in signer.items() if said}


def _witness(signing: Signing) -> list[Json]:
    if signing.witness is None:
        return []
    witness = named("Practitioner", lead_codes.STAFF_NAME, signing.witness)
    behalf = named("Organization", codes.ORGANIZATION, signing.custodian)
    return [{"type": codes.concept(codes.PROVENANCE_ROLE, "attester"), "who": witness, "onBehalfOf": behalf}]


def _agents(consent: Consent, signing: Signing) -> list[Json]:
    custodian = named("Organization", codes.ORGANIZATION, signing.custodian)
    return [
        {"type": codes.concept(codes.PROVENANCE_ROLE, "author"), "who": _signer(consent)},
        {"type": codes.concept(codes.PROVENANCE_ROLE, "custodian"), "who": custodian},
        *_witness(signing),
    ]


def _signature(consent: Consent, signing: Signing) -> Json:
    """Write the consent signature; its bytes as captured where there are any (a scan holds them itself)."""
    captured = signing.signature
    kept = {"sigFormat": captured.content_type, "data": base64.b64encode(captured.content).decode()} if captured else {}
    return {
        "type": [codes.coding(lead_codes.SIGNATURE, CONSENT_SIGNATURE)],
        "when": moment(consent.signed_at),
        "who": _signer(consent),
        **kept,
    }

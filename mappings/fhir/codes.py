"""The code systems that our FHIR speaks: our own, and the published ones with the few codes that we use.

`BASE` ends in `.invalid` on purpose (RFC 2606): the urls are names, nobody can own the host, nothing resolves them.
Codes compare exactly. The published codes were read in HL7 Terminology (v3-ActCode, v3-ActReason, v3-Confidentiality,
consentscope, consentaction, consent category codes from LOINC).
"""

from collections.abc import Iterable
from typing import Any, Final

from consent.codes import PART2_CATEGORIES, Category, Purpose

BASE: Final = "https://lead-gateway.invalid/fhir"
EXTENSION: Final = f"{BASE}/StructureDefinition/"

PURPOSE: Final = f"{BASE}/CodeSystem/purpose"
CATEGORY: Final = f"{BASE}/CodeSystem/category"
CONSENT_KIND: Final = f"{BASE}/CodeSystem/consent-kind"
DIMENSION: Final = f"{BASE}/CodeSystem/plan-dimension"
TASK: Final = f"{BASE}/CodeSystem/task"
QUESTION_INPUT: Final = f"{BASE}/CodeSystem/question-input"
DOCUMENT: Final = f"{BASE}/CodeSystem/document"

ORGANIZATION: Final = f"{BASE}/NamingSystem/organization"
PARTICIPANT: Final = f"{BASE}/NamingSystem/participant"
CONSENT: Final = f"{BASE}/NamingSystem/consent"
RELEASE: Final = f"{BASE}/NamingSystem/release-of-information"
RECIPIENT_CLASS: Final = f"{BASE}/NamingSystem/recipient-class"
NOBODY: Final = f"{BASE}/NamingSystem/nobody"
PLAN: Final = f"{BASE}/NamingSystem/intervention-plan"
QUESTION: Final = f"{BASE}/NamingSystem/question"
DISCLOSURE: Final = f"{BASE}/NamingSystem/disclosure"

LOINC: Final = "http://loinc.org"
ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
CONSENT_SCOPE: Final = "http://terminology.hl7.org/CodeSystem/consentscope"
CONSENT_ACTION: Final = "http://terminology.hl7.org/CodeSystem/consentaction"
LIFECYCLE: Final = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
PROVENANCE_ROLE: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
URI: Final = "urn:ietf:rfc:3986"

PART2_POLICY: Final = "https://www.ecfr.gov/current/title-42/section-2.31"
NO_CODE: Final = "none"  # what an empty list renders as: in FHIR an absent element would mean "no limit"

REASONS: Final[dict[Purpose, str]] = {
    Purpose.TREATMENT: "TREAT",
    Purpose.PAYMENT: "HPAYMT",
    Purpose.OPERATIONS: "HOPERAT",
    Purpose.CARE_COORDINATION: "COC",
    Purpose.EMERGENCY: "ETREAT",
    Purpose.RESEARCH: "HRESCH",
    Purpose.PUBLIC_HEALTH: "PUBHLTH",
    Purpose.PROCEEDING: "HLEGAL",
}
"""v3-ActReason beside our purpose, only where it means the same: a wider published code would widen a permit.

Nothing that a justice partner is served for coordination maps to HLEGAL; diversion has no published code at all.
"""

SENSITIVITIES: Final[dict[Category, tuple[str, ...]]] = {
    **dict.fromkeys(PART2_CATEGORIES, ("ETH", "SUD")),
    Category.MENTAL_HEALTH: ("MH", "PSY"),
    Category.PSYCHOTHERAPY_NOTES: ("MH", "PSY"),
    Category.HIV_STI: ("HIV",),
    Category.DV_SAFETY: ("SDV",),
}
"""v3-ActCode sensitivities of a category. ETH and SUD are siblings in that code system, so both are listed."""


def coding(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    """Write a FHIR Coding."""
    found: dict[str, Any] = {"system": system, "code": code}
    return found if display is None else found | {"display": display}


def concept(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    """Write a FHIR CodeableConcept with the one coding."""
    return {"coding": [coding(system, code, display)]}


def codes_of(codings: Iterable[Any], system: str) -> list[str]:
    """Find the codes of `system` among FHIR Codings, in order; whatever is no Coding of that system is passed over."""
    return [str(c.get("code", "")) for c in codings if isinstance(c, dict) and c.get("system") == system]


def purpose_codings(purpose: Purpose) -> list[dict[str, Any]]:
    """Our code for a purpose, then the published one where one means the same."""
    reason = REASONS.get(purpose)
    return [coding(PURPOSE, purpose.value), *([coding(ACT_REASON, reason)] if reason else [])]


def security(*, part2: bool, sensitive: bool) -> list[dict[str, Any]]:
    """DS4P security labels of one resource: exactly one confidentiality, and for Part 2 the law and its refrain.

    Restricted for Part 2 and for sensitive content, otherwise normal. NORDSCLCD: no redisclosure without a consent
    directive (42 CFR 2.32; the older NORDSLCD is retired).
    """
    labels = [coding(CONFIDENTIALITY, "R" if part2 or sensitive else "N")]
    return [*labels, coding(ACT_CODE, "42CFRPart2"), coding(ACT_CODE, "NORDSCLCD")] if part2 else labels

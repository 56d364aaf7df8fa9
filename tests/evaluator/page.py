"""The code lists and the ceiling table of the decision-case page, copied out by hand.

INVARIANT: nothing in tests/evaluator but test_agreement.py imports the product. What both sides took from one module
they would get wrong together.
"""

JUSTICE = {"jail-custody", "police", "prosecutor", "court", "probation"}
HEALTH = {"part2-program", "hospital", "treatment-provider", "ems", "jail-health"}
COUNSEL = {"public-defender", "legal-services"}
COMMUNITY = {"housing", "benefits", "business", "project-management", "evaluator", "funder"}
KINDS = JUSTICE | HEALTH | COUNSEL | COMMUNITY | {"case-management", "health-plan"}

JUSTICE_PURPOSES = {"care-coordination", "warm-handoff", "case-alignment", "resource-barrier"}
TPO_PURPOSES = {"treatment", "payment", "operations"}
GATED_PURPOSES = {"research", "audit", "public-health"}
SERVABLE = (
    JUSTICE_PURPOSES
    | TPO_PURPOSES
    | GATED_PURPOSES
    | {"emergency", "custody-continuity", "proceeding", "supervision-monitoring"}
)
NEVER_SERVED = {
    "investigation",
    "charging",
    "warrant",
    "revocation-hearing",
    "fundraising",
    "multiple-enrollment",
    "intelligence",
}
PURPOSES = SERVABLE | NEVER_SERVED
PROCEEDING_PURPOSES = {"proceeding", "investigation", "charging", "warrant", "revocation-hearing"}

FIREWALL = {"drug-tests", "relapse-use", "missed-appointments", "violations", "location-trail", "associates"}
NOTES = {"counseling-notes", "psychotherapy-notes"}
PLAIN = {
    "identity",
    "contact",
    "participation",
    "engagement",
    "progress",
    "barriers",
    "goals",
    "care-plan",
    "appointments",
    "housing",
    "benefits",
    "employment",
    "legal-status",
    "custody",
    "referral",
    "intake",
    "physical-health",
    "medications",
    "mental-health",
    "sud-diagnosis",
    "sud-treatment",
    "moud",
    "hiv-sti",
    "dv-safety",
}
CATEGORIES = PLAIN | FIREWALL | NOTES
PART2_CATEGORIES = {"sud-diagnosis", "sud-treatment", "moud", "drug-tests", "relapse-use", "counseling-notes"}
EMERGENCY_CATEGORIES = {
    "identity",
    "physical-health",
    "medications",
    "mental-health",
    "sud-diagnosis",
    "sud-treatment",
    "moud",
}

MEDICAL_ROLES = {"physician", "physician-assistant", "nurse-practitioner", "nurse", "paramedic", "emt", "pharmacist"}
FINDINGS = [
    "notice-given",
    "no-other-way",
    "public-interest-outweighs",
    "scope-limited",
    "mandate-attached",
    "extremely-serious-crime",
    "substantial-value",
    "confidential-communications",
]

_JUSTICE_CEILING = {
    "warm-handoff": "identity contact participation appointments",
    "resource-barrier": "identity participation barriers goals appointments housing benefits employment",
    "care-coordination": "identity contact participation engagement progress barriers goals appointments housing"
    " benefits employment legal-status custody referral",
    "case-alignment": "identity participation engagement progress barriers goals housing legal-status custody"
    " referral mental-health sud-treatment",
    "supervision-monitoring": "identity participation engagement progress appointments sud-treatment",
}
_COMMUNITY_CEILING = {
    "business": "participation engagement",
    "funder": "participation engagement",
    "project-management": "identity participation engagement progress barriers goals appointments legal-status"
    " custody referral",
    "housing": "identity contact participation engagement goals barriers appointments housing benefits employment"
    " physical-health mental-health",
    "benefits": "identity contact participation engagement goals barriers appointments housing benefits employment"
    " physical-health mental-health",
}


def ceiling(kind: str, purpose: str) -> set[str]:
    """The categories that a requester of this kind may receive at most for this purpose; nothing where no row fits."""
    if kind in JUSTICE:
        return set(_JUSTICE_CEILING.get(purpose, "").split())
    if kind in _COMMUNITY_CEILING:
        return set(_COMMUNITY_CEILING[kind].split())
    if kind == "evaluator" and purpose in GATED_PURPOSES:
        return CATEGORIES - FIREWALL - {"dv-safety"} - NOTES
    if kind == "evaluator":
        return {"participation", "engagement"}
    if kind in COUNSEL | HEALTH | {"case-management", "health-plan"}:
        return CATEGORIES - NOTES
    return set()

"""Codes of the house in the words of whoever works with them: categories, purposes, kinds, exchanges. Closed tables."""

from collections.abc import Mapping
from typing import Final

from consent.codes import Category, HipaaStatus, OrganizationKind, Part2Status, Purpose
from gateway.web.words import plain

_C: Final = Category
_P: Final = Purpose
_K: Final = OrganizationKind
_CATEGORIES: Final[Mapping[Category, str]] = {
    _C.IDENTITY: "Name and birth date",
    _C.CONTACT: "How to reach them",
    _C.PARTICIPATION: "That they take part",
    _C.ENGAGEMENT: "That they keep in touch",
    _C.PROGRESS: "Progress in general",
    _C.BARRIERS: "What stands in the way",
    _C.LEGAL_STATUS: "How the court case stands",
    _C.CUSTODY: "Jail: booked, released",
    _C.INTAKE: "Intake answers",
    _C.SUD_DIAGNOSIS: "Substance use diagnosis",
    _C.SUD_TREATMENT: "Substance use treatment",
    _C.MOUD: "Medication for opioid use disorder",
    _C.HIV_STI: "HIV and sexually transmitted infections",
    _C.DV_SAFETY: "Safety from domestic violence",
    _C.DRUG_TESTS: "Drug tests",
    _C.RELAPSE_USE: "Relapse or use",
    _C.VIOLATIONS: "Violations",
    _C.LOCATION_TRAIL: "Where they have been",
    _C.ASSOCIATES: "Whom they know",
    _C.COUNSELING_NOTES: "Counseling notes (substance use)",
    _C.PSYCHOTHERAPY_NOTES: "Psychotherapy notes",
}
_PURPOSES: Final[Mapping[Purpose, str]] = {
    _P.CARE_COORDINATION: "To coordinate care",
    _P.WARM_HANDOFF: "To hand somebody over in person",
    _P.CASE_ALIGNMENT: "To fit the court case to the plan",
    _P.RESOURCE_BARRIER: "To get past a barrier",
    _P.CUSTODY_CONTINUITY: "To keep up care in jail",
    _P.PROCEEDING: "A court proceeding",
    _P.SUPERVISION_MONITORING: "To monitor supervision",
    _P.OPERATIONS: "To run the health service",
}
_KINDS: Final[Mapping[OrganizationKind, str]] = {
    _K.PART2_PROGRAM: "Substance use program (Part 2)",
    _K.EMS: "Ambulance (EMS)",
    _K.JAIL_HEALTH: "Jail health care",
    _K.JAIL_CUSTODY: "Jail",
    _K.PROJECT_MANAGEMENT: "LEAD project management",
}
_PART2: Final[Mapping[Part2Status, str]] = {
    Part2Status.PROGRAM: "A Part 2 program",
    Part2Status.NOT_PROGRAM: "Not a Part 2 program",
    Part2Status.UNKNOWN: "Not known: treated as a Part 2 program",
}
_HIPAA: Final[Mapping[HipaaStatus, str]] = {
    HipaaStatus.COVERED_ENTITY: "Covered entity",
    HipaaStatus.BUSINESS_ASSOCIATE: "Business associate",
    HipaaStatus.NONE: "Not bound by HIPAA",
}
EXCHANGES: Final[Mapping[str, str]] = {
    "custody-alert": "Booking or release, to the case manager",
    "custody-notice-treatment": "Booking or release, to treatment",
    "custody-notice-jail-health": "What jail health care needs after a booking",
    "coordination-request": "Answer to a question",
    "diversion-complete": "Diversion complete",
    "case-status-inside": "Court case news, to the case manager",
    "case-status": "Court case news, to counsel",
    "referral": "Referral",
    "care-plan": "Care plan",
    "progress-letter": "Progress letter",
    "hospital-discharge": "Hospital discharge",
    "conference-packet": "Case conference sheet",
    "emergency": "Medical emergency",
    "legal-intake": "Court order or subpoena",
}


def category(code: str) -> str:
    """Write a category."""
    return _CATEGORIES.get(Category(code)) or plain(code)


def purpose(code: str) -> str:
    """Write a purpose."""
    return _PURPOSES.get(Purpose(code)) or plain(code)


def kind(code: OrganizationKind) -> str:
    """Write a kind of organization."""
    return _KINDS.get(code) or plain(code)


def part2(code: Part2Status) -> str:
    """Write a standing under 42 CFR part 2."""
    return _PART2[code]


def hipaa(code: HipaaStatus) -> str:
    """Write a standing under HIPAA."""
    return _HIPAA[code]


def exchange(name: str | None) -> str:
    """Write an exchange; none of them is the answer to a question."""
    return "Answer to a question" if name is None else EXCHANGES.get(name) or plain(name)

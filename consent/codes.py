"""The closed vocabularies of a decision: kinds, purposes, categories, findings.

Codes compare exactly. A code that is not in one of these enums is bad input at the edge and never reaches a rule.
"""

from enum import StrEnum


class OrganizationKind(StrEnum):
    """What an organization is. Decides ceilings, notices and which bases exist for it."""

    CASE_MANAGEMENT = "case-management"
    PART2_PROGRAM = "part2-program"
    HOSPITAL = "hospital"
    TREATMENT_PROVIDER = "treatment-provider"
    EMS = "ems"
    HEALTH_PLAN = "health-plan"
    JAIL_HEALTH = "jail-health"
    JAIL_CUSTODY = "jail-custody"
    POLICE = "police"
    PROSECUTOR = "prosecutor"
    COURT = "court"
    PROBATION = "probation"
    PUBLIC_DEFENDER = "public-defender"
    LEGAL_SERVICES = "legal-services"
    HOUSING = "housing"
    BENEFITS = "benefits"
    BUSINESS = "business"
    PROJECT_MANAGEMENT = "project-management"
    EVALUATOR = "evaluator"
    FUNDER = "funder"


_K = OrganizationKind
JUSTICE_KINDS = frozenset({_K.JAIL_CUSTODY, _K.POLICE, _K.PROSECUTOR, _K.COURT, _K.PROBATION})
HEALTH_KINDS = frozenset({_K.PART2_PROGRAM, _K.HOSPITAL, _K.TREATMENT_PROVIDER, _K.EMS, _K.JAIL_HEALTH})
COUNSEL_KINDS = frozenset({_K.PUBLIC_DEFENDER, _K.LEGAL_SERVICES})
COMMUNITY_KINDS = frozenset({_K.HOUSING, _K.BENEFITS, _K.BUSINESS, _K.PROJECT_MANAGEMENT, _K.EVALUATOR, _K.FUNDER})


class Part2Status(StrEnum):
    """Is the organization a Part 2 program (42 CFR 2.11)? `unknown` acts as `program`."""

    PROGRAM = "program"
    NOT_PROGRAM = "not-program"
    UNKNOWN = "unknown"


class HipaaStatus(StrEnum):
    """The organization's standing under 45 CFR 160.103."""

    COVERED_ENTITY = "covered-entity"
    BUSINESS_ASSOCIATE = "business-associate"
    NONE = "none"


class LegalRole(StrEnum):
    """What this installation is toward the programs it serves (42 CFR 2.11)."""

    BUSINESS_ASSOCIATE = "business-associate"
    INTERMEDIARY = "intermediary"
    PROGRAM_INTERNAL = "program-internal"


class Purpose(StrEnum):
    """Why somebody asks."""

    TREATMENT = "treatment"
    PAYMENT = "payment"
    OPERATIONS = "operations"
    CARE_COORDINATION = "care-coordination"
    WARM_HANDOFF = "warm-handoff"
    CASE_ALIGNMENT = "case-alignment"
    RESOURCE_BARRIER = "resource-barrier"
    EMERGENCY = "emergency"
    CUSTODY_CONTINUITY = "custody-continuity"
    PROCEEDING = "proceeding"
    SUPERVISION_MONITORING = "supervision-monitoring"
    RESEARCH = "research"
    AUDIT = "audit"
    PUBLIC_HEALTH = "public-health"
    INVESTIGATION = "investigation"
    CHARGING = "charging"
    WARRANT = "warrant"
    REVOCATION_HEARING = "revocation-hearing"
    FUNDRAISING = "fundraising"
    MULTIPLE_ENROLLMENT = "multiple-enrollment"
    INTELLIGENCE = "intelligence"


_P = Purpose
NEVER_SERVED = frozenset(
    {
        _P.INVESTIGATION,
        _P.CHARGING,
        _P.WARRANT,
        _P.REVOCATION_HEARING,
        _P.FUNDRAISING,
        _P.MULTIPLE_ENROLLMENT,
        _P.INTELLIGENCE,
    }
)
JUSTICE_PURPOSES = frozenset({_P.CARE_COORDINATION, _P.WARM_HANDOFF, _P.CASE_ALIGNMENT, _P.RESOURCE_BARRIER})
TPO_PURPOSES = frozenset({_P.TREATMENT, _P.PAYMENT, _P.OPERATIONS})


class Category(StrEnum):
    """What kind of information an item is."""

    IDENTITY = "identity"
    CONTACT = "contact"
    PARTICIPATION = "participation"
    ENGAGEMENT = "engagement"
    PROGRESS = "progress"
    BARRIERS = "barriers"
    GOALS = "goals"
    CARE_PLAN = "care-plan"
    APPOINTMENTS = "appointments"
    HOUSING = "housing"
    BENEFITS = "benefits"
    EMPLOYMENT = "employment"
    LEGAL_STATUS = "legal-status"
    CUSTODY = "custody"
    REFERRAL = "referral"
    INTAKE = "intake"
    PHYSICAL_HEALTH = "physical-health"
    MEDICATIONS = "medications"
    MENTAL_HEALTH = "mental-health"
    SUD_DIAGNOSIS = "sud-diagnosis"
    SUD_TREATMENT = "sud-treatment"
    MOUD = "moud"
    HIV_STI = "hiv-sti"
    DV_SAFETY = "dv-safety"
    DRUG_TESTS = "drug-tests"
    RELAPSE_USE = "relapse-use"
    MISSED_APPOINTMENTS = "missed-appointments"
    VIOLATIONS = "violations"
    LOCATION_TRAIL = "location-trail"
    ASSOCIATES = "associates"
    COUNSELING_NOTES = "counseling-notes"
    PSYCHOTHERAPY_NOTES = "psychotherapy-notes"


_C = Category
FIREWALL_CATEGORIES = frozenset(
    {_C.DRUG_TESTS, _C.RELAPSE_USE, _C.MISSED_APPOINTMENTS, _C.VIOLATIONS, _C.LOCATION_TRAIL, _C.ASSOCIATES}
)
NOTES = frozenset({_C.COUNSELING_NOTES, _C.PSYCHOTHERAPY_NOTES})
PART2_CATEGORIES = frozenset(
    {_C.SUD_DIAGNOSIS, _C.SUD_TREATMENT, _C.MOUD, _C.DRUG_TESTS, _C.RELAPSE_USE, _C.COUNSELING_NOTES}
)


class ConsentKind(StrEnum):
    """The kinds of signed form that have legal effect here."""

    ROI = "roi"
    TPO = "tpo"
    NOTES = "notes"
    PROCEEDING = "proceeding"
    CJ_2_35 = "cj-2.35"


class Capacity(StrEnum):
    """In what capacity somebody signed (42 CFR 2.14, 2.15)."""

    SELF = "self"
    PARENT = "parent"
    GUARDIAN = "guardian"
    PERSONAL_REPRESENTATIVE = "personal-representative"
    EXECUTOR = "executor"


class Integrity(StrEnum):
    """Whether the form can be relied on (42 CFR 2.31(c))."""

    OK = "ok"
    SUSPECT = "suspect"
    UNREADABLE = "unreadable"


class RevocationMode(StrEnum):
    """How a revocation reached us. Both stop at once (P2-70)."""

    WRITTEN = "written"
    ORAL = "oral"


class OrderType(StrEnum):
    """The court orders of 42 CFR part 2, subpart E, that can be recorded."""

    O2_64 = "2.64"
    O2_65 = "2.65"
    O2_66 = "2.66"


class OrderFinding(StrEnum):
    """What a court has found, as recorded from the order by a person."""

    NOTICE_GIVEN = "notice-given"
    NO_OTHER_WAY = "no-other-way"
    PUBLIC_INTEREST_OUTWEIGHS = "public-interest-outweighs"
    SCOPE_LIMITED = "scope-limited"
    MANDATE_ATTACHED = "mandate-attached"
    EXTREMELY_SERIOUS_CRIME = "extremely-serious-crime"
    SUBSTANTIAL_VALUE = "substantial-value"
    CONFIDENTIAL_COMMUNICATIONS = "confidential-communications"


TREATING_PROVIDERS = "treating-providers"
CLASS_PREFIX = "class:"
RECIPIENT_CLASSES = frozenset({TREATING_PROVIDERS})
MEDICAL_PERSONNEL = frozenset(
    {"physician", "physician-assistant", "nurse-practitioner", "nurse", "paramedic", "emt", "pharmacist"}
)

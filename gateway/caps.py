"""What a partner's system may ask for at most, by the kind of its organization. A closed table: no row, nothing.

Scopes are SMART v2 system scopes (hl7.org/fhir/smart-app-launch, 2.2, scopes-and-launch-context). A row is a ceiling
over what a privacy officer registers, applied when a client is registered and again when a token is issued; consent,
law and the exchange's own bounds are decided for each request, whatever a scope says.
"""

from collections.abc import Mapping
from typing import Final

from consent.codes import COMMUNITY_KINDS, COUNSEL_KINDS, HEALTH_KINDS, OrganizationKind, Purpose

Scopes = frozenset[str]

_REGISTRY: Final = frozenset({"system/Organization.rs", "system/Practitioner.rs", "system/PractitionerRole.rs"})
# Asks, reads its own questions, and is told of the answers: all that whoever does not search needs (LEAD GR-04).
_TOLD: Final = frozenset({"system/Subscription.cruds"})
_ASKING: Final = _TOLD | {"system/Task.cr"}
# Files and revokes a signed form, and sees the grants that it is itself a party to (IHE PCF ITI-108, FAST).
_CONSENTS: Final = frozenset({"system/Consent.crs"})
_ACCOUNTS: Final = frozenset({"system/AuditEvent.crs", "system/Provenance.rs"})
_CARE: Final = frozenset(
    {
        "system/AllergyIntolerance.rs",
        "system/Appointment.rs",
        "system/CarePlan.rs",
        "system/CareTeam.rs",
        "system/Condition.rs",
        "system/DocumentReference.rs",
        "system/Encounter.rs",
        "system/EpisodeOfCare.rs",
        "system/Goal.rs",
        "system/MedicationRequest.rs",
        "system/MedicationStatement.rs",
        "system/Observation.rs",
        "system/Patient.rs",
        "system/ServiceRequest.rs",
    }
)
_JUSTICE: Final = _ASKING | _REGISTRY  # LEAD GR-04, GR-05: a person asks about a person, and nobody searches
_COUNSEL: Final = _ASKING | _REGISTRY | _CONSENTS  # a participant's own counsel may file, and end, what was signed
_COMMUNITY: Final = _ASKING | _REGISTRY  # LEAD GR-04
_HEALTH: Final = _TOLD | {"system/Task.crs"} | _REGISTRY | _CONSENTS | _ACCOUNTS | _CARE
_PLAN: Final = (  # 42 CFR 2.13(a), 45 CFR 164.502(b): what paying for care takes, and no plans of care
    _ASKING | _REGISTRY | _CONSENTS | _ACCOUNTS | {"system/Patient.rs", "system/Encounter.rs"}
)

_K: Final = OrganizationKind
SCOPES: Final[Mapping[OrganizationKind, Scopes]] = {
    _K.CASE_MANAGEMENT: _HEALTH,
    **dict.fromkeys(HEALTH_KINDS, _HEALTH),
    _K.HEALTH_PLAN: _PLAN,
    _K.JAIL_CUSTODY: _JUSTICE,
    _K.POLICE: _JUSTICE,
    _K.PROSECUTOR: _JUSTICE,
    _K.COURT: _JUSTICE,
    _K.PROBATION: _JUSTICE,
    **dict.fromkeys(COUNSEL_KINDS, _COUNSEL),
    **dict.fromkeys(COMMUNITY_KINDS, _COMMUNITY),
}

_P: Final = Purpose
_COORDINATION: Final = (_P.CARE_COORDINATION, _P.WARM_HANDOFF)
_OF_CARE: Final = (_P.TREATMENT, *_COORDINATION, _P.CUSTODY_CONTINUITY, _P.PAYMENT, _P.OPERATIONS)
_OF_JUSTICE: Final = (_P.CARE_COORDINATION, _P.CASE_ALIGNMENT, _P.WARM_HANDOFF, _P.RESOURCE_BARRIER)
PURPOSES: Final[Mapping[OrganizationKind, tuple[Purpose, ...]]] = {
    _K.CASE_MANAGEMENT: (_P.CARE_COORDINATION, _P.WARM_HANDOFF, _P.CASE_ALIGNMENT, _P.TREATMENT, _P.OPERATIONS),
    **dict.fromkeys(HEALTH_KINDS, _OF_CARE),
    _K.HEALTH_PLAN: (_P.PAYMENT, _P.OPERATIONS, _P.CARE_COORDINATION),
    _K.JAIL_CUSTODY: (*_OF_JUSTICE, _P.CUSTODY_CONTINUITY),
    _K.POLICE: _OF_JUSTICE,
    _K.PROSECUTOR: _OF_JUSTICE,
    _K.COURT: (*_OF_JUSTICE, _P.SUPERVISION_MONITORING),
    _K.PROBATION: (*_OF_JUSTICE, _P.SUPERVISION_MONITORING),
    **dict.fromkeys(COUNSEL_KINDS, (_P.CARE_COORDINATION, _P.CASE_ALIGNMENT, _P.PROCEEDING)),
    **dict.fromkeys(COMMUNITY_KINDS, (*_COORDINATION, _P.RESOURCE_BARRIER)),
}
"""Purposes by kind, the default first. An emergency is no purpose of a token: it is asked as a question, attested."""

SERVED: Final = tuple(sorted(_HEALTH))
"""Every scope that some kind of organization can hold: those of care hold all of them."""


def scopes_of(kind: OrganizationKind) -> Scopes:
    """Give the most that an organization of this kind may hold; nothing where the table has no row."""
    return SCOPES.get(kind, frozenset())


def purposes_of(kind: OrganizationKind) -> tuple[Purpose, ...]:
    """Give the purposes for which an organization of this kind may pull, the default first."""
    return PURPOSES.get(kind, ())

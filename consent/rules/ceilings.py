"""Ceilings: the most that a kind may receive under an roi, tpo or cj-2.35 consent.

42 CFR 2.13(a) limits every disclosure to what its purpose needs (the text read is older than 2024); 45 CFR 164.502(b)
is the minimum necessary; LEAD GR-02 keeps adverse content from justice. The table is the house's (P2-20: judgment).
"""

from collections.abc import Mapping
from typing import Final

from consent.codes import (
    COUNSEL_KINDS,
    FIREWALL_CATEGORIES,
    HEALTH_KINDS,
    JUSTICE_KINDS,
    NOTES,
    Category,
    OrganizationKind,
    Purpose,
)

_C = Category
_K = OrganizationKind
_EVALUATION: Final = frozenset({Purpose.RESEARCH, Purpose.AUDIT, Purpose.PUBLIC_HEALTH})
_NOTHING: Final[frozenset[Category]] = frozenset()
_PARTICIPATION: Final = frozenset({_C.PARTICIPATION, _C.ENGAGEMENT})
_BUT_NOTES: Final = frozenset(Category) - NOTES
_LIVING: Final = frozenset({_C.BARRIERS, _C.GOALS, _C.APPOINTMENTS, _C.HOUSING, _C.BENEFITS, _C.EMPLOYMENT})
_COURSE: Final = frozenset({_C.IDENTITY, _C.PARTICIPATION, _C.ENGAGEMENT, _C.PROGRESS})
_JUSTICE: Final[Mapping[Purpose, frozenset[Category]]] = {
    Purpose.WARM_HANDOFF: frozenset({_C.IDENTITY, _C.CONTACT, _C.PARTICIPATION, _C.APPOINTMENTS}),
    Purpose.RESOURCE_BARRIER: _LIVING | {_C.IDENTITY, _C.PARTICIPATION},
    Purpose.CARE_COORDINATION: _COURSE | _LIVING | {_C.CONTACT, _C.LEGAL_STATUS, _C.CUSTODY, _C.REFERRAL},
    Purpose.CASE_ALIGNMENT: _COURSE
    | {
        _C.BARRIERS,
        _C.GOALS,
        _C.HOUSING,
        _C.LEGAL_STATUS,
        _C.CUSTODY,
        _C.REFERRAL,
        _C.MENTAL_HEALTH,
        _C.SUD_TREATMENT,
    },
    Purpose.SUPERVISION_MONITORING: _COURSE | {_C.APPOINTMENTS, _C.SUD_TREATMENT},
}
_PROJECT: Final = _COURSE | {_C.BARRIERS, _C.GOALS, _C.APPOINTMENTS, _C.LEGAL_STATUS, _C.CUSTODY, _C.REFERRAL}
_COMMUNITY: Final = _LIVING | {
    _C.IDENTITY,
    _C.CONTACT,
    _C.PARTICIPATION,
    _C.ENGAGEMENT,
    _C.PHYSICAL_HEALTH,
    _C.MENTAL_HEALTH,
}
_BY_KIND: Final[Mapping[OrganizationKind, frozenset[Category]]] = {
    _K.BUSINESS: _PARTICIPATION,
    _K.FUNDER: _PARTICIPATION,
    _K.PROJECT_MANAGEMENT: _PROJECT,
    _K.HOUSING: _COMMUNITY,
    _K.BENEFITS: _COMMUNITY,
    **dict.fromkeys({_K.CASE_MANAGEMENT, _K.HEALTH_PLAN} | COUNSEL_KINDS | HEALTH_KINDS, _BUT_NOTES),
}


def ceiling(kind: OrganizationKind, purpose: Purpose) -> frozenset[Category]:
    """Return the categories that `kind` may receive at most for `purpose`; none where the table has no row."""
    if kind in JUSTICE_KINDS:
        return _JUSTICE.get(purpose, _NOTHING)
    if kind is _K.EVALUATOR:
        return _BUT_NOTES - FIREWALL_CATEGORIES - {_C.DV_SAFETY} if purpose in _EVALUATION else _PARTICIPATION
    return _BY_KIND.get(kind, _NOTHING)

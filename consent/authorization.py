"""Is a consent a HIPAA authorization too (45 CFR 164.508; H-02)? "Part 2 yes, HIPAA no" is a possible answer.

It matters for a discloser that is a covered entity or its business associate: whatever HIPAA lets it tell nobody
without an authorization, it may tell only on a form that is one. 164.508 was read as amended in 2013; where an
authorization is not needed follows 164.506(c), 164.510 and 164.512(k)(5) in outline (judgment: the list below).
Facts that the form cannot hold (was a copy given, was care made to depend on it) come from `consent.review`.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from consent.codes import (
    CLASS_PREFIX,
    HEALTH_KINDS,
    TPO_PURPOSES,
    Capacity,
    Category,
    HipaaStatus,
    Integrity,
    Purpose,
)
from consent.failing import Failing, of_grant
from consent.model import Consent, ConsentGrant, Organization
from consent.rules.grants import NO_EXPIRY
from consent.wording import is_blank

_H02: Final = "H-02"
_COVERED: Final = frozenset({HipaaStatus.COVERED_ENTITY, HipaaStatus.BUSINESS_ASSOCIATE})
_WITHOUT: Final = TPO_PURPOSES | {
    Purpose.CARE_COORDINATION,
    Purpose.WARM_HANDOFF,
    Purpose.EMERGENCY,
    Purpose.CUSTODY_CONTINUITY,
}
_RESEARCH: Final = frozenset({Purpose.RESEARCH})


def is_covered(organization: Organization) -> bool:
    """Say whether an organization that discloses is bound by 164.508."""
    return organization.hipaa_status in _COVERED


def needs_authorization(grant: ConsentGrant, organizations: Mapping[str, Organization]) -> bool:
    """Say whether a covered discloser may tell under this grant only on an authorization.

    It may tell a provider or another covered entity without one, for treatment, payment, operations, care
    coordination, hand-off, an emergency or custody; it may tell police, a court or a landlord nothing.
    Psychotherapy notes always need one (164.508(a)(2)). A recipient that the register does not know counts as outside.
    """
    if not any(is_covered(organizations[name]) for name in grant.discloser if name in organizations):
        return False
    if Category.PSYCHOTHERAPY_NOTES in grant.categories or not grant.purposes <= _WITHOUT:
        return True
    return any(_is_outside(name, organizations) for name in grant.recipient)


def authorization_faults(consent: Consent, organizations: Mapping[str, Organization]) -> tuple[Failing, ...]:
    """Return what the form lacks as an authorization; nothing where no grant needs one, or where it is one.

    A failing without a grant is one of the form: every grant that needs an authorization fails with it.
    """
    needing = [grant for grant in consent.grants if needs_authorization(grant, organizations)]
    if not needing:
        return ()
    found = [*_of_form(consent)]
    for grant in needing:
        found += _of_grant(grant, organizations)
    return tuple(found)


def _is_outside(name: str, organizations: Mapping[str, Organization]) -> bool:
    """Say whether HIPAA does not reach a recipient. Treating providers may be told for treatment (164.506(c)(2))."""
    if name.startswith(CLASS_PREFIX):
        return False
    organization = organizations.get(name)
    return organization is None or not (is_covered(organization) or organization.kind in HEALTH_KINDS)


def _of_form(consent: Consent) -> Iterator[Failing]:
    signer = consent.signer
    if is_blank(signer.name):
        yield _form("(c)(1)(vi)", "signer.name", "have it signed and dated")
    elif signer.capacity not in (Capacity.SELF, Capacity.PARENT) and is_blank(signer.authority):
        yield _form("(c)(1)(vi)", "signer.authority", "describe by what authority the representative acts")
    if is_blank(consent.how_to_revoke):
        yield _form("(c)(2)(i)", "how_to_revoke", "say that it may be revoked in writing, the exceptions, and how")
    if is_blank(consent.refusal_consequences):
        yield _form("(c)(2)(ii)", "refusal_consequences", "say that care does not depend on signing, or what does")
    if is_blank(consent.redisclosure_warning):
        yield _form("(c)(2)(iii)", "redisclosure_warning", "say that the recipient may pass it on")
    if consent.integrity is not Integrity.OK:
        yield _form("(b)(2)(v)", "integrity", "find out whether what the form says is true")


def _of_grant(grant: ConsentGrant, organizations: Mapping[str, Organization]) -> Iterator[Failing]:
    def lacks(paragraph: str, field: str, cure: str) -> Failing:
        return of_grant(grant.id, _H02, f"45 CFR 164.508{paragraph}", field, cure)

    if not grant.categories:
        yield lacks("(c)(1)(i)", "categories", "describe the information")
    if not any(name.startswith(CLASS_PREFIX) or name in organizations for name in grant.recipient):
        yield lacks("(c)(1)(iii)", "recipient", "name who may receive")
    if not grant.purposes:
        yield lacks("(c)(1)(iv)", "purposes", "describe each purpose")
    if grant.expires == NO_EXPIRY and not (grant.purposes and grant.purposes <= _RESEARCH):
        yield lacks("(c)(1)(v)", "expires", "give a date or an event: none is enough for research only")
    if Category.PSYCHOTHERAPY_NOTES in grant.categories and not grant.categories <= {Category.PSYCHOTHERAPY_NOTES}:
        cure = "put psychotherapy notes into an authorization of their own"
        yield lacks("(b)(3)(ii)", "categories", cure)


def _form(paragraph: str, field: str, cure: str) -> Failing:
    return Failing(_H02, f"45 CFR 164.508{paragraph}", field, cure)

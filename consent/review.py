"""What to tell the people at the signing table: everything that a form lacks, by every law, and what merely warns.

`consent.validator` answers for 42 CFR 2.31 alone; this puts beside it 45 CFR 164.508 (H-02), who had to sign (P2-23,
P2-24), the site's role (C-05), fundraising (C-08), what the golden rules will keep back (GR-02), pre-2024 forms
(P2-44), the patient notice (P2-30) and the participant's copy (P2-45). It decides nothing: `engine.decide` does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from consent.authorization import authorization_faults, needs_authorization
from consent.codes import (
    CLASS_PREFIX,
    FIREWALL_CATEGORIES,
    JUSTICE_KINDS,
    NOTES,
    Category,
    ConsentKind,
    LegalRole,
    OrganizationKind,
    Purpose,
)
from consent.days import day_of
from consent.failing import Failing, of_grant
from consent.minors import StateAges, required_signers, signing_faults
from consent.model import Consent, ConsentGrant, Organization, Signer, Site
from consent.rules.ceilings import ceiling
from consent.validator import counting_grants, validate
from consent.wording import same_name

COMPLIANCE_2024: Final = date(2026, 2, 16)
"""The day from which the 2024 text had to be followed (89 FR 12472). Earlier forms may be on the old elements."""
_KEPT_APART: Final = frozenset({ConsentKind.PROCEEDING, ConsentKind.NOTES})
_NAME_US: Final = "name the intermediary on the form, exactly as the site is registered"
_ALL_BUT_NOTES: Final = frozenset(Category) - NOTES


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What no form holds, as known where it was signed. None: not known.

    `conditioned`: treatment, payment, enrolment or benefits depended on signing. It and `plain_language` count as the
    worse while nobody knows. `fundraises`: the program uses records to raise funds for itself; `may_decline`: the form
    lets the participant elect none of it. `clear_minded`: sober, rested, able to say back what it means.
    `staff`: names of the program's and the site's people.
    """

    staff: frozenset[str] = frozenset()
    cosigners: tuple[Signer, ...] = ()
    conditioned: bool | None = None
    plain_language: bool | None = None
    fundraises: bool | None = None
    may_decline: bool | None = None
    clear_minded: bool | None = None
    copy_given: bool | None = None
    notice_given: bool | None = None


@dataclass(frozen=True, slots=True)
class Register:
    """What a form is held against: the site, its partners, the birth date of the participant, the states' ages."""

    site: Site
    organizations: Mapping[str, Organization] = field(hash=False)
    birth_date: date | None
    ages: Mapping[str, StateAges] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Review:
    """The answer. `failing`: Part 2 and the house. `authorization`: HIPAA, where it is asked at all.

    `counting`: ids of the grants that Part 2 lets count. `from_covered`: those of them on which a covered entity may
    disclose as well: "Part 2 yes, HIPAA no" is a grant in the first and not in the second.
    """

    failing: tuple[Failing, ...]
    authorization: tuple[Failing, ...]
    warnings: tuple[Failing, ...]
    counting: tuple[str, ...]
    from_covered: tuple[str, ...]

    @property
    def may_be_finalised(self) -> bool:
        """Whether the form may be signed as it is: a faulty grant is mended at the table, not left in (P2-42)."""
        return not self.failing and bool(self.counting)


def review(consent: Consent, register: Register, *, at: datetime, circumstances: Circumstances) -> Review:
    """Return everything that can be said of a form when it is taken in at the moment `at`. It never raises."""
    zone, known = ZoneInfo(register.site.timezone), register.organizations
    signed_on = day_of(consent.signed_at, zone)
    failing = (
        *validate(consent, known, at=at, zone=zone, staff=circumstances.staff),
        *_of_signers(consent, register, signed_on, circumstances),
        *_of_circumstances(consent, circumstances),
        *(fault for grant in consent.grants for fault in _of_grant(consent, grant, register, circumstances)),
    )
    hipaa = (*authorization_faults(consent, known), *_of_authorization(consent, known, circumstances))
    counting = counting_grants(consent, failing)
    warnings = (
        *_warn_of_form(signed_on, circumstances),
        *(warning for grant in consent.grants for warning in _warn_of_grant(consent, grant, register)),
    )
    return Review(
        failing=failing,
        authorization=hipaa,
        warnings=warnings,
        counting=tuple(grant.id for grant in counting),
        from_covered=tuple(grant.id for grant in counting if _is_free(grant, hipaa, known)),
    )


def _is_free(grant: ConsentGrant, hipaa: tuple[Failing, ...], known: Mapping[str, Organization]) -> bool:
    """Say whether HIPAA stands in no covered discloser's way under this grant."""
    return not needs_authorization(grant, known) or not any(each.grant in (None, grant.id) for each in hipaa)


def _of_signers(consent: Consent, register: Register, signed_on: date, known: Circumstances) -> Iterator[Failing]:
    required = required_signers(register.birth_date, signed_on, register.site.state, register.ages)
    yield from signing_faults(required, (consent.signer, *known.cosigners), consent.patient_name)
    if any(same_name(signer.name, name) for signer in known.cosigners for name in known.staff):
        yield Failing("P2-24", "42 CFR 2.31(a)(8)", "cosigners", "strike the signature: staff never sign")


def _of_circumstances(consent: Consent, known: Circumstances) -> Iterator[Failing]:
    if consent.kind is ConsentKind.NOTES and known.conditioned is not False:
        cure = "let no treatment, payment, enrolment or benefit depend on it, and record that"
        yield Failing("P2-40", "42 CFR 2.31(b)", "conditioned", cure)
    if known.clear_minded is False:
        cure = "have it reaffirmed when the participant is sober and can say back what it means"
        yield Failing("P2-24", "42 CFR 2.31(c)(2)", "signed_at", cure, by_law=False)
    if known.fundraises is True and known.may_decline is not True:
        yield Failing("C-08", "42 CFR 2.31(a)(5)(iii)", "may_decline", "let the participant decline fundraising")


def _of_authorization(
    consent: Consent, organizations: Mapping[str, Organization], known: Circumstances
) -> Iterator[Failing]:
    """164.508(b)(4), (c)(3): what is wrong beside the paper, where an authorization is asked at all."""
    if not any(needs_authorization(grant, organizations) for grant in consent.grants):
        return
    if known.conditioned is not False:
        cure = "let no care depend on signing, and record that; where it did, sign anew"
        yield Failing("H-02", "45 CFR 164.508(b)(4)", "conditioned", cure)
    if known.plain_language is not True:
        yield Failing("H-02", "45 CFR 164.508(c)(3)", "form", "use a form in plain language")


def _of_grant(consent: Consent, grant: ConsentGrant, register: Register, known: Circumstances) -> Iterator[Failing]:
    site = register.site
    if _is_lost_class(consent, grant, site) and not any(name in register.organizations for name in grant.recipient):
        yield of_grant(grant.id, "C-05", "42 CFR 2.31(a)(4)(ii)", "recipient", _NAME_US)
    if consent.kind is ConsentKind.CJ_2_35 and not site.cj_2_35_enabled:
        yield of_grant(grant.id, "P2-65", "42 CFR 2.35", "purposes", "have the site enable 2.35 first", by_law=False)
    if Purpose.FUNDRAISING in grant.purposes and known.may_decline is not True:
        yield of_grant(
            grant.id, "C-08", "42 CFR 2.31(a)(5)(iii)", "purposes", "let the participant decline fundraising"
        )


def _warn_of_form(signed_on: date, known: Circumstances) -> Iterator[Failing]:
    if signed_on < COMPLIANCE_2024:
        cure = "have it signed anew: honoured for the recipients and purposes that it names, and for no more"
        yield Failing("P2-44", "89 FR 12472", "signed_at", cure, by_law=False)
    if known.copy_given is not True:
        yield Failing("P2-45", "45 CFR 164.508(c)(4)", "copy_given", "give the participant a copy")
    if known.notice_given is not True:
        yield Failing("P2-30", "42 CFR 2.22(a)", "notice_given", "give the participant the patient notice")


def _warn_of_grant(consent: Consent, grant: ConsentGrant, register: Register) -> Iterator[Failing]:
    organizations = register.organizations

    def warn(element: str, cite: str, field: str, cure: str) -> Failing:
        return of_grant(grant.id, element, cite, field, cure, by_law=False)

    if any(name not in organizations for name in grant.discloser):
        yield warn("C-02", "42 CFR 2.31(a)(2)", "discloser", "strike or register who is not registered")
    if any(name not in organizations and not name.startswith(CLASS_PREFIX) for name in grant.recipient):
        yield warn("C-04", "42 CFR 2.31(a)(4)(i)", "recipient", "strike or register who is not registered")
    if _is_lost_class(consent, grant, register.site):
        yield warn("C-05", "42 CFR 2.31(a)(4)(ii)", "recipient", _NAME_US)
    if grant.categories >= _ALL_BUT_NOTES:
        yield warn("C-03", "42 CFR 2.31(a)(3)", "categories", "say what is meant: everything is not specific")
    kinds = {organizations[name].kind for name in grant.recipient if name in organizations}
    if consent.kind not in _KEPT_APART and _never_told(grant, kinds):
        yield warn("GR-02", "42 CFR 2.13(a)", "categories", "strike what no recipient of this grant will be told")
    if consent.kind is ConsentKind.PROCEEDING and grant.categories & FIREWALL_CATEGORIES and kinds & JUSTICE_KINDS:
        yield warn("GR-02", "42 CFR 2.31(d)", "categories", "have the public defender review what tells against")
    if grant.redisclose_to:
        yield warn("P2-62", "42 CFR 2.32(b)", "redisclose_to", "give each further recipient a grant of its own instead")


def _is_lost_class(consent: Consent, grant: ConsentGrant, site: Site) -> bool:
    """Say whether a class reaches nobody: the site is an intermediary, and the form does not name it (P2-05)."""
    classed = any(name.startswith(CLASS_PREFIX) for name in grant.recipient)
    return site.legal_role is LegalRole.INTERMEDIARY and classed and consent.intermediary != site.name


def _never_told(grant: ConsentGrant, kinds: set[OrganizationKind]) -> bool:
    """Say whether the grant lists something that is above every ceiling of one of its recipients."""
    told = {
        kind: frozenset[Category]().union(*(ceiling(kind, purpose) for purpose in grant.purposes)) for kind in kinds
    }
    return any(grant.categories - NOTES - may for may in told.values())

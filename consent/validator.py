"""The elements of a consent, C-01 to C-13 (42 CFR 2.31(a)): what a form lacks, by its citation, and what cures it.

For whoever takes a form in: a release that lacks an element is refused with a clear error instead of being kept as a
consent that never works. Whether a consent counts at a moment is for the rules; this asks what no moment will cure.
2.31 was read whole in its 2024 text. House rules that go beyond it carry `by_law=False` (part2.md: judgment).
What else is asked at the signing table, HIPAA and state law among it, is in `consent.review`.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Final

from consent.annex_elements import annex_of_form, annex_of_grant
from consent.codes import CLASS_PREFIX, JUSTICE_KINDS, RECIPIENT_CLASSES, Capacity, ConsentKind, Integrity
from consent.days import day_of
from consent.failing import Failing, of_grant
from consent.model import Consent, ConsentGrant, Organization, Signer
from consent.rules.annexes import EFFECTIVE_2024
from consent.rules.grants import NO_EXPIRY
from consent.wording import is_blank, same_name

__all__ = ["Failing", "counting_grants", "validate"]

_SIGNED: Final = "42 CFR 2.31(a)(8)"


def validate(
    consent: Consent,
    organizations: Mapping[str, Organization],
    *,
    at: datetime,
    zone: tzinfo,
    staff: Collection[str] = (),
) -> tuple[Failing, ...]:
    """Return what a consent lacks, in the order of 2.31(a); nothing for one that can count.

    `organizations`: the register, against which names are resolved. `at`: the moment of taking it in (C-12).
    `staff`: names of people who work for the program or the site; none of them ever signs (P2-24).
    """
    under_2024 = day_of(consent.signed_at, zone) >= EFFECTIVE_2024
    found = [*_of_form(consent, at), *_of_signer(consent.signer, consent.patient_name, staff)]
    found += annex_of_form(consent, under_2024=under_2024)
    for grant in consent.grants:
        found += _of_grant(consent, grant, organizations, under_2024=under_2024)
        found += annex_of_grant(consent, grant, organizations)
    if not consent.grants:
        found.append(Failing("C-03", "42 CFR 2.31(a)(3)", "grants", "name at least one grant"))
    return tuple(sorted(found, key=lambda each: each.element))


def counting_grants(consent: Consent, failing: tuple[Failing, ...]) -> tuple[ConsentGrant, ...]:
    """Return the grants that can count: none where the form fails as a whole, else those that do not fail."""
    if any(each.grant is None for each in failing):
        return ()
    bad = {each.grant for each in failing}
    return tuple(grant for grant in consent.grants if grant.id not in bad)


def _of_form(consent: Consent, at: datetime) -> Iterator[Failing]:
    tpo = consent.kind is ConsentKind.TPO  # 2.31(a)(10) speaks of TPO; the house asks on every form (C-13: judgment)
    if is_blank(consent.patient_name):
        yield Failing("C-01", "42 CFR 2.31(a)(1)", "patient_name", "write the participant's name")
    if is_blank(consent.how_to_revoke):
        yield Failing("C-09", "42 CFR 2.31(a)(6)", "how_to_revoke", "say how and where to revoke")
    if consent.signed_at > at:
        yield Failing("C-12", "42 CFR 2.31(a)(9)", "signed_at", "date it with the day of signing")
    if is_blank(consent.redisclosure_warning):
        cure = "say that it may be redisclosed"
        yield Failing("C-13", "42 CFR 2.31(a)(10)(i)", "redisclosure_warning", cure, by_law=tpo)
    if is_blank(consent.refusal_consequences):
        cure = "say what follows from refusing"
        yield Failing("C-13", "42 CFR 2.31(a)(10)(ii)", "refusal_consequences", cure, by_law=tpo)
    if consent.integrity is Integrity.SUSPECT:
        yield Failing("C-11", "42 CFR 2.31(c)(4)", "integrity", "find out whether the form is genuine")
    if consent.integrity is Integrity.UNREADABLE:
        yield Failing("C-11", "42 CFR 2.31(c)(2)", "integrity", "have a person read the form, or sign anew")


def _of_signer(signer: Signer, patient_name: str, staff: Collection[str]) -> Iterator[Failing]:
    if is_blank(signer.name):
        yield Failing("C-11", _SIGNED, "signer.name", "have it signed")
    elif any(same_name(signer.name, name) for name in staff):
        yield Failing("C-11", _SIGNED, "signer.name", "have the participant sign: staff never sign")
    elif signer.capacity is Capacity.SELF and not same_name(signer.name, patient_name):
        yield Failing("C-11", _SIGNED, "signer.name", "sign with the name on the form, or in a capacity")
    elif signer.capacity not in (Capacity.SELF, Capacity.PARENT) and is_blank(signer.authority):
        yield Failing("C-11", "42 CFR 2.15", "signer.authority", "state by what authority this person signs")


def _of_grant(
    consent: Consent, grant: ConsentGrant, organizations: Mapping[str, Organization], *, under_2024: bool
) -> Iterator[Failing]:
    def lacks(element: str, cite: str, field: str, cure: str, *, by_law: bool = True) -> Failing:
        return of_grant(grant.id, element, f"42 CFR {cite}", field, cure, by_law=by_law)

    recipients = [name for name in grant.recipient if _resolves(name, organizations)]
    if not any(name in organizations for name in grant.discloser):
        yield lacks("C-02", "2.31(a)(2)", "discloser", "name who may disclose, as registered")
    if not grant.categories:
        yield lacks("C-03", "2.31(a)(3)", "categories", "name the kinds of information")
    if not recipients:
        yield lacks("C-04", "2.31(a)(4)(i)", "recipient", "name who may receive, as registered")
    elif not under_2024 and not any(name in organizations for name in recipients):
        yield lacks("P2-44", "2.31(a)(4)(i)", "recipient", "sign anew: no class could receive before 2024")
    if is_blank(grant.role) and any(_is_justice(name, organizations) for name in recipients):
        yield lacks("C-04", "2.31(a)(4)(i)", "role", "name the role at the justice agency", by_law=False)
    if grant.expires == NO_EXPIRY and consent.kind is not ConsentKind.TPO:
        yield lacks("C-10", "2.31(a)(7)", "expires", "give a date or an event")


def _resolves(name: str, organizations: Mapping[str, Organization]) -> bool:
    """Say whether a recipient can be found in the register: "law enforcement" cannot."""
    if name.startswith(CLASS_PREFIX):
        return name.removeprefix(CLASS_PREFIX) in RECIPIENT_CLASSES
    return name in organizations


def _is_justice(name: str, organizations: Mapping[str, Organization]) -> bool:
    return name in organizations and organizations[name].kind in JUSTICE_KINDS

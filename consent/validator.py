"""The elements of a consent, C-01 to C-13 (42 CFR 2.31(a)): what a form lacks, by its citation, and what cures it.

For whoever takes a form in: a release that lacks an element is refused with a clear error instead of being kept as a
consent that never works. Whether a consent counts at a moment is for the rules; this asks what no moment will cure.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import NamedTuple

from consent.codes import (
    CLASS_PREFIX,
    JUSTICE_KINDS,
    NEVER_SERVED,
    NOTES,
    RECIPIENT_CLASSES,
    Capacity,
    ConsentKind,
    Integrity,
    Purpose,
)
from consent.days import day_of
from consent.model import Consent, ConsentGrant, Organization
from consent.rules.annexes import EFFECTIVE_2024
from consent.rules.grants import NO_EXPIRY
from consent.rules.purposes import AGAINST_THE_PARTICIPANT
from consent.wording import is_blank, same_name


class Failing(NamedTuple):
    """One element that a form lacks. `field`: where it stands. `grant`: which grant fails, None: all."""

    element: str
    cite: str
    field: str
    cure: str
    grant: str | None = None


def validate(
    consent: Consent, organizations: Mapping[str, Organization], *, at: datetime, zone: tzinfo
) -> tuple[Failing, ...]:
    """Return what a consent lacks, in the order of 2.31(a); nothing for one that can count.

    `organizations`: the register, against which names are resolved. `at`: the moment of taking it in (C-12).
    """
    found = [*_of_form(consent, at), *_of_kind(consent, day_of(consent.signed_at, zone) >= EFFECTIVE_2024)]
    for grant in consent.grants:
        found += _of_grant(consent, grant, organizations)
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
    signer = consent.signer
    if is_blank(consent.patient_name):
        yield Failing("C-01", "42 CFR 2.31(a)(1)", "patient_name", "write the participant's name")
    if is_blank(consent.how_to_revoke):
        yield Failing("C-09", "42 CFR 2.31(a)(6)", "how_to_revoke", "say how and where to revoke")
    if is_blank(signer.name):
        yield Failing("C-11", "42 CFR 2.31(a)(8)", "signer.name", "have it signed")
    elif signer.capacity is Capacity.SELF and not same_name(signer.name, consent.patient_name):
        yield Failing("C-11", "42 CFR 2.31(a)(8)", "signer.name", "sign with the name on the form, or in a capacity")
    elif signer.capacity not in (Capacity.SELF, Capacity.PARENT) and is_blank(signer.authority):
        yield Failing("C-11", "42 CFR 2.15", "signer.authority", "state by what authority this person signs")
    if consent.signed_at > at:
        yield Failing("C-12", "42 CFR 2.31(a)(9)", "signed_at", "date it with the day of signing")
    if is_blank(consent.redisclosure_warning):
        yield Failing("C-13", "42 CFR 2.31(a)(10)(i)", "redisclosure_warning", "say that it may be redisclosed")
    if is_blank(consent.refusal_consequences):
        yield Failing("C-13", "42 CFR 2.31(a)(10)(ii)", "refusal_consequences", "say what follows from refusing")
    if consent.integrity is Integrity.SUSPECT:
        yield Failing("C-11", "42 CFR 2.31(c)(4)", "integrity", "find out whether the form is genuine")


def _of_kind(consent: Consent, under_2024: bool) -> Iterator[Failing]:  # noqa: FBT001  -- private, one caller
    if consent.kind is ConsentKind.TPO and is_blank(consent.tpo_statement):
        yield Failing("C-06", "42 CFR 2.31(a)(4)(iii)", "tpo_statement", "add the statement for TPO recipients")
    if consent.kind is ConsentKind.TPO and not under_2024:
        yield Failing("C-04", "42 CFR 2.33(a)(2)", "signed_at", "sign anew: there were no TPO consents then")
    if consent.kind is ConsentKind.PROCEEDING and is_blank(consent.proceeding_cause):
        yield Failing("C-07", "42 CFR 2.31(d)", "proceeding_cause", "name the one proceeding")
    if consent.kind is ConsentKind.PROCEEDING and consent.counsel_present is not True:
        yield Failing("C-07", "42 CFR 2.31(d)", "counsel_present", "have counsel present")
    if consent.kind is ConsentKind.CJ_2_35:
        terms = consent.cj
        for name in ("condition_document", "cause", "revocable_from", "monitoring_official"):
            if is_blank(None if terms is None else getattr(terms, name)):
                yield Failing("C-07", "42 CFR 2.35", f"cj.{name}", "state what 2.35 asks for")


def _of_grant(consent: Consent, grant: ConsentGrant, organizations: Mapping[str, Organization]) -> Iterator[Failing]:
    def lacks(element: str, cite: str, field: str, cure: str) -> Failing:
        return Failing(element, f"42 CFR {cite}", f"grants[{grant.id}].{field}", cure, grant.id)

    if not any(name in organizations for name in grant.discloser):
        yield lacks("C-02", "2.31(a)(2)", "discloser", "name who may disclose, as registered")
    if not grant.categories:
        yield lacks("C-03", "2.31(a)(3)", "categories", "name the kinds of information")
    if not any(_resolves(name, organizations) for name in grant.recipient):
        yield lacks("C-04", "2.31(a)(4)(i)", "recipient", "name who may receive, as registered")
    if is_blank(grant.role) and any(_is_justice(name, organizations) for name in grant.recipient):
        yield lacks("C-04", "2.31(a)(4)(i)", "role", "name the role at the justice agency")
    if not grant.purposes - NEVER_SERVED:
        yield lacks("C-07", "2.31(a)(5)", "purposes", "name a purpose that can be served")
    if grant.expires == NO_EXPIRY and consent.kind is not ConsentKind.TPO:
        yield lacks("C-10", "2.31(a)(7)", "expires", "give a date or an event")
    yield from _mixed(consent, grant)


def _mixed(consent: Consent, grant: ConsentGrant) -> Iterator[Failing]:
    """2.31(b), (d): what cannot be combined with anything else."""
    where = f"grants[{grant.id}]"
    of_proceedings = AGAINST_THE_PARTICIPANT | {Purpose.PROCEEDING}
    if consent.kind is ConsentKind.PROCEEDING:
        mixed_purposes = not grant.purposes <= of_proceedings
    else:
        mixed_purposes = bool(grant.purposes & of_proceedings)
    if mixed_purposes:
        cure = "put the proceeding into a consent of its own"
        yield Failing("C-07", "42 CFR 2.31(d)", f"{where}.purposes", cure, grant.id)
    if consent.kind is ConsentKind.NOTES:
        mixed_notes = not grant.categories <= NOTES or len(grant.categories) > 1
    else:
        mixed_notes = bool(grant.categories & NOTES)
    if mixed_notes:
        cure = "put each category of notes into a consent of its own"
        yield Failing("C-03", "42 CFR 2.31(b)", f"{where}.categories", cure, grant.id)


def _resolves(name: str, organizations: Mapping[str, Organization]) -> bool:
    """Say whether a recipient can be found in the register: "law enforcement" cannot."""
    if name.startswith(CLASS_PREFIX):
        return name.removeprefix(CLASS_PREFIX) in RECIPIENT_CLASSES
    return name in organizations


def _is_justice(name: str, organizations: Mapping[str, Organization]) -> bool:
    return name in organizations and organizations[name].kind in JUSTICE_KINDS

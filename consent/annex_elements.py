"""What the forms that stand apart need besides: TPO, counseling notes, a proceeding, 2.35 (P2-07, P2-40, P2-42, P2-65).

2.31(b), 2.31(d) and 2.35 were read in their 2024 text. That counsel is present at a proceeding consent, and that notes
never go to justice or the community, is the house's (part2.md P2-40, P2-42: judgment).
"""

from collections.abc import Iterator, Mapping
from typing import Final

from consent.codes import (
    CLASS_PREFIX,
    COMMUNITY_KINDS,
    COUNSEL_KINDS,
    JUSTICE_KINDS,
    NEVER_SERVED,
    NOTES,
    TPO_PURPOSES,
    ConsentKind,
    OrganizationKind,
    Purpose,
)
from consent.failing import Failing, of_grant
from consent.model import Consent, ConsentGrant, CriminalJusticeTerms, Organization
from consent.rules.purposes import AGAINST_THE_PARTICIPANT
from consent.wording import is_blank

_MONITORING: Final = frozenset({Purpose.SUPERVISION_MONITORING})
_PROCEEDING: Final = frozenset({Purpose.PROCEEDING})
_OF_PROCEEDINGS: Final = AGAINST_THE_PARTICIPANT | _PROCEEDING
_ORDINARY: Final = frozenset(Purpose) - NEVER_SERVED - _PROCEEDING - _MONITORING
_SERVED: Final[Mapping[ConsentKind, frozenset[Purpose]]] = {
    ConsentKind.ROI: _ORDINARY,
    ConsentKind.NOTES: _ORDINARY,
    ConsentKind.TPO: TPO_PURPOSES,
    ConsentKind.PROCEEDING: _PROCEEDING,
    ConsentKind.CJ_2_35: _MONITORING,
}
_NO_NOTES: Final = JUSTICE_KINDS | COMMUNITY_KINDS
_NO_TPO: Final = JUSTICE_KINDS | COMMUNITY_KINDS | COUNSEL_KINDS
_MONITORS: Final = frozenset({OrganizationKind.PROSECUTOR, OrganizationKind.COURT, OrganizationKind.PROBATION})
_TERMS: Final = (
    ("condition_document", "42 CFR 2.35(a)", "name the document that makes participation a condition"),
    ("cause", "42 CFR 2.35(a)", "name the cause"),
    ("revocable_from", "42 CFR 2.35(c)", "say from when it can be revoked, no later than the final disposition"),
    ("monitoring_official", "42 CFR 2.35(a)(1)", "name the official who monitors"),
)


def annex_of_form(consent: Consent, *, under_2024: bool) -> Iterator[Failing]:
    """Yield what a form of this kind lacks as a whole. `under_2024`: signed since the 2024 rule took effect."""
    if consent.kind is ConsentKind.TPO and is_blank(consent.tpo_statement):
        yield Failing("C-06", "42 CFR 2.31(a)(4)(iii)", "tpo_statement", "add the statement for TPO recipients")
    if consent.kind is ConsentKind.TPO and not under_2024:
        yield Failing("C-04", "42 CFR 2.33(a)(2)", "signed_at", "sign anew: there were no TPO consents then")
    if consent.kind is ConsentKind.PROCEEDING and is_blank(consent.proceeding_cause):
        yield Failing("C-07", "42 CFR 2.31(d)", "proceeding_cause", "name the one proceeding")
    if consent.kind is ConsentKind.PROCEEDING and consent.counsel_present is not True:
        yield Failing("C-07", "42 CFR 2.31(d)", "counsel_present", "have counsel present", by_law=False)
    if consent.kind is ConsentKind.CJ_2_35:
        terms = consent.cj or CriminalJusticeTerms()
        for name, cite, cure in _TERMS:
            if is_blank(getattr(terms, name)):
                yield Failing("C-07", cite, f"cj.{name}", cure)


def annex_of_grant(
    consent: Consent, grant: ConsentGrant, organizations: Mapping[str, Organization]
) -> Iterator[Failing]:
    """Yield what makes one grant void or of no use in a form of this kind; its neighbours are not touched."""
    if not grant.purposes & _SERVED[consent.kind]:
        cure = "name a purpose that can be served under this kind of form"
        yield of_grant(grant.id, "C-07", "42 CFR 2.31(a)(5)", "purposes", cure)
    yield from _mixed(consent, grant)
    cite = _of_no_use(consent, grant, organizations)
    if cite:
        yield of_grant(grant.id, "C-04", cite, "recipient", "name a recipient that this kind of form can serve")


def _mixed(consent: Consent, grant: ConsentGrant) -> Iterator[Failing]:
    """2.31(b), (d): what cannot be combined with anything else."""
    if consent.kind is ConsentKind.PROCEEDING:
        mixed_purposes = not grant.purposes <= _OF_PROCEEDINGS
    else:
        mixed_purposes = bool(grant.purposes & _OF_PROCEEDINGS)
    if mixed_purposes:
        cure = "put the proceeding into a consent of its own"
        yield of_grant(grant.id, "C-07", "42 CFR 2.31(d)", "purposes", cure)
    if consent.kind is ConsentKind.NOTES:
        mixed_notes = not grant.categories <= NOTES or len(grant.categories) > 1
    else:
        mixed_notes = bool(grant.categories & NOTES)
    if mixed_notes:
        cure = "put each category of notes into a consent of its own"
        yield of_grant(grant.id, "C-03", "42 CFR 2.31(b)", "categories", cure)


def _of_no_use(consent: Consent, grant: ConsentGrant, organizations: Mapping[str, Organization]) -> str | None:
    """Return the citation for which no recipient in the register can be served; None: some can, or none is known.

    A class reaches health kinds only, so it is of use everywhere but in a 2.35 form.
    """
    kinds = {organizations[name].kind for name in grant.recipient if name in organizations}
    classed = any(name.startswith(CLASS_PREFIX) for name in grant.recipient)
    if consent.kind is ConsentKind.CJ_2_35:
        return None if kinds & _MONITORS or not (kinds or classed) else "42 CFR 2.35(a)(1)"
    if not kinds or classed:
        return None
    if consent.kind is ConsentKind.NOTES and kinds <= _NO_NOTES:
        return "42 CFR 2.31(b)"
    if consent.kind is ConsentKind.TPO and kinds <= _NO_TPO:
        return "42 CFR 2.33(a)(2)"
    return None

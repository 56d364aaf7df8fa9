"""The kinds of consent that stand apart: TPO, counseling notes, proceedings, 2.35."""

from datetime import date
from typing import Final

from consent.codes import (
    COMMUNITY_KINDS,
    COUNSEL_KINDS,
    JUSTICE_KINDS,
    TPO_PURPOSES,
    ConsentKind,
    OrganizationKind,
    Purpose,
)
from consent.matter import Matter
from consent.model import Consent
from consent.rules.rule import Rule, Scope, Verdict, either, not_applicable, require, unknown
from consent.wording import is_blank, same_name

EFFECTIVE_2024: Final = date(2024, 4, 16)
"""The day the 2024 amendment took effect (89 FR 12472)."""
_MONITORS: Final = frozenset({OrganizationKind.PROSECUTOR, OrganizationKind.COURT, OrganizationKind.PROBATION})
_NOT_TPO: Final = not_applicable("not a TPO consent")
_NOT_CJ: Final = not_applicable("not a 2.35 consent")
_NOT_NOTES: Final = not_applicable("not a consent for notes")
_TPO: Final = ConsentKind.TPO
_NOTES: Final = ConsentKind.NOTES
_PROCEEDING: Final = ConsentKind.PROCEEDING
_CJ: Final = ConsentKind.CJ_2_35
_A_PROCEEDING: Final = Purpose.PROCEEDING
_MONITORING: Final = Purpose.SUPERVISION_MONITORING


def _tpo_purpose(matter: Matter, consent: Consent) -> Verdict:
    """2.33(a)(2): treatment, payment, operations, and nothing else."""
    if consent.kind is not _TPO:
        return _NOT_TPO
    served = matter.request.purpose in TPO_PURPOSES
    return either(served, "a purpose of TPO", "a TPO consent serves treatment, payment and operations only")


def _tpo_statement(_matter: Matter, consent: Consent) -> Verdict:
    """2.31(a)(4)(iii): what may be redisclosed, except in proceedings against the patient."""
    if consent.kind is not _TPO:
        return _NOT_TPO
    return either(not is_blank(consent.tpo_statement), "the statement is there", "the TPO statement is missing")


def _tpo_since(matter: Matter, consent: Consent) -> Verdict:
    """One consent for all TPO exists since the 2024 rule; an older form is never read as one (P2-44: judgment)."""
    if consent.kind is not _TPO:
        return _NOT_TPO
    day = matter.day(consent.signed_at)
    return either(day >= EFFECTIVE_2024, "signed under the 2024 rule", "signed before there were TPO consents")


def _tpo_recipient(matter: Matter, consent: Consent) -> Verdict:
    """Justice, counsel and the community are no recipients of TPO (part2.md section 0.1; H-07)."""
    if consent.kind is not _TPO:
        return _NOT_TPO
    if matter.kind is None:
        return unknown("it is not known what the requester is")
    outside = matter.kind in JUSTICE_KINDS | COUNSEL_KINDS | COMMUNITY_KINDS
    return either(not outside, "a recipient of TPO", "a TPO consent never serves this kind of recipient")


def _notes_recipient(matter: Matter, consent: Consent) -> Verdict:
    """2.31(b), P2-40, GR-02: notes never go to justice or the community."""
    if consent.kind is not _NOTES:
        return _NOT_NOTES
    if matter.kind is None:
        return unknown("it is not known what the requester is")
    outside = matter.kind in JUSTICE_KINDS | COMMUNITY_KINDS
    return either(not outside, "notes may go to this kind", "notes never go to this kind of recipient")


def _notes_named(matter: Matter, consent: Consent) -> Verdict:
    """P2-07: notes are never part of "everything"; the request names the item."""
    if consent.kind is not _NOTES:
        return _NOT_NOTES
    return either(matter.asked is not None, "the request names its items", "notes are released only when named")


def _proceeding_alone(matter: Matter, consent: Consent) -> Verdict:
    """2.31(d): a proceeding is served under its own consent, and its consent serves nothing else."""
    proceeding = matter.request.purpose is _A_PROCEEDING
    if not proceeding and consent.kind is not _PROCEEDING:
        return not_applicable("no proceeding is in question")
    return either(
        proceeding and consent.kind is _PROCEEDING,
        "a proceeding under its own consent",
        "a proceeding needs a consent of its own, which serves nothing else",
    )


def _proceeding_terms(_matter: Matter, consent: Consent) -> Verdict:
    """One proceeding, named, and counsel at the participant's side (P2-42: judgment)."""
    if consent.kind is not _PROCEEDING:
        return not_applicable("not a proceeding consent")
    complete = not is_blank(consent.proceeding_cause) and consent.counsel_present is True
    return either(complete, "cause named, counsel present", "the cause or the presence of counsel is missing")


def _cj_purpose(matter: Matter, consent: Consent) -> Verdict:
    """2.35(a)(1): monitoring, under this kind of consent alone, and nothing else under it."""
    monitoring = matter.request.purpose is _MONITORING
    if not monitoring and consent.kind is not _CJ:
        return _NOT_CJ
    return either(
        monitoring and consent.kind is _CJ,
        "monitoring under a 2.35 consent",
        "supervision-monitoring needs a 2.35 consent, which serves nothing else",
    )


def _cj_enabled(matter: Matter, consent: Consent) -> Verdict:
    """Off unless the site has turned it on (P2-65: judgment)."""
    if consent.kind is not _CJ:
        return _NOT_CJ
    return either(matter.facts.site.cj_2_35_enabled, "enabled at this site", "2.35 is not enabled at this site")


def _cj_terms(_matter: Matter, consent: Consent) -> Verdict:
    """2.35(a)-(c): the condition, the cause, from when it can be revoked, who monitors."""
    if consent.kind is not _CJ:
        return _NOT_CJ
    terms = consent.cj
    complete = terms is not None and not any(
        is_blank(text)
        for text in (terms.condition_document, terms.cause, terms.revocable_from, terms.monitoring_official)
    )
    return either(complete, "all four terms are there", "a term that 2.35 asks for is missing")


def _cj_monitor(matter: Matter, consent: Consent) -> Verdict:
    """2.35(a)(1): the named official, at a prosecutor's office, a court or probation; never a patrol officer."""
    if consent.kind is not _CJ:
        return _NOT_CJ
    person, terms = matter.request.person, consent.cj
    named = person is not None and terms is not None and same_name(person.name, terms.monitoring_official or "")
    return either(
        matter.kind in _MONITORS and named, "the official named as monitor", "not the official named as monitor"
    )


RULES: Final[tuple[Rule, ...]] = (
    require("tpo.purpose", Scope.CONSENT, _tpo_purpose, "42 CFR 2.33(a)(2)", "42 CFR 2.31(a)(5)"),
    require("tpo.statement", Scope.CONSENT, _tpo_statement, "42 CFR 2.31(a)(4)(iii)"),
    require("tpo.since-2024", Scope.CONSENT, _tpo_since, "42 CFR 2.31(a)(4)", "42 CFR 2.33(a)(2)", "89 FR 12472"),
    require("tpo.recipient", Scope.CONSENT, _tpo_recipient, "42 CFR 2.31(a)(4)(i)", "42 CFR 2.33(a)(2)"),
    require("notes.recipient", Scope.CONSENT, _notes_recipient, "42 CFR 2.31(b)", "LEAD GR-02"),
    require("notes.named", Scope.CONSENT, _notes_named, "42 CFR 2.31(b)", "42 CFR 2.11"),
    require("proceeding.alone", Scope.CONSENT, _proceeding_alone, "42 CFR 2.31(d)", "42 CFR 2.12(d)(1)"),
    require("proceeding.terms", Scope.CONSENT, _proceeding_terms, "42 CFR 2.31(d)"),
    require("cj.purpose", Scope.CONSENT, _cj_purpose, "42 CFR 2.35(a)"),
    require("cj.enabled", Scope.CONSENT, _cj_enabled, "42 CFR 2.35", "LEAD GR-01"),
    require("cj.terms", Scope.CONSENT, _cj_terms, "42 CFR 2.35(a)", "42 CFR 2.35(b)", "42 CFR 2.35(c)"),
    require("cj.monitor", Scope.CONSENT, _cj_monitor, "42 CFR 2.35(a)(1)", "42 CFR 2.35(d)"),
)

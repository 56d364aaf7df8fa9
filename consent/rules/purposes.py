"""What for: the purposes that nobody is served for, and those that justice is (42 CFR 2.12(d), 2.31(d); GR-01)."""

from collections.abc import Callable
from typing import Final

from consent.codes import JUSTICE_KINDS, JUSTICE_PURPOSES, ConsentKind, Purpose
from consent.matter import Matter
from consent.rules.rule import Rule, Verdict, either, forbid, not_applicable, satisfied, unknown, violated

AGAINST_THE_PARTICIPANT: Final = frozenset(
    {Purpose.INVESTIGATION, Purpose.CHARGING, Purpose.WARRANT, Purpose.REVOCATION_HEARING}
)


def _never(*purposes: Purpose) -> Callable[[Matter], Verdict]:
    """Refuse these purposes to everybody, on every basis."""

    def check(matter: Matter) -> Verdict:
        if matter.request.purpose not in purposes:
            return not_applicable("another purpose is asked for")
        return violated("this purpose is never served to anybody on any basis")

    return check


def _under_a_grant(purpose: Purpose) -> Callable[[Matter], Verdict]:
    """Say what serves a purpose that Part 2 also serves without consent, which is not built here. Never against."""

    def check(matter: Matter) -> Verdict:
        if matter.request.purpose is not purpose:
            return not_applicable("another purpose is asked for")
        return satisfied("only under a grant that lists it")

    return check


def _tells(identifier: str, purpose: Purpose, *cites: str) -> Rule:
    """Return a rule that says on what law a purpose rests. It is never against, but if it breaks, nothing leaves."""
    return forbid(identifier, _under_a_grant(purpose), *cites)


def _against(matter: Matter) -> Verdict:
    """2.12(d)(1), P2-09: records are never used to investigate or charge the participant."""
    purpose = matter.request.purpose
    return either(
        purpose not in AGAINST_THE_PARTICIPANT,
        "the purpose is not directed against the participant",
        "investigation, charging, warrants and revocation hearings are never served to anybody on any basis",
    )


def _justice(matter: Matter) -> Verdict:
    """GR-01: justice is served for four purposes, for a proceeding, and for monitoring under 2.35; for nothing else."""
    if matter.kind is None:
        return unknown("it is not known what the requester is")
    if matter.kind not in JUSTICE_KINDS:
        return not_applicable("the requester is not of a justice kind")
    served = JUSTICE_PURPOSES | {Purpose.PROCEEDING, Purpose.SUPERVISION_MONITORING}
    return either(
        matter.request.purpose in served,
        "justice may be served for this purpose",
        "justice is not served for this purpose",
    )


def _monitoring(matter: Matter) -> Verdict:
    """2.35(a): only the criminal justice system monitors, so no other kind is served for it."""
    if matter.request.purpose is not Purpose.SUPERVISION_MONITORING:
        return not_applicable("the purpose is not supervision-monitoring")
    return either(
        matter.kind in JUSTICE_KINDS,
        "the requester is of a justice kind",
        "supervision-monitoring is served to justice alone",
    )


def _proceeding(matter: Matter) -> Verdict:
    """2.12(d)(1), 2.31(d), 2.61: a proceeding opens nothing but by its own consent or a court order."""
    if matter.request.purpose is not Purpose.PROCEEDING:
        return not_applicable("the purpose is not a proceeding")
    if matter.consents is None or matter.facts.court_orders is None:
        return unknown("consents or court orders could not be loaded")
    consented = any(consent.kind is ConsentKind.PROCEEDING for consent in matter.consents)
    return either(
        consented or bool(matter.facts.court_orders),
        "there is a proceeding consent or a court order to look at",
        "there is neither a proceeding consent nor a court order",
    )


RULES: Final[tuple[Rule, ...]] = (
    forbid(
        "purpose.against-participant",
        _against,
        "42 CFR 2.12(d)(1)",
        "42 CFR 2.31(d)",
        "42 CFR 2.2(b)(2)",
        "LEAD GR-01",
    ),
    forbid("purpose.intelligence", _never(Purpose.INTELLIGENCE), "42 CFR 2.12(d)(1)", "42 CFR 2.17(b)", "LEAD GR-05"),
    forbid("purpose.fundraising", _never(Purpose.FUNDRAISING), "42 CFR 2.31(a)(5)(iii)", "42 CFR 2.13(a)"),
    forbid("purpose.multiple-enrollment", _never(Purpose.MULTIPLE_ENROLLMENT), "42 CFR 2.34", "42 CFR 2.13(a)"),
    forbid("purpose.justice", _justice, "42 CFR 2.12(d)(1)", "LEAD GR-01"),
    forbid("purpose.monitoring", _monitoring, "42 CFR 2.35(a)"),
    forbid(
        "purpose.proceeding",
        _proceeding,
        "42 CFR 2.12(d)(1)",
        "42 CFR 2.31(d)",
        "42 CFR 2.61",
        "42 CFR 2.64",
        "42 CFR 2.65",
        "42 CFR 2.13(b)",
    ),
    _tells("purpose.research", Purpose.RESEARCH, "42 CFR 2.52"),
    _tells("purpose.audit", Purpose.AUDIT, "42 CFR 2.53"),
    _tells("purpose.public-health", Purpose.PUBLIC_HEALTH, "42 CFR 2.54"),
)

"""Every failing word for word: the element, the paragraph that asks for it, where it is missing, what cures it.

The lines are read beside 42 CFR 2.31, 2.33, 2.35 and 45 CFR 164.508: whoever changes one here changes what people are
told at the signing table.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from consent.authorization import authorization_faults
from consent.codes import COMMUNITY_KINDS, COUNSEL_KINDS, JUSTICE_KINDS, Capacity, ConsentKind, Integrity
from consent.failing import Failing
from consent.model import Consent, Signer
from consent.validator import validate
from tests.consent.builders import NOW, ORGANIZATIONS, SECOND, TERMS, C, K, P, consent, grant, organization
from tests.consent.lines import lines

ZONE = ZoneInfo("America/Los_Angeles")
BEFORE_2024 = datetime(2024, 4, 16, 6, 59, 59, tzinfo=UTC)  # the 15th at the site
CLASS = frozenset({"class:treating-providers"})
CLINIC = frozenset({"clinic"})
HOSPITAL = frozenset({"hospital"})
TREATMENT = frozenset({P.TREATMENT})
MONITORING = frozenset({P.SUPERVISION_MONITORING})
TPO: dict[str, Any] = {"kind": ConsentKind.TPO, "tpo_statement": "my providers, plans, and those who help run them"}


def of_part_2(form: Consent) -> list[str]:
    return lines(validate(form, ORGANIZATIONS, at=NOW, zone=ZONE))


def of_hipaa(form: Consent) -> list[str]:
    return lines(authorization_faults(form, ORGANIZATIONS))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"how_to_revoke": ""}, "C-09, 42 CFR 2.31(a)(6), how_to_revoke: say how and where to revoke"),
        ({"signed_at": NOW + SECOND}, "C-12, 42 CFR 2.31(a)(9), signed_at: date it with the day of signing"),
        (
            {"redisclosure_warning": ""},
            "C-13, 42 CFR 2.31(a)(10)(i), redisclosure_warning: say that it may be redisclosed [house]",
        ),
        (
            {"refusal_consequences": ""},
            "C-13, 42 CFR 2.31(a)(10)(ii), refusal_consequences: say what follows from refusing [house]",
        ),
        (
            {"integrity": Integrity.SUSPECT},
            "C-11, 42 CFR 2.31(c)(4), integrity: find out whether the form is genuine",
        ),
        (
            {"integrity": Integrity.UNREADABLE},
            "C-11, 42 CFR 2.31(c)(2), integrity: have a person read the form, or sign anew",
        ),
        ({"signer": Signer("", Capacity.SELF)}, "C-11, 42 CFR 2.31(a)(8), signer.name: have it signed"),
        (
            {"signer": Signer("Sam Example", Capacity.SELF)},
            "C-11, 42 CFR 2.31(a)(8), signer.name: sign with the name on the form, or in a capacity",
        ),
        (
            {"signer": Signer("Ida Alder", Capacity.GUARDIAN)},
            "C-11, 42 CFR 2.15, signer.authority: state by what authority this person signs",
        ),
        ({"grants": ()}, "C-03, 42 CFR 2.31(a)(3), grants: name at least one grant"),
    ],
)
def test_of_the_form(change: dict[str, Any], line: str) -> None:
    assert of_part_2(consent(**change)) == [line]


def test_a_form_without_the_name_is_not_signed_with_it_either() -> None:
    assert of_part_2(consent(patient_name=" ")) == [
        "C-01, 42 CFR 2.31(a)(1), patient_name: write the participant's name",
        "C-11, 42 CFR 2.31(a)(8), signer.name: sign with the name on the form, or in a capacity",
    ]


@pytest.mark.parametrize(
    "signer", [Signer("Ida Alder", Capacity.PARENT), Signer("Gus Alder", Capacity.GUARDIAN, "order of 3 May")]
)
def test_a_parent_or_stated_authority_is_a_capacity(signer: Signer) -> None:
    assert of_part_2(consent(signer=signer)) == []
    assert of_hipaa(consent(grant(discloser=HOSPITAL), signer=signer)) == []


def test_staff_never_sign() -> None:
    found: tuple[Failing, ...] = validate(consent(), ORGANIZATIONS, at=NOW, zone=ZONE, staff=["ray alder"])
    assert lines(found) == ["C-11, 42 CFR 2.31(a)(8), signer.name: have the participant sign: staff never sign"]


def test_of_a_tpo_form() -> None:
    of = grant(purposes=TREATMENT, recipient=CLINIC)
    assert of_part_2(consent(of, kind=ConsentKind.TPO)) == [
        "C-06, 42 CFR 2.31(a)(4)(iii), tpo_statement: add the statement for TPO recipients"
    ]
    assert of_part_2(consent(of, **TPO, redisclosure_warning="", refusal_consequences="")) == [
        "C-13, 42 CFR 2.31(a)(10)(i), redisclosure_warning: say that it may be redisclosed",
        "C-13, 42 CFR 2.31(a)(10)(ii), refusal_consequences: say what follows from refusing",
    ]
    assert of_part_2(consent(of, **TPO, signed_at=BEFORE_2024)) == [
        "C-04, 42 CFR 2.33(a)(2), signed_at: sign anew: there were no TPO consents then"
    ]


def test_of_a_consent_for_a_proceeding() -> None:
    form = consent(grant(purposes=frozenset({P.PROCEEDING})), kind=ConsentKind.PROCEEDING)
    assert of_part_2(form) == [
        "C-07, 42 CFR 2.31(d), proceeding_cause: name the one proceeding",
        "C-07, 42 CFR 2.31(d), counsel_present: have counsel present [house]",
    ]


def test_of_a_consent_under_2_35() -> None:
    assert of_part_2(consent(grant(purposes=MONITORING), kind=ConsentKind.CJ_2_35)) == [
        "C-07, 42 CFR 2.35(a), cj.condition_document: name the document that makes participation a condition",
        "C-07, 42 CFR 2.35(a), cj.cause: name the cause",
        "C-07, 42 CFR 2.35(c), cj.revocable_from: say from when it can be revoked, no later than the final disposition",
        "C-07, 42 CFR 2.35(a)(1), cj.monitoring_official: name the official who monitors",
    ]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"discloser": frozenset({"anyone"})},
            "C-02, 42 CFR 2.31(a)(2), grants[g1].discloser: name who may disclose, as registered",
        ),
        (
            {"categories": frozenset()},
            "C-03, 42 CFR 2.31(a)(3), grants[g1].categories: name the kinds of information",
        ),
        (
            {"categories": frozenset({C.PROGRESS, C.COUNSELING_NOTES})},
            "C-03, 42 CFR 2.31(b), grants[g1].categories: put each category of notes into a consent of its own",
        ),
        (
            {"recipient": frozenset({"law enforcement"})},
            "C-04, 42 CFR 2.31(a)(4)(i), grants[g1].recipient: name who may receive, as registered",
        ),
        (
            {"role": None},
            "C-04, 42 CFR 2.31(a)(4)(i), grants[g1].role: name the role at the justice agency [house]",
        ),
        (
            {"purposes": frozenset()},
            "C-07, 42 CFR 2.31(a)(5), grants[g1].purposes: name a purpose that can be served under this kind of form",
        ),
        (
            {"purposes": frozenset({P.CASE_ALIGNMENT, P.CHARGING})},
            "C-07, 42 CFR 2.31(d), grants[g1].purposes: put the proceeding into a consent of its own",
        ),
        ({"expires": "none"}, "C-10, 42 CFR 2.31(a)(7), grants[g1].expires: give a date or an event"),
    ],
)
def test_of_a_grant(change: dict[str, Any], line: str) -> None:
    assert of_part_2(consent(grant(**change))) == [line]


def test_of_a_class_before_2024() -> None:
    assert of_part_2(consent(grant(recipient=CLASS), signed_at=BEFORE_2024)) == [
        "P2-44, 42 CFR 2.31(a)(4)(i), grants[g1].recipient: sign anew: no class could receive before 2024"
    ]


@pytest.mark.parametrize(
    ("kind", "of", "cite"),
    [
        (ConsentKind.CJ_2_35, {"purposes": MONITORING, "recipient": frozenset({"housing"})}, "42 CFR 2.35(a)(1)"),
        (ConsentKind.NOTES, {"categories": frozenset({C.COUNSELING_NOTES})}, "42 CFR 2.31(b)"),
        (ConsentKind.TPO, {"purposes": TREATMENT}, "42 CFR 2.33(a)(2)"),
    ],
)
def test_of_a_recipient_whom_the_form_cannot_serve(kind: ConsentKind, of: dict[str, Any], cite: str) -> None:
    assert of_part_2(consent(grant(**of), kind=kind, cj=TERMS, tpo_statement="may be")) == [
        f"C-04, {cite}, grants[g1].recipient: name a recipient that this kind of form can serve"
    ]


@pytest.mark.parametrize(
    ("kind", "cite", "unserved"),
    [
        (ConsentKind.NOTES, "42 CFR 2.31(b)", JUSTICE_KINDS | COMMUNITY_KINDS),
        (ConsentKind.TPO, "42 CFR 2.33(a)(2)", JUSTICE_KINDS | COMMUNITY_KINDS | COUNSEL_KINDS),
    ],
)
def test_not_all_of_them_together_are_served(kind: ConsentKind, cite: str, unserved: frozenset[K]) -> None:
    """One office of each kind that may not be told does not make a recipient that may; a clinic beside them does."""
    register = {each.value: organization(each.value, each) for each in unserved}
    notes = frozenset({C.COUNSELING_NOTES if kind is ConsentKind.NOTES else C.PROGRESS})
    of = grant(recipient=frozenset(register), discloser=HOSPITAL, purposes=TREATMENT, categories=notes)
    form = consent(of, kind=kind, tpo_statement="may be")
    found = validate(form, ORGANIZATIONS | register, at=NOW, zone=ZONE)
    assert [each.cite for each in found] == [cite]
    beside = consent(replace(of, recipient=of.recipient | CLINIC), kind=kind, tpo_statement="may be")
    assert validate(beside, ORGANIZATIONS | register, at=NOW, zone=ZONE) == ()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"signer": Signer("", Capacity.SELF)},
            "H-02, 45 CFR 164.508(c)(1)(vi), signer.name: have it signed and dated",
        ),
        (
            {"signer": Signer("Ida Alder", Capacity.EXECUTOR)},
            "H-02, 45 CFR 164.508(c)(1)(vi), signer.authority: describe by what authority the representative acts",
        ),
        (
            {"how_to_revoke": ""},
            (
                "H-02, 45 CFR 164.508(c)(2)(i), how_to_revoke: "
                "say that it may be revoked in writing, the exceptions, and how"
            ),
        ),
        (
            {"refusal_consequences": ""},
            (
                "H-02, 45 CFR 164.508(c)(2)(ii), refusal_consequences: "
                "say that care does not depend on signing, or what does"
            ),
        ),
        (
            {"redisclosure_warning": ""},
            "H-02, 45 CFR 164.508(c)(2)(iii), redisclosure_warning: say that the recipient may pass it on",
        ),
        (
            {"integrity": Integrity.SUSPECT},
            "H-02, 45 CFR 164.508(b)(2)(v), integrity: find out whether what the form says is true",
        ),
    ],
)
def test_of_an_authorization(change: dict[str, Any], line: str) -> None:
    assert of_hipaa(consent(grant(discloser=HOSPITAL), **change)) == [line]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"categories": frozenset()}, "(c)(1)(i), grants[g1].categories: describe the information"),
        ({"recipient": frozenset({"law enforcement"})}, "(c)(1)(iii), grants[g1].recipient: name who may receive"),
        (
            {"recipient": frozenset({"pa"}), "purposes": frozenset()},
            "(c)(1)(iv), grants[g1].purposes: describe each purpose",
        ),
        (
            {"expires": "none"},
            "(c)(1)(v), grants[g1].expires: give a date or an event: none is enough for research only",
        ),
        (
            {"categories": frozenset({C.PSYCHOTHERAPY_NOTES, C.GOALS})},
            "(b)(3)(ii), grants[g1].categories: put psychotherapy notes into an authorization of their own",
        ),
    ],
)
def test_of_a_grant_of_an_authorization(change: dict[str, Any], line: str) -> None:
    assert of_hipaa(consent(grant(discloser=HOSPITAL, **change))) == [f"H-02, 45 CFR 164.508{line}"]

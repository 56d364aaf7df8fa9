"""C-01 to C-13: each element of 2.31(a) missing, one at a time; and a form that has them all."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from consent.codes import Capacity, ConsentKind, Integrity
from consent.model import Consent, Signer
from consent.validator import Failing, counting_grants, validate
from tests.consent.builders import NOW, ORGANIZATIONS, SECOND, TERMS, C, P, consent, grant

ZONE = ZoneInfo("America/Los_Angeles")


def failing(form: Consent) -> tuple[Failing, ...]:
    return validate(form, ORGANIZATIONS, at=NOW, zone=ZONE)


@pytest.mark.parametrize(
    ("change", "element", "cite"),
    [
        ({"patient_name": " "}, "C-01", "2.31(a)(1)"),
        ({"how_to_revoke": ""}, "C-09", "2.31(a)(6)"),
        ({"signer": Signer("", Capacity.SELF)}, "C-11", "2.31(a)(8)"),
        ({"signer": Signer("Sam Example", Capacity.SELF)}, "C-11", "2.31(a)(8)"),
        ({"signer": Signer("Ida", Capacity.GUARDIAN)}, "C-11", "2.15"),
        ({"signed_at": NOW + SECOND}, "C-12", "2.31(a)(9)"),
        ({"redisclosure_warning": ""}, "C-13", "2.31(a)(10)(i)"),
        ({"refusal_consequences": ""}, "C-13", "2.31(a)(10)(ii)"),
        ({"integrity": Integrity.SUSPECT}, "C-11", "2.31(c)(4)"),
        ({"kind": ConsentKind.TPO}, "C-06", "2.31(a)(4)(iii)"),
        ({"kind": ConsentKind.CJ_2_35}, "C-07", "2.35"),
    ],
)
def test_what_the_form_lacks(change: dict[str, Any], element: str, cite: str) -> None:
    form = consent(**change)
    found = failing(form)
    assert any(each.element == element and cite in each.cite and each.grant is None and each.cure for each in found)
    assert counting_grants(form, found) == ()


@pytest.mark.parametrize(
    ("change", "element"),
    [
        ({"discloser": frozenset({"anyone"})}, "C-02"),
        ({"categories": frozenset()}, "C-03"),
        ({"recipient": frozenset({"law enforcement"})}, "C-04"),
        ({"recipient": frozenset({"class:neighbours"})}, "C-04"),
        ({"role": None}, "C-04"),
        ({"purposes": frozenset()}, "C-07"),
        ({"purposes": frozenset({P.FUNDRAISING})}, "C-07"),
        ({"purposes": frozenset({P.CASE_ALIGNMENT, P.CHARGING})}, "C-07"),
        ({"categories": frozenset({C.PROGRESS, C.COUNSELING_NOTES})}, "C-03"),
        ({"expires": "none"}, "C-10"),
    ],
)
def test_what_a_grant_lacks_is_its_own_fault(change: dict[str, Any], element: str) -> None:
    form = consent(grant(**change), grant(id="g2"))
    found = failing(form)
    assert {(each.element, each.grant) for each in found} == {(element, "g1")}
    assert [each.id for each in counting_grants(form, found)] == ["g2"]


def test_no_grant_at_all() -> None:
    form = consent(grants=())
    assert [each.element for each in failing(form)] == ["C-03"]


def test_a_tpo_form_of_2023() -> None:
    old = consent(kind=ConsentKind.TPO, tpo_statement="may be", signed_at=datetime(2023, 1, 1, tzinfo=UTC))
    assert [each.cite for each in failing(old)] == ["42 CFR 2.33(a)(2)"]


@pytest.mark.parametrize(
    ("kind", "of", "more"),
    [
        (ConsentKind.ROI, {}, {}),
        (ConsentKind.TPO, {"purposes": frozenset({P.TREATMENT}), "expires": "none"}, {"tpo_statement": "may be"}),
        (
            ConsentKind.PROCEEDING,
            {"purposes": frozenset({P.PROCEEDING})},
            {"proceeding_cause": "26-1", "counsel_present": True},
        ),
        (ConsentKind.NOTES, {"categories": frozenset({C.COUNSELING_NOTES})}, {}),
        (ConsentKind.CJ_2_35, {"purposes": frozenset({P.SUPERVISION_MONITORING})}, {"cj": TERMS}),
    ],
)
def test_a_whole_form(kind: ConsentKind, of: dict[str, Any], more: dict[str, Any]) -> None:
    form = consent(grant(**of), kind=kind, **more)
    assert failing(form) == ()
    assert counting_grants(form, ()) == form.grants


def test_mixed_up_annexes() -> None:
    proceeding = consent(
        grant(purposes=frozenset({P.PROCEEDING, P.TREATMENT})),
        kind=ConsentKind.PROCEEDING,
        proceeding_cause=" ",
        counsel_present=None,
    )
    assert {each.field for each in failing(proceeding)} == {
        "proceeding_cause",
        "counsel_present",
        "grants[g1].purposes",
    }
    notes = consent(grant(categories=frozenset({C.COUNSELING_NOTES, C.GOALS})), kind=ConsentKind.NOTES)
    assert [each.cite for each in failing(notes)] == ["42 CFR 2.31(b)"]

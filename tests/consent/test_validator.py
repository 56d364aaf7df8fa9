"""C-01 to C-13: each element of 2.31(a) missing, one at a time; and a form that has them all."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from consent.codes import Capacity, ConsentKind, Integrity
from consent.engine import decide
from consent.facts import Facts
from consent.model import Consent, Signer
from consent.request import DisclosureRequest
from consent.validator import Failing, counting_grants, validate
from tests.consent.builders import NOW, ORGANIZATIONS, SECOND, TERMS, C, P, consent, grant
from tests.consent.test_properties import ASKED, known

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
    of = grant(purposes=frozenset({P.TREATMENT}), recipient=frozenset({"clinic"}))
    old = consent(of, kind=ConsentKind.TPO, tpo_statement="may be", signed_at=datetime(2023, 1, 1, tzinfo=UTC))
    assert [each.cite for each in failing(old)] == ["42 CFR 2.33(a)(2)"]


@pytest.mark.parametrize(
    ("kind", "of", "more"),
    [
        (ConsentKind.ROI, {}, {}),
        (
            ConsentKind.TPO,
            {"purposes": frozenset({P.TREATMENT}), "expires": "none", "recipient": frozenset({"clinic"})},
            {"tpo_statement": "may be"},
        ),
        (
            ConsentKind.PROCEEDING,
            {"purposes": frozenset({P.PROCEEDING})},
            {"proceeding_cause": "26-1", "counsel_present": True},
        ),
        (
            ConsentKind.NOTES,
            {"categories": frozenset({C.COUNSELING_NOTES}), "recipient": frozenset({"clinic"})},
            {},
        ),
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
    mixed = grant(categories=frozenset({C.COUNSELING_NOTES, C.GOALS}), recipient=frozenset({"clinic"}))
    notes = consent(mixed, kind=ConsentKind.NOTES)
    assert [each.cite for each in failing(notes)] == ["42 CFR 2.31(b)"]


class TestWhoSigns:
    @pytest.mark.parametrize("name", ["Ray Alder", " RAY  alder"])
    def test_a_signer_is_never_staff(self, name: str) -> None:
        found = validate(consent(), ORGANIZATIONS, at=NOW, zone=ZONE, staff=["Sam Example", name])
        assert [(each.element, each.field, each.grant) for each in found] == [("C-11", "signer.name", None)]

    def test_nor_does_a_case_manager_with_stated_authority(self) -> None:
        form = consent(signer=Signer("Sam Example", Capacity.PERSONAL_REPRESENTATIVE, "case manager"))
        found = validate(form, ORGANIZATIONS, at=NOW, zone=ZONE, staff=["Sam Example"])
        assert [each.cure for each in found] == ["have the participant sign: staff never sign"]

    def test_others_may(self) -> None:
        assert validate(consent(), ORGANIZATIONS, at=NOW, zone=ZONE, staff=["Sam Example", " "]) == ()

    def test_an_unreadable_form(self) -> None:
        assert [each.cite for each in failing(consent(integrity=Integrity.UNREADABLE))] == ["42 CFR 2.31(c)(2)"]


class TestBefore2024:
    OLD = datetime(2024, 4, 16, 6, 59, 59, tzinfo=UTC)  # the 15th at the site

    def test_a_class_alone_could_not_receive(self) -> None:
        form = consent(grant(recipient=frozenset({"class:treating-providers"})), signed_at=self.OLD)
        assert [(each.element, each.grant) for each in failing(form)] == [("P2-44", "g1")]

    def test_a_name_beside_it_stands(self) -> None:
        assert (
            failing(consent(grant(recipient=frozenset({"class:treating-providers", "pa"})), signed_at=self.OLD)) == ()
        )

    def test_a_second_later_it_can(self) -> None:
        form = consent(grant(recipient=frozenset({"class:treating-providers"})), signed_at=self.OLD + SECOND)
        assert failing(form) == ()


class TestAnnexes:
    """Forms that stand apart, toward whom they can serve nobody."""

    MONITORS = frozenset({P.SUPERVISION_MONITORING})

    @pytest.mark.parametrize(
        ("kind", "of", "cite"),
        [
            (ConsentKind.CJ_2_35, {"purposes": MONITORS, "recipient": frozenset({"housing"})}, "2.35(a)(1)"),
            (ConsentKind.CJ_2_35, {"purposes": MONITORS, "recipient": frozenset({"class:treating-providers"})}, "2.35"),
            (ConsentKind.NOTES, {"categories": frozenset({C.COUNSELING_NOTES})}, "2.31(b)"),
            (ConsentKind.TPO, {"purposes": frozenset({P.TREATMENT})}, "2.33(a)(2)"),
        ],
    )
    def test_a_recipient_whom_the_form_cannot_serve(self, kind: ConsentKind, of: dict[str, Any], cite: str) -> None:
        form = consent(grant(**of), kind=kind, cj=TERMS, tpo_statement="may be")
        assert [(each.field, cite in each.cite) for each in failing(form)] == [("grants[g1].recipient", True)]

    @pytest.mark.parametrize("kind", [ConsentKind.NOTES, ConsentKind.TPO])
    def test_one_more_recipient_whom_it_can(self, kind: ConsentKind) -> None:
        notes = frozenset({C.COUNSELING_NOTES} if kind is ConsentKind.NOTES else {C.PROGRESS})
        of = grant(recipient=frozenset({"pa", "clinic"}), purposes=frozenset({P.TREATMENT}), categories=notes)
        assert failing(consent(of, kind=kind, tpo_statement="may be")) == ()

    @pytest.mark.parametrize(
        ("kind", "purpose"),
        [
            (ConsentKind.ROI, P.SUPERVISION_MONITORING),
            (ConsentKind.CJ_2_35, P.CASE_ALIGNMENT),
            (ConsentKind.TPO, P.CARE_COORDINATION),
        ],
    )
    def test_a_purpose_that_the_form_cannot_serve(self, kind: ConsentKind, purpose: P) -> None:
        of = grant(purposes=frozenset({purpose}), recipient=frozenset({"clinic", "court"}))
        form = consent(of, kind=kind, cj=TERMS, tpo_statement="may be")
        assert [each.field for each in failing(form)] == ["grants[g1].purposes"]

    def test_each_term_of_2_35_is_named(self) -> None:
        form = consent(grant(purposes=self.MONITORS), kind=ConsentKind.CJ_2_35, cj=None)
        assert {each.field for each in failing(form)} == {
            "cj.condition_document",
            "cj.cause",
            "cj.revocable_from",
            "cj.monitoring_official",
        }

    @pytest.mark.parametrize("listed", [{C.COUNSELING_NOTES, C.PSYCHOTHERAPY_NOTES}, {C.GOALS}])
    def test_one_category_of_notes_and_nothing_else(self, listed: set[C]) -> None:
        form = consent(grant(categories=frozenset(listed), recipient=frozenset({"clinic"})), kind=ConsentKind.NOTES)
        assert [(each.element, each.cite) for each in failing(form)] == [("C-03", "42 CFR 2.31(b)")]

    def test_whom_nobody_knows_is_one_fault_and_not_two(self) -> None:
        notes = grant(categories=frozenset({C.COUNSELING_NOTES}), recipient=frozenset({"law enforcement"}))
        assert [each.cite for each in failing(consent(notes, kind=ConsentKind.NOTES))] == ["42 CFR 2.31(a)(4)(i)"]

    def test_a_class_beside_a_prosecutor_can_be_served(self) -> None:
        both = frozenset({"class:treating-providers", "pa"})
        notes = grant(categories=frozenset({C.COUNSELING_NOTES}), recipient=both)
        assert failing(consent(notes, kind=ConsentKind.NOTES)) == ()

    def test_a_proceeding_alone_in_an_roi_is_void_and_of_no_use(self) -> None:
        form = consent(grant(purposes=frozenset({P.PROCEEDING})))
        assert [each.cite for each in failing(form)] == ["42 CFR 2.31(a)(5)", "42 CFR 2.31(d)"]

    def test_a_proceeding_form_that_lists_all_that_belongs_to_one(self) -> None:
        """Charging and the like void nothing here, and are never served (consent/README.md)."""
        of = {P.PROCEEDING, P.INVESTIGATION, P.CHARGING, P.WARRANT, P.REVOCATION_HEARING}
        form = consent(
            grant(purposes=frozenset(of)), kind=ConsentKind.PROCEEDING, proceeding_cause="26-1", counsel_present=True
        )
        assert failing(form) == ()


class TestLawAndHouse:
    def test_signed_this_very_moment(self) -> None:
        assert failing(consent(signed_at=NOW)) == ()

    @pytest.mark.parametrize("name", ["housing", "class:treating-providers"])
    def test_a_role_is_asked_of_justice_alone(self, name: str) -> None:
        assert failing(consent(grant(role=None, recipient=frozenset({name})))) == ()

    @pytest.mark.parametrize("change", [{"discloser": frozenset()}, {"categories": frozenset()}, {"expires": "none"}])
    def test_elements_of_a_grant_are_the_laws(self, change: dict[str, Any]) -> None:
        assert [each.by_law for each in failing(consent(grant(**change)))] == [True]

    def test_counsel_is_the_houses_wish(self) -> None:
        form = consent(grant(purposes=frozenset({P.PROCEEDING})), kind=ConsentKind.PROCEEDING)
        assert [(each.field, each.by_law) for each in failing(form)] == [
            ("proceeding_cause", True),
            ("counsel_present", False),
        ]

    def test_what_only_the_house_asks(self) -> None:
        """2.31(a)(10) speaks of TPO; the house asks on every form."""
        roi = consent(grant(role=None), refusal_consequences=" ")
        assert {(each.element, each.by_law) for each in failing(roi)} == {("C-04", False), ("C-13", False)}

    def test_what_the_law_asks(self) -> None:
        of = grant(purposes=frozenset({P.TREATMENT}), recipient=frozenset({"clinic"}))
        tpo = consent(of, kind=ConsentKind.TPO, tpo_statement="may be", refusal_consequences=" ")
        assert [(each.element, each.by_law) for each in failing(tpo)] == [("C-13", True)]


class TestAgreesWithTheDecision:
    """What the validator calls faulty never makes a decision, or somebody would be told the wrong cure."""

    @settings(max_examples=80, deadline=None)
    @given(ASKED, known())
    def test_no_release_on_a_failing_grant(self, asked: DisclosureRequest, before: Facts) -> None:
        counting = {
            f"consent:{form.id}/{each.id}"
            for form in before.consents or ()
            for each in counting_grants(form, validate(form, before.organizations, at=asked.at, zone=ZONE))
        }
        used = {each.basis for each in decide(asked, before).released if each.basis.startswith("consent:")}
        assert used <= counting

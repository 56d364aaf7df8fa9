"""What the signing table is told besides, word for word: signatures, circumstances, HIPAA beside the paper, warnings.

Read beside 42 CFR 2.13, 2.14, 2.15, 2.22, 2.31, 2.32 and 45 CFR 164.508.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from consent.codes import NOTES, Capacity, Category, ConsentKind, LegalRole
from consent.minors import Required, signing_faults
from consent.model import Signer
from tests.consent.builders import TERMS, C, P, consent, grant
from tests.consent.lines import lines
from tests.consent.test_review import ASKED, CLASSED, reviewed

INTERMEDIARY = {"legal_role": LegalRole.INTERMEDIARY}
HOSPITAL = frozenset({"hospital"})
NAME_US = "name the intermediary on the form, exactly as the site is registered"
MINOR = Signer("Testina Fir", Capacity.SELF)


class TestSignatures:
    @pytest.mark.parametrize(
        ("required", "told"),
        [
            (
                Required.PARTICIPANT,
                ["P2-24, 42 CFR 2.15, signer: have the participant sign, or a representative who states the authority"],
            ),
            (
                Required.MINOR,
                ["P2-23, 42 CFR 2.14, signer: have the minor sign, who consents alone in this state"],
            ),
            (
                Required.MINOR_AND_PARENT,
                [
                    "P2-23, 42 CFR 2.14, signer: have the minor sign too",
                    "P2-23, 42 CFR 2.14, signer: have a parent or guardian sign too",
                ],
            ),
            (
                Required.UNKNOWN,
                ["P2-23, 42 CFR 2.14, signer: find out the birth date and the law of the state"],
            ),
        ],
    )
    def test_where_nobody_signed(self, required: Required, told: list[str]) -> None:
        assert lines(signing_faults(required, (), "Testina Fir")) == told

    def test_where_a_parent_signed_what_is_the_minors_alone(self) -> None:
        both = (MINOR, Signer("Ida Fir", Capacity.PARENT))
        assert lines(signing_faults(Required.MINOR, both, "Testina Fir")) == [
            "P2-23, 42 CFR 2.14, signer: sign anew without the other signature: only the minor consents in this state"
        ]

    def test_where_a_guardian_does_not_say_why(self) -> None:
        both = (MINOR, Signer("Gus Fir", Capacity.GUARDIAN))
        assert lines(signing_faults(Required.MINOR_AND_PARENT, both, "Testina Fir")) == [
            "P2-23, 42 CFR 2.14, signer: state by what authority the guardian signs"
        ]

    def test_where_staff_signed_beside_the_participant(self) -> None:
        beside = Signer("sam example", Capacity.GUARDIAN, "none")
        found = reviewed(consent(ASKED), staff=frozenset({"Sam Example"}), cosigners=(beside,))
        assert lines(found.failing) == ["P2-24, 42 CFR 2.31(a)(8), cosigners: strike the signature: staff never sign"]


class TestCircumstances:
    def test_not_sober_and_not_free_to_decline(self) -> None:
        assert lines(reviewed(consent(ASKED), clear_minded=False, fundraises=True).failing) == [
            (
                "P2-24, 42 CFR 2.31(c)(2), signed_at: "
                "have it reaffirmed when the participant is sober and can say back what it means [house]"
            ),
            "C-08, 42 CFR 2.31(a)(5)(iii), may_decline: let the participant decline fundraising",
        ]

    def test_care_that_depends_on_telling_notes(self) -> None:
        notes = consent(replace(CLASSED, categories=frozenset({C.COUNSELING_NOTES})), kind=ConsentKind.NOTES)
        assert lines(reviewed(notes, conditioned=None).failing) == [
            (
                "P2-40, 42 CFR 2.31(b), conditioned: "
                "let no treatment, payment, enrolment or benefit depend on it, and record that"
            )
        ]

    def test_an_authorization_beside_the_paper(self) -> None:
        found = reviewed(consent(replace(ASKED, discloser=HOSPITAL)), conditioned=None, plain_language=None)
        assert lines(found.authorization) == [
            (
                "H-02, 45 CFR 164.508(b)(4), conditioned: "
                "let no care depend on signing, and record that; where it did, sign anew"
            ),
            "H-02, 45 CFR 164.508(c)(3), form: use a form in plain language",
        ]


class TestGrants:
    def test_a_class_that_reaches_nobody(self) -> None:
        found = reviewed(consent(CLASSED), site=INTERMEDIARY)
        told = f"C-05, 42 CFR 2.31(a)(4)(ii), grants[g1].recipient: {NAME_US}"
        assert (lines(found.failing), lines(found.warnings)) == ([told], [f"{told} [house]"])

    def test_2_35_where_the_site_has_not_enabled_it(self) -> None:
        form = consent(
            replace(ASKED, purposes=frozenset({P.SUPERVISION_MONITORING})), kind=ConsentKind.CJ_2_35, cj=TERMS
        )
        assert lines(reviewed(form).failing) == [
            "P2-65, 42 CFR 2.35, grants[g1].purposes: have the site enable 2.35 first [house]"
        ]

    def test_fundraising_that_nobody_may_decline(self) -> None:
        form = consent(replace(ASKED, purposes=frozenset({P.CASE_ALIGNMENT, P.FUNDRAISING})))
        assert lines(reviewed(form).failing) == [
            "C-08, 42 CFR 2.31(a)(5)(iii), grants[g1].purposes: let the participant decline fundraising"
        ]


class TestWarnings:
    def test_of_the_form(self) -> None:
        old = consent(ASKED, signed_at=datetime(2026, 2, 16, 7, 59, 59, tzinfo=UTC))
        assert lines(reviewed(old, copy_given=None, notice_given=None).warnings) == [
            (
                "P2-44, 89 FR 12472, signed_at: "
                "have it signed anew: honoured for the recipients and purposes that it names, and for no more [house]"
            ),
            "P2-45, 45 CFR 164.508(c)(4), copy_given: give the participant a copy",
            "P2-30, 42 CFR 2.22(a), notice_given: give the participant the patient notice",
        ]

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (
                {"discloser": frozenset({"cm", "anyone"})},
                "C-02, 42 CFR 2.31(a)(2), grants[g1].discloser: strike or register who is not registered",
            ),
            (
                {"recipient": frozenset({"pa", "law enforcement"})},
                "C-04, 42 CFR 2.31(a)(4)(i), grants[g1].recipient: strike or register who is not registered",
            ),
            (
                {"categories": frozenset(Category) - NOTES, "recipient": frozenset({"class:treating-providers"})},
                "C-03, 42 CFR 2.31(a)(3), grants[g1].categories: say what is meant: everything is not specific",
            ),
            (
                {"categories": frozenset({C.PROGRESS, C.DRUG_TESTS})},
                "GR-02, 42 CFR 2.13(a), grants[g1].categories: strike what no recipient of this grant will be told",
            ),
            (
                {"redisclose_to": ("court",)},
                (
                    "P2-62, 42 CFR 2.32(b), grants[g1].redisclose_to: "
                    "give each further recipient a grant of its own instead"
                ),
            ),
        ],
    )
    def test_of_a_grant(self, change: dict[str, Any], told: str) -> None:
        assert lines(reviewed(consent(replace(ASKED, **change))).warnings) == [f"{told} [house]"]

    def test_of_a_proceeding(self) -> None:
        of = replace(ASKED, purposes=frozenset({P.PROCEEDING}), categories=frozenset({C.DRUG_TESTS}))
        form = consent(of, kind=ConsentKind.PROCEEDING, proceeding_cause="26-1", counsel_present=True)
        assert lines(reviewed(form).warnings) == [
            "GR-02, 42 CFR 2.31(d), grants[g1].categories: have the public defender review what tells against [house]"
        ]


def test_the_day_of_signing_is_the_sites() -> None:
    """The evening of 15 April 2024 at the site is the 16th in Greenwich; no class could receive before the 16th."""
    given = grant(recipient=frozenset({"class:treating-providers"}))
    evening = datetime(2024, 4, 16, 6, 59, 59, tzinfo=UTC)
    assert [each.element for each in reviewed(consent(given, signed_at=evening)).failing] == ["P2-44"]
    assert reviewed(consent(given, signed_at=evening.replace(hour=7, minute=0))).failing == ()

"""The signing table: what fails, what HIPAA adds, what warns; and a form that may be signed."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from consent.codes import Capacity, Category, ConsentKind, LegalRole
from consent.failing import Failing
from consent.minors import StateAges
from consent.model import Consent, Signer
from consent.review import Circumstances, Register, Review, review
from tests.consent.builders import NOW, ORGANIZATIONS, SITE, TERMS, C, P, consent, grant

AGES = {"WA": StateAges("WA", 13, 18, "test", "memory")}
GOOD = Circumstances(
    conditioned=False, plain_language=True, clear_minded=True, copy_given=True, notice_given=True, fundraises=False
)
ASKED = grant(categories=frozenset({C.PROGRESS, C.ENGAGEMENT}))
CLASSED = grant(
    recipient=frozenset({"class:treating-providers"}), role=None, purposes=frozenset({P.TREATMENT}), id="g1"
)


def reviewed(
    form: Consent, *, born: date | None = date(1988, 7, 19), site: dict[str, Any] | None = None, **more: Any
) -> Review:
    register = Register(replace(SITE, **(site or {})), ORGANIZATIONS, born, AGES)
    return review(form, register, at=NOW, circumstances=replace(GOOD, **more))


def elements(faults: tuple[Failing, ...]) -> list[str]:
    return [each.element for each in faults]


class TestDual:
    """H-02: one form, two answers."""

    FROM_HOSPITAL = grant(id="g2", discloser=frozenset({"hospital"}))

    @pytest.mark.parametrize("conditioned", [True, None])
    def test_part_2_yes_hipaa_no(self, conditioned: Any) -> None:
        """164.508(b)(4): care was made to depend on signing; Part 2 says so of notes only."""
        found = reviewed(consent(ASKED, self.FROM_HOSPITAL), conditioned=conditioned)
        assert found.failing == ()
        assert [each.cite for each in found.authorization] == ["45 CFR 164.508(b)(4)"]
        assert (found.counting, found.from_covered) == (("g1", "g2"), ("g1",))

    def test_no_conditioning_statement(self) -> None:
        """By law only HIPAA asks for it on an ROI; the house asks always, so nothing counts."""
        found = reviewed(
            consent(ASKED, self.FROM_HOSPITAL),
        )
        assert found.may_be_finalised
        found = reviewed(consent(self.FROM_HOSPITAL, refusal_consequences=""))
        assert [(each.element, each.by_law) for each in found.failing] == [("C-13", False)]
        assert [each.cite for each in found.authorization] == ["45 CFR 164.508(c)(2)(ii)"]
        assert found.counting == found.from_covered == ()

    @pytest.mark.parametrize("plain", [False, None])
    def test_a_form_in_legal_language(self, plain: Any) -> None:
        found = reviewed(consent(self.FROM_HOSPITAL), plain_language=plain)
        assert [each.cite for each in found.authorization] == ["45 CFR 164.508(c)(3)"]
        assert found.from_covered == ()

    def test_a_fault_of_one_grant_is_its_own(self) -> None:
        bad = grant(
            id="g3", discloser=frozenset({"hospital"}), expires="none", purposes=frozenset({P.RESEARCH, P.AUDIT})
        )
        found = reviewed(consent(self.FROM_HOSPITAL, bad))
        assert found.from_covered == ("g2",)

    def test_where_nobody_covered_discloses(self) -> None:
        found = reviewed(consent(ASKED), conditioned=True, plain_language=False)
        assert found.authorization == ()
        assert found.from_covered == found.counting == ("g1",)


class TestSigners:
    def test_a_birth_date_that_nobody_knows(self) -> None:
        assert elements(reviewed(consent(ASKED), born=None).failing) == ["P2-23"]

    def test_a_minor_below_the_age_needs_a_parent(self) -> None:
        child = date(2015, 1, 1)
        assert elements(reviewed(consent(ASKED), born=child).failing) == ["P2-23"]
        mother = Signer("Ida Alder", Capacity.PARENT)
        assert reviewed(consent(ASKED), born=child, cosigners=(mother,)).failing == ()
        assert reviewed(consent(ASKED, signer=mother), born=child).counting == ()

    def test_staff_sign_nowhere(self) -> None:
        staff = frozenset({"Sam Example"})
        as_staff = Signer("sam example", Capacity.GUARDIAN, "none")
        assert elements(reviewed(consent(ASKED, signer=as_staff), staff=staff).failing) == ["C-11"]
        assert elements(reviewed(consent(ASKED), staff=staff, cosigners=(as_staff,)).failing) == ["P2-24"]
        assert reviewed(consent(ASKED), staff=staff).failing == ()

    def test_intoxicated_at_field_contact(self) -> None:
        assert elements(reviewed(consent(ASKED), clear_minded=False).failing) == ["P2-24"]


class TestAnnexes:
    def test_a_class_at_an_intermediary_that_the_form_does_not_name(self) -> None:
        role = {"legal_role": LegalRole.INTERMEDIARY}
        assert elements(reviewed(consent(CLASSED), site=role).failing) == ["C-05"]
        assert elements(reviewed(consent(CLASSED, intermediary="fern county lead"), site=role).failing) == ["C-05"]
        assert reviewed(consent(CLASSED, intermediary=SITE.name), site=role).failing == ()
        assert reviewed(consent(CLASSED)).failing == ()

    def test_a_name_beside_the_class_stands(self) -> None:
        both = replace(CLASSED, recipient=frozenset({"class:treating-providers", "clinic"}))
        found = reviewed(consent(both), site={"legal_role": LegalRole.INTERMEDIARY})
        assert (found.failing, elements(found.warnings), found.counting) == ((), ["C-05"], ("g1",))

    def test_2_35_where_the_site_has_not_enabled_it(self) -> None:
        form = consent(grant(purposes=frozenset({P.SUPERVISION_MONITORING})), kind=ConsentKind.CJ_2_35, cj=TERMS)
        assert elements(reviewed(form).failing) == ["P2-65"]
        assert reviewed(form, site={"cj_2_35_enabled": True}).failing == ()

    @pytest.mark.parametrize("conditioned", [True, None])
    def test_notes_on_which_care_depends(self, conditioned: Any) -> None:
        notes = replace(CLASSED, categories=frozenset({C.COUNSELING_NOTES}))
        form = consent(notes, kind=ConsentKind.NOTES)
        assert elements(reviewed(form, conditioned=conditioned).failing) == ["P2-40"]
        assert reviewed(form).failing == ()

    def test_a_grant_for_fundraising(self) -> None:
        form = consent(replace(ASKED, purposes=frozenset({P.CASE_ALIGNMENT, P.FUNDRAISING})), replace(ASKED, id="g2"))
        assert reviewed(form).counting == ("g2",)
        assert [each.cite for each in reviewed(form).failing] == ["42 CFR 2.31(a)(5)(iii)"]
        assert reviewed(form, may_decline=True).counting == ("g1", "g2")

    def test_a_program_that_raises_funds(self) -> None:
        assert elements(reviewed(consent(ASKED), fundraises=True).failing) == ["C-08"]
        assert reviewed(consent(ASKED), fundraises=True, may_decline=True).failing == ()

    def test_a_proceeding_inside_an_roi_blocks_the_form_and_sinks_one_grant(self) -> None:
        """P2-42: at the table it is mended; taken in, the rest survives."""
        bad = replace(ASKED, id="g2", purposes=frozenset({P.PROCEEDING, P.CASE_ALIGNMENT}))
        found = reviewed(consent(ASKED, bad))
        assert not found.may_be_finalised
        assert found.counting == ("g1",)


class TestWarnings:
    @pytest.mark.parametrize(
        ("change", "element"),
        [
            ({"copy_given": False}, "P2-45"),
            ({"copy_given": None}, "P2-45"),
            ({"notice_given": None}, "P2-30"),
        ],
    )
    def test_beside_the_form(self, change: dict[str, Any], element: str) -> None:
        found = reviewed(consent(ASKED), **change)
        assert elements(found.warnings) == [element]
        assert found.may_be_finalised

    def test_a_form_from_before_the_new_elements(self) -> None:
        old = reviewed(consent(ASKED, signed_at=datetime(2026, 2, 16, 7, 59, 59, tzinfo=UTC)))
        assert elements(old.warnings) == ["P2-44"]
        assert old.counting == ("g1",)
        assert reviewed(consent(ASKED, signed_at=datetime(2026, 2, 16, 8, tzinfo=UTC))).warnings == ()

    @pytest.mark.parametrize(
        ("change", "element"),
        [
            ({"categories": frozenset({C.PROGRESS, C.DRUG_TESTS})}, "GR-02"),
            ({"recipient": frozenset({"pa", "law enforcement"})}, "C-04"),
            ({"discloser": frozenset({"cm", "anyone"})}, "C-02"),
            ({"redisclose_to": ("court",)}, "P2-62"),
        ],
    )
    def test_of_a_grant(self, change: dict[str, Any], element: str) -> None:
        found = reviewed(consent(replace(ASKED, **change)))
        assert [(each.element, each.grant) for each in found.warnings] == [(element, "g1")]

    def test_everything_is_not_specific(self) -> None:
        everything = frozenset(Category) - {C.COUNSELING_NOTES, C.PSYCHOTHERAPY_NOTES}
        found = reviewed(consent(replace(CLASSED, categories=everything)))
        assert elements(found.warnings) == ["C-03"]

    def test_what_tells_against_in_a_proceeding(self) -> None:
        of = replace(ASKED, purposes=frozenset({P.PROCEEDING}), categories=frozenset({C.DRUG_TESTS}))
        form = consent(of, kind=ConsentKind.PROCEEDING, proceeding_cause="26-1", counsel_present=True)
        assert [each.cite for each in reviewed(form).warnings] == ["42 CFR 2.31(d)"]
        harmless = replace(form, grants=(replace(of, categories=frozenset({C.PROGRESS})),))
        assert reviewed(harmless).warnings == ()
        to_housing = replace(form, grants=(replace(of, recipient=frozenset({"housing"})),))
        assert reviewed(to_housing).warnings == ()

    def test_a_form_without_any(self) -> None:
        found = reviewed(consent(ASKED))
        assert (found.failing, found.authorization, found.warnings) == ((), (), ())
        assert found.may_be_finalised


def test_what_is_the_houses_and_not_the_laws() -> None:
    old = datetime(2025, 6, 1, tzinfo=UTC)
    cj = consent(grant(purposes=frozenset({P.SUPERVISION_MONITORING})), kind=ConsentKind.CJ_2_35, cj=TERMS)
    found = reviewed(replace(cj, signed_at=old), clear_minded=False, copy_given=False, notice_given=False)
    assert {(each.element, each.by_law) for each in (*found.failing, *found.warnings)} == {
        ("P2-24", False),
        ("P2-65", False),
        ("P2-44", False),
        ("GR-02", False),
        ("P2-45", True),
        ("P2-30", True),
    }


def test_a_form_without_grants_is_never_finalised() -> None:
    assert not reviewed(consent(grants=())).may_be_finalised

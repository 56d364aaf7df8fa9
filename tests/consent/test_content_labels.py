"""What an item was found to hold when it was taken in: kept with it, never lowered, and asked for in a consent."""

from dataclasses import replace
from typing import Any, Final

import pytest

from consent.codes import Category, Part2Status
from consent.decision import Decision
from consent.engine import decide
from consent.labels import also_about, kept, label, label_item
from consent.model import ContentLabels, Item, Restriction
from consent.sensitivity import Confidentiality, Sensitivity
from mappings.tables.sensitivity import load_sensitivity
from tests.consent.builders import HOSPITAL, OTP, C, P, consent, facts, grant, item, request

S: Final = Sensitivity
OPIOIDS: Final = {
    "resourceType": "Condition",
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F11.20"}]},
}
SUD: Final = frozenset({C.SUD_DIAGNOSIS, C.SUD_TREATMENT, C.MOUD})


def found(*sensitivities: Sensitivity, part2: bool = False, opaque: bool = False, **more: Any) -> ContentLabels:
    return ContentLabels(part2, opaque, frozenset(sensitivities), more.get("confidentiality", Confidentiality.R))


def told(labels: ContentLabels | None, category: Category = C.PHYSICAL_HEALTH) -> Item:
    return item(source="hospital", category=category, labels=labels)


def asked(thing: Item, *categories: Category) -> Decision:
    """The clinic asks for one item of the hospital's for treatment, under one grant that lists `categories`."""
    given = grant(
        discloser=frozenset({"hospital"}),
        recipient=frozenset({"clinic"}),
        purposes=frozenset({P.TREATMENT}),
        categories=frozenset(categories) or frozenset({C.HOUSING}),
    )
    return decide(request(requester="clinic", purpose=P.TREATMENT), facts(consent(given), record=(thing,)))


class TestKept:
    def test_with_the_source_as_it_stood(self) -> None:
        assert kept(label_item(item(source="otp"), OTP, load_sensitivity())).part2
        assert not kept(label_item(item(category=C.HOUSING, source="hospital"), HOSPITAL, load_sensitivity())).part2

    def test_of_the_same_content_nothing_sinks(self) -> None:
        before = found(S.HIV, part2=True, opaque=True, confidentiality=Confidentiality.V)
        now = label_item(item(category=C.HOUSING, source="hospital"), HOSPITAL, load_sensitivity())
        assert kept(now, before) == before
        assert not kept(now).part2

    def test_what_rises_rises(self) -> None:
        before = found(S.HIV, confidentiality=Confidentiality.N)
        now = label_item(replace(told(None), resource=OPIOIDS), HOSPITAL, load_sensitivity())
        after = kept(now, before)
        assert after.sensitivities >= {S.HIV, S.SUD, S.OPIOIDUD}
        assert (after.part2, after.confidentiality) == (True, Confidentiality.R)


class TestLabel:
    def test_without_what_was_kept_source_and_category_say_it(self) -> None:
        assert not label(told(None), facts()).part2

    def test_what_was_kept_counts_beside_them(self) -> None:
        labels = label(told(found(S.SUD, part2=True, opaque=True, confidentiality=Confidentiality.V)), facts())
        assert labels.part2
        assert labels.opaque
        assert labels.sensitivities == {S.SUD}
        assert labels.confidentiality is Confidentiality.V

    def test_what_was_kept_is_no_way_down(self) -> None:
        labels = label(item(source=None, labels=found(confidentiality=Confidentiality.N)), facts())
        assert labels.part2
        assert labels.confidentiality is Confidentiality.R

    def test_a_program_that_is_called_none_later_leaves_its_records_under_part_2(self) -> None:
        since = {"otp": replace(OTP, part2_status=Part2Status.NOT_PROGRAM)}
        thing = item(category=C.HOUSING, source="otp", labels=found(part2=True))
        assert label(thing, facts(organizations=since)).part2
        assert not label(replace(thing, labels=None), facts(organizations=since)).part2


class TestAlsoAbout:
    @pytest.mark.parametrize(
        ("sensitivity", "described"),
        [
            (S.SUD, SUD),
            (S.OPIOIDUD, SUD),
            (S.ETHUD, SUD),
            (S.ETH, SUD),
            (S.PSY, {C.MENTAL_HEALTH}),
            (S.HIV, {C.HIV_STI}),
            (S.SDV, {C.DV_SAFETY}),
        ],
    )
    def test_a_kind_is_described_by_its_own_categories(
        self, sensitivity: Sensitivity, described: frozenset[Category]
    ) -> None:
        assert also_about(C.PROGRESS, found(sensitivity)) == (described,)

    def test_a_category_describes_its_own_kind(self) -> None:
        assert also_about(C.MENTAL_HEALTH, found(S.PSY)) == ()
        assert also_about(C.SUD_TREATMENT, found(S.SUD, S.ETH)) == ()
        assert also_about(C.MENTAL_HEALTH, found(S.PSY, S.HIV)) == (frozenset({C.HIV_STI}),)

    def test_what_nobody_could_read_may_be_about_anything(self) -> None:
        every = (SUD, frozenset({C.MENTAL_HEALTH}), frozenset({C.HIV_STI}), frozenset({C.DV_SAFETY}))
        assert also_about(C.PROGRESS, found(opaque=True)) == every
        assert also_about(C.HIV_STI, found(opaque=True)) == (
            SUD,
            frozenset({C.MENTAL_HEALTH}),
            frozenset({C.DV_SAFETY}),
        )

    def test_notes_are_consented_to_alone_whatever_they_are_about(self) -> None:
        assert also_about(C.PSYCHOTHERAPY_NOTES, found(S.HIV, opaque=True)) == ()
        assert also_about(C.PROGRESS, None) == ()


class TestDecided:
    def test_substance_use_in_a_hospital_s_record_is_not_for_treatment_without_a_consent(self) -> None:
        assert asked(told(None)).outcome == "permit"
        assert asked(told(found(S.SUD, part2=True))).outcome == "deny"

    def test_a_grant_describes_all_that_is_in_an_item(self) -> None:
        thing = told(found(S.SUD, S.PSY, part2=True))
        assert asked(thing, C.PHYSICAL_HEALTH).outcome == "deny"
        assert asked(thing, C.PHYSICAL_HEALTH, C.SUD_DIAGNOSIS).outcome == "deny"
        assert asked(thing, C.SUD_DIAGNOSIS, C.MENTAL_HEALTH).outcome == "deny"
        permitted = asked(thing, C.PHYSICAL_HEALTH, C.MOUD, C.MENTAL_HEALTH)
        assert [(each.basis, each.part2) for each in permitted.released] == [("consent:c1/g1", True)]
        assert {each.kind for each in permitted.obligations} >= {"notice", "consent-scope"}

    def test_two_items_of_one_category_are_judged_each_by_what_it_holds(self) -> None:
        two = (told(found(S.SUD, part2=True)), replace(told(found()), id="i2"))
        signed = consent(
            grant(
                discloser=frozenset({"hospital"}),
                recipient=frozenset({"clinic"}),
                purposes=frozenset({P.CARE_COORDINATION}),
                categories=frozenset({C.PHYSICAL_HEALTH}),
            )
        )
        decision = decide(request(requester="clinic", purpose=P.CARE_COORDINATION), facts(signed, record=two))
        assert [each.item for each in decision.released] == ["i2"]
        assert [each.item for each in decision.withheld] == ["i1"]

    def test_what_is_in_an_item_is_below_the_ceiling_too(self) -> None:
        """Case alignment may hear of sud-treatment; a warm hand-off hears of no substance use at all (GR-02)."""
        thing = item(category=C.PARTICIPATION, labels=found(S.SUD, part2=True))
        for purpose, outcome in ((P.CASE_ALIGNMENT, "permit"), (P.WARM_HANDOFF, "deny")):
            given = grant(purposes=frozenset({purpose}), categories=frozenset({C.PARTICIPATION, C.SUD_TREATMENT}))
            decision = decide(request(purpose=purpose), facts(consent(given), record=(thing,)))
            assert decision.outcome == outcome

    def test_a_restriction_reaches_what_is_in_an_item(self) -> None:
        thing = told(found(S.HIV))
        for category, outcome in ((C.HIV_STI, "deny"), (C.DV_SAFETY, "permit")):
            agreed = Restriction("p1", "clinic", agreed=True, categories=frozenset({category}))
            known = facts(record=(thing,), restrictions=(agreed,))
            assert decide(request(requester="clinic", purpose=P.TREATMENT), known).outcome == outcome

"""State law only takes away: each effect, what would heal a void grant, and that no decision ever gains by it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.codes import Capacity, Category, ConsentKind, OrganizationKind
from consent.engine import decide
from consent.facts import Facts
from consent.model import ConsentGrant
from consent.overlays import (
    Effect,
    Overlay,
    Surroundings,
    last_moment,
    narrowed,
    notices_of,
    of_state,
    restrictions_of,
)
from consent.request import DisclosureRequest
from tests.consent.builders import (
    CLINIC,
    HOSPITAL,
    NOW,
    ORGANIZATIONS,
    PA,
    SECOND,
    C,
    K,
    P,
    consent,
    facts,
    grant,
    item,
    request,
)
from tests.consent.test_properties import ASKED, CATEGORIES, known, some

REGISTER = Surroundings(ORGANIZATIONS)
SIGNED = consent().signed_at


def overlay(effect: Effect = Effect.NARROW, **more: Any) -> Overlay:
    fixed = {"id": "o1", "jurisdiction": "WA", "source": "test", "standing": "memory"}
    return Overlay(effect=effect, **(fixed | more))


def after(
    one: ConsentGrant, *overlays: Overlay, at: Any = NOW, known: Surroundings = REGISTER, **of: Any
) -> ConsentGrant:
    (form,) = narrowed([consent(one, **of)], overlays, at, known)
    return form.grants[0]


class TestNarrow:
    def test_the_category_goes(self) -> None:
        left = after(grant(), overlay(categories=frozenset({C.PROGRESS})))
        assert left.categories == {C.ENGAGEMENT, C.DRUG_TESTS}

    def test_no_categories_means_all(self) -> None:
        assert after(grant(), overlay()).categories == frozenset()

    def test_two_of_them_take_what_either_takes(self) -> None:
        both = [overlay(categories=frozenset({each})) for each in (C.PROGRESS, C.ENGAGEMENT)]
        assert after(grant(), *both).categories == {C.DRUG_TESTS}

    def test_only_toward_the_kinds(self) -> None:
        hiv = overlay(categories=frozenset({C.PROGRESS}), kinds=frozenset({K.POLICE, K.PROSECUTOR}))
        assert C.PROGRESS not in after(grant(), hiv).categories
        assert after(grant(recipient=frozenset({"clinic"})), hiv).categories == grant().categories

    def test_one_of_several_recipients_is_enough(self) -> None:
        of = grant(recipient=frozenset({"clinic", "pa"}))
        assert (
            C.PROGRESS
            not in after(of, overlay(categories=frozenset({C.PROGRESS}), kinds=frozenset({K.PROSECUTOR}))).categories
        )

    @pytest.mark.parametrize("name", ["class:treating-providers", "nobody knows"])
    def test_whoever_may_be_of_the_kind(self, name: str) -> None:
        of = grant(recipient=frozenset({name}))
        assert after(of, overlay(kinds=frozenset({K.HOSPITAL}))).categories == frozenset()

    @pytest.mark.parametrize(
        ("kind", "listed", "gone"),
        [
            (ConsentKind.ROI, {C.PROGRESS, C.COUNSELING_NOTES}, {C.COUNSELING_NOTES}),
            (ConsentKind.NOTES, {C.COUNSELING_NOTES, C.PSYCHOTHERAPY_NOTES}, {C.PSYCHOTHERAPY_NOTES}),
            (ConsentKind.NOTES, {C.COUNSELING_NOTES, C.PROGRESS}, {C.PROGRESS}),
        ],
    )
    def test_a_void_grant_is_not_healed(self, kind: ConsentKind, listed: set[Category], gone: set[Category]) -> None:
        """2.31(b): taking out what voids a grant would give it a life that the form never gave it."""
        left = after(grant(categories=frozenset(listed)), overlay(categories=frozenset(gone)), kind=kind)
        assert left.categories == frozenset()

    def test_notes_alone_are_left_alone(self) -> None:
        notes = grant(categories=frozenset({C.COUNSELING_NOTES}))
        assert after(notes, overlay(categories=frozenset({C.PROGRESS})), kind=ConsentKind.NOTES) == notes


class TestMaxDuration:
    DAYS_90 = overlay(Effect.MAX_DURATION, days=90)
    YEAR = SIGNED + timedelta(days=365)
    END = SIGNED + timedelta(days=90)

    def test_a_year_is_cut_to_ninety_days_and_shown(self) -> None:
        one = grant(expires=self.YEAR)
        assert after(one, self.DAYS_90).expires == self.END
        assert last_moment(consent(one), one, [self.DAYS_90], REGISTER) == self.END

    def test_the_shortest_counts(self) -> None:
        assert after(
            grant(expires=self.YEAR), self.DAYS_90, overlay(Effect.MAX_DURATION, days=60, id="o2")
        ).expires == (SIGNED + timedelta(days=60))

    def test_a_shorter_grant_stays(self) -> None:
        soon = SIGNED + timedelta(days=5)
        assert after(grant(expires=soon), self.DAYS_90).expires == soon

    def test_an_event_ends_at_the_day_at_the_latest(self) -> None:
        event = grant(expires="event:release")
        assert after(event, self.DAYS_90, at=self.END - SECOND).expires == "event:release"
        assert after(event, self.DAYS_90, at=self.END).expires == self.END

    def test_none_counts_on_a_tpo_form_only(self) -> None:
        """A date in its place would heal an ROI that has no expiry (2.31(a)(7))."""
        endless = grant(expires="none")
        assert after(endless, self.DAYS_90).expires == "none"
        assert after(endless, self.DAYS_90, kind=ConsentKind.TPO).expires == self.END

    def test_another_category_or_kind_is_not_meant(self) -> None:
        for other in ({"categories": frozenset({C.HIV_STI})}, {"kinds": frozenset({K.BUSINESS})}):
            assert after(grant(expires=self.YEAR), replace(self.DAYS_90, **other)).expires == self.YEAR
            assert last_moment(consent(), grant(), [replace(self.DAYS_90, **other)], REGISTER) is None

    def test_only_toward_a_kind(self) -> None:
        of = replace(self.DAYS_90, kinds=frozenset({K.PROSECUTOR}))
        assert after(grant(expires=self.YEAR), of).expires == self.END
        assert after(grant(expires=self.YEAR, recipient=frozenset({"clinic"})), of).expires == self.YEAR

    def test_a_duration_takes_no_category(self) -> None:
        assert after(grant(), self.DAYS_90).categories == grant().categories

    def test_one_without_days_takes_everything(self) -> None:
        assert after(grant(), overlay(Effect.MAX_DURATION)).categories == frozenset()

    def test_more_days_than_the_calendar_has(self) -> None:
        assert after(grant(expires=self.YEAR), replace(self.DAYS_90, days=9_000_000)).expires == self.YEAR


class TestExtraSigner:
    PARENT = overlay(Effect.EXTRA_SIGNER, signer=Capacity.PARENT, categories=frozenset({C.PROGRESS}))

    def test_without_the_signature_the_category_goes(self) -> None:
        assert C.PROGRESS not in after(grant(), self.PARENT).categories
        other = Surroundings(ORGANIZATIONS, cosigned={"c1": frozenset({Capacity.GUARDIAN})})
        assert C.PROGRESS not in after(grant(), self.PARENT, known=other).categories
        elsewhere = Surroundings(ORGANIZATIONS, cosigned={"c2": frozenset({Capacity.PARENT})})
        assert C.PROGRESS not in after(grant(), self.PARENT, known=elsewhere).categories

    def test_with_it_everything_stays(self) -> None:
        signed = Surroundings(ORGANIZATIONS, cosigned={"c1": frozenset({Capacity.PARENT})})
        assert after(grant(), self.PARENT, known=signed) == grant()

    def test_nobody_named_is_nobody_signed(self) -> None:
        signed = Surroundings(ORGANIZATIONS, cosigned={"c1": frozenset(Capacity)})
        assert C.PROGRESS not in after(grant(), replace(self.PARENT, signer=None), known=signed).categories


class TestExtraNotice:
    NOTICE = overlay(Effect.EXTRA_NOTICE, notice="state law forbids...", categories=frozenset({C.PROGRESS}))

    def test_where_nobody_attaches_it_the_category_stays_behind(self) -> None:
        assert C.PROGRESS not in after(grant(), self.NOTICE).categories

    def test_where_it_is_attached(self) -> None:
        assert after(grant(), self.NOTICE, known=Surroundings(ORGANIZATIONS, attached=frozenset({"o1"}))) == grant()

    def test_which_notices_are_owed(self) -> None:
        other = replace(self.NOTICE, id="o2", kinds=frozenset({K.HOUSING}))
        all_, narrow = [self.NOTICE, other, overlay(id="o3")], [C.GOALS]
        assert [each.id for each in notices_of(all_, K.PROSECUTOR, [C.PROGRESS])] == ["o1"]
        assert [each.id for each in notices_of(all_, K.HOUSING, [C.PROGRESS, C.GOALS])] == ["o1", "o2"]
        assert notices_of(all_, K.HOUSING, narrow) == ()
        assert notices_of([replace(self.NOTICE, categories=frozenset())], K.HOUSING, []) == ()


class TestWhole:
    def test_only_the_state_of_the_site(self) -> None:
        elsewhere = overlay(id="o2", jurisdiction="OR")
        assert of_state([overlay(), elsewhere], "WA") == (overlay(),)
        assert of_state([overlay()], "wa") == ()

    def test_nothing_asked_nothing_changed(self) -> None:
        forms = (consent(), consent(id="c2"))
        assert narrowed(forms, (), NOW, REGISTER) == forms

    def test_bases_without_consent(self) -> None:
        """164.506 carries HIV results between hospital and clinic; the state says no."""
        record = (item(category=C.HIV_STI, source="hospital"),)
        asked = request(requester="clinic", purpose=P.TREATMENT, items=None)
        before = facts(record=record)
        assert [each.basis for each in decide(asked, before).released] == ["164.506"]
        hiv = overlay(categories=frozenset({C.HIV_STI}), kinds=frozenset({K.TREATMENT_PROVIDER}))
        restrictions = restrictions_of([hiv, self.not_a_restriction], "p1", [CLINIC, HOSPITAL, PA])
        assert [(each.organization, each.agreed) for each in restrictions] == [("clinic", True)]
        assert decide(asked, replace(before, restrictions=restrictions)).released == ()

    not_a_restriction = overlay(Effect.MAX_DURATION, days=90)

    def test_no_categories_restrict_all(self) -> None:
        (one,) = restrictions_of([overlay()], "p1", [CLINIC])
        assert one.categories == frozenset(Category)


OVERLAYS = st.builds(
    Overlay,
    id=st.sampled_from(["o1", "o2"]),
    jurisdiction=st.just("WA"),
    effect=st.sampled_from(list(Effect)),
    source=st.just("test"),
    standing=st.just("memory"),
    categories=st.frozensets(st.sampled_from(CATEGORIES), max_size=3),
    kinds=st.frozensets(st.sampled_from(list(OrganizationKind)), max_size=3),
    days=st.sampled_from([None, 1, 99, 100, 101, 500]),
    signer=st.sampled_from([None, *Capacity]),
    notice=st.just("text"),
)


class TestNeverMore:
    """P2-29: whatever the overlays say, no decision releases what it would not have released without them."""

    @settings(max_examples=120, deadline=None)
    @given(
        ASKED,
        known(),
        st.lists(OVERLAYS, max_size=3),
        some(["o1", "o2"]),
        st.frozensets(st.sampled_from(list(Capacity))),
    )
    def test_a_decision_never_gains(
        self,
        asked: DisclosureRequest,
        before: Facts,
        overlays: list[Overlay],
        attached: frozenset[str],
        signed: frozenset[Capacity],
    ) -> None:
        around = Surroundings(
            before.organizations,
            cosigned={"c0": signed, "c1": signed},
            attached=attached,
        )
        forms = narrowed(before.consents or (), overlays, asked.at, around)
        less = decide(asked, replace(before, consents=forms))
        more = decide(asked, before)
        assert {each.item for each in less.released} <= {each.item for each in more.released}

    @settings(max_examples=60, deadline=None)
    @given(known(), st.lists(OVERLAYS, max_size=3))
    def test_twice_is_once(self, before: Facts, overlays: list[Overlay]) -> None:
        around = Surroundings(before.organizations)
        once = narrowed(before.consents or (), overlays, NOW, around)
        assert narrowed(once, overlays, NOW, around) == once

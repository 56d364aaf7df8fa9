"""A stay told in any order, twice, late, corrected and taken back, is the same stay."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.lead.action import Action
from mappings.lead.custody import Bond, Charge, CustodyEvent, CustodyKind, PersonDescription, PersonName
from mappings.lead.custody_health import BehavioralHealth
from mappings.lead.custody_state import Standing, Stay, all_numbers, current_number, stays
from mappings.lead.merge import Merge
from mappings.lead.stay_items import every_reference, retracted, stay_items

DAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
RAY = PersonDescription((PersonName("Ray", "Alder"),), (), None, (("sid", "WA10000001"),))
HEALTH = BehavioralHealth(
    serious_mental_illness=True,
    general_mental_health=None,
    high_risk_needs=None,
    substance_abuse=True,
    medicaid=None,
    diagnoses=("F20.9 schizophrenia",),
    treatments=(),
    medications=(),
)


def hours(number: float) -> datetime:
    return DAY + timedelta(hours=number)


def told(kind: CustodyKind, happened: float, **more: object) -> CustodyEvent:
    event = CustodyEvent(
        kind=kind,
        feed="cedar",
        message_id="DOC-1/BK-7",
        booking_number="BK-7",
        inmate_number="J-1",
        facility=None,
        agency=None,
        occurred_at=hours(happened),
        day_only=False,
        custody_status=None,
        release_eligible_on=None,
        status_code=None,
        charges=(),
        bonds=(),
        person=RAY,
        behavioral_health=None,
    )
    return replace(event, **more)  # type: ignore[arg-type]  # any field


def booked(happened: float = 0, **more: object) -> CustodyEvent:
    return told(CustodyKind.BOOKING, happened, **more)


def released(happened: float = 50, **more: object) -> CustodyEvent:
    return told(CustodyKind.RELEASE, happened, **more)


def one(*events: CustodyEvent) -> Stay:
    """Give the only stay, after having seen that any order makes the same of it."""
    found = stays(events)
    assert all(stays(order) == found for order in permutations(events))
    (stay,) = found
    return stay


class TestRefused:
    def test_two_numbers_are_not_one_stay(self) -> None:
        with pytest.raises(ValueError, match="one booking number"):
            stays([booked(), booked(booking_number="BK-8")])

    def test_of_nothing_there_is_no_stay(self) -> None:
        assert stays([]) == ()

    def test_taking_back_what_nobody_told_makes_nothing(self) -> None:
        assert stays([booked(action=Action.DELETE)]) == ()


class TestTakenBack:
    def test_a_booking(self) -> None:
        stay = one(booked(), booked(action=Action.DELETE, told_at=hours(3)))
        assert (stay.standing, stay_items(stay, "p", "jail")) == (Standing.VOID, ())

    def test_a_booking_with_its_release(self) -> None:
        assert one(booked(), released(), booked(action=Action.DELETE, told_at=hours(3))).standing is Standing.VOID

    def test_a_release(self) -> None:
        stay = one(booked(), released(), released(action=Action.DELETE, told_at=hours(60)))
        assert (stay.standing, stay.released_at, stay.booked_at) == (Standing.IN_CUSTODY, None, hours(0))

    def test_what_is_told_after_it_counts(self) -> None:
        events = booked(told_at=hours(1)), booked(action=Action.DELETE, told_at=hours(2)), booked(1, told_at=hours(3))
        stay = one(*events)
        assert (stay.standing, stay.booked_at) == (Standing.IN_CUSTODY, hours(1))

    def test_without_a_time_of_telling_it_takes_back_what_it_repeats(self) -> None:
        assert one(booked(), booked(action=Action.DELETE)).standing is Standing.VOID

    def test_a_delete_of_another_moment_takes_the_newest_of_its_kind(self) -> None:
        stay = one(booked(), released(50), released(70, action=Action.DELETE))
        assert stay.standing is Standing.IN_CUSTODY


class TestOneStay:
    def test_release_before_booking(self) -> None:
        stay = one(released(told_at=hours(51)), booked(told_at=hours(90)))
        assert (stay.standing, stay.booked_at, stay.released_at) == (Standing.RELEASED, hours(0), hours(50))

    def test_a_release_whose_booking_never_comes(self) -> None:
        stay = one(released())
        assert (stay.standing, stay.booked_at, stay.released_at) == (Standing.RELEASED, None, hours(50))

    def test_a_release_on_a_day_ends_the_booking_of_that_day(self) -> None:
        stay = one(booked(4), released(-8, day_only=True))
        assert (stay.standing, stay.ordinal) == (Standing.RELEASED, 0)

    def test_a_clock_that_is_slow(self) -> None:
        assert one(booked(0), released(-0.2)).standing is Standing.RELEASED

    def test_an_update_says_how_it_is_now_known(self) -> None:
        stay = one(booked(), booked(2, action=Action.UPDATE, told_at=hours(9), facility="Annex"), released())
        assert (stay.booked_at, stay.told.facility, stay.standing) == (hours(2), "Annex", Standing.RELEASED)

    def test_an_update_that_comes_first(self) -> None:
        assert one(booked(2, action=Action.UPDATE, told_at=hours(9))).standing is Standing.IN_CUSTODY

    def test_a_move_names_the_new_place_and_keeps_the_charges(self) -> None:
        charges = (Charge("Criminal trespass", "9A.52.080", "1", None),)
        moved = told(CustodyKind.STATUS_CHANGE, 5, facility="Annex", custody_status="SENT")
        stay = one(booked(facility="Main", charges=charges), moved)
        assert (stay.told.facility, stay.told.custody_status, stay.told.charges) == ("Annex", "SENT", charges)
        assert stay.booked_at == hours(0)

    def test_a_move_that_is_all_we_know(self) -> None:
        stay = one(told(CustodyKind.STATUS_CHANGE, 5))
        assert (stay.standing, stay.booked_at) == (Standing.IN_CUSTODY, None)

    def test_the_newest_charges_and_bonds_stand(self) -> None:
        first, second = (Charge("A", None, "1", None),), (Charge("B", None, "1", None),)
        bond = (Bond("CASH", None, "500"),)
        stay = one(booked(charges=first, bonds=bond), booked(action=Action.UPDATE, told_at=hours(4), charges=second))
        assert (stay.told.charges, stay.told.bonds) == (second, bond)

    def test_the_same_twice_changes_nothing(self) -> None:
        assert one(booked(), booked(), released(), released()) == one(booked(), released())


class TestANumberUsedAgain:
    def test_is_another_stay(self) -> None:
        events = (booked(0), released(50), booked(5000))
        assert all(stays(order) == stays(events) for order in permutations(events))
        first, second = stays(events)
        assert (first.standing, first.released_at) == (Standing.RELEASED, hours(50))
        assert (second.standing, second.booked_at, second.ordinal) == (Standing.IN_CUSTODY, hours(5000), 1)

    def test_has_items_of_its_own(self) -> None:
        first, second = (stay_items(s, "p", "jail")[0] for s in stays([booked(0), released(50), booked(5000)]))
        assert first.id == stay_items(stays([booked(0)])[0], "p", "jail")[0].id
        assert second.id != first.id
        assert {first.id, second.id} <= every_reference([booked(0), released(50), booked(5000)], "p", "jail")

    def test_a_release_long_before_is_of_an_earlier_stay(self) -> None:
        first, second = stays([booked(5000), released(50)])
        assert (first.booked_at, first.released_at, second.booked_at) == (None, hours(50), hours(5000))
        assert second.standing is Standing.IN_CUSTODY


class TestItems:
    def test_period_has_both_ends(self) -> None:
        custody = stay_items(one(booked(), released()), "p", "jail")[0]
        resource = custody.resource or {}
        assert resource["status"] == "finished"
        assert resource["period"] == {"start": "2026-03-02T08:00:00Z", "end": "2026-03-04T10:00:00Z"}

    def test_a_release_makes_no_new_version_of_the_charges_or_of_health(self) -> None:
        event = booked(charges=(Charge("A", None, "1", None),), behavioral_health=HEALTH)
        before = stay_items(one(event), "p", "jail")
        after = stay_items(one(event, released()), "p", "jail")
        assert len(before) > 3
        assert before[1:] == after[1:]
        assert before[0] != after[0]

    def test_what_is_retracted_says_nothing_any_more(self) -> None:
        event = booked(charges=(Charge("A secret", None, "1", None),), behavioral_health=HEALTH, facility="Annex")
        for item in stay_items(one(event), "p", "jail"):
            left = retracted(item.resource)
            assert "entered-in-error" in str(left)
            assert not any(word in str(left) for word in ("A secret", "F20.9", "Annex", "2026", "substance", "mental"))

    def test_nothing_is_retracted_to_a_mistake(self) -> None:
        assert retracted(None) == {"status": "entered-in-error"}


EVENTS = st.lists(
    st.builds(
        told,
        st.sampled_from(CustodyKind),
        st.integers(0, 100).map(lambda n: n * 7.0),
        action=st.sampled_from(Action),
        told_at=st.none() | st.integers(0, 100).map(lambda n: hours(n * 7.0)),
        day_only=st.booleans(),
        facility=st.sampled_from([None, "Main", "Annex"]),
        inmate_number=st.sampled_from([None, "J-1", "J-2"]),
        charges=st.sampled_from([(), (Charge("A", None, None, None),), (Charge("B", None, None, None),)]),
        behavioral_health=st.sampled_from([None, HEALTH]),
    ),
    max_size=8,
)


class TestAnyOrder:
    @given(EVENTS, st.randoms(use_true_random=False), st.data())
    def test_converges(self, events: list[CustodyEvent], random, data) -> None:
        doubled = events + data.draw(st.lists(st.sampled_from(events), max_size=4) if events else st.just([]))
        random.shuffle(doubled)
        assert stays(doubled) == stays(events)

    @given(EVENTS)
    def test_every_item_is_among_the_possible_and_no_id_stands_twice(self, events: list[CustodyEvent]) -> None:
        items = [item for stay in stays(events) for item in stay_items(stay, "p", "jail")]
        assert len({item.id for item in items}) == len(items)
        assert {item.id for item in items} <= every_reference(events, "p", "jail")

    @given(EVENTS)
    def test_one_custody_item_for_each_stay_that_was(self, events: list[CustodyEvent]) -> None:
        real = [stay for stay in stays(events) if stay.standing is not Standing.VOID]
        items = [item for stay in stays(events) for item in stay_items(stay, "p", "jail")]
        assert sum(item.category.value == "custody" for item in items) == len(real)
        assert sum((stay.released_at is None) == (stay.standing is Standing.IN_CUSTODY) for stay in real) == len(real)


MERGES = st.lists(
    st.builds(
        Merge,
        st.just("cedar"),
        st.just("DOC-1"),
        st.just("jail:cedar:inmate"),
        st.sampled_from("ABCDE"),
        st.sampled_from("ABCDE"),
        st.none() | st.integers(0, 50).map(hours),
    ),
    max_size=6,
)


class TestMerged:
    def merge(self, old: str, new: str, at: float) -> Merge:
        return Merge("cedar", "DOC-1", "jail:cedar:inmate", old, new, hours(at))

    def test_a_number_nobody_merged(self) -> None:
        assert (all_numbers("A", []), current_number("A", [])) == ({"A"}, "A")

    def test_a_chain(self) -> None:
        merges = [self.merge("B", "C", 2), self.merge("A", "B", 1), self.merge("X", "Y", 3)]
        assert all_numbers("A", merges) == all_numbers("C", merges) == {"A", "B", "C"}
        assert current_number("A", merges) == current_number("B", merges) == "C"

    @given(MERGES, st.randoms(use_true_random=False))
    def test_any_order(self, merges: list[Merge], random) -> None:
        turned = [*merges, *merges[:2]]
        random.shuffle(turned)
        for number in "ABCDE":
            assert all_numbers(number, turned) == all_numbers(number, merges)
            assert current_number(number, turned) == current_number(number, merges)
            assert {current_number(other, merges) for other in all_numbers(number, merges)} == {
                current_number(number, merges)
            }

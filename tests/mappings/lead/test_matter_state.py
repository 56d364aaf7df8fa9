"""A case told in any order is the same case; what it is to an enrolment hangs on its incident, not on its filing."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.codes import Category
from consent.model import Item
from mappings.lead.action import Action
from mappings.lead.matter import CaseEvent, CaseStatus, Count
from mappings.lead.matter_state import Matter, MatterKind, matter, matter_item, matter_kind

DAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
ENROLLED = datetime(2026, 6, 1, 18, tzinfo=UTC)
ZONE = "America/Los_Angeles"


def days(number: float) -> datetime:
    return DAY + timedelta(days=number)


def told(status: CaseStatus, happened: float, **more: object) -> CaseEvent:
    event = CaseEvent("pa", "M-1", "C-1", status, "X1", "as written", days(happened))
    return replace(event, **more)  # type: ignore[arg-type]  # any field


def one(*events: CaseEvent) -> Matter:
    found = matter(events)
    assert all(matter(order) == found for order in permutations(events))
    assert found is not None
    return found


def item(found: Matter) -> Item:
    made = matter_item(found, "p", "org:pa")
    assert made is not None
    return made


def codes(found: Matter) -> list[str]:
    return [each["code"] for each in (item(found).resource or {})["businessStatus"]["coding"]]


class TestRefused:
    def test_two_cases_are_not_one(self) -> None:
        with pytest.raises(ValueError, match="one case"):
            matter([told(CaseStatus.FILED, 0), told(CaseStatus.FILED, 0, case_number="C-2")])

    def test_nothing_is_no_case(self) -> None:
        assert matter([]) is matter([told(CaseStatus.FILED, 0, action=Action.DELETE)]) is None


class TestStatus:
    def test_a_refusal_is_not_final(self) -> None:
        assert codes(one(told(CaseStatus.DECLINED, 0), told(CaseStatus.FILED, 9))) == ["filed"]

    def test_of_one_day_the_furthest_stands(self) -> None:
        assert codes(one(told(CaseStatus.FILED, 0), told(CaseStatus.DECLINED, 0))) == ["filed"]

    def test_what_is_unknown_later_is_unknown(self) -> None:
        found = one(told(CaseStatus.FILED, 0), told(CaseStatus.UNKNOWN, 5, source_code="Q9"))
        assert codes(found) == ["unknown"]
        assert "Q9" in str(item(found).resource)

    def test_taken_back(self) -> None:
        gone = told(CaseStatus.FILED, 9, action=Action.DELETE, told_at=days(20))
        assert codes(one(told(CaseStatus.DECLINED, 0), told(CaseStatus.FILED, 9), gone)) == ["declined"]
        assert matter_item(one(told(CaseStatus.FILED, 9), gone), "p", "org:pa") is None

    @pytest.mark.parametrize("status", CaseStatus)
    def test_closed_or_not(self, status: CaseStatus) -> None:
        closed = {CaseStatus.DECLINED, CaseStatus.DISMISSED, CaseStatus.DISPOSED}
        resource = item(one(told(status, 0))).resource or {}
        assert resource["status"] == ("completed" if status in closed else "in-progress")

    def test_what_a_message_leaves_out_stays(self) -> None:
        counts = (Count("1", "Theft", "9A.56.050"),)
        found = one(
            told(CaseStatus.RECEIVED, 0, counts=counts, incident_on=date(2026, 1, 5)), told(CaseStatus.FILED, 3)
        )
        assert (found.told.counts, found.told.incident_on) == (counts, date(2026, 1, 5))

    def test_what_the_sender_wrote_stands_only_where_it_never_leaves(self) -> None:
        resource = dict(item(one(told(CaseStatus.FILED, 0, agency="Wren PD"))).resource or {})
        inputs = str(resource.pop("input"))
        assert all(word in inputs for word in ("as written", "X1", "Wren PD", "C-1"))
        assert not any(word in str(resource) for word in ("as written", "X1", "Wren PD", "C-1"))

    @given(
        st.lists(
            st.builds(
                told,
                st.sampled_from(CaseStatus),
                st.integers(0, 9),
                action=st.sampled_from(Action),
                told_at=st.none() | st.integers(0, 9).map(days),
                agency=st.sampled_from([None, "A", "B"]),
            ),
            max_size=7,
        ),
        st.randoms(use_true_random=False),
    )
    def test_any_order_and_twice(self, events: list[CaseEvent], random) -> None:
        turned = [*events, *events[:3]]
        random.shuffle(turned)
        assert matter(turned) == matter(events)


class TestKind:
    def kind(self, status: CaseStatus = CaseStatus.FILED, happened: float = 200, **more: object) -> MatterKind:
        return matter_kind(item(one(told(status, happened, **more))), ENROLLED, ZONE)

    def test_an_old_incident_filed_late_is_pre_existing(self) -> None:
        assert self.kind(incident_on=date(2026, 2, 1)) is MatterKind.PRE_EXISTING

    def test_a_new_incident(self) -> None:
        assert self.kind(incident_on=date(2026, 6, 2)) is MatterKind.POST_ENROLMENT

    def test_the_day_of_enrolment_is_the_site_s(self) -> None:
        late = datetime(2026, 6, 2, 5, tzinfo=UTC)  # still the first of June there
        found = item(one(told(CaseStatus.FILED, 200, incident_on=date(2026, 6, 2))))
        assert matter_kind(found, late, ZONE) is MatterKind.POST_ENROLMENT

    def test_without_an_incident_a_later_filing_is_unknown(self) -> None:
        assert self.kind() is MatterKind.UNKNOWN
        assert self.kind(happened=1) is MatterKind.PRE_EXISTING

    def test_before_anybody_enrolled(self) -> None:
        found = item(one(told(CaseStatus.FILED, 0, incident_on=date(2026, 1, 1))))
        assert matter_kind(found, None, ZONE) is MatterKind.UNKNOWN

    def test_a_diverted_charge_is_that_first(self) -> None:
        assert self.kind(CaseStatus.DIVERTED, incident_on=date(2026, 2, 1)) is MatterKind.DIVERTED

    def test_a_day_that_cannot_be_read(self) -> None:
        found = item(one(told(CaseStatus.FILED, 200)))
        spoilt = {**(found.resource or {}), "input": [{"type": {"coding": []}}, "x", None]}
        assert matter_kind(Item("i", "p", Category.LEGAL_STATUS, None, found.created, spoilt), ENROLLED, ZONE) is (
            MatterKind.UNKNOWN
        )

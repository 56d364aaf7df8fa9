import copy
from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.codes import HEALTH_KINDS, NOTES, Category, OrganizationKind, Purpose
from consent.rules.ceilings import ceiling
from mappings.tables import TableError
from mappings.tables.exchanges import STRICTNESS, Approval, Content, Exchange, Trigger, exchanges_of, load_exchanges
from mappings.tables.narrowing import narrowed

ROW: dict[str, Any] = {
    "id": "made-up",
    "triggers": ["booking"],
    "kinds": ["hospital", "part2-program"],
    "purposes": ["treatment", "care-coordination"],
    "categories": ["custody", "medications"],
    "content": "event",
    "approval": "standing",
    "window": "at-once",
    "quiet": "22:00-07:00",
    "retries": 5,
    "limit_hours": 48,
    "source": "invented for this test",
}


def read(**changes: Any) -> Exchange:
    row = {**copy.deepcopy(ROW), **changes}
    return exchanges_of({"row": [{k: v for k, v in row.items() if v is not None}]})["made-up"]


class TestReadingTheTable:
    @pytest.mark.parametrize(
        ("changes", "rule"),
        [
            ({"triggers": []}, "`row.triggers`: must be a list that is not empty"),
            ({"kinds": []}, "`row.kinds`: must be a list that is not empty"),
            ({"purposes": []}, "`row.purposes`: must be a list that is not empty"),
            ({"categories": []}, "`row.categories`: must be a list that is not empty"),
            ({"kinds": "hospital"}, "`row.kinds`: must be a list that is not empty"),
            ({"kinds": [3]}, "`row.kinds`: must be a list of codes"),
            ({"kinds": ["hospital", "@health"]}, "`row.kinds`: names a code twice"),
            ({"triggers": ["moon"]}, "`row.triggers`: unknown code `moon`"),
            ({"categories": ["*"]}, r"`row.categories`: unknown code `\*`"),
            ({"purposes": ["charging"]}, "`row.purposes`: holds a purpose that is never served"),
            ({"categories": ["counseling-notes"]}, "notes leave only by an order"),
            ({"approval": "nobody"}, "`row.approval`: unknown code `nobody`"),
            ({"approval": "none", "kinds": ["prosecutor"]}, "`row.approval`: .*a person looks first"),
            ({"approval": "none", "kinds": ["hospital", "housing"]}, "`row.approval`: .*a person looks first"),
            ({"quiet": "22-7"}, "`row.quiet`"),
            ({"quiet": "22:00"}, "`row.quiet`"),
            ({"quiet": "22:00-22:00"}, "`row.quiet`: must begin and end at different times"),
            ({"quiet": "22:00:30-07:00"}, "`row.quiet`"),
            ({"quiet": None}, "`row.quiet`: must be there"),
            ({"retries": -1}, "`row.retries`"),
            ({"retries": True}, "`row.retries`"),
            ({"limit_hours": 0}, "`row.limit_hours`"),
            ({"source": " "}, "`row.source`"),
            ({"use": "yes"}, "`row.use`: must be true or false"),
            ({"use": True}, "`row.use`: a Use stays inside"),
            ({"use": True, "kinds": ["case-management"]}, "`row.use`: a Use stays inside"),
            ({"own_grant": ["court"]}, "`row.own_grant`: holds a kind that is no recipient"),
            ({"colour": "red"}, "`row.colour`: unknown key"),
        ],
    )
    def test_refuses(self, changes: dict[str, Any], rule: str) -> None:
        with pytest.raises(TableError, match=rule):
            read(**changes)

    def test_names_the_row(self) -> None:
        with pytest.raises(TableError, match=r"^`made-up`: "):
            read(window="soon")

    def test_refuses_one_id_twice(self) -> None:
        with pytest.raises(TableError, match="two rows have this id"):
            exchanges_of({"row": [ROW, ROW]})

    def test_reads_a_row(self) -> None:
        found = read()
        assert found.kinds == (OrganizationKind.HOSPITAL, OrganizationKind.PART2_PROGRAM)
        assert found.purposes == (Purpose.TREATMENT, Purpose.CARE_COORDINATION)
        assert found.quiet == (time(22), time(7))
        assert found.limit == timedelta(hours=48)
        assert not found.off

    def test_reads_no_quiet_hours(self) -> None:
        assert read(quiet="").quiet is None


class TestTheTable:
    def test_holds_every_exchange_of_the_house(self) -> None:
        assert set(load_exchanges()) == {
            "custody-alert",
            "custody-notice-treatment",
            "custody-notice-jail-health",
            "coordination-request",
            "diversion-complete",
            "case-status-inside",
            "case-status",
            "referral",
            "care-plan",
            "progress-letter",
            "hospital-discharge",
            "conference-packet",
            "emergency",
            "legal-intake",
        }

    @pytest.mark.parametrize("exchange", load_exchanges().values(), ids=lambda each: each.id)
    def test_offers_nothing_above_the_ceiling(self, exchange: Exchange) -> None:
        """A category that no recipient of the row could ever get would only be a promise nobody keeps."""
        if exchange.approval is Approval.DUAL:
            return  # an order has no ceiling
        could = {c for kind in exchange.kinds for purpose in exchange.purposes for c in ceiling(kind, purpose)}
        assert exchange.categories <= could

    @pytest.mark.parametrize("exchange", load_exchanges().values(), ids=lambda each: each.id)
    def test_asks_a_person_before_anything_leaves_health_care(self, exchange: Exchange) -> None:
        unasked = exchange.approval is Approval.NONE and not exchange.use
        assert not unasked or HEALTH_KINDS.issuperset(exchange.kinds)

    def test_tells_the_prosecutor_of_participation_only(self) -> None:
        found = load_exchanges()["diversion-complete"]
        assert found.categories == {Category.PARTICIPATION}
        assert found.triggers == {Trigger.ENROLLED}
        assert found.approval is Approval.EACH

    def test_no_trigger_is_a_passed_deadline(self) -> None:
        assert not [each for each in Trigger if "deadline" in each or "late" in each or "missed" in each]

    def test_asks_the_defender_before_the_court(self) -> None:
        found = load_exchanges()["progress-letter"]
        assert found.kinds[0] is OrganizationKind.PUBLIC_DEFENDER
        assert found.own_grant == {OrganizationKind.COURT}

    def test_keeps_notes_out_of_all_but_orders(self) -> None:
        holding = [each.id for each in load_exchanges().values() if each.categories & NOTES]
        assert holding == ["legal-intake"]


class TestNarrowing:
    @pytest.mark.parametrize(
        ("detail", "rule"),
        [
            ({"kinds": ["hospital", "court"]}, "`row.kinds`: would widen"),
            ({"purposes": ["payment"]}, "`row.purposes`: would widen"),
            ({"categories": ["custody", "moud"]}, "`row.categories`: would widen"),
            ({"triggers": ["booking", "release"]}, "`row.triggers`: would widen"),
            ({"approval": "none"}, "`row.approval`: would widen"),
            ({"quiet": ""}, "`row.quiet`: would widen"),
            ({"quiet": "22:00-06:59"}, "`row.quiet`: would widen"),
            ({"quiet": "22:01-07:00"}, "`row.quiet`: would widen"),
            ({"quiet": "07:00-22:00"}, "`row.quiet`: would widen"),
            ({"retries": 6}, "`row.retries`: would widen"),
            ({"limit_hours": 49}, "`row.limit_hours`: would widen"),
            ({"source": "me"}, "`row.source`: unknown key"),
            ({"content": "record"}, "`row.content`: unknown key"),
            ({"own_grant": []}, "`row.own_grant`: unknown key"),
            ({"use": False}, "`row.use`: unknown key"),
            ({"addressed": False}, "`row.addressed`: unknown key"),
            ({"kinds": "hospital"}, "`row.kinds`"),
            ({"approval": None}, "`row.approval`"),
            ({"retries": "1"}, "`row.retries`"),
            ({"off": "yes"}, "`row.off`"),
        ],
    )
    def test_refuses_whatever_would_widen(self, detail: dict[str, Any], rule: str) -> None:
        with pytest.raises(TableError, match=rule):
            narrowed(read(), detail)

    def test_refuses_to_send_earlier_than_the_release_window(self) -> None:
        with pytest.raises(TableError, match=r"`row\.window`: would widen"):
            narrowed(read(window="release"), {"window": "at-once"})

    def test_refuses_to_turn_on_what_is_off(self) -> None:
        with pytest.raises(TableError, match=r"`row\.off`: would widen"):
            narrowed(narrowed(read(), {"off": True}), {"off": False})

    def test_nothing_changes_nothing(self) -> None:
        assert narrowed(read(), {}) == read()

    def test_narrows_everything_at_once(self) -> None:
        found = narrowed(
            read(),
            {
                "kinds": ["part2-program"],
                "purposes": ["care-coordination"],
                "categories": [],
                "triggers": [],
                "approval": "each",
                "window": "release",
                "quiet": "20:00-09:00",
                "retries": 0,
                "limit_hours": 1,
                "off": True,
            },
        )
        assert found.kinds == (OrganizationKind.PART2_PROGRAM,)
        assert (found.categories, found.triggers) == (frozenset(), frozenset())
        assert (found.approval, found.retries, found.off) == (Approval.EACH, 0, True)
        assert found.quiet == (time(20), time(9))

    def test_adds_quiet_hours_where_there_were_none(self) -> None:
        assert narrowed(read(quiet=""), {"quiet": "12:00-13:00"}).quiet == (time(12), time(13))

    def test_own_grant_goes_with_its_kind(self) -> None:
        letter = load_exchanges()["progress-letter"]
        assert narrowed(letter, {"kinds": ["public-defender"]}).own_grant == frozenset()


DETAILS = st.fixed_dictionaries(
    {},
    optional={
        "kinds": st.lists(st.sampled_from(["hospital", "part2-program", "court", "ems"]), unique=True),
        "purposes": st.lists(st.sampled_from(["treatment", "care-coordination", "payment"]), unique=True),
        "categories": st.lists(st.sampled_from(["custody", "medications", "moud", "identity"]), unique=True),
        "triggers": st.lists(st.sampled_from(["booking", "release"]), unique=True),
        "approval": st.sampled_from(["none", "standing", "each", "dual"]),
        "window": st.sampled_from(["at-once", "release"]),
        "quiet": st.sampled_from(["", "22:00-07:00", "21:00-08:00", "23:00-06:00", "06:00-05:59"]),
        "retries": st.integers(0, 9),
        "limit_hours": st.integers(1, 99),
        "off": st.booleans(),
    },
)


class TestNeverWidens:
    @given(DETAILS)
    def test_whatever_is_written_down(self, detail: dict[str, Any]) -> None:
        shipped = read()
        try:
            found = narrowed(shipped, detail)
        except TableError:
            return
        assert set(found.kinds) <= set(shipped.kinds)
        assert set(found.purposes) <= set(shipped.purposes)
        assert found.categories <= shipped.categories
        assert found.triggers <= shipped.triggers
        assert STRICTNESS.index(found.approval) >= STRICTNESS.index(shipped.approval)
        assert found.retries <= shipped.retries
        assert found.limit <= shipped.limit
        assert found.content is Content.EVENT
        assert found.quiet is not None

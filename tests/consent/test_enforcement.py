"""An action that followed what its agency had been told, by time alone."""

from datetime import UTC, datetime, timedelta

import pytest

from consent.codes import OrganizationKind
from consent.enforcement import BEHIND, Action, Known, followed

DAY = timedelta(days=1)
THEN = datetime(2026, 3, 3, 12, tzinfo=UTC)
POLICE, HOSPITAL, PROSECUTOR = "org:police", "org:hospital", "org:da"
KINDS = {
    POLICE: OrganizationKind.POLICE,
    HOSPITAL: OrganizationKind.HOSPITAL,
    PROSECUTOR: OrganizationKind.PROSECUTOR,
}


def found(told: list[Known], action: Action = Action.ARREST, days: int = 30) -> list[str]:
    return [each.entry for each in followed(action, THEN, told, KINDS, days=days)]


class TestFollowed:
    @pytest.mark.parametrize("days", [0, -1])
    def test_no_days(self, days: int) -> None:
        with pytest.raises(ValueError, match="days"):
            found([], days=days)

    def test_nothing_was_told(self) -> None:
        assert found([]) == []

    def test_told_to_who_has_no_part_in_it(self) -> None:
        assert found([Known(THEN - DAY, HOSPITAL, "e")]) == []

    def test_told_afterwards(self) -> None:
        assert found([Known(THEN + timedelta(microseconds=1), POLICE, "e")]) == []

    @pytest.mark.parametrize(("ago", "counts"), [(30 * DAY, False), (30 * DAY - timedelta(microseconds=1), True)])
    def test_the_first_day(self, ago: timedelta, counts: bool) -> None:  # noqa: FBT001  -- the table's column
        assert (found([Known(THEN - ago, POLICE, "e")]) == ["e"]) is counts

    def test_read_on_day_one_and_arrested_on_day_three(self) -> None:
        assert found([Known(THEN - 2 * DAY, POLICE, "e1"), Known(THEN, PROSECUTOR, "e2")]) == ["e1", "e2"]

    def test_an_organization_that_nobody_knows_counts(self) -> None:
        assert found([Known(THEN - DAY, "org:gone", "e")]) == ["e"]

    @pytest.mark.parametrize("action", Action)
    def test_every_action_has_agencies_behind_it_and_none_of_them_heals(self, action: Action) -> None:
        assert BEHIND[action]
        assert OrganizationKind.HOSPITAL not in BEHIND[action]


def test_a_single_day_is_enough_to_look_back() -> None:
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    told = (Known(at - timedelta(hours=23), "pa", "e1"), Known(at - timedelta(days=1), "pa", "e2"))
    assert followed(Action.FILING, at, told, {}, days=1) == told[:1]

"""How long papers are kept, and what is written on those that stay (H-08, P2-28)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from consent.retention import Kept, Paper, Purge, may_purge, retained_copy_label


class TestRetention:
    """H-08: six years."""

    REVOKED = Kept(Paper.CONSENT, made=date(2019, 1, 1), last_in_effect=date(2020, 11, 24))

    def test_five_years_and_eleven_months(self) -> None:
        answer = may_purge(self.REVOKED, date(2026, 10, 24))
        assert answer == Purge(may=False, reason="kept until 2026-11-24, 45 CFR 164.530(j)")

    def test_the_day_before(self) -> None:
        assert not may_purge(self.REVOKED, date(2026, 11, 23)).may
        assert may_purge(self.REVOKED, date(2026, 11, 24)) == Purge(
            may=True, reason="kept for 6 years, 45 CFR 164.530(j)"
        )

    def test_what_is_in_effect_stays(self) -> None:
        assert may_purge(replace(self.REVOKED, last_in_effect=None), date(2099, 1, 1)) == Purge(
            may=False, reason="it is in effect, or nobody knows since when it is not"
        )

    def test_a_legal_hold(self) -> None:
        held = may_purge(replace(self.REVOKED, legal_hold=True), date(2099, 1, 1))
        assert held == Purge(may=False, reason="a legal hold is on it")

    def test_made_later_than_it_had_effect(self) -> None:
        backdated = replace(self.REVOKED, made=date(2022, 1, 1))
        assert not may_purge(backdated, date(2027, 12, 31)).may
        assert may_purge(backdated, date(2028, 1, 1)).may

    def test_a_leap_day_and_the_end_of_the_calendar(self) -> None:
        leap = Kept(Paper.NOTICE, date(2024, 2, 29), date(2024, 2, 29))
        assert not may_purge(leap, date(2030, 2, 28)).may
        assert may_purge(leap, date(2030, 3, 1)).may
        assert not may_purge(replace(leap, last_in_effect=date(9996, 2, 29)), date(9999, 12, 30)).may


class TestKeptCopies:
    """P2-28: 2.19."""

    @pytest.mark.parametrize("blank", [{"program": " "}, {"citation": ""}])
    def test_a_blank_field(self, blank: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=f"`{next(iter(blank))}`: must not be blank, 42 CFR 2.19"):
            retained_copy_label(**({"program": "Otp", "citation": "RCW 1", "until": date(2030, 1, 1)} | blank))

    def test_the_words(self) -> None:
        assert retained_copy_label("Elm Street Clinic", "WAC 246-341-0650", date(2032, 6, 30)) == (
            "Records of Elm Street Clinic required to be maintained under WAC 246-341-0650 "
            "until a date not later than 2032-06-30"
        )

"""The clock of a breach (P2-26): sixty days, and who hears besides."""

from datetime import date

import pytest

from consent.breach import breach_clock, is_late


class TestBreach:
    """P2-26: 2.16(b)."""

    FOUND = date(2026, 11, 24)

    def test_sixty_days(self) -> None:
        clock = breach_clock(self.FOUND, {"WA": 1})
        assert clock.individuals_by == date(2027, 1, 23)
        assert not is_late(clock, date(2027, 1, 23))
        assert is_late(clock, date(2027, 1, 24))

    def test_few_people(self) -> None:
        clock = breach_clock(self.FOUND, {"WA": 499})
        assert clock.secretary_by == date(2027, 3, 1)
        assert clock.media_by == {}

    def test_five_hundred_in_one_state(self) -> None:
        clock = breach_clock(self.FOUND, {"WA": 500, "OR": 2})
        assert clock.secretary_by == clock.individuals_by
        assert clock.media_by == {"WA": clock.individuals_by}

    def test_five_hundred_over_two_states(self) -> None:
        clock = breach_clock(self.FOUND, {"WA": 250, "OR": 250})
        assert clock.secretary_by == clock.individuals_by
        assert clock.media_by == {}

    def test_nobody_of_a_state(self) -> None:
        assert breach_clock(self.FOUND, {"WA": 500, "OR": 0}).media_by == {"WA": date(2027, 1, 23)}

    def test_a_count_below_zero(self) -> None:
        with pytest.raises(ValueError, match="affected"):
            breach_clock(self.FOUND, {"WA": 600, "OR": -200})

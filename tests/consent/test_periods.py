"""Look-backs and due dates at leap days and at the calendar's ends."""

from datetime import date

from consent.periods import days_after, years_after, years_before


def test_a_look_back_from_a_leap_day_misses_nothing() -> None:
    assert years_before(date(2028, 2, 29), 3) == date(2025, 2, 28)
    assert years_before(date(2028, 2, 29), 4) == date(2024, 2, 29)
    assert years_before(date(2026, 11, 24), 6) == date(2020, 11, 24)


def test_what_is_kept_from_a_leap_day_is_kept_a_day_longer() -> None:
    assert years_after(date(2024, 2, 29), 6) == date(2030, 3, 1)
    assert years_after(date(2024, 2, 29), 4) == date(2028, 2, 29)


def test_the_calendar_ends() -> None:
    assert years_before(date(3, 5, 5), 3) == date.min
    assert years_before(date(4, 5, 5), 3) == date(1, 5, 5)
    assert years_after(date(9994, 5, 5), 6) == date.max
    assert years_after(date(9993, 5, 5), 6) == date(9999, 5, 5)
    assert years_after(date(9996, 2, 29), 3) == date(9999, 3, 1)
    assert years_after(date(9996, 2, 29), 4) == date.max
    assert days_after(date(9999, 12, 30), 2) == date.max
    assert days_after(date(9999, 12, 30), 1) == date(9999, 12, 31)
    assert days_after(date(2026, 12, 31), 30) == date(2027, 1, 30)

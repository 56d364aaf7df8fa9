from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.windows import due, is_quiet, next_open

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001  -- UTC is put on below
SECONDS = st.integers(1, 100_000).map(lambda number: timedelta(seconds=number))


class TestDue:
    def test_is_the_first_window_after_the_delay(self) -> None:
        arrived = datetime(2026, 11, 24, 12, 0, 1, tzinfo=UTC)
        found = due(arrived, delay=timedelta(hours=4), every=timedelta(hours=1))
        assert found == datetime(2026, 11, 24, 17, tzinfo=UTC)

    def test_exactly_at_a_window_is_that_window(self) -> None:
        arrived = datetime(2026, 11, 24, 12, tzinfo=UTC)
        assert due(arrived, delay=timedelta(hours=4), every=timedelta(hours=1)) == arrived + timedelta(hours=4)

    @given(arrived=MOMENTS, delay=SECONDS, every=SECONDS)
    def test_is_never_early_and_never_a_window_late(
        self, arrived: datetime, delay: timedelta, every: timedelta
    ) -> None:
        found = due(arrived, delay=delay, every=every)
        assert arrived + delay <= found + timedelta(milliseconds=1)
        assert found < arrived + delay + every + timedelta(milliseconds=1)


PACIFIC = "America/Los_Angeles"
NIGHT = (time(21), time(8))
NOON_REST = (time(12), time(13, 30))
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


class TestQuietHours:
    def test_that_begin_when_they_end_are_refused(self) -> None:
        with pytest.raises(ValueError, match="`quiet`"):
            next_open(datetime(2026, 11, 24, tzinfo=UTC), (time(8), time(8)), PACIFIC)

    @pytest.mark.parametrize(
        ("moment", "quiet", "opens"),
        [
            ("2026-11-24T20:59:59-08:00", NIGHT, "2026-11-24T20:59:59-08:00"),
            ("2026-11-24T21:00:00-08:00", NIGHT, "2026-11-25T08:00:00-08:00"),
            ("2026-11-25T00:30:00-08:00", NIGHT, "2026-11-25T08:00:00-08:00"),
            ("2026-11-25T07:59:59-08:00", NIGHT, "2026-11-25T08:00:00-08:00"),
            ("2026-11-25T08:00:00-08:00", NIGHT, "2026-11-25T08:00:00-08:00"),
            ("2026-11-24T12:15:00-08:00", NOON_REST, "2026-11-24T13:30:00-08:00"),
            ("2026-11-24T03:00:00-08:00", None, "2026-11-24T03:00:00-08:00"),
            # The clocks go forward at two on 8 March 2026, and back at two on 1 November.
            ("2026-03-07T22:00:00-08:00", NIGHT, "2026-03-08T08:00:00-07:00"),
            ("2026-03-08T01:59:00-08:00", (time(1), time(2, 30)), "2026-03-08T03:30:00-07:00"),
            ("2026-10-31T22:00:00-07:00", NIGHT, "2026-11-01T08:00:00-08:00"),
            ("2026-11-01T01:10:00-08:00", (time(0), time(1, 30)), "2026-11-01T01:30:00-08:00"),
        ],
    )
    def test_end_as_the_clock_on_the_wall_says(self, moment: str, quiet: tuple[time, time] | None, opens: str) -> None:
        assert next_open(datetime.fromisoformat(moment), quiet, PACIFIC) == datetime.fromisoformat(opens)

    @given(moment=MOMENTS, begins=TIMES, ends=TIMES)
    def test_nothing_goes_out_in_them_and_it_goes_as_soon_as_they_end(
        self, moment: datetime, begins: time, ends: time
    ) -> None:
        if begins == ends:
            return
        opens = next_open(moment, (begins, ends), "America/Phoenix")  # no summer time: every day is alike
        assert moment <= opens < moment + timedelta(days=1)
        assert not is_quiet(opens, (begins, ends), "America/Phoenix")
        assert opens == moment or is_quiet(opens - timedelta(seconds=1), (begins, ends), "America/Phoenix")

    @given(moment=MOMENTS)
    def test_in_a_zone_with_summer_time_they_are_kept_too(self, moment: datetime) -> None:
        opens = next_open(moment, NIGHT, PACIFIC)
        assert moment <= opens <= moment + timedelta(hours=12)
        assert not is_quiet(opens, NIGHT, PACIFIC)

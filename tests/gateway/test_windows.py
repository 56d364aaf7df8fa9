from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.windows import due

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

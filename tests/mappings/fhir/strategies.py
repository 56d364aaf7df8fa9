"""Arbitrary values that FHIR can carry."""

from datetime import UTC, date, datetime

from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
MOMENT = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  -- naive bounds, as hypothesis wants them
DAY = st.dates(date(1900, 1, 1), date(2200, 1, 1))

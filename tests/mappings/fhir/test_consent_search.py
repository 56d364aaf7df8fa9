"""A search for Consents whose date no calendar holds."""

import pytest

from mappings.fhir.consent_search import Broken, ConsentQueryError, read_query

WHO = [("patient", "x"), ("status", "active")]


class TestDate:
    @pytest.mark.parametrize(
        "value", ["9999-12-31", "le9999-12-31T23:59:59", "9999-12-31T23:59:59-12:00", "2026-13-01", "soon"]
    )
    def test_that_cannot_be_read(self, value: str) -> None:
        with pytest.raises(ConsentQueryError) as error:
            read_query([*WHO, ("date", value)])
        assert (error.value.parameter, error.value.rule) == ("date", Broken.VALUE)

    def test_a_day_and_a_moment(self) -> None:
        day, moment = (read_query([*WHO, ("date", one)]).dates[0] for one in ("2026-11-24", "ge2026-11-24T10:00:00Z"))
        assert [(end - start).total_seconds() for _, start, end in (day, moment)] == [86400, 1]
        assert [prefix for prefix, *_ in (day, moment)] == ["eq", "ge"]

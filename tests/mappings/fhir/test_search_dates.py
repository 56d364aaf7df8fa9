import pytest

from mappings.fhir.search_dates import fits, is_date_value


class TestValues:
    @pytest.mark.parametrize(
        "value",
        [
            *("", "x", "2026-13", "2026-02-30", "26", "2026T10:00", "2026-01T10:00Z", "ap2026", "EQ2026", "9999"),
            *("2026-01-01T25:00Z", "2026-1-1", "eq", "2026-01-01T10", "ge ge2026", "\u0662\u0660\u0662\u0666"),
        ],
    )
    def test_what_is_no_date(self, value):
        assert not is_date_value(value)

    @pytest.mark.parametrize(
        "value",
        [
            *("2026", "2026-12", "ge2026-12-31", "2026-01-01T10:00Z", "lt2026-01-01T10:00:00-08:00"),
            *("2026-01-01T10:00:00.123+02:00", "sa2026-01-01T10:00", "2026-01-01T10:00:00 02:00"),
        ],
    )
    def test_what_is_one(self, value):
        assert is_date_value(value)


class TestFits:
    @pytest.mark.parametrize(
        ("value", "found", "is_so"),
        [
            ("2026-03", "2026-03-15", True),
            ("2026-03-15", "2026-03", False),  # the month is wider than the day
            ("2026-03-15", "2026-03-15T23:59:59Z", True),
            ("2026-03-15", "2026-03-15T23:00:00-08:00", False),
            ("ne2026-03-15", "2026-03-16", True),
            ("gt2026-03", "2026-03-31", False),
            ("gt2026-03-15", "2026-03", True),
            ("ge2026-03-31", "2026-03-31", True),
            ("lt2026-03-15", "2026-03-15", False),
            ("le2026-03-15", "2026-03-15", True),
            ("sa2026-03", "2026-04-01", True),
            ("sa2026-03", "2026-03-31", False),
            ("eb2026-03", "2026-02-28", True),
            ("eb2026-03", "2026-03-01", False),
            ("2026-12", "2026-12-31T23:59:59Z", True),
            ("2026-01-01T10:00Z", "2026-01-01T10:00:30Z", True),
            ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00.5Z", True),
        ],
    )
    def test_as_r4_has_it(self, value, found, is_so):
        assert fits(value, found) is is_so

    @pytest.mark.parametrize(
        ("value", "period", "is_so"),
        [
            ("2026-03", {"start": "2026-03-02", "end": "2026-03-05"}, True),
            ("2026-03-03", {"start": "2026-03-02", "end": "2026-03-05"}, False),
            ("ge2030", {"start": "2026-03-02"}, True),
            ("eb2030", {"start": "2026-03-02"}, False),
            ("lt1990", {"end": "2026-03-02"}, True),
            ("2026", {}, False),
            ("2026", {"start": "canary"}, False),
        ],
    )
    def test_an_open_end_is_open(self, value, period, is_so):
        assert fits(value, period) is is_so

    @pytest.mark.parametrize("found", [None, 2026, "canary", "gt2026", ["2026"], True])
    def test_what_is_no_date_fits_nothing(self, found):
        assert not fits("ne2020", found)

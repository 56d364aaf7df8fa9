"""What participants are handed is easy to read, in both languages, and says nothing that nobody asked for."""

from datetime import date

import pytest

from consent.accounting import Attempt
from consent.codes import Category, OrganizationKind, Purpose
from consent.reports import ReportKind
from mappings.lead import letters
from mappings.lead.statement import Arrival, Reported, Shared, statement
from tests.consent.reading_level import fernandez_huerta, flesch_kincaid

DAY = date(2027, 1, 3)
GRADE, EASE = 8.0, 60.0


def _letters(language: str) -> dict[str, tuple[str, ...]]:
    shared = [
        Shared(DAY, "Rowan House", (Category.PARTICIPATION, Category.HOUSING), Purpose.CARE_COORDINATION, arrival)
        for arrival in Arrival
    ]
    attempts = [Attempt(DAY, OrganizationKind.POLICE, Purpose.WARM_HANDOFF), Attempt(DAY, None, Purpose.TREATMENT)]
    return {
        "reminder": letters.reminder(language, ends=DAY, recipients=["Rowan House", "Lake Clinic"]),
        "slip": letters.slip(language, address="the page", code="ABCD", until=DAY),
        "form": letters.written_form(language, name="Ray Alder", said=DAY),
        "statement": statement(language, shared, ended=[(DAY, "Rowan House")], attempts=attempts),
        "reports": statement(
            language, [], ended=[], attempts=[], reported=[Reported(DAY, "Fern Police", kind) for kind in ReportKind]
        ),
        "empty statement": statement(language, [], ended=[], attempts=[]),
    }


@pytest.mark.parametrize("which", ["reminder", "slip", "form", "statement", "empty statement", "reports"])
class TestEasy:
    def test_english(self, which: str) -> None:
        assert flesch_kincaid(" ".join(_letters("en")[which])) <= GRADE

    def test_spanish(self, which: str) -> None:
        assert fernandez_huerta(" ".join(_letters("es")[which])) >= EASE

    def test_no_blank_is_left(self, which: str) -> None:
        for language in ("en", "es"):
            assert "{" not in "".join(_letters(language)[which])


class TestLanguage:
    @pytest.mark.parametrize(
        ("asked", "spoken"), [("es", "es"), ("es-MX", "es"), ("ES", "es"), ("fr", "en"), ("", "en")]
    )
    def test_any_other_is_english(self, asked: str, spoken: str) -> None:
        assert letters.known(asked) == spoken

    def test_days(self) -> None:
        assert letters.day("en", DAY) == "January 3, 2027"
        assert letters.day("es", DAY) == "3 de enero de 2027"

    def test_lists(self) -> None:
        assert letters.listed("en", ["B", "A", "C", "A"]) == "A, B and C"
        assert letters.listed("es", ["B", "A"]) == "A y B"
        assert letters.listed("en", []) == ""

"""The patient notice (P2-30): each statement missing once, then a whole one; who was given it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from consent.patient_notice import HEADER, Element, NoticeDelivery, PatientNotice, is_given, notice_faults
from tests.consent.builders import NOW, SECOND


class TestPatientNotice:
    """P2-30: 2.22."""

    NOTICE = PatientNotice(
        version="2026-02",
        language="en",
        program="Elm Street Clinic",
        title="Notice of Privacy Practices of Elm Street Clinic",
        header="This notice describes: " + "; ".join(f"\n{each}" for each in HEADER) + " Ida Elm, 555-0100",
        statements=dict.fromkeys(Element, "in plain words"),
        effective=date(2026, 2, 16),
    )

    @pytest.mark.parametrize("element", list(Element))
    def test_each_statement(self, element: Element) -> None:
        for statements in ({e: "x" for e in Element if e is not element}, dict.fromkeys(Element, "x") | {element: " "}):
            faults = notice_faults(replace(self.NOTICE, statements=statements))
            assert [each.field for each in faults] == [f"statements.{element}"]
            assert faults[0].cite.startswith("42 CFR 2.22")

    @pytest.mark.parametrize("sentence", HEADER)
    def test_each_sentence_of_the_header(self, sentence: str) -> None:
        spoilt = self.NOTICE.header.replace(sentence, sentence.lower())
        assert [each.field for each in notice_faults(replace(self.NOTICE, header=spoilt))] == ["header"]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"title": "Notice of Privacy Practices"}, "title"),
            ({"program": " ", "title": "Notice of Privacy Practices of  "}, "title"),
            ({"effective": None}, "effective"),
            ({"version": ""}, "version"),
            ({"language": ""}, "language"),
        ],
    )
    def test_the_rest(self, change: dict[str, Any], field: str) -> None:
        assert [each.field for each in notice_faults(replace(self.NOTICE, **change))] == [field]

    def test_a_notice_of_which_everything_is_wrong(self) -> None:
        """Read beside 42 CFR 2.22: the field, what it must be, the paragraph that asks for it."""
        nothing = PatientNotice("", "", "Elm Street Clinic", "Notice", "", {}, None)
        statement = "must not be blank"
        in_the_header = (("header", f"must hold `{each}`", "42 CFR 2.22(b)(1)(i)") for each in HEADER)
        in_proceedings, complaints = "42 CFR 2.22(b)(1)(ii)(H)", "42 CFR 2.22(b)(1)(vi)"
        special = {
            Element.FEDERAL_LAW_PROTECTS: "42 CFR 2.22(a)",
            Element.NOT_IN_PROCEEDINGS: in_proceedings,
            Element.ORDER_AFTER_HEARING: in_proceedings,
            Element.ORDER_WITH_MANDATE: f"{in_proceedings}(3)",
            Element.COMPLAINTS: complaints,
            Element.NO_RETALIATION: complaints,
        }
        title = "must be `Notice of Privacy Practices of ` and the name of the program"
        assert notice_faults(nothing) == (
            ("title", title, "42 CFR 2.22(b)(1)(i)"),
            *in_the_header,
            ("effective", "must be a date", "42 CFR 2.22(b)(1)"),
            ("version", "must not be blank", "LEAD P2-30"),
            ("language", "must not be blank", "LEAD P2-30"),
            *((f"statements.{each}", statement, special.get(each, "42 CFR 2.22(b)(1)")) for each in Element),
        )

    def test_a_whole_notice(self) -> None:
        assert notice_faults(self.NOTICE) == ()

    def test_given(self) -> None:
        given = NoticeDelivery("p1", "2026-02", "en", NOW)
        assert is_given([given], "p1", NOW)
        assert not is_given([given], "p1", NOW - SECOND)
        assert not is_given([given], "p2", NOW)
        assert not is_given([replace(given, given_at=None, deferred_because="not able to take it in")], "p1", NOW)
        assert not is_given([], "p1", NOW)

"""Why a system asks, and for whom, as its signed assertion says: exactly one purpose, exactly known."""

import pytest

from consent.codes import Purpose
from consent.model import Person
from mappings.fhir.b2b import B2B, B2BError, read_b2b
from mappings.fhir.codes import ACT_REASON, PURPOSE


def said(**b2b: object) -> dict[str, object]:
    return {"extensions": {"hl7-b2b": {"version": "1", **b2b}}}


class TestUnreadable:
    @pytest.mark.parametrize(
        "claims",
        [
            {"extensions": []},
            {"extensions": None},
            {"extensions": {"hl7-b2b": "TREAT"}},
            said(purpose_of_use="TREAT"),
            said(purpose_of_use=[]),
            said(purpose_of_use=["TREAT", "HPAYMT"]),
            said(purpose_of_use=["TREAT", "TREAT"]),
            said(purpose_of_use=[7]),
            said(purpose_of_use=["treat"]),
            said(purpose_of_use=["HLEGAL2"]),
            said(purpose_of_use=["LEGAL"]),
            said(purpose_of_use=["CAREMGT"]),
            said(purpose_of_use=["http://example.org#TREAT"]),
            said(purpose_of_use=[f"{PURPOSE}#TREAT"]),
            said(subject_name="J. Lee"),
            said(subject_role="liaison prosecutor"),
            said(subject_name="", subject_role="x"),
            said(subject_name="J. Lee", subject_role=["x"]),
            said(subject_name="J.\nLee", subject_role="x"),
            said(subject_name="J" * 201, subject_role="x"),
        ],
    )
    def test_nothing_is_guessed(self, claims: dict[str, object]) -> None:
        with pytest.raises(B2BError) as caught:
            read_b2b(claims)
        assert str(caught.value) == ""


class TestRead:
    @pytest.mark.parametrize("claims", [{}, {"extensions": {}}, {"extensions": {"other": 1}}, said()])
    def test_nothing_said(self, claims: dict[str, object]) -> None:
        assert read_b2b(claims) == B2B()

    @pytest.mark.parametrize(
        ("code", "purpose"),
        [
            ("TREAT", Purpose.TREATMENT),
            ("urn:oid:2.16.840.1.113883.5.8#TREAT", Purpose.TREATMENT),
            (f"{ACT_REASON}#COC", Purpose.CARE_COORDINATION),
            ("case-alignment", Purpose.CASE_ALIGNMENT),
            (f"{PURPOSE}#case-alignment", Purpose.CASE_ALIGNMENT),
        ],
    )
    def test_a_purpose(self, code: str, purpose: Purpose) -> None:
        assert read_b2b(said(purpose_of_use=[code])) == B2B(purpose)

    def test_a_person(self) -> None:
        told = read_b2b(said(subject_name=" J. Lee ", subject_role="liaison prosecutor"))
        assert told == B2B(None, Person("J. Lee", "liaison prosecutor"))

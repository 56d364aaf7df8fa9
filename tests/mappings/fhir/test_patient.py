"""Patient: no identifier by accident, and no more of what others say than is read."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from consent.model import Participant
from mappings.fhir import codes
from mappings.fhir.build import UnreadableResourceError
from mappings.fhir.patient import PROFILE, Name, PersonDetails, from_fhir, to_fhir
from tests.mappings.fhir import factory as make
from tests.mappings.fhir.schema import needs_schema, problems

WRITTEN: dict[str, Any] = {
    "resourceType": "Patient",
    "active": True,
    "name": [{"use": "nickname", "given": ["Ray"]}, {"use": "official", "family": "Alder", "given": ["Ray", "Larch"]}],
    "birthDate": "1986-03-02",
    "gender": "male",
    "identifier": [{"system": "urn:mrn", "value": "7"}],
    "telecom": [{"system": "email", "value": "ray@example.com"}, {"system": "phone", "value": "555-0142"}],
    "address": [{"line": ["1 Canary Lane"]}],
}


class TestToFhir:
    def test_no_identifier_is_written_that_was_not_asked_for(self) -> None:
        shown = to_fhir(make.PARTICIPANT, make.RAY, systems=frozenset())
        assert shown["identifier"] == [{"system": codes.PARTICIPANT, "value": "p-ray"}]

    def test_an_identifier_that_was_asked_for_is_written(self) -> None:
        shown = to_fhir(make.PARTICIPANT, make.RAY, systems=frozenset({"sid"}))
        assert [one["system"] for one in shown["identifier"]] == [codes.PARTICIPANT, "sid"]

    def test_a_gender_that_nobody_recorded_is_unknown(self) -> None:
        assert to_fhir(make.PARTICIPANT, make.RAY, systems=frozenset())["gender"] == "unknown"

    def test_an_unknown_birth_date_is_not_written(self) -> None:
        born = replace(make.RAY, birth_date=None)
        assert "birthDate" not in to_fhir(replace(make.PARTICIPANT, birth_date=None), born, systems=frozenset())
        assert to_fhir(make.PARTICIPANT, born, systems=frozenset())["birthDate"] == "1986-03-02"

    def test_it_claims_us_core(self) -> None:
        assert to_fhir(make.PARTICIPANT, make.RAY, systems=frozenset())["meta"] == {"profile": [PROFILE]}

    @needs_schema
    def test_the_least_that_is_known_is_r4(self) -> None:
        someone = Participant("an id that FHIR cannot hold / at all", screened=True, enrolled=False)
        assert problems(to_fhir(someone, PersonDetails(Name((), "Fir")), systems=frozenset())) == []


class TestFromFhir:
    @pytest.mark.parametrize(
        "change",
        [
            {"resourceType": "Person"},
            {"active": False},
            {"deceasedBoolean": True},
            {"deceasedDateTime": "2026-01-01"},
            {"link": []},
            {"implicitRules": "urn:CANARY"},
            {"modifierExtension": [{"url": "CANARY"}]},
            {"name": []},
            {"name": [{"text": "CANARY"}]},
            {"name": [{"family": " "}]},
            {"name": [{"family": "Alder", "given": "CANARY"}]},
            {"name": "CANARY"},
            {"birthDate": "1986"},
            {"birthDate": "1986-13-01"},
            {"gender": "CANARY"},
            {"identifier": [{"value": "CANARY"}]},
            {"identifier": [{"system": "CANARY"}]},
            {"identifier": [{"system": codes.PARTICIPANT, "value": "p-CANARY"}]},
            {"telecom": [{"system": "phone"}]},
        ],
    )
    def test_what_cannot_be_taken_at_its_word_is_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(UnreadableResourceError) as refused:
            from_fhir(WRITTEN | change)
        assert "CANARY" not in str(refused.value)

    def test_no_more_is_taken_than_is_read(self) -> None:
        assert from_fhir(WRITTEN) == PersonDetails(
            name=Name(("Ray", "Larch"), "Alder"),
            aliases=(Name(("Ray",), ""),),
            birth_date=date(1986, 3, 2),
            gender="male",
            identifiers=(("urn:mrn", "7"),),
            phones=("555-0142",),
        )

    def test_our_own_words_come_back(self) -> None:
        written = to_fhir(make.PARTICIPANT, make.RAY, systems=frozenset({"sid", "jail:cedar:inmate"}))
        written["identifier"].pop(0)
        assert from_fhir(written) == make.RAY

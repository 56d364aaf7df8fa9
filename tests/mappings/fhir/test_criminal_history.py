"""Fingerprint numbers stand in no resource that is kept to be passed on."""

import pytest

from mappings.fhir.criminal_history import without_criminal_history


class TestGone:
    @pytest.mark.parametrize(
        "system", ["sid", "SID", "urn:oid:x/sid", "http://doj.example/fbi", "urn:state:sid", "fbi/"]
    )
    def test_by_its_system(self, system: str) -> None:
        patient = {"resourceType": "Patient", "identifier": [{"system": system, "value": "WA1"}]}
        assert "WA1" not in str(without_criminal_history(patient))

    def test_by_its_type(self) -> None:
        typed = {"type": {"coding": [{"code": "SID"}]}, "value": "WA1"}
        assert without_criminal_history({"contained": [{"identifier": [typed]}]}) == {"contained": [{"identifier": []}]}

    def test_in_a_logical_reference(self) -> None:
        found = without_criminal_history(
            {"subject": {"identifier": {"system": "fbi", "value": "9"}, "type": "Patient"}}
        )
        assert found == {"subject": {"type": "Patient"}}


class TestKept:
    def test_all_else_as_it_came(self) -> None:
        patient = {
            "resourceType": "Patient",
            "identifier": [{"system": "urn:x:mrn", "value": "7", "type": {"coding": [{"code": "MR"}]}}],
            "name": [{"family": "Fir"}],
            "sid": "a word that is no identifier",
        }
        assert without_criminal_history(patient) == patient

"""What is built is checked, also where something like it was checked before: an invalid resource never leaves."""

import importlib
import pkgutil
import typing
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from fhir.resources import R4B
from fhir.resources.R4B.appointment import Appointment
from fhir.resources.R4B.composition import Composition
from fhir.resources.R4B.fhirresourcemodel import FHIRResourceModel
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.provenance import Provenance
from fhir_core.types import StringType, XhtmlType
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mappings.fhir import build
from mappings.fhir.build import BuildError, checked
from mappings.fhir.likeness import WORDS, likeness

Json = dict[str, Any]

UUID = "6f2c1f7e-5d0b-5b8e-9d5a-3a2f0f4d9c11"
PATIENT: Json = {
    "resourceType": "Patient",
    "id": UUID,
    "name": [{"family": "Fir", "given": ["Testina"]}],
    "birthDate": "1991-07-19",
    "managingOrganization": {"reference": f"urn:uuid:{UUID}", "display": "Cedar"},
}
PROVENANCE: Json = {
    "resourceType": "Provenance",
    "target": [{"reference": f"urn:uuid:{UUID}"}],
    "recorded": "2026-11-24T20:00:00.125Z",
    "agent": [{"who": {"display": "Cedar"}}],
}


@pytest.fixture(autouse=True)
def _nothing_accepted_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_ACCEPTED", set())


def with_(resource: Json, path: str, value: Any) -> Json:
    made = deepcopy(resource)
    at: Any = made
    *before, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in before:
        at = at[step]
    at[last] = value
    return made


class TestAnInvalidOneNeverLeaves:
    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("id", "6f2c1f7e 5d0b-5b8e-9d5a-3a2f0f4d9c11"),
            ("id", "x" * 256),
            ("id", f"=uuid-5 {UUID[:8]}"),
            ("birthDate", "1991-02-30"),
            ("birthDate", "1991-07-19T10:00:00Z"),
            ("birthDate", "0000-00-00"),
            ("gender", ""),
            ("name.0.given", [{}]),
            ("name.0.nickname", "Tess"),
            ("managingOrganization.display", ""),
            ("managingOrganization.display", 7),
            ("managingOrganization.reference", ["x"]),
            ("surname", "Fir"),
            ("resourceType", "Person"),
        ],
    )
    def test_after_one_like_it_was_accepted(self, path: str, value: Any) -> None:
        checked(Patient, PATIENT)
        for _ in range(2):
            with pytest.raises(BuildError):
                checked(Patient, with_(PATIENT, path, value))

    @pytest.mark.parametrize(
        "moment",
        [
            "2026-02-30T20:00:00.125Z",
            "2026-11-24T24:00:00.125Z",
            "2026-11-24T20:60:00.125Z",
            "2026-11-24T20:00:00.125",
            "2026-11-24T20:00:00.125+14:01",
            "0000-11-24T20:00:00.125Z",
            "2026-11-24",
            "\uff12\uff1026-11-24T20:00:00.125Z",
        ],
    )
    def test_with_a_moment_that_is_none(self, moment: str) -> None:
        checked(Provenance, PROVENANCE)
        with pytest.raises(BuildError):
            checked(Provenance, with_(PROVENANCE, "recorded", moment))

    def test_of_another_type(self) -> None:
        checked(Patient, PATIENT)
        with pytest.raises(BuildError):
            checked(Appointment, PATIENT)

    def test_with_what_json_cannot_say(self) -> None:
        checked(Patient, PATIENT)
        for value in ("\ud800", MappingProxyType({"a": 1}), {1: 2}):
            with pytest.raises((BuildError, TypeError)):
                checked(Patient, with_(PATIENT, "managingOrganization.display", value))

    def test_however_many_were_accepted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(build, "_MOST_ACCEPTED", 3)
        for number in range(10):
            checked(Patient, with_(PATIENT, "name.0.family", f"Fir{number}"))
            assert len(build._ACCEPTED) <= 3
        with pytest.raises(BuildError):
            checked(Patient, with_(PATIENT, "name.0.family", ""))

    def test_nothing_of_a_person_is_kept(self) -> None:
        checked(Patient, PATIENT)
        assert [(model, len(digest)) for model, digest in build._ACCEPTED] == [(Patient, 32)]


class TestAlike:
    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("id", "0a2c1f7e-5d0b-5b8e-8d5a-3a2f0f4d9c12"),
            ("birthDate", "1964-02-29"),
            ("managingOrganization.display", "Fern County"),
        ],
    )
    def test_what_any_spelling_of_is_accepted(self, path: str, value: str) -> None:
        other = with_(PATIENT, path, value)
        assert likeness(other) == likeness(PATIENT)
        assert checked(Patient, PATIENT) == PATIENT
        assert checked(Patient, other) == other

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("id", "6f2c1f7e-5d0b-4b8e-9d5a-3a2f0f4d9c11"),
            ("id", "6f2c1f7e-5d0b-5b8e-cd5a-3a2f0f4d9c11"),
            ("id", UUID.upper()),
            ("id", "uuid-5"),
            ("name.0.family", "Firs"),
            ("managingOrganization.display", "   "),
            ("managingOrganization.reference", UUID),
            ("birthDate", "1991-07"),
            ("active", True),
            ("active", 1),
            ("active", 1.0),
            ("active", None),
        ],
    )
    def test_and_what_not(self, path: str, value: Any) -> None:
        assert likeness(with_(PATIENT, path, value)) != likeness(PATIENT)

    def test_a_number_that_is_none_is_not_nothing(self) -> None:
        told = [likeness({"value": value}) for value in (float("nan"), None, 1, 1.0, True, "1", "=1", "1.0")]
        assert len(set(told)) == len(told)

    @pytest.mark.parametrize("value", [Decimal(1), datetime.now(UTC), {1, 2}, b"x", MappingProxyType({}), 1 << 70])
    def test_what_is_not_plain_json_is_like_nothing(self, value: Any) -> None:
        assert likeness({"value": value}) is None

    def test_a_copy_comes_back(self) -> None:
        for _ in range(2):
            found = checked(Patient, PATIENT)
            found["name"][0]["given"].append("Q.")
            assert PATIENT["name"][0]["given"] == ["Testina"]
        assert checked(Patient, {**PATIENT, "name": ({"family": "Fir"},)})["name"] == [{"family": "Fir"}]


def models() -> Iterator[type[FHIRResourceModel]]:
    for found in pkgutil.iter_modules(R4B.__path__):
        module = importlib.import_module(f"fhir.resources.R4B.{found.name}")
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__ and hasattr(value, "model_fields"):
                yield value


def test_words_are_words_in_every_type_of_r4() -> None:
    """The likeness leaves them out, so nowhere may they be a code, an id or a number."""
    kinds = {
        (name, str(typing.get_args(field.annotation)[0]))
        for model in models()
        for key, field in model.model_fields.items()
        if (name := field.alias or key) in WORDS
    }
    kinds.remove(("title", "typing.List[abc.CitationCitedArtifactTitleType]"))  # takes no text at all; R4B alone
    assert {name for name, _ in kinds} == WORDS
    assert {kind for _, kind in kinds} == {str(each) for each in (StringType, XhtmlType)}


_SPELLINGS = st.one_of(
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,7})?(Z|[+-][0-9]{2}:[0-9]{2}))?"),
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    st.dates().map(lambda day: day.isoformat()),
    st.uuids().map(str),
    st.uuids().map(lambda each: f"urn:uuid:{each}"),
    st.text(max_size=40),
)
_PLACES = (
    (Composition, "date"),
    (Composition, "id"),
    (Composition, "title"),
    (Composition, "confidentiality"),
    (Composition, "language"),
    (Composition, "implicitRules"),
    (Patient, "birthDate"),
    (Provenance, "recorded"),
)


@given(_SPELLINGS, _SPELLINGS, st.sampled_from(_PLACES))
def test_one_likeness_one_answer(one: str, other: str, place: tuple[type[FHIRResourceModel], str]) -> None:
    """Asked of the library itself: two texts that count the same are both accepted, or both refused, anywhere."""
    model, name = place
    alike = likeness({name: one}) == likeness({name: other})
    if alike:
        assert _refused(model, name, one) == _refused(model, name, other)


def _refused(model: type[FHIRResourceModel], name: str, value: str) -> bool:
    try:
        orjson.dumps(value)
        model.model_validate({name: value})
    except TypeError:
        return True
    except ValidationError as error:
        return any(found["loc"][:1] == (name,) for found in error.errors())
    return False

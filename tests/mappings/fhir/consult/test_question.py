"""The body of the hook: what its schema refuses, named by field and rule, without a value in the text."""

from typing import Any

import pytest

from mappings.fhir.consult.errors import ConsultError
from mappings.fhir.consult.question import read_question
from tests.mappings.fhir.consult.build import body, bundle, observation

SECRET = "ray-alder-secret"  # what stands in the request is repeated nowhere


def context(**changed: Any) -> Any:
    found = body()
    found["context"] = {key: one for key, one in (found["context"] | changed).items() if one is not ...}
    return found


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (None, "request"),
        ([], "request"),
        ({}, "hook"),
        (body() | {"hook": "patient-view"}, "hook"),
        (body() | {"hookInstance": 7}, "hookInstance"),
        ({"hook": "patient-consent-consult", "hookInstance": "1"}, "context"),
        (context(patientId=...), "context.patientId"),
        (context(actor=...), "context.actor"),
        (context(patientId={"value": SECRET}), "context.patientId"),
        (context(patientId=[{"system": "1", "code": SECRET}]), "context.patientId[0]"),
        (context(patientId=[{"system": SECRET}]), "context.patientId[0].value"),
        (context(actor=[{"value": 7}]), "context.actor[0].value"),
        (context(actor=[{"value": SECRET, "system": None}]), "context.actor[0].system"),
        (context(actor=[SECRET]), "context.actor[0]"),
        (context(purposeOfUse={"code": SECRET}), "context.purposeOfUse"),
        (context(purposeOfUse=["TREAT", 7]), "context.purposeOfUse[1]"),
        (context(category=[{"code": SECRET}]), "context.category[0].system"),
        (context(**{"class": [{"system": SECRET}]}), "context.class[0].code"),
        (context(consent={}), "context.consent"),
        (context(directory={}), "context.directory"),
        (context(directory=[{"id": SECRET}]), "context.directory[0].resourceType"),
        (context(scope=SECRET), "context"),
        (context(content=[]), "context.content"),
        (context(content={"resourceType": "Patient", "entry": []}), "context.content.resourceType"),
        (context(content={"resourceType": "Bundle"}), "context.content.entry"),
        (context(content={"resourceType": "Bundle", "entry": [{}]}), "context.content.entry[0].resource"),
        (context(content={"resourceType": "Bundle", "entry": [SECRET]}), "context.content.entry[0]"),
        (context(content=bundle({"id": SECRET})), "context.content.entry[0].resource.resourceType"),
    ],
)
def test_refused(broken: Any, field: str) -> None:
    with pytest.raises(ConsultError) as caught:
        read_question(broken)
    assert caught.value.field == field
    assert SECRET not in str(caught.value)


def test_read() -> None:
    found = read_question(body(purposeOfUse=["TREAT", "TREAT"], content=bundle(observation("n"))) | {"fhirServer": "x"})
    assert found.patients == (("urn:example:mrn", "ray-alder"),)
    assert found.purposes == ("TREAT",)
    assert found.content is not None


def test_a_blank_identifier_names_nobody() -> None:
    assert read_question(body(patientId=[{"value": ""}])).patients == ()

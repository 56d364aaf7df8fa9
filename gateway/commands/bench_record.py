"""The record that `bench` labels and clears: one participant's, a thousand entries, as several senders write them.

Invented throughout. The mix is that of a certified EHR (US Core 6.1): mostly observations and encounters, codes that
come again, ids and dates and words that do not; narrative, meta and references to others on every resource.
"""

import base64
from collections.abc import Callable
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from consent.codes import Category

Json = dict[str, Any]

ENTRIES: Final = 1000
PARTICIPANT: Final = "p1"
_TERMS: Final = "http://terminology.hl7.org/CodeSystem"
_US_CORE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core"
_XHTML: Final = "http://www.w3.org/1999/xhtml"
_SNOMED: Final = "http://snomed.info/sct"
_LOINC: Final = "http://loinc.org"
_RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
_DIAGNOSES: Final = (
    ("38341003", "I10", "Hypertensive disorder"),
    ("44054006", "E11.9", "Type 2 diabetes mellitus"),
    ("195967001", "J45.909", "Asthma"),
    ("75544000", "F11.20", "Opioid dependence"),
    ("279039007", "M54.50", "Low back pain"),
    ("35489007", "F32.9", "Depressive disorder"),
)
_MEDICINES: Final = (
    ("314076", "lisinopril 10 MG Oral Tablet"),
    ("860975", "metformin hydrochloride 500 MG Oral Tablet"),
    ("1191222", "naloxone hydrochloride 40 MG/ML Nasal Spray"),
    ("864706", "methadone hydrochloride 10 MG Oral Tablet"),
)
_MEASURES: Final = (
    ("8867-4", "Heart rate", "/min"),
    ("8310-5", "Body temperature", "Cel"),
    ("29463-7", "Body weight", "kg"),
    ("2339-0", "Glucose", "mg/dL"),
    ("718-7", "Hemoglobin", "g/dL"),
    ("2160-0", "Creatinine", "mg/dL"),
    ("4548-4", "Hemoglobin A1c", "%"),
)


def bundle(entries: int = ENTRIES) -> Json:
    """Return a Bundle of so many entries, the same each time."""
    resources = (_MIX[number % len(_MIX)](number) for number in range(entries))
    found = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": found}


def _resource(kind: str, number: int, words: str, **elements: Any) -> Json:
    """Return a resource with what every one of them carries."""
    return {
        "resourceType": kind,
        "id": _id(kind, number),
        "meta": {
            "versionId": str(number % 3 + 1),
            "lastUpdated": f"{_day(number)}T08:{number % 60:02d}:00Z",
            "profile": [f"{_US_CORE}-{kind.lower()}"],
        },
        "text": {
            "status": "generated",
            "div": f'<div xmlns="{_XHTML}"><p>{words}, entry {number}, seen in Fern County</p></div>',
        },
    } | elements


def _id(kind: str, number: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"{kind}/{number}"))


def _day(number: int) -> str:
    return f"20{20 + number % 6}-{number % 12 + 1:02d}-{number % 28 + 1:02d}"


def _concept(system: str, code: str, display: str | None = None) -> Json:
    coding = {"system": system, "code": code}
    return {"coding": [coding]} if display is None else {"coding": [coding | {"display": display}], "text": display}


def _about(number: int) -> Json:
    """Return whom an entry is about, when, and by whom it was written down."""
    encounter = {"reference": f"Encounter/{_id('Encounter', number)}"}
    return {"subject": {"reference": f"Patient/{PARTICIPANT}", "display": "Testina Fir"}, "encounter": encounter}


def _patient(number: int) -> Json:
    return _resource(
        "Patient",
        number,
        "Testina Fir",
        identifier=[{"use": "usual", "system": "urn:oid:2.16.840.1.113883.19.5", "value": f"MRN-{number:06d}"}],
        active=True,
        name=[{"use": "official", "family": "Fir", "given": ["Testina", "Q."]}],
        telecom=[{"system": "phone", "value": f"555-01{number % 100:02d}", "use": "mobile"}],
        gender="female",
        birthDate="1988-07-19",
        address=[{"use": "home", "line": ["1 Moss Way"], "city": "Fernton", "state": "WA", "postalCode": "98000"}],
    )


def _condition(number: int) -> Json:
    snomed, icd, name = _DIAGNOSES[number // len(_MIX) % len(_DIAGNOSES)]
    return _resource(
        "Condition",
        number,
        name,
        clinicalStatus=_concept(f"{_TERMS}/condition-clinical", "active"),
        verificationStatus=_concept(f"{_TERMS}/condition-ver-status", "confirmed"),
        category=[_concept(f"{_TERMS}/condition-category", "problem-list-item", "Problem List Item")],
        code={
            "coding": [
                {"system": _SNOMED, "code": snomed, "display": name},
                {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": icd, "display": name},
            ],
            "text": name,
        },
        **_about(number),
        onsetDateTime=_day(number),
        recordedDate=_day(number + 1),
        recorder={"reference": f"Practitioner/{number % 40}", "display": "Dana Cedar"},
    )


def _medication_request(number: int) -> Json:
    code, name = _MEDICINES[number // len(_MIX) % len(_MEDICINES)]
    quantity = {"value": 1, "unit": "tablet", "system": "http://unitsofmeasure.org", "code": "{tbl}"}
    dosage = {
        "text": f"Take {number % 3 + 1} by mouth daily",
        "timing": {"repeat": {"frequency": number % 3 + 1, "period": 1, "periodUnit": "d"}},
        "route": _concept(_SNOMED, "26643006", "Oral route"),
        "doseAndRate": [{"doseQuantity": quantity}],
    }
    return _resource(
        "MedicationRequest",
        number,
        name,
        status="active",
        intent="order",
        medicationCodeableConcept=_concept(_RXNORM, code, name),
        **_about(number),
        authoredOn=_day(number),
        requester={"reference": f"Practitioner/{number % 40}", "display": "Dana Cedar"},
        dosageInstruction=[dosage],
        dispenseRequest={"numberOfRepeatsAllowed": number % 5, "quantity": quantity},
    )


def _observation(number: int) -> Json:
    code, name, unit = _MEASURES[number % len(_MEASURES)]
    value = {"value": number * 7 % 1900 / 10, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return _resource(
        "Observation",
        number,
        name,
        status="final",
        category=[_concept(f"{_TERMS}/observation-category", "laboratory", "Laboratory")],
        code=_concept(_LOINC, code, name),
        **_about(number),
        effectiveDateTime=f"{_day(number)}T09:{number % 60:02d}:00Z",
        issued=f"{_day(number)}T10:{number % 60:02d}:00.000Z",
        performer=[{"reference": f"Organization/{number % 9}", "display": "Fern County Laboratory"}],
        valueQuantity=value,
        interpretation=[_concept(f"{_TERMS}/v3-ObservationInterpretation", "NH"[number % 2], "as measured")],
        referenceRange=[{"low": {"value": 60, "unit": unit}, "high": {"value": 100, "unit": unit}}],
    )


def _encounter(number: int) -> Json:
    return _resource(
        "Encounter",
        number,
        "Office visit",
        identifier=[{"system": "urn:fern:visit", "value": f"V{number:06d}"}],
        status="finished",
        type=[_concept("http://www.ama-assn.org/go/cpt", ("99213", "99214")[number % 2], "Office visit")],
        subject=_about(number)["subject"],
        participant=[{"individual": {"reference": f"Practitioner/{number % 40}", "display": "Dana Cedar"}}],
        period={"start": f"{_day(number)}T09:00:00Z", "end": f"{_day(number)}T09:{number % 59 + 1:02d}:00Z"},
        reasonCode=[_concept(_SNOMED, "185349003", "Encounter for check up")],
        location=[{"location": {"display": f"Room {number % 30}"}}],
    ) | {"class": {"system": f"{_TERMS}/v3-ActCode", "code": "AMB", "display": "ambulatory"}}


def _care_plan(number: int) -> Json:
    detail = {
        "code": _concept(_SNOMED, "409073007", "Education"),
        "status": "in-progress",
        "description": f"Weekly visit {number}, with transport",
    }
    return _resource(
        "CarePlan",
        number,
        "Care plan",
        status="active",
        intent="plan",
        category=[_concept(f"{_US_CORE}-careplan-category", "assess-plan", "Assessment and Plan")],
        title=f"Plan {number}",
        **_about(number),
        period={"start": _day(number)},
        careTeam=[{"reference": f"CareTeam/{number % 5}"}],
        goal=[{"reference": f"Goal/{_id('Goal', number)}"}],
        activity=[{"detail": detail}],
    )


def _goal(number: int) -> Json:
    return _resource(
        "Goal",
        number,
        "Goal",
        lifecycleStatus="active",
        achievementStatus=_concept(f"{_TERMS}/goal-achievement", "in-progress"),
        category=[_concept(f"{_TERMS}/goal-category", "behavioral")],
        description={"text": f"Find a flat before day {number}"},
        subject=_about(number)["subject"],
        startDate=_day(number),
        target=[{"dueDate": _day(number + 90)}],
    )


def _document_reference(number: int) -> Json:
    note = base64.b64encode(f"Visit {number}: came on time, sleeps well, walks more.".encode()).decode()
    return _resource(
        "DocumentReference",
        number,
        "Progress note",
        status="current",
        type=_concept(_LOINC, "11506-3", "Progress note"),
        category=[_concept(f"{_US_CORE}-documentreference-category", "clinical-note", "Clinical Note")],
        subject=_about(number)["subject"],
        date=f"{_day(number)}T11:{number % 60:02d}:00Z",
        author=[{"reference": f"Practitioner/{number % 40}", "display": "Dana Cedar"}],
        content=[{"attachment": {"contentType": "text/plain", "data": note, "title": f"Note {number}"}}],
        context={"encounter": [{"reference": f"Encounter/{_id('Encounter', number)}"}]},
    )


_MIX: Final[tuple[Callable[[int], Json], ...]] = (
    *(_observation, _encounter, _condition, _observation, _medication_request, _observation, _document_reference),
    *(_observation, _encounter, _care_plan, _observation, _medication_request, _condition, _goal, _observation),
    *(_encounter, _observation, _medication_request, _document_reference, _patient),
)
CATEGORIES: Final[dict[str, Category]] = {
    "Patient": Category.IDENTITY,
    "Condition": Category.PHYSICAL_HEALTH,
    "MedicationRequest": Category.MEDICATIONS,
    "Observation": Category.PHYSICAL_HEALTH,
    "Encounter": Category.PHYSICAL_HEALTH,
    "CarePlan": Category.CARE_PLAN,
    "Goal": Category.GOALS,
    "DocumentReference": Category.COUNSELING_NOTES,
}
"""What each entry is filed under."""

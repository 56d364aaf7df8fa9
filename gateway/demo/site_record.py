"""The records of the demo site: FHIR R4 resources about visibly invented people, as plain JSON."""

from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

Json = dict[str, Any]

CASE_MANAGEMENT: Final = "org:cedar-cm"
HOSPITAL: Final = "org:lakeside-hospital"
OTP: Final = "org:fern-hill-otp"
JAIL: Final = "org:cedar-jail"
LOCAL: Final = "https://lead-gateway.invalid/fhir/CodeSystem/lead"
_TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
_RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
_ICD10: Final = "http://hl7.org/fhir/sid/icd-10-cm"
_LOINC: Final = "http://loinc.org"
_ZONE: Final = ZoneInfo("America/Los_Angeles")


def moment(day: date, hour: int = 9) -> str:
    """Return `hour` o'clock of `day` on the site's clock, with its offset."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=_ZONE).isoformat()


def coded(system: str, code: str, display: str) -> Json:
    """Return a CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def record(identifier: str, participant: str, category: str, source: str, day: date, resource: Json) -> Json:
    """Return one entry of `records`; the resource gets the entry's id, and the participant as its own."""
    body = {"resourceType": resource["resourceType"], "id": identifier, **resource}
    return {
        "id": identifier,
        "participant": participant,
        "category": category,
        "source": source,
        "created": moment(day),
        "resource": body,
    }


def _about(participant: str) -> Json:
    return {"reference": f"Patient/{participant}"}


def observed(participant: str, question: tuple[str, str], answer: tuple[str, str], day: date) -> Json:
    """Return an Observation of case management: a local question, a local answer, no free text."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": coded(LOCAL, *question),
        "subject": _about(participant),
        "effectiveDateTime": moment(day),
        "valueCodeableConcept": coded(LOCAL, *answer),
    }


def episode(participant: str, since: date, status: str = "active") -> Json:
    """Return the participation itself, an EpisodeOfCare."""
    return {
        "resourceType": "EpisodeOfCare",
        "status": status,
        "patient": _about(participant),
        "period": {"start": since.isoformat()},
    }


def progress_records(participant: str, stem: str, day: date) -> list[Json]:
    """Return what a liaison prosecutor may hope for: participation, engagement, progress."""
    engaged = observed(participant, ("engagement", "Engagement"), ("engaged", "Engaged with case manager"), day)
    moving = observed(participant, ("progress", "Progress"), ("goals-under-way", "Working on own goals"), day)
    since = day - timedelta(days=50)
    return [
        record(
            f"r-{stem}-participation", participant, "participation", CASE_MANAGEMENT, day, episode(participant, since)
        ),
        record(f"r-{stem}-engagement", participant, "engagement", CASE_MANAGEMENT, day, engaged),
        record(f"r-{stem}-progress", participant, "progress", CASE_MANAGEMENT, day, moving),
    ]


def care_plan(participant: str, day: date) -> Json:
    """Return an Individual Intervention Plan as a CarePlan."""
    return {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "category": [coded("http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan", "Assess plan")],
        "subject": _about(participant),
        "created": moment(day),
        "activity": [
            {"detail": {"status": "in-progress", "description": "Visit Rowan House with the case manager"}},
            {"detail": {"status": "scheduled", "description": "Renew the identity card"}},
        ],
    }


def goal(participant: str, dimension: str, text: str) -> Json:
    """Return a goal in the participant's own words."""
    return {
        "resourceType": "Goal",
        "lifecycleStatus": "active",
        "category": [coded(LOCAL, dimension, dimension.capitalize())],
        "description": {"text": text},
        "subject": _about(participant),
    }


def medication(participant: str, code: str, display: str, dose: str, day: date) -> Json:
    """Return a medicine that is being taken, a MedicationStatement."""
    return {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationCodeableConcept": coded(_RXNORM, code, display),
        "subject": _about(participant),
        "effectiveDateTime": moment(day),
        "dosage": [{"text": dose}],
    }


def allergy(participant: str, code: str, display: str) -> Json:
    """Return a confirmed allergy."""
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": coded(f"{_TERMINOLOGY}/allergyintolerance-clinical", "active", "Active"),
        "verificationStatus": coded(f"{_TERMINOLOGY}/allergyintolerance-verification", "confirmed", "Confirmed"),
        "criticality": "high",
        "code": coded(_RXNORM, code, display),
        "patient": _about(participant),
    }


def condition(participant: str, code: str, display: str) -> Json:
    """Return an active diagnosis."""
    return {
        "resourceType": "Condition",
        "clinicalStatus": coded(f"{_TERMINOLOGY}/condition-clinical", "active", "Active"),
        "code": coded(_ICD10, code, display),
        "subject": _about(participant),
    }


def drug_test(participant: str, day: date) -> Json:
    """Return a drug test. It is on record so that everybody can see it never reach the prosecutor (GR-02)."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": coded(_LOINC, "19295-5", "Opiates [Presence] in Urine by Screen method"),
        "subject": _about(participant),
        "effectiveDateTime": moment(day),
        "valueCodeableConcept": coded("http://snomed.info/sct", "10828004", "Positive"),
    }


def appointment(participant: str, day: date, status: str) -> Json:
    """Return one hour with the case manager, kept (`booked`) or missed (`noshow`)."""
    return {
        "resourceType": "Appointment",
        "status": status,
        "start": moment(day, 10),
        "end": moment(day, 11),
        "participant": [{"actor": _about(participant), "status": "accepted"}],
    }


def identity(participant: str, family: str, given: str, birth_date: str) -> Json:
    """Return who a participant is, a Patient, as an item that goes only where identity may go."""
    return {
        "resourceType": "Patient",
        "id": participant,
        "name": [{"use": "official", "family": family, "given": [given]}],
        "birthDate": birth_date,
    }


def clinical_records(participant: str, stem: str, day: date) -> list[Json]:
    """Return what an emergency department needs to know, and what nobody in justice may (2.51; GR-02)."""
    methadone = medication(participant, "6813", "methadone", "80 mg by mouth once a day", day)
    lisinopril = medication(participant, "29046", "lisinopril", "10 mg by mouth once a day", day)
    opioid = condition(participant, "F11.20", "Opioid dependence, uncomplicated")
    penicillin = allergy(participant, "7980", "penicillin G")
    return [
        record(f"r-{stem}-moud", participant, "moud", OTP, day, methadone),
        record(f"r-{stem}-diagnosis", participant, "sud-diagnosis", OTP, day, opioid),
        record(f"r-{stem}-drug-test", participant, "drug-tests", OTP, day, drug_test(participant, day)),
        record(f"r-{stem}-medication", participant, "medications", HOSPITAL, day, lisinopril),
        record(f"r-{stem}-allergy", participant, "physical-health", HOSPITAL, day, penicillin),
    ]

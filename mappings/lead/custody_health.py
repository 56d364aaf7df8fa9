"""The behavioral-health part of a custody message: what it says, and which category each piece of it is.

INVARIANT: nothing from here is ever of category `custody` or `legal-status`.
What cannot be shown to be something else counts as substance use disorder information (42 CFR part 2): free text is
`mental-health` only where a diagnosis code outside the substance-use ranges stands in it and no substance-use word.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from consent.codes import Category

_LOCAL: Final = "https://lead-gateway.invalid/fhir/CodeSystem/lead"
_VERIFICATION: Final = "http://terminology.hl7.org/CodeSystem/condition-ver-status"

# ICD-10-CM F10-F19, T40, Z71.4/Z71.5 and ICD-9-CM 291, 292, 303-305: substance-related.
_SUD_CODE: Final = re.compile(r"\b(?:F1\d|T40|Z71\.[45]|29[12](?=\b|\.)|30[345](?=\b|\.))", re.IGNORECASE)
# Any code of the mental and behavioral chapters: ICD-10-CM F01-F99, ICD-9-CM 290-319.
_MENTAL_CODE: Final = re.compile(r"\b(?:F\d\d(?:\.\w{1,4})?|(?:29\d|30\d|31\d)\.\d{1,2})\b", re.IGNORECASE)
_SUD_WORD: Final = re.compile(
    r"abus|addict|alcohol|amphet|benzo|cannabi|cocaine|craving|crack|detox|depend|drug|dt\b|etoh|fentan|hallucin"
    r"|heroin|inhal|intoxic|iv\s?du|marijuana|meth|narcotic|nicotin|opi(?:at|oid)|overdos|\bo\.?u\.?d\b|pcp|phencyc"
    r"|recovery|rehab|relaps|sedativ|sober|stimul|subst|\bs\.?u\.?d\b|\baud\b|thc|tobacco|\bus(?:e|ing)\b|withdraw",
    re.IGNORECASE,
)
# Medications for opioid or alcohol use disorder, generic and brand (FDA labels; SAMHSA TIP 63).
_MOUD: Final = re.compile(
    r"acampros|antabuse|belbuca|bunavail|bup\b|buprenex|buprenorph|brixadi|campral|depade|disulfiram|dolophine|lofexid"
    r"|lucemyra|methado|naltrex|probuphine|revia|sublocade|suboxone|subutex|vivitrol|zubsolv",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Treatment:
    """A treatment that the jail wrote down."""

    text: str | None
    provider: str | None
    started_on: date | None
    court_ordered: bool | None
    active: bool | None


@dataclass(frozen=True, slots=True)
class Medication:
    """A medication that the jail wrote down; `code` is the sender's generic product id."""

    name: str | None
    code: str | None
    dose: str | None
    dispensed_on: date | None


@dataclass(frozen=True, slots=True)
class BehavioralHealth:
    """What a custody message says about health. None: the message does not say."""

    serious_mental_illness: bool | None
    general_mental_health: bool | None
    high_risk_needs: bool | None
    substance_abuse: bool | None
    medicaid: bool | None
    diagnoses: tuple[str, ...]
    treatments: tuple[Treatment, ...]
    medications: tuple[Medication, ...]


@dataclass(frozen=True, slots=True)
class HealthContent:
    """One piece of content on its way into the record: its category, a key that is stable in its event, R4 JSON."""

    category: Category
    key: str
    resource: dict[str, Any]


def category_of_text(text: str) -> Category:
    """Return `mental-health` where `text` provably is about something else than substance use; else `sud-diagnosis`."""
    if _SUD_WORD.search(text) or _SUD_CODE.search(text) or not _MENTAL_CODE.search(text):
        return Category.SUD_DIAGNOSIS
    return Category.MENTAL_HEALTH


def health_content(health: BehavioralHealth, participant: str, written: str) -> Iterator[HealthContent]:
    """Yield each piece of `health` by itself, about `participant`, as known at `written` (a FHIR dateTime).

    Medicaid standing and the regional authority stay in the original only: nobody needs them from a jail.
    """
    yield from _indicators(health, participant, written)
    for number, text in enumerate(health.diagnoses, 1):
        yield HealthContent(category_of_text(text), f"diagnosis-{number}", _condition(text, participant, written))
    for number, medication in enumerate(health.medications, 1):
        category = Category.MOUD if _MOUD.search(medication.name or "") else Category.MEDICATIONS
        yield HealthContent(category, f"medication-{number}", _statement(medication, participant, written))
    for number, treatment in enumerate(health.treatments, 1):
        category = _category_of_treatment(treatment)
        yield HealthContent(category, f"treatment-{number}", _procedure(treatment, participant))


def _indicators(health: BehavioralHealth, participant: str, written: str) -> Iterator[HealthContent]:
    mental = {
        "serious-mental-illness": health.serious_mental_illness,
        "general-mental-health-condition": health.general_mental_health,
    }
    # "high risk, high needs" is a drug court's word for substance use as often as not
    substance = {"substance-abuse": health.substance_abuse, "high-risk-needs": health.high_risk_needs}
    for category, indicators in ((Category.MENTAL_HEALTH, mental), (Category.SUD_DIAGNOSIS, substance)):
        for code, value in indicators.items():
            if value is not None:
                observation = _observation(code, participant, written, value=value)
                yield HealthContent(category, f"indicator-{code}", observation)


def _category_of_treatment(treatment: Treatment) -> Category:
    """Judge text and provider together: who treats says what is treated."""
    text = " ".join(filter(None, (treatment.text, treatment.provider)))
    return Category.MENTAL_HEALTH if category_of_text(text) is Category.MENTAL_HEALTH else Category.SUD_TREATMENT


def _coded(code: str) -> dict[str, Any]:
    return {"coding": [{"system": _LOCAL, "code": code}]}


def _about(participant: str) -> dict[str, str]:
    return {"reference": f"Patient/{participant}"}


def _observation(code: str, participant: str, written: str, *, value: bool) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "preliminary",
        "code": _coded(code),
        "subject": _about(participant),
        "effectiveDateTime": written,
        "valueBoolean": value,
    }


def _condition(text: str, participant: str, written: str) -> dict[str, Any]:
    """Return a diagnosis as what it is in a jail's mouth, hearsay: unconfirmed, not on the problem list."""
    return {
        "resourceType": "Condition",
        "verificationStatus": {"coding": [{"system": _VERIFICATION, "code": "unconfirmed"}]},
        "code": {"text": text},
        "subject": _about(participant),
        "recordedDate": written,
    }


def _statement(medication: Medication, participant: str, written: str) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "MedicationStatement",
        "status": "unknown",
        "medicationCodeableConcept": {"text": medication.name or medication.code or "not stated"},
        "subject": _about(participant),
        "dateAsserted": written,
    }
    if medication.dispensed_on:
        resource["effectiveDateTime"] = medication.dispensed_on.isoformat()
    if medication.dose:
        resource["dosage"] = [{"text": medication.dose}]
    return resource


def _procedure(treatment: Treatment, participant: str) -> dict[str, Any]:
    status = {True: "in-progress", False: "stopped", None: "unknown"}[treatment.active]
    resource: dict[str, Any] = {
        "resourceType": "Procedure",
        "status": status,
        "code": {"text": treatment.text or "not stated"},
        "subject": _about(participant),
    }
    if treatment.started_on:
        resource["performedPeriod"] = {"start": treatment.started_on.isoformat()}
    if treatment.provider:
        resource["performer"] = [{"actor": {"display": treatment.provider}}]
    if treatment.court_ordered:
        resource["reasonCode"] = [_coded("court-ordered")]
    return resource

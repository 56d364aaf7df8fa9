"""What the redaction has to know of R4 resources: what they require, and what changes the meaning of the rest.

Source: the element tables of https://hl7.org/fhir/R4/resourcelist.html (cardinality 1.. and the mark "?!").
"""

from typing import Any, Final

NEVER: Final = frozenset(
    {"contained", "extension", "modifierExtension", "meta", "implicitRules", "language", "div", "resourceType"}
)
"""Names that no allow-list opens: whatever carries anything, and whatever only we add."""

REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "AllergyIntolerance": ("patient",),
    "Appointment": ("status", "participant"),
    "CarePlan": ("status", "intent", "subject"),
    "Condition": ("subject",),
    "DocumentReference": ("status", "content"),
    "Encounter": ("status", "class"),
    "EpisodeOfCare": ("status", "patient"),
    "Goal": ("lifecycleStatus", "description", "subject"),
    "MedicationRequest": ("status", "intent", "medication", "subject"),
    "MedicationStatement": ("status", "medication", "subject"),
    "Observation": ("status", "code"),
    "ServiceRequest": ("status", "intent", "subject"),
    "Task": ("status", "intent"),
}
"""Elements without which a resource of the type is not R4; a choice by its stem (`medication[x]`)."""

MODIFIERS: Final[dict[str, tuple[str, ...]]] = {
    "AllergyIntolerance": ("clinicalStatus", "verificationStatus"),
    "Condition": ("clinicalStatus", "verificationStatus"),
    "MedicationRequest": ("status", "doNotPerform"),
    "Patient": ("active", "deceasedBoolean", "deceasedDateTime"),
    "ServiceRequest": ("status", "doNotPerform"),
}
"""Modifier elements besides the required ones. `Patient.link` is left out: it says which record, not who."""

REPEATED: Final = frozenset({"given", "prefix", "suffix", "line"})
REPEATED_AT: Final = frozenset({"AllergyIntolerance.category"})
"""Primitives that R4 repeats: by name, in HumanName and Address, and by path."""

ENTRY_NEEDS: Final[dict[str, str]] = {"Appointment.participant": "actor"}
"""Entries that are nothing without this element (app-1), so that those of others are not even counted."""

_CONCEPTS: Final = frozenset({("Observation", "code"), ("Goal", "description")})
_REFERENCES: Final = frozenset({"subject", "patient"})


def fallback_for(kind: str, name: str) -> Any:
    """Return what stands in for a required element that may not pass, or None where nothing truthful can.

    A concept says what its resource is, a reference that it is a Patient; neither says that something was withheld.
    """
    if (kind, name) in _CONCEPTS:
        return {"coding": [{"system": "http://hl7.org/fhir/resource-types", "code": kind}]}
    if name in _REFERENCES:
        return {"type": "Patient"}
    if (kind, name) == ("Appointment", "participant"):
        return [{"actor": {"type": "Patient"}, "status": "accepted"}]
    return None

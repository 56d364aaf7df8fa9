"""Which search parameters each resource type has: a table. What is not here is not searched by.

Sources: https://hl7.org/fhir/R4/searchparameter-registry.html and the parameters of US Core 6.1.0. The paths are
dotted element names as they stand in the JSON of the resource that leaves, after redaction: nothing else is looked at,
or a search would tell what is in an element that may not go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The kinds of search parameters that are read (https://hl7.org/fhir/R4/search.html#ptypes)."""

    TOKEN = "token"  # noqa: S105  -- a kind of search parameter
    DATE = "date"
    STRING = "string"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter: its kind, and where its values stand. `paths` empty: whoever searches resolves it."""

    name: str
    kind: Kind
    paths: tuple[str, ...] = ()


def _token(name: str, *paths: str) -> Parameter:
    return Parameter(name, Kind.TOKEN, paths)


def _date(name: str, *paths: str) -> Parameter:
    return Parameter(name, Kind.DATE, paths)


def _string(name: str, *paths: str) -> Parameter:
    return Parameter(name, Kind.STRING, paths)


def _reference(name: str, *paths: str) -> Parameter:
    return Parameter(name, Kind.REFERENCE, paths)


ID: Final = _token("_id")
LAST_UPDATED: Final = _date("_lastUpdated", "meta.lastUpdated")
_SUBJECT: Final = (_reference("patient"), _reference("subject"))
_PATIENT: Final = (_reference("patient"),)
_WORK: Final = (_token("category", "category"), _token("code", "code"), _token("status", "status"))

CLINICAL: Final[Mapping[str, tuple[Parameter, ...]]] = {
    "AllergyIntolerance": (*_PATIENT, _token("clinical-status", "clinicalStatus"), _token("code", "code")),
    "Appointment": (*_PATIENT, _token("status", "status"), _date("date", "start")),
    "CarePlan": (*_SUBJECT, _token("category", "category"), _date("date", "period"), _token("status", "status")),
    "CareTeam": (*_SUBJECT, _token("role", "participant.role"), _token("status", "status")),
    "Condition": (
        *_SUBJECT,
        _token("category", "category"),
        _token("clinical-status", "clinicalStatus"),
        _token("code", "code"),
        _date("onset-date", "onsetDateTime"),
        _date("recorded-date", "recordedDate"),
    ),
    "DocumentReference": (
        *_SUBJECT,
        _token("category", "category"),
        _date("date", "date"),
        _date("period", "context.period"),
        _token("status", "status"),
        _token("type", "type"),
    ),
    "Encounter": (
        *_SUBJECT,
        _token("class", "class"),
        _date("date", "period"),
        _token("identifier", "identifier"),
        _token("status", "status"),
        _token("type", "type"),
    ),
    "EpisodeOfCare": (*_PATIENT, _date("date", "period"), _token("status", "status"), _token("type", "type")),
    "Goal": (
        *_SUBJECT,
        _token("category", "category"),
        _token("description", "description"),
        _token("lifecycle-status", "lifecycleStatus"),
        _date("start-date", "startDate"),
        _date("target-date", "target.dueDate"),
    ),
    "MedicationRequest": (
        *_SUBJECT,
        _date("authoredon", "authoredOn"),
        _token("code", "medicationCodeableConcept"),
        _token("intent", "intent"),
        _token("status", "status"),
    ),
    "MedicationStatement": (
        *_SUBJECT,
        _token("code", "medicationCodeableConcept"),
        _date("effective", "effectiveDateTime", "effectivePeriod"),
        _token("status", "status"),
    ),
    "Observation": (*_SUBJECT, *_WORK, _date("date", "effectiveDateTime", "effectivePeriod")),
    "ServiceRequest": (*_SUBJECT, *_WORK, _date("authored", "authoredOn"), _token("intent", "intent")),
}
"""What is on record about a participant: every search names the one participant it is about."""

PATIENT: Final = (
    _string("family", "name.family"),
    _string("given", "name.given"),
    _string("name", "name.family", "name.given"),
    _date("birthdate", "birthDate"),
    _token("identifier", "identifier"),
    _token("gender", "gender"),
)
"""A person whom the searcher describes. It is a match, never a list: `_id`, or the whole description."""

DERIVED: Final[Mapping[str, tuple[Parameter, ...]]] = {
    "Patient": PATIENT,
    "Provenance": (*_PATIENT, _reference("target")),
    "AuditEvent": (*_PATIENT, _date("date", "recorded")),
    "Task": (*_PATIENT, _token("status", "status"), _token("code", "code"), _date("authored-on", "authoredOn")),
}
"""What is made of the record, or of what was told, when somebody asks."""

REGISTRY: Final[Mapping[str, tuple[Parameter, ...]]] = {
    "Organization": (_string("name", "name"), _token("identifier", "identifier")),
    "Practitioner": (_string("name", "name.text", "name.family", "name.given"), _token("identifier", "identifier")),
    "PractitionerRole": (
        _token("role", "code"),
        _reference("practitioner", "practitioner.reference"),
        _reference("organization", "organization.reference"),
    ),
}
"""Who the partners are: nothing about a participant."""

TYPES: Final[Mapping[str, tuple[Parameter, ...]]] = {**CLINICAL, **DERIVED, **REGISTRY}
"""The parameters of every type that is served, besides `_id`, and `_lastUpdated` where there is a record behind it."""

INCLUDES: Final[Mapping[str, frozenset[str]]] = {
    kind: frozenset(f"{kind}:{one.name}" for one in parameters if one.name in {"patient", "subject"})
    for kind, parameters in CLINICAL.items()
}
"""`_include` is served for the one participant alone: whatever else is pointed at is asked for by itself."""

REVINCLUDES: Final = frozenset({"Provenance:target"})
"""`_revinclude`, as US Core wants it."""


def parameters_of(kind: str) -> Mapping[str, Parameter]:
    """Give all parameters of a type by name. Raises KeyError for a type that is not served."""
    own = {one.name: one for one in (*TYPES[kind], ID)}
    return own if kind in REGISTRY else own | {LAST_UPDATED.name: LAST_UPDATED}

"""Questions, Consents and content about invented people, in the shapes of PCF, FAST and LEAP."""

from datetime import UTC, datetime
from typing import Any

from consent.sensitivity import SensitivityTables
from mappings.fhir.consult.consult import consult
from mappings.fhir.consult.question import read_question

Json = dict[str, Any]

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
SCOPE = {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}
TYPES = "http://hl7.org/fhir/resource-types"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"

RAY = {"system": "urn:example:mrn", "value": "ray-alder"}
HOSPITAL = {"system": "urn:example:org", "value": "hospital"}
JAIL = {"system": "urn:example:org", "value": "jail"}
CLINIC = {"system": "urn:example:org", "value": "clinic"}
RAY_PATIENT = {"resourceType": "Patient", "id": "ray", "identifier": [RAY]}


def actor(who: Json | str, role: str | None = "IRCP") -> Json:
    """An actor by identifier, or by literal reference."""
    reference = {"reference": who} if isinstance(who, str) else {"identifier": who}
    return {"reference": reference} | ({"role": {"coding": [{"system": PARTICIPATION, "code": role}]}} if role else {})


def label(code: str) -> Json:
    return {"system": CONFIDENTIALITY if code in {"U", "L", "M", "N", "R", "V"} else ACT, "code": code}


def rule(kind: str | None, *nested: Json, **elements: Any) -> Json:
    """A provision; `label`, `purpose` and `actor` may be given in short."""
    made: Json = {"type": kind} if kind else {}
    short = {
        "label": lambda v: ("securityLabel", [label(one) for one in v.split()]),
        "purpose": lambda v: ("purpose", [{"system": REASON, "code": one} for one in v.split()]),
        "actor": lambda v: ("actor", [actor(one) for one in v] if isinstance(v, list) else [actor(v)]),
        "kinds": lambda v: ("class", [{"system": TYPES, "code": one} for one in v.split()]),
        "action": lambda v: ("action", [concept("http://terminology.hl7.org/CodeSystem/consentaction", v)]),
    }
    for name, value in elements.items():
        key, found = short[name](value) if name in short else (name, value)
        made[key] = found
    return made | ({"provision": list(nested)} if nested else {})


def concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def consent(provision: Json | None, **elements: Any) -> Json:
    """An active privacy consent of Ray Alder, known by identifier and as `Patient/ray`."""
    made: Json = {
        "resourceType": "Consent",
        "id": "c1",
        "status": "active",
        "scope": {"coding": [SCOPE]},
        "category": [concept("http://loinc.org", "59284-0")],
        "patient": {"reference": "Patient/ray", "identifier": RAY},
        "dateTime": "2026-01-05",
    }
    made |= {} if provision is None else {"provision": provision}
    return {key: value for key, value in (made | elements).items() if value is not None}


def observation(ident: str, *labels: str, **elements: Any) -> Json:
    made: Json = {
        "resourceType": "Observation",
        "id": ident,
        "status": "final",
        "code": concept("http://loinc.org", "8480-6"),
        "subject": {"reference": "Patient/ray"},
    }
    return made | ({"meta": {"security": [label(one) for one in labels]}} if labels else {}) | elements


def bundle(*resources: Json) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def body(*consents: Any, **context: Any) -> Json:
    """A request: the hospital asks about Ray Alder for treatment."""
    base: Json = {"patientId": [RAY], "actor": [HOSPITAL], "purposeOfUse": "TREAT", "consent": list(consents)}
    found = {key: value for key, value in (base | context).items() if value is not None}
    return {"hook": "patient-consent-consult", "hookInstance": "1", "context": found}


def card(
    *consents: Any,
    at: datetime = AT,
    any_purpose: bool = False,
    tables: SensitivityTables | None = None,
    **context: Any,
) -> Json:
    return consult(read_question(body(*consents, **context)), at=at, any_purpose=any_purpose, tables=tables)


def decision(*consents: Any, **more: Any) -> str:
    """PERMIT, DENY or NONE."""
    found = card(*consents, **more)["extension"]["decision"]
    return {"CONSENT_PERMIT": "PERMIT", "CONSENT_DENY": "DENY", "NO_CONSENT": "NONE"}[found]


def flowing(*consents: Any, content: list[Json], **more: Any) -> list[str]:
    """Ids of the resources that may flow."""
    found = card(*consents, content=bundle(*content), **more)["extension"]["content"]
    return [entry["resource"]["id"] for entry in found["entry"]]

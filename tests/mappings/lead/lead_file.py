"""One small whole LEAD file about invented people, and ways to spoil it."""

import json
from typing import Any

import pytest

from mappings.lead.site_checks import KnownIds
from mappings.lead.site_file import LeadFile, LeadFileError, read_lead_file

Json = dict[str, Any]
CANARY = "Zyxwv Canary"


def consent() -> Json:
    return {
        "id": "roi-1",
        "kind": "roi",
        "participant": "p-ray",
        "form": {"id": "cedar-roi", "version": "2026-02", "language": "en"},
        "signed_at": "2026-10-01T10:00:00-07:00",
        "signer": {"name": "Ray Alder", "capacity": "self"},
        "patient_name": "Ray Alder",
        "how_to_revoke": "Say so",
        "refusal_consequences": "None",
        "redisclosure_warning": "See the notice",
        "grants": [
            {
                "id": "g1",
                "discloser": ["org:cm"],
                "recipient": ["org:da"],
                "role": "liaison-prosecutor",
                "purposes": ["case-alignment"],
                "categories": ["progress"],
                "expires": "2027-10-01T00:00:00-07:00",
            }
        ],
        "revocations": [],
        "integrity": "ok",
    }


def organization(identifier: str, kind: str) -> Json:
    return {
        "id": identifier,
        "name": "Cedar Office",
        "kind": kind,
        "part2_status": "not-program",
        "hipaa_status": "none",
        "agreement_expires": "2028-06-30",
    }


def participant(identifier: str, family: str, sid: str) -> Json:
    return {
        "id": identifier,
        "name": {"given": ["Ray"], "family": family},
        "birth_date": "1986-03-02",
        "identifiers": [{"system": "sid", "value": sid}],
        "case_management": "org:cm",
        "case_manager": "Mo Cypress",
        "screened": True,
        "enrolled": True,
    }


AT = "2026-11-20T09:00:00-08:00"
KEY = {"kty": "EC", "crv": "P-384", "x": "x", "y": "y", "kid": "k1"}


def plan() -> Json:
    return {
        "id": "plan-1",
        "participant": "p-ray",
        "goals": [{"dimension": "home", "text": "A room", "status": "active"}],
        "activities": [{"text": "Visit a house", "status": "scheduled"}],
        "created": AT,
    }


def record(identifier: str, source: str | None) -> Json:
    return {"id": identifier, "participant": "p-ray", "category": "progress", "source": source, "created": AT}


def site() -> Json:
    return {
        "name": "Cedar County LEAD",
        "timezone": "America/Los_Angeles",
        "state": "WA",
        "legal_role": "business-associate",
    }


def whole() -> Json:
    """Return a file that is taken."""
    client = {"client_id": "da-1", "organization": "org:da", "jwks": {"keys": [dict(KEY)]}, "scopes": ["system/Task.c"]}
    observation = {"resourceType": "Observation", "subject": {"reference": "Patient/p-ray"}}
    return {
        "site": site(),
        "organizations": [organization("org:cm", "case-management"), organization("org:da", "prosecutor")],
        "clients": [client],
        "participants": [participant("p-ray", "Alder", "WA1"), participant("p-fir", "Fir", "WA2")],
        "intakes": [{"participant": "p-ray", "completed_at": AT}],
        "plans": [plan()],
        "rois": [consent()],
        "records": [{**record("r-1", "org:cm"), "resource": observation}, record("r-2", None)],
    }


def read(value: object, known: KnownIds | None = None) -> LeadFile:
    content = json.dumps(value).encode()
    return read_lead_file(content) if known is None else read_lead_file(content, known)


def put(target: Json, path: str, value: object) -> None:
    """Set `a.0.b` in `target`; the word DELETE takes the key away."""
    *steps, last = path.split(".")
    inner: Any = target
    for step in steps:
        inner = inner[int(step)] if step.isdigit() else inner[step]
    key: Any = int(last) if last.isdigit() else last
    if value == "DELETE":
        del inner[key]
    else:
        inner[key] = value


def places(value: Any, path: str = "") -> list[str]:
    """Return the path of every leaf, as `put` takes it."""
    if isinstance(value, dict):
        inner = [(f"{path}.{name}", each) for name, each in value.items()]
    elif isinstance(value, list):
        inner = [(f"{path}.{index}", each) for index, each in enumerate(value)]
    else:
        return [path.removeprefix(".")]
    return [place for step, each in inner for place in places(each, step)]


def refused(value: object) -> LeadFileError:
    with pytest.raises(LeadFileError) as caught:
        read(value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None  # nothing of the file travels along
    assert str(caught.value) == f"`{caught.value.path}`: {caught.value.rule}"
    return caught.value


def fault(path: str, value: object) -> tuple[str, str]:
    file = whole()
    put(file, path, value)
    error = refused(file)
    return error.path, error.rule

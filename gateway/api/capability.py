"""What the API says about itself: the FHIR CapabilityStatement and the SMART configuration. True to what exists."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.caps import SERVED
from mappings.fhir.consent_profiles import FAST_URL, PCF_URL
from mappings.fhir.search_table import CLINICAL, INCLUDES, REVINCLUDES, TYPES, Kind, parameters_of

SIGNING_ALGORITHMS: Final = ("ES384", "RS384")

Held = Callable[[str, str], bool]

SERVED_LETTERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(TYPES, "rs"),
    "AuditEvent": "crs",
    "Bundle": "r",
    "Consent": "crs",
    "Subscription": "crsd",
    "Task": "crs",
}
"""What is served, by type: letters of SMART v2. `c` of an AuditEvent is an operation alone."""

CONSENT_PARAMETERS: Final[Mapping[str, Mapping[str, Kind]]] = {
    "Consent": {
        "_id": Kind.TOKEN,
        "actor": Kind.REFERENCE,
        "category": Kind.TOKEN,
        "date": Kind.DATE,
        "grantee": Kind.REFERENCE,
        "identifier": Kind.TOKEN,
        "organizationId": Kind.TOKEN,
        "patient": Kind.REFERENCE,
        "patient.identifier": Kind.TOKEN,
        "patientId": Kind.TOKEN,
        "scope": Kind.TOKEN,
        "status": Kind.TOKEN,
    }
}
"""The parameters of a search that another table reads (mappings/fhir/consent_search.py)."""

_INTERACTIONS: Final = {"c": "create", "r": "read", "s": "search-type", "d": "delete"}
_BY_OPERATION: Final = frozenset({("AuditEvent", "c")})
_TAGGED: Final = frozenset({*CLINICAL, "Patient", "AuditEvent"})
_NOTES: Final[Mapping[str, str]] = {
    "AuditEvent": "what was disclosed to one's own organization about one participant",
    "Bundle": "the answer to an own question, at the address that its completed Task gives",
    "Patient": "a search matches one person who is described, by an identifier and the birth date: it is no list",
    "Task": "a Task is a question about one person; completed, it gives the address of its answer",
}
_BACKPORT: Final = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/"
_FAST: Final = "http://hl7.org/fhir/us/consent-management/OperationDefinition/"
_DEFINITIONS: Final = {
    "fileConsent": f"{_FAST}file-consent",
    "revokeConsent": f"{_FAST}revoke-consent",
    "recordDisclosure": f"{_FAST}record-disclosure",
    "status": f"{_BACKPORT}backport-subscription-status",
    "events": f"{_BACKPORT}backport-subscription-events",
}
_OPERATIONS: Final = {
    "AuditEvent": (("recordDisclosure", "c"),),
    "Consent": (("fileConsent", "c"), ("revokeConsent", "c")),
    "Subscription": (("status", "r"), ("events", "r")),
}

_STATED: Final = "2026-01-15"
_SECURITY_SERVICE: Final = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_OAUTH_URIS: Final = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


def _everything(_kind: str, _letter: str) -> bool:
    return True


def smart_configuration(base_url: str) -> dict[str, Any]:
    """Build the SMART App Launch 2.2 configuration for backend services.

    There is no authorization endpoint, so nothing is said of PKCE and none of the members that need one is there.
    `scopes_supported` is the most that any organization can hold; what a system is granted, its token's answer says.
    """
    return {
        "token_endpoint": f"{base_url}/oauth/token",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "scopes_supported": list(SERVED),
        "capabilities": ["client-confidential-asymmetric", "permission-v2"],
        "tls_client_certificate_bound_access_tokens": True,  # RFC 8705 section 3.3, where a certificate is registered
    }


def capability_statement(base_url: str, held: Held = _everything) -> dict[str, Any]:
    """Build the R4 CapabilityStatement (hl7.org/fhir/R4/capabilitystatement.html): what is served, as far as `held`.

    `held`: whether a type and a letter of `cruds` are within the scopes of who asks; without it, all that is served.
    """
    resources = [found for kind in sorted(SERVED_LETTERS) if (found := _resource(kind, held))]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _STATED,
        "kind": "instance",
        "software": {"name": "lead-gateway"},
        "implementation": {"description": "lead-gateway of one LEAD site", "url": f"{base_url}/fhir"},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "security": _security(base_url),
                **({"resource": resources} if resources else {}),
                "interaction": [{"code": "batch"}, {"code": "transaction"}],
                "searchParam": [_parameter("_id", Kind.TOKEN)],
            }
        ],
    }


def _resource(kind: str, held: Held) -> dict[str, Any]:
    """State one type, or nothing where none of its letters is held."""
    letters = [letter for letter in SERVED_LETTERS[kind] if held(kind, letter)]
    if not letters:
        return {}
    done = [_INTERACTIONS[letter] for letter in letters if (kind, letter) not in _BY_OPERATION]
    found: dict[str, Any] = {"type": kind} | ({"interaction": [{"code": code} for code in done]} if done else {})
    found |= {"documentation": _NOTES[kind]} if kind in _NOTES else {}
    found |= {"supportedProfile": [PCF_URL, FAST_URL]} if kind == "Consent" else {}
    if "r" in letters or "s" in letters:
        found["versioning"] = "no-version"
    if kind == "Task" and "c" in letters:
        found["conditionalCreate"] = True
    if "r" in letters and kind in _TAGGED:
        found["conditionalRead"] = "not-match"
    if "s" in letters:
        found |= _searching(kind)
    operations = [_operation(name) for name, letter in _OPERATIONS.get(kind, ()) if letter in letters]
    return found | ({"operation": operations} if operations else {})


def _searching(kind: str) -> dict[str, Any]:
    if kind in CONSENT_PARAMETERS:
        return {"searchParam": [_parameter(name, one) for name, one in sorted(CONSENT_PARAMETERS[kind].items())]}
    if kind not in TYPES:
        return {}
    parameters = [_parameter(one.name, one.kind) for _, one in sorted(parameters_of(kind).items())]
    included = sorted(INCLUDES.get(kind, ()))
    return {
        **({"searchInclude": included, "searchRevInclude": sorted(REVINCLUDES)} if included else {}),
        "searchParam": parameters,
    }


def _parameter(name: str, kind: Kind) -> dict[str, str]:
    return {"name": name, "type": kind.value}


def _operation(name: str) -> dict[str, str]:
    return {"name": name, "definition": _DEFINITIONS[name]}


def _security(base_url: str) -> dict[str, Any]:
    token = {"url": "token", "valueUri": f"{base_url}/oauth/token"}
    return {
        "extension": [{"url": _OAUTH_URIS, "extension": [token]}],
        "service": [{"coding": [{"system": _SECURITY_SERVICE, "code": "SMART-on-FHIR"}]}],
        "description": "SMART Backend Services: client_credentials with private_key_jwt",
    }

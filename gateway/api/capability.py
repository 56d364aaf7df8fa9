"""What the API says about itself: the FHIR CapabilityStatement and the SMART configuration. True to what exists."""

from typing import Any, Final

SERVED_SCOPES: Final = ("system/Task.c",)
SIGNING_ALGORITHMS: Final = ("ES384", "RS384")

_STATED: Final = "2026-01-15"
_SECURITY_SERVICE: Final = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_OAUTH_URIS: Final = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


def smart_configuration(base_url: str) -> dict[str, Any]:
    """Build the SMART App Launch 2.2 configuration for backend services.

    There is no authorization endpoint, so nothing is said of PKCE and none of the members that need one is there.
    """
    return {
        "token_endpoint": f"{base_url}/oauth/token",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "scopes_supported": list(SERVED_SCOPES),
        "capabilities": ["client-confidential-asymmetric", "permission-v2"],
    }


def capability_statement(base_url: str) -> dict[str, Any]:
    """Build the R4 CapabilityStatement (hl7.org/fhir/R4/capabilitystatement.html): Task create and nothing else."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _STATED,
        "kind": "instance",
        "software": {"name": "lead-gateway"},
        "implementation": {"description": "lead-gateway of one LEAD site", "url": f"{base_url}/fhir"},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{"mode": "server", "security": _security(base_url), "resource": [_task()]}],
    }


def _security(base_url: str) -> dict[str, Any]:
    token = {"url": "token", "valueUri": f"{base_url}/oauth/token"}
    return {
        "extension": [{"url": _OAUTH_URIS, "extension": [token]}],
        "service": [{"coding": [{"system": _SECURITY_SERVICE, "code": "SMART-on-FHIR"}]}],
        "description": "SMART Backend Services: client_credentials with private_key_jwt",
    }


def _task() -> dict[str, Any]:
    return {
        "type": "Task",
        "interaction": [{"code": "create"}],
        "documentation": "a Task is a question about one person; the answer comes as a Bundle of its own",
    }

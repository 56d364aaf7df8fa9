"""GET /openapi.json: the routes for partners' systems as an OpenAPI 3.1 document, a constant made of one table.

Nothing in it is about anybody: paths, parameters and statuses. What a resource holds is FHIR R4's own to say, so a
body is described by its type and no further. Links say which answer names what can be read next.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request

from gateway.api import fixed_openapi
from gateway.api.capability import CONSENT_PARAMETERS
from gateway.api.composition import gateway_of
from gateway.api.responses import FixedResponse
from gateway.caps import SERVED
from mappings.fhir.search_table import TYPES, parameters_of

router = APIRouter()

Json = dict[str, Any]

FHIR: Final = "application/fhir+json"
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"

_LINKED: Final[Mapping[str, Mapping[str, str]]] = {
    "POST /fhir/Task": {"question": "readTask", "answer": "readBundle"},
    "POST /fhir/Subscription": {"itself": "readSubscription", "status": "statusSubscription"},
}
_WRONG: Final = {"400": "the request cannot be read", "401": "no valid token", "403": "no scope for it"}
_MEDIA: Final = {"406": "only JSON is served", "415": "another media type"}
_BODY: Final = {"413": "the body is too large", "415": "another media type", "422": "an element breaks a rule"}
_ALWAYS: Final = {"429": "too many requests", "500": "the request could not be served"}


@router.get("/openapi.json", response_model=None)
async def openapi(request: Request) -> FixedResponse:
    """Say which routes there are (OpenAPI 3.1)."""
    base_url = gateway_of(request).settings.base_url
    return FixedResponse(fixed_openapi.openapi(document(base_url)))


def document(base_url: str) -> Json:
    """Build the document, true to ROUTERS (a test compares them)."""
    scopes = dict.fromkeys(SERVED, "SMART v2 system scope")
    flow = {"tokenUrl": f"{base_url}/oauth/token", "scopes": scopes}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "lead-gateway",
            "version": "1",
            "description": "What partners' systems may call. Whoever may not be told gets what a stranger gets.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"backend": {"type": "oauth2", "flows": {"clientCredentials": flow}}},
            "schemas": {
                "Resource": {
                    "type": "object",
                    "required": ["resourceType"],
                    "properties": {"resourceType": {"type": "string"}},
                }
            },
        },
    }


def _paths() -> Json:
    found: dict[str, Json] = {}
    for route, operation in _operations():
        method, _, path = route.partition(" ")
        found.setdefault(path, {})[method.lower()] = operation
    return dict(sorted(found.items()))


def _operations() -> Iterable[tuple[str, Json]]:
    for kind in (*sorted(TYPES), "Consent"):
        yield from _of_type(kind)
    yield from _filed()
    yield from _subscriptions()
    yield from _others()


def _of_type(kind: str) -> Iterable[tuple[str, Json]]:
    names = sorted(parameters_of(kind) if kind in TYPES else CONSENT_PARAMETERS[kind])
    given = [_parameter(name, "query") for name in names]
    form = {FORM: {"schema": {"type": "object", "properties": {name: {"type": "string"} for name in names}}}}
    found = {"200": _answer("a searchset, empty for whoever may not be told"), **_errors(_WRONG, _MEDIA)}
    yield f"GET /fhir/{kind}", _operation(f"search{kind}", found, given)
    yield (
        f"POST /fhir/{kind}/_search",
        _operation(f"searchByForm{kind}", found | _errors({"413": _BODY["413"]}), body=form),
    )
    read = {"200": _answer("the resource"), "304": {"description": "as the client has it"}}
    missing = {"404": "there is nothing here, for whatever reason"}
    yield (
        f"GET /fhir/{kind}/{{identity}}",
        _operation(f"read{kind}", read | _errors(_WRONG, _MEDIA, missing), [_identity()]),
    )


def _filed() -> Iterable[tuple[str, Json]]:
    told = {"200": _answer("received: one answer to whatever was filed"), **_errors(_WRONG, _BODY)}
    yield "POST /fhir/Consent", _operation("createConsent", told, body=_resource())
    for kind, name, hyphenated in (
        ("Consent", "fileConsent", "file-consent"),
        ("Consent", "revokeConsent", "revoke-consent"),
        ("AuditEvent", "recordDisclosure", "record-disclosure"),
    ):
        yield f"POST /fhir/{kind}/${name}", _operation(name, told, body=_resource())
        yield f"POST /fhir/{kind}/${hyphenated}", _operation(f"{name}Hyphenated", told, body=_resource())


def _subscriptions() -> Iterable[tuple[str, Json]]:
    one, missing = [_identity()], {"404": "no subscription of this system"}
    made = {"201": _answer("as it was taken"), **_errors(_WRONG, _BODY, {"409": "as many as there may be"})}
    got = {"200": _answer("an own subscription, or what it has to tell"), **_errors(_WRONG, missing)}
    path = "/fhir/Subscription"
    yield f"POST {path}", _operation("createSubscription", made, body=_resource(), links=_LINKED[f"POST {path}"])
    yield f"GET {path}", _operation("searchSubscription", got)
    yield f"GET {path}/{{identity}}", _operation("readSubscription", got, one)
    yield f"DELETE {path}/{{identity}}", _operation("endSubscription", got, one)
    yield f"GET {path}/{{identity}}/$status", _operation("statusSubscription", got, one)
    numbers = [_parameter(name, "query") for name in ("eventsSinceNumber", "eventsUntilNumber")]
    yield f"GET {path}/{{identity}}/$events", _operation("eventsSubscription", got, [*one, *numbers])
    posted = got | _errors(_BODY)
    yield f"POST {path}/{{identity}}/$events", _operation("eventsByPost", posted, one, body=_resource())


def _others() -> Iterable[tuple[str, Json]]:
    answered = {
        "200": _answer("the answer, or that there is nothing helpful to share"),
        **_errors(_WRONG, {"404": "none"}),
    }
    yield "GET /fhir/Bundle/{identity}", _operation("readBundle", answered, [_identity()])
    asked = {
        "202": _answer("the acknowledgement that everybody gets"),
        "200": _answer("an emergency, answered at once"),
        **_errors(_WRONG, _BODY),
    }
    yield "POST /fhir/Task", _operation("askTask", asked, body=_resource(), links=_LINKED["POST /fhir/Task"])
    taken = {"200": _answer("a batch-response or transaction-response"), **_errors(_WRONG, _BODY)}
    yield "POST /fhir", _operation("batch", taken, body=_resource())
    promised = {"200": _answer("attested"), **_errors(_WRONG, _BODY, {"409": "attested otherwise"})}
    yield "POST /fhir/$attest", _operation("attest", promised, body=_resource())
    card = {"200": _plain("one card"), **_errors(_WRONG, _BODY, kind=JSON)}
    yield (
        "POST /cds-services/patient-consent-consult",
        _operation("consult", card, body={JSON: {"schema": {"type": "object"}}}),
    )
    yield from _open()


def _open() -> Iterable[tuple[str, Json]]:
    """Give what is served without a token."""
    for route, name, kind in (
        ("GET /fhir/metadata", "metadata", FHIR),
        ("GET /fhir/.well-known/smart-configuration", "smartConfiguration", JSON),
        ("GET /cds-services", "services", JSON),
        ("GET /openapi.json", "openapi", JSON),
    ):
        told = {"200": _answer("a constant", kind), **_errors(kind=kind)}
        yield route, _operation(name, told | _errors({"401": "no valid token"}), is_open=True)
    names = ("grant_type", "scope", "client_assertion_type", "client_assertion")
    form = {FORM: {"schema": {"type": "object", "properties": {name: {"type": "string"} for name in names}}}}
    refused = _errors({"400": "an error of RFC 6749 section 5.2", "401": "invalid_client"}, kind=JSON)
    yield "POST /oauth/token", _operation("token", {"200": _plain("a token")} | refused, body=form, is_open=True)


def _operation(
    name: str,
    answers: Mapping[str, Json],
    parameters: Iterable[Json] = (),
    *,
    body: Json | None = None,
    links: Mapping[str, str] | None = None,
    is_open: bool = False,
) -> Json:
    given = list(parameters)
    if links:
        created = next(status for status in ("202", "201") if status in answers)
        linked = {
            key: {"operationId": target, "parameters": {"identity": "$response.body#/id"}}
            for key, target in links.items()
        }
        answers = {**answers, created: {**answers[created], "links": linked}}
    return {
        "operationId": name,
        "responses": dict(answers),
        **({"parameters": given} if given else {}),
        **({"requestBody": {"required": True, "content": body}} if body else {}),
        "security": [] if is_open else [{"backend": []}],
    }


def _parameter(name: str, place: str) -> Json:
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}


def _identity() -> Json:
    return _parameter("identity", "path")


def _resource() -> Json:
    return {FHIR: {"schema": {"$ref": "#/components/schemas/Resource"}}}


def _answer(text: str, kind: str = FHIR) -> Json:
    return {"description": text, "content": _resource()} if kind == FHIR else _plain(text)


def _plain(text: str) -> Json:
    return {"description": text, "content": {JSON: {"schema": {"type": "object"}}}}


def _errors(*tables: Mapping[str, str], kind: str = FHIR) -> Json:
    merged = {status: text for table in (*tables, _ALWAYS) for status, text in table.items()}
    mixed = {**_resource(), **_plain("")["content"]}
    content = _resource() if kind == FHIR else mixed
    return {status: {"description": text, "content": content} for status, text in merged.items()}

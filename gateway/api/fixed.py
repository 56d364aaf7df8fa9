"""The constant answers: all that a partner route may say besides a sealed disclosure.

Most are frozen bytes. The few with a blank take only values of a closed form: an element and a rule from a closed
table, a reference and two moments, a random token and registered scopes, the site's own address. No text that came in
with a request can be written into one.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import orjson

from gateway.api import pages
from gateway.api.capability import Held, capability_statement, smart_configuration
from gateway.exit import _STAMP, Departure
from mappings.fhir.question import QUESTION_FIELDS, Broken
from mappings.fhir.task import acknowledgement as acknowledgement_task

TOKEN_SECONDS: Final = 300

Headers = tuple[tuple[bytes, bytes], ...]

FHIR_JSON: Final = b"application/fhir+json; charset=utf-8"
_PLAIN_JSON: Final = b"application/json; charset=utf-8"
_HTML: Final = b"text/html; charset=utf-8"
_REFERENCE: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")  # FHIR R4 `id`
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/\-]{16,512}=*")  # RFC 6750 section 2.1
_SCOPE: Final = re.compile(r"system/(\*|[A-Z][A-Za-z]{1,63})\.[cruds]{1,5}")  # SMART App Launch 2, scopes


class BlankError(ValueError):
    """A blank of a constant answer was to be filled with something outside its closed form."""


def headers(kind: bytes, length: int) -> Headers:
    """Give the headers of every partner answer of `length` bytes."""
    return (
        (b"content-type", kind),
        (b"content-length", str(length).encode()),
        (b"cache-control", b"no-store"),
        (b"pragma", b"no-cache"),
        (b"x-content-type-options", b"nosniff"),
    )


def _departure(
    name: str, status: HTTPStatus, body: Mapping[str, Any], kind: bytes = FHIR_JSON, extra: Headers = ()
) -> Departure:
    written = orjson.dumps(body)
    return Departure(_STAMP, name, int(status), headers(kind, len(written)) + extra, written)


def _outcome(name: str, status: HTTPStatus, code: str, text: str, extra: Headers = ()) -> Departure:
    issue = {"severity": "error", "code": code, "details": {"text": text}}
    return _departure(name, status, {"resourceType": "OperationOutcome", "issue": [issue]}, extra=extra)


def _oauth_error(
    error: str, text: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST, *, name: str | None = None, extra: Headers = ()
) -> Departure:
    body = {"error": error, "error_description": text}
    return _departure(name or error, status, body, _PLAIN_JSON, extra)


_BEARER: Final = (b"www-authenticate", b"Bearer")
_S: Final = HTTPStatus

NOT_FOUND: Final = _outcome("not-found", _S.NOT_FOUND, "not-found", "there is nothing here")
METHOD_NOT_ALLOWED: Final = _outcome(
    "method-not-allowed",
    _S.METHOD_NOT_ALLOWED,
    "not-supported",
    "method not supported",
    ((b"allow", b"GET, HEAD, POST"),),
)
UNAUTHENTICATED: Final = _outcome(
    "unauthenticated", _S.UNAUTHORIZED, "login", "a valid access token is required", (_BEARER,)
)
OUT_OF_SCOPE: Final = _outcome("out-of-scope", _S.FORBIDDEN, "forbidden", "the access token has no scope for this")
TOO_LARGE: Final = _outcome("too-large", _S.REQUEST_ENTITY_TOO_LARGE, "too-long", "the body is too large")
WRONG_TYPE: Final = _outcome(
    "wrong-type",
    _S.UNSUPPORTED_MEDIA_TYPE,
    "not-supported",
    "`Content-Type` must be `application/fhir+json` or `application/json`",
)
NOT_JSON: Final = _outcome("not-json", _S.BAD_REQUEST, "structure", "the body must be one JSON object in UTF-8")
NOT_A_TASK: Final = _outcome("not-a-task", _S.BAD_REQUEST, "structure", "`resourceType` must be `Task`")
BAD_REQUEST: Final = _outcome("bad-request", _S.BAD_REQUEST, "invalid", "the request cannot be read")
UNPROCESSABLE: Final = _outcome("unprocessable", _S.UNPROCESSABLE_ENTITY, "invalid", "the Task cannot be read")
SERVER_ERROR: Final = _outcome("server-error", _S.INTERNAL_SERVER_ERROR, "exception", "the request could not be served")
TOO_MANY: Final = _outcome(
    "too-many", _S.TOO_MANY_REQUESTS, "throttled", "too many requests, slow down", ((b"retry-after", b"1"),)
)
UNAVAILABLE: Final = _outcome("unavailable", _S.SERVICE_UNAVAILABLE, "transient", "not available at the moment")

# RFC 6749 section 5.2. INVALID_CLIENT is one answer for every failed authentication, whatever the reason.
INVALID_CLIENT: Final = _oauth_error("invalid_client", "client authentication failed", _S.UNAUTHORIZED)
INVALID_REQUEST: Final = _oauth_error("invalid_request", "the request is malformed")
INVALID_SCOPE: Final = _oauth_error("invalid_scope", "none of the requested scopes is granted")
UNSUPPORTED_GRANT: Final = _oauth_error("unsupported_grant_type", "only client_credentials is served")
INVALID_PURPOSE: Final = _oauth_error("invalid_grant", "`hl7-b2b` names no purpose, or person, that is granted")
TOO_MANY_TRIES: Final = _oauth_error(  # to a known and an unknown client alike
    "temporarily_unavailable",
    "too many requests, slow down",
    _S.TOO_MANY_REQUESTS,
    name="too-many-tries",
    extra=((b"retry-after", b"10"),),
)


def _page(name: str, status: HTTPStatus, page: bytes, extra: Headers = ()) -> Departure:
    own = ((b"content-security-policy", pages.POLICY), (b"referrer-policy", b"no-referrer"))
    return Departure(_STAMP, name, int(status), headers(_HTML, len(page)) + own + extra, page)


# The participant's own door (gateway/api/stopping.py). A good code and any other one differ in the page alone.
STOP_FORM: Final = _page("stop-form", _S.OK, pages.ASK)
STOPPED: Final = _page("stopped", _S.OK, pages.STOPPED)
NOT_STOPPED: Final = _page("not-stopped", _S.OK, pages.NOT_STOPPED)
STOP_LATER: Final = _page("stop-later", _S.TOO_MANY_REQUESTS, pages.WAIT, ((b"retry-after", b"60"),))

BY_STATUS: Final[Mapping[int, Departure]] = {
    int(_S.BAD_REQUEST): BAD_REQUEST,
    int(_S.UNAUTHORIZED): UNAUTHENTICATED,
    int(_S.FORBIDDEN): OUT_OF_SCOPE,
    int(_S.NOT_FOUND): NOT_FOUND,
    int(_S.METHOD_NOT_ALLOWED): METHOD_NOT_ALLOWED,
    int(_S.REQUEST_ENTITY_TOO_LARGE): TOO_LARGE,
    int(_S.UNSUPPORTED_MEDIA_TYPE): WRONG_TYPE,
    int(_S.UNPROCESSABLE_ENTITY): UNPROCESSABLE,
    int(_S.TOO_MANY_REQUESTS): TOO_MANY,
}

# FHIR R4 IssueType (hl7.org/fhir/R4/valueset-issue-type.html) of each rule that a question can break.
_ISSUE_CODES: Final[Mapping[str, str]] = {rule.value: "value" for rule in Broken} | {
    Broken.MISSING.value: "required",
    Broken.REPEATED.value: "structure",
    Broken.TOO_MANY.value: "too-long",
    Broken.NOT_READ.value: "not-supported",
    Broken.UNKNOWN_CODE.value: "code-invalid",
    Broken.NOT_OBJECT.value: "structure",
    Broken.NOT_LIST.value: "structure",
}


def for_status(status: int) -> Departure:
    """Name the constant that stands in for an error of this status; any other status is a server error."""
    return BY_STATUS.get(status, SERVER_ERROR)


def bad_element(field: str, rule: str) -> Departure:
    """Name the element of a Task and the rule it breaks; whatever the closed tables do not hold is UNPROCESSABLE."""
    if field not in QUESTION_FIELDS or rule not in _ISSUE_CODES:
        return UNPROCESSABLE
    issue = {
        "severity": "error",
        "code": _ISSUE_CODES[rule],
        "details": {"text": f"`{field}` {rule}"},
        "expression": [field.partition("[")[0]],
    }
    body = {"resourceType": "OperationOutcome", "issue": [issue]}
    return _departure("bad-element", _S.UNPROCESSABLE_ENTITY, body)


def acknowledgement(reference: str, received: datetime, due: datetime) -> Departure:
    """Build the 202 that everybody who asks gets. Raises BlankError for a reference or moment out of form."""
    if not _REFERENCE.fullmatch(reference):
        raise BlankError("`reference` is not a FHIR id")
    if received.utcoffset() is None or due.utcoffset() is None:
        raise BlankError("`received` and `due` need an offset")
    return _departure("acknowledgement", _S.ACCEPTED, acknowledgement_task(reference, received, due))


def token_issued(token: str, scopes: frozenset[str]) -> Departure:
    """Build the answer of RFC 6749 section 5.1. Raises BlankError for a token or scope out of form."""
    if not _TOKEN.fullmatch(token):
        raise BlankError("`token` is out of form")
    if not scopes or not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise BlankError("`scopes` are out of form")
    body = {
        "access_token": token,
        "token_type": "bearer",
        "expires_in": TOKEN_SECONDS,
        "scope": " ".join(sorted(scopes)),
    }
    return _departure("token", _S.OK, body, _PLAIN_JSON)


def smart(base_url: str) -> Departure:
    """Build the answer of `.well-known/smart-configuration`."""
    return _departure("smart-configuration", _S.OK, smart_configuration(base_url), _PLAIN_JSON)


def metadata(base_url: str, held: Held | None = None) -> Departure:
    """Build the answer of `/fhir/metadata`; `held`: as far as somebody's scopes go."""
    stated = capability_statement(base_url) if held is None else capability_statement(base_url, held)
    return _departure("metadata", _S.OK, stated)

"""The constant answers about consents: filed, searched, consulted about; as gateway/api/fixed.py has the others.

Blanks take a field and a rule of the closed tables of mappings/fhir (filed.py, consent_search.py, consult/question.py)
and the site's own address. INVARIANT: nothing here is about a participant, or of a request.
"""

import re
from http import HTTPStatus
from typing import Any, Final

from gateway.api.fixed import _PLAIN_JSON, UNPROCESSABLE, _departure, _outcome
from gateway.exit import Departure
from mappings.fhir import codes
from mappings.fhir.build import Json
from mappings.fhir.consent_search import PARAMETERS, Broken, ConsentQueryError
from mappings.fhir.consult.errors import ConsultError
from mappings.fhir.consult.question import HOOK
from mappings.fhir.filed import FIELDS, Fault, FilingError
from mappings.fhir.searchset import nothing_found as empty_searchset
from mappings.fhir.searchset import passed_over

_S: Final = HTTPStatus


def _lacks(resource: str, letter: str) -> Departure:
    text = f"the access token lacks the scope `system/{resource}.{letter}`"
    return _outcome("out-of-scope", _S.FORBIDDEN, "forbidden", text)


LACKS: Final = {pair: _lacks(*pair) for pair in (*(("Consent", one) for one in "crs"), ("AuditEvent", "c"))}
"""The refusals for want of a scope, by resource type and letter."""

RECEIVED: Final = _departure(
    "received",
    _S.OK,
    {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "information",
                "code": "informational",
                "details": {"text": "received; this does not say whether anybody is or was known here"},
            }
        ],
    },
)
"""The one answer to whatever was filed, about whomever."""

NOT_A_QUERY: Final = _outcome("not-a-query", _S.BAD_REQUEST, "invalid", "the search cannot be read")
UNKNOWN_PARAMETER: Final = _outcome(
    "unknown-parameter", _S.BAD_REQUEST, "not-supported", "the search has a parameter that is not served"
)
_PASSED_OVER: Final = passed_over((), and_others=True)

NO_CARD: Final[Json] = {
    "summary": "NO_CONSENT",
    "detail": "No consent speaks of this.",
    "indicator": "warning",
    "source": {"label": "lead-gateway", "url": codes.BASE},
    "extension": {"decision": "NO_CONSENT"},
}
NO_CONSENT: Final = _departure("no-consent", _S.OK, {"cards": [NO_CARD]}, _PLAIN_JSON)
"""The one answer to a consultation that is no permit (but to who discloses): no obligation, and nothing it rests on."""

SERVICES: Final = _departure(
    "cds-services",
    _S.OK,
    {
        "services": [
            {
                "hook": HOOK,
                "id": HOOK,
                "title": "Patient consent consult",
                "description": "Whether a consent permits one organization to receive information about a person",
            }
        ]
    },
    _PLAIN_JSON,
)

_PLACE: Final = re.compile(r"\[\d+\]")
_CONSULT_FIELDS: Final = frozenset(
    {"request", "hook", "hookInstance", "context", "context.patientId", "context.actor", "context.purposeOfUse"}
    | {"context.category", "context.class", "context.consent", "context.directory", "context.content"}
    | {f"context.{name}.{part}" for name in ("patientId", "actor") for part in ("system", "value")}
    | {f"context.{name}.{part}" for name in ("category", "class") for part in ("system", "code")}
    | {"context.directory.resourceType", "context.content.resourceType", "context.content.entry"}
    | {"context.content.entry.resource", "context.content.entry.resource.resourceType"}
)
_CONSULT_RULES: Final = frozenset(
    {"must be an object", "must be a list", "must be a text", "must be `Bundle`", f"must be `{HOOK}`"}
    | {f"must hold `system` and `{second}` alone" for second in ("value", "code")}
    | {"must hold no elements but those of the hook"}
)


def _hook_error(text: str, status: HTTPStatus = _S.BAD_REQUEST, error: str = "bad_request") -> Departure:
    body: dict[str, Any] = {"httpCode": int(status), "error": error, "errorMessage": text}
    return _departure("hook-error", status, body, _PLAIN_JSON)


HOOK_NOT_JSON: Final = _hook_error("the body must be one JSON object in UTF-8")
HOOK_BAD: Final = _hook_error("the body breaks the schema of the hook")


def bad_hook(error: ConsultError) -> Departure:
    """Name the element of the hook and the rule it breaks, without its place in a list; outside the tables, neither."""
    field = _PLACE.sub("", error.field)
    if field not in _CONSULT_FIELDS or error.rule not in _CONSULT_RULES:
        return HOOK_BAD
    return _hook_error(f"`{field}` {error.rule}")


_ISSUES: Final = {Fault.MISSING: "required", Fault.REPEATED: "structure", Fault.NOT_READ: "not-supported"}


def bad_filing(error: FilingError) -> Departure:
    """Name the parameter or element of a filing and the rule it breaks."""
    if error.field not in FIELDS:
        return UNPROCESSABLE
    text = f"`{error.field}` {error.fault.value}"
    return _outcome("bad-filing", _S.UNPROCESSABLE_ENTITY, _ISSUES.get(error.fault, "value"), text)


def bad_query(error: ConsentQueryError) -> Departure:
    """Name the parameter of a search for Consents and the rule it breaks."""
    if error.parameter not in PARAMETERS:
        return NOT_A_QUERY
    code = "required" if error.rule is Broken.REQUIRED else "value"
    return _outcome("bad-query", _S.BAD_REQUEST, code, f"`{error.parameter}` {error.rule.value}")


def nothing_found(base_url: str, *, ignored: bool) -> Departure:
    """Give the searchset of everybody who finds no Consent, for whatever reason."""
    outcome = _PASSED_OVER if ignored else None
    return _departure("no-consents", _S.OK, empty_searchset("Consent", base_url, outcome))

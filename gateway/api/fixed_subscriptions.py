"""The constant answers about subscriptions and attestations; as gateway/api/fixed.py has the others.

Blanks take values of a closed form: a field and a rule of mappings/fhir/subscription.py, an own subscription as its
owner gave it (an address that may be called, a topic of ours, an id), numbers, moments, and references that
gateway.telling has just had decided. INVARIANT: no free text of a request, and nothing of a record.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from fhir.resources.R4B.bundle import Bundle

from adapters.addresses import AddressError, checked
from gateway import subscriptions as rules
from gateway.api.fixed import BlankError, _departure, _outcome
from gateway.exit import Departure
from mappings.fhir import notification
from mappings.fhir.build import checked as checked_resource
from mappings.fhir.notification import QUERY_EVENT, QUERY_STATUS, Event
from mappings.fhir.searchset import frame
from mappings.fhir.subscription import SUBSCRIPTION_FIELDS, Shown, Unfit, subscription

_S: Final = HTTPStatus
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FOCUS: Final = re.compile(rf"[A-Z][A-Za-z]{{1,63}}/{_UUID.pattern}")

UNREADABLE: Final = _outcome(
    "unreadable-subscription", _S.UNPROCESSABLE_ENTITY, "invalid", "the Subscription cannot be read"
)
ENDED: Final = _departure(
    "subscription-ended",
    _S.OK,
    {
        "resourceType": "OperationOutcome",
        "issue": [
            {"severity": "information", "code": "informational", "details": {"text": "the subscription has ended"}}
        ],
    },
)
NOT_NUMBERS: Final = _outcome(
    "not-numbers",
    _S.BAD_REQUEST,
    "invalid",
    "`eventsSinceNumber` and `eventsUntilNumber` must be positive whole numbers",
)


def _refused(rule: str, status: HTTPStatus, code: str, text: str) -> Departure:
    return _outcome(f"subscription-{rule}", status, code, text)


REFUSED: Final = {
    rules.AGREEMENT: _refused(rules.AGREEMENT, _S.FORBIDDEN, "forbidden", "an agreement in date is required"),
    rules.TOPIC: _refused(
        rules.TOPIC, _S.FORBIDDEN, "forbidden", "this topic is not offered to this kind of organization"
    ),
    rules.PURPOSE: _refused(rules.PURPOSE, _S.FORBIDDEN, "forbidden", "the access token has no purpose to be told for"),
    rules.ADDRESS: _refused(
        rules.ADDRESS,
        _S.UNPROCESSABLE_ENTITY,
        "value",
        "`Subscription.channel.endpoint` must be a public https address without credentials, query or fragment",
    ),
    rules.TOO_MANY: _refused(rules.TOO_MANY, _S.CONFLICT, "too-costly", "this system has as many as it may have"),
    rules.OVER: _refused(rules.OVER, _S.UNPROCESSABLE_ENTITY, "value", "`Subscription.end` must be in the future"),
}
"""Why a subscription is not made: about the system and its organization, never about a participant."""

ATTESTED: Final = _departure(
    "attested",
    _S.OK,
    {
        "resourceType": "OperationOutcome",
        "issue": [
            {"severity": "information", "code": "informational", "details": {"text": "attested for this session"}}
        ],
    },
)
NOT_AN_ATTESTATION: Final = _outcome(
    "not-an-attestation",
    _S.UNPROCESSABLE_ENTITY,
    "invalid",
    "an attestation has `requester-name`, `requester-role`, `purpose` and `statement`, once each",
)
ATTESTED_OTHERWISE: Final = _outcome(
    "attested-otherwise", _S.CONFLICT, "conflict", "this session has another attestation: take a new token"
)


def bad_subscription(field: str, rule: str) -> Departure:
    """Name the element of a Subscription and the rule it breaks; anything else is UNREADABLE."""
    if field not in SUBSCRIPTION_FIELDS or rule not in {one.value for one in Unfit}:
        return UNREADABLE
    issue = {
        "severity": "error",
        "code": "required" if rule == Unfit.MISSING.value else "value",
        "details": {"text": f"`{field}` {rule}"},
        "expression": [field.replace("._", ".")],
    }
    return _departure(
        "bad-subscription", _S.UNPROCESSABLE_ENTITY, {"resourceType": "OperationOutcome", "issue": [issue]}
    )


def created(shown: Shown, base_url: str) -> Departure:
    """Answer whoever has made a subscription. Raises BlankError."""
    _check(shown)
    where = (b"location", f"{base_url}/fhir/Subscription/{shown.id}".encode())
    return _departure("subscription-created", _S.CREATED, subscription(shown), extra=(where,))


def one(shown: Shown) -> Departure:
    """Give an own subscription. Raises BlankError."""
    _check(shown)
    return _departure("subscription", _S.OK, subscription(shown))


def several(every: Sequence[Shown], base_url: str) -> Departure:
    """Give all own subscriptions. Raises BlankError."""
    for each in every:
        _check(each)
    entries = [
        {
            "fullUrl": f"{base_url}/fhir/Subscription/{each.id}",
            "resource": subscription(each),
            "search": {"mode": "match"},
        }
        for each in every
    ]
    body = frame("Subscription", base_url) | ({"entry": entries} if entries else {})
    return _departure("subscriptions", _S.OK, checked_resource(Bundle, body))


def status(shown: Shown, base_url: str) -> Departure:
    """Answer `$status`. Raises BlankError."""
    _check(shown)
    told = notification.status(shown, QUERY_STATUS, base_url)
    return _departure("subscription-status", _S.OK, notification.status_set(told))


def events(shown: Shown, found: Sequence[Event], base_url: str, at: datetime) -> Departure:
    """Answer `$events` with what was decided to be told again. Raises BlankError."""
    _check(shown)
    if not all(_FOCUS.fullmatch(name) for event in found for name in event.focus):
        raise BlankError("`focus` is no reference")
    told = notification.status(shown, QUERY_EVENT, base_url, found)
    return _departure("subscription-events", _S.OK, notification.notification(shown, told, base_url, at))


def _check(shown: Shown) -> None:
    wanted: Any = shown.wanted
    if not _UUID.fullmatch(shown.id) or (wanted.patient is not None and not _UUID.fullmatch(wanted.patient)):
        raise BlankError("`id` is out of form")
    if wanted.bearer is not None:
        raise BlankError("what is shown at an endpoint is not told back")
    try:
        checked(wanted.endpoint, private=True)
    except AddressError:
        raise BlankError("`endpoint` is out of form") from None

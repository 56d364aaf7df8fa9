"""R4 topic-based subscriptions (HL7 Subscriptions R5 Backport 1.1.0): read what a partner wants, render what it has.

A Subscription names a topic by its canonical URL in `criteria`, a rest-hook endpoint, and how much a notification
holds. What is not read here is refused, so that nobody believes that an ignored element had an effect.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from fhir.resources.R4B.subscription import Subscription

from mappings.fhir import codes
from mappings.fhir.build import Json, UnreadableResourceError, checked, moment, read_moment

BACKPORT: Final = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
_FILTER: Final = f"{BACKPORT}backport-filter-criteria"
_CONTENT: Final = f"{BACKPORT}backport-payload-content"
_HEARTBEAT: Final = f"{BACKPORT}backport-heartbeat-period"
_TIMEOUT: Final = f"{BACKPORT}backport-timeout"
_MAX_COUNT: Final = f"{BACKPORT}backport-max-count"

FHIR_JSON: Final = "application/fhir+json"
SHORTEST_HEARTBEAT: Final = 60  # seconds
LONGEST_HEARTBEAT: Final = 24 * 3600

_READ: Final = frozenset({"resourceType", "status", "criteria", "_criteria", "end", "channel"})
_PASSED_OVER: Final = frozenset({"id", "meta", "language", "text", "reason"})
_CHANNEL: Final = frozenset({"type", "endpoint", "payload", "_payload", "header", "extension"})
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PATIENT: Final = re.compile(rf"(?:[A-Za-z]{{1,64}}\?)?(?:patient=(?:Patient/)?|patientId=)({_UUID.pattern})")
_BEARER: Final = re.compile(r"[Aa]uthorization: [Bb]earer ([A-Za-z0-9._~+/\-]{1,1024}=*)")


class Topic(StrEnum):
    """What can be subscribed to, by canonical URL."""

    CONSENT = "http://hl7.org/fhir/us/consent-management/SubscriptionTopic/FASTConsentSubscriptionTopic"
    CUSTODY = f"{codes.BASE}/SubscriptionTopic/custody-change"
    ANSWER = f"{codes.BASE}/SubscriptionTopic/answer-ready"


class Content(StrEnum):
    """How much a notification holds (backport-content-code-system)."""

    EMPTY = "empty"
    ID_ONLY = "id-only"
    FULL = "full-resource"


OFFERED: Final[Mapping[Topic, frozenset[Content]]] = {
    Topic.CONSENT: frozenset({Content.EMPTY, Content.ID_ONLY}),
    Topic.CUSTODY: frozenset(Content),
    Topic.ANSWER: frozenset({Content.EMPTY, Content.ID_ONLY}),
}
"""What each topic's notifications may hold. A consent and an answer are read where they are, decided at that moment."""


class Unfit(StrEnum):
    """Every rule that a Subscription can break. A closed list, so that an error text holds nothing of the resource."""

    MISSING = "is missing"
    NOT_OBJECT = "must be an object"
    NOT_LIST = "must be a list"
    NOT_READ = "holds an element that is not read here"
    FIXED = "must have the fixed value of a new subscription"
    UNKNOWN_TOPIC = "must be the canonical URL of a topic that is served here"
    NOT_OFFERED = "is not offered for this topic"
    REST_HOOK = "must be `rest-hook`"
    ADDRESS = "must be a public https address without credentials, query or fragment"
    MEDIA_TYPE = "must be `application/fhir+json`"
    FILTER = "must be one filter of the form `patient=Patient/ID`"
    HEADER = "must be one header of the form `Authorization: Bearer TOKEN`"
    HEARTBEAT = "must be a number of seconds from 60 to 86400"
    NUMBER = "must be a positive whole number"
    MOMENT = "must be a date-time with an offset"


SUBSCRIPTION_FIELDS: Final = frozenset(
    {"Subscription"}
    | {f"Subscription.{name}" for name in ("resourceType", "status", "criteria", "_criteria", "end", "channel")}
    | {f"Subscription.channel.{name}" for name in ("type", "endpoint", "payload", "_payload", "header", "extension")}
)
"""Every field that a SubscriptionError can name."""


class SubscriptionError(UnreadableResourceError):
    """A Subscription cannot be served. `field` is one of SUBSCRIPTION_FIELDS, `rule` a value of Unfit."""

    def __init__(self, field: str, rule: Unfit) -> None:
        super().__init__(field, rule.value)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a partner wants to be told, and where. `heartbeat`: seconds; `patient`: the one participant it is about.

    `bearer`: what we show at its endpoint. `end`: when it wants to be told no more. Who wants it, the credential tells.
    """

    topic: Topic
    endpoint: str
    content: Content
    heartbeat: int | None = None
    bearer: str | None = None
    patient: str | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A subscription as its owner may see it. `status`: requested, active, error or off; `error`: a code of ours."""

    id: str
    status: str
    wanted: Wanted
    events: int = 0
    error: str | None = None


def read_subscription(resource: object) -> Wanted:
    """Read a Subscription. Raises SubscriptionError for anything missing, unknown, or not offered.

    Whether its endpoint may be called is not asked here: `adapters.addresses` knows.
    """
    found = _object(resource, "Subscription", _READ | _PASSED_OVER)
    _fixed(found, "resourceType", "Subscription", "Subscription.resourceType")
    _fixed(found, "status", "requested", "Subscription.status")
    topic = _topic(found)
    channel = _object(found.get("channel"), "Subscription.channel", _CHANNEL)
    if channel.get("type") != "rest-hook":
        raise SubscriptionError("Subscription.channel.type", Unfit.REST_HOOK)
    return Wanted(
        topic=topic,
        endpoint=_endpoint(channel),
        content=_content(channel, topic),
        heartbeat=_heartbeat(channel),
        bearer=_bearer(channel),
        patient=_patient(found),
        end=_end(found),
    )


def subscription(shown: Shown) -> Json:
    """Render a subscription for its owner. What it gave us to show at its endpoint is never told back."""
    wanted = shown.wanted
    beat = [] if wanted.heartbeat is None else [{"url": _HEARTBEAT, "valueUnsignedInt": wanted.heartbeat}]
    channel = {
        **({"extension": beat} if beat else {}),
        "type": "rest-hook",
        "endpoint": wanted.endpoint,
        "payload": FHIR_JSON,
        "_payload": {"extension": [{"url": _CONTENT, "valueCode": wanted.content.value}]},
    }
    filters = [] if wanted.patient is None else [{"url": _FILTER, "valueString": f"patient=Patient/{wanted.patient}"}]
    return checked(
        Subscription,
        {
            "resourceType": "Subscription",
            "id": shown.id,
            "meta": {"profile": [f"{BACKPORT}backport-subscription"]},
            "status": shown.status,
            **({} if wanted.end is None else {"end": moment(wanted.end)}),
            "reason": "topic-based subscription",
            "criteria": wanted.topic.value,
            **({"_criteria": {"extension": filters}} if filters else {}),
            **({} if shown.error is None else {"error": shown.error}),
            "channel": channel,
        },
    )


def _object(value: object, field: str, allowed: Iterable[str]) -> Json:
    if value is None:
        raise SubscriptionError(field, Unfit.MISSING)
    if not isinstance(value, dict):
        raise SubscriptionError(field, Unfit.NOT_OBJECT)
    if not value.keys() <= set(allowed):
        raise SubscriptionError(field, Unfit.NOT_READ)
    return value


def _fixed(found: Json, element: str, wanted: str, field: str) -> None:
    if element not in found:
        raise SubscriptionError(field, Unfit.MISSING)
    if found[element] != wanted:
        raise SubscriptionError(field, Unfit.FIXED)


def _topic(found: Json) -> Topic:
    try:
        return Topic(found["criteria"])
    except KeyError:
        raise SubscriptionError("Subscription.criteria", Unfit.MISSING) from None
    except ValueError:
        raise SubscriptionError("Subscription.criteria", Unfit.UNKNOWN_TOPIC) from None


def _extensions(parent: object, field: str, known: frozenset[str]) -> dict[str, Any]:
    """Read extensions of one value each, by url; an unknown or repeated one is refused."""
    if parent is None:
        return {}
    if not isinstance(parent, list):
        raise SubscriptionError(field, Unfit.NOT_LIST)
    found: dict[str, Any] = {}
    for one in parent:
        url = one.get("url") if isinstance(one, dict) else None
        values = [key for key in one if key.startswith("value")] if isinstance(one, dict) else []
        if not isinstance(url, str) or url not in known or url in found:
            raise SubscriptionError(field, Unfit.NOT_READ)
        if len(values) != 1 or len(one) != len(("url", "value")):
            raise SubscriptionError(field, Unfit.NOT_READ)
        found[url] = one[values[0]]
    return found


def _endpoint(channel: Json) -> str:
    endpoint = channel.get("endpoint")
    if endpoint is None:
        raise SubscriptionError("Subscription.channel.endpoint", Unfit.MISSING)
    if not isinstance(endpoint, str):
        raise SubscriptionError("Subscription.channel.endpoint", Unfit.ADDRESS)
    return endpoint


def _content(channel: Json, topic: Topic) -> Content:
    if channel.get("payload", FHIR_JSON) != FHIR_JSON:
        raise SubscriptionError("Subscription.channel.payload", Unfit.MEDIA_TYPE)
    told = channel.get("_payload")
    field = "Subscription.channel._payload"
    given = _extensions(_object(told, field, {"extension"}).get("extension"), field, frozenset({_CONTENT}))
    try:
        content = Content(given[_CONTENT])
    except KeyError:
        raise SubscriptionError(field, Unfit.MISSING) from None
    except ValueError:
        raise SubscriptionError(field, Unfit.NOT_OFFERED) from None
    if content not in OFFERED[topic]:
        raise SubscriptionError(field, Unfit.NOT_OFFERED)
    return content


def _heartbeat(channel: Json) -> int | None:
    field = "Subscription.channel.extension"
    given = _extensions(channel.get("extension"), field, frozenset({_HEARTBEAT, _TIMEOUT, _MAX_COUNT}))
    if not all(type(value) is int and value > 0 for value in given.values()):
        raise SubscriptionError(field, Unfit.NUMBER)
    beat: int | None = given.get(_HEARTBEAT)
    if beat is not None and not SHORTEST_HEARTBEAT <= beat <= LONGEST_HEARTBEAT:
        raise SubscriptionError(field, Unfit.HEARTBEAT)
    return beat


def _bearer(channel: Json) -> str | None:
    headers = channel.get("header")
    if headers is None:
        return None
    only = headers[0] if isinstance(headers, list) and len(headers) == 1 else None
    found = _BEARER.fullmatch(only) if isinstance(only, str) else None
    if found is None:
        raise SubscriptionError("Subscription.channel.header", Unfit.HEADER)
    return found[1]


def _patient(found: Json) -> str | None:
    field = "Subscription._criteria"
    if "_criteria" not in found:
        return None
    given = _extensions(_object(found["_criteria"], field, {"extension"}).get("extension"), field, frozenset({_FILTER}))
    named = _PATIENT.fullmatch(given[_FILTER]) if isinstance(given.get(_FILTER), str) else None
    if named is None:
        raise SubscriptionError(field, Unfit.FILTER)
    return named[1]


def _end(found: Json) -> datetime | None:
    if "end" not in found:
        return None
    try:
        return read_moment(found["end"], "Subscription.end")
    except UnreadableResourceError:
        raise SubscriptionError("Subscription.end", Unfit.MOMENT) from None

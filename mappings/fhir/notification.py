"""What a subscriber is sent: a notification Bundle (HL7 Subscriptions R5 Backport 1.1.0, R4: `history`, Parameters).

The first entry is the status of the subscription. An event that tells something of a participant is rendered from the
sealed value that passed the point of no return, and holds nothing that is not in it: ids of items that were cleared,
the cleared items themselves, never anything else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.parameters import Parameters

from consent.disclosure import ClearedItem, Disclosure
from mappings.fhir.build import Json, checked, moment, stable_uuid
from mappings.fhir.cleared_labels import on_envelope
from mappings.fhir.searchset import PATIENT, View, single
from mappings.fhir.subscription import BACKPORT, Content, Shown, Topic

HANDSHAKE: Final = "handshake"
HEARTBEAT: Final = "heartbeat"
EVENT: Final = "event-notification"
QUERY_STATUS: Final = "query-status"
QUERY_EVENT: Final = "query-event"

_CONSENT: Final = "consent:"

Named = Callable[[str], str]
"""Gives the id by which a recipient knows a row of the house."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a subscription: its number from 1, its moment, and what it is about (`Type/id`), where told."""

    number: int
    at: datetime
    focus: tuple[str, ...] = ()


def status(shown: Shown, kind: str, base_url: str, events: Sequence[Event] = ()) -> Json:
    """Render the status of a subscription as R4 Parameters. `kind`: why it is told."""
    topic = [{"name": "topic", "valueCanonical": shown.wanted.topic.value}]
    said = [
        {"name": "subscription", "valueReference": {"reference": f"{base_url}/fhir/Subscription/{shown.id}"}},
        *(topic if shown.wanted.content is not Content.EMPTY else []),
        {"name": "status", "valueCode": shown.status},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(shown.events)},
        *(_event(event, base_url) for event in events),
    ]
    if shown.error is not None:
        said.append({"name": "error", "valueCodeableConcept": {"text": shown.error}})
    return checked(
        Parameters,
        {
            "resourceType": "Parameters",
            "id": stable_uuid("subscription-status", shown.id, kind, *(str(event.number) for event in events)),
            "meta": {"profile": [f"{BACKPORT}backport-subscription-status-r4"]},
            "parameter": said,
        },
    )


def _event(event: Event, base_url: str) -> Json:
    parts: list[Json] = [
        {"name": "event-number", "valueString": str(event.number)},
        {"name": "timestamp", "valueInstant": moment(event.at, timespec="milliseconds")},
    ]
    names = [f"{base_url}/fhir/{name}" for name in event.focus]
    parts += [{"name": "focus", "valueReference": {"reference": name}} for name in names[:1]]
    parts += [{"name": "additional-context", "valueReference": {"reference": name}} for name in names[1:]]
    return {"name": "notification-event", "part": parts}


def notification(shown: Shown, told: Json, base_url: str, at: datetime, resources: Sequence[Json] = ()) -> Json:
    """Put a status, and where the whole is sent the resources, into a notification Bundle."""
    address = f"{base_url}/fhir/Subscription/{shown.id}/$status"
    first = {
        "fullUrl": f"urn:uuid:{told['id']}",
        "resource": told,
        "request": {"method": "GET", "url": address},
        "response": {"status": "200"},
    }
    return checked(
        Bundle,
        {
            "resourceType": "Bundle",
            "id": stable_uuid("notification", told["id"]),
            "meta": {
                "profile": [f"{BACKPORT}backport-subscription-notification-r4"],
                "security": on_envelope(),
            },
            "type": "history",
            "timestamp": moment(at, timespec="milliseconds"),
            "entry": [first, *(_entry(resource, base_url) for resource in resources)],
        },
    )


def _entry(resource: Json, base_url: str) -> Json:
    name = f"{resource['resourceType']}/{resource['id']}"
    return {
        "fullUrl": f"{base_url}/fhir/{name}",
        "resource": resource,
        "request": {"method": "PUT", "url": name},
        "response": {"status": "200"},
    }


def status_set(told: Json) -> Json:
    """Answer `$status`: a searchset with the one status."""
    entry = {"fullUrl": f"urn:uuid:{told['id']}", "resource": told, "search": {"mode": "match"}}
    return checked(Bundle, {"resourceType": "Bundle", "type": "searchset", "entry": [entry]})


def focus_of(
    disclosure: Disclosure, topic: Topic, content: Content, named: Named, consent: str | None = None
) -> tuple[str, ...]:
    """Give what an event is about, from what was cleared: items; for the consent topic `consent`, where it is a basis.

    Empty where the subscriber wanted to be told nothing. `named` gives the id by which it knows a row.
    """
    if content is Content.EMPTY:
        return ()
    cleared = disclosure.clearance.items
    if topic is Topic.CONSENT:
        bases = {item.basis.removeprefix(_CONSENT).partition("/")[0] for item in cleared}
        return (f"Consent/{named(consent)}",) if consent is not None and consent in bases else ()
    return tuple(f"{kind}/{named(item.item)}" for item in cleared if (kind := _kind(item)) is not None)


def _kind(item: ClearedItem) -> str | None:
    kind = None if item.resource is None else item.resource.get("resourceType")
    return kind if isinstance(kind, str) else None


def resources_of(disclosure: Disclosure, base_url: str, named: Named) -> list[Json]:
    """Render the one stay that was cleared as a read of it would be, with its label and notice (42 CFR 2.32)."""
    clearance = disclosure.clearance
    names = {PATIENT: named(clearance.participant)} | {item.item: named(item.item) for item in clearance.items}
    return [single(disclosure, View("Encounter", names, base_url, {}))]

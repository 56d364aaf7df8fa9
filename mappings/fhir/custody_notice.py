"""A custody event for a health partner: an unsolicited notification, as a message Bundle.

The pattern is HL7 Da Vinci Unsolicited Notifications 1.1.0 (http://hl7.org/fhir/us/davinci-alerts): a MessageHeader
with `notification-admit` or `notification-discharge` whose focus is the Encounter. No profile is claimed: those ask for
a Patient with a name, and here a name leaves only where it was released.

INVARIANT: the Encounter is made anew from five things: status, class, CMS place of service 09, the words "Jail
custody", the moments. No charge, reason for release, bond, court, cell, custody status or booking number, released or
not: a hospital needs to know that a dose will be missed, not why.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from fhir.resources.R4B.encounter import Encounter
from fhir.resources.R4B.messageheader import MessageHeader
from fhir.resources.R4B.patient import Patient

from consent.codes import Category, Purpose
from consent.disclosure import Clearance, ClearedItem, Disclosure
from consent.labels import Labels
from consent.model import Organization
from consent.sensitivity import Confidentiality, high_water
from mappings.fhir import codes, lead_codes
from mappings.fhir.build import BuildError, Json, checked, identifier, moment, named, stable_uuid
from mappings.fhir.carried_notice import on_resource
from mappings.fhir.cleared_labels import highest, labels_of, on, on_envelope
from mappings.fhir.references import renamed
from mappings.lead.custody import LOCAL, PLACE_OF_SERVICE

_EVENTS: Final = {"in-progress": "notification-admit", "finished": "notification-discharge"}
_DEFINITION: Final = "http://hl7.org/fhir/us/davinci-alerts/MessageDefinition/"
_TYPE: Final = codes.concept(PLACE_OF_SERVICE, "09", "Prison/Correctional Facility") | {"text": "Jail custody"}


def notification(
    disclosure: Disclosure,
    *,
    organizations: Mapping[str, Organization],
    base_url: str,
    endpoint: str,
    at: datetime,
) -> Json:
    """Render a disclosure of one custody Encounter, and of the Patient where that was released, as a message.

    Statement and scope are on the Encounter and on the Patient (carried_notice). `base_url` names the sending system,
    `endpoint` is the recipient's url, `at`: when the message is put together; the rest is the same retry after retry.
    Raises BuildError where the disclosure is of anything else: nothing is dropped in silence.
    """
    clearance = disclosure.clearance
    stay, person = _items(clearance.items)
    names = {kind: stable_uuid("custody-notice", kind, disclosure.entry) for kind in ("header", "stay", "person")}
    patient = _urn(names["person"])
    encounter = _encounter(stay, names["stay"], patient)
    labels = _restricted(labels_of(stay, encounter))
    header = _header(clearance, _EVENTS[encounter["status"]], organizations, base_url, endpoint)
    entries = [
        {
            "resourceType": "MessageHeader",
            "id": names["header"],
            **header,
            "focus": [{"reference": _urn(names["stay"])}],
        },
        _carrying(on(encounter, labels), clearance),
        _carrying(_patient(clearance, person, names["person"], labels), clearance),
    ]
    checked(MessageHeader, entries[0])
    return {
        "resourceType": "Bundle",
        "meta": {"security": on_envelope([labels])},
        "identifier": identifier(codes.QUESTION, clearance.request),
        "type": "message",
        "timestamp": moment(at),
        "entry": [{"fullUrl": _urn(one["id"]), "resource": one} for one in entries],
    }


def _urn(uuid: str) -> str:
    return f"urn:uuid:{uuid}"


def _items(items: tuple[ClearedItem, ...]) -> tuple[ClearedItem, ClearedItem | None]:
    """Find the one stay and the person, if released; both must be about the same participant."""
    stays = [i for i in items if i.category is Category.CUSTODY and _kind(i) == "Encounter"]
    people = [i for i in items if i.category is Category.IDENTITY and _kind(i) == "Patient"]
    if len(stays) != 1 or len(people) > 1 or len(items) != len(stays) + len(people):
        raise BuildError("a custody notice of anything but one stay and at most one person")
    if people and people[0].participant != stays[0].participant:
        raise BuildError("a custody notice about two participants")
    return stays[0], people[0] if people else None


def _kind(item: ClearedItem) -> object:
    return None if item.resource is None else item.resource.get("resourceType")


def _encounter(item: ClearedItem, uuid: str, patient: str) -> Json:
    kept: Mapping[str, Any] = item.resource or {}
    custody = kept.get("class") or {}
    if kept.get("status") not in _EVENTS or (custody.get("system"), custody.get("code")) != (LOCAL, "custody"):
        raise BuildError("a custody notice of an encounter that is no beginning or end of custody")
    period = {edge: when for edge, when in (kept.get("period") or {}).items() if edge in {"start", "end"}}
    stay = {
        "resourceType": "Encounter",
        "id": uuid,
        "status": kept["status"],
        "class": codes.coding(LOCAL, "custody"),
        "type": [_TYPE],
        "subject": {"reference": patient},
        **({"period": period} if period else {}),
    }
    return checked(Encounter, stay)


def _patient(clearance: Clearance, item: ClearedItem | None, uuid: str, stay: Labels) -> Json:
    """Render the released Patient, or one that says only whom the notice is about. `stay`: the labels of the stay."""
    if item is None or item.resource is None:
        about = {"identifier": [identifier(codes.QUESTION, clearance.request)]}
        whole = highest([stay, *([] if item is None else [labels_of(item, None)])])
        return checked(Patient, on({"resourceType": "Patient", "id": uuid, **about}, whole))
    found = renamed(item.resource, uuid=uuid, patient=_urn(uuid), known={})
    return on(found, _restricted(labels_of(item, found)))


def _restricted(labels: Labels) -> Labels:
    """Raise labels to R: that somebody is in custody is restricted whoever says it."""
    return labels._replace(confidentiality=high_water((labels.confidentiality, Confidentiality.R)))


def _carrying(resource: Json, clearance: Clearance) -> Json:
    return resource if clearance.notice is None else on_resource(resource, clearance.notice, clearance.scope)


def _header(
    clearance: Clearance, event: str, organizations: Mapping[str, Organization], base_url: str, endpoint: str
) -> Json:
    known = organizations.get(clearance.recipient)
    name = known.name if known is not None else None
    receiver = named("Organization", codes.ORGANIZATION, clearance.recipient, name)
    return {
        "eventCoding": codes.coding(lead_codes.NOTIFICATION, event),
        "destination": [{"endpoint": endpoint, "receiver": receiver}],
        "source": {"name": "lead-gateway", "endpoint": base_url},
        "reason": {"coding": codes.purpose_codings(Purpose(clearance.purpose))},
        "definition": _DEFINITION + event,
    }

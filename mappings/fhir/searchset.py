"""What a partner that reads and searches is given of a disclosure: resources one by one, and searchsets.

A document (bundle.py) is kept whole; here a client takes resources as its own server would give them: with an id that
it can come back with, references that resolve here, labels, and statement and scope on what carries them
(carried_notice.py, 42 CFR 2.32). INVARIANT: all that is said of the participant is in the disclosure; there is no
total, and nothing says how much was withheld.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.provenance import Provenance

from consent.codes import Category, Purpose
from consent.disclosure import ClearedItem, Disclosure
from consent.labels import Labels
from consent.model import Organization
from mappings.fhir import codes, lead_codes
from mappings.fhir.build import BuildError, Json, checked, identifier, moment, named
from mappings.fhir.bundle import policy_of, recipient_of, sender_of
from mappings.fhir.carried_notice import on_resource, on_searchset
from mappings.fhir.cleared_labels import highest, labels_of, on, on_envelope
from mappings.fhir.references import known_names, renamed

PATIENT: Final = ""
"""The name under which the participant's own public id stands among the names of a view."""

_STAY: Final = frozenset({"resourceType", "status", "class", "subject", "period"})


@dataclass(frozen=True, slots=True)
class Told:
    """That something was disclosed to whoever asks now: the ledger entry, when, why; not what."""

    entry: str
    public_id: str
    at: datetime
    purpose: str


@dataclass(frozen=True, slots=True)
class View:
    """How a disclosure is shown. `names`: public ids by item id, the participant's under PATIENT.

    `updated`: when the version of an item came in. `told`: for AuditEvent. `kind`: what was asked for.
    """

    kind: str
    names: Mapping[str, str]
    base_url: str
    organizations: Mapping[str, Organization]
    updated: Mapping[str, datetime] = field(default_factory=dict)
    told: tuple[Told, ...] = ()
    with_patient: bool = False
    with_provenance: bool = False


def single(disclosure: Disclosure, view: View) -> Json:
    """Render the one resource that was read, with statement and scope in an extension where they are owed.

    Raises BuildError where the disclosure holds no such resource, or several.
    """
    found = _matching(disclosure, view)
    if len(found) != 1:
        raise BuildError("a read of anything but one resource")
    clearance = disclosure.clearance
    return found[0] if clearance.notice is None else on_resource(found[0], clearance.notice, clearance.scope)


def searchset(disclosure: Disclosure, view: View, *, ignored: Json | None = None, next_page: str | None = None) -> Json:
    """Render one page. `ignored`: an OperationOutcome that names what was passed over; `next_page`: its url."""
    found = [_entry(view, one, "match") for one in _matching(disclosure, view)]
    included = [_entry(view, one, "include") for one in _included(disclosure, view)]
    labels = [labels_of(item, item.resource) for item in disclosure.clearance.items]
    whole = frame(view.kind, view.base_url, labels, next_page) | {"entry": [*found, *included, *_outcome(ignored)]}
    clearance = disclosure.clearance
    return whole if clearance.notice is None else on_searchset(whole, clearance.notice, clearance.scope)


def nothing_found(kind: str, base_url: str, ignored: Json | None = None) -> Json:
    """Render the searchset in which nothing is: for a refusal, for a stranger, and where there is nothing."""
    return frame(kind, base_url) | ({"entry": _outcome(ignored)} if ignored else {})


def frame(kind: str, base_url: str, labels: Iterable[Labels] = (), next_page: str | None = None) -> Json:
    """Give a searchset without its entries. Its link to itself says which type was searched, and not by what."""
    links = [{"relation": "self", "url": f"{base_url}/fhir/{kind}"}]
    return {
        "resourceType": "Bundle",
        "meta": {"security": on_envelope(labels)},
        "type": "searchset",
        "link": [*links, *([{"relation": "next", "url": next_page}] if next_page else [])],
    }


def passed_over(names: Iterable[str], *, and_others: bool) -> Json:
    """Say which parameters had no effect (R4 3.1.1.2). `names`: of a closed form, checked by the caller."""
    said = [f"the parameter `{name}` is not served and was passed over" for name in names]
    said += ["another parameter is not served and was passed over"] if and_others else []
    issues = [{"severity": "warning", "code": "not-supported", "details": {"text": text}} for text in said]
    return checked(OperationOutcome, {"resourceType": "OperationOutcome", "issue": issues})


def as_searched(item: ClearedItem, updated: datetime | None) -> Json:
    """Give what a search by content may look at: what would leave of an item, and when it came in."""
    kept = _cut(item)
    return kept if updated is None else {**kept, "meta": {"lastUpdated": _instant(updated)}}


def _outcome(ignored: Json | None) -> list[Json]:
    return [{"resource": ignored, "search": {"mode": "outcome"}}] if ignored else []


def _entry(view: View, resource: Json, mode: str) -> Json:
    url = f"{view.base_url}/fhir/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": url, "resource": resource, "search": {"mode": mode}}


def _matching(disclosure: Disclosure, view: View) -> list[Json]:
    if view.kind == "Patient":
        return [_patient(disclosure, view)]
    if view.kind == "AuditEvent":
        return [_audit(disclosure, view, one) for one in view.told]
    if view.kind == "Provenance":
        return [_provenance(disclosure, view, item) for item in disclosure.clearance.items]
    return _records(disclosure, view, view.kind)


def _included(disclosure: Disclosure, view: View) -> list[Json]:
    items = disclosure.clearance.items
    people = [_patient(disclosure, view)] if view.with_patient and any(map(_is_person, items)) else []
    listed = [item for item in items if view.with_provenance and _kind(item) == view.kind]
    return [*people, *(_provenance(disclosure, view, item) for item in listed)]


def _records(disclosure: Disclosure, view: View, kind: str) -> list[Json]:
    items = [item for item in disclosure.clearance.items if _kind(item) == kind]
    known = known_names((item.resource, _address(view, item)) for item in disclosure.clearance.items)
    return [_record(view, item, known) for item in items]


def _record(view: View, item: ClearedItem, known: Mapping[str, str]) -> Json:
    cut = _cut(item)
    shown = renamed(cut, uuid=view.names[item.item], patient=_person(view), known=known)
    return _dated(on(shown, labels_of(item, shown)), view.updated.get(item.item))


def _cut(item: ClearedItem) -> Json:
    """Give the resource of an item; of custody no more than a custody notice says (custody_notice.py)."""
    kept = dict(item.resource or {})
    if item.category is Category.CUSTODY and kept.get("resourceType") == "Encounter":
        return {name: value for name, value in kept.items() if name in _STAY}
    return kept


def _patient(disclosure: Disclosure, view: View) -> Json:
    """Render the participant: all that was released of who that is, else only whom the rest is about."""
    items = [item for item in disclosure.clearance.items if _is_person(item)]
    if not items:
        labels = highest(labels_of(item, item.resource) for item in disclosure.clearance.items)
        return on({"resourceType": "Patient", "id": view.names[PATIENT]}, labels)
    parts = [renamed(item.resource or {}, uuid=view.names[PATIENT], patient=_person(view), known={}) for item in items]
    whole = {name: value for part in reversed(parts) for name, value in part.items()}
    found = [labels_of(item, part) for item, part in zip(items, parts, strict=True)]
    updated = [view.updated[item.item] for item in items if item.item in view.updated]
    return _dated(on(whole, found[0] if len(found) == 1 else highest(found)), max(updated, default=None))


def _provenance(disclosure: Disclosure, view: View, item: ClearedItem) -> Json:
    """Say of one resource who gives it, to whom, why and on what basis. It names the one recipient only."""
    clearance = disclosure.clearance
    recipient = {
        "type": codes.concept(codes.PARTICIPATION, "IRCP"),
        "who": recipient_of(clearance, view.organizations),
    }
    sender = {"type": codes.concept(codes.PROVENANCE_ROLE, "custodian"), "who": sender_of(view.base_url)}
    said = {
        "resourceType": "Provenance",
        "id": view.names[PATIENT if _is_person(item) else item.item],
        "target": [{"reference": _person(view) if _is_person(item) else _address(view, item)}],
        "recorded": moment(disclosure.at),
        "policy": [policy_of(item.basis)],
        "reason": [{"coding": codes.purpose_codings(Purpose(clearance.purpose))}],
        "activity": codes.concept(codes.LIFECYCLE, "disclose"),
        "agent": [sender, recipient],
    }
    return on(checked(Provenance, said), highest([labels_of(item, item.resource)]))


def _audit(disclosure: Disclosure, view: View, told: Told) -> Json:
    """Say that something was disclosed to whoever asks: when and why. What it was is not in an audit."""
    recipient = named("Organization", codes.ORGANIZATION, disclosure.clearance.recipient)
    source = sender_of(view.base_url)
    said = {
        "resourceType": "AuditEvent",
        "id": told.public_id,
        "type": codes.coding(lead_codes.DICOM, "110106"),
        "subtype": [codes.coding(codes.LIFECYCLE, "disclose")],
        "action": "R",
        "recorded": moment(told.at),
        "outcome": "0",
        "purposeOfEvent": [{"coding": codes.purpose_codings(Purpose(told.purpose))}],
        "agent": [
            {"type": codes.concept(lead_codes.DICOM, "110153"), "who": source, "requestor": False},
            {"type": codes.concept(lead_codes.DICOM, "110152"), "who": recipient, "requestor": True},
        ],
        "source": {"observer": source, "type": [codes.coding(lead_codes.SECURITY_SOURCE, "4")]},
        "entity": [
            {
                "type": codes.coding(lead_codes.AUDITED_TYPE, "1"),
                "role": codes.coding(lead_codes.AUDITED_ROLE, "1"),
                "what": {"reference": _person(view)},
            },
            {
                "type": codes.coding(lead_codes.AUDITED_TYPE, "2"),
                "role": codes.coding(lead_codes.AUDITED_ROLE, "3"),
                "what": {"identifier": identifier(codes.DISCLOSURE, told.entry)},
            },
        ],
    }
    labels = highest(labels_of(item, item.resource) for item in disclosure.clearance.items)
    return on(checked(AuditEvent, said), labels)


def _kind(item: ClearedItem) -> str:
    return "" if item.resource is None else str(item.resource.get("resourceType", ""))


def _is_person(item: ClearedItem) -> bool:
    return _kind(item) == "Patient"


def _person(view: View) -> str:
    return f"Patient/{view.names[PATIENT]}"


def _address(view: View, item: ClearedItem) -> str:
    return f"{_kind(item)}/{view.names[item.item]}"


def _dated(resource: Json, updated: datetime | None) -> Json:
    if updated is None:
        return resource
    meta: Mapping[str, Any] = resource.get("meta", {})
    return resource | {"meta": {"lastUpdated": _instant(updated), **meta}}


def _instant(value: datetime) -> str:
    return moment(value.astimezone(UTC), timespec="milliseconds")

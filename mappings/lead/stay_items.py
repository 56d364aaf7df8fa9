"""A stay in jail as items of the record, and what becomes of items that turn out to be a mistake. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from consent.model import Item
from mappings.lead.action import Action
from mappings.lead.custody import CustodyEvent, CustodyKind, custody_items, written
from mappings.lead.custody_state import Standing, Stay

_VERIFICATION: Final = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
MISTAKE: Final = "entered-in-error"
_KEPT: Final = ("resourceType", "id", "subject", "patient", "for", "intent", "class")
_VERIFIED: Final = frozenset({"Condition", "AllergyIntolerance"})
_NEEDED: Final = {"Observation": "code", "MedicationStatement": "medicationCodeableConcept", "DiagnosticReport": "code"}


def stay_items(stay: Stay, participant: str, source: str) -> tuple[Item, ...]:
    """Return what a stay is worth, as `custody_items` does; nothing for a stay that never was.

    The stay itself has its beginning and its end, as far as they are known. All else is as of the booking, so that a
    release makes no new version of the charges.
    """
    if stay.standing is Standing.VOID:
        return ()
    told = _numbered(stay.told, stay.ordinal)
    begun = told if stay.booked_at is None else replace(told, occurred_at=stay.booked_at)
    custody, *_ = custody_items(told, participant, source)
    _, *rest = custody_items(begun, participant, source)
    return (_with_period(custody, stay), *rest)


def every_reference(events: Iterable[CustodyEvent], participant: str, source: str) -> frozenset[str]:
    """Return the ids of all items that these events, or some of them, could ever have made.

    Of those, whatever is not made of all of them together is not so any more.
    """
    known = list(events)
    ordinals = range(1 + sum(e.kind is CustodyKind.BOOKING and e.action is Action.ADD for e in known))
    return frozenset(
        item.id for e in known for n in ordinals for item in custody_items(_numbered(e, n), participant, source)
    )


def retracted(resource: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what is left of a resource that was a mistake: of what type, about whom, that it was one (FHIR R4).

    INVARIANT: nothing of what it said is kept; the versions before it are.
    """
    found = resource or {}
    kind = found.get("resourceType")
    kept = {name: found[name] for name in _KEPT if name in found}
    if kind in _VERIFIED:
        return {**kept, "verificationStatus": {"coding": [{"system": _VERIFICATION, "code": MISTAKE}]}}
    needed = _NEEDED.get(str(kind))
    return {**kept, **({needed: {"text": "entered in error"}} if needed else {}), "status": MISTAKE}


def _numbered(event: CustodyEvent, ordinal: int) -> CustodyEvent:
    """Tell the stays of one number apart; the first keeps the ids that it always had."""
    return event if ordinal == 0 else replace(event, booking_number=f"{event.booking_number}#{ordinal}")


def _with_period(item: Item, stay: Stay) -> Item:
    moments = {"start": stay.booked_at, "end": stay.released_at}
    period = {name: written(moment) for name, moment in moments.items() if moment is not None}
    resource = {name: value for name, value in (item.resource or {}).items() if name != "period"}
    return replace(item, resource={**resource, "period": period} if period else resource)

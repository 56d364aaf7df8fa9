"""What an item of the record sets off, worked out from what it is, who sent it, and what was there before. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from consent.codes import Category, OrganizationKind
from consent.model import Item
from mappings.fhir import codes
from mappings.tables.exchanges import Trigger

_JAIL: Final = (Category.CUSTODY, OrganizationKind.JAIL_CUSTODY)
_HOSPITAL: Final = (Category.PHYSICAL_HEALTH, OrganizationKind.HOSPITAL)
_EVENTS: Final[Mapping[tuple[Any, ...], Trigger]] = {
    (*_JAIL, "in-progress"): Trigger.BOOKING,
    (*_JAIL, "finished"): Trigger.RELEASE,
    (*_HOSPITAL, "finished"): Trigger.DISCHARGE,
}
"""What an Encounter says, by category, sender and status."""
_OF_CASE_WORK: Final[Mapping[tuple[Any, ...], Trigger]] = {
    (Category.CARE_PLAN, "CarePlan", "active"): Trigger.CARE_PLAN,
    (Category.REFERRAL, "ServiceRequest", "active"): Trigger.REFERRAL,
}
"""What a plan or a referral says, by category, resource and status. An ended plan, a draft, are nobody's news."""
_LEGAL_RESOURCES: Final = frozenset({"Task", "Observation"})
MAY_TRIGGER: Final = frozenset(
    {
        Category.CUSTODY,
        Category.LEGAL_STATUS,
        Category.CARE_PLAN,
        Category.REFERRAL,
        Category.INTAKE,
        Category.PHYSICAL_HEALTH,
        Category.PARTICIPATION,
    }
)
"""What is not in here sets nothing off, so nobody has to look at it."""


def trigger_of(item: Item, before: Item | None, source: OrganizationKind | None) -> Trigger | None:
    """Return what a new version of an item sets off.

    `before`: its version before, `source`: the kind of who sent it, None where nobody knows. News that is older than
    what is known already, and a stay told again in the same state, set nothing off.
    """
    if before is not None and item.created < before.created:
        return None
    found = _trigger(item, source)
    if before is not None and found in _ONCE and found is _trigger(before, source):
        return None
    return found


_ONCE: Final = frozenset({Trigger.BOOKING, Trigger.RELEASE, Trigger.DISCHARGE})


def _trigger(item: Item, source: OrganizationKind | None) -> Trigger | None:
    resource = item.resource or {}
    kind = resource.get("resourceType")
    status = resource.get("status")
    if kind == "Encounter":
        return _EVENTS.get((item.category, source, status))
    if item.category is Category.LEGAL_STATUS:
        decided = kind in _LEGAL_RESOURCES and source is OrganizationKind.PROSECUTOR
        return Trigger.FILING_DECISION if decided else None
    return _OF_CASE_WORK.get((item.category, kind, status))


def happened(item: Item, before: Item | None, at: datetime) -> datetime:
    """Return since when the time limit of an exchange runs: the item's own moment; of a change, when it came in."""
    return at if before is not None else min(item.created, at)


def addressees(item: Item) -> frozenset[str]:
    """Return the ids of the organizations that a ServiceRequest names as those who are asked."""
    performers = (item.resource or {}).get("performer")
    named = performers if isinstance(performers, list) else []
    return frozenset(name for each in named if isinstance(each, dict) for name in _named(each))


def _named(reference: Mapping[str, Any]) -> Iterator[str]:
    text = reference.get("reference")
    if isinstance(text, str) and text.startswith("Organization/"):
        yield text.removeprefix("Organization/")
    identifier = reference.get("identifier")
    if isinstance(identifier, dict) and identifier.get("system") == codes.ORGANIZATION:
        value = identifier.get("value")
        if isinstance(value, str):
            yield value

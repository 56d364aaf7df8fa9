"""The labels of what leaves: by its category, by the law as decided, and by what is still in it after redaction.

INVARIANT: what was redacted leaves no trace in a label. What was found when an item was taken in (consent/labels.py)
decides whether it leaves; on the wire a label speaks of what the recipient is given, and of nothing else.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from consent.codes import HipaaStatus, OrganizationKind, Part2Status
from consent.disclosure import ClearedItem
from consent.labels import Labels, label_item
from consent.model import Item, Organization
from consent.sensitivity import Confidentiality, high_water
from mappings.fhir import codes
from mappings.fhir.build import Json
from mappings.fhir.labelling import labelled
from mappings.tables.sensitivity import load_sensitivity

_SAID: Final = Organization("", "", OrganizationKind.BUSINESS, Part2Status.NOT_PROGRAM, HipaaStatus.NONE)
"""Who made an item is settled by then (`ClearedItem.part2`): content and category alone are asked."""
_NO_MOMENT: Final[Any] = None


def labels_of(item: ClearedItem, left: Mapping[str, Any] | None) -> Labels:
    """Label what leaves of an item: `left`, as the recipient gets it, None where that is its category alone."""
    said = Item(item.item, item.participant, item.category, "", _NO_MOMENT, left)
    found = label_item(said, _SAID, load_sensitivity())
    return _restricted(found._replace(part2=True)) if item.part2 else found


def highest(labels: Iterable[Labels]) -> Labels:
    """Return the highest of several labels, for what speaks of all of them: no word on what they are about."""
    every = tuple(labels)
    part2 = any(each.part2 for each in every)
    marks = high_water(each.confidentiality for each in every)
    return Labels(None, part2=part2, firewall=False, note=False, confidentiality=marks)


def on(resource: Mapping[str, Any], labels: Labels, scope: str | None = None) -> Json:
    """Return a new resource with `labels` on it. `scope`: the address of what tells the scope of the consent."""
    return labelled(resource, labels, scope)


def on_envelope(labels: Iterable[Labels] = ()) -> list[Json]:
    """Return the one label of a Bundle: R at least, whatever is in it, so that a refusal looks no different (GR-03)."""
    marks = high_water([Confidentiality.R, highest(labels).confidentiality])
    return [codes.coding(codes.CONFIDENTIALITY, marks.value)]


def _restricted(labels: Labels) -> Labels:
    return labels._replace(confidentiality=high_water((labels.confidentiality, Confidentiality.R)))

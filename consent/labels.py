"""What protects an item: its source program AND its content.

P2-03: labels go by source organization, not by code lists only; a record that a program has touched is the program's.
"""

from typing import NamedTuple

from consent.codes import FIREWALL_CATEGORIES, NOTES, PART2_CATEGORIES, OrganizationKind, Part2Status
from consent.facts import Facts
from consent.model import Item, Organization


class Labels(NamedTuple):
    """The labels of one item. `source`: the organization it came from, or None where nobody knows."""

    source: Organization | None
    part2: bool
    firewall: bool
    note: bool

    @property
    def held_by_case_management(self) -> bool:
        """Whether the item is a case-management organization's own."""
        return self.source is not None and self.source.kind is OrganizationKind.CASE_MANAGEMENT


def label(item: Item, facts: Facts) -> Labels:
    """Label `item`: an unknown source, or one of unknown status, counts as a Part 2 program (42 CFR 2.11, 2.12)."""
    source = None if item.source is None else facts.organizations.get(item.source)
    by_source = source is None or source.part2_status is not Part2Status.NOT_PROGRAM
    return Labels(
        source=source,
        part2=by_source or item.category in PART2_CATEGORIES,
        firewall=item.category in FIREWALL_CATEGORIES,
        note=item.category in NOTES,
    )

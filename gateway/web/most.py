"""What each kind of organization may receive at most: the allow-lists and ceilings of the house as a table to read.

The most is no promise: each item still needs a consent, or another basis, that covers it wholly.
"""

from dataclasses import dataclass
from typing import Final

from consent.codes import JUSTICE_KINDS, NOTES, Category, OrganizationKind, Purpose
from consent.rules.ceilings import ceiling
from gateway.caps import purposes_of
from gateway.web import vocabulary
from mappings.tables import load_policy
from mappings.tables.exchanges import Approval, Exchange

_WORDS: Final = (".display", ".text", "valueString", ".description", ".title", ".data")
APPROVALS: Final = {
    Approval.NONE: "Nobody: it goes by itself",
    Approval.STANDING: "A person, or a routine approved beforehand",
    Approval.EACH: "A person, each time",
    Approval.DUAL: "Two persons, each time",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One category: for each purpose of the kind what passes at most, and which elements these are."""

    category: str
    cells: tuple[str, ...]
    elements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Most:
    """The table of one kind. `never`: the categories that it may never receive under a release of information."""

    kind: str
    purposes: tuple[str, ...]
    rows: tuple[Row, ...]
    never: tuple[str, ...]
    justice: bool


def most(kind: OrganizationKind) -> Most:
    """Make the table of a kind: the purposes for which it may ask, by the categories that pass for any of them."""
    purposes = purposes_of(kind)
    open_to = [each for each in Category if any(_fields(kind, why, each) for why in purposes)]
    never = [each for each in Category if each not in open_to and each not in NOTES]
    return Most(
        vocabulary.kind(kind),
        tuple(vocabulary.purpose(each) for each in purposes),
        tuple(_row(kind, purposes, each) for each in open_to),
        tuple(vocabulary.category(each) for each in never),
        justice=kind in JUSTICE_KINDS,
    )


def _fields(kind: OrganizationKind, purpose: Purpose, category: Category) -> frozenset[str]:
    """Give the elements that pass: those of the allow-list, and none of a category above the ceiling."""
    if category not in ceiling(kind, purpose):
        return frozenset()
    return load_policy().allow_lists.get((kind, purpose, category), frozenset())


def _row(kind: OrganizationKind, purposes: tuple[Purpose, ...], category: Category) -> Row:
    each = [_fields(kind, why, category) for why in purposes]
    return Row(
        vocabulary.category(category),
        tuple(_cell(fields) for fields in each),
        tuple(sorted(frozenset().union(*each))),
    )


def _cell(fields: frozenset[str]) -> str:
    if not fields:
        return "no"
    return "with words" if any(path.endswith(_WORDS) for path in fields) else "yes"


def sent_to(kind: OrganizationKind, exchanges: list[Exchange]) -> list[dict[str, str]]:
    """Give the exchanges, as the site has narrowed them, that may reach a kind."""
    return [
        {
            "name": vocabulary.exchange(each.id),
            "purposes": ", ".join(vocabulary.purpose(why) for why in each.purposes),
            "categories": ", ".join(sorted(vocabulary.category(what) for what in each.categories)),
            "approval": APPROVALS[each.approval],
        }
        for each in exchanges
        if kind in each.kinds and each.purposes and each.categories and each.triggers
    ]

"""What protects an item: its source program AND its content.

P2-03: labels go by source organization, not by code lists only; a record that a program has touched is the program's.
Content is read when something is taken in (`label_item`), and what was found is kept with it (`kept`); a decision goes
by source, category and what was kept (`label`, `also_about`). Content is read as well where it is evaluated for others
(`label_resource`, `label_bundle`), or written on the wire (mappings/fhir/labelling.py).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from consent.codes import FIREWALL_CATEGORIES, NOTES, PART2_CATEGORIES, Category, OrganizationKind, Part2Status
from consent.content import Reading
from consent.facts import Facts
from consent.model import ContentLabels, Item, Organization
from consent.sensitivity import (
    BITS,
    FROM_PROGRAM,
    OPAQUE,
    SUBSTANCE_USE,
    Confidentiality,
    Sensitivity,
    SensitivityTables,
    caught_by,
    high_water,
    sensitivities_in,
    with_parents,
)

_S = Sensitivity
_NOT_PROGRAM: Final = Part2Status.NOT_PROGRAM  # looked up once: members of an enum are slow to reach
_BY_CATEGORY: Final[dict[Category, frozenset[Sensitivity]]] = {
    **dict.fromkeys(PART2_CATEGORIES, with_parents({_S.SUD})),
    Category.MENTAL_HEALTH: frozenset({_S.PSY}),
    Category.PSYCHOTHERAPY_NOTES: frozenset({_S.PSY}),
    Category.HIV_STI: frozenset({_S.HIV}),
    Category.DV_SAFETY: frozenset({_S.SDV}),
}


_DESCRIBED_BY: Final[tuple[tuple[frozenset[Sensitivity], frozenset[Category]], ...]] = (
    (SUBSTANCE_USE, frozenset({Category.SUD_DIAGNOSIS, Category.SUD_TREATMENT, Category.MOUD})),
    (frozenset({_S.PSY}), frozenset({Category.MENTAL_HEALTH})),
    (frozenset({_S.HIV}), frozenset({Category.HIV_STI})),
    (frozenset({_S.SDV}), frozenset({Category.DV_SAFETY})),
)
"""The kinds of sensitive information, each with the categories that describe it in a consent (42 CFR 2.31(a)(3))."""


class Labels(NamedTuple):
    """The labels of one item. `source`: the organization it came from, or None where nobody knows.

    `opaque`: something is in it that nobody could look into, so that it counts as sensitive of every kind.
    """

    source: Organization | None
    part2: bool
    firewall: bool
    note: bool
    sensitivities: frozenset[Sensitivity] = frozenset()
    confidentiality: Confidentiality = Confidentiality.N
    opaque: bool = False

    @property
    def held_by_case_management(self) -> bool:
        """Whether the item is a case-management organization's own."""
        return self.source is not None and self.source.kind is OrganizationKind.CASE_MANAGEMENT

    def carries(self, code: str) -> bool:
        """Say whether the v3-ActCode sensitivity `code` catches this: by hierarchy, and whatever is opaque."""
        return self.opaque or not caught_by(code).isdisjoint(self.sensitivities)


class BundleLabels(NamedTuple):
    """The labels of a Bundle: of each entry, in its order, and of all of it."""

    entries: tuple[Labels, ...]
    whole: Labels


def label(item: Item, facts: Facts) -> Labels:
    """Label `item` by source, category and what was kept of its content.

    An unknown source counts as a Part 2 program (42 CFR 2.11, 2.12). What was kept is never lowered.
    """
    source = None if item.source is None else facts.organizations.get(item.source)
    found = _labels(0, source, item.category)
    return found if item.labels is None else _raised(found, item.labels)


def under_part2(item: Item, facts: Facts) -> bool:
    """Say whether Part 2 applies to `item`, as its labels do: by source, category and what was kept of its content."""
    source = None if item.source is None else facts.organizations.get(item.source)
    if _acts_as_program(source) or (item.labels is not None and item.labels.part2):
        return True
    return item.category in PART2_CATEGORIES


def kept(labels: Labels, before: ContentLabels | None = None) -> ContentLabels:
    """Return what is kept of `labels` with an item, never less than what was kept of the same content `before`."""
    found = labels if before is None else _raised(labels, before)
    return ContentLabels(found.part2, found.opaque, found.sensitivities, found.confidentiality)


@lru_cache(maxsize=1024)
def also_about(category: Category, labels: ContentLabels | None) -> tuple[frozenset[Category], ...]:
    """Return for each kind of sensitive content beside its category, as kept, the categories that describe that kind.

    Nothing for notes, which are consented to alone, whatever they are about (2.31(b)).
    """
    if labels is None or category in NOTES:
        return ()
    own = _BY_CATEGORY.get(category, frozenset())
    beside = frozenset(_S) - own if labels.opaque else labels.sensitivities - own
    return tuple(described for kind, described in _DESCRIBED_BY if not kind.isdisjoint(beside))


def label_item(item: Item, source: Organization | None, tables: SensitivityTables) -> Labels:
    """Label `item` by source, category and everything that its resource says."""
    bits = 0 if item.resource is None else Reading(tables).bits_of(item.resource)
    return _labels(bits, source, item.category)


def label_resource(resource: Mapping[str, Any], source: Organization | None, tables: SensitivityTables) -> Labels:
    """Label one FHIR R4 resource (plain JSON) by source and content; a Bundle by the highest of what is in it.

    A code that no table knows is Part 2 unless its source is known to be no program.
    """
    return _labels(Reading(tables).bits_of(resource), source, None)


def label_bundle(bundle: Mapping[str, Any], source: Organization | None, tables: SensitivityTables) -> BundleLabels:
    """Label every entry of a Bundle, and the Bundle: its confidentiality is the high-water mark of the entries.

    What stands outside `resource` in an entry (links, search, request) is read with its entry.
    """
    reading, seen = Reading(tables), {}
    entries = bundle.get("entry")
    found = reading.bits_of_each(entries) if isinstance(entries, list) else []
    around = reading.bits_of({key: value for key, value in bundle.items() if key != "entry" or not found})
    for bits in (*found, around):
        around |= bits
        if bits not in seen:
            seen[bits] = _labels(bits, source, None)
    return BundleLabels(tuple(seen[bits] for bits in found), _labels(around, source, None))


def _raised(labels: Labels, to: ContentLabels) -> Labels:
    return labels._replace(
        part2=labels.part2 or to.part2,
        opaque=labels.opaque or to.opaque,
        sensitivities=labels.sensitivities | to.sensitivities,
        confidentiality=high_water((labels.confidentiality, to.confidentiality)),
    )


def _labels(bits: int, source: Organization | None, category: Category | None) -> Labels:
    return Labels(source, *_found(bits, _acts_as_program(source), category))


def _acts_as_program(source: Organization | None) -> bool:
    return source is None or source.part2_status is not _NOT_PROGRAM


@lru_cache(maxsize=4096)
def _found(bits: int, by_source: bool, category: Category | None) -> tuple[Any, ...]:  # noqa: FBT001  -- part of a key
    """Return the labels but the source. `by_source`: the source is a Part 2 program, or acts as one."""
    if by_source and bits & FROM_PROGRAM:
        bits |= BITS[Sensitivity.SUD]
    sensitivities = sensitivities_in(bits)
    if category in _BY_CATEGORY:
        sensitivities |= _BY_CATEGORY[category]
    opaque = bool(bits & OPAQUE)
    part2 = by_source or opaque or not SUBSTANCE_USE.isdisjoint(sensitivities)
    confidentiality = _confidentiality(bits, category, restricted=part2 or bool(sensitivities))
    return part2, category in FIREWALL_CATEGORIES, category in NOTES, sensitivities, confidentiality, opaque


def _confidentiality(bits: int, category: Category | None, *, restricted: bool) -> Confidentiality:
    marks = {Confidentiality.R} if restricted or bits & BITS["restricted"] else set()
    if category in NOTES or bits & BITS["very-restricted"]:
        marks.add(Confidentiality.V)
    return high_water(marks)

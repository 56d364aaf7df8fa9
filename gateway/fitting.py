"""Which items a search is about, and which of those that may leave fit it. Pure: nothing is read here.

INVARIANT: `choose` is shown cleared items only, so a search cannot tell what is in an element, or an item, that may not
leave.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from consent.codes import Category
from consent.disclosure import ClearedItem
from consent.model import Item
from mappings.fhir.search_match import matches
from mappings.fhir.search_query import Criterion, Query
from mappings.fhir.searchset import Told, as_searched

_DESCRIBES: Final = frozenset({"family", "given", "name", "birthdate", "identifier"})
_RESOLVED: Final = frozenset({"_id", "target"})


@dataclass(slots=True)
class Search:
    """One search of one participant's record. After `choose`: `last`, where another page follows, and `told`.

    `named`: gives the id by which who searches knows a row; the ids of `query` and `identity` are such ids.
    """

    query: Query
    named: Callable[[str], str]
    identity: str | None = None
    after: str | None = None
    updated: dict[tuple[str, int], datetime] = field(default_factory=dict)
    history: list[tuple[Told, frozenset[str]]] = field(default_factory=list)
    told: tuple[Told, ...] = ()
    last: str | None = None

    @property
    def kind(self) -> str:
        """The type that is searched."""
        return self.query.kind

    def among(self, record: Sequence[Item]) -> tuple[str, ...]:
        """Give the ids of the items to decide about, the newest first."""
        ids = [item.id for item in record if self._is_wanted(item)]
        return tuple(sorted(ids, reverse=True))

    def _is_wanted(self, item: Item) -> bool:
        if self.kind == "Patient":
            return item.resource is not None
        if self.kind == "AuditEvent":
            return any(item.id in items for _, items in self.history)
        kind = _kind(item)
        if self.kind == "Provenance":
            own = item.participant if kind == "Patient" else item.id
            return kind is not None and self._is_named(own, kind)
        if self.query.with_patient and kind == "Patient":
            return True
        return kind == self.kind and self._is_named(item.id, kind)

    def _is_named(self, row: str, kind: str) -> bool:
        """Say whether a row is one that is asked for by its id, where ids are asked for."""
        if self.identity is None and not self._criteria("_id") and not self._criteria("target"):
            return True
        identity = self.named(row)
        if self.identity is not None and identity != self.identity:
            return False
        if any(identity not in one.values for one in self._criteria("_id")):
            return False
        return all({f"{kind}/{identity}", identity} & _tails(one.values) for one in self._criteria("target"))

    def _criteria(self, name: str) -> list[Criterion]:
        return [one for one in self.query.criteria if one.parameter.name == name]

    def choose(self, items: tuple[ClearedItem, ...]) -> tuple[str, ...]:
        """Give the ids of the items that are on this page, of those that may leave."""
        if self.kind == "Patient":
            return self._person(items)
        if self.kind == "AuditEvent":
            return self._audited(items)
        people = tuple(one.item for one in items if self.query.with_patient and _kind(one) == "Patient")
        fits = self._page([one for one in items if one.item not in people and self._fits([one], self._contents())])
        return (*fits, *people) if fits else ()

    def _page(self, items: Sequence[ClearedItem]) -> tuple[str, ...]:
        rest = sorted((one.item for one in items if self.after is None or one.item < self.after), reverse=True)
        page = tuple(rest[: self.query.count])
        self.last = page[-1] if len(rest) > len(page) else None
        return page

    def _contents(self) -> tuple[Criterion, ...]:
        """Give the criteria that look into a resource."""
        return tuple(one for one in self.query.criteria if one.parameter.name not in _RESOLVED)

    def _fits(self, items: Iterable[ClearedItem], criteria: Iterable[Criterion]) -> bool:
        """Say whether what leaves of these items, taken together, fits every criterion."""
        shown = [as_searched(one, self.updated.get((one.item, one.version))) for one in items]
        return all(any(matches(one, (criterion,)) for one in shown) for criterion in criteria)

    def _person(self, items: tuple[ClearedItem, ...]) -> tuple[str, ...]:
        """Give what says who the participant is; where none of it may leave, the one item that says least.

        Then the answer says only that there is somebody of whom something may be told, and is accounted for so.
        """
        named = self.identity is not None or bool(self._criteria("_id"))
        criteria = [one for one in self._contents() if named or one.parameter.name not in _DESCRIBES]
        people = [one for one in items if _kind(one) == "Patient"]
        if people:
            return tuple(one.item for one in people) if self._fits(people, criteria) else ()
        least = sorted(items, key=lambda one: (one.part2, one.category is not Category.PARTICIPATION, one.item))
        return () if criteria or not least else (least[0].item,)

    def _audited(self, items: tuple[ClearedItem, ...]) -> tuple[str, ...]:
        """Give one item, that may still leave, of each disclosure on this page: what was told may be told again."""
        free = {one.item for one in items}
        kept = [
            (told, min(items & free))
            for told, items in self.history
            if items & free and (self.after is None or told.entry < self.after) and self._is_audit(told)
        ]
        page = kept[: self.query.count]
        self.told = tuple(told for told, _ in page)
        self.last = page[-1][0].entry if len(kept) > len(page) else None
        return tuple(sorted({item for _, item in page}, reverse=True))

    def _is_audit(self, told: Told) -> bool:
        shown = {"recorded": told.at.isoformat(), "meta": {"lastUpdated": told.at.isoformat()}}
        return self._is_named(told.entry, "AuditEvent") and matches(shown, self._contents())


def _kind(item: Item | ClearedItem) -> str | None:
    kind = None if item.resource is None else item.resource.get("resourceType")
    return kind if isinstance(kind, str) else None


def _tails(values: Iterable[str]) -> set[str]:
    """Give references without what stands before their type."""
    return {"/".join(value.split("/")[-2:]) for value in values}

"""One booking report about several people, cut into one report per booking.

INVARIANT: a part holds what its own booking reaches, and nothing that the booking of another person reaches too,
except what belongs to nobody in particular: places, organizations, contact details, officials.
Where the report leaves doubt about whose something is, it is refused whole: guessing would be a false disclosure.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Final, cast

from lxml import etree
from lxml.etree import _Element as Element

from mappings.niem import names
from mappings.niem.references import References
from mappings.niem.xml import FeedError, line_of

_HEADER: Final = frozenset({"DocumentCreationDate", "DocumentIdentification", "SystemIdentification"})
_COMMON: Final = frozenset({"Location", "Organization", "ContactInformation", "Facility"})
_PERSONAL: Final = frozenset(
    {"Arrest", "BailBond", "BehavioralHealthInformation", "CareEpisode", "Charge", "Detention", "Identity"}
)


def subject_of(refs: References, booking: Element) -> Element:
    """Return the nc:Person whom `booking` is about; raises `FeedError` where it names nobody."""
    found = refs.first(booking, names.j("BookingSubject"), names.nc("RoleOfPerson"))
    if found is None:
        raise FeedError("j:Booking/j:BookingSubject/nc:RoleOfPerson", "is required", line_of(booking))
    return found


def parts(refs: References, bookings: list[Element]) -> list[bytes]:
    """Return one whole report, as UTF-8 XML, for each of `bookings`, in their order.

    Raises `FeedError` where two people share something personal, or something personal belongs to no booking.
    """
    tops = list(refs.root)
    subjects = [subject_of(refs, booking) for booking in bookings]
    graph = _Graph(refs, tops, bookings, subjects)
    reached = [graph.reach(booking) for booking in bookings]
    _check_apart(graph, subjects, reached)
    _check_owned(tops, set().union(*reached))
    header = {number for number, top in enumerate(tops) if names.local(top) in _HEADER}
    return [_document(refs.root, (tops[number] for number in sorted(part | header))) for part in reached]


class _Graph:
    """The top-level elements of a report, by number, and which of them lead to which."""

    def __init__(self, refs: References, tops: list[Element], bookings: list[Element], subjects: list[Element]) -> None:
        self.tops = tops
        self._number = {top: number for number, top in enumerate(tops)}
        self._root = refs.root
        self.links = [{self._top(target) for target in _targets(refs, top)} for top in tops]
        self._bookings = {self._top(booking) for booking in bookings}
        if len(self._bookings) != len(bookings):
            raise FeedError("j:Booking", "must stand alone where a report holds several")
        subject_tops = {self._top(subject) for subject in subjects}
        self.common = {
            number
            for number, top in enumerate(tops)
            if names.local(top) in _COMMON or (names.local(top) == "Person" and number not in subject_tops)
        }
        self._associations: dict[int, set[int]] = defaultdict(set)
        for number, top in enumerate(tops):
            if names.local(top).endswith("Association"):
                for linked in self.links[number] - self.common:
                    self._associations[linked].add(number)

    def reach(self, booking: Element) -> set[int]:
        """Return the numbers of all that `booking` leads to, itself included, associations followed both ways.

        An association with another booking is left out; anything else that leads to one is a `FeedError`.
        """
        own = self._top(booking)
        reached: set[int] = set()
        waiting = [own]
        while waiting:
            number = waiting.pop()
            if number in reached:
                continue
            if not (self.links[number] & self._bookings) - {own}:
                reached.add(number)
                waiting.extend(self.links[number] | self._associations.get(number, set()))
            elif not names.local(self.tops[number]).endswith("Association"):
                top = self.tops[number]
                raise FeedError(names.shown(top), "must not lead from one booking to another", line_of(top))
        return reached

    def _top(self, element: Element) -> int:
        while (parent := element.getparent()) is not None and parent is not self._root:
            element = parent
        return self._number[element]


def _targets(refs: References, top: Element) -> Iterator[Element]:
    for element in top.iter():
        if element.get(names.REF) is not None:
            target = refs.follow(element)
            if target is not None:
                yield target


def _check_apart(graph: _Graph, subjects: list[Element], reached: list[set[int]]) -> None:
    owner: dict[int, Element] = {}
    for subject, part in zip(subjects, reached, strict=True):
        for number in part - graph.common:
            if owner.setdefault(number, subject) is not subject:
                top = graph.tops[number]
                raise FeedError(names.shown(top), "must not belong to the bookings of two people", line_of(top))


def _check_owned(tops: list[Element], reached: set[int]) -> None:
    for number, top in enumerate(tops):
        if names.local(top) in _PERSONAL and number not in reached and top.get(names.REF) is None:
            rule = "must be linked to a booking where a report holds several"
            raise FeedError(names.shown(top), rule, line_of(top))


def _document(root: Element, tops: Iterable[Element]) -> bytes:
    copy = etree.Element(root.tag, nsmap=cast("dict[str, str]", root.nsmap))
    copy.extend([deepcopy(top) for top in tops])
    for top in copy:
        top.tail = "\n"
    return etree.tostring(copy, encoding="UTF-8", xml_declaration=True)

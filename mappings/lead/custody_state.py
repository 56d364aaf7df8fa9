"""What is so about a stay in jail, worked out from everything that was told about it: the same for any order.

INVARIANT: a pure function of the SET of events. Messages come twice, late, and in any order; what counts is when the
sender wrote them and when things happened, never when they arrived.

- A stay runs from a booking to a release. Both are kept apart, so a release that comes before its booking ends the stay
  all the same. What a message leaves out is as an earlier one told it; what is told anew replaces it.
- An update says how a stay is now known; it never begins one that is known already. A delete takes back what was told
  before it; what is told after it counts.
- A booking number that is used again, after a release, is another stay.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from mappings.lead.action import Action
from mappings.lead.custody import CustodyEvent, CustodyKind
from mappings.lead.merge import Merge

SLACK: Final = timedelta(days=1)
"""Clocks differ, and some messages name a day only: within this a release and a booking belong to one stay."""


class Standing(StrEnum):
    """How a stay stands. `void`: there never was one."""

    IN_CUSTODY = "in-custody"
    RELEASED = "released"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay under one booking number; the `ordinal`-th (from 0) where the number was used again.

    `told` is the stay as one event of the kind that it now stands for: booked or released, with the newest of
    everything else that was told. `booked_at`, `released_at` are aware; None: not told, or taken back.
    """

    ordinal: int
    standing: Standing
    booked_at: datetime | None
    released_at: datetime | None
    told: CustodyEvent


def stays(events: Iterable[CustodyEvent]) -> tuple[Stay, ...]:
    """Return the stays of one booking number of one feed, in the order in which they began; empty for no events.

    A delete alone makes nothing: of what nobody has told there is nothing to take back. ValueError: several numbers.
    """
    known = sorted(set(events), key=_as_told)
    if len({(event.feed, event.booking_number) for event in known}) > 1:
        raise ValueError("`events` must be about one booking number of one feed")
    said = [event for event in known if event.action is not Action.DELETE]
    gone = _taken_back(known)
    return tuple(_stay(ordinal, each) for ordinal, each in enumerate(_apart(said, gone)))


def all_numbers(number: str, merges: Collection[Merge]) -> frozenset[str]:
    """Return every number of whoever has `number`, itself among them, by merges of one identifier system."""
    found, grown = {number}, True
    while grown:
        more = {each for merge in merges if {merge.old, merge.new} & found for each in (merge.old, merge.new)}
        grown = not more <= found
        found |= more
    return frozenset(found)


def current_number(number: str, merges: Collection[Merge]) -> str:
    """Return the number by which a jail now calls whoever it called `number`: the new one of the last merge."""
    same = all_numbers(number, merges)
    told = sorted((_known(m.told_at), m.new, m.old) for m in merges if m.new in same and m.new != m.old)
    return told[-1][1] if told else number


def _known(moment: datetime | None) -> datetime:
    return datetime.min.replace(tzinfo=UTC) if moment is None else moment


_ACTIONS: Final = tuple(Action)
_KINDS: Final = (CustodyKind.BOOKING, CustodyKind.STATUS_CHANGE, CustodyKind.RELEASE)


def _as_told(event: CustodyEvent) -> tuple[Any, ...]:
    """Order events as their sender told them. The text at the end only makes the order one."""
    told = event.told_at or event.occurred_at
    return told, _ACTIONS.index(event.action), event.occurred_at, _KINDS.index(event.kind), repr(event)


def _as_happened(event: CustodyEvent) -> tuple[Any, ...]:
    """Order events as things happened; of a day without a time, a release is at its end."""
    late = event.day_only and event.kind is CustodyKind.RELEASE
    return event.occurred_at + (SLACK if late else timedelta(0)), _KINDS.index(event.kind), _as_told(event)


def _taken_back(known: Sequence[CustodyEvent]) -> frozenset[CustodyEvent]:
    """Return what was told and then taken back: of a delete's kind and moment, else the newest of its kind."""
    gone: set[CustodyEvent] = set()
    for place, delete in enumerate(known):
        if delete.action is not Action.DELETE:
            continue
        before = [e for e in known[:place] if e.action is not Action.DELETE and e.kind is delete.kind]
        same = [e for e in before if e.occurred_at == delete.occurred_at]
        newest = max((e.occurred_at for e in before), default=None)
        gone.update(same or [e for e in before if e.occurred_at == newest])
    return frozenset(gone)


@dataclass(slots=True)
class _Open:
    """A stay being put together."""

    bookings: list[CustodyEvent] = field(default_factory=list)
    releases: list[CustodyEvent] = field(default_factory=list)
    others: list[CustodyEvent] = field(default_factory=list)
    gone: frozenset[CustodyEvent] = frozenset()

    @property
    def begun(self) -> datetime:
        return min(event.occurred_at for event in (*self.bookings, *self.releases, *self.others))

    def live(self, events: Iterable[CustodyEvent]) -> list[CustodyEvent]:
        return [event for event in events if event not in self.gone]

    def ended_before(self, booking: CustodyEvent) -> bool:
        """Say whether a booking comes after this stay was over: then it begins another."""
        ends = self.live(self.releases)
        if not ends:
            return False
        end = max(ends, key=_as_happened)
        if self.live(self.bookings):
            return _as_happened(end) < _as_happened(booking)
        return booking.occurred_at - end.occurred_at > SLACK


def _apart(said: Sequence[CustodyEvent], gone: frozenset[CustodyEvent]) -> list[_Open]:
    """Put each event to the stay that it is about."""
    found: list[_Open] = []
    begins = [e for e in said if e.kind is CustodyKind.RELEASE or _begins(e)]
    for event in sorted(begins, key=_as_happened):
        is_booking = event.kind is CustodyKind.BOOKING
        if not found or (is_booking and found[-1].ended_before(event)):
            found.append(_Open(gone=gone))
        (found[-1].bookings if is_booking else found[-1].releases).append(event)
    rest = [e for e in said if e.kind is not CustodyKind.RELEASE and not _begins(e)]
    if rest and not found:
        found.append(_Open(gone=gone))
    starts = [each.begun if each.bookings or each.releases else None for each in found]
    for event in rest:
        moment = event.occurred_at if event.kind is CustodyKind.STATUS_CHANGE else _told(event)
        place = sum(start is not None and start <= moment for start in starts)
        held = found[max(place - 1, 0)]
        (held.bookings if event.kind is CustodyKind.BOOKING else held.others).append(event)
    return found


def _begins(event: CustodyEvent) -> bool:
    return event.kind is CustodyKind.BOOKING and event.action is Action.ADD


def _told(event: CustodyEvent) -> datetime:
    return event.told_at or event.occurred_at


def _stay(ordinal: int, held: _Open) -> Stay:
    bookings, releases = (sorted(held.live(e), key=_as_told) for e in (held.bookings, held.releases))
    others = sorted(held.live(held.others), key=_as_told)
    void = (bool(held.bookings) and not bookings) or not (bookings or releases or others)
    telling = sorted((*bookings, *releases, *others), key=_as_told)
    if void:
        telling = sorted((*held.bookings, *held.releases, *held.others), key=_as_told)
    booked, released = (each[-1] if each else None for each in (bookings, releases))
    standing = Standing.VOID if void else Standing.RELEASED if released else Standing.IN_CUSTODY
    basis = released or booked or telling[-1]
    return Stay(
        ordinal,
        standing,
        None if booked is None else booked.occurred_at,
        None if released is None or void else released.occurred_at,
        _newest(basis, telling),
    )


_TELLING: Final = ("inmate_number", "facility", "agency", "custody_status", "release_eligible_on", "status_code")
_LISTS: Final = ("charges", "bonds", "behavioral_health", "release_reason")


def _newest(basis: CustodyEvent, telling: Sequence[CustodyEvent]) -> CustodyEvent:
    """Return `basis` with the newest of all else that was told; a message that says nothing takes nothing away."""
    found: dict[str, Any] = {}
    for event in telling:
        found |= {name: value for name in (*_TELLING, *_LISTS) if (value := getattr(event, name))}
    return replace(basis, **found)

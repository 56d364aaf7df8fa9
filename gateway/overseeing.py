"""Figures about the whole site, for those who oversee it: counted from the ledger and the sendings, nobody named.

Each is made of the newest so many rows, never of all: a page of them costs the same in the tenth year as in the first.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from gateway.store.repositories.oversight import Oversight, SendingRow
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry
from gateway.store.vault import UNREADABLE

ENTRIES: Final = 200
"""So many disclosures and denials are opened to be counted by category and reason."""
STOPS: Final = 500
ENDS: Final = 200
NOTICES: Final = 20
_BUCKETS: Final[Sequence[tuple[str, float]]] = (
    ("under 1 second", 1),
    ("under 1 minute", 60),
    ("under 1 hour", 3600),
    ("under 1 day", 86400),
    ("longer", float("inf")),
)


@dataclass(frozen=True, slots=True)
class Confirmations:
    """What one partner did with messages that a permission ended: minutes to each confirmation, how many are open."""

    organization: str
    minutes: tuple[float, ...]
    unconfirmed: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything on the page of figures. `stops`: (bucket, count); `leads`: minutes after the door, by partner.

    `heat`: (recipient, category) -> items disclosed; `reasons`: rule or code -> how often less than all was told.
    """

    stops: tuple[tuple[str, int], ...]
    ends: tuple[Confirmations, ...]
    leads: Mapping[str, tuple[float, ...]]
    heat: Mapping[tuple[str, str], int]
    reasons: tuple[tuple[str, int], ...]


async def read_figures(store: Store) -> Figures:
    """Count. Opens at most ENTRIES entries and NOTICES records; gives nothing of them but numbers."""
    async with store.unit_of_work() as uow:
        oversight = Oversight(uow.connection)
        entries = await _opened(uow, await oversight.newest(("disclosure", "denial"), ENTRIES))
        return Figures(
            stops=in_buckets(recorded - said for said, recorded in await oversight.stops(STOPS)),
            ends=confirmations(await oversight.ends(ENDS)),
            leads=await _leads(uow, await oversight.custody_notices(NOTICES)),
            heat=heat(entries),
            reasons=reasons(entries),
        )


async def _opened(uow: UnitOfWork, identities: Iterable[UUID]) -> list[LedgerEntry]:
    """Open entries one by one: those of a participant whose key was shredded count no more."""
    found = []
    for identity in identities:
        try:
            entry = await uow.accounting.get(identity)
        except UNREADABLE:
            continue
        if entry is not None:
            found.append(entry)
    return found


def in_buckets(lasted: Iterable[timedelta]) -> tuple[tuple[str, int], ...]:
    """Count times by how long they were; an empty tuple for none."""
    seconds = [max(each.total_seconds(), 0.0) for each in lasted]
    if not seconds:
        return ()
    counted = Counter(next(name for name, under in _BUCKETS if each < under) for each in seconds)
    return tuple((name, counted[name]) for name, _ in _BUCKETS)


def confirmations(ends: Sequence[SendingRow]) -> tuple[Confirmations, ...]:
    """Put the end-of-permission messages together by partner."""
    partners = sorted({each.recipient for each in ends})
    return tuple(_confirmed(name, [each for each in ends if each.recipient == name]) for name in partners)


def _confirmed(name: str, ends: Sequence[SendingRow]) -> Confirmations:
    at = [(each.acknowledged_at, each.due_at) for each in ends]
    minutes = [max(seen - due, timedelta(0)) / timedelta(minutes=1) for seen, due in at if seen is not None]
    return Confirmations(name, tuple(sorted(minutes)), sum(seen is None for seen, _ in at))


def heat(entries: Iterable[LedgerEntry]) -> dict[tuple[str, str], int]:
    """Count the disclosed items by recipient and category."""
    counted: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        if entry.kind == "disclosure" and entry.organization is not None:
            released = entry.content.get("decision", {}).get("released", [])
            counted.update((entry.organization, str(each[2])) for each in released)
    return dict(counted)


def reasons(entries: Iterable[LedgerEntry]) -> tuple[tuple[str, int], ...]:
    """Count why less than everything was told: each rule once for an entry, the most frequent first."""
    counted: Counter[str] = Counter()
    for entry in entries:
        withheld = entry.content.get("decision", {}).get("withheld", [])
        because = {str(rule) for _, rules in withheld for rule in rules}
        refused = entry.content.get("refused")
        counted.update(because or ({str(refused)} if refused else set()))
    return tuple(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


async def _leads(uow: UnitOfWork, notices: Sequence[SendingRow]) -> dict[str, tuple[float, ...]]:
    """Give by partner how many minutes after the door a notice of a release was there; below zero: before it."""
    found: dict[str, list[float]] = {}
    for each in notices:
        minutes = await _lead(uow, each)
        if minutes is not None:
            found.setdefault(each.recipient, []).append(minutes)
    return {name: tuple(sorted(values)) for name, values in sorted(found.items())}


async def _lead(uow: UnitOfWork, notice: SendingRow) -> float | None:
    arrived = notice.acknowledged_at or (notice.updated_at if notice.state in {"delivered", "acknowledged"} else None)
    if arrived is None or notice.participant is None:
        return None
    delivery = await uow.deliveries.get(notice.id)
    try:
        entry = None if delivery is None or delivery.entry is None else await uow.accounting.get(delivery.entry)
        items = () if entry is None else await uow.record.items(notice.participant)
    except UNREADABLE:
        return None
    told = set() if entry is None else {each[0] for each in entry.content.get("decision", {}).get("released", [])}
    doors = [door for item in items if item.id in told and (door := left_at(item.resource)) is not None]
    return None if not doors else (arrived - max(doors)) / timedelta(minutes=1)


def left_at(resource: Mapping[str, Any] | None) -> datetime | None:
    """Give when somebody left jail, of an Encounter that has ended; None for all else."""
    if resource is None or resource.get("resourceType") != "Encounter" or resource.get("status") != "finished":
        return None
    try:
        end = datetime.fromisoformat(resource["period"]["end"])
    except (KeyError, TypeError, ValueError):
        return None
    return None if end.utcoffset() is None else end

"""What was already shared about a participant: the receipt of a stop, and whenever they ask (P2-71(9), LEAD GR-07)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.accounting import Attempt, View
from consent.codes import Category, Purpose
from consent.days import day_of
from gateway import reporting, use
from gateway.looks import looks_of
from gateway.store.repositories.stopping import END_OF_PERMISSION, Sent, Stopping
from gateway.store.unit_of_work import SiteNotConfiguredError, Store, UnitOfWork
from gateway.store.values import LedgerEntry
from mappings.lead.looked import Looked, looked
from mappings.lead.statement import Arrival, Reported, Shared, statement

_ARRIVED: Final = frozenset({"delivered", "acknowledged"})
_LEAVING: Final = "sending"
_Same = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Statement:
    """What was told or is on its way, oldest first; whom we told of an end, by name; who asked in vain; reports.

    `looks`: what partners' systems did about consents (gateway.looks).
    """

    shared: tuple[Shared, ...]
    ended: tuple[tuple[date, str], ...]
    attempts: tuple[Attempt, ...]
    reported: tuple[Reported, ...] = ()
    looks: tuple[Looked, ...] = ()

    def lines(self, language: str) -> tuple[str, ...]:
        """Write it out in plain words: `en` or `es`."""
        told = statement(language, self.shared, ended=self.ended, attempts=self.attempts, reported=self.reported)
        return told + looked(language, self.looks)


async def state(store: Store, participant: UUID, *, staff: str, at: datetime) -> Statement:
    """Give a participant's statement. Making one out is a Use of the record, and is recorded."""
    asked = await use.read_accounting(store, participant, View.PARTICIPANT, at.date(), staff=staff, at=at)
    async with store.unit_of_work() as uow:
        site = await uow.registry.site()
        if site is None:
            raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
        zone = ZoneInfo(site.timezone)
        partners = {name: known for name, (known, _) in (await uow.registry.organizations()).items()}
        names = {name: known.name for name, known in partners.items()}
        entries = await uow.accounting.of(participant)
        shared = tuple(_shared(entries, await _states(uow, participant), names, zone))
    ended = [(day_of(e.at, zone), _name(e, names)) for e in entries if e.kind == END_OF_PERMISSION]
    reported = tuple(reporting.told(entry, zone) for entry in entries if entry.kind == reporting.KIND)
    looks = tuple(looks_of(entries, partners, zone))
    return Statement(shared, tuple(dict.fromkeys(ended)), asked.attempts, reported, looks)


async def _states(uow: UnitOfWork, participant: UUID) -> Mapping[UUID, str]:
    """Give the state of each sending by its newest entry."""
    tried: Sequence[Sent] = await Stopping(uow.connection).tried(participant)
    return {each.entry: each.state for each in tried}


def _shared(
    entries: Iterable[LedgerEntry], states: Mapping[UUID, str], names: Mapping[str, str], zone: tzinfo
) -> Iterator[Shared]:
    """Put the attempts at the same message together: told once, as of the first, in the state of the last."""
    together: dict[_Same, list[LedgerEntry]] = {}
    for entry in entries:
        if entry.kind == "disclosure":
            together.setdefault(_same(entry), []).append(entry)
    for attempts in together.values():
        first = attempts[0]
        released = first.content["decision"]["released"]
        yield Shared(
            day=day_of(first.at, zone),
            recipient=_name(first, names),
            categories=tuple(sorted({Category(category) for _, _, category, *_ in released})),
            purpose=Purpose(first.content["request"]["purpose"]),
            arrival=_arrival([states[each.id] for each in attempts if each.id in states]),
        )


def _same(entry: LedgerEntry) -> _Same:
    return entry.organization or "", entry.content["request"]["id"], entry.content["digest"]


def _arrival(states: Sequence[str]) -> Arrival:
    """Say what is known. What was answered at once has no sending of its own, and has arrived."""
    if not states or not _ARRIVED.isdisjoint(states):
        return Arrival.ARRIVED
    return Arrival.LEAVING if _LEAVING in states else Arrival.PERHAPS


def _name(entry: LedgerEntry, names: Mapping[str, str]) -> str:
    return names.get(entry.organization or "", entry.organization or "")

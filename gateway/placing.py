"""What a message told about a participant, put into the record: worked out from all that was ever told.

A stay or a case is not what the last message says but what all of them say together (mappings.lead.custody_state,
matter_state): so the record is the same whatever their order, and an item gets a new version, and sets something off,
only where something is really different.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from adapters.inbound import Event
from consent.model import Item
from gateway.exchanges.arriving import after_items
from gateway.store.repositories.told import Told, subject_of
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredItem
from mappings.fhir.criminal_history import without_criminal_history
from mappings.lead.arrived import RecordEvent
from mappings.lead.custody import CustodyEvent
from mappings.lead.custody_state import stays
from mappings.lead.matter import CaseEvent
from mappings.lead.matter_state import matter, matter_item, matter_reference
from mappings.lead.merge import Merge
from mappings.lead.stay_items import every_reference, retracted, stay_items

T = TypeVar("T")


async def place(
    uow: UnitOfWork, participant: UUID, events: Sequence[Event], organization: str, envelope: UUID, at: datetime
) -> int:
    """Put what happened into a participant's record, and have it considered; returns how many items are different.

    `organization`: who stands behind the feed. Whoever else writes about this participant's stays waits meanwhile.
    """
    await uow.told.alone(participant)
    for told in (event for event in events if isinstance(event, CustodyEvent | CaseEvent)):
        await uow.told.add(participant, told, organization, envelope, at)
    put = [await _record(uow, participant, e, organization, envelope) for e in events if isinstance(e, RecordEvent)]
    for subject in _unrepeated(subject_of(e) for e in events if isinstance(e, CustodyEvent | CaseEvent)):
        put += await _converged(uow, participant, subject, envelope)
    for merge in (event for event in events if isinstance(event, Merge)):
        await _merge(uow, participant, merge, at)
    return await _put(uow, participant, put, at)


async def replace_without(uow: UnitOfWork, participant: UUID, envelope: UUID, at: datetime) -> int:
    """Work out anew what an envelope had a part in, which has been taken off: it was about somebody else.

    Called after the unlinking is on record. What no other message tells of is gone with its envelope.
    """
    gone = {each for _, each in await uow.matters.unlinked(participant)} | {envelope}
    put: list[StoredItem] = []
    for subject in _unrepeated(subject_of(told) for told in await uow.told.brought(participant, envelope)):
        left = await uow.told.about(participant, subject, without=gone)
        if left:
            put += await _items_of(uow, participant, [told for _, told, _ in left], left[-1][2], left[-1][0])
    return await _put(uow, participant, put, at)


async def carried(uow: UnitOfWork, participant: UUID, envelope: UUID, came: datetime) -> frozenset[tuple[str, int]]:
    """Give the versions of items that may say what an envelope said, also those that later messages brought.

    A stay or a case is what all messages say together, so what one said is in every version since it came.
    """
    found: set[str] = set()
    for subject in _unrepeated(subject_of(told) for told in await uow.told.brought(participant, envelope)):
        told = [event for _, event, _ in await uow.told.about(participant, subject)]
        references = every_reference((e for e in told if isinstance(e, CustodyEvent)), str(participant), "")
        references |= {matter_reference(e, str(participant)) for e in told if isinstance(e, CaseEvent)}
        known = [await uow.record.known(participant, reference) for reference in sorted(references)]
        found |= {item.id for item in known if item is not None}
    return await uow.record.versions_since(participant, found, came)


async def _put(uow: UnitOfWork, participant: UUID, items: Iterable[StoredItem], at: datetime) -> int:
    changed = []
    for stored in items:
        identity, is_new = await uow.record.put(participant, stored, at)
        if is_new:
            changed.append((identity, stored))
    await after_items(uow, participant, changed, at)
    return len(changed)


async def _converged(uow: UnitOfWork, participant: UUID, subject: str, envelope: UUID) -> list[StoredItem]:
    unlinked = {each for _, each in await uow.matters.unlinked(participant)}
    told = await uow.told.about(participant, subject, without=unlinked)
    return await _items_of(uow, participant, [event for _, event, _ in told], told[-1][2], envelope)


async def _items_of(
    uow: UnitOfWork, participant: UUID, told: Sequence[Told], organization: str, envelope: UUID
) -> list[StoredItem]:
    """Give the items of one stay's or case's number, and take back those on record that are not so any more."""
    custody = [event for event in told if isinstance(event, CustodyEvent)]
    cases = [event for event in told if isinstance(event, CaseEvent)]
    items = [item for stay in stays(custody) for item in stay_items(stay, str(participant), organization)]
    possible = every_reference(custody, str(participant), organization)
    stands = matter(cases)
    if stands is not None:
        case = matter_item(stands, str(participant), organization)
        items += [] if case is None else [case]
        possible |= {matter_reference(stands.told, str(participant))}
    gone = sorted(possible - {item.id for item in items})
    found = [await uow.record.known(participant, reference) for reference in gone]
    taken = [_taken(ref, item, envelope) for ref, item in zip(gone, found, strict=True) if item is not None]
    return [*(_stored(item, envelope) for item in items), *taken]


def _stored(item: Item, envelope: UUID) -> StoredItem:
    return StoredItem(item.id, item.category, item.source, item.created, dict(item.resource or {}), envelope)


def _taken(reference: str, item: Item, envelope: UUID) -> StoredItem:
    return StoredItem(reference, item.category, item.source, item.created, retracted(item.resource), envelope)


async def _record(
    uow: UnitOfWork, participant: UUID, event: RecordEvent, organization: str, envelope: UUID
) -> StoredItem:
    """Give a piece of the record as it came; one that was a mistake keeps nothing but that it was one."""
    reference = f"{event.feed}|{event.reference}"
    resource = None if event.resource is None else without_criminal_history(event.resource)
    if event.retracted:
        before = await uow.record.known(participant, reference)
        resource = retracted(resource if before is None else before.resource)
    return StoredItem(reference, event.category, organization, event.created, resource, envelope)


async def _merge(uow: UnitOfWork, participant: UUID, merge: Merge, at: datetime) -> None:
    """Know a participant by both numbers that a jail has merged, so that whatever uses either is found."""
    known = await uow.participants.get(participant)
    if known is None:
        return
    numbers = ((merge.system, merge.old), (merge.system, merge.new))
    identifiers = (*known[0].identifiers, *(pair for pair in numbers if pair not in known[0].identifiers))
    await uow.participants.put(replace(known[0], identifiers=identifiers), at)


def _unrepeated(things: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(things))

"""The one way in.

A feed is about everybody; a site keeps only what belongs to a participant. Each person's part is matched in memory:
a certain match is stored, encrypted under that participant's key; a doubtful one waits in quarantine; a stranger leaves
a count and nothing else. One message, one transaction: nothing half-stored.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.inbound import InboundPart, Split
from gateway import ledger
from gateway.duties import open_duty
from gateway.placing import place
from gateway.store.keys import repeats_names
from gateway.store.repositories.inbound import QUARANTINE
from gateway.store.sealing import blocking_token, person_tokens
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import ParticipantRecord
from gateway.store.values import PersonName as StoredName
from mappings.lead.custody import PersonDescription, PersonName
from mappings.lead.feed_error import FeedError
from mappings.lead.matching import Candidate, Match, Weights, match


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message as it came, and the moment it came."""

    content: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Source:
    """An authenticated inbound feed: its name, the organization behind it, how its messages are split per person."""

    feed: str
    organization: str
    timezone: str
    split: Split


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the people in a message. Counts only."""

    matched: int = 0
    unmatched: int = 0
    quarantined: int = 0
    repeated: int = 0

    def __add__(self, other: "Receipt") -> "Receipt":
        return Receipt(
            self.matched + other.matched,
            self.unmatched + other.unmatched,
            self.quarantined + other.quarantined,
            self.repeated + other.repeated,
        )


async def receive(store: Store, envelope: Envelope, source: Source, weights: Weights) -> Receipt:
    """Take one message in, and say what became of it only after that is stored.

    An unreadable message is quarantined whole; it is never refused half-read. The same message twice changes nothing.
    """
    async with store.unit_of_work() as uow:
        receipt, readable = Receipt(repeated=1), None
        if await _is_new(uow, store, envelope, source):
            receipt, readable = await _take_apart(uow, envelope, source, weights)
        await uow.feeds.came(source.feed, envelope.received_at, readable=readable)
        await _count(uow, source.feed, receipt, envelope.received_at)
        await uow.commit()
    return receipt


async def _is_new(uow: UnitOfWork, store: Store, envelope: Envelope, source: Source) -> bool:
    """Recognise a repeat by an HMAC of feed and bytes, under this period's key and the one before."""
    digest = hashlib.sha256(envelope.content).hexdigest()
    current, before = [
        blocking_token(await store.keys.named(name), source.feed, digest)
        for name in repeats_names(envelope.received_at)
    ]
    seen_before = await uow.inbound.seen(before)
    return await uow.inbound.first_time(current, envelope.received_at) and not seen_before


async def _take_apart(uow: UnitOfWork, envelope: Envelope, source: Source, weights: Weights) -> tuple[Receipt, bool]:
    """Give what became of a message, and whether it could be read."""
    try:
        parts = list(_split(envelope, source))
    except FeedError as error:
        return await _quarantine_whole(uow, envelope, source, str(error)), False
    if not parts:
        return await _quarantine_whole(uow, envelope, source, "`message`: names nobody"), False
    return await _place(uow, parts, source, weights, envelope.received_at), True


def _split(envelope: Envelope, source: Source) -> Iterator[InboundPart]:
    return source.split(envelope.content, feed=source.feed, timezone=source.timezone, received_at=envelope.received_at)


async def _quarantine_whole(uow: UnitOfWork, envelope: Envelope, source: Source, reason: str) -> Receipt:
    content = {"message": envelope.content.hex()}
    await uow.inbound.quarantine(source.feed, reason, content, envelope.received_at)
    return Receipt(quarantined=1)


async def _place(
    uow: UnitOfWork, parts: Sequence[InboundPart], source: Source, weights: Weights, at: datetime
) -> Receipt:
    """Match each part, and keep those of participants, of whom one message may name many.

    INVARIANT: consent versions are locked in one order by everybody, whatever the order of a message: a release or a
    disposition takes its participant's, and two feeds that hold one each and want the other's would both be lost.
    """
    receipt, certain = Receipt(), []
    for part in parts:
        found = await match_person(uow, part.person, weights)
        if found.result == "certain" and found.participant is not None:
            certain.append((UUID(found.participant), part))
        else:
            receipt += await _set_aside(uow, part, found, source, at)
    for participant, part in sorted(certain, key=lambda pair: pair[0]):  # of one participant, in the message's order
        await _keep(uow, part, participant, source, at)
        receipt += Receipt(matched=1)
    return receipt


async def _set_aside(uow: UnitOfWork, part: InboundPart, found: Match, source: Source, at: datetime) -> Receipt:
    if found.result == "doubtful":
        content = {"message": part.original.hex(), "because": list(found.because), "candidates": list(found.candidates)}
        waits = await uow.inbound.quarantine(source.feed, "doubtful match", content, at)
        await ask_who(uow, waits, found.candidates, at)
        return Receipt(quarantined=1)
    return Receipt(unmatched=1)


async def ask_who(uow: UnitOfWork, quarantined: UUID, candidates: Sequence[str], at: datetime) -> None:
    """Put a doubtful match on the list of a privacy officer, for as long as it waits; the list names nobody."""
    known = await uow.participants.get(UUID(candidates[0])) if candidates else None
    if known is not None:
        await open_duty(
            uow,
            "match-review",
            organization=known[0].case_management,
            role="privacy-officer",
            at=at,
            due_at=at + QUARANTINE,
            reference=quarantined,
        )


async def match_person(uow: UnitOfWork, person: PersonDescription, weights: Weights) -> Match:
    """Match a described person against the participants. Never guesses."""
    families = {name.family or "" for name in (*person.names, *person.aliases)} | {""}
    tokens = {
        pair
        for family in families
        for pair in person_tokens(family=family, birth_date=person.birth_date, identifiers=person.identifiers)
    }
    candidates = await uow.participants.candidates(sorted(tokens))
    return match(person, [_candidate(c) for c in candidates], weights)


def _candidate(record: ParticipantRecord) -> Candidate:
    return Candidate(
        record.participant.id,
        (described_name(record.name),),
        tuple(described_name(name) for name in record.aliases),
        record.participant.birth_date,
        record.identifiers,
    )


async def everybody(uow: UnitOfWork) -> list[Candidate]:
    """Every participant, as matching sees them; for the demo, which must invent people who are nobody."""
    known = [await uow.participants.get(identity) for identity in await uow.participants.all_ids()]
    return [_candidate(found[0]) for found in known if found is not None]


def described_name(name: StoredName) -> PersonName:
    """Give a stored name in the form that matching compares: the first given name, the rest as middle names."""
    given, *middle = name.given or ("",)
    return PersonName(given=given or None, family=name.family, middle=" ".join(middle) or None)


async def _keep(uow: UnitOfWork, part: InboundPart, participant: UUID, source: Source, at: datetime) -> None:
    envelope = await uow.inbound.keep(source.feed, participant, part.original, at)
    items = await place(uow, participant, part.events, source.organization, envelope, at)
    content = {"feed": source.feed, "envelope": str(envelope), "items": items}
    await ledger.append(
        uow, "received", at=at, content=content, participant=participant, organization=source.organization
    )


async def keep_confirmed(uow: UnitOfWork, envelope: Envelope, participant: UUID, source: Source, at: datetime) -> int:
    """Keep a message whose doubtful match a person has confirmed (gateway.matching); returns how many parts it has."""
    parts = list(_split(envelope, source))
    for part in parts:
        await _keep(uow, part, participant, source, at)
    return len(parts)


async def _count(uow: UnitOfWork, feed: str, receipt: Receipt, at: datetime) -> None:
    for outcome in ("matched", "unmatched", "quarantined", "repeated"):
        number: int = getattr(receipt, outcome)
        if number:
            await uow.inbound.count(feed, outcome, at, number)

"""What the journal knows and an old backup does not: put back in force, in the transaction that loads the backup.

A stop comes back under the id that it had; what it takes with it is worked out anew. What has arrived is never sent
again. Nothing is given back that was not in the backup: an approval, or the lifting of a hold, is given anew by people.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from gateway import delivery as deliveries
from gateway import ledger, outcomes
from gateway.happening import record_event
from gateway.journal import Entry
from gateway.leaving import ENDED, LEFT
from gateway.placing import carried
from gateway.store import codec
from gateway.store.repositories.affairs import Affairs
from gateway.store.repositories.restoring import Restoring
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import Stop, StopKind, StoredDelivery
from gateway.store.vault import UNREADABLE
from gateway.unlinking import put_right
from gateway.withdrawing import end_each, withdraw, withdraw_proposal

JOURNAL: Final = "journal"
"""Who did it, and why, on the ledger: what a restore has taken from the journal."""

OVERLAP: Final = timedelta(minutes=15)
"""A mark is written before its commit: one so much older than the backup may be of something that is not in it."""

_STOPS: Final = frozenset({StopKind.REVOCATION, StopKind.HOLD, StopKind.RESTRICTION})
_ARRIVED: Final = frozenset({deliveries.DELIVERED, deliveries.ACKNOWLEDGED})
_PASSED: Final = _ARRIVED | {deliveries.SENDING}
_DOUBT: Final = UUID("a3c1c5de-3a5e-5c53-9c1e-5f0a9d2f7b44")  # a namespace of our own for uuid5 (RFC 9562)
_HELD_FOR: Final = "restore: a revocation of something that the backup does not hold"


@dataclass(slots=True)
class Replay:
    """One replay: what the journal says, and counts of what came of it.

    `lifts`: the ids of what somebody had lifted or ended since the backup, and must lift again.
    """

    uow: UnitOfWork
    entries: list[Entry]
    since: datetime
    at: datetime
    counts: Counter[str] = field(default_factory=Counter)
    lifts: list[str] = field(default_factory=list)

    @property
    def rows(self) -> Restoring:
        """The rows that only a restore writes."""
        return Restoring(self.uow)

    def of(self, *kinds: str) -> Iterable[Entry]:
        """Give the entries of these kinds, in their order."""
        return (entry for entry in self.entries if entry.kind in kinds)

    def newer(self, moment: str) -> bool:
        """Say whether something may not be in the backup."""
        return datetime.fromisoformat(moment) >= self.since - OVERLAP


async def replay(uow: UnitOfWork, entries: list[Entry], *, since: datetime, at: datetime) -> Replay:
    """Put everything back in force. `since`: the moment of the backup. Nobody else may write meanwhile.

    Arrivals come first: what has arrived before a stop is not suppressed by it.
    """
    made = Replay(uow, entries, since, at)
    await _arrivals(made)
    await _endings(made)
    await _standing(made)
    await _organizations(made)
    await _stops(made)
    await _unlinks(made)
    await _events(made)
    await _arrivals(made)  # the notices of an end that the stops have just made anew
    return made


async def _stops(made: Replay) -> None:
    people, known = await made.rows.people(), await made.rows.stops()
    touched: set[UUID] = set()
    for entry in made.of(*_STOPS):
        identity, participant = UUID(entry.payload["stop"]), UUID(entry.payload["participant"])
        if identity in known:
            continue
        if participant not in people:
            made.counts["stops_about_unknown"] += 1
        elif await _stop(made, identity, participant, entry):
            touched.add(participant)
    for participant in sorted(touched):
        await withdraw(made.uow, participant, made.at, by=JOURNAL)
    made.lifts += [e.payload["lifts"] for e in made.of(StopKind.LIFT) if made.newer(e.payload["at"])]


async def _stop(made: Replay, identity: UUID, participant: UUID, entry: Entry) -> bool:
    """Record one stop; False where the participant's key was destroyed, and nothing of them can be read at all."""
    content = {name: value for name, value in entry.payload.items() if name not in ("stop", "participant")}
    stop = codec.load(Stop, codec.dump(content))
    await made.uow.consents.lock_and_raise(participant)
    try:
        await _record(made, identity, participant, stop)
        made.counts[f"{stop.kind.value}s"] += 1
        if stop.kind is StopKind.REVOCATION and stop.consent not in await made.rows.consents():
            # What was revoked is not in the backup. Once it is entered again it must not be in force.
            doubt = replace(stop, kind=StopKind.HOLD, consent=None, grants="all", mode=None, by=_HELD_FOR)
            await _record(made, uuid5(_DOUBT, str(identity)), participant, doubt)
            made.counts["held_in_doubt"] += 1
    except UNREADABLE:
        made.counts["stops_about_shredded"] += 1
        return False
    return True


async def _record(made: Replay, identity: UUID, participant: UUID, stop: Stop) -> None:
    await made.rows.put_stop(identity, participant, stop, made.at)
    content = {"stop": str(identity), **codec.load_json(codec.dump(stop)), "from": JOURNAL}
    await ledger.append(made.uow, stop.kind.value, at=made.at, content=content, participant=participant)


async def _unlinks(made: Replay) -> None:
    """Take off again what was never about a participant. The incident of it is opened anew by people."""
    people = await made.rows.people()
    for entry in made.of("unlink"):
        participant, envelope = UUID(entry.payload["participant"]), UUID(entry.payload["envelope"])
        if participant not in people:
            continue
        await made.uow.consents.lock_and_raise(participant)
        try:
            if envelope in {known for _, known in await made.uow.matters.unlinked(participant)}:
                continue
            detail = {"by": entry.payload["by"], "why": JOURNAL}
            await made.uow.matters.add_unlink(participant, envelope, detail, made.at)
        except UNREADABLE:
            continue  # the key was destroyed: there is nothing that could be let out
        content = {"envelope": str(envelope), "by": entry.payload["by"], "from": JOURNAL}
        await ledger.append(made.uow, "unlink", at=made.at, content=content, participant=participant)
        came = await Affairs(made.uow.connection, made.uow.vault).came(participant, envelope)
        if came is None:  # nothing of it is in the backup
            await withdraw(made.uow, participant, made.at, by=JOURNAL)
        else:
            tainted = await carried(made.uow, participant, envelope, came)
            await put_right(made.uow, participant, envelope, tainted, made.at, by=JOURNAL)
        made.counts["unlinks"] += 1


async def _events(made: Replay) -> None:
    people = await made.rows.people()
    for entry in made.of("event"):
        participant, since = UUID(entry.payload["participant"]), datetime.fromisoformat(entry.payload["since"])
        if participant not in people:
            made.counts["events_about_unknown"] += 1
            continue
        try:
            found = await record_event(made.uow, participant, entry.payload["name"], made.at, since=since, by=JOURNAL)
        except UNREADABLE:
            continue  # the key was destroyed: there is nothing that could be let out
        made.counts["events"] += found is not None


async def _standing(made: Replay) -> None:
    """End every approval given beforehand: which of them somebody has ended since the backup, nobody knows any more."""
    given = await made.rows.standing()
    made.counts["standing_ended"] += await end_each(made.uow, given, made.at, by=JOURNAL, cause="restore")


async def _organizations(made: Replay) -> None:
    """Take back agreements that ended. A chore stops what still waits for them within a minute (leaving.lapse)."""
    for entry in made.of(LEFT, ENDED):
        known = await made.uow.registry.organization(entry.payload["organization"])
        last_day = entry.payload["last_day"]
        if known is None or last_day is None or not made.newer(entry.payload["at"]):
            continue
        day = date.fromisoformat(last_day)
        if known.agreement_expires is not None:
            day = min(day, known.agreement_expires)
        endpoint = None if entry.kind == LEFT else await made.uow.registry.endpoint(known.id)
        changed = await made.uow.registry.put_organization(replace(known, agreement_expires=day), endpoint, made.at)
        made.counts["agreements"] += changed


async def _arrivals(made: Replay) -> None:
    """Let be with its recipient what is there. An answer goes under one key, whichever delivery brings it."""
    marks = [mark.payload for mark in made.of("delivery") if mark.payload["state"] in _ARRIVED]
    keys = {UUID(mark["key"]) for mark in marks if mark.get("key")}
    named = {UUID(mark["delivery"]) for mark in marks}
    for identity in sorted(named.union(await made.rows.keyed(keys))):
        await _has_arrived(made, identity)


async def _endings(made: Replay) -> None:
    """Let end what has ended otherwise. What arrived in the end is none of these any more."""
    last = {mark.payload["delivery"]: mark.payload["state"] for mark in made.of("delivery")}
    for delivery, state in sorted(last.items()):
        await _has_ended(made, UUID(delivery), state)
    for proposal in sorted(_told(made)):
        await _is_used_up(made, proposal)


def _told(made: Replay) -> set[UUID]:
    """Give the proposals that have gone out since the backup, or may have."""
    marks = (mark for mark in made.of("delivery") if _has_left(made, mark))
    return {UUID(mark.payload["proposal"]) for mark in marks if mark.payload.get("proposal")}


def _has_left(made: Replay, mark: Entry) -> bool:
    return mark.payload["state"] in _PASSED and made.newer(mark.payload["at"])


async def _has_arrived(made: Replay, identity: UUID) -> None:
    """Let a delivery be where it was: with its recipient. One that the backup does not hold stays unknown."""
    found = await made.uow.deliveries.get(identity, lock=True)
    if found is None or found.state in _ARRIVED:
        return
    for state in _way(found.state):
        found = await deliveries.move(made.uow, found, state, at=made.at, cause=JOURNAL, by=JOURNAL)
    if found.state == deliveries.DELIVERED:
        await deliveries.close(made.uow, found, "released", made.at)
        await _ask_no_more(made, found)
        made.counts["sent"] += 1


def _way(state: str) -> tuple[str, ...]:
    """Give the changes that lead from a state to delivered; none where it has ended otherwise."""
    line = (deliveries.PROPOSED, deliveries.APPROVED, deliveries.QUEUED, deliveries.SENDING, deliveries.DELIVERED)
    if state == deliveries.FAILED:
        return line[2:]
    return line[line.index(state) + 1 :] if state in line else ()


async def _ask_no_more(made: Replay, found: StoredDelivery) -> None:
    """Consider a question no more that was answered with content: its proposal would say the same once again."""
    question = None if found.question is None else await made.uow.questions.get(found.question, lock=True)
    marks = (mark.payload for mark in made.of("delivery") if _has_left(made, mark))
    if any(mark.get("proposal") and mark.get("key") == str(found.key) for mark in marks) and question is not None:
        await made.uow.questions.considered(replace(question, state="answered", about=None))


async def _has_ended(made: Replay, identity: UUID, state: str) -> None:
    """Let a delivery that did not arrive be where it was, if that is an end; else it goes on as in the backup."""
    found = await made.uow.deliveries.get(identity, lock=True)
    if found is None:
        made.counts["deliveries_unknown"] += 1
    elif state == deliveries.SUPPRESSED and deliveries.SUPPRESSED in deliveries.TRANSITIONS[found.state]:
        await outcomes.suppress(made.uow, found, made.at, cause=JOURNAL)
        made.counts["suppressed"] += 1
    elif state == deliveries.FAILED and found.state in deliveries.LIVE:
        sending = await _sending(made, found)
        await outcomes.fail(made.uow, sending, JOURNAL, made.at)
        made.counts["failed"] += 1
    elif state == deliveries.SENDING and found.state in deliveries.LIVE:
        made.counts["sent_or_not"] += 1  # goes again under the same key: the recipient has it once


async def _sending(made: Replay, found: StoredDelivery) -> StoredDelivery:
    if found.state == deliveries.SENDING:
        return found
    return await deliveries.move(made.uow, found, deliveries.SENDING, at=made.at, cause=JOURNAL)


async def _is_used_up(made: Replay, proposal: UUID) -> None:
    """Withdraw a proposal that the backup still waits with, and that has gone out since."""
    try:
        found = await made.uow.proposals.get(proposal, lock=True)
    except UNREADABLE:
        return
    if found is None or found.state != "waiting":
        return
    await withdraw_proposal(made.uow, proposal, found.participant, made.at, by=JOURNAL, cause=JOURNAL)
    made.counts["proposals"] += 1


def moment_of(text: str) -> datetime:
    """Read a moment of a header; aware."""
    return datetime.fromisoformat(text).astimezone(UTC)

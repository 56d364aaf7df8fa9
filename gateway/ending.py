"""The notice that a permission is over: one text for every reason, to who got something, where it reveals nothing new.

It goes to a recipient that has received something under a grant, when that grant no longer lets the same go there:
revoked, expired, narrowed or closed alike (P2-71(5)). It names the earlier message by the identifier that came with it
and says nothing of the participant, the reason or the day: it waits for the site's release window like any answer.
INVARIANT: whoever got nothing hears nothing (GR-06); a partner without an agreement in date hears nothing either.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from consent.disclosure import EndOfPermission
from gateway import delivery as deliveries
from gateway import duties, windows
from gateway.announcing import permission_ended
from gateway.disclosure import Before, EndedError, Passing, say_ended
from gateway.outcomes import suppress
from gateway.permissions import CONSENT_BASIS, Standing, ended_bases, may_receive, standing_of
from gateway.settings import Settings
from gateway.store.repositories.stopping import END_OF_PERMISSION, Stopping
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry, StoredDelivery
from gateway.store.vault import UNREADABLE

NAMESPACE: Final = UUID("f2f1c1a8-0d0c-5c53-8e0e-0c7f0b8f6b21")  # of our own, for uuid5 (RFC 9562)
TIME_LIMIT: Final = timedelta(days=30)
UNHEARD_AFTER: Final = timedelta(days=7)
LOOK_BACK: Final = timedelta(minutes=15)
"""For so long after a stop it is looked whether something that was already leaving has arrived by now."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A permission that is over. `delivery`: the id of the one sending that says so, for this earlier `disclosure`.

    `consent`: the id of one that it rested on.
    """

    delivery: UUID
    recipient: str
    disclosure: UUID
    reference: str
    consent: str


async def owed(uow: UnitOfWork, participant: UUID, at: datetime) -> list[Ended]:
    """Give every notice that is owed about a participant, sent or not: one for each recipient and grant that is over.

    The newest message under the grant is the one that is named.
    """
    sent = await Stopping(uow.connection).arrived(participant)
    standing = await standing_of(uow, participant, at) if sent else None
    if standing is None:
        return []
    newest: dict[tuple[str, str], LedgerEntry] = {}
    for each in sorted(sent, key=lambda one: one.entry):
        entry = await uow.accounting.get(each.entry)
        if entry is not None and _may_hear(standing, entry, at):
            newest |= {(each.recipient, basis): entry for basis in ended_bases(standing, entry, at)}
    named = {entry.id: (entry, basis) for (_, basis), entry in sorted(newest.items(), key=lambda one: one[0])}
    return [_ended(entry, basis) for entry, basis in named.values()]


def _may_hear(standing: Standing, entry: LedgerEntry, at: datetime) -> bool:
    return may_receive(standing.facts.organizations.get(entry.organization or ""), standing.site, at)


def _ended(entry: LedgerEntry, basis: str) -> Ended:
    identity, consent = uuid5(NAMESPACE, f"end:{entry.id}"), basis.removeprefix(CONSENT_BASIS).partition("/")[0]
    return Ended(identity, entry.organization or "", entry.id, entry.content["request"]["id"], consent)


async def notify_ended(uow: UnitOfWork, participant: UUID, at: datetime) -> int:
    """Queue the notices that are owed and are not there yet, in the caller's transaction; returns how many.

    Called by whoever has just changed, or seen the end of, what is consented to. A second call makes nothing new. A
    record that cannot be read gives no notice, and stops nobody from stopping.
    """
    try:
        missing = [each for each in await owed(uow, participant, at) if await uow.deliveries.get(each.delivery) is None]
    except UNREADABLE:
        return 0
    due_at = await window(uow, at)
    for each in missing:
        await deliveries.queue(
            uow,
            participant=participant,
            recipient=each.recipient,
            exchange=None,
            request=None,
            due_at=due_at,
            at=at,
            kind=END_OF_PERMISSION,
            expires_at=due_at + TIME_LIMIT,
            identity=each.delivery,
        )
        await permission_ended(
            uow, participant, each.recipient, notice=each.delivery, consent=each.consent, due_at=due_at, at=at
        )
    return len(missing)


async def window(uow: UnitOfWork, at: datetime) -> datetime:
    """Give the release window in which an answer to a question asked now would go: the hour tells nothing."""
    own = await uow.registry.windows() or {}
    delay, every = (
        timedelta(seconds=own.get(name, Settings.model_fields[name].default))
        for name in ("release_delay_seconds", "release_window_seconds")
    )
    return windows.due(at, delay=delay, every=every)


async def pass_on(
    store: Store, delivery: StoredDelivery, *, at: datetime, before: Before, passing: Passing
) -> EndOfPermission:
    """Let a notice pass its point, as `gateway.disclosure.disclose` does for content; raises EndedError as that does.

    Looked at once more: who has signed again in the meantime has ended nothing, and the notice is suppressed.
    """

    async def about(uow: UnitOfWork) -> tuple[str, UUID]:
        await before(uow)
        still = await _still(uow, delivery, at)
        if still is None:
            await uow.commit()
            raise EndedError
        return still.reference, still.disclosure

    if delivery.participant is None:
        raise EndedError
    return await say_ended(store, delivery.participant, delivery.recipient, at=at, about=about, passing=passing)


async def _still(uow: UnitOfWork, delivery: StoredDelivery, at: datetime) -> Ended | None:
    """Give what is still owed under this sending's name. Where nothing is, the sending is suppressed."""
    try:
        every = [] if delivery.participant is None else await owed(uow, delivery.participant, at)
    except UNREADABLE:
        every = []
    still = next((each for each in every if each.delivery == delivery.id), None)
    if still is None and delivery.participant is not None:
        await suppress(uow, await _as_it_is(uow, delivery), at, cause="nothing-has-ended")
        await notify_ended(uow, delivery.participant, at)  # something newer may have arrived, and ended as well
    return still


async def _as_it_is(uow: UnitOfWork, delivery: StoredDelivery) -> StoredDelivery:
    return await uow.deliveries.get(delivery.id) or delivery


async def look_again(store: Store, now: datetime) -> int:
    """Queue notices to those whom something reached that was already leaving at a stop; returns how many."""
    async with store.unit_of_work() as uow:
        people = await Stopping(uow.connection).touched(now - LOOK_BACK)
    made = 0
    for participant in people:
        async with store.unit_of_work() as uow:
            await uow.consents.lock_shared(participant)
            made += await notify_ended(uow, participant, now)
            await uow.commit()
    return made


async def chase(store: Store, now: datetime) -> int:
    """Tell case managers of notices that nobody has acknowledged after a week, once each; returns how many."""
    async with store.unit_of_work() as uow:
        unheard = await Stopping(uow.connection).unheard(now - UNHEARD_AFTER)
        for delivery, participant, recipient in unheard:
            known = await uow.deliveries.case_management(participant)
            if known is not None:
                await duties.open_duty(
                    uow,
                    "end-unacknowledged",
                    organization=known,
                    role="case-manager",
                    at=now,
                    participant=participant,
                    reference=delivery,
                    detail={"recipient": recipient},
                )
        await uow.commit()
    return len(unheard)

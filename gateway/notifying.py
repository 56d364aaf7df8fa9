"""How an event reaches a subscriber: asked once more whether it may, numbered, told, and what became of it.

An event about a participant passes the point of no return like any sending (gateway.disclosure.disclose, say_ended). A
handshake, a heartbeat and "the answer to your question is due" are signals: nobody's data is in them.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from adapters.outbound import Acknowledged, Failed, Outbound
from adapters.subscriptions.rest_hook import Occasion, RestHook, Signal
from consent.disclosure import EndOfPermission
from gateway import announcing, ending, ledger, subscriptions
from gateway import delivery as deliveries
from gateway.disclosure import Before, EndedError, Passing, say_ended
from gateway.permissions import may_receive
from gateway.public_ids import public_ids
from gateway.store.repositories.exchange import new_id
from gateway.store.repositories.subscriptions import StoredNotification, StoredSubscription, Subscriptions
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import StoredDelivery
from gateway.store.vault import UNREADABLE
from mappings.fhir.notification import EVENT, HANDSHAKE, HEARTBEAT

FAILURES: Final = 10
"""After so many attempts in a row that did not arrive, a subscription is in error: its owner makes a new one."""

NOT_WANTED: Final = "not-subscribed"
UNREADABLE_EVENT: Final = "may-no-longer-leave"
"""The cause that every refusal at the point has."""

_SIGNALS: Final = frozenset({announcing.HANDSHAKE, announcing.ANSWER})


class Hooks:
    """The doors to subscribers' endpoints. Each is made for one attempt: an address is judged each time."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    async def open(self, uow: UnitOfWork, delivery: StoredDelivery, now: datetime) -> RestHook | None:
        """Give the door by which a delivery tells its event. None: it tells of none."""
        event, told = await _found(uow, delivery)
        if event is None or told is None:
            return None
        return await self.to(uow, told, now)

    async def to(self, uow: UnitOfWork, told: StoredSubscription, now: datetime) -> RestHook:
        """Give the door to a subscription's endpoint."""
        return RestHook(
            subscriptions.shown(told),
            recipient=told.organization,
            named=(await public_ids(uow.vault, told.organization)).given,
            base_url=self._base_url,
            at=now,
            private=await subscriptions.is_demo(uow),
        )


def line_of(delivery: StoredDelivery) -> str:
    """Name what is left alone when it fails: subscribers' endpoints apart from the organization's own."""
    told = delivery.kind == announcing.NOTIFICATION
    return f"{delivery.recipient} (subscriptions)" if told else delivery.recipient


async def _found(
    uow: UnitOfWork, delivery: StoredDelivery
) -> tuple[StoredNotification | None, StoredSubscription | None]:
    shelf = Subscriptions(uow.connection, uow.vault)
    event = await shelf.event_of(delivery.id)
    return event, None if event is None else await shelf.get(event.subscription)


async def is_wanted(uow: UnitOfWork, delivery: StoredDelivery, now: datetime) -> bool:
    """Say whether a sending tells a subscription that stands: live, its system not disabled, an agreement in date."""
    event, told = await _found(uow, delivery)
    if event is None or told is None or not subscriptions.is_live(told, now):
        return False
    if told.state == "requested" and event.kind != announcing.HANDSHAKE:
        return False
    known, organization = await uow.clients.get(told.client_id), await uow.registry.organization(told.organization)
    site = await uow.registry.site()
    return known is not None and not known.disabled and site is not None and may_receive(organization, site, now)


async def drop(uow: UnitOfWork, identity: UUID, now: datetime, cause: str = NOT_WANTED) -> None:
    """Stop a sending that nobody wants any more, or whose event cannot be told."""
    delivery = await uow.deliveries.get(identity, lock=True)
    if delivery is not None and delivery.state in deliveries.LIVE:
        stopped = await deliveries.move(uow, delivery, deliveries.SUPPRESSED, at=now, cause=cause)
        await suppressed(uow, stopped, now)


async def suppressed(uow: UnitOfWork, delivery: StoredDelivery, at: datetime) -> None:
    """Record that an event is not told: it may no longer leave, or nobody wants it."""
    shelf = Subscriptions(uow.connection, uow.vault)
    event = await shelf.event_of(delivery.id)
    if event is not None:
        await shelf.settle(event.id, "suppressed", at)


async def pass_on(
    store: Store, delivery: StoredDelivery, *, at: datetime, before: Before, passing: Passing
) -> EndOfPermission | Signal:
    """Let an event pass that asks for nothing of a record. Raises EndedError as `gateway.disclosure.disclose` does."""
    async with store.unit_of_work() as uow:
        event, _ = await _found(uow, delivery)
    if event is None:
        raise EndedError
    if event.kind == announcing.ENDED and delivery.participant is not None:
        return await _say_ended(store, delivery, event, at=at, before=before, passing=passing)
    return await _signal(store, delivery, event, at=at, before=before, passing=passing)


async def _say_ended(
    store: Store,
    delivery: StoredDelivery,
    event: StoredNotification,
    *,
    at: datetime,
    before: Before,
    passing: Passing,
) -> EndOfPermission:
    async def about(uow: UnitOfWork) -> tuple[str, UUID]:
        await before(uow)
        still = await _still(uow, delivery, event, at) if await is_wanted(uow, delivery, at) else None
        if still is None:
            await drop(uow, delivery.id, at)
            await uow.commit()
            raise EndedError
        return still.reference, still.disclosure

    if delivery.participant is None:
        raise EndedError
    return await say_ended(store, delivery.participant, delivery.recipient, at=at, about=about, passing=passing)


async def _still(
    uow: UnitOfWork, delivery: StoredDelivery, event: StoredNotification, at: datetime
) -> ending.Ended | None:
    try:
        every = [] if delivery.participant is None else await ending.owed(uow, delivery.participant, at)
    except UNREADABLE:
        return None
    return next((each for each in every if str(each.delivery) == event.about.get("notice")), None)


async def _signal(
    store: Store,
    delivery: StoredDelivery,
    event: StoredNotification,
    *,
    at: datetime,
    before: Before,
    passing: Passing,
) -> Signal:
    async with store.unit_of_work() as uow:
        await before(uow)
        if await uow.registry.is_held():
            raise EndedError
        await _still_signals(uow, delivery, event, at)
        content = {"delivery": str(delivery.id), "event": event.kind, **event.about}
        entry = await ledger.append(uow, "signal", at=at, content=content, organization=delivery.recipient)
        await passing(uow, True, entry)  # noqa: FBT003  -- the shape of Passing
        await uow.commit()
    return signal_of(delivery.recipient, event)


async def _still_signals(uow: UnitOfWork, delivery: StoredDelivery, event: StoredNotification, at: datetime) -> None:
    """Raise EndedError, and stop the sending, where nobody wants it any more or its event is none for a signal.

    INVARIANT: an event that asks for a record which cannot be read is refused like any other: it gets no number.
    """
    cause = None if event.kind in _SIGNALS else UNREADABLE_EVENT
    if cause is None and not await is_wanted(uow, delivery, at):
        cause = NOT_WANTED
    if cause is not None:
        await drop(uow, delivery.id, at, cause)
        await uow.commit()
        raise EndedError


def signal_of(recipient: str, event: StoredNotification) -> Signal:
    """Give what a handshake or a due answer says. Raises SignalError for any other event."""
    if event.kind == announcing.HANDSHAKE:
        return Signal(recipient, HANDSHAKE)
    return Signal(recipient, EVENT, event.about.get("question"))


async def passes(uow: UnitOfWork, delivery: StoredDelivery, hook: RestHook, *, sends: bool, at: datetime) -> None:
    """Give an event its number, in the transaction in which it passes, and let its door know which event it is."""
    if not sends:
        await suppressed(uow, delivery, at)
        return
    shelf = Subscriptions(uow.connection, uow.vault)
    event = await shelf.event_of(delivery.id)
    if event is None:
        raise EndedError
    number = 0 if event.kind == announcing.HANDSHAKE else await shelf.number(event)
    hook.occasion = Occasion(number, event.at, event.about.get("consent"))


async def signal(door: Outbound, message: Signal, key: str, seconds: float) -> Acknowledged | Failed:
    """Tell a signal through its subscriber's door; no other door takes one."""
    if not isinstance(door, RestHook):
        return Failed(retryable=False, cause="not-the-recipient")
    return await door.tell(message, idempotency_key=key, seconds=seconds)


async def settled(uow: UnitOfWork, delivery: StoredDelivery, outcome: Acknowledged | Failed, at: datetime) -> None:
    """Write down whether an event was acknowledged; a handshake that was makes its subscription active."""
    shelf = Subscriptions(uow.connection, uow.vault)
    event = await shelf.event_of(delivery.id)
    if event is None:
        return
    if isinstance(outcome, Acknowledged):
        await shelf.settle(event.id, "acknowledged", at)
        await shelf.told(event.subscription, at)
        if event.kind == announcing.HANDSHAKE:
            await shelf.set_state(event.subscription, "active", at)
        return
    if delivery.state == deliveries.FAILED:
        await shelf.settle(event.id, "failed", at)
    await _failed(uow, event.subscription, outcome.cause, at, given_up=delivery.state == deliveries.FAILED)


async def _failed(uow: UnitOfWork, subscription: UUID, cause: str, at: datetime, *, given_up: bool) -> None:
    shelf = Subscriptions(uow.connection, uow.vault)
    if await shelf.failed(subscription, cause, at) >= FAILURES or given_up:
        await shelf.set_state(subscription, "error", at, cause)


async def beat(store: Store, hooks: Hooks, now: datetime, seconds: float) -> int:
    """Tell every subscription that asked for it that we live; returns how many. One process at a time does one."""
    async with store.unit_of_work() as uow:
        if await uow.registry.is_held():
            return 0
        shelf = Subscriptions(uow.connection, uow.vault)
        silent = [each for each in await shelf.beating(now) if subscriptions.is_live(each, now)]
        ways = [(each, await hooks.to(uow, each, now)) for each in silent]
        for each in silent:
            await shelf.beaten(each.id, now)
        await uow.commit()
    for each, hook in ways:
        outcome = await hook.tell(Signal(each.organization, HEARTBEAT), idempotency_key=str(new_id()), seconds=seconds)
        async with store.unit_of_work() as uow:
            if isinstance(outcome, Acknowledged):
                await Subscriptions(uow.connection, uow.vault).told(each.id, now)
            else:
                await _failed(uow, each.id, outcome.cause, now, given_up=False)
            await uow.commit()
    return len(ways)

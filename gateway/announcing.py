"""What happens is announced to those who subscribed: one sending for each event and subscription, decided when it goes.

Nothing is decided here and nobody hears anything yet. An event whose telling is refused at its point leaves no trace at
the subscriber: its number within the subscription is given only when it first passes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from consent.codes import CLASS_PREFIX, Category, Purpose
from consent.model import Item, Person
from consent.request import DisclosureRequest
from gateway import delivery as deliveries
from gateway.store.repositories.exchange import new_id
from gateway.store.repositories.subscriptions import StoredNotification, StoredSubscription, Subscriptions
from gateway.store.unit_of_work import UnitOfWork
from mappings.fhir.subscription import Topic

NOTIFICATION: Final = "notification"
"""The kind of a sending that tells a subscriber of an event."""

HANDSHAKE: Final = "handshake"
ANSWER: Final = "answer"
CUSTODY: Final = "custody"
CONSENT: Final = "consent"
ENDED: Final = "ended"

NAMESPACE: Final = UUID("5d1f2f5e-8a55-5c0b-9d5e-6a0f1f0e9b37")  # of our own, for uuid5 (RFC 9562)
TIME_LIMIT: Final = timedelta(days=7)
ATTEMPTS: Final = 20  # about half a day
_THAT_THERE_IS_ONE: Final = frozenset({Category.IDENTITY, Category.PARTICIPATION})


async def announce(  # noqa: PLR0913  -- each is a fact about one event
    uow: UnitOfWork,
    told: StoredSubscription,
    kind: str,
    cause: str,
    *,
    about: Mapping[str, Any],
    due_at: datetime,
    at: datetime,
    participant: UUID | None = None,
    request: DisclosureRequest | None = None,
) -> bool:
    """Queue the telling of one event, in the caller's transaction. False: it is there already, for the same `cause`."""
    identity = uuid5(NAMESPACE, f"{told.id}|{kind}|{cause}")
    if await uow.deliveries.get(identity) is not None:
        return False
    await deliveries.queue(
        uow,
        participant=participant,
        recipient=told.organization,
        exchange=None,
        request=request,
        due_at=due_at,
        at=at,
        kind=NOTIFICATION,
        expires_at=due_at + TIME_LIMIT,
        max_attempts=ATTEMPTS,
        identity=identity,
    )
    event = StoredNotification(new_id(), told.id, kind, participant, identity, "waiting", dict(about), at)
    await Subscriptions(uow.connection, uow.vault).add_event(event)
    return True


async def answer_due(uow: UnitOfWork, organization: str, question: UUID, due_at: datetime, at: datetime) -> None:
    """Have an organization told, at that moment, that the answer to its question is due.

    INVARIANT: queued with the question, before anybody is looked up: the same for a known and an unknown person.
    """
    for told in await Subscriptions(uow.connection, uow.vault).active(Topic.ANSWER, [organization]):
        about = {"question": str(question)}
        await announce(uow, told, ANSWER, str(question), about=about, due_at=due_at, at=at)


async def custody_changed(uow: UnitOfWork, participant: UUID, item: Item, at: datetime) -> int:
    """Have subscribers told of a booking or release, if that may be told them when it goes. Returns how many."""
    made = 0
    for told in await Subscriptions(uow.connection, uow.vault).active(Topic.CUSTODY):
        if told.organization == item.source or not _wants(told, participant):
            continue
        request = request_of(told, participant, (item.id,), at)
        cause = f"{item.id}/{item.version}"
        about = {"items": [item.id]}
        made += await announce(
            uow, told, CUSTODY, cause, about=about, due_at=at, at=at, participant=participant, request=request
        )
    return made


async def consent_changed(uow: UnitOfWork, participant: UUID, consent: UUID, due_at: datetime, at: datetime) -> int:
    """Have recipients of a consent told that it is there or has changed. Returns how many.

    That a form names somebody is itself about the participant: it is told only where who the participant is may be
    told, under this very consent or another basis.
    """
    subscribed = await Subscriptions(uow.connection, uow.vault).active(Topic.CONSENT)
    if not subscribed:
        return 0
    found = [each for each in await uow.consents.signed(participant) if each[0].id == str(consent)]
    named = {name for signed, _ in found for grant in signed.grants for name in grant.recipient}
    items, made = await _who(uow, participant), 0
    for told in subscribed:
        reaches = told.organization in named or any(name.startswith(CLASS_PREFIX) for name in named)
        if not reaches or not items or not _wants(told, participant):
            continue
        request = request_of(told, participant, items, at)
        about = {"consent": str(consent), "items": list(items)}
        cause = f"{consent}/{found[0][1]}"
        made += await announce(
            uow, told, CONSENT, cause, about=about, due_at=due_at, at=at, participant=participant, request=request
        )
    return made


async def _who(uow: UnitOfWork, participant: UUID) -> tuple[str, ...]:
    return tuple(item.id for item in await uow.record.items(participant) if item.category in _THAT_THERE_IS_ONE)


async def permission_ended(
    uow: UnitOfWork,
    participant: UUID,
    recipient: str,
    *,
    notice: UUID,
    consent: str,
    due_at: datetime,
    at: datetime,
) -> int:
    """Have a subscriber told that a permission is over, under which it has received something. Returns how many.

    `notice`: the sending that says the same at the recipient's own endpoint (gateway.ending); it is asked again at the
    point whether that is still owed.
    """
    made = 0
    for told in await Subscriptions(uow.connection, uow.vault).active(Topic.CONSENT, [recipient]):
        if _wants(told, participant):
            about = {"notice": str(notice), "consent": consent}
            made += await announce(
                uow, told, ENDED, str(notice), about=about, due_at=due_at, at=at, participant=participant
            )
    return made


def _wants(told: StoredSubscription, participant: UUID) -> bool:
    return told.detail.get("patient") is None or str(participant) in told.detail.get("participants", ())


def request_of(told: StoredSubscription, participant: UUID, items: tuple[str, ...], at: datetime) -> DisclosureRequest:
    """Give the request that a subscription makes about one event, under the purpose of the token it was made with."""
    person = told.detail.get("person")
    return DisclosureRequest(
        id=str(new_id()),
        at=at,
        requester=told.organization,
        participant=str(participant),
        purpose=Purpose(told.detail["purpose"]),
        person=None if person is None else Person(person["name"], person["role"]),
        items=items,
    )

"""What partners' systems are told, as the API needs it: subscriptions and their events, answers, attestations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from consent.disclosure import Disclosure, NeutralAnswer
from gateway import announcing, answers, attesting, subscriptions
from gateway.attesting import Attestation
from gateway.disclosure import disclose
from gateway.log import get_logger
from gateway.public_ids import public_ids
from gateway.store.repositories.subscriptions import StoredNotification, StoredSubscription, Subscriptions
from gateway.store.unit_of_work import Store
from gateway.store.values import Grant
from gateway.store.vault import UNREADABLE, Vault
from mappings.fhir.notification import Event, focus_of
from mappings.fhir.subscription import Content, Shown, Topic, Wanted

MOST_EVENTS: Final = 20
"""So many events are told again at once."""

_log = get_logger(__name__)


class Telling:
    """What a partner's system may do about being told."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def subscribe(self, grant: Grant, wanted: Wanted, at: datetime) -> Shown:
        """Make a subscription. Raises gateway.subscriptions.NotSubscribedError."""
        return _shown(await subscriptions.subscribe(self._store, grant, wanted, at))

    async def subscription(self, grant: Grant, identity: str) -> Shown | None:
        """Give an own subscription."""
        found = await self._own(grant, identity)
        return None if found is None else _shown(found)

    async def subscriptions(self, grant: Grant) -> Sequence[Shown]:
        """Give all own subscriptions, oldest first."""
        return [_shown(found) for found in await subscriptions.all_own(self._store, grant)]

    async def unsubscribe(self, grant: Grant, identity: str, at: datetime) -> bool:
        """End an own subscription. False: there is none by that id."""
        found = _uuid(identity)
        return found is not None and await subscriptions.end(self._store, grant, found, at)

    async def events(
        self, grant: Grant, identity: str, since: int, until: int, at: datetime
    ) -> tuple[Shown, Sequence[Event]] | None:
        """Tell events of an own subscription again, the oldest first, MOST_EVENTS at most. None: none by that id.

        Each is decided anew: what may no longer be told is a number and a moment, which were told before.
        """
        found = await self._own(grant, identity)
        if found is None:
            return None
        async with self._store.unit_of_work() as uow:
            shelf = Subscriptions(uow.connection, uow.vault)
            kept = await shelf.events(found.id, since, until, MOST_EVENTS)
        return _shown(found), [await self._again(found, event, at) for event in kept]

    async def _again(self, told: StoredSubscription, event: StoredNotification, at: datetime) -> Event:
        number, content = event.number or 0, Content(told.content)
        if event.kind == announcing.ANSWER and content is not Content.EMPTY:
            return Event(number, event.at, (f"Task/{event.about['question']}",))
        if event.participant is None or not event.about.get("items") or content is Content.EMPTY:
            return Event(number, event.at)
        sealed = await self._decided(told, event, event.participant, at)
        if not isinstance(sealed, Disclosure):
            return Event(number, event.at)
        ids = await public_ids(Vault(self._store.keys), told.organization)
        consent = event.about.get("consent")
        return Event(number, event.at, focus_of(sealed, Topic(told.topic), content, ids.given, consent))

    async def _decided(
        self, told: StoredSubscription, event: StoredNotification, participant: UUID, at: datetime
    ) -> Disclosure | NeutralAnswer | None:
        request = announcing.request_of(told, participant, tuple(event.about["items"]), at)
        try:
            return await disclose(self._store, request, reference=request.id)
        except UNREADABLE as error:
            _log.error("record unreadable", subscription=str(told.id), error_class=type(error).__name__)
            return None

    async def _own(self, grant: Grant, identity: str) -> StoredSubscription | None:
        found = _uuid(identity)
        return None if found is None else await subscriptions.own(self._store, grant, found)

    async def answer(self, grant: Grant, reference: str, at: datetime) -> Disclosure | NeutralAnswer | None:
        """Give the answer to an own question (gateway.answers). None: no such question, or not due."""
        found = _uuid(reference)
        return None if found is None else await answers.answer(self._store, grant.organization, found, at)

    async def attest(self, grant: Grant, said: Attestation, at: datetime) -> bool:
        """Keep a promise for this session (gateway.attesting)."""
        return await attesting.attest(self._store, grant, said, at)


def _shown(found: StoredSubscription) -> Shown:
    return subscriptions.without_secret(subscriptions.shown(found))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == len(str(UUID(int=0))) else None
    except ValueError:
        return None

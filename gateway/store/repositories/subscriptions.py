"""Subscriptions of partners' systems, and each event of one: what it is about, and whether it was acknowledged.

What a subscription filters by, shows at its endpoint, and pulls for is sealed under a key of the site.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.store.partner_tables import notification, subscription
from gateway.store.tables import delivery
from gateway.store.vault import Vault, row

KEY: Final = "subscriptions"
LIVE: Final = ("requested", "active")
_SHOWN: Final = {"queued": "waiting", "sending": "waiting", "delivered": "acknowledged"}
"""What the state of a sending means for its event; every other is called the same."""


@dataclass(frozen=True, slots=True)
class StoredSubscription:
    """A subscription. `detail`: purpose, person, bearer, participant (a row id): what is sealed.

    `state`: requested | active | error | off. `events`: how many have left; `failures`: how often in a row it failed.
    """

    id: UUID
    client_id: str
    organization: str
    topic: str
    endpoint: str
    content: str
    state: str
    detail: dict[str, Any]
    heartbeat: int | None
    created_at: datetime
    events: int = 0
    failures: int = 0
    cause: str | None = None
    told_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredNotification:
    """One event. `kind`: handshake | answer | custody | consent | ended; `about`: ids of what it is about.

    `number`: from 1 within its subscription, given when it first passes its point; None: nothing has left.
    """

    id: UUID
    subscription: UUID
    kind: str
    participant: UUID | None
    delivery: UUID | None
    state: str
    about: dict[str, Any]
    at: datetime
    number: int | None = None
    acknowledged_at: datetime | None = None


class Subscriptions:
    """The subscriptions of a site and their events."""

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    async def add(self, made: StoredSubscription) -> None:
        """Keep a new subscription."""
        sealed = await self._vault.seal(KEY, made.detail, table="subscription", row=row(made.id))
        values = {
            "id": made.id,
            "client_id": made.client_id,
            "organization": made.organization,
            "participant": None,  # whom a filter names is sealed: whether anybody has that id must not show
            "topic": made.topic,
            "endpoint": made.endpoint,
            "content": made.content,
            "state": made.state,
            "sealed": sealed,
            "heartbeat_seconds": made.heartbeat,
            "created_at": made.created_at,
            "updated_at": made.created_at,
            "expires_at": made.expires_at,
        }
        await self._connection.execute(insert(subscription).values(values))

    async def get(self, identity: UUID, *, lock: bool = False) -> StoredSubscription | None:
        """One subscription."""
        statement = select(subscription).where(subscription.c.id == identity)
        found = (await self._connection.execute(statement.with_for_update() if lock else statement)).one_or_none()
        return None if found is None else await self._open(found)

    async def of_client(self, client_id: str) -> list[StoredSubscription]:
        """Give the subscriptions of one system that have not been ended by it, oldest first."""
        t = subscription
        statement = select(t).where(t.c.client_id == client_id, t.c.state != "off").order_by(t.c.id)
        return [await self._open(found) for found in (await self._connection.execute(statement)).all()]

    async def every(self) -> list[StoredSubscription]:
        """Give all subscriptions, oldest first."""
        rows = (await self._connection.execute(select(subscription).order_by(subscription.c.id))).all()
        return [await self._open(found) for found in rows]

    async def active(self, topic: str, organizations: Sequence[str] | None = None) -> list[StoredSubscription]:
        """Give the active subscriptions to a topic, of these organizations or of all, oldest first."""
        t = subscription
        statement = select(t).where(t.c.topic == topic, t.c.state == "active").order_by(t.c.id)
        if organizations is not None:
            statement = statement.where(t.c.organization.in_(list(organizations)))
        return [await self._open(found) for found in (await self._connection.execute(statement)).all()]

    async def beating(self, now: datetime) -> list[StoredSubscription]:
        """Give the active subscriptions that were to be told by now that we live, the longest silent first."""
        t = subscription
        silent = func.coalesce(t.c.told_at, t.c.created_at)
        due = silent + t.c.heartbeat_seconds * func.make_interval(0, 0, 0, 0, 0, 0, 1) <= now
        statement = select(t).where(t.c.state == "active", t.c.heartbeat_seconds.is_not(None), due).order_by(silent)
        rows = (await self._connection.execute(statement.with_for_update(skip_locked=True).limit(100))).all()
        return [await self._open(found) for found in rows]

    async def _open(self, found: Any) -> StoredSubscription:
        detail = await self._vault.open_json(KEY, found.sealed, table="subscription", row=row(found.id))
        return StoredSubscription(
            found.id,
            found.client_id,
            found.organization,
            found.topic,
            found.endpoint,
            found.content,
            found.state,
            detail,
            found.heartbeat_seconds,
            found.created_at,
            found.events,
            found.failures,
            found.cause,
            found.told_at,
            found.expires_at,
        )

    async def set_state(self, identity: UUID, state: str, at: datetime, cause: str | None = None) -> None:
        """Change the state of a subscription; one that its owner has ended stays so."""
        t = subscription
        statement = update(t).where(t.c.id == identity, t.c.state != "off")
        await self._connection.execute(statement.values(state=state, cause=cause, updated_at=at))

    async def told(self, identity: UUID, at: datetime) -> None:
        """Record that something has arrived there."""
        statement = update(subscription).where(subscription.c.id == identity)
        await self._connection.execute(statement.values(told_at=at, failures=0, updated_at=at))

    async def beaten(self, identity: UUID, at: datetime) -> None:
        """Record that a heartbeat is on its way, so that nobody else sends the same."""
        await self._connection.execute(update(subscription).where(subscription.c.id == identity).values(told_at=at))

    async def failed(self, identity: UUID, cause: str, at: datetime) -> int:
        """Count an attempt that did not arrive; returns how many there were in a row."""
        t = subscription
        statement = update(t).where(t.c.id == identity).values(failures=t.c.failures + 1, cause=cause, updated_at=at)
        return int((await self._connection.execute(statement.returning(t.c.failures))).scalar_one())

    async def add_event(self, made: StoredNotification) -> None:
        """Keep an event that is to be told."""
        values = {
            "id": made.id,
            "subscription": made.subscription,
            "kind": made.kind,
            "number": made.number,
            "participant": made.participant,
            "delivery": made.delivery,
            "state": made.state,
            "sealed": await self._vault.seal(KEY, made.about, table="notification", row=row(made.id)),
            "at": made.at,
        }
        await self._connection.execute(insert(notification).values(values))

    async def event_of(self, delivery: UUID) -> StoredNotification | None:
        """Give the event that a delivery tells."""
        statement = select(notification).where(notification.c.delivery == delivery)
        found = (await self._connection.execute(statement)).one_or_none()
        return None if found is None else await self._open_event(found)

    async def number(self, event: StoredNotification) -> int:
        """Give an event its number within its subscription, once, in the transaction in which it first may leave."""
        t, s = notification, subscription
        if event.number is not None:
            return event.number
        grown = update(s).where(s.c.id == event.subscription).values(events=s.c.events + 1).returning(s.c.events)
        number = int((await self._connection.execute(grown)).scalar_one())
        await self._connection.execute(update(t).where(t.c.id == event.id).values(number=number))
        return number

    async def settle(self, event: UUID, state: str, at: datetime) -> None:
        """Record what became of an event: acknowledged, suppressed or failed."""
        values: dict[str, Any] = {"state": state}
        if state == "acknowledged":
            values["acknowledged_at"] = at
        await self._connection.execute(update(notification).where(notification.c.id == event).values(values))

    async def events(self, identity: UUID, since: int, until: int, limit: int) -> list[StoredNotification]:
        """Give the numbered events of a subscription in a range, both ends included, the oldest first."""
        t = notification
        statement = select(t).where(t.c.subscription == identity, t.c.number >= since, t.c.number <= until)
        rows = (await self._connection.execute(statement.order_by(t.c.number).limit(limit))).all()
        return [await self._open_event(found) for found in rows]

    async def counts(self, identity: UUID) -> dict[str, int]:
        """How many events of a subscription are in each state, the handshakes left out: as their sendings are."""
        t, d = notification, delivery
        statement = (
            select(d.c.state, func.count().label("number"))
            .join_from(t, d, t.c.delivery == d.c.id)
            .where(t.c.subscription == identity, t.c.kind != "handshake")
            .group_by(d.c.state)
        )
        found: Counter[str] = Counter()
        for each in await self._connection.execute(statement):
            found[_SHOWN.get(each.state, each.state)] += each.number
        return dict(found)

    async def _open_event(self, found: Any) -> StoredNotification:
        about = await self._vault.open_json(KEY, found.sealed, table="notification", row=row(found.id))
        return StoredNotification(
            found.id,
            found.subscription,
            found.kind,
            found.participant,
            found.delivery,
            found.state,
            about,
            found.at,
            found.number,
            found.acknowledged_at,
        )

    async def forget(self, before: datetime) -> int:
        """Drop events that are older than a moment; returns how many. Their sendings have ended long before."""
        statement = delete(notification).where(notification.c.at < before)
        return (await self._connection.execute(statement)).rowcount

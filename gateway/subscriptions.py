"""Subscriptions of partners' systems: made, shown, ended, kept alive.

A subscription permits nothing: each event is decided anew when it goes (gateway.notifying). Justice and community
partners may subscribe only to the answers to their own questions (LEAD GR-04).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from adapters.addresses import AddressError, checked
from consent.codes import COMMUNITY_KINDS, COUNSEL_KINDS, HEALTH_KINDS, JUSTICE_KINDS, OrganizationKind
from gateway import announcing, ledger
from gateway.parties import meant
from gateway.permissions import may_receive
from gateway.public_ids import PublicIds, public_ids
from gateway.store.repositories.exchange import new_id
from gateway.store.repositories.subscriptions import LIVE, StoredSubscription, Subscriptions
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import Grant
from mappings.fhir.subscription import Content, Shown, Topic, Wanted

MOST: Final = 20
"""So many subscriptions may one system have at a time."""

_EVERY: Final = frozenset(Topic)
TOPICS: Final[Mapping[OrganizationKind, frozenset[Topic]]] = MappingProxyType(
    dict.fromkeys(HEALTH_KINDS | COUNSEL_KINDS, _EVERY)
    | dict.fromkeys((OrganizationKind.CASE_MANAGEMENT, OrganizationKind.HEALTH_PLAN), _EVERY)
    | dict.fromkeys(JUSTICE_KINDS | COMMUNITY_KINDS, frozenset({Topic.ANSWER}))
)
"""What each kind of organization may subscribe to (GR-04; to answers only, where justice is concerned)."""


class NotSubscribedError(Exception):
    """A subscription is not made. `rule`: one of RULES, which says nothing of any participant."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


AGREEMENT: Final = "agreement"
TOPIC: Final = "topic"
PURPOSE: Final = "purpose"
ADDRESS: Final = "address"
TOO_MANY: Final = "too-many"
OVER: Final = "over"
RULES: Final = frozenset({AGREEMENT, TOPIC, PURPOSE, ADDRESS, TOO_MANY, OVER})


@dataclass(frozen=True, slots=True)
class Listed:
    """A subscription as staff see it: no secret of it, nobody it is about; how its events fared."""

    subscription: StoredSubscription
    counts: Mapping[str, int]


async def subscribe(store: Store, grant: Grant, wanted: Wanted, at: datetime) -> StoredSubscription:
    """Keep a new subscription and queue its handshake. Raises NotSubscribedError.

    INVARIANT: whether a filter names anybody is not asked: the answer would tell.
    """
    async with store.unit_of_work() as uow:
        shelf = Subscriptions(uow.connection, uow.vault)
        await _may(uow, grant, wanted, at)
        if len(await shelf.of_client(grant.client_id)) >= MOST:
            raise NotSubscribedError(TOO_MANY)
        made = _made(grant, wanted, await public_ids(uow.vault, grant.organization), at)
        await shelf.add(made)
        kind = announcing.HANDSHAKE
        await announcing.announce(uow, made, kind, "1", about={}, due_at=at, at=at)
        await _account(uow, "subscription", made, at)
        await uow.commit()
    return made


async def _may(uow: UnitOfWork, grant: Grant, wanted: Wanted, at: datetime) -> None:
    organization, site = await uow.registry.organization(grant.organization), await uow.registry.site()
    if organization is None or site is None or not may_receive(organization, site, at):
        raise NotSubscribedError(AGREEMENT)
    if wanted.topic not in TOPICS.get(organization.kind, frozenset()):
        raise NotSubscribedError(TOPIC)
    if wanted.topic is not Topic.ANSWER and grant.purpose is None:
        raise NotSubscribedError(PURPOSE)
    if wanted.end is not None and wanted.end <= at:
        raise NotSubscribedError(OVER)
    try:
        checked(wanted.endpoint, private=await is_demo(uow))
    except AddressError:
        raise NotSubscribedError(ADDRESS) from None


async def is_demo(uow: UnitOfWork) -> bool:
    """Say whether addresses of this machine may be called: only a demo's partners live there."""
    return await uow.registry.mark() == "demo"


def _made(grant: Grant, wanted: Wanted, ids: PublicIds, at: datetime) -> StoredSubscription:
    person = None if grant.person is None else {"name": grant.person.name, "role": grant.person.role}
    return StoredSubscription(
        id=new_id(),
        client_id=grant.client_id,
        organization=grant.organization,
        topic=wanted.topic.value,
        endpoint=wanted.endpoint,
        content=wanted.content.value,
        state="requested",
        detail={
            "purpose": None if grant.purpose is None else grant.purpose.value,
            "person": person,
            "bearer": wanted.bearer,
            "patient": wanted.patient,
            "participants": [] if wanted.patient is None else [str(row) for row in meant(ids, wanted.patient)],
        },
        heartbeat=wanted.heartbeat,
        created_at=at,
        expires_at=wanted.end,
    )


async def _account(uow: UnitOfWork, kind: str, told: StoredSubscription, at: datetime, by: str | None = None) -> None:
    """Put on the ledger that somebody wants to be told, or no more: no participant has a part in it."""
    content = {"subscription": str(told.id), "client": told.client_id, "topic": told.topic, "content": told.content}
    content |= {} if by is None else {"by": by}
    await ledger.append(uow, kind, at=at, content=content, organization=told.organization)


async def own(store: Store, grant: Grant, identity: UUID) -> StoredSubscription | None:
    """Give a subscription to the system that made it; None for anybody else, and for one that it has ended."""
    async with store.unit_of_work() as uow:
        found = await Subscriptions(uow.connection, uow.vault).get(identity)
    return found if _owns(grant, found) else None


def _owns(grant: Grant, found: StoredSubscription | None) -> bool:
    same = found is not None and found.client_id == grant.client_id and found.organization == grant.organization
    return same and found is not None and found.state != "off"


async def all_own(store: Store, grant: Grant) -> list[StoredSubscription]:
    """Give a system the subscriptions that it has, oldest first."""
    async with store.unit_of_work() as uow:
        found = await Subscriptions(uow.connection, uow.vault).of_client(grant.client_id)
    return [each for each in found if _owns(grant, each)]


async def end(store: Store, grant: Grant, identity: UUID, at: datetime) -> bool:
    """End a subscription at its owner's word: nothing more is told. False: the system has none by that id."""
    async with store.unit_of_work() as uow:
        shelf = Subscriptions(uow.connection, uow.vault)
        found = await shelf.get(identity, lock=True)
        if found is None or not _owns(grant, found):
            return False
        await shelf.set_state(identity, "off", at)
        await _account(uow, "subscription-ended", found, at)
        await uow.commit()
    return True


async def switch_off(store: Store, identity: UUID, at: datetime, *, by: str) -> bool:
    """End a subscription at a staff member's word. False: there is none by that id, or it has ended."""
    async with store.unit_of_work() as uow:
        shelf = Subscriptions(uow.connection, uow.vault)
        found = await shelf.get(identity, lock=True)
        if found is None or found.state == "off":
            return False
        await shelf.set_state(identity, "off", at)
        await _account(uow, "subscription-ended", found, at, by)
        await uow.commit()
    return True


async def listed(store: Store) -> list[Listed]:
    """Give all subscriptions with how their events fared, for staff."""
    async with store.unit_of_work() as uow:
        shelf = Subscriptions(uow.connection, uow.vault)
        return [Listed(each, await shelf.counts(each.id)) for each in await shelf.every()]


def shown(found: StoredSubscription) -> Shown:
    """Give a subscription as its owner sees it."""
    wanted = Wanted(
        topic=Topic(found.topic),
        endpoint=found.endpoint,
        content=Content(found.content),
        heartbeat=found.heartbeat,
        bearer=found.detail.get("bearer"),
        patient=found.detail.get("patient"),
        end=found.expires_at,
    )
    return Shown(str(found.id), found.state, wanted, found.events, found.cause if found.state == "error" else None)


def without_secret(told: Shown) -> Shown:
    """Give the same without what is shown at its endpoint."""
    return replace(told, wanted=replace(told.wanted, bearer=None))


def is_live(found: StoredSubscription, at: datetime) -> bool:
    """Say whether a subscription still wants to be told."""
    return found.state in LIVE and (found.expires_at is None or found.expires_at > at)

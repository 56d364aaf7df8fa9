"""Whom an exchange may be offered to: those whom the participant's own grants name, as the law decides today. Pure.

Each possible recipient is decided about as if it asked. What is found here permits nothing yet: the same request is
decided again at the point of no return.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from consent.codes import CLASS_PREFIX, Category
from consent.decision import Released
from consent.engine import decide
from consent.facts import Facts
from consent.model import ConsentGrant, Item, Organization, Person
from consent.request import DisclosureRequest
from gateway.exchanges.configured import Promise
from gateway.exchanges.triggers import addressees
from mappings.tables.exchanges import Content, Exchange

_BY_CONSENT: Final = "consent:"


@dataclass(frozen=True, slots=True)
class Occasion:
    """What set an exchange off, about whom, when; `items` are ids, empty where no single item did."""

    participant: str
    items: frozenset[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """What could go to one recipient now: the request, and the categories of the items that it would release."""

    recipient: Organization
    request: DisclosureRequest
    categories: frozenset[Category]


def offers(
    exchange: Exchange, facts: Facts, occasion: Occasion, promises: Mapping[str, Promise], only: str | None = None
) -> Iterator[Offer]:
    """Yield one offer for each recipient, by id; nothing for whom no grant lets anything through.

    `promises`: what recipients have promised for what is pushed to them (LEAD GR-05), by organization. `only`: this
    recipient and no other.
    """
    for name in sorted(facts.organizations):
        recipient = facts.organizations[name]
        if recipient.kind not in exchange.kinds or only not in (None, name):
            continue
        items = _items(exchange, facts, occasion, recipient)
        found = _offer(exchange, facts, occasion, recipient, items, promises.get(name)) if items else None
        if found is not None:
            yield found


def _items(exchange: Exchange, facts: Facts, occasion: Occasion, recipient: Organization) -> tuple[str, ...]:
    """Return the ids that a recipient could be told: of the exchange's categories, and never what it sent itself."""
    return tuple(
        item.id
        for item in facts.record or ()
        if item.participant == occasion.participant
        and item.category in exchange.categories
        and item.source != recipient.id
        and (exchange.content is Content.RECORD or item.id in occasion.items)
        and (not exchange.addressed or recipient.id in addressees(item))
    )


def _offer(
    exchange: Exchange,
    facts: Facts,
    occasion: Occasion,
    recipient: Organization,
    items: tuple[str, ...],
    promise: Promise | None,
) -> Offer | None:
    """Return the first purpose and role under which a grant lets something through."""
    grants = list(_grants(facts, recipient))
    for purpose in exchange.purposes:
        for role in dict.fromkeys(grant.role for grant in grants if purpose in grant.purposes):
            person = None if promise is None and role is None else Person(promise.person if promise else "", role or "")
            request = DisclosureRequest(
                id="",
                at=occasion.at,
                requester=recipient.id,
                participant=occasion.participant,
                purpose=purpose,
                person=person,
                items=items,
                attested=True if promise is not None else None,
            )
            released = _by_consent(exchange, facts, recipient, decide(request, facts).released)
            if released:
                request = replace(request, items=tuple(each.item for each in released))
                return Offer(recipient, request, frozenset(each.category for each in released))
    return None


def _grants(facts: Facts, recipient: Organization) -> Iterator[ConsentGrant]:
    """Yield the grants that may reach a recipient, by its id or by a class. Whether they do, the rules decide."""
    for consent in facts.consents or ():
        for grant in consent.grants:
            if recipient.id in grant.recipient or any(name.startswith(CLASS_PREFIX) for name in grant.recipient):
                yield grant


def _by_consent(
    exchange: Exchange, facts: Facts, recipient: Organization, released: Iterable[Released]
) -> tuple[Released, ...]:
    """Keep what a grant lets through, no other basis: what is pushed, the participant has signed for.

    Toward the kinds of `own_grant`, only what a grant lets through that names this recipient and nobody else.
    """
    alone = recipient.kind in exchange.own_grant
    own = {
        f"{_BY_CONSENT}{consent.id}/{grant.id}"
        for consent in facts.consents or ()
        for grant in consent.grants
        if not alone or grant.recipient == {recipient.id}
    }
    return tuple(each for each in released if each.basis in own)


def item_of(facts: Facts, identity: str) -> Item | None:
    """Return an item of the record by its id."""
    return next((item for item in facts.record or () if item.id == identity), None)

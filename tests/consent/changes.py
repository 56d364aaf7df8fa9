"""Changes of a world: each stops more, consents to less, or only puts things in another order."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from consent.codes import JUSTICE_KINDS, Integrity, RevocationMode
from consent.facts import Facts
from consent.matter import matter_of
from consent.model import Consent, ConsentGrant, Hold, Restriction, Revocation
from consent.request import DisclosureRequest
from tests.consent.builders import BY_ID

SECOND = timedelta(seconds=1)
VOID = ("grant.proceeding-alone", "grant.notes-alone", "grant.notes-category")
World = tuple[DisclosureRequest, Facts]
Change = Callable[[DisclosureRequest, Facts, random.Random], World | None]


def with_consents(facts: Facts, alter: Callable[[Consent], Consent]) -> Facts:
    return replace(facts, consents=tuple(map(alter, facts.consents or ())))


def some_grants(facts: Facts, dice: random.Random) -> Any:
    known = sorted({grant.id for each in facts.consents or () for grant in each.grants})
    return dice.choice(["all", frozenset(known[:1]), frozenset({"g9"}), frozenset()])


def hold(request: DisclosureRequest, facts: Facts, dice: random.Random) -> World:
    new = Hold(request.participant, request.at - dice.choice([SECOND, -SECOND, 0 * SECOND]), some_grants(facts, dice))
    return request, replace(facts, holds=(*(facts.holds or ()), new))


def revocation(request: DisclosureRequest, facts: Facts, dice: random.Random) -> World | None:
    new = Revocation(request.at, some_grants(facts, dice), dice.choice(list(RevocationMode)))
    if not facts.consents:
        return None
    return request, with_consents(facts, lambda each: replace(each, revocations=(*each.revocations, new)))


def restriction(request: DisclosureRequest, facts: Facts, dice: random.Random) -> World:
    categories = dice.choice([None, frozenset({each.category for each in (facts.record or ())[:1]})])
    new = Restriction(request.participant, request.requester, dice.choice([True, True, False]), categories)
    return request, replace(facts, restrictions=(*(facts.restrictions or ()), new))


def doubt(request: DisclosureRequest, facts: Facts, dice: random.Random) -> World | None:
    doubted = dice.choice([Integrity.SUSPECT, Integrity.UNREADABLE])
    if not facts.consents:
        return None
    return request, with_consents(
        facts, lambda each: replace(each, integrity=max(each.integrity, doubted, key=list(Integrity).index))
    )


def lapse(request: DisclosureRequest, facts: Facts, _dice: random.Random) -> World | None:
    asker = facts.organizations.get(request.requester)
    if asker is None:
        return None
    lapsed = replace(asker, agreement_expires=date(2020, 1, 1))
    return request, replace(facts, organizations={**facts.organizations, asker.id: lapsed})


def fewer_consents(request: DisclosureRequest, facts: Facts, dice: random.Random) -> World | None:
    given = list(facts.consents or ())
    readable = [each for each in given if each.integrity is not Integrity.UNREADABLE]
    if not readable:
        return None
    given.remove(dice.choice(readable))
    return request, replace(facts, consents=tuple(given))


def fewer_grants(request: DisclosureRequest, facts: Facts, dice: random.Random) -> World | None:
    if not facts.consents:
        return None

    def without(each: Consent) -> Consent:
        gone = dice.choice([*each.grants, None])
        return replace(each, grants=tuple(grant for grant in each.grants if grant is not gone))

    return request, with_consents(facts, without)


def narrower(field: str) -> Change:
    """Take one value out of a field of each grant; a void grant may heal by that, as 2.31(b) and (d) want: left out."""

    def change(request: DisclosureRequest, facts: Facts, dice: random.Random) -> World | None:
        matter = matter_of(request, facts)

        def narrow(given: Consent, grant: ConsentGrant) -> ConsentGrant:
            if any(BY_ID[name].check(matter, given, grant).state.value == "violated" for name in VOID):
                return grant
            values = sorted(getattr(grant, field))
            left: dict[str, Any] = {field: frozenset(dice.sample(values, max(len(values) - 1, 0)))}
            return replace(grant, **left)

        if not facts.consents:
            return None
        return request, with_consents(
            facts, lambda each: replace(each, grants=tuple(narrow(each, grant) for grant in each.grants))
        )

    change.__name__ = f"fewer_{field}"
    return change


def earlier(request: DisclosureRequest, facts: Facts, dice: random.Random) -> World | None:
    def narrow(grant: ConsentGrant) -> ConsentGrant:
        if not isinstance(grant.expires, datetime):
            return grant
        return replace(grant, expires=min(grant.expires, request.at + dice.choice([SECOND, 0 * SECOND])))

    if not facts.consents:
        return None
    return request, with_consents(facts, lambda each: replace(each, grants=tuple(map(narrow, each.grants))))


def fewer_days(request: DisclosureRequest, facts: Facts, dice: random.Random) -> World | None:
    def narrow(grant: ConsentGrant) -> ConsentGrant:
        since, until = date(2026, dice.randint(1, 12), 8), date(2026, dice.randint(1, 12), 20)
        return replace(
            grant,
            record_from=max(since, grant.record_from or since),
            record_to=min(until, grant.record_to or until),
        )

    if not facts.consents:
        return None
    return request, with_consents(facts, lambda each: replace(each, grants=tuple(map(narrow, each.grants))))


def a_role_more(request: DisclosureRequest, facts: Facts, _dice: random.Random) -> World | None:
    """Justice needs a role on the grant, so for justice it is no narrowing."""
    asker = facts.organizations.get(request.requester)
    if asker is None or asker.kind in JUSTICE_KINDS or not facts.consents:
        return None
    return request, with_consents(
        facts, lambda each: replace(each, grants=tuple(replace(g, role=g.role or "intake") for g in each.grants))
    )


def shuffled(request: DisclosureRequest, facts: Facts, dice: random.Random) -> World:
    def mixed(values: Any) -> Any:
        listed = list(values or ())
        dice.shuffle(listed)
        return tuple(listed)

    def turned(each: Consent) -> Consent:
        return replace(each, grants=mixed(each.grants), revocations=mixed(each.revocations))

    after = replace(
        facts,
        consents=tuple(map(turned, mixed(facts.consents))),
        organizations=dict(mixed(facts.organizations.items())),
        participants=dict(mixed(facts.participants.items())),
        **{name: mixed(getattr(facts, name)) for name in ("holds", "restrictions", "court_orders", "record")},
    )
    return replace(request, items=request.items and mixed(request.items)), after


def all_signed(facts: Facts, at: datetime) -> Facts:
    """The same consents, none of them signed later than at that moment."""
    return with_consents(facts, lambda each: replace(each, signed_at=min(each.signed_at, at)))


STOPS: tuple[Change, ...] = (hold, revocation, restriction, doubt, lapse)
NARROWINGS: tuple[Change, ...] = (
    fewer_consents,
    fewer_grants,
    narrower("discloser"),
    narrower("recipient"),
    narrower("purposes"),
    narrower("categories"),
    earlier,
    fewer_days,
    a_role_more,
)

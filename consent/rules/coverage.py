"""What a grant covers of an item: its source, category and day, up to the ceiling (42 CFR 2.31(a)(2)-(3), 2.13(a))."""

from collections.abc import Hashable
from datetime import date
from typing import Final

from consent.codes import ConsentKind
from consent.days import day_of
from consent.matter import Matter
from consent.model import Consent, ConsentGrant, Item
from consent.rules.ceilings import ceiling
from consent.rules.rule import (
    CONSENT_BASIS,
    Check,
    Effect,
    Parts,
    Rule,
    Scope,
    Verdict,
    among,
    by_content,
    not_applicable,
    satisfied,
    unknown,
    violated,
)

# These rules run on every grant that names the requester, so what they can say is made beforehand.
_SOURCE: Final = satisfied("the grant lists the source")
_OWN_NAME: Final = violated("the grant does not list the case-management organization")
_KEPT: Final = satisfied("the grant lists a case-management organization, which keeps the item")
_NOT_KEPT: Final = violated("the grant lists neither the source nor a case-management organization")
_LISTED: Final = satisfied("the grant lists the category")
_NOT_LISTED: Final = violated("the grant does not list the category")
_WITHIN: Final = satisfied("made within the record dates")
_OUTSIDE: Final = violated("made outside the record dates")


def _discloser(matter: Matter, _consent: Consent, grant: ConsentGrant) -> Parts:
    """2.31(a)(2): the source itself, or whoever keeps for the site what others sent.

    Case-management organizations keep what others sent, and what nobody knows the source of; one organization's own
    items are disclosed under its own name only.
    """
    others = _NOT_KEPT if matter.keepers.isdisjoint(grant.discloser) else _KEPT
    return grant.discloser, _SOURCE, (matter.keepers, _OWN_NAME, others)


def _category(matter: Matter, _consent: Consent, grant: ConsentGrant) -> Parts:
    """2.31(a)(3): the information is described, category by category, what it tells beside its own included."""
    return matter.within(grant.categories), _LISTED, _NOT_LISTED


def _dates(_matter: Matter, _consent: Consent, grant: ConsentGrant) -> Verdict | Parts:
    """2.31(a)(3): of these days, both included, in the site's time zone."""
    if grant.record_from is None and grant.record_to is None:
        return not_applicable("the grant has no record dates")
    first, last = grant.record_from or date.min, grant.record_to or date.max
    return range(first.toordinal(), last.toordinal() + 1), _WITHIN, _OUTSIDE


def _ceiling(matter: Matter, consent: Consent, _grant: ConsentGrant) -> Verdict | Parts:
    """2.13(a), GR-02: however wide the grant, a kind gets no more than its purpose needs."""
    if consent.kind is ConsentKind.PROCEEDING:
        return satisfied("no ceiling under this kind of consent")
    if consent.kind is ConsentKind.NOTES:
        return not_applicable("no ceiling under this kind of consent")
    if matter.kind is None:
        return unknown("it is not known what the requester is")
    most = matter.within(ceiling(matter.kind, matter.request.purpose))
    return among(most, "below the ceiling", "above the ceiling for this recipient and purpose")


def _by_known_source(matter: Matter, item: Item) -> Hashable:
    """Return the source of an item, or None where it is not in the register: such a one matches nothing."""
    return item.source if item.source in matter.facts.organizations else None


def _by_day(matter: Matter, item: Item) -> Hashable:
    """Return the day on which an item was made, in the site's time zone, counted from the first of the calendar."""
    return day_of(item.created, matter.zone).toordinal()


def _covers(identifier: str, check: Check, key: Check, whole: Check, *cites: str) -> Rule:
    return Rule(identifier, Scope.GRANT_ITEM, Effect.REQUIRE, cites, check, CONSENT_BASIS, key=key, whole=whole)


RULES: Final[tuple[Rule, ...]] = (
    _covers(
        "grant.discloser", _discloser, _by_known_source, lambda _consent, grant: grant.discloser, "42 CFR 2.31(a)(2)"
    ),
    _covers("grant.category", _category, by_content, lambda _consent, grant: grant.categories, "42 CFR 2.31(a)(3)"),
    _covers(
        "grant.record-dates",
        _dates,
        _by_day,
        lambda _consent, grant: (grant.record_from, grant.record_to),
        "42 CFR 2.31(a)(3)",
    ),
    _covers(
        "grant.ceiling",
        _ceiling,
        by_content,
        lambda consent, _grant: consent.kind,
        "42 CFR 2.13(a)",
        "LEAD GR-02",
        "45 CFR 164.502(b)",
    ),
)

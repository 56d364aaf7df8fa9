"""What a grant covers of an item: its source, category and day, up to the ceiling (42 CFR 2.31(a)(2)-(3), 2.13(a))."""

from collections.abc import Hashable
from typing import Final

from consent.codes import ConsentKind
from consent.matter import Matter
from consent.model import Consent, ConsentGrant, Item
from consent.rules.ceilings import ceiling
from consent.rules.rule import (
    CONSENT_BASIS,
    Check,
    Effect,
    Rule,
    Scope,
    Verdict,
    by_category,
    by_source,
    either,
    not_applicable,
    satisfied,
    unknown,
    violated,
)


def _discloser(matter: Matter, _consent: Consent, grant: ConsentGrant, item: Item) -> Verdict:
    """2.31(a)(2): the source itself, or whoever keeps for the site what others sent.

    Case-management organizations keep what others sent, and what nobody knows the source of; one organization's own
    items are disclosed under its own name only.
    """
    labels = matter.labels(item)
    if labels.source is not None and labels.source.id in grant.discloser:
        return satisfied("the grant lists the source")
    if labels.held_by_case_management:
        return violated("the grant does not list the case-management organization")
    return either(
        not matter.keepers.isdisjoint(grant.discloser),
        "the grant lists a case-management organization, which keeps the item",
        "the grant lists neither the source nor a case-management organization",
    )


def _category(_matter: Matter, _consent: Consent, grant: ConsentGrant, item: Item) -> Verdict:
    """2.31(a)(3): the information is described, category by category."""
    listed = item.category in grant.categories
    return either(listed, "the grant lists the category", "the grant does not list the category")


def _dates(matter: Matter, _consent: Consent, grant: ConsentGrant, item: Item) -> Verdict:
    """2.31(a)(3): of these days, both included, in the site's time zone."""
    if grant.record_from is None and grant.record_to is None:
        return not_applicable("the grant has no record dates")
    day = matter.day(item.created)
    within = (grant.record_from is None or grant.record_from <= day) and (
        grant.record_to is None or day <= grant.record_to
    )
    return either(within, "made within the record dates", "made outside the record dates")


def _ceiling(matter: Matter, consent: Consent, _grant: ConsentGrant, item: Item) -> Verdict:
    """2.13(a), GR-02: however wide the grant, a kind gets no more than its purpose needs."""
    if consent.kind is ConsentKind.PROCEEDING:
        return satisfied("no ceiling under this kind of consent")
    if consent.kind is ConsentKind.NOTES:
        return not_applicable("no ceiling under this kind of consent")
    if matter.kind is None:
        return unknown("it is not known what the requester is")
    below = item.category in ceiling(matter.kind, matter.request.purpose)
    return either(below, "below the ceiling", "above the ceiling for this recipient and purpose")


def _by_day(matter: Matter, item: Item) -> Hashable:
    return matter.day(item.created)


def _covers(identifier: str, check: Check, key: Check, whole: Check, *cites: str) -> Rule:
    return Rule(identifier, Scope.GRANT_ITEM, Effect.REQUIRE, cites, check, CONSENT_BASIS, key=key, whole=whole)


RULES: Final[tuple[Rule, ...]] = (
    _covers("grant.discloser", _discloser, by_source, lambda _consent, grant: grant.discloser, "42 CFR 2.31(a)(2)"),
    _covers("grant.category", _category, by_category, lambda _consent, grant: grant.categories, "42 CFR 2.31(a)(3)"),
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
        by_category,
        lambda consent, _grant: consent.kind,
        "42 CFR 2.13(a)",
        "LEAD GR-02",
        "45 CFR 164.502(b)",
    ),
)

"""What a form can offer at all: to which organizations, for what, which kinds of information.

What cannot be told to somebody is not there to be ticked, and says why. The ceilings are `consent.rules.ceilings`, what
is left of them the allow-lists of the house: whatever no list lets out is not offered. Pure.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from consent.codes import (
    COMMUNITY_KINDS,
    FIREWALL_CATEGORIES,
    JUSTICE_KINDS,
    NEVER_SERVED,
    NOTES,
    Category,
    ConsentKind,
    OrganizationKind,
    Purpose,
)
from consent.facts import Policy
from consent.model import Organization, Site
from consent.rules.ceilings import ceiling
from gateway.permissions import may_receive

KINDS: Final = (ConsentKind.ROI, ConsentKind.NOTES, ConsentKind.PROCEEDING, ConsentKind.CJ_2_35)
_APART: Final = frozenset({Purpose.PROCEEDING, Purpose.SUPERVISION_MONITORING, Purpose.EMERGENCY})
_ORDINARY: Final = tuple(each for each in Purpose if each not in NEVER_SERVED | _APART)
_PURPOSES: Final[Mapping[ConsentKind, tuple[Purpose, ...]]] = {
    ConsentKind.ROI: _ORDINARY,
    ConsentKind.NOTES: _ORDINARY,
    ConsentKind.PROCEEDING: (Purpose.PROCEEDING,),
    ConsentKind.CJ_2_35: (Purpose.SUPERVISION_MONITORING,),
}
_MONITORS: Final = frozenset({OrganizationKind.PROSECUTOR, OrganizationKind.COURT, OrganizationKind.PROBATION})
_NO_NOTES: Final = JUSTICE_KINDS | COMMUNITY_KINDS
_NOTHING: Final[frozenset[Category]] = frozenset()


def offered(form: ConsentKind, to: OrganizationKind, purpose: Purpose, policy: Policy) -> frozenset[Category]:
    """Give the categories that a row may name at most."""
    if purpose not in _PURPOSES.get(form, ()):
        return _NOTHING
    if form is ConsentKind.NOTES:
        most = _NOTHING if to in _NO_NOTES else NOTES
    elif form is ConsentKind.PROCEEDING:
        most = frozenset(Category) - NOTES
    elif form is ConsentKind.CJ_2_35 and to not in _MONITORS:
        most = _NOTHING
    else:
        most = ceiling(to, purpose)
    return frozenset(each for each in most if policy.allow_lists.get((to, purpose, each)))


def purposes(form: ConsentKind, to: OrganizationKind, policy: Policy) -> tuple[Purpose, ...]:
    """Give what a row toward this kind of organization can be for, in the order of the codes."""
    return tuple(each for each in _PURPOSES.get(form, ()) if offered(form, to, each, policy))


def recipients(
    form: ConsentKind, organizations: Iterable[Organization], site: Site, policy: Policy, *, own: str, at: datetime
) -> tuple[Organization, ...]:
    """Give who may be asked about: partners with an agreement in date to whom something could be told, by name."""
    found = (
        each
        for each in organizations
        if each.id != own and may_receive(each, site, at) and purposes(form, each.kind, policy)
    )
    return tuple(sorted(found, key=lambda each: each.name))


def never_because(form: ConsentKind, to: OrganizationKind, category: Category) -> str:
    """Say why a category cannot be ticked toward this kind, with its provision."""
    if category in NOTES:
        return "notes need a form of their own, and never go to justice or the community (42 CFR 2.31(b))"
    if category in FIREWALL_CATEGORIES and to in JUSTICE_KINDS:
        return "it could be used against them, so it never goes to justice (42 CFR 2.13(a), GR-02)"
    if form is ConsentKind.NOTES:
        return "this form is for notes alone (42 CFR 2.31(b))"
    return "they do not need it for this (42 CFR 2.13(a))"

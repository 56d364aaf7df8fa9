"""The matter before the rules: the request and the facts, with what every rule looks up found once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from consent.codes import CLASS_PREFIX, Category, OrganizationKind
from consent.days import day_of
from consent.facts import Facts
from consent.labels import also_about
from consent.model import Consent, Hold, Item, Organization, Participant
from consent.request import DisclosureRequest

Beside = tuple[Category, tuple[frozenset[Category], ...]]

_CASE_MANAGEMENT: Final = OrganizationKind.CASE_MANAGEMENT


@dataclass(frozen=True, slots=True)
class Stops:
    """What holds stop at the moment of the request: everything, or grants by id in every consent."""

    everything: bool
    grants: frozenset[str]


@dataclass(frozen=True, slots=True)
class Matter:
    """One request with its facts.

    `requester`, `participant`: None where the file does not know them. `name`: the id by which a grant names the
    requester, None where none can: whoever is not known, and a `class:`, which is never an id. `consents`: those of
    this participant, in file order, None where they could not be loaded. `stops`: None where holds could not be
    loaded. `asked`: the ids that the request names, once each and in its order, None for everything on record.
    `items`: what is on record of that, by id, in the order of the record. `beside`: the contents that tell more than
    a category, see `content_of`. `keepers`: the case-management organizations, which keep what others sent.
    """

    request: DisclosureRequest
    facts: Facts
    zone: ZoneInfo
    today: date
    requester: Organization | None
    name: str | None
    participant: Participant | None
    consents: tuple[Consent, ...] | None
    stops: Stops | None
    asked: tuple[str, ...] | None
    items: Mapping[str, Item] = field(hash=False)
    beside: frozenset[Beside]
    keepers: frozenset[str]
    _days: dict[datetime, date] = field(default_factory=dict, hash=False, compare=False)

    @property
    def kind(self) -> OrganizationKind | None:
        """What the requester is, or None where nobody knows."""
        return None if self.requester is None else self.requester.kind

    def day(self, moment: datetime) -> date:
        """Return the site's day of `moment`."""
        found = self._days.get(moment)
        if found is None:
            found = self._days[moment] = day_of(moment, self.zone)
        return found

    def within(self, categories: frozenset[Category]) -> frozenset[object]:
        """Return the contents on record that `categories` describe: of what tells more, each kind that it tells."""
        if not self.beside:
            return categories
        return categories.union(each for each in self.beside if each[0] in categories and _describe(categories, each))

    def touching(self, categories: frozenset[Category]) -> frozenset[object]:
        """Return the contents on record of which `categories` describe any kind."""
        return categories.union(
            each for each in self.beside if not categories.isdisjoint(frozenset({each[0]}).union(*each[1]))
        )


def _describe(categories: frozenset[Category], content: Beside) -> bool:
    return not any(categories.isdisjoint(kind) for kind in content[1])


def content_of(item: Item) -> Category | Beside:
    """Return what an item tells: its category, and with it what it was found to be about beside that, if anything."""
    beside = () if item.labels is None else also_about(item.category, item.labels)
    return (item.category, beside) if beside else item.category


def matter_of(request: DisclosureRequest, facts: Facts) -> Matter:
    """Look up what rules need. Raises ZoneInfoNotFoundError for a site in an unknown time zone."""
    zone = ZoneInfo(facts.site.timezone)
    requester = facts.organizations.get(request.requester)
    consents = facts.consents
    own = None if consents is None else tuple(c for c in consents if c.participant == request.participant)
    asked = None if request.items is None else tuple(dict.fromkeys(request.items))
    items = _on_record(request, facts, asked)
    return Matter(
        request=request,
        facts=facts,
        zone=zone,
        today=day_of(request.at, zone),
        requester=requester,
        name=None if requester is None or requester.id.startswith(CLASS_PREFIX) else requester.id,
        participant=facts.participants.get(request.participant),
        consents=own,
        stops=_stops(request, facts.holds, own),
        asked=asked,
        items=items,
        beside=frozenset(
            content
            for each in items.values()
            if each.labels is not None and not isinstance(content := content_of(each), Category)
        ),
        keepers=frozenset(name for name, each in facts.organizations.items() if each.kind is _CASE_MANAGEMENT),
    )


def _on_record(request: DisclosureRequest, facts: Facts, asked: tuple[str, ...] | None) -> dict[str, Item]:
    """Return what is on record of what is asked for; where the request names nothing, all about its participant."""
    record = facts.record or ()
    if asked is None:
        return {item.id: item for item in record if item.participant == request.participant}
    named = set(asked)
    return {item.id: item for item in record if item.id in named}


def _stops(request: DisclosureRequest, holds: tuple[Hold, ...] | None, own: tuple[Consent, ...] | None) -> Stops | None:
    """Add up the holds that count by now (P2-70).

    A hold that names no grant, or a grant that no consent of the participant has, stops everything.
    """
    if holds is None:
        return None
    known = frozenset(grant.id for consent in own or () for grant in consent.grants)
    everything, grants = False, frozenset[str]()
    for hold in holds:
        if hold.participant != request.participant or hold.at > request.at:
            continue
        if hold.grants == "all" or not hold.grants or not hold.grants <= known:
            everything = True
        else:
            grants |= hold.grants
    return Stops(everything, grants)

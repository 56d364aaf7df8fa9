"""The matter before the rules: the request and the facts, with what every rule looks up found once."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from consent.codes import OrganizationKind
from consent.days import day_of
from consent.facts import Facts
from consent.labels import Labels, label
from consent.model import Consent, Hold, Item, Organization, Participant
from consent.request import DisclosureRequest

_CASE_MANAGEMENT: Final = OrganizationKind.CASE_MANAGEMENT


@dataclass(frozen=True, slots=True)
class Stops:
    """What holds stop at the moment of the request: everything, or grants by id in every consent."""

    everything: bool
    grants: frozenset[str]


@dataclass(frozen=True, slots=True)
class Matter:
    """One request with its facts.

    `requester`, `participant`: None where the file does not know them. `consents`: those of this participant, in file
    order, None where they could not be loaded. `stops`: None where holds could not be loaded. `asked`: the ids that
    the request names, once each and in its order, None for everything on record. `keepers`: the case-management
    organizations, which keep what others sent.
    """

    request: DisclosureRequest
    facts: Facts
    zone: ZoneInfo
    today: date
    requester: Organization | None
    participant: Participant | None
    consents: tuple[Consent, ...] | None
    stops: Stops | None
    asked: tuple[str, ...] | None
    keepers: frozenset[str]
    _labels: dict[tuple[str | None, str], Labels] = field(default_factory=dict, hash=False, compare=False)
    _days: dict[datetime, date] = field(default_factory=dict, hash=False, compare=False)

    @property
    def kind(self) -> OrganizationKind | None:
        """What the requester is, or None where nobody knows."""
        return None if self.requester is None else self.requester.kind

    def labels(self, item: Item) -> Labels:
        """Return the labels of `item`."""
        key = (item.source, item.category)
        found = self._labels.get(key)
        if found is None:
            found = self._labels[key] = label(item, self.facts)
        return found

    def day(self, moment: datetime) -> date:
        """Return the site's day of `moment`."""
        found = self._days.get(moment)
        if found is None:
            found = self._days[moment] = day_of(moment, self.zone)
        return found


def matter_of(request: DisclosureRequest, facts: Facts) -> Matter:
    """Look up what rules need. Raises ZoneInfoNotFoundError for a site in an unknown time zone."""
    zone = ZoneInfo(facts.site.timezone)
    consents = facts.consents
    own = None if consents is None else tuple(c for c in consents if c.participant == request.participant)
    return Matter(
        request=request,
        facts=facts,
        zone=zone,
        today=day_of(request.at, zone),
        requester=facts.organizations.get(request.requester),
        participant=facts.participants.get(request.participant),
        consents=own,
        stops=_stops(request, facts.holds, own),
        asked=None if request.items is None else tuple(dict.fromkeys(request.items)),
        keepers=frozenset(name for name, each in facts.organizations.items() if each.kind is _CASE_MANAGEMENT),
    )


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

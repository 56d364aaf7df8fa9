"""What was read about one participant, in its versions: turned into the facts of a decision, and into references."""

from dataclasses import dataclass
from datetime import datetime

from consent.facts import Facts, Policy
from consent.model import Consent, CourtOrder, Event, Item, Organization, Site
from consent.overlays import Overlay, Surroundings, narrowed, of_state, restrictions_of
from gateway.store.repositories.consents import as_of, holds, restrictions, with_events, with_revocations
from gateway.store.values import ParticipantRecord, References, Stop


@dataclass(frozen=True, slots=True)
class Seen:
    """The rows that one decision looks at, each with its id or version."""

    participant: str
    site: tuple[Site, int | None]
    known: tuple[ParticipantRecord, int] | None
    signed: list[tuple[Consent, int]]
    stops: list[tuple[str, Stop]]
    orders: list[tuple[str, CourtOrder]]
    events: list[tuple[str, Event]]
    unlinks: tuple[str, ...]
    record: tuple[Item, ...]
    organizations: dict[str, tuple[Organization, int]]


def facts_of(seen: Seen, overlays: tuple[Overlay, ...], policy: Policy, moment: datetime) -> Facts:
    """Give what the rules may look at. State law is applied here (42 CFR 2.20): consents arrive narrowed."""
    organizations = {name: organization for name, (organization, _) in seen.organizations.items()}
    state_law = of_state(overlays, seen.site[0].state)
    stops = as_of(moment, seen.stops)
    consents = with_revocations([consent for consent, _ in seen.signed], stops)
    consents = with_events(consents, [event for _, event in seen.events], moment)
    limits = restrictions_of(state_law, seen.participant, organizations.values())
    return Facts(
        site=seen.site[0],
        organizations=organizations,
        participants={} if seen.known is None else {seen.participant: seen.known[0].participant},
        consents=narrowed(consents, state_law, moment, Surroundings(organizations)),
        holds=holds(seen.participant, stops),
        restrictions=restrictions(stops) + limits,
        court_orders=tuple(order for _, order in seen.orders),
        record=seen.record,
        policy=policy,
    )


def references_of(seen: Seen) -> References:
    """Give the ids and versions of all that was seen: enough to re-judge it years later."""
    return References(
        participant=None if seen.known is None else (seen.participant, seen.known[1]),
        consents=tuple((consent.id, version) for consent, version in seen.signed),
        stops=tuple(key for key, _ in seen.stops),
        items=tuple((item.id, item.version) for item in seen.record),
        organizations=tuple((name, version) for name, (_, version) in seen.organizations.items()),
        site=seen.site[1],
        orders=tuple(key for key, _ in seen.orders),
        events=tuple(key for key, _ in seen.events),
        unlinks=seen.unlinks,
    )

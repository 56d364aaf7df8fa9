"""What there is to open, and for whom: the one table behind the menu."""

from dataclasses import dataclass
from typing import Final

from gateway.web.roles import CASEWORK, EVERYBODY, OVERSIGHT, Role


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the menu."""

    path: str
    label: str
    roles: frozenset[Role]


PLACES: Final[tuple[Place, ...]] = (
    Place("/console/today", "Today", EVERYBODY),
    Place("/console/participants", "Participants", CASEWORK),
    Place("/console/approvals", "Approve", CASEWORK),
    Place("/console/organizations", "Organizations", CASEWORK),
    Place("/console/exchanges", "Exchanges", OVERSIGHT | {Role.SUPERVISOR}),
    Place("/console/conferences", "Conferences", CASEWORK),
    Place("/console/matters", "Requests", CASEWORK | {Role.DEFENDER}),
    Place("/console/ledger", "Ledger", OVERSIGHT),
)


def places_for(roles: frozenset[Role]) -> tuple[Place, ...]:
    """Give the entries that somebody sees, in order."""
    return tuple(place for place in PLACES if place.roles & roles)

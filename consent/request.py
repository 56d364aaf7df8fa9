"""The question: who asks, for whom, about ONE participant, what, why, at what moment."""

from dataclasses import dataclass
from datetime import datetime

from consent.codes import Purpose
from consent.model import Person


@dataclass(frozen=True, slots=True)
class EmergencyDeclaration:
    """What 42 CFR 2.51(c) wants written down: nature, who received, at which facility, who disclosed."""

    nature: str | None = None
    personnel_name: str | None = None
    personnel_affiliation: str | None = None
    discloser: str | None = None


@dataclass(frozen=True, slots=True)
class DisclosureRequest:
    """One question about one participant at one moment.

    `requester` is the organization that asks and would receive. `items` None: everything on record.
    `attested`: the recipient's person has promised, this session, no adverse use (GR-05); None counts as not promised.
    """

    id: str
    at: datetime
    requester: str
    participant: str
    purpose: Purpose
    person: Person | None = None
    items: tuple[str, ...] | None = None
    attested: bool | None = None
    emergency: EmergencyDeclaration | None = None

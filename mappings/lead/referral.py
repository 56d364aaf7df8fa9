"""How somebody comes to LEAD, and by when the intake is meant to be done."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Door(StrEnum):
    """LEAD's three doors."""

    ARREST_DIVERSION = "arrest-diversion"
    SOCIAL_CONTACT = "social-contact"
    COMMUNITY = "community"


class ReferralStatus(StrEnum):
    """What became of a referral, in R4's words. Refusing has no consequence: a refused referral is `revoked`."""

    ACTIVE = "active"
    COMPLETED = "completed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Referral:
    """One referral. `by`: the organization that made it, None in the community; `to`: the case management."""

    id: str
    participant: str
    door: Door
    status: ReferralStatus
    made_at: datetime
    to: str
    by: str | None = None


class DeadlineState(StrEnum):
    """How an intake stands. INVARIANT: there is no state for "missed": nobody here says that somebody failed."""

    OPEN = "open"
    DONE = "done"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class IntakeDeadline:
    """By when an intake is meant to be done (inclusive day). An extension by agreement is a later `due`."""

    id: str
    participant: str
    referral: str
    state: DeadlineState
    set_at: datetime
    due: date

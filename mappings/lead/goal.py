"""A goal that stands by itself, outside the plan in which it was agreed."""

from dataclasses import dataclass
from datetime import date

from mappings.lead.plan import Goal


@dataclass(frozen=True, slots=True)
class ParticipantGoal:
    """One goal of a participant, with a name of its own. `started`: the day, where known; it never has a due day."""

    id: str
    participant: str
    goal: Goal
    started: date | None = None

"""The Individual Intervention Plan: goals that the participant named, and what is being done. It has no deadlines.

The four dimensions are SAMHSA's dimensions of recovery, along which LEAD writes its plans.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Dimension = Literal["health", "home", "purpose", "community"]
GoalStatus = Literal["proposed", "planned", "accepted", "active", "on-hold", "completed", "cancelled"]
ActivityStatus = Literal["not-started", "scheduled", "in-progress", "on-hold", "completed", "cancelled", "stopped"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal in the participant's words. `status`: R4 Goal.lifecycleStatus."""

    dimension: Dimension
    text: str
    status: GoalStatus


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that is being done. `status`: R4 CarePlan.activity.detail.status."""

    text: str
    status: ActivityStatus


@dataclass(frozen=True, slots=True)
class Plan:
    """A participant's Individual Intervention Plan, as agreed at `created`."""

    id: str
    participant: str
    goals: tuple[Goal, ...]
    activities: tuple[Activity, ...]
    created: datetime

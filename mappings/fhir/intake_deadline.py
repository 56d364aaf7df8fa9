"""The deadline of an intake as an R4 Task: whole for the house, and as little as possible for everybody else.

A diverted charge may be filed where the intake is not done in time, so the word that a deadline has passed is exactly
what may hurt a participant (LEAD Golden Rule 1). INVARIANT: neither rendering looks at a clock or says "failed", and
the one for outsiders is the same whether the intake is done, open, extended or long overdue: that somebody is enrolled
is told by the EpisodeOfCare, with consent, or not at all.
"""

from typing import Final

from fhir.resources.R4B.task import Task

from mappings.fhir import codes, lead_codes
from mappings.fhir.about import about
from mappings.fhir.build import Json, checked, identifier, logical_id, moment, named
from mappings.lead.referral import DeadlineState, IntakeDeadline

_STATUSES: Final = {
    DeadlineState.OPEN: "in-progress",
    DeadlineState.DONE: "completed",
    DeadlineState.LIFTED: "cancelled",
}


def to_fhir(deadline: IntakeDeadline) -> Json:
    """Write a deadline whole, for the participant's own case management: until which day (inclusive), in what state.

    On record it is of category `intake`, under which no redaction table lets a Task pass; what is of category
    `referral` is the other one.
    """
    return checked(
        Task,
        {
            **_head(deadline, _STATUSES[deadline.state]),
            "focus": named("ServiceRequest", lead_codes.REFERRAL_NAME, deadline.referral),
            "authoredOn": moment(deadline.set_at),
            "restriction": {"period": {"end": deadline.due.isoformat()}},
        },
    )


def for_outsiders(deadline: IntakeDeadline) -> Json:
    """Write that an intake was asked for, and nothing else. Only `id` and `participant` are looked at."""
    return checked(Task, _head(deadline, "requested"))


def _head(deadline: IntakeDeadline, status: str) -> Json:
    return {
        "resourceType": "Task",
        "id": logical_id("Task", deadline.id),
        "identifier": [identifier(lead_codes.DEADLINE_NAME, deadline.id)],
        "status": status,
        "intent": "order",
        "code": codes.concept(codes.TASK, "intake"),
        "for": about(deadline.participant),
    }

"""A participant's goal, along SAMHSA's four dimensions of recovery, as an R4 Goal of its own, and back.

US Core 6.1.0 Goal (http://hl7.org/fhir/us/core/StructureDefinition/us-core-goal): the claim is made because every
rendering meets it. INVARIANT: no `target`: a LEAD goal has no due day, and one that others set is refused.
"""

from typing import Final, get_args

from fhir.resources.R4B.goal import Goal as GoalResource

from mappings.fhir import codes, lead_codes
from mappings.fhir.about import about
from mappings.fhir.build import (
    Json,
    UnreadableResourceError,
    checked,
    identifier,
    logical_id,
    only,
    read_day,
    read_list,
    read_object,
    read_text,
)
from mappings.fhir.lead_reading import coded, frame, identified, referred, said
from mappings.lead.goal import ParticipantGoal
from mappings.lead.plan import Dimension, Goal, GoalStatus

PROFILE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-goal"

_ELEMENTS: Final = frozenset({"identifier", "lifecycleStatus", "category", "description", "subject", "startDate"})
_DIMENSIONS: Final[dict[str, Dimension]] = {one: one for one in get_args(Dimension)}
_STATUSES: Final[dict[str, GoalStatus]] = {one: one for one in get_args(GoalStatus)}


def to_fhir(named_goal: ParticipantGoal) -> Json:
    """Write a goal."""
    goal = named_goal.goal
    found: Json = {
        "resourceType": "Goal",
        "id": logical_id("Goal", named_goal.id),
        "meta": {"profile": [PROFILE]},
        "identifier": [identifier(lead_codes.GOAL_NAME, named_goal.id)],
        "lifecycleStatus": goal.status,
        "category": [codes.concept(codes.DIMENSION, goal.dimension)],
        "description": {"text": goal.text},
        "subject": about(named_goal.participant),
        "startDate": named_goal.started.isoformat() if named_goal.started else None,
    }
    return checked(GoalResource, {name: content for name, content in found.items() if content is not None})


def from_fhir(resource: Json) -> ParticipantGoal:
    """Read a goal, whoever wrote it. Raises UnreadableResourceError on anything else, a target with a date included."""
    frame(resource, "Goal", _ELEMENTS)
    participant, _ = referred(resource.get("subject"), "Patient", codes.PARTICIPANT, "Goal.subject")
    description = read_object(resource.get("description"), "Goal.description")
    only(description, frozenset({"text"}), "Goal.description")
    category = read_list(resource.get("category"), "Goal.category")
    dimension = _DIMENSIONS.get(coded(category, codes.DIMENSION, "Goal.category"))
    status = _STATUSES.get(read_text(resource.get("lifecycleStatus"), "Goal.lifecycleStatus"))
    if dimension is None or status is None:
        field = "Goal.category" if dimension is None else "Goal.lifecycleStatus"
        raise UnreadableResourceError(field, "holds a code that is not known here")
    return ParticipantGoal(
        id=identified(resource.get("identifier"), lead_codes.GOAL_NAME, "Goal.identifier"),
        participant=participant,
        goal=Goal(dimension, said(description.get("text"), "Goal.description.text"), status),
        started=read_day(resource["startDate"], "Goal.startDate") if "startDate" in resource else None,
    )

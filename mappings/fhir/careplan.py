"""A LEAD Individual Intervention Plan as an R4 CarePlan with its goals contained, and back.

US Core 6.1.0 CarePlan (http://hl7.org/fhir/us/core/StructureDefinition/us-core-careplan): category assess-plan and a
generated narrative; the claim is made because every rendering meets it. What leaves is redacted afterwards, and then
claims nothing. There are no dates but the day of agreement: a LEAD plan has no deadlines.
"""

from typing import Final, TypeVar, get_args

from fhir.resources.R4B.careplan import CarePlan

from mappings.fhir import codes
from mappings.fhir.build import (
    Json,
    UnreadableResourceError,
    checked,
    identifier,
    logical_id,
    moment,
    named,
    narrative,
    only,
    read_list,
    read_moment,
    read_object,
    read_text,
)
from mappings.lead.plan import Activity, ActivityStatus, Dimension, Goal, GoalStatus, Plan

PROFILE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-careplan"

_CATEGORY: Final = codes.concept("http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan")
_ENDED: Final = frozenset({"completed", "cancelled"})
_ELEMENTS: Final = frozenset(
    {"resourceType", "id", "meta", "text", "contained", "identifier", "status", "intent", "category", "subject"}
    | {"created", "goal", "activity"}
)
_GOAL: Final = frozenset({"resourceType", "id", "lifecycleStatus", "category", "description", "subject"})
_Word = TypeVar("_Word", bound=str)


def to_fhir(plan: Plan) -> Json:
    """Write a plan as a CarePlan: active until every goal has ended. The participant is named by identifier only."""
    patient = named("Patient", codes.PARTICIPANT, plan.participant)
    goals = [_goal(number, goal, patient) for number, goal in enumerate(plan.goals, 1)]
    ended = bool(plan.goals) and all(goal.status in _ENDED for goal in plan.goals)
    said = [*(f"{g.dimension}: {g.text}" for g in plan.goals), *(a.text for a in plan.activities)]
    found: Json = {
        "resourceType": "CarePlan",
        "id": logical_id("CarePlan", plan.id),
        "meta": {"profile": [PROFILE]},
        "text": narrative("Individual Intervention Plan", *said),
        "contained": goals,
        "identifier": [identifier(codes.PLAN, plan.id)],
        "status": "completed" if ended else "active",
        "intent": "plan",
        "category": [_CATEGORY],
        "subject": patient,
        "created": moment(plan.created),
        "goal": [{"reference": f"#{goal['id']}"} for goal in goals],
        "activity": [{"detail": {"status": a.status, "description": a.text}} for a in plan.activities],
    }
    return checked(CarePlan, {name: content for name, content in found.items() if content})


def _goal(number: int, goal: Goal, patient: Json) -> Json:
    return {
        "resourceType": "Goal",
        "id": f"goal-{number}",
        "lifecycleStatus": goal.status,
        "category": [codes.concept(codes.DIMENSION, goal.dimension)],
        "description": {"text": goal.text},
        "subject": patient,
    }


def from_fhir(resource: Json) -> Plan:
    """Read a CarePlan that `to_fhir` wrote, without loss. Raises UnreadableResourceError on anything else."""
    only(resource, _ELEMENTS, "CarePlan")
    if resource.get("resourceType") != "CarePlan" or resource.get("category") != [_CATEGORY]:
        raise UnreadableResourceError("CarePlan.category", "must be assess-plan")
    contained = [
        read_object(one, "CarePlan.contained") for one in read_list(resource.get("contained"), "CarePlan.contained")
    ]
    if resource.get("goal", []) != [{"reference": f"#{one.get('id')}"} for one in contained]:
        raise UnreadableResourceError("CarePlan.goal", "must name the contained goals in their order")
    activities = read_list(resource.get("activity"), "CarePlan.activity")
    return Plan(
        id=_identified(read_list(resource.get("identifier"), "CarePlan.identifier"), codes.PLAN, "CarePlan.identifier"),
        participant=_identified(
            [read_object(resource.get("subject"), "CarePlan.subject").get("identifier")],
            codes.PARTICIPANT,
            "CarePlan.subject",
        ),
        goals=tuple(map(_read_goal, contained)),
        activities=tuple(_read_activity(read_object(one, "CarePlan.activity")) for one in activities),
        created=read_moment(resource.get("created"), "CarePlan.created"),
    )


def _identified(ones: list[object], system: str, field: str) -> str:
    if len(ones) != 1 or (found := read_object(ones[0], field)).get("system") != system:
        raise UnreadableResourceError(field, "must be the one identifier of its system")
    return read_text(found.get("value", ""), field)


def _read_goal(goal: Json) -> Goal:
    only(goal, _GOAL, "CarePlan.contained")
    concepts = read_list(goal.get("category"), "Goal.category")
    codings = [
        c for one in concepts for c in read_list(read_object(one, "Goal.category").get("coding"), "Goal.category")
    ]
    dimensions = codes.codes_of(codings, codes.DIMENSION)
    text = read_object(goal.get("description"), "Goal.description").get("text", "")
    status: GoalStatus = _word(goal.get("lifecycleStatus"), get_args(GoalStatus), "Goal.lifecycleStatus")
    dimension: Dimension = _word(dimensions[0] if len(dimensions) == 1 else None, get_args(Dimension), "Goal.category")
    return Goal(dimension, read_text(text, "Goal.description.text"), status)


def _read_activity(activity: Json) -> Activity:
    only(activity, frozenset({"detail"}), "CarePlan.activity")
    detail = read_object(activity.get("detail"), "CarePlan.activity.detail")
    only(detail, frozenset({"status", "description"}), "CarePlan.activity.detail")
    text = read_text(detail.get("description", ""), "CarePlan.activity.detail.description")
    status: ActivityStatus = _word(detail.get("status"), get_args(ActivityStatus), "CarePlan.activity.detail.status")
    return Activity(text, status)


def _word(value: object, known: tuple[_Word, ...], field: str) -> _Word:
    """Read a code of a closed list."""
    for word in known:
        if word == value:
            return word
    raise UnreadableResourceError(field, "holds a code that is not known here")

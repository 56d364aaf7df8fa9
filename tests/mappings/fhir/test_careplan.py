"""CarePlan: a plan there and back, without a deadline in it."""

import copy
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.fhir.build import BuildError, UnreadableResourceError
from mappings.fhir.careplan import PROFILE, from_fhir, to_fhir
from mappings.lead.plan import Activity, ActivityStatus, Dimension, Goal, GoalStatus, Plan
from tests.mappings.fhir import factory as make
from tests.mappings.fhir.schema import needs_schema, problems

TEXT = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
PLANS = st.builds(
    Plan,
    id=TEXT,
    participant=TEXT,
    goals=st.lists(
        st.builds(
            Goal,
            dimension=st.sampled_from(get_args(Dimension)),
            text=TEXT,
            status=st.sampled_from(get_args(GoalStatus)),
        ),
        max_size=3,
    ).map(tuple),
    activities=st.lists(
        st.builds(Activity, text=TEXT, status=st.sampled_from(get_args(ActivityStatus))), max_size=3
    ).map(tuple),
    created=st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  -- naive bounds, as hypothesis wants them
)
CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another resource": lambda r: r.update(resourceType="Goal"),
    "an unknown element": lambda r: r.update(note=[{"text": "CANARY"}]),
    "another category": lambda r: r.update(category=[]),
    "a goal elsewhere": lambda r: r["goal"].append({"reference": "Goal/CANARY"}),
    "a goal too few": lambda r: r["goal"].pop(),
    "a goal with a due date": lambda r: r["contained"][0].update(target=[{"dueDate": "2026-12-31"}]),
    "a goal of no dimension": lambda r: r["contained"][0].update(category=[]),
    "a goal of another status": lambda r: r["contained"][0].update(lifecycleStatus="CANARY"),
    "an activity elsewhere": lambda r: r["activity"].append({"reference": {"reference": "Task/CANARY"}}),
    "an activity with a schedule": lambda r: r["activity"][0]["detail"].update(scheduledString="CANARY"),
    "an activity of another status": lambda r: r["activity"][0]["detail"].update(status="CANARY"),
    "nobody's plan": lambda r: r.update(subject={"reference": "Patient/CANARY"}),
    "a plan of no name": lambda r: r.pop("identifier"),
    "a day without a time": lambda r: r.update(created="2026-10-01"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_plan_of_others_is_refused_without_repeating_it(name: str) -> None:
    resource = copy.deepcopy(to_fhir(make.plan()))
    CHANGES[name](resource)
    with pytest.raises(UnreadableResourceError) as refused:
        from_fhir(resource)
    assert "CANARY" not in str(refused.value)


def test_an_empty_goal_cannot_be_written() -> None:
    with pytest.raises(BuildError):
        to_fhir(make.plan(goals=(Goal("home", "", "active"),)))


@given(PLANS)
def test_nothing_is_lost(plan: Plan) -> None:
    assert from_fhir(to_fhir(plan)) == plan


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [((), "active"), (("completed", "active"), "active"), (("completed", "cancelled"), "completed")],
)
def test_it_is_active_until_every_goal_has_ended(statuses: tuple[GoalStatus, ...], expected: str) -> None:
    goals = tuple(Goal("health", "Sleep", status) for status in statuses)
    assert to_fhir(make.plan(goals=goals))["status"] == expected


def test_it_claims_us_core_with_a_narrative_in_which_words_stay_words() -> None:
    resource = to_fhir(make.plan(activities=(Activity("<b>Walk</b> & talk", "in-progress"),)))
    assert resource["meta"] == {"profile": [PROFILE]}
    assert "&lt;b&gt;Walk&lt;/b&gt; &amp; talk" in resource["text"]["div"]


def test_it_holds_no_deadline() -> None:
    assert re.findall(r'"(due\w*|scheduled[A-Z]\w*|period|target)":', json.dumps(to_fhir(make.plan()))) == []


@needs_schema
def test_a_plan_without_goals_is_r4() -> None:
    assert problems(to_fhir(make.plan(goals=(), activities=()))) == []

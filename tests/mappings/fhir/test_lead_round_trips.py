"""What we write and others can write comes back as it was."""

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.codes import HipaaStatus, OrganizationKind, Part2Status
from consent.model import Organization
from mappings.fhir import careteam, episode, goal, organization, people, referral
from mappings.fhir.build import BuildError
from mappings.lead.episode import Episode, Standing
from mappings.lead.goal import ParticipantGoal
from mappings.lead.plan import Dimension, Goal, GoalStatus
from mappings.lead.referral import Door, Referral, ReferralStatus
from mappings.lead.team import CareRole, Staff, Team, TeamMember
from tests.mappings.fhir import factory as make
from tests.mappings.fhir import lead_factory as lead
from tests.mappings.fhir.schema import needs_schema, problems
from tests.mappings.fhir.strategies import DAY, MOMENT, TEXT

EPISODES = st.builds(Episode, TEXT, TEXT, st.sampled_from(Standing), TEXT, MOMENT).map(
    lambda one: replace(one, until=one.since if one.standing is Standing.DISCHARGED else None)
)
GOALS = st.builds(
    ParticipantGoal,
    TEXT,
    TEXT,
    st.builds(Goal, st.sampled_from(get_args(Dimension)), TEXT, st.sampled_from(get_args(GoalStatus))),
    st.none() | DAY,
)
MEMBERS = st.builds(TeamMember, TEXT, TEXT, st.sampled_from(CareRole), TEXT)
TEAMS = st.builds(Team, TEXT, TEXT, st.lists(MEMBERS, min_size=1, max_size=3).map(tuple), st.booleans())
REFERRALS = st.builds(
    Referral, TEXT, TEXT, st.sampled_from(Door), st.sampled_from(ReferralStatus), MOMENT, TEXT, st.none() | TEXT
)
TEXTS = st.lists(TEXT, max_size=2).map(tuple)
STAFF = st.builds(Staff, TEXT, TEXTS, TEXT, TEXT, TEXT, TEXTS, TEXTS)
ORGANIZATIONS = st.builds(
    Organization,
    TEXT,
    TEXT,
    st.sampled_from(OrganizationKind),
    st.sampled_from(Part2Status),
    st.sampled_from(HipaaStatus),
    st.none() | DAY,
    st.frozensets(TEXT, max_size=2),
)


@given(EPISODES)
def test_an_episode(one: Episode) -> None:
    assert episode.from_fhir(episode.to_fhir(one)) == one


@given(GOALS)
def test_a_goal(one: ParticipantGoal) -> None:
    assert goal.from_fhir(goal.to_fhir(one)) == one


@given(TEAMS)
def test_a_team(one: Team) -> None:
    assert careteam.from_fhir(careteam.to_fhir(one)) == one


@given(REFERRALS)
def test_a_referral(one: Referral) -> None:
    assert referral.from_fhir(referral.to_fhir(one)) == one


@given(STAFF)
def test_a_staff_member(one: Staff) -> None:
    assert people.from_fhir(*people.to_fhir(one)) == one


@given(ORGANIZATIONS)
def test_an_organization(one: Organization) -> None:
    assert organization.from_fhir(organization.to_fhir(one)) == one


@pytest.mark.parametrize(
    "changes",
    [
        {"standing": Standing.DISCHARGED},
        {"until": make.AT},
        {"standing": Standing.DISCHARGED, "since": make.AT, "until": make.SIGNED},
    ],
)
def test_an_episode_that_contradicts_itself_cannot_be_written(changes: dict[str, Any]) -> None:
    with pytest.raises(BuildError):
        episode.to_fhir(lead.episode(**changes))


def test_a_team_of_nobody_cannot_be_written() -> None:
    with pytest.raises(BuildError):
        careteam.to_fhir(lead.team(members=()))


@pytest.mark.parametrize(
    ("standing", "status"),
    [
        (Standing.REFERRED, "waitlist"),
        (Standing.ENROLLED_ACTIVE, "active"),
        (Standing.ENROLLED_INACTIVE, "onhold"),
        (Standing.DISCHARGED, "finished"),
    ],
)
def test_each_standing_has_its_status(standing: Standing, status: str) -> None:
    until = make.AT if standing is Standing.DISCHARGED else None
    assert episode.to_fhir(lead.episode(standing=standing, until=until))["status"] == status


@pytest.mark.parametrize("door", Door)
def test_each_door_is_a_code_of_ours(door: Door) -> None:
    (coding,) = referral.to_fhir(lead.referral(door=door))["code"]["coding"]
    assert coding == {"system": "https://lead-gateway.invalid/fhir/CodeSystem/referral-door", "code": door.value}


def test_a_community_referral_names_nobody() -> None:
    assert "requester" not in referral.to_fhir(lead.referral(door=Door.COMMUNITY, by=None))


def test_a_goal_holds_no_due_day() -> None:
    assert goal.to_fhir(lead.goal()).keys().isdisjoint({"target", "statusDate"})


def test_a_partner_does_not_learn_what_kind_another_is() -> None:
    shown = organization.for_partners(lead.PROGRAM)
    assert shown.keys() == {"resourceType", "id", "meta", "identifier", "active", "name"}


@needs_schema
def test_bare_records_are_r4() -> None:
    bare = [
        *people.to_fhir(lead.staff(given=(), phones=(), emails=())),
        goal.to_fhir(lead.goal(started=None)),
        referral.to_fhir(lead.referral(by=None)),
        episode.to_fhir(lead.episode(standing=Standing.DISCHARGED, until=make.AT)),
    ]
    assert [problems(one) for one in bare] == [[]] * len(bare)

"""What LEAD does, as a recipient gets it: R4 after redaction, about the participant, and no more than due."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from consent.codes import Category, OrganizationKind, Purpose
from consent.redaction import redact
from mappings.fhir import careteam, episode, goal, intake_deadline, intake_form, referral
from mappings.fhir.bundle import disclosure_bundle
from mappings.tables import load_policy
from tests.mappings.fhir import factory as make
from tests.mappings.fhir import lead_factory as lead
from tests.mappings.fhir.schema import needs_schema, problems

HEALTH = {
    OrganizationKind(name)
    for name in ("part2-program", "hospital", "treatment-provider", "ems", "jail-health", "health-plan")
}
TREATS_OR_COORDINATES = {Purpose.TREATMENT, Purpose.CARE_COORDINATION, Purpose.WARM_HANDOFF}
HOSPITAL = (OrganizationKind.HOSPITAL, Purpose.TREATMENT)
PROSECUTOR = (OrganizationKind.PROSECUTOR, Purpose.CASE_ALIGNMENT)
ITEMS: dict[Category, Callable[[], dict[str, Any]]] = {
    Category.PARTICIPATION: lambda: episode.to_fhir(lead.episode()),
    Category.GOALS: lambda: goal.to_fhir(lead.goal()),
    Category.REFERRAL: lambda: referral.to_fhir(lead.referral()),
    Category.INTAKE: lambda: intake_form.excerpt(lead.intake(), questions=frozenset({"housing"}))[0],
}


def _redacted(resource: dict[str, Any], category: Category, whom: tuple[OrganizationKind, Purpose]) -> Any:
    return redact(resource, load_policy().allow_lists.get((*whom, category), frozenset()))


def _kept() -> list[tuple[Category, dict[str, Any]]]:
    found = [(c, _redacted(build(), c, whom)) for c, build in ITEMS.items() for whom in (HOSPITAL, PROSECUTOR)]
    return [(category, resource) for category, resource in found if resource is not None]


def test_something_passes_for_each_recipient() -> None:
    for whom in (HOSPITAL, PROSECUTOR):
        assert _redacted(episode.to_fhir(lead.episode()), Category.PARTICIPATION, whom) is not None


@needs_schema
def test_what_passes_is_r4_claims_nothing_and_is_about_the_participant() -> None:
    kept = _kept()
    assert [problems(resource) for _, resource in kept] == [[]] * len(kept)
    for _, resource in kept:
        assert "meta" not in resource
        about = resource.get("subject") or resource.get("patient")
        assert about == {"reference": "Patient/p-ray", "type": "Patient"}


def test_in_a_bundle_it_points_at_the_participant_of_the_bundle() -> None:
    items = [make.item(f"i{n}", category, resource) for n, (category, resource) in enumerate(_kept())]
    bundle = disclosure_bundle(
        make.disclosure(*items), organizations=make.ORGANIZATIONS, base_url=lead.BASE_URL, at=make.AT
    )
    (patient,) = [e["fullUrl"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"]
    records = [e["resource"] for e in bundle["entry"][2:-1]]
    assert len(records) == len(items)
    for record in records:
        assert (record.get("subject") or record.get("patient")) == {"reference": patient}
    assert "p-ray" not in json.dumps(records)


@pytest.mark.parametrize("kind", OrganizationKind)
def test_an_intake_passes_no_table(kind: OrganizationKind) -> None:
    lists = [fields for (to, _, _), fields in load_policy().allow_lists.items() if to is kind]
    assert [redact(intake_form.to_fhir(lead.intake()), fields) for fields in lists] == [None] * len(lists)


def test_a_team_passes_to_those_who_treat_or_coordinate_and_names_no_member() -> None:
    team, told = careteam.to_fhir(lead.team()), set()
    for (kind, purpose, _), fields in load_policy().allow_lists.items():
        shown = redact(team, fields)
        if shown is not None:
            told.add((kind, purpose))
            assert all(set(each["member"]) <= {"type"} for each in shown["participant"] if "member" in each)
    assert {kind for kind, _ in told} <= HEALTH | {OrganizationKind.CASE_MANAGEMENT}
    assert {purpose for _, purpose in told} <= TREATS_OR_COORDINATES


def test_a_deadline_as_it_is_on_record_passes_no_table() -> None:
    """A prosecutor who sees an open intake Task on day 31 may file: so state and day are nobody's business."""
    lists = [fields for (_, _, category), fields in load_policy().allow_lists.items() if category is Category.INTAKE]
    assert lists
    assert [redact(intake_deadline.to_fhir(lead.deadline()), fields) for fields in lists] == [None] * len(lists)


def test_what_outsiders_see_of_a_deadline_passes() -> None:
    shown = _redacted(intake_deadline.for_outsiders(lead.deadline()), Category.REFERRAL, PROSECUTOR)
    assert (shown["status"], shown["for"]) == ("requested", {"reference": "Patient/p-ray", "type": "Patient"})


def test_the_day_of_a_deadline_passes_no_table_whatever_its_label() -> None:
    whole = intake_deadline.to_fhir(lead.deadline())
    passed = [redact(whole, fields) for fields in load_policy().allow_lists.values()]
    assert "2026-10-31" not in json.dumps(passed)

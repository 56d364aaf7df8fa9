"""The redaction table covers exactly what the ceilings let go, and says of nothing too much."""

import copy
import tomllib
from importlib.resources import files
from typing import Any

import pytest

from consent.codes import (
    COMMUNITY_KINDS,
    HEALTH_KINDS,
    JUSTICE_KINDS,
    NEVER_SERVED,
    NOTES,
    Category,
    OrganizationKind,
    Purpose,
)
from consent.facts import AllowList
from consent.redaction import redact
from consent.resource_shapes import MODIFIERS, NEVER, REQUIRED
from consent.rules.ceilings import ceiling
from mappings.fhir import careteam
from mappings.lead.team import CareRole, Team, TeamMember
from mappings.tables import TableError, allow_lists_of, load_policy

Key = tuple[OrganizationKind, Purpose, Category]
TABLE = tomllib.loads(files("mappings.tables").joinpath("redaction.toml").read_text("utf-8"))
ROWS = allow_lists_of(TABLE)
APART = {Purpose.PROCEEDING, Purpose.SUPERVISION_MONITORING}
MONITORS = {OrganizationKind.PROSECUTOR, OrganizationKind.COURT, OrganizationKind.PROBATION}
FREE = ("text", "display", "valueString", "description", "title", "note", "comment")


def permitted() -> set[Key]:
    """Say again, from the rules, what may go at all."""
    found = {(k, p, c) for k in OrganizationKind for p in set(Purpose) - NEVER_SERVED - APART for c in ceiling(k, p)}
    found |= {(k, Purpose.PROCEEDING, c) for k in OrganizationKind for c in set(Category) - NOTES}
    monitoring = Purpose.SUPERVISION_MONITORING
    found |= {(k, monitoring, c) for k in MONITORS for c in ceiling(k, monitoring)}
    noted = set(OrganizationKind) - JUSTICE_KINDS - COMMUNITY_KINDS
    return found | {(k, p, c) for k in noted for p in set(Purpose) - NEVER_SERVED - APART for c in NOTES}


class TestRows:
    def test_there_is_one_for_everything_that_may_go_and_for_nothing_else(self) -> None:
        assert set(ROWS) == permitted()

    def test_every_row_cites_its_source(self) -> None:
        assert all("CFR" in row.source for row in ROWS.values())

    def test_no_row_is_empty(self) -> None:
        assert all(row.fields for row in ROWS.values())

    def test_justice_and_the_community_read_no_free_text(self) -> None:
        loose = {
            path
            for (kind, purpose, _), row in ROWS.items()
            if kind in JUSTICE_KINDS | COMMUNITY_KINDS and purpose is not Purpose.PROCEEDING
            for path in row.fields
            if path.rpartition(".")[2] in FREE
        }
        assert loose == set()

    def test_no_intake_and_no_diagnosis_where_it_does_not_belong(self) -> None:
        assert not any("QuestionnaireResponse" in path for row in ROWS.values() for path in row.fields)
        aligned = ROWS[OrganizationKind.PROSECUTOR, Purpose.CASE_ALIGNMENT, Category.MENTAL_HEALTH]
        assert not any(path.startswith("Condition.") for path in aligned.fields)

    @pytest.mark.parametrize("kind", sorted(REQUIRED))
    def test_what_r4_requires_is_on_the_list(self, kind: str) -> None:
        for row in ROWS.values():
            paths = {path.removeprefix(f"{kind}.") for path in row.fields if path.startswith(f"{kind}.")}
            if paths:
                missing = [name for name in REQUIRED[kind] if not any(path.startswith(name) for path in paths)]
                assert missing == []

    @pytest.mark.parametrize("kind", sorted(MODIFIERS))
    def test_what_changes_a_meaning_is_on_the_list(self, kind: str) -> None:
        for row in ROWS.values():
            paths = {path.split(".")[1] for path in row.fields if path.startswith(f"{kind}.")}
            if paths and kind != "Patient":
                assert set(MODIFIERS[kind]) <= paths

    def test_what_never_leaves_is_on_no_list(self) -> None:
        assert not any(NEVER & set(path.split(".")[1:]) for row in ROWS.values() for path in row.fields)

    def test_the_policy_is_the_table(self) -> None:
        policy = load_policy()
        assert policy.rulebook
        assert policy.allow_lists == {key: row.fields for key, row in ROWS.items()}
        assert load_policy() is policy


def broken(**change: Any) -> dict[str, Any]:
    table = copy.deepcopy(TABLE)
    table["row"] = [{**table["row"][0], **change}]
    return table


class TestRefusals:
    @pytest.mark.parametrize(
        "change",
        [
            {"source": " "},
            {"kinds": ["@everybody"]},
            {"kinds": ["sheriff"]},
            {"purposes": ["coordination"]},
            {"sets": "loose"},
        ],
    )
    def test_a_row(self, change: dict[str, Any]) -> None:
        with pytest.raises(TableError):
            allow_lists_of(broken(**change))

    def test_a_category_that_does_not_exist(self) -> None:
        with pytest.raises(TableError):
            allow_lists_of(broken(categories=["everything"]))

    def test_two_rows_for_one_key(self) -> None:
        table = copy.deepcopy(TABLE)
        table["row"].append(table["row"][0])
        with pytest.raises(TableError, match="two rows"):
            allow_lists_of(table)

    @pytest.mark.parametrize(
        "path", ["Patient.text", "Patient.contained.name", "Patient.extension.valueString", "Patient", "Task.note"]
    )
    def test_a_path_to_what_never_leaves(self, path: str) -> None:
        table = copy.deepcopy(TABLE)
        table["coded"]["who"] = [path]
        with pytest.raises(TableError, match="never leaves"):
            allow_lists_of(table)


def test_the_shape_of_a_row() -> None:
    row = ROWS[OrganizationKind.POLICE, Purpose.WARM_HANDOFF, Category.IDENTITY]
    assert isinstance(row, AllowList)
    assert {path for path in row.fields if "name" in path} == {
        "Patient.name.use",
        "Patient.name.family",
        "Patient.name.given",
    }


class TestACareTeam:
    TREAT = (Purpose.TREATMENT, Purpose.CARE_COORDINATION, Purpose.WARM_HANDOFF)

    def test_goes_to_who_treats_or_coordinates_for_that_and_to_nobody_else(self) -> None:
        found = {key for key, row in ROWS.items() if any(path.startswith("CareTeam.") for path in row.fields)}
        assert {category for _, _, category in found} == {Category.CARE_PLAN}
        kinds = HEALTH_KINDS | {OrganizationKind.CASE_MANAGEMENT}
        assert {(kind, purpose) for kind, purpose, _ in found} == {(k, p) for k in kinds for p in self.TREAT}

    def test_names_organizations_and_roles_and_no_person(self) -> None:
        fields = ROWS[OrganizationKind.HOSPITAL, Purpose.TREATMENT, Category.CARE_PLAN].fields
        member = TeamMember("s-mo", "Mo Cypress", CareRole.CASE_MANAGER, "org:cedar-cm")
        team = careteam.to_fhir(Team("t-1", "p-ray", (member,)))
        team["participant"][0]["onBehalfOf"]["display"] = "Cedar Case Management"
        team["telecom"] = [{"system": "phone", "value": "206-555-0100"}]
        shown = redact(team, fields)
        assert shown is not None
        (entry,) = shown["participant"]
        assert entry["member"] == {"type": "Practitioner"}
        assert entry["onBehalfOf"]["display"] == "Cedar Case Management"
        assert entry["role"][0]["coding"][0]["code"] == "case-manager"
        assert not {"Mo Cypress", "s-mo", "206-555-0100"} & set(str(shown).replace("'", '"').split('"'))

"""What an item says that an agency has done."""

from typing import Any

import pytest

from consent.codes import Category, OrganizationKind
from consent.enforcement import Action
from mappings.tables.enforcement import actions, load_enforcement

STAY = {"resourceType": "Encounter", "status": "in-progress"}


def case(code: str) -> dict[str, Any]:
    return {"resourceType": "Task", "status": "completed", "businessStatus": {"coding": [{"code": code}]}}


class TestActions:
    @pytest.mark.parametrize(
        ("category", "resource", "sender"),
        [
            (Category.CUSTODY, STAY, None),
            (Category.CUSTODY, None, OrganizationKind.JAIL_CUSTODY),
            (Category.CUSTODY, {**STAY, "status": "finished"}, OrganizationKind.JAIL_CUSTODY),
            (Category.CUSTODY, STAY, OrganizationKind.HOSPITAL),
            (Category.LEGAL_STATUS, case("declined"), OrganizationKind.PROSECUTOR),
            (Category.LEGAL_STATUS, case("filed"), OrganizationKind.CASE_MANAGEMENT),
            (Category.PROGRESS, case("filed"), OrganizationKind.PROSECUTOR),
        ],
    )
    def test_is_none(self, category: Category, resource: Any, sender: OrganizationKind | None) -> None:
        assert actions(category, resource, sender) == ()

    def test_is_one(self) -> None:
        assert actions(Category.CUSTODY, STAY, OrganizationKind.JAIL_CUSTODY) == (Action.ARREST,)
        assert actions(Category.LEGAL_STATUS, case("filed"), OrganizationKind.PROSECUTOR) == (Action.FILING,)
        revoked = case("diversion-revoked")
        assert actions(Category.LEGAL_STATUS, revoked, OrganizationKind.COURT) == (Action.DIVERSION_REVOKED,)

    def test_every_action_is_in_the_table(self) -> None:
        assert {row.event for row in load_enforcement()} == {action.value for action in Action}

from typing import Any

import pytest

from consent.codes import Category, OrganizationKind
from mappings.tables import TableError
from mappings.tables.events import events_of, happened, is_name, load_events

ROW: dict[str, Any] = {
    "event": "release",
    "category": "custody",
    "resources": ["Encounter"],
    "statuses": ["finished"],
    "codes": ["*"],
    "kinds": ["jail-custody"],
    "source": "somewhere",
}
_JAIL, _COURT = OrganizationKind.JAIL_CUSTODY, OrganizationKind.COURT


class TestTable:
    @pytest.mark.parametrize(
        "change",
        [
            {"event": "Release"},
            {"event": "event:release"},
            {"category": "gossip"},
            {"resources": []},
            {"statuses": "finished"},
            {"codes": []},
            {"kinds": ["*"]},
            {"kinds": []},
            {"source": " "},
            {"more": 1},
        ],
    )
    def test_a_bad_row_is_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(TableError):
            events_of({"row": [ROW | change]})

    def test_the_table_of_the_house_can_be_read(self) -> None:
        assert {row.event for row in load_events()} == {"release", "disposition", "case-closed", "discharge"}


class TestHappened:
    @pytest.mark.parametrize(
        ("category", "resource", "sender"),
        [
            (Category.CUSTODY, None, _JAIL),
            (Category.CUSTODY, {"resourceType": "Encounter", "status": "finished"}, None),
            (Category.CUSTODY, {"resourceType": "Encounter", "status": "in-progress"}, _JAIL),
            (Category.CUSTODY, {"resourceType": "Encounter", "status": "finished"}, OrganizationKind.HOSPITAL),
            (Category.PHYSICAL_HEALTH, {"resourceType": "Encounter", "status": "finished"}, _JAIL),
            (Category.LEGAL_STATUS, {"resourceType": "Task", "status": "completed"}, _COURT),
            (Category.LEGAL_STATUS, {"resourceType": "Task", "status": "completed", "code": "dismissed"}, _COURT),
            (Category.LEGAL_STATUS, {"resourceType": "Task", "status": "completed", "code": {"coding": [1]}}, _COURT),
        ],
    )
    def test_what_says_nothing(self, category: Category, resource: Any, sender: Any) -> None:
        assert happened(category, resource, sender) == frozenset()

    def test_a_release(self) -> None:
        assert happened(Category.CUSTODY, {"resourceType": "Encounter", "status": "finished"}, _JAIL) == {"release"}

    @pytest.mark.parametrize("element", ["code", "valueCodeableConcept", "businessStatus"])
    def test_a_dismissal(self, element: str) -> None:
        resource = {"resourceType": "Task", "status": "completed", element: {"coding": [{"code": "dismissed"}]}}
        assert happened(Category.LEGAL_STATUS, resource, _COURT) == {"case-closed", "disposition"}


@pytest.mark.parametrize(
    ("name", "good"), [("case-closed", True), ("a1", True), ("", False), ("-a", False), ("á", False)]
)
def test_names(name: str, *, good: bool) -> None:
    assert is_name(name) is good

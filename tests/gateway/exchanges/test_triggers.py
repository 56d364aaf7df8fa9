"""What sets something off, item by item. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consent.codes import Category, OrganizationKind
from consent.model import Item
from gateway.exchanges.triggers import addressees, happened, trigger_of
from mappings.fhir import codes
from mappings.tables.exchanges import Trigger

AT = datetime(2026, 11, 24, 20, tzinfo=UTC)
JAIL = OrganizationKind.JAIL_CUSTODY
BOOKED: dict[str, Any] = {"resourceType": "Encounter", "status": "in-progress"}
RELEASED: dict[str, Any] = {"resourceType": "Encounter", "status": "finished"}


def item(category: Category, resource: dict[str, Any] | None, created: datetime = AT, version: int = 1) -> Item:
    return Item("i-1", "p-testina", category, "org:x", created, resource, version)


class TestNothing:
    @pytest.mark.parametrize(
        ("category", "resource", "source"),
        [
            (Category.CUSTODY, BOOKED, None),
            (Category.CUSTODY, BOOKED, OrganizationKind.POLICE),
            (Category.CUSTODY, {"resourceType": "Encounter", "status": "planned"}, JAIL),
            (Category.CUSTODY, {"resourceType": "Encounter"}, JAIL),
            (Category.CUSTODY, None, JAIL),
            (Category.PHYSICAL_HEALTH, BOOKED, OrganizationKind.HOSPITAL),
            (Category.PHYSICAL_HEALTH, RELEASED, JAIL),
            (Category.MENTAL_HEALTH, RELEASED, OrganizationKind.HOSPITAL),
            (Category.LEGAL_STATUS, {"resourceType": "Task", "status": "in-progress"}, JAIL),
            (Category.LEGAL_STATUS, {"resourceType": "Task"}, OrganizationKind.CASE_MANAGEMENT),
            (Category.LEGAL_STATUS, {"resourceType": "DocumentReference"}, OrganizationKind.PROSECUTOR),
            (Category.CARE_PLAN, {"resourceType": "CarePlan", "status": "draft"}, OrganizationKind.CASE_MANAGEMENT),
            (Category.REFERRAL, {"resourceType": "ServiceRequest", "status": "revoked"}, None),
            (Category.DRUG_TESTS, {"resourceType": "Observation"}, OrganizationKind.PART2_PROGRAM),
            (Category.INTAKE, None, OrganizationKind.CASE_MANAGEMENT),
        ],
    )
    def test_is_set_off(self, category: Category, resource: dict[str, Any] | None, source: Any) -> None:
        assert trigger_of(item(category, resource), None, source) is None

    def test_by_a_stay_told_again(self) -> None:
        told_again = item(Category.CUSTODY, {**BOOKED, "location": []}, AT + timedelta(hours=1), 2)
        assert trigger_of(told_again, item(Category.CUSTODY, BOOKED), JAIL) is None

    def test_by_a_booking_that_arrives_after_its_release(self) -> None:
        late = item(Category.CUSTODY, BOOKED, AT - timedelta(days=1), 2)
        assert trigger_of(late, item(Category.CUSTODY, RELEASED), JAIL) is None


class TestSomething:
    @pytest.mark.parametrize(
        ("category", "resource", "source", "expected"),
        [
            (Category.CUSTODY, BOOKED, JAIL, Trigger.BOOKING),
            (Category.CUSTODY, RELEASED, JAIL, Trigger.RELEASE),
            (Category.PHYSICAL_HEALTH, RELEASED, OrganizationKind.HOSPITAL, Trigger.DISCHARGE),
            (Category.LEGAL_STATUS, {"resourceType": "Task"}, OrganizationKind.PROSECUTOR, Trigger.FILING_DECISION),
            (Category.CARE_PLAN, {"resourceType": "CarePlan", "status": "active"}, None, Trigger.CARE_PLAN),
            (Category.REFERRAL, {"resourceType": "ServiceRequest", "status": "active"}, None, Trigger.REFERRAL),
        ],
    )
    def test_is_set_off(self, category: Category, resource: dict[str, Any], source: Any, expected: Trigger) -> None:
        assert trigger_of(item(category, resource), None, source) is expected

    def test_by_a_release_after_a_booking(self) -> None:
        released = item(Category.CUSTODY, RELEASED, AT + timedelta(hours=3), 2)
        assert trigger_of(released, item(Category.CUSTODY, BOOKED), JAIL) is Trigger.RELEASE

    def test_by_a_changed_plan(self) -> None:
        plan = item(Category.CARE_PLAN, {"resourceType": "CarePlan", "status": "active"})
        assert trigger_of(replace(plan, version=2), plan, None) is Trigger.CARE_PLAN


class TestSince:
    def test_a_new_item_counts_from_its_own_moment(self) -> None:
        assert happened(item(Category.CARE_PLAN, None, AT - timedelta(days=9)), None, AT) == AT - timedelta(days=9)

    def test_never_from_the_future(self) -> None:
        assert happened(item(Category.CARE_PLAN, None, AT + timedelta(days=9)), None, AT) == AT

    def test_a_changed_item_counts_from_when_it_came_in(self) -> None:
        old = item(Category.CARE_PLAN, None, AT - timedelta(days=9))
        assert happened(replace(old, version=2), old, AT) == AT


class TestAddressees:
    @pytest.mark.parametrize("performer", [None, "org:rowan-house", [], ["x"], [{"display": "Rowan House"}]])
    def test_nobody_is_named(self, performer: Any) -> None:
        assert addressees(item(Category.REFERRAL, {"performer": performer})) == frozenset()

    def test_named_by_reference_or_identifier(self) -> None:
        performers = [
            {"reference": "Organization/org:rowan-house"},
            {"identifier": {"system": codes.ORGANIZATION, "value": "org:fern-hill-otp"}},
            {"identifier": {"system": "http://elsewhere.example", "value": "org:other"}},
        ]
        found = addressees(item(Category.REFERRAL, {"performer": performers}))
        assert found == {"org:rowan-house", "org:fern-hill-otp"}

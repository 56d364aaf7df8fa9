"""What the kinds of organizations may hold at most."""

import pytest

from consent.codes import (
    COMMUNITY_KINDS,
    COUNSEL_KINDS,
    HEALTH_KINDS,
    JUSTICE_KINDS,
    NEVER_SERVED,
    OrganizationKind,
    Purpose,
)
from gateway import caps
from gateway.api.scopes import read_scopes

ABOUT_PARTICIPANTS = {
    "AuditEvent",
    "CarePlan",
    "CareTeam",
    "DocumentReference",
    "Encounter",
    "Goal",
    "Patient",
    "Provenance",
    "ServiceRequest",
}


class TestTooMuch:
    @pytest.mark.parametrize("kind", sorted(JUSTICE_KINDS | COMMUNITY_KINDS | COUNSEL_KINDS))
    def test_who_only_asks_reads_and_searches_nothing_about_participants(self, kind: OrganizationKind) -> None:
        held = read_scopes(caps.scopes_of(kind))
        assert not {resource for resource, _ in held} & ABOUT_PARTICIPANTS
        assert not {(resource, letter) for resource, letter in held if letter == "s"} & {("Task", "s"), ("*", "s")}

    @pytest.mark.parametrize("kind", sorted(JUSTICE_KINDS | COMMUNITY_KINDS))
    def test_justice_and_community_see_no_consents(self, kind: OrganizationKind) -> None:
        assert "Consent" not in {resource for resource, _ in read_scopes(caps.scopes_of(kind))}

    @pytest.mark.parametrize("kind", list(OrganizationKind))
    def test_no_purpose_that_is_never_served_and_no_emergency(self, kind: OrganizationKind) -> None:
        assert not set(caps.purposes_of(kind)) & (NEVER_SERVED | {Purpose.EMERGENCY})

    @pytest.mark.parametrize("kind", list(OrganizationKind))
    def test_no_wildcard_and_no_update_or_deletion_but_of_subscriptions(self, kind: OrganizationKind) -> None:
        held = read_scopes(caps.scopes_of(kind))
        assert "*" not in {resource for resource, _ in held}
        assert {resource for resource, letter in held if letter in "ud"} <= {"Subscription"}


class TestEnough:
    @pytest.mark.parametrize("kind", list(OrganizationKind))
    def test_every_kind_has_a_row_and_may_ask(self, kind: OrganizationKind) -> None:
        assert ("Task", "c") in read_scopes(caps.scopes_of(kind))
        assert caps.purposes_of(kind)

    def test_every_scope_is_one(self) -> None:
        assert all(read_scopes([scope]) for scope in caps.SERVED)
        for held in caps.SCOPES.values():
            assert read_scopes(held) <= read_scopes(caps.SERVED)

    @pytest.mark.parametrize("kind", sorted(HEALTH_KINDS | {OrganizationKind.CASE_MANAGEMENT}))
    def test_care_reads(self, kind: OrganizationKind) -> None:
        assert {("Patient", "r"), ("CarePlan", "s"), ("Consent", "c")} <= read_scopes(caps.scopes_of(kind))

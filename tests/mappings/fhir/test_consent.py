"""R4 Consent: what it says at a moment, what a partner is shown, and that nothing is lost on the way back."""

import copy
import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from consent.codes import Capacity, Category, ConsentKind, Integrity, Purpose, RevocationMode
from consent.model import (
    Consent,
    CriminalJusticeTerms,
    Event,
    Hold,
    ReleaseOfInformation,
    Revocation,
    Signer,
)
from mappings.fhir import codes
from mappings.fhir.build import BuildError, UnreadableResourceError
from mappings.fhir.consent import from_fhir, to_fhir
from tests.mappings.fhir import factory as make

SECOND = timedelta(seconds=1)
Json = dict[str, Any]


def whole(consent: Consent, at: datetime = make.AT, holds: tuple[Hold, ...] = ()) -> Json:
    return to_fhir(consent, make.ORGANIZATIONS, at=at, holds=holds)


def shown(consent: Consent, viewer: str, at: datetime = make.AT, holds: tuple[Hold, ...] = ()) -> Json | None:
    return to_fhir(consent, make.ORGANIZATIONS, at=at, holds=holds, viewer=viewer)


def permits(resource: Json | None) -> list[Json]:
    assert resource is not None
    found: list[Json] = resource["provision"].get("provision", [])
    return found


def recipients(resource: Json | None) -> list[str]:
    return [p["actor"][0]["reference"]["identifier"]["value"] for p in permits(resource)]


class TestShape:
    def test_the_root_denies_and_holds_nothing_but_permits(self) -> None:
        root = whole(make.consent(make.grant()))["provision"]
        assert root["type"] == "deny"
        assert {"type", "provision"} == root.keys()

    def test_a_consent_without_grants_permits_nothing(self) -> None:
        resource = whole(make.consent())
        assert resource["provision"] == {"type": "deny"}
        assert resource["status"] == "inactive"

    @pytest.mark.parametrize("empty", ["recipient", "purposes", "categories", "discloser"])
    def test_an_empty_list_is_not_a_missing_limit(self, empty: str) -> None:
        (permit,) = permits(whole(make.consent(make.grant("g1", **{empty: frozenset()}))))
        assert permit["actor"]
        assert permit["purpose"]
        assert permit["code"]
        assert "none" in json.dumps(permit)

    def test_each_recipient_has_a_permit_of_its_own(self) -> None:
        both = make.grant(recipient=frozenset({"org:da", "org:pd"}))
        assert recipients(whole(make.consent(both))) == ["org:da", "org:pd"]

    def test_every_permit_names_one_recipient_by_identifier(self) -> None:
        (permit,) = permits(whole(make.consent(make.grant())))
        (actor,) = permit["actor"]
        assert actor["role"]["coding"][0]["code"] == "IRCP"
        assert actor["reference"]["identifier"] == {"system": codes.ORGANIZATION, "value": "org:da"}

    def test_coordination_is_never_a_legal_proceeding(self) -> None:
        for purpose in set(Purpose) - {Purpose.PROCEEDING}:
            (permit,) = permits(whole(make.consent(make.grant(purposes=frozenset({purpose})))))
            assert "HLEGAL" not in [c["code"] for c in permit["purpose"]]

    def test_the_law_is_named(self) -> None:
        resource = whole(make.consent(make.grant()))
        assert resource["policy"] == [{"uri": "https://www.ecfr.gov/current/title-42/section-2.31"}]
        assert [c["coding"][0]["code"] for c in resource["category"]] == ["64292-6", "59284-0", "42CFRPart2CD", "roi"]
        (permit,) = permits(resource)
        assert "42CFRPart2" in [c["code"] for c in permit["securityLabel"]]

    def test_substance_use_is_labelled_by_both_siblings(self) -> None:
        (permit,) = permits(whole(make.consent(make.grant(categories=frozenset({Category.MOUD})))))
        assert {"ETH", "SUD"} <= {c["code"] for c in permit["securityLabel"]}

    def test_limits_that_must_not_be_passed_over_are_modifiers(self) -> None:
        (permit,) = permits(whole(make.consent(make.grant())))
        assert [e["url"].rsplit("/", 1)[1] for e in permit["modifierExtension"]] == ["discloser", "recipient-role"]

    def test_record_dates_are_the_data_period(self) -> None:
        (permit,) = permits(whole(make.consent(make.grant(record_to=date(2026, 9, 30)))))
        assert permit["dataPeriod"] == {"end": "2026-09-30"}

    def test_two_consents_stand_beside_each_other(self) -> None:
        old, new = (
            make.consent(make.grant(), id="c1"),
            make.consent(make.grant(recipient=frozenset({"org:pd"})), id="c2"),
        )
        before = whole(old)
        assert whole(new)["status"] == "active"
        assert whole(old) == before

    def test_a_caller_who_changes_a_rendering_changes_no_other(self) -> None:
        first = whole(make.consent(make.grant()))
        expected = copy.deepcopy(first)
        first["scope"]["coding"].clear()
        first["provision"]["provision"][0]["action"].clear()
        assert whole(make.consent(make.grant())) == expected

    def test_a_text_that_fhir_cannot_carry_is_refused_without_repeating_it(self) -> None:
        with pytest.raises(BuildError) as refused:
            whole(make.consent(make.grant(), how_to_revoke="\u2003", patient_name="CANARY"))
        assert "CANARY" not in str(refused.value)
        assert refused.value.__cause__ is None


class TestMoments:
    def end(self, consent: Consent, at: datetime = make.AT, holds: tuple[Hold, ...] = ()) -> str:
        end: str = permits(whole(consent, at, holds))[0]["period"]["end"]
        return end

    def status(self, consent: Consent, at: datetime = make.AT, holds: tuple[Hold, ...] = ()) -> str:
        status: str = whole(consent, at, holds)["status"]
        return status

    def test_before_signing_it_is_inactive(self) -> None:
        assert self.status(make.consent(make.grant()), make.SIGNED - SECOND) == "inactive"

    def test_from_the_second_of_signing_it_is_active(self) -> None:
        assert self.status(make.consent(make.grant()), make.SIGNED) == "active"

    def test_at_its_expiry_it_is_inactive_and_a_second_before_not(self) -> None:
        assert self.status(make.consent(make.grant()), make.EXPIRES) == "inactive"
        assert self.status(make.consent(make.grant()), make.EXPIRES - SECOND) == "active"

    def test_the_period_ends_before_the_moment_of_expiry(self) -> None:
        assert self.end(make.consent(make.grant())) == "2027-10-01T06:59:59.999+00:00"

    def test_a_revocation_ends_the_period_and_the_status(self) -> None:
        gone = make.consent(make.grant(), revocations=(Revocation(make.AT, "all", RevocationMode.ORAL),))
        assert self.status(gone) == "inactive"
        assert self.status(gone, make.AT - SECOND) == "active"
        assert self.end(gone) == "2026-11-24T22:00:59.999+00:00"

    @pytest.mark.parametrize("grants", [frozenset(), frozenset({"no-such-grant"}), frozenset({"g1"})])
    def test_a_revocation_of_nothing_or_of_the_unknown_counts_as_all(self, grants: frozenset[str]) -> None:
        gone = make.consent(make.grant(), revocations=(Revocation(make.AT, grants, RevocationMode.WRITTEN),))
        assert self.status(gone) == "inactive"

    def test_a_revocation_of_one_grant_leaves_its_neighbour(self) -> None:
        revoked = Revocation(make.AT, frozenset({"g1"}), RevocationMode.WRITTEN)
        half = whole(make.consent(make.grant(), make.grant("g2"), revocations=(revoked,)))
        assert half["status"] == "active"
        assert [p["period"]["end"][:4] for p in permits(half)] == ["2026", "2027"]

    def test_a_hold_ends_the_period_too(self) -> None:
        assert self.status(make.consent(make.grant()), holds=(Hold("p-ray", make.AT, "all"),)) == "inactive"
        assert self.status(make.consent(make.grant()), holds=(Hold("p-ray", make.AT, frozenset()),)) == "inactive"
        assert self.status(make.consent(make.grant()), holds=(Hold("p-ray", make.AT, frozenset({"g1"})),)) == "inactive"

    def test_a_hold_of_somebody_else_or_of_another_grant_does_not(self) -> None:
        assert self.status(make.consent(make.grant()), holds=(Hold("p-fir", make.AT, "all"),)) == "active"
        assert self.status(make.consent(make.grant()), holds=(Hold("p-ray", make.AT, frozenset({"g9"})),)) == "active"

    @pytest.mark.parametrize("integrity", [Integrity.SUSPECT, Integrity.UNREADABLE])
    def test_a_form_that_cannot_be_relied_on_is_inactive_and_never_held(self, integrity: Integrity) -> None:
        doubtful = whole(make.consent(make.grant(), integrity=integrity))
        assert doubtful["status"] == "inactive"
        assert permits(doubtful)[0]["period"] == {"end": "2026-10-01T16:59:59.999+00:00"}

    def test_without_a_date_it_ends_a_day_after_the_reading(self) -> None:
        waiting = make.consent(make.grant(expires="event:case-closed"), events=())
        assert self.status(waiting) == "active"
        assert self.end(waiting) == "2026-11-25T22:00:59.999+00:00"

    def test_an_event_that_happened_ended_it(self) -> None:
        closed = make.consent(make.grant(expires="event:case-closed"), events=(Event("case-closed", make.AT),))
        assert self.status(closed) == "inactive"
        assert self.end(closed) == "2026-11-24T22:00:59.999+00:00"

    def test_events_that_are_not_known_keep_it_from_holding(self) -> None:
        assert self.status(make.consent(make.grant(expires="event:case-closed"), events=None)) == "inactive"

    def test_no_expiry_holds_on_a_tpo_consent_only(self) -> None:
        assert self.status(make.consent(make.grant(expires="none"))) == "inactive"
        assert self.status(make.consent(make.grant(expires="none"), kind=ConsentKind.TPO)) == "active"


class TestViewer:
    """INVARIANT: a partner's copy tells of the participant, of itself, of whom it may tell, and of nobody else."""

    CANARIES = ("org:CANARY-otp", "org:CANARY-da", "org:CANARY-neighbour", "CANARY")

    def crowded(self) -> Consent:
        return make.consent(
            make.grant(
                "g1",
                discloser=frozenset({"org:CANARY-otp", "org:wren"}),
                recipient=frozenset({"org:CANARY-da", "org:housing"}),
                redisclose_to=("org:CANARY-neighbour", "org:housing"),
                expires="event:CANARY",
                role=None,
            ),
            make.grant("g2-CANARY", recipient=frozenset({"org:CANARY-da"})),
            make.grant("g3-CANARY", recipient=frozenset({"class:CANARY"})),
            how_to_revoke="CANARY",
            refusal_consequences="CANARY",
            redisclosure_warning="CANARY",
            tpo_statement="CANARY",
            intermediary="CANARY",
            proceeding_cause="CANARY",
            form=ReleaseOfInformation("CANARY", "CANARY", "CANARY"),
            signer=Signer("CANARY Fir", Capacity.GUARDIAN, "CANARY"),
            cj=CriminalJusticeTerms("CANARY", "CANARY", "CANARY", "CANARY"),
            events=(Event("CANARY", make.AT + timedelta(days=9)),),
            revocations=(Revocation(make.AT, frozenset({"g2-CANARY"}), RevocationMode.ORAL),),
        )

    def test_who_is_in_none_of_its_grants_is_shown_nothing(self) -> None:
        for stranger in ("org:pd", "org:nobody", "", "g1", "org:CANARY-neighbour"):
            assert shown(self.crowded(), stranger) is None

    def test_a_recipient_sees_only_itself(self) -> None:
        resource = shown(self.crowded(), "org:housing")
        text = json.dumps(resource)
        assert recipients(resource) == ["org:housing"]
        assert [canary for canary in self.CANARIES if canary in text] == []
        assert "org:wren" not in text
        assert "Wren" not in text

    def test_of_onward_recipients_it_sees_only_itself(self) -> None:
        (permit,) = permits(shown(self.crowded(), "org:housing"))
        onward = [e["valueString"] for e in permit["extension"] if e["url"].endswith("/redisclose-to")]
        assert onward == ["org:housing"]

    def test_a_discloser_sees_whom_it_may_tell_and_no_other_discloser(self) -> None:
        consent = make.consent(
            make.grant(discloser=frozenset({"org:CANARY-otp", "org:wren"}), redisclose_to=("org:pd",))
        )
        resource = shown(consent, "org:wren")
        assert recipients(resource) == ["org:da"]
        assert "CANARY" not in json.dumps(resource)
        assert "org:pd" not in json.dumps(resource)

    @pytest.mark.parametrize("empty", ["purposes", "categories", "discloser"])
    def test_a_grant_that_permits_nothing_is_not_shown(self, empty: str) -> None:
        assert shown(make.consent(make.grant("g1", **{empty: frozenset()})), "org:da") is None

    def test_the_status_is_that_of_the_grants_that_it_sees(self) -> None:
        revoked = Revocation(make.AT, frozenset({"g1"}), RevocationMode.WRITTEN)
        consent = make.consent(make.grant(), make.grant("g2", recipient=frozenset({"org:pd"})), revocations=(revoked,))
        mine, theirs = shown(consent, "org:da"), shown(consent, "org:pd")
        assert mine is not None
        assert theirs is not None
        assert (mine["status"], theirs["status"]) == ("inactive", "active")

    def test_expiry_revocation_and_hold_look_alike(self) -> None:
        expired = make.consent(make.grant(expires=make.AT))
        revoked = make.consent(make.grant(), revocations=(Revocation(make.AT, "all", RevocationMode.ORAL),))
        held = shown(make.consent(make.grant()), "org:da", holds=(Hold("p-ray", make.AT, "all"),))
        assert shown(expired, "org:da") == shown(revoked, "org:da") == held

    def test_a_copy_for_a_partner_is_not_read_as_the_consent(self) -> None:
        resource = shown(make.consent(make.grant()), "org:da")
        assert resource is not None
        with pytest.raises(UnreadableResourceError):
            from_fhir(resource)

"""The demo site, decided as its story says, and what the redaction leaves of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consent.codes import Category, Purpose
from consent.decision import Decision
from consent.engine import decide
from consent.facts import Facts
from consent.model import Person
from consent.redaction import redact
from consent.request import DisclosureRequest, EmergencyDeclaration
from gateway.demo.site import (
    DEFENDER,
    HOUSING,
    JAIL_HEALTH,
    LIAISON_PROSECUTOR,
    POLICE,
    PROSECUTOR,
    RAY,
    build_site,
)
from gateway.demo.site_record import HOSPITAL
from mappings.lead.site_file import LeadFile, read_lead_file
from mappings.tables import load_policy

NOON = datetime(2026, 11, 24, 20, tzinfo=UTC)
PERSON = {
    PROSECUTOR: Person("J. Lark", LIAISON_PROSECUTOR),
    HOSPITAL: Person("Dr. Elm", "physician"),
    JAIL_HEALTH: Person("Nurse Ash", "nurse"),
    POLICE: Person("Officer Jay", "liaison-officer"),
}
TOKEN = EmergencyDeclaration("overdose", "Dr. Elm", "Lakeside Hospital", "on-call case manager")


@pytest.fixture(scope="module", name="site")
def _site() -> LeadFile:
    return read_lead_file(json.dumps(build_site()).encode())


@pytest.fixture(scope="module", name="facts")
def _facts(site: LeadFile) -> Facts:
    assert site.site is not None
    return Facts(
        site=site.site,
        organizations={each.organization.id: each.organization for each in site.partners},
        participants={each.participant.id: each.participant for each in site.enrollments},
        consents=site.rois,
        holds=(),
        restrictions=(),
        court_orders=(),
        record=site.records,
        policy=load_policy(),
    )


def ask(facts: Facts, requester: str, participant: str, purpose: Purpose, **more: Any) -> Decision:
    fixed = {"id": "q", "at": NOON, "requester": requester, "participant": participant, "purpose": purpose}
    return decide(DisclosureRequest(**(fixed | {"person": PERSON.get(requester), "attested": True} | more)), facts)


def released(decision: Decision) -> set[str]:
    return {each.item for each in decision.released}


def sent(decision: Decision, facts: Facts) -> dict[str, dict[str, Any]]:
    """Return what the redaction leaves of each released resource."""
    assert facts.record is not None
    found = {item.id: item.resource for item in facts.record}
    redacted = {each.item: redact(found[each.item] or {}, frozenset(each.fields)) for each in decision.released}
    assert None not in redacted.values()
    return {item: dict(resource or {}) for item, resource in redacted.items()}


class TestDecisions:
    def test_the_prosecutor_hears_what_ray_allowed(self, facts: Facts) -> None:
        decision = ask(facts, PROSECUTOR, RAY, Purpose.CASE_ALIGNMENT)
        assert released(decision) == {"r-ray-participation", "r-ray-engagement", "r-ray-progress"}

    def test_the_answers_survive_redaction(self, facts: Facts) -> None:
        found = sent(ask(facts, PROSECUTOR, RAY, Purpose.CASE_ALIGNMENT), facts)
        for item in ("r-ray-engagement", "r-ray-progress"):
            assert {"status", "code", "subject", "valueCodeableConcept"} <= found[item].keys()
        assert {"status", "patient"} <= found["r-ray-participation"].keys()

    @pytest.mark.parametrize("purpose", list(Purpose))
    @pytest.mark.parametrize("requester", [PROSECUTOR, POLICE, "org:cedar-court", "org:cedar-jail"])
    def test_the_drug_test_never_reaches_justice(self, facts: Facts, requester: str, purpose: Purpose) -> None:
        person = Person("J. Lark", LIAISON_PROSECUTOR)
        decision = ask(facts, requester, RAY, purpose, items=("r-ray-drug-test",), person=person, emergency=TOKEN)
        assert decision.outcome == "deny"

    def test_not_even_when_the_form_lists_it(self, facts: Facts) -> None:
        """GR-02: a ticked box for drug tests to the prosecutor is withheld, silently, and the rest goes."""
        assert facts.consents is not None
        ray = next(each for each in facts.consents if each.participant == RAY)
        first, *others = ray.grants
        wide = replace(first, categories=first.categories | {Category.DRUG_TESTS, Category.MISSED_APPOINTMENTS})
        listed = replace(facts, consents=(replace(ray, grants=(wide, *others)),))
        assert released(ask(listed, PROSECUTOR, RAY, Purpose.CASE_ALIGNMENT)) == {
            "r-ray-participation",
            "r-ray-engagement",
            "r-ray-progress",
        }

    @pytest.mark.parametrize("participant", ["p-testina", "p-wren", "p-juniper", "p-hazel", "p-linden", "p-olive"])
    def test_the_prosecutor_hears_nothing_of_others(self, facts: Facts, participant: str) -> None:
        assert ask(facts, PROSECUTOR, participant, Purpose.CASE_ALIGNMENT).outcome == "deny"

    @pytest.mark.parametrize("participant", ["p-robin", "p-willow"])
    def test_an_ended_or_doubtful_form_serves_nobody(self, facts: Facts, participant: str) -> None:
        assert ask(facts, PROSECUTOR, participant, Purpose.CASE_ALIGNMENT).outcome == "deny"

    def test_a_partial_revocation_leaves_the_rest(self, facts: Facts) -> None:
        assert ask(facts, DEFENDER, "p-olive", Purpose.CASE_ALIGNMENT).outcome == "permit"

    def test_an_unattested_question_is_refused(self, facts: Facts) -> None:
        assert ask(facts, PROSECUTOR, RAY, Purpose.CASE_ALIGNMENT, attested=False).outcome == "deny"

    def test_after_a_year_the_consent_has_run_out(self, facts: Facts) -> None:
        later = NOON + timedelta(days=400)
        assert ask(facts, PROSECUTOR, RAY, Purpose.CASE_ALIGNMENT, at=later).outcome == "deny"

    def test_an_emergency_gets_what_it_needs_even_after_a_revocation(self, facts: Facts) -> None:
        stopped = replace(facts, consents=())
        decision = ask(stopped, HOSPITAL, RAY, Purpose.EMERGENCY, emergency=TOKEN)
        assert {each.basis for each in decision.released} == {"2.51"}
        found = sent(decision, stopped)
        assert {"r-ray-moud", "r-ray-allergy", "r-ray-medication"} <= found.keys()
        assert "r-ray-drug-test" not in found
        for item in ("r-ray-moud", "r-ray-medication"):
            assert {"status", "medicationCodeableConcept", "subject"} <= found[item].keys()
        assert {"code", "patient"} <= found["r-ray-allergy"].keys()

    def test_others_hear_what_their_grants_say(self, facts: Facts) -> None:
        housing = ask(facts, HOUSING, RAY, Purpose.CARE_COORDINATION)
        assert released(housing) == {"r-ray-participation", "r-ray-goal"}
        assert released(ask(facts, POLICE, "p-jay", Purpose.WARM_HANDOFF)) == {"r-jay-appointment"}
        assert released(ask(facts, JAIL_HEALTH, "p-rowan", Purpose.CUSTODY_CONTINUITY)) == {
            "r-rowan-insulin",
            "r-rowan-medication",
            "r-rowan-allergy",
        }
        assert "r-aspen-moud" in released(ask(facts, HOSPITAL, "p-aspen", Purpose.TREATMENT))

"""Rules about the bases that need no paper from the participant: orders, the emergency, HIPAA."""

from dataclasses import replace
from typing import Any

import pytest

from consent.codes import HipaaStatus, OrderFinding, OrderType
from consent.decision import State
from consent.model import Person
from consent.request import EmergencyDeclaration
from tests.consent.builders import (
    ALL_FINDINGS,
    HOSPITAL,
    NOW,
    ORGANIZATIONS,
    SECOND,
    C,
    P,
    facts,
    item,
    judged,
    matter,
    order,
)

SATISFIED, VIOLATED, UNKNOWN, MOOT = State.SATISFIED, State.VIOLATED, State.UNKNOWN, State.NOT_APPLICABLE
PROCEEDING = {"purpose": P.PROCEEDING}
DECLARED = EmergencyDeclaration("overdose", "Dr. Elm", "Brook Hospital", "Sam Example")
EMERGENCY = {
    "requester": "hospital",
    "purpose": P.EMERGENCY,
    "person": Person("Dr. Elm", "physician"),
    "emergency": DECLARED,
}


def of_order(identifier: str, *about: Any, **more: Any) -> State:
    return judged(identifier, matter(PROCEEDING), order(**more), *about).state


def asked(identifier: str, fixed: dict[str, Any], *about: Any, known: Any = None, **more: Any) -> State:
    return judged(identifier, matter({**fixed, **more}, known), *about).state


class TestOrder:
    def test_another_purpose(self) -> None:
        assert judged("order.purpose", matter(), order()).state is MOOT

    def test_a_proceeding(self) -> None:
        assert of_order("order.purpose") is SATISFIED

    @pytest.mark.parametrize("missing", sorted(ALL_FINDINGS - {OrderFinding.CONFIDENTIAL_COMMUNICATIONS}))
    def test_each_finding_is_needed(self, missing: OrderFinding) -> None:
        names = ("order.civil-findings", "order.criminal-findings", "order.mandate")
        found = ALL_FINDINGS - {missing}
        assert VIOLATED in {of_order(name, type=OrderType.O2_65, findings=found) for name in names}
        serious = {OrderFinding.EXTREMELY_SERIOUS_CRIME, OrderFinding.SUBSTANTIAL_VALUE}
        civil = {of_order(name, type=OrderType.O2_64, findings=found) for name in names}
        assert (VIOLATED in civil) == (missing not in serious)

    def test_the_kinds(self) -> None:
        assert of_order("order.civil-findings") is SATISFIED
        assert of_order("order.criminal-findings") is MOOT
        assert of_order("order.criminal-findings", type=OrderType.O2_65) is SATISFIED
        assert of_order("order.of-the-holder") is MOOT
        assert of_order("order.of-the-holder", type=OrderType.O2_66) is VIOLATED
        assert of_order("order.mandate") is SATISFIED

    def test_recipient(self) -> None:
        assert of_order("order.recipient", recipient="court") is VIOLATED
        assert of_order("order.recipient") is SATISFIED

    def test_expiry(self) -> None:
        assert of_order("order.unexpired", expires=NOW) is VIOLATED
        assert of_order("order.unexpired", expires=NOW + SECOND) is SATISFIED

    def test_items(self) -> None:
        assert of_order("order.listed", item(), items=frozenset()) is VIOLATED
        assert of_order("order.listed", item("i2")) is VIOLATED
        assert of_order("order.listed", item()) is SATISFIED

    def test_notes(self) -> None:
        assert of_order("order.no-note", item(category=C.PSYCHOTHERAPY_NOTES)) is VIOLATED
        assert of_order("order.no-note", item(category=C.DRUG_TESTS)) is SATISFIED


class TestEmergency:
    @pytest.mark.parametrize("name", ["emergency.declared", "emergency.personnel", "emergency.named"])
    def test_no_emergency(self, name: str) -> None:
        assert asked(name, {}) is not SATISFIED
        assert asked("emergency.declared", {}) is MOOT

    def test_not_declared(self) -> None:
        assert asked("emergency.declared", EMERGENCY, emergency=None) is VIOLATED
        assert asked("emergency.named", EMERGENCY, emergency=None) is VIOLATED
        assert asked("emergency.declared", EMERGENCY) is SATISFIED

    @pytest.mark.parametrize("requester", ["pa", "cm", "housing", "nobody"])
    def test_not_at_a_health_organization(self, requester: str) -> None:
        assert asked("emergency.personnel", EMERGENCY, requester=requester) is VIOLATED

    @pytest.mark.parametrize("person", [None, Person("Dr. Elm", "Physician"), Person("Dr. Elm", "clerk")])
    def test_no_medical_personnel(self, person: Person | None) -> None:
        assert asked("emergency.personnel", EMERGENCY, person=person) is VIOLATED

    def test_personnel(self) -> None:
        assert asked("emergency.personnel", EMERGENCY) is SATISFIED

    @pytest.mark.parametrize("blank", [{"personnel_name": " "}, {"personnel_affiliation": ""}])
    def test_nobody_named(self, blank: dict[str, str]) -> None:
        assert asked("emergency.named", EMERGENCY, emergency=replace(DECLARED, **blank)) is VIOLATED

    def test_named(self) -> None:
        assert asked("emergency.named", EMERGENCY, emergency=replace(DECLARED, nature="", discloser=None)) is SATISFIED

    def test_what_it_opens(self) -> None:
        opened = {c for c in C if asked("emergency.needed", EMERGENCY, item(category=c)) is SATISFIED}
        assert opened == {
            C.IDENTITY,
            C.PHYSICAL_HEALTH,
            C.MEDICATIONS,
            C.MENTAL_HEALTH,
            C.SUD_DIAGNOSIS,
            C.SUD_TREATMENT,
            C.MOUD,
        }


class TestTreatment:
    ASKED = {"requester": "clinic", "purpose": P.TREATMENT}  # noqa: RUF012  -- never changed

    def test_asked(self) -> None:
        assert asked("treatment.asked", self.ASKED, purpose=P.OPERATIONS) is MOOT
        assert asked("treatment.asked", self.ASKED, requester="cm") is VIOLATED
        assert asked("treatment.asked", self.ASKED) is SATISFIED

    @pytest.mark.parametrize(
        ("thing", "expected"),
        [
            (item(source="otp", category=C.MEDICATIONS), VIOLATED),
            (item(source=None, category=C.MEDICATIONS), VIOLATED),
            (item(source="ghost", category=C.MEDICATIONS), VIOLATED),
            (item(source="cm", category=C.MEDICATIONS), VIOLATED),
            (item(source="hospital", category=C.SUD_DIAGNOSIS), VIOLATED),
            (item(source="hospital", category=C.COUNSELING_NOTES), VIOLATED),
            (item(source="hospital", category=C.HIV_STI), SATISFIED),
        ],
    )
    def test_part_2(self, thing: Any, expected: State) -> None:
        assert asked("hipaa.not-part2", self.ASKED, thing) is expected

    def test_notes(self) -> None:
        note = item(source="hospital", category=C.PSYCHOTHERAPY_NOTES)
        assert asked("hipaa.no-note", self.ASKED, note) is VIOLATED
        assert asked("hipaa.no-note", self.ASKED, item()) is SATISFIED

    @pytest.mark.parametrize("source", ["cm2", "housing", "ghost", None])
    def test_source(self, source: str | None) -> None:
        assert asked("hipaa.source", self.ASKED, item(source=source)) is VIOLATED

    def test_source_outside_hipaa(self) -> None:
        outside = {**ORGANIZATIONS, "hospital": replace(HOSPITAL, hipaa_status=HipaaStatus.NONE)}
        known = facts(organizations=outside)
        assert asked("hipaa.source", self.ASKED, item(source="hospital"), known=known) is VIOLATED
        assert asked("hipaa.source", self.ASKED, item(source="hospital")) is SATISFIED

    @pytest.mark.parametrize("name", ["hipaa.not-part2", "hipaa.no-note", "hipaa.source"])
    def test_another_purpose(self, name: str) -> None:
        assert asked(name, self.ASKED, item(source="hospital"), purpose=P.OPERATIONS) is MOOT


class TestCustody:
    ASKED = {"requester": "jail-health", "purpose": P.CUSTODY_CONTINUITY}  # noqa: RUF012  -- never changed

    def test_asked(self) -> None:
        assert asked("custody.asked", self.ASKED, purpose=P.TREATMENT) is MOOT
        assert asked("custody.asked", self.ASKED, requester="hospital") is VIOLATED
        assert asked("custody.asked", self.ASKED) is SATISFIED

    @pytest.mark.parametrize("purpose", [P.CUSTODY_CONTINUITY, P.TREATMENT])
    @pytest.mark.parametrize(("held", "expected"), [(None, UNKNOWN), (False, VIOLATED), (True, SATISFIED)])
    def test_in_custody(self, purpose: P, held: bool | None, expected: State) -> None:  # noqa: FBT001  -- a fact of the test
        known = facts(ray={"in_custody": held})
        assert asked("jail-health.custody", self.ASKED, known=known, purpose=purpose) is expected

    def test_others(self) -> None:
        assert asked("jail-health.custody", self.ASKED, requester="hospital") is MOOT

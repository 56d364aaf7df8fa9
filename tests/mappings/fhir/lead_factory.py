"""Invented referrals, episodes, teams, intakes and custody events for the tests of what LEAD does."""

from datetime import date, timedelta
from typing import Any

from consent.codes import Category, HipaaStatus, OrganizationKind, Part2Status, Purpose
from consent.disclosure import Disclosure
from consent.model import Organization, Person
from consent.notices import STATEMENT_1
from mappings.fhir.audit import DecisionAudit, Way
from mappings.lead.custody import CustodyEvent, CustodyKind, PersonDescription, custody_items
from mappings.lead.episode import Episode, Standing
from mappings.lead.goal import ParticipantGoal
from mappings.lead.intake import Answer, CodedAnswer, IntakeForm
from mappings.lead.plan import Goal
from mappings.lead.referral import DeadlineState, Door, IntakeDeadline, Referral, ReferralStatus
from mappings.lead.signed_form import CapturedSignature, SignedForm, Signing
from mappings.lead.team import CareRole, Staff, Team, TeamMember
from tests.mappings.fhir import factory as make

SCOPE = "Wren may tell Rowan Hospital: custody & identity.\nUntil 2027-10-01."
BASE_URL = "https://lead.cedar.example"
ENDPOINT = "https://rowan.example/fhir"
WAY = Way(ours=BASE_URL, theirs=ENDPOINT)

HOSPITAL = Organization(
    "org:rowan", "Rowan Hospital", OrganizationKind.HOSPITAL, Part2Status.UNKNOWN, HipaaStatus.COVERED_ENTITY
)
PROGRAM = Organization(
    "org:otp",
    "Juniper Treatment",
    OrganizationKind.PART2_PROGRAM,
    Part2Status.PROGRAM,
    HipaaStatus.COVERED_ENTITY,
    date(2028, 6, 30),
    frozenset({"treating-providers"}),
)


def episode(**changes: Any) -> Episode:
    terms: dict[str, Any] = {
        "id": "episode-1",
        "participant": "p-ray",
        "standing": Standing.ENROLLED_ACTIVE,
        "organization": "org:wren",
        "since": make.SIGNED,
    }
    return Episode(**(terms | changes))


def goal(**changes: Any) -> ParticipantGoal:
    terms: dict[str, Any] = {
        "id": "goal-1",
        "participant": "p-ray",
        "goal": Goal("community", "Sing in the choir again", "active"),
        "started": date(2026, 10, 5),
    }
    return ParticipantGoal(**(terms | changes))


def team(**changes: Any) -> Team:
    members = (
        TeamMember("staff-1", "Moss Aspen", CareRole.CASE_MANAGER, "org:wren"),
        TeamMember("staff-2", "Fern Linden", CareRole.PUBLIC_DEFENDER, "org:pd"),
    )
    return Team(**({"id": "team-1", "participant": "p-ray", "members": members} | changes))


def staff(**changes: Any) -> Staff:
    terms: dict[str, Any] = {
        "id": "staff-1",
        "given": ("Moss",),
        "family": "Aspen",
        "role": "case manager",
        "organization": "org:wren",
        "phones": ("555-0101",),
        "emails": ("moss@wren.example",),
    }
    return Staff(**(terms | changes))


def referral(**changes: Any) -> Referral:
    terms: dict[str, Any] = {
        "id": "referral-1",
        "participant": "p-ray",
        "door": Door.ARREST_DIVERSION,
        "status": ReferralStatus.ACTIVE,
        "made_at": make.SIGNED,
        "to": "org:wren",
        "by": "org:police",
    }
    return Referral(**(terms | changes))


def deadline(**changes: Any) -> IntakeDeadline:
    terms: dict[str, Any] = {
        "id": "deadline-1",
        "participant": "p-ray",
        "referral": "referral-1",
        "state": DeadlineState.OPEN,
        "set_at": make.SIGNED,
        "due": date(2026, 10, 31),
    }
    return IntakeDeadline(**(terms | changes))


def intake(*answers: Answer) -> IntakeForm:
    given = answers or (
        Answer("housing", CodedAnswer("https://lead-gateway.invalid/fhir/CodeSystem/lead", "unsheltered")),
        Answer("phone", value=True),
        Answer("since", date(2025, 5, 1)),
        Answer("own-words", "I would like to sleep"),
    )
    return IntakeForm("intake-1", "p-ray", "cedar-intake-3", make.SIGNED, given)


SIGNING = Signing(make.SIGNED + timedelta(minutes=9), "org:wren", CapturedSignature("image/png", b"ink"), "staff-1")
FORM = SignedForm(make.SIGNED + timedelta(hours=1), "application/pdf", b"%PDF-invented")


def decision(**changes: Any) -> DecisionAudit:
    terms: dict[str, Any] = {
        "decision": "decision-1",
        "at": make.AT,
        "permitted": True,
        "purpose": Purpose.TREATMENT,
        "participant": "p-ray",
        "requester": HOSPITAL,
        "person": Person("Dr. Ivy Rowan", "physician"),
        "address": ENDPOINT,
        "consents": ("c1",),
    }
    return DecisionAudit(**(terms | changes))


def custody_event(kind: CustodyKind = CustodyKind.BOOKING) -> CustodyEvent:
    return CustodyEvent(
        kind=kind,
        feed="cedar",
        message_id="m-1",
        booking_number="CANARY-BOOKING",
        inmate_number="CANARY-INMATE",
        facility="CANARY-FACILITY",
        agency="CANARY-AGENCY",
        occurred_at=make.AT,
        day_only=False,
        custody_status="CANARY-STATUS",
        release_eligible_on=None,
        status_code=None,
        charges=(),
        bonds=(),
        person=PersonDescription((), (), None, ()),
        behavioral_health=None,
    )


def stay(kind: CustodyKind = CustodyKind.BOOKING) -> dict[str, Any]:
    (item,) = custody_items(custody_event(kind), "p-ray", "org:jail")
    assert item.resource is not None
    return dict(item.resource)


def custody_disclosure(*more: Any, resource: dict[str, Any] | None = None, **changes: Any) -> Disclosure:
    released = make.item("i1", Category.CUSTODY, resource or stay(), part2=True)
    terms: dict[str, Any] = {"recipient": "org:rowan", "purpose": "treatment", "notice": STATEMENT_1, "scope": SCOPE}
    return make.disclosure(released, *more, **(terms | changes))

"""Invented people, organizations and sealed values for the tests of mappings/fhir.

INVARIANT: the one place in these tests that passes the seal on: a mapping must hold also for what redaction would never
have let through. `cleared` is made as the gateway makes it.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from consent import disclosure as sealed
from consent.clearance import account, clear
from consent.codes import (
    Capacity,
    Category,
    ConsentKind,
    HipaaStatus,
    Integrity,
    OrganizationKind,
    Part2Status,
    Purpose,
)
from consent.decision import Decision, Obligation, Released
from consent.disclosure import Clearance, ClearedItem, Disclosure, LedgerReceipt, NeutralAnswer, Notice
from consent.model import Consent, ConsentGrant, Item, Organization, Participant, ReleaseOfInformation, Signer
from mappings.fhir.patient import Name, PersonDetails
from mappings.lead.plan import Activity, Goal, Plan

AT = datetime(2026, 11, 24, 22, 1, tzinfo=UTC)
SIGNED = datetime(2026, 10, 1, 17, 0, tzinfo=UTC)
EXPIRES = datetime(2027, 10, 1, 7, 0, tzinfo=UTC)


def _organization(ident: str, name: str, kind: OrganizationKind) -> Organization:
    return Organization(ident, name, kind, Part2Status.NOT_PROGRAM, HipaaStatus.NONE)


ORGANIZATIONS = {
    one.id: one
    for one in (
        _organization("org:wren", "Wren Case Management", OrganizationKind.CASE_MANAGEMENT),
        _organization("org:da", "Cedar County Prosecutor", OrganizationKind.PROSECUTOR),
        _organization("org:pd", "Cedar County Public Defender", OrganizationKind.PUBLIC_DEFENDER),
        _organization("org:otp", "Juniper Treatment", OrganizationKind.PART2_PROGRAM),
        _organization("org:housing", "Hemlock Housing", OrganizationKind.HOUSING),
    )
}

PARTICIPANT = Participant("p-ray", screened=True, enrolled=True, birth_date=date(1986, 3, 2))
RAY = PersonDetails(
    name=Name(("Ray", "Larch"), "Alder"),
    aliases=(Name(("Rainer",), "Alder"),),
    birth_date=date(1986, 3, 2),
    identifiers=(("sid", "WA00000001"), ("jail:cedar:inmate", "0042")),
    phones=("555-0142",),
)


def grant(ident: str = "g1", **changes: Any) -> ConsentGrant:
    terms: dict[str, Any] = {
        "discloser": frozenset({"org:wren"}),
        "recipient": frozenset({"org:da"}),
        "purposes": frozenset({Purpose.CASE_ALIGNMENT}),
        "categories": frozenset({Category.PARTICIPATION, Category.ENGAGEMENT, Category.PROGRESS}),
        "expires": EXPIRES,
        "role": "liaison-prosecutor",
    }
    return ConsentGrant(id=ident, **(terms | changes))


def consent(*grants: ConsentGrant, **changes: Any) -> Consent:
    terms: dict[str, Any] = {
        "id": "c1",
        "kind": ConsentKind.ROI,
        "participant": "p-ray",
        "form": ReleaseOfInformation("cedar-roi", "2026-02", "en"),
        "signed_at": SIGNED,
        "signer": Signer("Ray Alder", Capacity.SELF),
        "patient_name": "Ray Alder",
        "how_to_revoke": "Tell any case manager at Wren, or write to privacy at Wren",
        "refusal_consequences": "None: no service depends on signing",
        "redisclosure_warning": "Whoever receives this is told that 42 CFR part 2 binds them",
        "grants": grants,
        "revocations": (),
        "integrity": Integrity.OK,
    }
    return Consent(**(terms | changes))


def plan(**changes: Any) -> Plan:
    terms: dict[str, Any] = {
        "id": "plan-1",
        "participant": "p-ray",
        "goals": (Goal("home", "A room with a door that locks", "active"), Goal("health", "Sleep", "proposed")),
        "activities": (Activity("Visit Hemlock Housing together", "scheduled"),),
        "created": SIGNED,
    }
    return Plan(**(terms | changes))


def item(ident: str, category: Category, resource: Mapping[str, Any] | None = None, **changes: Any) -> ClearedItem:
    terms: dict[str, Any] = {"version": 1, "participant": "p-ray", "basis": "consent:c1/g1", "part2": False}
    return ClearedItem(item=ident, category=category, resource=resource, **(terms | changes))


def disclosure(*items: ClearedItem, at: datetime = AT, entry: str = "entry-1", **changes: Any) -> Disclosure:
    terms: dict[str, Any] = {
        "request": "0c9a7f0e-1111-4000-8000-000000000001",
        "recipient": "org:da",
        "purpose": "case-alignment",
        "participant": "p-ray",
        "items": items,
        "notice": Notice(
            "2.32-2024-statement-1", "This record is protected by <42 CFR part 2>.", ("42 CFR 2.32(a)(1)",)
        ),
        "scope": "Wren may tell Cedar County Prosecutor: participation & progress.\nUntil 2027-10-01.",
        "summary": "Ray keeps his appointments.",
        "obligations": (),
        "digest": "0" * 64,
    }
    return Disclosure(sealed._SEAL, Clearance(seal=sealed._SEAL, **(terms | changes)), entry, at)


def neutral(recipient: str = "org:da", reference: str = "ref-1", entry: str = "entry-9") -> NeutralAnswer:
    return NeutralAnswer(sealed._SEAL, recipient, reference, entry)


OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "obs-7",
    "meta": {"source": "urn:canary:source", "versionId": "3"},
    "status": "final",
    "code": {"coding": [{"system": "https://lead-gateway.invalid/fhir/CodeSystem/lead", "code": "progress"}]},
    "subject": {"reference": "Patient/p-ray", "display": "CANARY-DISPLAY"},
    "effectiveDateTime": "2026-11-20T09:00:00-08:00",
    "performer": [{"reference": "Organization/CANARY-OTP", "display": "CANARY-PERFORMER"}],
    "derivedFrom": [{"reference": "Observation/obs-8"}, {"reference": "Observation/CANARY-WITHHELD"}],
    "valueCodeableConcept": {"text": "steady"},
}
OTHER_OBSERVATION: dict[str, Any] = {**OBSERVATION, "id": "obs-8", "derivedFrom": [], "performer": []}


def cleared() -> Disclosure:
    """A disclosure made as the gateway makes it: decided (by hand, here), cleared, accounted for."""
    released = Released(
        item="i1",
        basis="consent:c1/g1",
        category=Category.PROGRESS,
        fields=tuple(
            f"Observation.{name}" for name in ("status", "code.coding.system", "code.coding.code", "subject.reference")
        ),
        part2=True,
    )
    decision = Decision(
        id="request-1",
        at=AT,
        participant="p-ray",
        requester="org:da",
        purpose=Purpose.CASE_ALIGNMENT.value,
        rulebook="test",
        outcome="permit",
        released=(released,),
        withheld=(),
        obligations=(
            Obligation("notice", ("42 CFR 2.32(a)(1)",), version="2.32-2024-statement-1"),
            Obligation("consent-scope", ("42 CFR 2.32(b)",), text="Consent c1: Wren may tell Cedar County Prosecutor"),
        ),
        findings=(),
    )
    record = (Item("i1", "p-ray", Category.PROGRESS, "org:otp", SIGNED, OBSERVATION),)
    clearance = clear(decision, record)
    return account(clearance, LedgerReceipt("entry-1", clearance.digest, AT))

"""Builders of invented facts: Ray Alder, Fern Case Management, the Fern County Prosecutor."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from consent.codes import (
    Capacity,
    Category,
    ConsentKind,
    HipaaStatus,
    Integrity,
    LegalRole,
    OrderFinding,
    OrderType,
    OrganizationKind,
    Part2Status,
    Purpose,
)
from consent.facts import Facts, Policy
from consent.matter import Matter, matter_of
from consent.model import (
    Consent,
    ConsentGrant,
    CourtOrder,
    CriminalJusticeTerms,
    Item,
    Organization,
    Participant,
    Person,
    ReleaseOfInformation,
    Signer,
    Site,
)
from consent.request import DisclosureRequest
from consent.rules import RULES
from consent.rules.rule import Rule, Scope, Verdict, by_id, verdict_on

NOW = datetime(2026, 11, 24, 20, 0, 0, tzinfo=UTC)  # noon at the site
SECOND = timedelta(seconds=1)
BY_ID = {rule.id: rule for rule in RULES}
K, P, C = OrganizationKind, Purpose, Category

SITE = Site("Fern County LEAD", "America/Los_Angeles", "WA", LegalRole.BUSINESS_ASSOCIATE)
RAY = Participant("p1", screened=True, enrolled=True, birth_date=date(1988, 7, 19))
TERMS = CriminalJusticeTerms("order of 1 March", "26-1-00417-1", "dismissal", "Judge Linden")
ALL_FINDINGS = frozenset(OrderFinding)


def organization(identifier: str, kind: OrganizationKind, **more: Any) -> Organization:
    fixed = {
        "name": identifier.title(),
        "part2_status": Part2Status.NOT_PROGRAM,
        "hipaa_status": HipaaStatus.NONE,
        "agreement_expires": date(2027, 12, 31),
    }
    return Organization(id=identifier, kind=kind, **(fixed | more))


COVERED = {"hipaa_status": HipaaStatus.COVERED_ENTITY, "agreement_expires": None}
CM = organization("cm", K.CASE_MANAGEMENT, part2_status=Part2Status.UNKNOWN)
CM2 = organization("cm2", K.CASE_MANAGEMENT)
PA = organization("pa", K.PROSECUTOR)
HOSPITAL = organization("hospital", K.HOSPITAL, **COVERED)
CLINIC = organization("clinic", K.TREATMENT_PROVIDER, classes=frozenset({"treating-providers"}), **COVERED)
OTP = organization("otp", K.PART2_PROGRAM, part2_status=Part2Status.PROGRAM, **COVERED)
JAIL_HEALTH = organization("jail-health", K.JAIL_HEALTH, **COVERED)
HOUSING = organization("housing", K.HOUSING)
COURT = organization("court", K.COURT)
ORGANIZATIONS = {each.id: each for each in (CM, CM2, PA, HOSPITAL, CLINIC, OTP, JAIL_HEALTH, HOUSING, COURT)}


def grant(**more: Any) -> ConsentGrant:
    fixed = {
        "id": "g1",
        "discloser": frozenset({"cm"}),
        "recipient": frozenset({"pa"}),
        "role": "liaison-prosecutor",
        "purposes": frozenset({P.CASE_ALIGNMENT}),
        "categories": frozenset({C.PROGRESS, C.ENGAGEMENT, C.DRUG_TESTS}),
        "expires": NOW + timedelta(days=100),
    }
    return ConsentGrant(**(fixed | more))


def consent(*grants: ConsentGrant, **more: Any) -> Consent:
    fixed = {
        "id": "c1",
        "kind": ConsentKind.ROI,
        "participant": "p1",
        "form": ReleaseOfInformation("fern-roi", "2026-01", "en"),
        "signed_at": NOW - timedelta(days=100),
        "signer": Signer("Ray Alder", Capacity.SELF),
        "patient_name": "Ray Alder",
        "how_to_revoke": "tell us",
        "refusal_consequences": "none",
        "redisclosure_warning": "42 CFR part 2 binds recipients",
        "grants": grants or (grant(),),
        "revocations": (),
        "integrity": Integrity.OK,
    }
    return Consent(**(fixed | more))


def item(identifier: str = "i1", category: Category = C.PROGRESS, source: str | None = "cm", **more: Any) -> Item:
    fixed = {"participant": "p1", "created": NOW - timedelta(days=10)}
    return Item(id=identifier, category=category, source=source, **(fixed | more))


def order(**more: Any) -> CourtOrder:
    fixed = {
        "id": "o1",
        "type": OrderType.O2_64,
        "findings": ALL_FINDINGS,
        "items": frozenset({"i1"}),
        "recipient": "pa",
        "expires": NOW + timedelta(days=1),
    }
    return CourtOrder(**(fixed | more))


def request(**more: Any) -> DisclosureRequest:
    fixed = {
        "id": "r1",
        "at": NOW,
        "requester": "pa",
        "participant": "p1",
        "purpose": P.CASE_ALIGNMENT,
        "person": Person("Sam Example", "liaison-prosecutor"),
        "attested": True,
    }
    return DisclosureRequest(**(fixed | more))


def facts(
    *consents: Consent, site: Mapping[str, Any] | None = None, ray: Mapping[str, Any] | None = None, **more: Any
) -> Facts:
    fixed = {
        "site": replace(SITE, **(site or {})),
        "organizations": ORGANIZATIONS,
        "participants": {"p1": replace(RAY, **(ray or {}))},
        "consents": consents or (consent(),),
        "holds": (),
        "restrictions": (),
        "court_orders": (),
        "record": (item(),),
        "policy": Policy("test", {}),
    }
    return Facts(**(fixed | more))


def matter(asked: Mapping[str, Any] | None = None, known: Facts | None = None) -> Matter:
    return matter_of(request(**(asked or {})), known or facts())


def rule(identifier: str) -> Rule:
    return BY_ID[identifier]


def judged(identifier: str, before: Matter, *about: Any) -> Verdict:
    """Return what one rule says; a rule about items says it of the one that comes last."""
    made = BY_ID[identifier]
    if made.scope not in (Scope.ITEM, Scope.GRANT_ITEM, Scope.ORDER_ITEM, Scope.STATUTE_ITEM):
        found = made.check(before, *about)
        return found if isinstance(found, Verdict) else found.verdict
    *things, thing = about
    alone = matter_of(before.request, replace(before.facts, record=(thing,)))
    alone = replace(alone, items={thing.id: thing})
    return verdict_on((made.key or by_id)(alone, thing), made.check(alone, *things))

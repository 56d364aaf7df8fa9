"""Whole records of what LEAD does. `python -m tests.mappings.fhir.lead_goldens` writes them anew: read the diff."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from consent.codes import Category
from consent.notices import STATEMENT_1
from mappings.fhir import (
    audit,
    careteam,
    carried_notice,
    custody_notice,
    episode,
    goal,
    intake_deadline,
    intake_form,
    organization,
    patient,
    people,
    provenance,
    referral,
    signed_form,
)
from mappings.lead.custody import CustodyKind
from tests.mappings.fhir import factory as make
from tests.mappings.fhir import lead_factory as lead
from tests.mappings.fhir.goldens import written

FOLDER = Path(__file__).parent / "golden" / "lead"

ORGANIZATIONS = make.ORGANIZATIONS | {lead.HOSPITAL.id: lead.HOSPITAL}


def searchset() -> dict[str, Any]:
    found = {"fullUrl": f"{lead.BASE_URL}/fhir/EpisodeOfCare/episode-1", "resource": episode.to_fhir(lead.episode())}
    return {"resourceType": "Bundle", "type": "searchset", "total": 1, "entry": [found | {"search": {"mode": "match"}}]}


def transaction() -> dict[str, Any]:
    written_ = {
        "fullUrl": "urn:uuid:0c9a7f0e-1111-4000-8000-00000000000a",
        "resource": goal.to_fhir(lead.goal()),
        "request": {"method": "POST", "url": "Goal"},
    }
    return {"resourceType": "Bundle", "type": "transaction", "entry": [written_]}


def _custody(kind: CustodyKind) -> dict[str, Any]:
    ray = patient.to_fhir(make.PARTICIPANT, make.RAY, systems=frozenset())
    released = [make.item("i2", Category.IDENTITY, ray)] if kind is CustodyKind.BOOKING else []
    return custody_notice.notification(
        lead.custody_disclosure(*released, resource=lead.stay(kind)),
        organizations=ORGANIZATIONS,
        base_url=lead.BASE_URL,
        endpoint=lead.ENDPOINT,
        at=make.AT,
    )


GOLDEN: dict[str, Callable[[], dict[str, Any]]] = {
    "episode": lambda: episode.to_fhir(lead.episode()),
    "goal": lambda: goal.to_fhir(lead.goal()),
    "careteam": lambda: careteam.to_fhir(lead.team()),
    "referral": lambda: referral.to_fhir(lead.referral()),
    "intake-deadline": lambda: intake_deadline.to_fhir(lead.deadline()),
    "intake-deadline-for-outsiders": lambda: intake_deadline.for_outsiders(lead.deadline()),
    "intake": lambda: intake_form.to_fhir(lead.intake()),
    "intake-excerpt": lambda: intake_form.excerpt(lead.intake(), questions=frozenset({"housing"}))[0],
    "organization": lambda: organization.to_fhir(lead.PROGRAM),
    "organization-for-partners": lambda: organization.for_partners(lead.PROGRAM),
    "practitioner": lambda: people.to_fhir(lead.staff())[0],
    "practitioner-role": lambda: people.to_fhir(lead.staff())[1],
    "signed-form": lambda: signed_form.to_fhir(make.consent(make.grant()), lead.FORM),
    "provenance": lambda: provenance.to_fhir(make.consent(make.grant()), lead.SIGNING),
    "audit-decision": lambda: audit.decided(lead.decision(), base_url=lead.BASE_URL),
    "audit-no-consent": lambda: audit.decided(lead.decision(consents=(), permitted=False), base_url=lead.BASE_URL),
    "audit-disclosed": lambda: audit.disclosed(lead.custody_disclosure(), lead.WAY, custodian="org:wren"),
    "audit-received": lambda: audit.received("envelope-1", make.AT, lead.WAY, sender="org:rowan", participant="p-ray"),
    "custody-admit": lambda: _custody(CustodyKind.BOOKING),
    "custody-discharge": lambda: _custody(CustodyKind.RELEASE),
    "notice-on-resource": lambda: carried_notice.on_resource(episode.to_fhir(lead.episode()), STATEMENT_1, lead.SCOPE),
    "notice-on-searchset": lambda: carried_notice.on_searchset(searchset(), STATEMENT_1, lead.SCOPE),
    "notice-on-transaction": lambda: carried_notice.on_transaction(transaction(), STATEMENT_1, lead.SCOPE),
}
US_CORE = {
    "goal",
    "careteam",
    "referral",
    "intake",
    "organization",
    "organization-for-partners",
    "practitioner",
    "signed-form",
}
"""The records that claim a US Core profile."""


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.json"


if __name__ == "__main__":
    for each, build in GOLDEN.items():
        path_of(each).write_text(written(build()), encoding="utf-8")

"""Sealed values for tests of what comes after the sealing. Only tests may reach for the seal."""

from datetime import UTC, datetime

from consent.codes import Category
from consent.disclosure import _SEAL, Clearance, ClearedItem, Disclosure, NeutralAnswer, Notice

CANARY = "canary-7c1f"


def disclosure(recipient: str = "hospital", text: str = CANARY) -> Disclosure:
    resource = {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationCodeableConcept": {"text": text},
        "subject": {"reference": "Patient/p-ray"},
    }
    item = ClearedItem("i1", 1, "p-ray", Category.MOUD, "2.51", part2=True, resource=resource)
    clearance = Clearance(
        seal=_SEAL,
        request="r1",
        recipient=recipient,
        purpose="emergency",
        participant="p-ray",
        items=(item,),
        notice=Notice("2.32-2024-statement-1", "a statement of invented wording", ("42 CFR 2.32(a)",)),
        scope="an explanation of invented wording",
        summary=None,
        obligations=(),
        digest="0" * 64,
    )
    return Disclosure(_SEAL, clearance, "018f5f3e-0000-7000-8000-000000000001", datetime(2026, 3, 2, 12, tzinfo=UTC))


def neutral(recipient: str = "hospital") -> NeutralAnswer:
    return NeutralAnswer(
        _SEAL, recipient, "018f5f3e-0000-7000-8000-0000000000aa", "018f5f3e-0000-7000-8000-000000000002"
    )

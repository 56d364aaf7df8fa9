"""Only what we wrote whole is read back as a consent of ours."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from consent.model import Consent
from mappings.fhir import codes
from mappings.fhir.build import UnreadableResourceError
from mappings.fhir.consent import from_fhir, to_fhir
from tests.mappings.fhir import factory as make

Json = dict[str, Any]


def whole(consent: Consent) -> Json:
    return to_fhir(consent, make.ORGANIZATIONS, at=make.AT, holds=())


def permits(resource: Json) -> list[Json]:
    found: list[Json] = resource["provision"]["provision"]
    return found


def _set(*path: str | int, to: Any) -> Callable[[Json], None]:
    def change(resource: Json) -> None:
        element: Any = resource
        for step in path[:-1]:
            element = element[step]
        element[path[-1]] = to

    return change


PERMIT = ("provision", "provision", 0)
CHANGES: dict[str, Callable[[Json], None]] = {
    "another resource": _set("resourceType", to="Patient"),
    "an unknown element": _set("verification", to=[]),
    "an unknown modifier": _set("modifierExtension", to=[{"url": "x", "valueBoolean": True}]),
    "a status of doubt": _set("status", to="entered-in-error"),
    "another scope": _set("scope", to={"text": "research"}),
    "another policy": _set("policy", to=[{"uri": "https://canary.example"}]),
    "a root that permits": _set("provision", "type", to="permit"),
    "a root with a limit": _set("provision", "period", to={"end": "2026-01-01"}),
    "a permit that denies": _set(*PERMIT, "type", to="deny"),
    "a third level": _set(*PERMIT, "provision", to=[{"type": "deny"}]),
    "a limit to some data": _set(*PERMIT, "data", to=[]),
    "a purpose not known": _set(*PERMIT, "purpose", to=[codes.coding(codes.PURPOSE, "CANARY")]),
    "no purpose": _set(*PERMIT, "purpose", to=[]),
    "a category not known": _set(*PERMIT, "code", to=[codes.concept(codes.CATEGORY, "CANARY")]),
    "no category": _set(*PERMIT, "code", to=[]),
    "two recipients": lambda r: permits(r)[0]["actor"].append(permits(r)[0]["actor"][0]),
    "no recipient": _set(*PERMIT, "actor", to=[]),
    "a recipient by address": _set(*PERMIT, "actor", 0, "reference", to={"reference": "Organization/1"}),
    "another action": _set(*PERMIT, "action", to=[codes.concept(codes.CONSENT_ACTION, "collect")]),
    "no discloser": _set(*PERMIT, "modifierExtension", to=[]),
    "no expiry": lambda r: permits(r)[0]["extension"].pop(1),
    "an extension not known": lambda r: permits(r)[0]["extension"].append({"url": "x", "valueString": "CANARY"}),
    "a moment without an offset": _set("dateTime", to="2026-10-01T17:00:00"),
    "two permits that disagree": lambda r: permits(r).append(
        {**permits(r)[0], "purpose": [codes.coding(codes.PURPOSE, "treatment")]}
    ),
    "the same permit twice": lambda r: permits(r).append(permits(r)[0]),
    "no kind": lambda r: r["category"].pop(),
    "two signers": lambda r: r["performer"].append(r["performer"][0]),
    "texts missing": _set("extension", to=[]),
    "a list that is none": _set("category", to="CANARY"),
    "a number for a text": _set("patient", "display", to=7),
}


class TestStrictReading:
    def test_what_is_changed_below_is_readable_before(self) -> None:
        consent = make.consent(make.grant())
        assert from_fhir(whole(consent)) == consent

    @pytest.mark.parametrize("name", CHANGES)
    def test_a_changed_consent_is_refused_without_repeating_it(self, name: str) -> None:
        resource = copy.deepcopy(whole(make.consent(make.grant())))
        CHANGES[name](resource)
        with pytest.raises(UnreadableResourceError) as refused:
            from_fhir(resource)
        assert refused.value.field.startswith("Consent")
        assert "CANARY" not in str(refused.value)

    def test_ids_and_meta_of_a_server_are_no_change(self) -> None:
        consent = make.consent(make.grant())
        assert from_fhir(whole(consent) | {"id": "x", "meta": {"versionId": "3"}}) == consent

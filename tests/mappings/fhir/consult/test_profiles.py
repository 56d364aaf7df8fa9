"""The shapes of IHE PCF, HL7 FAST and LEAP, with invented people: one Consent each, and what it lets flow."""

from typing import Any, ClassVar

import pytest

from tests.mappings.fhir.consult.build import (
    HOSPITAL,
    JAIL,
    SCOPE,
    actor,
    card,
    concept,
    consent,
    decision,
    flowing,
    observation,
    rule,
)

TPO = "TREAT HPAYMT HOPERAT"
CONTENT: list[dict[str, Any]] = [observation(code.lower() or "bare", *code.split()) for code in ("N", "R", "PSY R", "")]
BOTH = {"directory": [{"resourceType": "Practitioner", "id": "p1", "identifier": [HOSPITAL]}]}


def pcf(provision: dict[str, Any]) -> dict[str, Any]:
    return consent(
        provision,
        performer=[{"reference": "Patient/ray"}],
        organization=[{"reference": "Organization/holder"}],
        sourceReference={"reference": "DocumentReference/paper"},
        policy=[{"uri": "http://example.org/policies/base.txt"}],
    )


class TestPcf:
    @pytest.mark.parametrize(
        ("provision", "expected"),
        [
            (rule("permit", purpose=TPO), ["n", "r", "psy r", "bare"]),
            (rule("deny", purpose=TPO), []),
            (rule("permit", purpose=TPO, period={"end": "2022-12-31"}), []),
            (rule("permit", purpose=TPO, label="N"), ["n"]),
            (rule("permit", purpose=TPO, label="N R"), ["n", "r", "psy r"]),
            (rule("permit", rule("deny", label="R"), purpose=TPO, label="N"), ["n"]),
            (
                rule("permit", rule("permit", label="R", actor="Practitioner/p1"), purpose=TPO, label="N"),
                ["n", "r", "psy r"],
            ),
            (
                rule("permit", rule("permit", label="PSY", actor="Practitioner/p1"), purpose=TPO, label="N"),
                ["n", "psy r"],
            ),
            (
                rule("permit", rule("permit", label="PSY"), purpose=TPO, label="N", actor="Practitioner/p1"),
                ["n", "psy r"],
            ),
        ],
    )
    def test_treatment_by_the_practitioner(self, provision: dict[str, Any], expected: list[str]) -> None:
        assert flowing(pcf(provision), content=CONTENT, **BOTH) == expected

    def test_a_focused_permit_gives_others_what_is_normal(self) -> None:
        one = pcf(rule("permit", rule("permit", label="R", actor="Practitioner/p1"), purpose=TPO, label="N"))
        assert flowing(one, content=CONTENT, actor=[JAIL], **BOTH) == ["n"]

    def test_break_glass_opens_what_is_restricted(self) -> None:
        one = pcf(rule("permit", rule("permit", label="R", purpose="BTG"), purpose=TPO, label="N"))
        assert flowing(one, content=CONTENT) == ["n"]
        assert flowing(one, content=CONTENT, purposeOfUse="BTG") == ["n", "r", "psy r"]

    def test_research_names_its_organization(self) -> None:
        one = pcf(
            rule("permit", actor=HOSPITAL) | {"purpose": [{"system": "http://example.org/use", "code": "FooBar"}]}
        )
        assert decision(one, purposeOfUse="FooBar") == "PERMIT"
        assert decision(one, purposeOfUse="FooBar", actor=[JAIL]) == "NONE"
        assert decision(one) == "NONE"

    def test_not_a_time_frame(self) -> None:
        one = pcf(rule("permit", rule("deny", dataPeriod={"start": "2022-01", "end": "2022-12"}), purpose=TPO))
        days = ("2021-12-31", "2022-06-13", "2023-01-01")
        content = [observation(day, effectiveDateTime=day) for day in days]
        assert flowing(one, content=content) == ["2021-12-31", "2023-01-01"]


class TestFast:
    def fast(self, provision: dict[str, Any], **more: Any) -> dict[str, Any]:
        return consent(
            provision,
            identifier=[{"system": "urn:example:consents", "value": "7"}],
            category=[concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "INFA")],
            policyRule=concept("http://terminology.hl7.org/CodeSystem/consentpolicycodes", "hipaa-auth"),
            **more,
        )

    def test_active_and_revoked(self) -> None:
        one = rule("permit", actor=HOSPITAL)
        assert decision(self.fast(one)) == "PERMIT"
        assert decision(self.fast(one, status="inactive")) == "NONE"

    def test_the_policy_rule_alone_permits_nothing(self) -> None:
        assert decision(self.fast(rule(None, actor=HOSPITAL))) == "NONE"


class TestLeap:
    """LEAP: scope as a category, patient by reference alone, one exception for `Organization/54`."""

    DIRECTORY: ClassVar[list[dict[str, Any]]] = [{"resourceType": "Organization", "id": "54", "identifier": [HOSPITAL]}]

    def leap(self, *exceptions: dict[str, Any], kind: str = "permit", **root: Any) -> dict[str, Any]:
        period = {"start": "2019-11-01", "end": "2029-01-01"}
        return consent(
            rule(kind, *exceptions, period=period, **root),
            scope=None,
            category=[{"coding": [SCOPE | {"display": "Privacy"}]}, concept("http://loinc.org", "59284-6")],
            patient={"reference": "Patient/52", "display": "Alder, Ray"},
        )

    def asked(self, one: dict[str, Any], **context: Any) -> str:
        return decision(one, **({"directory": self.DIRECTORY, "category": [SCOPE]} | context))

    def test_opt_in_with_one_refused(self) -> None:
        one = self.leap(rule("deny", actor="Organization/54"))
        assert self.asked(one) == "DENY"
        assert self.asked(one, actor=[JAIL]) == "PERMIT"
        assert self.asked(one, actor=[{"system": "test-system", "value": "test-value"}]) == "PERMIT"

    def test_opt_out(self) -> None:
        one = self.leap(rule("deny", actor="Organization/54"), kind="deny")
        assert self.asked(one) == "DENY"
        assert self.asked(one, actor=[JAIL]) == "DENY"

    def test_other_scope(self) -> None:
        assert self.asked(self.leap(), category=[SCOPE | {"code": "research"}]) == "NONE"

    def test_one_object_where_fhir_has_a_list(self) -> None:
        one = self.leap()
        one["provision"]["provision"] = rule("deny", actor="Organization/54")
        assert self.asked(one) == "DENY"

    def test_an_exception_with_labels_becomes_an_obligation(self) -> None:
        one = self.leap(rule("deny", label="R", actor="Organization/54"), rule("deny", purpose="HMARKT"))
        found = card(one, directory=self.DIRECTORY)["extension"]
        assert found["decision"] == "CONSENT_PERMIT"
        assert [o["parameters"] for o in found["obligations"]] == [{"codes": rule("deny", label="R")["securityLabel"]}]
        assert self.asked(one, purposeOfUse="HMARKT") == "DENY"

    def test_an_actor_beside_the_label_limits_the_obligation(self) -> None:
        one = self.leap(rule("deny", label="R") | {"actor": [actor("Organization/54")]})
        assert card(one, directory=self.DIRECTORY, actor=[JAIL])["extension"]["obligations"] == []

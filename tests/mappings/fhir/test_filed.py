"""What partners file about consents: refused by name of element, or read as far as it has to be."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mappings.fhir import codes
from mappings.fhir.filed import FIELDS, Fault, FilingError, read_consent, read_disclosure, read_filing, read_revocation

Json = dict[str, Any]
PATIENT: Json = {"identifier": {"system": "sid", "value": "WA90000007"}}


def consent(**more: Any) -> Json:
    made = {
        "resourceType": "Consent",
        "identifier": [{"system": "urn:hospital", "value": "c-1"}],
        "status": "active",
        "scope": codes.concept(codes.CONSENT_SCOPE, "patient-privacy"),
        "category": [codes.concept(codes.LOINC, "59284-0")],
        "patient": PATIENT,
        "dateTime": "2026-11-20",
        "provision": {"type": "permit"},
    }
    return {name: content for name, content in (made | more).items() if content is not None}


def parameters(*given: tuple[str, Json]) -> Json:
    return {"resourceType": "Parameters", "parameter": [{"name": name, **content} for name, content in given]}


def revocation(consent: Json | None = None, patient: Json | None = None) -> Json:
    named = {"reference": "Consent/x"} if consent is None else consent
    return parameters(("consent", {"valueReference": named}), ("patient", {"valueReference": patient or PATIENT}))


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("body", "field", "fault"),
        [
            (None, "Parameters", Fault.WRONG_TYPE),
            ({"resourceType": "Bundle"}, "Parameters", Fault.WRONG_TYPE),
            ({"resourceType": "Parameters"}, "Parameters.parameter", Fault.MISSING),
            ({"resourceType": "Parameters", "parameter": []}, "Parameters.parameter", Fault.MISSING),
            ({"resourceType": "Parameters", "parameter": ["x"]}, "Parameters.parameter", Fault.MISSING),
            (parameters(("secret", {})), "Parameters.parameter", Fault.NOT_READ),
            (parameters(("document", {"resource": {"resourceType": "Binary"}})), "consent", Fault.MISSING),
            (parameters(("consent", {}), ("Consent", {})), "consent", Fault.REPEATED),
            (parameters(("consent", {"resource": {"resourceType": "Patient"}})), "consent", Fault.WRONG_TYPE),
            (parameters(("consent", {"resource": {"resourceType": []}})), "consent", Fault.WRONG_TYPE),
            (parameters(("consent", {"resource": consent(status=[])})), "Consent.status", Fault.NOT_A_STATUS),
            (
                parameters(("consent", {"resource": consent()}), ("document", {"resource": {}})),
                "document",
                Fault.WRONG_TYPE,
            ),
        ],
    )
    def test_a_filing(self, body: Any, field: str, fault: Fault) -> None:
        with pytest.raises(FilingError) as error:
            read_filing(body)
        assert (error.value.field, error.value.fault) == (field, fault)
        assert error.value.field in FIELDS

    @pytest.mark.parametrize(
        ("more", "field", "fault"),
        [
            ({"status": None}, "Consent.status", Fault.MISSING),
            ({"status": "revoked"}, "Consent.status", Fault.NOT_A_STATUS),
            ({"patient": None}, "Consent.patient", Fault.MISSING),
            ({"patient": {"display": "Testina Fir"}}, "Consent.patient", Fault.NOT_A_REFERENCE),
            ({"patient": {"identifier": {"system": "sid"}}}, "Consent.patient", Fault.NOT_A_REFERENCE),
            ({"patient": "Testina Fir"}, "Consent.patient", Fault.NOT_A_REFERENCE),
            ({"dateTime": "yesterday"}, "Consent.dateTime", Fault.NOT_A_MOMENT),
            ({"dateTime": 5}, "Consent.dateTime", Fault.NOT_A_MOMENT),
        ],
    )
    def test_a_consent(self, more: Json, field: str, fault: Fault) -> None:
        with pytest.raises(FilingError) as error:
            read_consent(consent(**more))
        assert (error.value.field, error.value.fault) == (field, fault)
        assert "Fir" not in str(error.value)

    @pytest.mark.parametrize("name", ["consent", "patient"])
    def test_a_revocation_that_names_nothing(self, name: str) -> None:
        with pytest.raises(FilingError) as error:
            read_revocation(revocation(**{name: {"display": "that one"}}))
        assert (error.value.field, error.value.fault) == (name, Fault.NOT_A_REFERENCE)

    def test_a_disclosure_without_its_moment(self) -> None:
        event = {"resourceType": "AuditEvent"}
        body = parameters(
            ("disclosure", {"resource": event}), ("consent", {"valueReference": {"reference": "Consent/x"}})
        )
        with pytest.raises(FilingError) as error:
            read_disclosure(body)
        assert (error.value.field, error.value.fault) == ("AuditEvent.recorded", Fault.MISSING)


class TestWhatIsUnderstood:
    @pytest.mark.parametrize(
        "provision",
        [
            {"type": "maybe"},
            [],
            {"type": "permit", "provision": [{}]},
            {"type": "permit", "purpose": [{"display": "x"}]},
        ],
    )
    def test_provisions_that_nobody_can_read(self, provision: Any) -> None:
        filed = read_consent(consent(provision=provision))
        assert not filed.readable

    @pytest.mark.parametrize("provision", [{"type": "deny"}, {"type": "deny", "provision": [{"type": "deny"}]}])
    def test_one_that_permits_nothing_refuses(self, provision: Json) -> None:
        assert read_consent(consent(provision=provision)).refuses

    def test_a_refusal_of_something_else_is_none(self) -> None:
        adr = codes.concept(codes.CONSENT_SCOPE, "adr")
        assert not read_consent(consent(scope=adr, provision={"type": "deny"})).refuses

    @pytest.mark.parametrize(
        "provision", [{"type": "permit"}, {"type": "deny", "provision": [{"type": "permit"}]}, {}, None]
    )
    def test_others_do_not(self, provision: Json | None) -> None:
        filed = read_consent(consent(provision=provision))
        assert (filed.readable, filed.refuses) == (True, False)

    @pytest.mark.parametrize(("status", "over"), [("inactive", True), ("entered-in-error", True), ("active", False)])
    def test_whether_it_is_over(self, status: str, over: bool) -> None:  # noqa: FBT001  -- a parameter of the test
        assert read_consent(consent(status=status)).withdrawn is over

    def test_a_day_is_a_moment(self) -> None:
        assert read_consent(consent()).signed_at == datetime(2026, 11, 20, tzinfo=UTC)

    def test_who_is_contained_is_named(self) -> None:
        who = {"resourceType": "Patient", "id": "p", "identifier": [{"system": "sid", "value": "WA1"}]}
        filed = read_consent(consent(patient={"reference": "#p"}, contained=[who]))
        assert ("sid", "WA1") in filed.patient.identifiers

    def test_names_of_parameters_in_any_case(self) -> None:
        filed = read_filing(parameters(("Consent", {"resource": consent()})))
        assert filed.identifiers == (("urn:hospital", "c-1"),)

    def test_whom_a_disclosure_is_about(self) -> None:
        who = [{"what": PATIENT | {"type": "Patient"}}, {"what": {"reference": "Consent/x"}}, {}]
        event = {"resourceType": "AuditEvent", "recorded": "2026-11-20T10:00:00Z", "entity": who}
        filed = read_disclosure(
            parameters(("disclosure", {"resource": event}), ("consent", {"valueReference": {"reference": "Consent/x"}}))
        )
        assert filed.patient.identifiers == {("sid", "WA90000007")}
        assert filed.consent.literals == {("", "Consent/x")}

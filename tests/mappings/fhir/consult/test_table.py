"""Small Consents against small questions: what is decided, and what may flow."""

from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

import pytest

from tests.mappings.fhir.consult.build import (
    ACT,
    CLINIC,
    HOSPITAL,
    JAIL,
    TYPES,
    actor,
    card,
    concept,
    consent,
    decision,
    flowing,
    observation,
    rule,
)

ALL, NOBODY = rule("permit"), rule("deny")
ONLY_HOSPITAL = rule("permit", actor=HOSPITAL)
LIST = rule("deny", rule("permit", actor=HOSPITAL))
BUT_HOSPITAL = rule("permit", rule("deny", actor=HOSPITAL))
TREATMENT = rule("permit", purpose="TREAT HPAYMT")
BREAK_GLASS = rule("deny", rule("permit", purpose="BTG"))
THREE = rule("deny", rule("permit", rule("deny", purpose="HMARKT"), actor=HOSPITAL))
FOUR = rule("permit", rule("deny", rule("permit", rule("deny", actor=JAIL), purpose="ETREAT"), actor=[HOSPITAL, JAIL]))

TABLE: list[tuple[str, list[Any], dict[str, Any], str]] = [
    ("none brought", [], {}, "NONE"),
    ("permit all", [ALL], {}, "PERMIT"),
    ("deny all", [NOBODY], {}, "DENY"),
    ("permit and deny", [ALL, NOBODY], {}, "DENY"),
    ("no provision at all", [None], {}, "NONE"),
    ("no type, no policy rule", [rule(None)], {}, "NONE"),
    ("no type, an actor", [rule(None, actor=HOSPITAL)], {}, "NONE"),
    ("no type, nested permit", [rule(None, rule("permit", actor=HOSPITAL))], {}, "PERMIT"),
    ("no type, nested permit of another", [rule(None, rule("permit", actor=JAIL))], {}, "NONE"),
    ("root actor", [ONLY_HOSPITAL], {}, "PERMIT"),
    ("root actor, another asks", [ONLY_HOSPITAL], {"actor": [JAIL]}, "NONE"),
    ("one of the identifiers", [ONLY_HOSPITAL], {"actor": [JAIL, HOSPITAL]}, "PERMIT"),
    ("one of them refused", [BUT_HOSPITAL], {"actor": [JAIL, HOSPITAL]}, "DENY"),
    ("value alone", [ONLY_HOSPITAL], {"actor": [{"value": "hospital"}]}, "NONE"),
    ("value alone, refused", [BUT_HOSPITAL], {"actor": [{"value": "hospital"}]}, "DENY"),
    ("list", [LIST], {}, "PERMIT"),
    ("list, another", [LIST], {"actor": [JAIL]}, "DENY"),
    ("list and a permit for the other", [LIST, rule("permit", actor=JAIL)], {"actor": [JAIL]}, "PERMIT"),
    ("list and a refusal", [LIST, rule("deny", actor=HOSPITAL)], {}, "DENY"),
    (
        "a list with a refusal in it",
        [rule("deny", rule("deny", actor=JAIL), rule("permit", actor=HOSPITAL))],
        {},
        "PERMIT",
    ),
    ("exception", [BUT_HOSPITAL], {}, "DENY"),
    ("exception, another", [BUT_HOSPITAL], {"actor": [JAIL]}, "PERMIT"),
    ("exceptions that clash", [rule("deny", rule("permit", actor=HOSPITAL), rule("deny", actor=HOSPITAL))], {}, "DENY"),
    ("purpose", [TREATMENT], {}, "PERMIT"),
    ("another purpose", [TREATMENT], {"purposeOfUse": "HMARKT"}, "NONE"),
    ("no purpose", [TREATMENT], {"purposeOfUse": None}, "NONE"),
    ("empty purposes", [TREATMENT], {"purposeOfUse": []}, "NONE"),
    ("no purpose, none wanted", [ALL], {"purposeOfUse": None}, "PERMIT"),
    ("no purpose, one refused", [rule("permit", rule("deny", purpose="HMARKT"))], {"purposeOfUse": None}, "DENY"),
    ("purpose refused", [rule("permit", rule("deny", purpose="HMARKT"))], {"purposeOfUse": "HMARKT"}, "DENY"),
    ("other purpose refused", [rule("permit", rule("deny", purpose="HMARKT"))], {}, "PERMIT"),
    (
        "foreign purpose",
        [rule("permit") | {"purpose": [{"system": "urn:x", "code": "FooBar"}]}],
        {"purposeOfUse": "FooBar"},
        "PERMIT",
    ),
    (
        "foreign code of a published name",
        [rule("permit") | {"purpose": [{"system": "urn:x", "code": "TREAT"}]}],
        {},
        "NONE",
    ),
    ("break glass", [BREAK_GLASS], {"purposeOfUse": "BTG"}, "PERMIT"),
    ("no break glass", [BREAK_GLASS], {}, "DENY"),
    ("dissent with break glass beats a permit", [BREAK_GLASS, ALL], {}, "DENY"),
    ("third level refuses", [THREE], {"purposeOfUse": "HMARKT"}, "DENY"),
    ("third level apart", [THREE], {}, "PERMIT"),
    ("fourth level, none", [FOUR], {"actor": [CLINIC]}, "PERMIT"),
    ("fourth level, second", [FOUR], {}, "DENY"),
    ("fourth level, third", [FOUR], {"purposeOfUse": "ETREAT"}, "PERMIT"),
    ("fourth level, fourth", [FOUR], {"purposeOfUse": "ETREAT", "actor": [JAIL]}, "DENY"),
    ("action that shares", [rule("permit", action="disclose")], {}, "PERMIT"),
    ("action that does not", [rule("permit", action="correct")], {}, "NONE"),
    ("refusal of another action", [rule("permit", rule("deny", action="correct"))], {}, "PERMIT"),
    ("action nobody knows", [rule("permit", action="sell")], {}, "NONE"),
    ("refusal of an action nobody knows", [rule("permit", rule("deny", action="sell"))], {}, "DENY"),
    (
        "class asked",
        [rule("permit", kinds="Observation")],
        {"class": [{"system": TYPES, "code": "Observation"}]},
        "PERMIT",
    ),
    ("another class", [rule("permit", kinds="Observation")], {"class": [{"system": TYPES, "code": "Claim"}]}, "NONE"),
    (
        "class refused",
        [rule("permit", rule("deny", kinds="Claim"))],
        {"class": [{"system": TYPES, "code": "Claim"}]},
        "DENY",
    ),
    (
        "another class refused",
        [rule("permit", rule("deny", kinds="Claim"))],
        {"class": [{"system": TYPES, "code": "Goal"}]},
        "PERMIT",
    ),
    (
        "one of two classes refused",
        [rule("permit", rule("deny", kinds="Claim"))],
        {"class": [{"system": TYPES, "code": c} for c in ("Claim", "Goal")]},
        "PERMIT",
    ),
    ("expired", [rule("permit", period={"end": "2026-03-01"})], {}, "NONE"),
    ("not yet", [rule("permit", period={"start": "2026-03-03"})], {}, "NONE"),
    ("refusal expired", [ALL, rule("deny", period={"end": "2026-03-01"})], {}, "PERMIT"),
    ("last day", [rule("permit", period={"start": "2026", "end": "2026-03"})], {}, "PERMIT"),
]


@pytest.mark.parametrize(
    ("provisions", "context", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_decision(provisions: list[Any], context: dict[str, Any], expected: str) -> None:
    consents = [consent(one, id=f"c{number}") for number, one in enumerate(provisions)]
    assert decision(*consents, **context) == expected
    assert decision(*consents[::-1], **context) == expected


@pytest.mark.parametrize(
    ("changed", "context", "expected"),
    [
        ({"status": "inactive"}, {}, "NONE"),
        ({"dateTime": "2026-03-03"}, {}, "NONE"),
        ({"dateTime": "2026-03-02"}, {}, "PERMIT"),
        ({"dateTime": None}, {}, "PERMIT"),
        (
            {
                "scope": {
                    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "treatment"}]
                }
            },
            {},
            "NONE",
        ),
        ({}, {"category": [{"system": "http://loinc.org", "code": "59284-0"}]}, "PERMIT"),
        (
            {},
            {"category": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
            "PERMIT",
        ),
        ({}, {"category": [{"system": "http://loinc.org", "code": "64292-6"}]}, "NONE"),
        ({"scope": None, "category": None}, {"category": [{"system": "http://loinc.org", "code": "1"}]}, "NONE"),
    ],
)
def test_standing(changed: dict[str, Any], context: dict[str, Any], expected: str) -> None:
    assert decision(consent(rule("permit"), **changed), **context) == expected


@pytest.mark.parametrize(
    ("code", "expected"), [("OPTIN", "PERMIT"), ("OPTOUT", "DENY"), ("OPTINR", "NONE"), ("hipaa-auth", "NONE")]
)
def test_policy_rule_where_no_type_is_given(code: str, expected: str) -> None:
    for provision in (None, rule(None, period={"start": "2026"})):
        assert decision(consent(provision, policyRule=concept(ACT, code))) == expected
    assert decision(consent(rule("deny"), policyRule=concept(ACT, code))) == "DENY"


def test_two_policy_rules_that_differ_refuse() -> None:
    both = {"coding": [{"system": ACT, "code": code} for code in ("OPTIN", "OPTOUT")]}
    assert decision(consent(None, policyRule=both)) == "DENY"


class TestPurposes:
    """LEAP lets one match among the purposes asked decide; here that has to be asked for."""

    ONE = consent(rule("permit", purpose="TREAT ETREAT"))

    def test_all_must_be_permitted(self) -> None:
        assert decision(self.ONE, purposeOfUse=["ETREAT", "TREAT"]) == "PERMIT"
        assert decision(self.ONE, purposeOfUse=["ETREAT", "HMARKT"]) == "NONE"

    def test_any_on_request(self) -> None:
        assert decision(self.ONE, purposeOfUse=["ETREAT", "HMARKT"], any_purpose=True) == "PERMIT"
        refused = consent(rule("permit", rule("deny", purpose="HMARKT")))
        assert decision(refused, purposeOfUse=["TREAT", "HMARKT"], any_purpose=True) == "DENY"

    def test_what_both_permit_flows(self) -> None:
        treat, pay = rule("permit", purpose="TREAT", label="R"), rule("permit", purpose="HPAYMT", label="N")
        content = [observation("n", "N"), observation("r", "R")]
        both = {"purposeOfUse": ["TREAT", "HPAYMT"]}
        consents = (consent(treat, id="a"), consent(pay, id="b"))
        assert flowing(*consents, content=content, **both) == ["n"]
        assert flowing(*consents, content=content, any_purpose=True, **both) == ["n", "r"]


class TestDatesWithoutOffset:
    def test_they_are_local_to_the_moment(self) -> None:
        one = consent(rule("permit", period={"end": "2026-03-01"}))
        seattle = timezone(timedelta(hours=-8))
        assert decision(one, at=datetime(2026, 3, 1, 23, 59, tzinfo=seattle)) == "PERMIT"
        assert decision(one, at=datetime(2026, 3, 2, 0, 0, tzinfo=seattle)) == "NONE"

    def test_an_offset_is_kept(self) -> None:
        one = consent(rule("permit", period={"end": "2026-03-02T12:00:00Z"}))
        assert decision(one) == "PERMIT"
        assert decision(one, at=datetime(2026, 3, 2, 13, 0, 1, tzinfo=timezone(timedelta(hours=1)))) == "NONE"


class TestData:
    """PCF Intermediate: data by instance, by what it is related to, by who wrote it."""

    NOTE = observation("note", encounter={"reference": "Encounter/e1"}, performer=[{"reference": "Practitioner/p1"}])
    OTHER = observation("other", encounter={"reference": "Encounter/e2"}, performer=[{"reference": "Practitioner/p2"}])
    VISIT: ClassVar[dict[str, Any]] = {"resourceType": "Encounter", "id": "e1", "subject": {"reference": "Patient/ray"}}

    @pytest.mark.parametrize(
        ("meaning", "reference", "expected"),
        [
            ("instance", "Observation/note", ["note"]),
            ("instance", "http://ehr.example/fhir/Observation/note", ["note"]),
            ("related", "Encounter/e1", ["note", "e1"]),
            ("dependents", "Encounter/e1", ["note", "e1"]),
            ("authoredby", "Practitioner/p1", ["note"]),
        ],
    )
    def test_permit_and_refusal(self, meaning: str, reference: str, expected: list[str]) -> None:
        content = [self.NOTE, self.OTHER, self.VISIT]
        data = [{"meaning": meaning, "reference": {"reference": reference}}]
        assert flowing(consent(rule("permit", data=data)), content=content) == expected
        rest = [one["id"] for one in content if one["id"] not in expected]
        assert flowing(consent(rule("permit", rule("deny", data=data))), content=content) == rest

    def test_related_is_also_what_the_named_data_refers_to(self) -> None:
        visit = self.VISIT | {"diagnosis": [{"condition": {"reference": "Condition/c1"}}]}
        condition = {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/ray"}}
        data = [{"meaning": "related", "reference": {"reference": "Encounter/e1"}}]
        assert flowing(consent(rule("permit", data=data)), content=[condition], directory=[visit]) == ["c1"]
        assert flowing(consent(rule("permit", data=data)), content=[condition]) == []

    def test_a_refusal_of_an_author_leaves_what_names_nobody(self) -> None:
        """PCF, ITI-71: if no forbid applies, it flows. But who is named in another place may well have written it."""
        refusal = consent(
            rule(
                "permit",
                rule("deny", data=[{"meaning": "authoredby", "reference": {"reference": "Practitioner/p1"}}]),
            )
        )
        named = observation("named", focus=[{"reference": "Practitioner/p1"}])
        unclear = observation("unclear", performer=[{"identifier": {"system": "urn:example:npi", "value": "1"}}])
        assert flowing(refusal, content=[self.NOTE, self.OTHER, observation("bare"), named, unclear]) == [
            "other",
            "bare",
        ]

    def test_a_refusal_of_a_time_leaves_what_has_no_date_in_it(self) -> None:
        refusal = consent(rule("permit", rule("deny", dataPeriod={"start": "2022", "end": "2022"})))
        inside = observation("inside", component=[{"valueDateTime": "2022-06-13"}])
        outside = observation("outside", component=[{"valueDateTime": "2021-06-13"}])
        across = observation("across", effectivePeriod={"start": "2021-12-31", "end": "2022-01-01"})
        broken = observation("broken", effectiveDateTime="in spring")
        content = [observation("bare"), inside, outside, across, broken, self.VISIT]
        assert flowing(refusal, content=content) == ["bare", "outside", "e1"]
        permit = consent(rule("permit", dataPeriod={"start": "2022", "end": "2022"}))
        assert flowing(permit, content=content) == []

    def test_an_author_by_provenance(self) -> None:
        provenance = {
            "resourceType": "Provenance",
            "id": "prov",
            "target": [{"reference": "Observation/bare"}],
            "agent": [{"who": {"reference": "Practitioner/p1"}}],
        }
        data = [{"meaning": "authoredby", "reference": {"reference": "Practitioner/p1"}}]
        found = flowing(consent(rule("permit", data=data)), content=[observation("bare"), provenance])
        assert found == ["bare"]


class TestClassesAndCodes:
    CODED = observation("coded", code=concept("http://loinc.org", "42828-4"))
    PLAIN = observation("plain")
    WORDS = observation("words", code={"text": "drinks daily"})

    def test_code(self) -> None:
        code = [concept("http://loinc.org/", "42828-4")]
        content = [self.CODED, self.PLAIN, self.WORDS]
        assert flowing(consent(rule("permit", code=code)), content=content) == ["coded"]
        assert flowing(consent(rule("permit", rule("deny", code=code))), content=content) == ["plain"]

    def test_class_and_label_of_a_permit_must_both_be_met(self) -> None:
        one = consent(rule("permit", kinds="Observation", label="N"))
        goal = {"resourceType": "Goal", "id": "g", "meta": observation("", "N")["meta"]}
        content = [observation("n", "N"), observation("r", "R"), goal]
        assert flowing(one, content=content) == ["n"]

    def test_class_and_label_of_a_refusal_refuse_each(self) -> None:
        one = consent(rule("permit", rule("deny", kinds="Goal", label="R")))
        goal = {"resourceType": "Goal", "id": "g", "meta": observation("", "N")["meta"]}
        assert flowing(one, content=[observation("n", "N"), observation("r", "R"), goal]) == ["n"]

    def test_a_profile_is_a_class(self) -> None:
        profile = "http://example.org/StructureDefinition/lipids"
        one = consent(rule("permit") | {"class": [{"system": "urn:ietf:rfc:3986", "code": profile}]})
        lipids = observation("lipids", meta={"profile": [profile]})
        assert flowing(one, content=[lipids, observation("other")]) == ["lipids"]


class TestDirectory:
    def known(self, kind: str, **more: Any) -> dict[str, Any]:
        return {"resourceType": kind, "id": "x", "identifier": [HOSPITAL]} | more

    @pytest.mark.parametrize("kind", ["Organization", "Practitioner", "Group", "PractitionerRole"])
    def test_a_reference_is_resolved(self, kind: str) -> None:
        for reference in (f"{kind}/x", f"http://ehr.example/fhir/{kind}/x", f"{kind}/x/_history/3"):
            one = consent(rule("permit", actor=reference))
            assert decision(one, directory=[self.known(kind)]) == "PERMIT"
            assert decision(one, directory=[self.known(kind)], actor=[JAIL]) == "NONE"

    def test_members_of_a_group(self) -> None:
        group = {"resourceType": "Group", "id": "g", "member": [{"entity": {"reference": "Organization/x"}}]}
        directory = [group, self.known("Organization")]
        assert decision(consent(rule("permit", actor="Group/g")), directory=directory) == "PERMIT"
        assert decision(consent(rule("permit", actor="Group/g")), directory=directory, actor=[JAIL]) == "NONE"

    def test_what_the_consent_contains(self) -> None:
        one = consent(rule("permit", actor="#x"), contained=[self.known("Organization")])
        assert decision(one) == "PERMIT"

    def test_two_of_one_name_resolve_nothing(self) -> None:
        two = [self.known("Organization"), self.known("Organization", identifier=[JAIL])]
        assert decision(consent(rule("permit", actor="Organization/x")), directory=two) == "NONE"

    def test_a_literal_reference_may_be_asked_with(self) -> None:
        one = consent(rule("permit", actor="Organization/128"))
        assert decision(one, actor=[{"value": "Organization/128"}]) == "PERMIT"
        assert decision(one, actor=[{"value": "Organization/129"}]) == "NONE"
        but = consent(rule("permit", rule("deny", actor="Organization/128")))
        assert decision(but, actor=[{"value": "Organization/129"}]) == "PERMIT"

    def test_fast_writes_more_identifiers(self) -> None:
        extension = {"url": "http://example.org/additionalIdentifier", "valueIdentifier": HOSPITAL}
        named = {"actor": [actor(JAIL) | {"reference": {"identifier": JAIL, "extension": [extension]}}]}
        assert decision(consent(rule("permit") | named)) == "PERMIT"


class TestCard:
    def test_what_it_holds(self) -> None:
        found = card(consent(rule("permit")))
        assert found["summary"] == "CONSENT_PERMIT"
        assert (found["indicator"], found["source"]["label"]) == ("info", "lead-gateway")
        assert found["extension"] == {"decision": "CONSENT_PERMIT", "obligations": [], "basedOn": "Consent/c1"}

    @pytest.mark.parametrize(("consents", "indicator"), [([], "warning"), ([consent(rule("deny"))], "critical")])
    def test_indicators(self, consents: list[Any], indicator: str) -> None:
        assert card(*consents)["indicator"] == indicator

    def test_no_consent_is_based_on_none(self) -> None:
        assert card()["extension"] == {"decision": "NO_CONSENT", "obligations": []}

    def test_a_consent_without_a_name_is_told_by_its_place(self) -> None:
        named, nameless = consent(rule("permit"), id="a", status="inactive"), consent(rule("permit"), id=None)
        assert card(named, nameless)["extension"]["basedOn"] == "#/context/consent/1"
        assert card(named, "no consent")["extension"]["basedOn"] == "#/context/consent/1"

    def test_based_on_is_a_text_and_the_rest_stands_beside_it(self) -> None:
        found = card(consent(rule("permit"), id="b"), consent(rule("permit"), id="a"))["extension"]
        assert (found["basedOn"], found["alsoBasedOn"]) == ("Consent/a", ["Consent/b"])


class TestObligations:
    def redact(self, parameter: str, *codes: dict[str, str]) -> dict[str, Any]:
        return {"id": {"system": ACT, "code": "REDACT"}, "parameters": {parameter: list(codes)}}

    def found(self, *provisions: Any, **context: Any) -> list[dict[str, Any]]:
        return list(card(*(consent(one) for one in provisions), **context)["extension"]["obligations"])

    def test_labels_of_a_refusal(self) -> None:
        one = rule("permit", rule("deny", label="R", actor=HOSPITAL), rule("deny", label="V", actor=HOSPITAL))
        assert self.found(one) == [self.redact("codes", *rule("deny", label="R V")["securityLabel"])]
        assert self.found(one, actor=[JAIL]) == []

    def test_systems_are_kept_as_written(self) -> None:
        policy = {"system": "http://terminology.hl7.org/ValueSet/v3-InformationSensitivityPolicy", "code": "ETHUD"}
        one = rule("permit", rule("deny", securityLabel=[policy | {"display": "alcohol"}]))
        assert self.found(one) == [self.redact("codes", policy)]
        assert flowing(consent(one), content=[observation("a", "ETHUD"), observation("n", "N")]) == ["n"]

    def test_codes_are_kept_as_written(self) -> None:
        code = {"system": "http://loinc.org/", "code": "42828-4"}
        assert self.found(rule("permit", rule("deny", code=[{"coding": [code]}]))) == [self.redact("codes", code)]

    def test_a_class_nobody_asked_for_is_left_out(self) -> None:
        one = rule("permit", rule("deny", kinds="Claim"), rule("deny", label="R"))
        goal = {"class": [{"system": TYPES, "code": "Goal"}]}
        assert self.found(one, **goal) == [self.redact("codes", *rule("deny", label="R")["securityLabel"])]

    def test_labels_of_a_permit(self) -> None:
        assert self.found(rule("permit", label="N")) == [
            self.redact("exceptAnyOfCodes", *rule("permit", label="N")["securityLabel"])
        ]

    def test_an_unlimited_permit_makes_others_limits_moot(self) -> None:
        assert self.found(rule("permit", label="N"), rule("permit")) == []

    def test_limits_that_codes_cannot_say(self) -> None:
        (found,) = self.found(rule("permit", dataPeriod={"start": "2025-01-01"}))
        assert found == {
            "id": {"system": ACT, "code": "CPLYCD"},
            "parameters": {"permit": [{"dataPeriod": [{"start": "2025-01-01T00:00:00+00:00"}]}]},
        }

    def test_a_refusal_has_none(self) -> None:
        assert self.found(rule("deny", rule("deny", label="R"))) == []

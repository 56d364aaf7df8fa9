"""The traps that the leading systems fell into, each with its story."""

from typing import Any, ClassVar

import pytest

from mappings.tables.sensitivity import load_sensitivity
from tests.mappings.fhir.consult.build import (
    ACT,
    CLINIC,
    HOSPITAL,
    JAIL,
    RAY,
    actor,
    bundle,
    card,
    concept,
    consent,
    decision,
    flowing,
    label,
    observation,
    rule,
)

TINA = {"system": "urn:example:mrn", "value": "testina-fir"}


def roi(who: Any, **more: Any) -> dict[str, Any]:
    """A release in the house's recommended shape: nobody, but for the recipient named."""
    return consent(rule("deny", rule("permit", actor=who)), **more)


class TestRootActor:
    def test_an_unlisted_organization_is_not_reached(self) -> None:
        """LEAP's decision service never matches the actor of the root: its permit for one was a permit for all."""
        one = consent(rule("permit", actor=HOSPITAL))
        assert decision(one) == "PERMIT"
        assert decision(one, actor=[JAIL]) == "NONE"
        assert decision(one, actor=[]) == "NONE"

    def test_nor_by_a_nested_permit_without_an_actor(self) -> None:
        one = consent(rule("permit", rule("permit", label="R"), label="N", actor=HOSPITAL))
        assert flowing(one, content=[observation("n", "N"), observation("r", "R")]) == ["n", "r"]
        assert flowing(one, content=[observation("n", "N"), observation("r", "R")], actor=[JAIL]) == []

    def test_an_actor_nobody_can_resolve_is_not_the_requester(self) -> None:
        one = consent(rule("permit", actor="Organization/54"))
        assert decision(one) == "NONE"
        assert decision(consent(rule("permit", rule("deny", actor="Organization/54")))) == "DENY"


class TestTwoReleases:
    def test_both_keep_their_force(self) -> None:
        """LEAP let the newest win: a release for the jail, signed later, took the hospital's away."""
        older = roi(HOSPITAL, id="a", dateTime="2025-01-01")
        newer = roi(JAIL, id="b", dateTime="2026-02-01")
        for who in (HOSPITAL, JAIL):
            assert decision(older, newer, actor=[who]) == "PERMIT"
            assert decision(newer, older, actor=[who]) == "PERMIT"
        assert decision(older, newer, actor=[CLINIC]) == "DENY"

    def test_a_refusal_beats_a_permit_whichever_is_newer(self) -> None:
        permit, refusal = rule("permit", actor=HOSPITAL), rule("deny", actor=HOSPITAL)
        for first, second in (("2025-01-01", "2026-01-01"), ("2026-01-01", "2025-01-01")):
            assert decision(consent(permit, dateTime=first), consent(refusal, dateTime=second)) == "DENY"

    def test_so_they_do_where_the_list_names_its_action(self) -> None:
        one = [
            consent(rule("deny", rule("permit", actor=who), action="disclose"), id=who["value"])
            for who in (HOSPITAL, JAIL)
        ]
        assert decision(*one) == decision(*one, actor=[JAIL]) == "PERMIT"

    def test_a_plain_opt_out_is_a_refusal_of_everyone(self) -> None:
        assert decision(roi(HOSPITAL), consent(rule("deny"))) == "DENY"

    def test_an_exception_of_one_release_leaves_the_other_alone(self) -> None:
        """The hospital may not have what is restricted; that says nothing about what the jail may have."""
        hospital = consent(rule("permit", rule("deny", label="R"), actor=HOSPITAL), id="a")
        jail = consent(rule("permit", actor=JAIL), id="b")
        content = [observation("n", "N"), observation("r", "R")]
        assert flowing(hospital, jail, content=content) == ["n"]
        assert flowing(hospital, jail, content=content, actor=[JAIL]) == ["n", "r"]


class TestUnreadable:
    @pytest.mark.parametrize(
        "broken",
        [
            "not a consent",
            {"resourceType": "Patient"},
            consent(rule("permit"), status=None),
            consent(rule("permit"), status="aktiv"),
            consent(rule("perhaps")),
            consent(rule("permit", rule(None, actor=HOSPITAL))),
            consent(rule("permit", period={"start": "yesterday"})),
            consent(rule("permit", period={"start": "2026-02-31"})),
            consent(rule("permit", period={"start": "2026-02-01", "end": "2026-01-01"})),
            consent(rule("permit", actor=[])),
            consent(rule("permit", securityLabel=[{"display": "restricted"}])),
            consent(rule("permit", code=[{"text": "all but alcohol"}])),
            consent(rule("permit", data=[{"meaning": "about", "reference": {"reference": "Encounter/1"}}])),
            consent(rule("permit"), patient=None),
            consent(rule("permit"), dateTime="soon"),
            consent(rule("permit"), modifierExtension=[{"url": "urn:not", "valueBoolean": True}]),
            consent([rule("permit"), rule("permit")]),  # type: ignore[arg-type]  # what is wrong is the point
        ],
    )
    def test_it_suspends(self, broken: Any) -> None:
        """LEAP answered NO_CONSENT for a consent that it could not parse: a broken refusal vanished."""
        found = card(consent(rule("permit"), id="good"), broken, content=bundle(observation("n", "N")))
        assert found["extension"]["decision"] == "CONSENT_DENY"
        assert found["extension"]["content"]["entry"] == []
        assert found["extension"]["obligations"] == []
        assert "a person has looked" in found["detail"]

    @pytest.mark.parametrize("status", ["inactive", "rejected", "draft", "proposed", "entered-in-error"])
    def test_what_is_not_in_force_need_not_be_readable(self, status: str) -> None:
        assert decision(consent(rule("permit")), consent(rule("perhaps"), status=status)) == "PERMIT"

    def test_nor_what_is_another_persons(self) -> None:
        assert decision(consent(rule("permit")), consent(rule("perhaps"), patient={"identifier": TINA})) == "PERMIT"

    def test_a_nested_permit_under_an_unknown_modifier_permits_nothing(self) -> None:
        odd = {"modifierExtension": [{"url": "urn:odd", "valueCode": "not"}]}
        assert decision(consent(rule("deny", rule("permit", actor=HOSPITAL) | odd))) == "DENY"
        assert decision(consent(rule("permit", rule("deny", actor=HOSPITAL) | odd))) == "DENY"


class TestLimitsAreLimits:
    """LEAP read dataPeriod and label of the root, and the period of what is nested, as decoration."""

    def test_root_data_period(self) -> None:
        one = consent(rule("permit", dataPeriod={"start": "2025-01", "end": "2025-12"}))
        content = [observation(day, effectiveDateTime=day) for day in ("2024-12-31", "2025-06-01", "2025-12-31")]
        assert flowing(one, content=[*content, observation("undated")]) == ["2025-06-01", "2025-12-31"]

    def test_root_security_label(self) -> None:
        content = [observation("n", "N"), observation("r", "R"), observation("unlabelled")]
        assert flowing(consent(rule("permit", label="N")), content=content) == ["n"]

    @pytest.mark.parametrize(
        ("period", "expected"), [({"end": "2026-03-01"}, "DENY"), ({"end": "2026-03-02"}, "PERMIT")]
    )
    def test_nested_period(self, period: dict[str, str], expected: str) -> None:
        assert decision(consent(rule("deny", rule("permit", actor=HOSPITAL, period=period)))) == expected

    def test_an_exception_that_ended_no_longer_refuses(self) -> None:
        assert decision(consent(rule("permit", rule("deny", period={"end": "2025-01-01"})))) == "PERMIT"

    def test_a_nested_permit_stays_inside_the_data_period_of_the_root(self) -> None:
        inner = rule("permit", label="R")
        one = consent(rule("permit", inner, label="N", dataPeriod={"start": "2025"}))
        content = [observation("old", "R", effectiveDateTime="2024-05-05")]
        assert flowing(one, content=[*content, observation("new", "R", effectiveDateTime="2025-05-05")]) == ["new"]


class TestLabelsAreHierarchies:
    def test_sud_catches_what_it_includes(self) -> None:
        """An engine that compares codes one by one lets an alcohol note through a refusal of substance use."""
        content = [observation(code.lower(), code) for code in ("SUD", "ETHUD", "OPIOIDUD", "ETH", "PSY")]
        refused = consent(rule("permit", rule("deny", label="SUD")))
        assert flowing(refused, content=content) == ["eth", "psy"]
        assert flowing(consent(rule("permit", label="SUD")), content=content) == ["sud", "ethud", "opioidud"]

    def test_eth_and_sud_are_siblings(self) -> None:
        content = [observation(code.lower(), code) for code in ("SUD", "ETH")]
        assert flowing(consent(rule("permit", label="ETH")), content=content) == ["eth"]
        assert flowing(consent(rule("permit", rule("deny", label="ETH SUD"))), content=content) == []

    def test_obligations_spell_it_out_for_those_who_compare_codes(self) -> None:
        found = card(consent(rule("permit", rule("deny", label="SUD"))))["extension"]["obligations"]
        codes = [label("SUD"), label("ETHUD"), label("OPIOIDUD")]
        assert found == [{"id": {"system": ACT, "code": "REDACT"}, "parameters": {"codes": codes}}]

    def test_a_refusal_of_restricted_refuses_the_very_restricted(self) -> None:
        content = [observation(code.lower(), code) for code in ("N", "R", "V")]
        assert flowing(consent(rule("permit", rule("deny", label="R"))), content=content) == ["n"]
        assert flowing(consent(rule("permit", label="R")), content=content) == ["n", "r"]


class TestNothingMatches:
    def test_a_resource_without_labels_is_not_kept_by_a_refusal_of_labels(self) -> None:
        """ASU's label test is inverted: what is labelled and refused stays, what is not labelled stays too."""
        content = [observation("unlabelled"), observation("n", "N"), observation("r", "R")]
        assert flowing(consent(rule("permit", rule("deny", label="R"))), content=content) == ["n"]

    def test_labels_that_say_nothing_of_sensitivity_are_no_labels(self) -> None:
        test = {
            "meta": {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]}
        }
        assert flowing(consent(rule("permit", rule("deny", label="R"))), content=[observation("t") | test]) == []
        assert flowing(consent(rule("permit")), content=[observation("t") | test]) == ["t"]

    def test_labels_of_what_is_contained_count(self) -> None:
        inside = {"contained": [observation("inner", "R")]}
        assert (
            flowing(consent(rule("permit", rule("deny", label="R"))), content=[observation("n", "N", **inside)]) == []
        )

    def test_a_bundle_in_the_bundle_flows_whole_or_not_at_all(self) -> None:
        inner = bundle(observation("n", "N"), observation("r", "R")) | {"id": "inner"}
        good = bundle(observation("n", "N")) | {"id": "good", "meta": {"security": [label("N")]}}
        assert flowing(consent(rule("permit", rule("deny", label="R"))), content=[inner, good]) == ["good"]


class TestLabelledByContent:
    """Open decision services label SNOMED samples; jails and payers send ICD-10-CM, which they leave without."""

    OPIOID = observation("f11", "N", code=concept("http://hl7.org/fhir/sid/icd-10-cm", "F11.20"))
    ASTHMA = observation("j45", "N", code=concept("http://hl7.org/fhir/sid/icd-10-cm", "J45.909"))

    @pytest.mark.parametrize("code", ["SUD", "R", "OPIOIDUD"])
    def test_a_code_shows_what_the_label_hides(self, code: str) -> None:
        one = consent(rule("permit", rule("deny", label=code)))
        assert flowing(one, content=[self.OPIOID, self.ASTHMA], tables=load_sensitivity()) == ["j45"]

    def test_it_widens_no_permit(self) -> None:
        tables = load_sensitivity()
        content = [self.OPIOID, self.ASTHMA]
        assert flowing(consent(rule("permit", label="N")), content=content, tables=tables) == ["j45"]
        assert flowing(consent(rule("permit", label="SUD")), content=content, tables=tables) == []
        assert flowing(consent(rule("permit")), content=content, tables=tables) == ["f11", "j45"]


class TestReadWhereNobodyLabelled:
    """LEAP and CMS label what they get before they look: a claim comes without labels, and is not hidden by that."""

    CLEAN = observation("clean")
    OPIOID = observation("f11", code=concept("http://hl7.org/fhir/sid/icd-10-cm", "F11.20"))
    TOBACCO = observation("f17", code=concept("http://hl7.org/fhir/sid/icd-10-cm", "F17.210"))
    DEPRESSION = observation("f32", code=concept("http://hl7.org/fhir/sid/icd-10-cm", "F32.9"))
    WORDS = observation("words", code={"text": "see the paper"})
    CONCEPT = observation("concept", code=concept("http://snomed.info/sct", "3092008"))
    PAPER: ClassVar[dict[str, Any]] = {
        "resourceType": "DocumentReference",
        "id": "paper",
        "type": concept("http://loinc.org", "34133-9"),
        "subject": {"reference": "Patient/ray"},
        "content": [{"attachment": {"contentType": "application/pdf", "url": "http://ehr.example/fhir/Binary/1"}}],
    }
    CONTENT: ClassVar[list[Any]] = [CLEAN, OPIOID, TOBACCO, DEPRESSION, WORDS, CONCEPT, PAPER]

    @pytest.mark.parametrize(
        ("refused", "expected"),
        [
            ("SUD", ["clean", "f17", "f32"]),
            ("ETH", ["clean", "f17", "f32"]),
            ("42CFRPart2", ["clean", "f17", "f32"]),
            ("OPIOIDUD", ["clean", "f17", "f32"]),
            ("ETHUD HIV", ["clean", "f11", "f17", "f32"]),
            ("PSY", ["clean", "f11", "f17"]),
            ("MH", ["clean", "f11", "f17"]),
            ("R", ["clean", "f17"]),
            ("N", []),
            ("SEX", []),
            ("SEX R", []),
        ],
    )
    def test_a_refusal(self, refused: str, expected: list[str]) -> None:
        one = consent(rule("permit", rule("deny", label=refused)))
        assert flowing(one, content=self.CONTENT, tables=load_sensitivity()) == expected
        assert flowing(one, content=self.CONTENT) == []

    def test_no_permit_of_labels_reaches_it(self) -> None:
        for code in ("N", "R", "V", "SUD", "OPIOIDUD"):
            assert flowing(consent(rule("permit", label=code)), content=self.CONTENT, tables=load_sensitivity()) == []

    def test_people_and_places_have_no_codes(self) -> None:
        ray = {"resourceType": "Patient", "id": "ray", "identifier": [RAY]}
        clinic = {"resourceType": "Organization", "id": "c", "name": "Cedar Methadone Clinic"}
        one = consent(rule("permit", rule("deny", label="SUD")))
        assert flowing(one, content=[ray, clinic], tables=load_sensitivity()) == ["ray"]

    def test_a_concept_with_its_words_was_read(self) -> None:
        coding = {"system": "http://snomed.info/sct", "code": "3092008", "display": "Staphylococcus aureus"}
        told = observation("told", code={"coding": [coding]})
        one = consent(rule("permit", rule("deny", label="R")))
        assert flowing(one, content=[told, self.CONCEPT], tables=load_sensitivity()) == ["told"]

    def test_its_labels_are_labels_and_not_content(self) -> None:
        content = [observation(code.lower(), code) for code in ("ETH", "SUD", "42CFRPart2")]
        tables = load_sensitivity()
        assert flowing(consent(rule("permit", rule("deny", label="SUD"))), content=content, tables=tables) == ["eth"]
        assert flowing(consent(rule("permit", rule("deny", label="42CFRPart2"))), content=content, tables=tables) == []
        assert flowing(consent(rule("permit", label="42CFRPart2")), content=content, tables=tables) == ["42cfrpart2"]


class TestEachByItself:
    def test_the_record_of_one_who_refused_is_not_released(self) -> None:
        """LEAP's enforcement service paired decisions and entries by index: A permits, B refuses, B's went out."""
        organization = {"resourceType": "Organization", "id": "org"}
        tina = {"resourceType": "Patient", "id": "tina", "identifier": [TINA]}
        mine = consent(rule("permit"))
        theirs = consent(rule("deny"), id="c2", patient={"reference": "Patient/tina", "identifier": TINA})
        a1, b1 = observation("a1"), observation("b1", subject={"reference": "Patient/tina"})
        content = [organization, a1, b1, observation("b2", subject={"identifier": TINA}), tina]
        for consents in ((mine, theirs), (theirs, mine)):
            assert flowing(*consents, content=content) == ["org", "a1"]
            assert flowing(*consents, content=content[::-1]) == ["a1", "org"]

    def test_whoever_is_named_anywhere_counts(self) -> None:
        both = observation("two", focus=[{"reference": "Patient/tina"}])
        inside = observation("in", contained=[{"resourceType": "Patient", "id": "p", "identifier": [TINA]}])
        assert flowing(consent(rule("permit")), content=[both, inside, observation("one")]) == ["one"]

    def test_links_counts_and_labels_of_the_bundle_stay_behind(self) -> None:
        given = bundle(observation("n", "N"), observation("r", "R"))
        given |= {"total": 40, "link": [{"relation": "next", "url": "urn:next"}], "meta": {"security": [label("SUD")]}}
        found = card(consent(rule("permit", label="N")), content=given)["extension"]["content"]
        assert found == bundle(observation("n", "N")) | {"total": 1}


class TestWhoseConsent:
    def test_a_consent_of_another_identified_patient_never_applies(self) -> None:
        assert decision(consent(rule("permit"), patient={"identifier": TINA})) == "NONE"
        assert decision(consent(rule("permit")), consent(rule("deny"), patient={"identifier": TINA})) == "PERMIT"

    def test_a_reference_alone_is_the_callers_word(self) -> None:
        """LEAP's consents name `Patient/52` and were looked up by the server: here they are brought by the caller."""
        assert decision(consent(rule("permit"), patient={"reference": "Patient/52"})) == "PERMIT"

    def test_two_references_that_differ_are_nobodys_word(self) -> None:
        one, two = ({"reference": f"Patient/{ident}"} for ident in (52, 77))
        assert decision(consent(rule("permit"), patient=one), consent(rule("permit"), patient=two)) == "NONE"
        assert decision(consent(rule("permit"), patient=one), consent(rule("deny"), patient=two)) == "DENY"

    def test_the_directory_says_who_a_reference_is(self) -> None:
        one = consent(rule("permit"), patient={"reference": "Patient/52"})
        for who, expected in ((RAY, "PERMIT"), (TINA, "NONE")):
            known = {"resourceType": "Patient", "id": "52", "identifier": [who]}
            assert decision(one, directory=[known]) == expected

    def test_an_identifier_of_an_unknown_system_can_only_refuse(self) -> None:
        other = {"identifier": {"system": "urn:example:ssn", "value": "1"}}
        assert decision(consent(rule("permit"), patient=other)) == "NONE"
        assert decision(consent(rule("permit")), consent(rule("deny"), patient=other)) == "DENY"

    def test_nobody_asked_about_is_nobody(self) -> None:
        assert decision(consent(rule("permit")), patientId=[]) == "NONE"


class TestRoles:
    def test_a_discloser_is_no_recipient(self) -> None:
        holder = rule("permit") | {"actor": [actor(CLINIC, "CST"), actor(HOSPITAL)]}
        assert decision(consent(holder)) == "PERMIT"
        assert decision(consent(holder), actor=[CLINIC]) == "NONE"
        assert decision(consent(rule("permit") | {"actor": [actor(HOSPITAL, "CST")]})) == "NONE"
        assert decision(consent(rule("permit") | {"actor": [actor(HOSPITAL, None)]})) == "PERMIT"

    def test_an_unknown_role_refuses_and_does_not_permit(self) -> None:
        odd = {"actor": [actor(HOSPITAL, "WIT")]}
        assert decision(consent(rule("permit") | odd)) == "NONE"
        assert decision(consent(rule("permit", rule("deny") | odd))) == "DENY"


def test_a_consent_by_ray_is_known_by_his_identifier() -> None:
    assert decision(consent(rule("permit"), patient={"identifier": RAY})) == "PERMIT"

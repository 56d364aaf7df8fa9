"""One Consent in two profiles that cannot both be met: what each wants and forbids, and that no limit is lost."""

import json
from typing import Any

import pytest

from consent.codes import Category, Purpose
from mappings.fhir import codes
from mappings.fhir.consent import to_fhir
from mappings.fhir.consent_profiles import FAST_URL, PCF_URL, Profile, Site, profile_named, rendered
from mappings.fhir.consent_search import Broken, ConsentQueryError, read_query
from mappings.fhir.extensions import EXTENSION
from tests.mappings.fhir import factory as make
from tests.mappings.fhir.schema import needs_schema, problems

Json = dict[str, Any]
SITE = Site("Cedar County LEAD", "https://gateway.test/fhir")
MANAGER = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Consent.manager"
CONTROLLER = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Consent.controller"


def shown(viewer: str = "org:da", **more: Any) -> Json:
    found = to_fhir(make.consent(make.grant(**more)), make.ORGANIZATIONS, at=make.AT, holds=(), viewer=viewer)
    assert found is not None
    return found


class TestPcf:
    def test_what_is_mandatory(self) -> None:
        made = rendered(shown(), Profile.PCF, SITE)
        assert made["meta"]["profile"] == [PCF_URL]
        assert made["organization"][0]["display"] == SITE.name
        assert made["performer"]
        assert made["sourceReference"]
        assert made["policy"][0]["uri"]

    def test_what_is_forbidden(self) -> None:
        made = rendered(shown(), Profile.PCF, SITE)
        assert not {"policyRule", "verification"} & made.keys()
        for permit in made["provision"]["provision"]:
            assert not {"action", "class", "code", "provision"} & permit.keys()

    def test_a_limit_that_it_has_no_element_for_becomes_a_modifier(self) -> None:
        wanted = frozenset({Category.PROGRESS, Category.GOALS})
        (permit,) = rendered(shown(categories=wanted), Profile.PCF, SITE)["provision"]["provision"]
        limits = [one["valueCode"] for one in permit["modifierExtension"] if one["url"] == f"{EXTENSION}category"]
        assert limits == sorted(one.value for one in wanted)

    def test_labels_are_of_the_list(self) -> None:
        wanted = frozenset({Category.MOUD, Category.MENTAL_HEALTH})
        (permit,) = rendered(shown(categories=wanted), Profile.PCF, SITE)["provision"]["provision"]
        assert {one["code"] for one in permit["securityLabel"]} == {"R", "ETH", "PSY"}


class TestFast:
    def test_what_is_mandatory_and_what_is_forbidden(self) -> None:
        made = rendered(shown(), Profile.FAST, SITE)
        assert made["meta"]["profile"] == [FAST_URL]
        assert "organization" not in made
        assert made["identifier"]
        assert made["patient"]["identifier"]
        assert {one["url"] for one in made["extension"]} >= {MANAGER}
        assert "INFA" in json.dumps(made["category"])

    def test_the_controller_is_told_to_itself_alone(self) -> None:
        me = {"type": "Organization", "identifier": {"system": codes.ORGANIZATION, "value": "org:x"}}
        assert CONTROLLER not in json.dumps(rendered(shown(), Profile.FAST, SITE))
        assert CONTROLLER in json.dumps(rendered(shown(), Profile.FAST, SITE, me))


class TestBoth:
    @needs_schema
    @pytest.mark.parametrize("profile", Profile)
    def test_is_r4(self, profile: Profile) -> None:
        me = {"type": "Organization", "identifier": {"system": codes.ORGANIZATION, "value": "org:x"}}
        assert problems(rendered(shown(), profile, SITE, me)) == []

    @pytest.mark.parametrize("profile", Profile)
    def test_names_no_signer_no_form_and_no_other_organization(self, profile: Profile) -> None:
        both = shown(recipient=frozenset({"org:da", "org:pd"}))
        made = json.dumps(rendered(both, profile, SITE))
        assert "org:pd" not in made
        assert codes.RELEASE not in made
        performer = rendered(both, profile, SITE)["performer"]
        assert all("display" not in one for one in performer)

    @pytest.mark.parametrize(
        ("url", "profile"),
        [
            (FAST_URL, Profile.FAST),
            (f"{FAST_URL}|1.0.0", Profile.FAST),
            (PCF_URL, Profile.PCF),
            ("https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentBasic", Profile.PCF),
            ("http://example.org/other", None),
            ("", None),
        ],
    )
    def test_which_profile_a_url_names(self, url: str, profile: Profile | None) -> None:
        assert profile_named(url) is profile


class TestSearching:
    @pytest.mark.parametrize(
        ("given", "parameter", "rule"),
        [
            ([("status", "active")], "patient", Broken.REQUIRED),
            ([("patient", "x")], "status", Broken.REQUIRED),
            ([("patient", "x"), ("patient", "y"), ("status", "active")], "patient", Broken.REPEATED),
            ([("patient", "x"), ("patientId", "sid|y"), ("status", "active")], "patient", Broken.REPEATED),
            ([("patient", "Group/x"), ("status", "active")], "patient", Broken.VALUE),
            ([("patient", ""), ("status", "active")], "patient", Broken.VALUE),
            ([("patient", "x\n"), ("status", "active")], "patient", Broken.VALUE),
            ([("patient", "x" * 257), ("status", "active")], "patient", Broken.VALUE),
            ([("patient", "x"), ("status", "revoked")], "status", Broken.VALUE),
            ([("patient", "x"), ("status", "active"), ("status", "active")], "status", Broken.REPEATED),
            ([("patient", "x"), ("status", "active"), ("date", "soon")], "date", Broken.VALUE),
            ([("patient", "x"), ("status", "active"), ("date", "2026-13-01")], "date", Broken.VALUE),
            ([("patient", "x"), ("status", "active"), ("_profile", "http://other")], "_profile", Broken.VALUE),
            ([("patient", "x"), ("status", "active"), ("actor", "a"), ("grantee", "b")], "actor", Broken.REPEATED),
        ],
    )
    def test_what_is_refused(self, given: list[tuple[str, str]], parameter: str, rule: Broken) -> None:
        with pytest.raises(ConsentQueryError) as error:
            read_query(given)
        assert (error.value.parameter, error.value.rule) == (parameter, rule)

    @pytest.mark.parametrize(
        ("more", "fits"),
        [
            ([], True),
            ([("status", "inactive")], False),
            ([("status", "inactive,active")], True),
            ([("actor", "org:da")], True),
            ([("actor", "Organization/org:da")], True),
            ([("actor.identifier", f"{codes.ORGANIZATION}|org:da")], True),
            ([("actor", "org:pd")], False),
            ([("scope", f"{codes.CONSENT_SCOPE}|patient-privacy")], True),
            ([("scope", "research")], False),
            ([("category", "59284-0")], True),
            ([("category", f"{codes.ACT_CODE}|59284-0")], False),
            ([("date", "ge2020-01-01")], True),
            ([("date", "lt2020-01-01")], False),
            ([("date", "gt2020-01-01"), ("date", "le2099-01-01")], True),
            ([("_id", "somebody-elses")], False),
        ],
    )
    def test_what_fits(self, more: list[tuple[str, str]], fits: bool) -> None:  # noqa: FBT001  -- a parameter of the test
        given = [("patient", "x"), *more]
        query = read_query(given if any(name == "status" for name, _ in more) else [*given, ("status", "active")])
        made = rendered(shown(purposes=frozenset({Purpose.CASE_ALIGNMENT})), Profile.PCF, SITE)
        assert query.fits(made) is fits

    def test_what_is_passed_over_is_known(self) -> None:
        asked = [("patient", "x"), ("status", "active")]
        assert not read_query(asked).ignored
        assert read_query([*asked, ("_revinclude", "x")]).ignored

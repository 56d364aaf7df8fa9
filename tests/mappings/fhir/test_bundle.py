"""What a recipient gets: everything that the law wants with it, and nothing of anybody else."""

import copy
import json
from datetime import timedelta
from typing import Any

import pytest

from consent.codes import Category
from consent.disclosure import Disclosure
from consent.notices import STATEMENT_1
from mappings.fhir import codes
from mappings.fhir.bundle import disclosure_bundle, neutral_answer
from mappings.fhir.patient import to_fhir
from tests.mappings.fhir import factory as make
from tests.mappings.fhir.schema import needs_schema, problems

Json = dict[str, Any]

PROGRESS = make.item("i1", Category.PROGRESS, make.OBSERVATION, part2=True)
OTHER = make.item("i2", Category.PROGRESS, make.OTHER_OBSERVATION)
PLAIN = make.item("i3", Category.PARTICIPATION)
RAY = make.item("i4", Category.IDENTITY, to_fhir(make.PARTICIPANT, make.RAY, systems=frozenset()))
CONTACT = make.item(
    "i5", Category.CONTACT, {"resourceType": "Patient", "id": "p-ray", "telecom": [{"value": "555-0142"}]}
)


def bundle(disclosure: Disclosure, at: Any = make.AT) -> Json:
    return disclosure_bundle(disclosure, organizations=make.ORGANIZATIONS, base_url="https://lead.cedar.example", at=at)


def resources(found: Json, kind: str) -> list[Json]:
    return [e["resource"] for e in found["entry"] if e["resource"]["resourceType"] == kind]


def references(element: Any) -> list[str]:
    if isinstance(element, dict):
        own = [element["reference"]] if isinstance(element.get("reference"), str) else []
        return own + [r for value in element.values() for r in references(value)]
    return [r for value in element for r in references(value)] if isinstance(element, list) else []


def section(found: Json, code: str) -> Json | None:
    sections: list[Json] = resources(found, "Composition")[0]["section"]
    return next((s for s in sections if s["code"]["coding"][0]["code"] == code), None)


class TestNothingElseLeaves:
    def test_no_reference_points_out_of_the_bundle(self) -> None:
        found = bundle(make.disclosure(PROGRESS, OTHER, RAY))
        assert set(references(found["entry"])) <= {e["fullUrl"] for e in found["entry"]}

    def test_what_was_not_released_is_not_pointed_at(self) -> None:
        text = json.dumps(bundle(make.disclosure(PROGRESS, OTHER, PLAIN)))
        assert "CANARY" not in text
        assert "derivedFrom" in text

    def test_no_id_of_the_house_leaves(self) -> None:
        text = json.dumps(bundle(make.disclosure(PROGRESS, OTHER, PLAIN, CONTACT)))
        text += json.dumps(bundle(make.disclosure(RAY)))
        assert [ident for ident in ("p-ray", "obs-7", "obs-8", '"i1"', "canary:source", "c1/g1") if ident in text] == []

    def test_no_organization_but_the_recipient_is_named(self) -> None:
        text = json.dumps(bundle(make.disclosure(PROGRESS, RAY, scope="the scope")))
        others = set(make.ORGANIZATIONS) - {"org:da"}
        assert "org:da" in text
        assert [o for o in others if o in text or make.ORGANIZATIONS[o].name in text] == []

    def test_two_recipients_of_one_item_cannot_join_their_ids(self) -> None:
        one, two = bundle(make.disclosure(OTHER)), bundle(make.disclosure(OTHER, recipient="org:pd", entry="entry-2"))
        assert {e["fullUrl"] for e in one["entry"]} & {e["fullUrl"] for e in two["entry"]} == set()

    def test_resources_of_one_name_are_not_joined_by_guess(self) -> None:
        twin = make.item("i9", Category.PROGRESS, make.OTHER_OBSERVATION)
        first = resources(bundle(make.disclosure(PROGRESS, OTHER, twin)), "Observation")[0]
        assert "derivedFrom" not in first

    def test_an_unknown_purpose_or_basis_stops_it(self) -> None:
        with pytest.raises(ValueError, match="gossip"):
            bundle(make.disclosure(PLAIN, purpose="gossip"))
        with pytest.raises(KeyError):
            bundle(make.disclosure(make.item("i1", Category.PROGRESS, basis="somebody said so")))

    def test_the_clearance_is_not_edited(self) -> None:
        before = copy.deepcopy(make.OBSERVATION)
        bundle(make.disclosure(PROGRESS))
        assert before == make.OBSERVATION


class TestLabels:
    def labels(self, resource: Json) -> list[str]:
        return [c["code"] for c in resource["meta"]["security"]]

    def test_the_bundle_says_restricted_always_and_nothing_more(self) -> None:
        for found in (
            bundle(make.disclosure(PROGRESS)),
            bundle(make.disclosure(PLAIN)),
            bundle(make.disclosure(make.item("i1", Category.SUD_TREATMENT, part2=True))),
            neutral_answer(make.neutral()),
        ):
            assert found["meta"] == {"security": [codes.coding(codes.CONFIDENTIALITY, "R")]}

    def test_the_bundle_is_as_confidential_as_what_is_in_it(self) -> None:
        """High-water mark: a note is very restricted, and so is what holds it."""
        found = bundle(make.disclosure(PROGRESS, make.item("i1", Category.PSYCHOTHERAPY_NOTES)))
        assert found["meta"] == {"security": [codes.coding(codes.CONFIDENTIALITY, "V")]}

    def test_part_2_is_on_the_resource_that_it_covers_only(self) -> None:
        part2, other = resources(bundle(make.disclosure(PROGRESS, OTHER)), "Observation")
        assert self.labels(part2) == ["R", "42CFRPart2", "NORDSCLCD"]
        assert self.labels(other) == ["N"]

    def test_sensitive_content_is_restricted_without_part_2(self) -> None:
        (basic,) = resources(bundle(make.disclosure(make.item("i1", Category.HIV_STI))), "Basic")
        assert self.labels(basic) == ["R", "HIV"]

    def test_a_label_says_on_which_law_it_stands_and_where_the_scope_is(self) -> None:
        found = bundle(make.disclosure(PROGRESS, make.item("i2", Category.MOUD, basis="2.51", part2=True)))
        composition = found["entry"][0]["fullUrl"]
        consented, emergency = resources(found, "Observation")[0], resources(found, "Basic")[0]
        confidentiality = consented["meta"]["security"][0]
        assert [one["url"].rpartition("/")[2] for one in confidentiality["extension"]] == [
            "extension-sec-label-basis",
            "extension-sec-label-related-artifact",
        ]
        assert confidentiality["extension"][1]["valueRelatedArtifact"]["url"] == composition
        labelled = emergency["meta"]["security"]
        assert [one["code"] for one in labelled] == ["R", "42CFRPart2", "NORDSCLCD", "ETH", "SUD"]
        assert composition not in json.dumps(labelled)  # no consent stands behind it

    def test_a_label_tells_nothing_of_what_does_not_leave(self) -> None:
        """The performer of this Observation is a treatment program; the reference to it does not leave."""
        assert "OTP" in json.dumps(make.OBSERVATION)
        (found,) = resources(bundle(make.disclosure(PROGRESS)), "Observation")
        assert "performer" not in found
        assert self.labels(found) == ["R", "42CFRPart2", "NORDSCLCD"]

    def test_what_speaks_of_all_says_not_what_it_is_about(self) -> None:
        found = bundle(make.disclosure(make.item("i1", Category.HIV_STI), make.item("i2", Category.MOUD, part2=True)))
        for kind in ("Composition", "Provenance", "Patient"):
            assert self.labels(resources(found, kind)[0]) == ["R", "42CFRPart2", "NORDSCLCD"]

    def test_what_speaks_of_all_has_the_highest_label(self) -> None:
        found = bundle(make.disclosure(OTHER, PROGRESS))
        for kind in ("Composition", "Provenance", "Patient"):
            assert self.labels(resources(found, kind)[0]) == ["R", "42CFRPart2", "NORDSCLCD"]

    def test_the_sender_s_own_labels_and_versions_are_not_kept(self) -> None:
        (found,) = resources(bundle(make.disclosure(PROGRESS)), "Observation")
        assert found["meta"].keys() == {"security"}


class TestWords:
    def text(self, found: Json, code: str) -> str:
        part = section(found, code)
        assert part is not None
        text: str = part["text"]["div"]
        return text

    def test_without_notice_scope_or_summary_there_is_no_such_section(self) -> None:
        found = bundle(make.disclosure(PLAIN, notice=None, scope=None, summary=None))
        assert [section(found, code) for code in ("notice", "scope", "summary")] == [None, None, None]
        assert section(found, "records") is not None

    def test_the_statement_is_there_in_full_and_escaped(self) -> None:
        found = bundle(make.disclosure(PROGRESS))
        assert "<p>This record is protected by &lt;42 CFR part 2&gt;.</p>" in self.text(found, "notice")

    def test_the_scope_is_there_in_full_line_by_line(self) -> None:
        scope = self.text(bundle(make.disclosure(PROGRESS)), "scope")
        assert "Wren may tell Cedar County Prosecutor: participation &amp; progress.<br/>Until 2027-10-01." in scope

    def test_the_summary_is_there(self) -> None:
        assert "Ray keeps his appointments." in self.text(bundle(make.disclosure(PROGRESS)), "summary")

    def test_the_notice_is_read_first(self) -> None:
        composition = bundle(make.disclosure(PROGRESS))["entry"][0]["resource"]
        assert composition["resourceType"] == "Composition"
        assert composition["section"][0]["code"]["coding"][0]["code"] == "notice"


class TestRecords:
    def test_every_resource_is_about_the_one_patient(self) -> None:
        found = bundle(make.disclosure(PROGRESS, OTHER, PLAIN, RAY))
        (patient,) = resources(found, "Patient")
        about = [r["subject"] for e in found["entry"] if "subject" in (r := e["resource"])]
        assert about == [{"reference": f"urn:uuid:{patient['id']}"}] * 4

    def test_without_a_released_patient_the_entry_names_the_question_only(self) -> None:
        found = bundle(make.disclosure(PLAIN))
        (patient,) = resources(found, "Patient")
        assert patient.keys() == {"resourceType", "id", "meta", "identifier"}
        assert patient["identifier"] == [found["identifier"]]

    def test_two_entries_about_the_person_are_linked(self) -> None:
        first, second = resources(bundle(make.disclosure(RAY, CONTACT)), "Patient")
        assert "link" not in first
        assert second["link"] == [{"other": {"reference": f"urn:uuid:{first['id']}"}, "type": "seealso"}]

    def test_an_item_without_resource_claims_its_category_and_nothing_more(self) -> None:
        (basic,) = resources(bundle(make.disclosure(PLAIN)), "Basic")
        assert basic.keys() == {"resourceType", "id", "meta", "code", "subject"}
        assert basic["code"] == codes.concept(codes.CATEGORY, "participation")

    def test_content_is_carried_as_it_was_cleared(self) -> None:
        (found,) = resources(bundle(make.disclosure(OTHER)), "Observation")
        for element in ("status", "code", "effectiveDateTime", "valueCodeableConcept"):
            assert found[element] == make.OTHER_OBSERVATION[element]

    def test_the_records_are_listed_in_the_order_of_the_clearance(self) -> None:
        found = bundle(make.disclosure(OTHER, PROGRESS, PLAIN))
        listed = section(found, "records")
        assert listed is not None
        assert references(listed) == [e["fullUrl"] for e in found["entry"][2:-1]]

    def test_the_provenance_says_to_whom_why_and_on_what_basis(self) -> None:
        order = make.item("i8", Category.PROGRESS, basis="order:o1")
        (found,) = resources(bundle(make.disclosure(PROGRESS, order)), "Provenance")
        assert [one.rsplit("-", 1)[1] for one in found["policy"]] == ["2.31", "2.61"]
        assert found["agent"][1]["who"]["display"] == "Cedar County Prosecutor"
        assert found["reason"][0]["coding"][0]["code"] == "case-alignment"

    @pytest.mark.parametrize(("basis", "section"), [("2.51", "42/section-2.51"), ("164.506", "45/section-164.506")])
    def test_a_basis_beside_consent_is_cited(self, basis: str, section: str) -> None:
        item = make.item("i1", Category.MOUD, basis=basis)
        (found,) = resources(bundle(make.disclosure(item, purpose="emergency")), "Provenance")
        assert found["policy"] == [f"https://www.ecfr.gov/current/title-{section}"]
        assert [c["code"] for c in found["reason"][0]["coding"]] == ["emergency", "ETREAT"]

    def test_a_retry_is_the_same_byte_for_byte(self) -> None:
        one, two = (json.dumps(bundle(make.disclosure(PROGRESS, OTHER, PLAIN))) for _ in range(2))
        assert one == two

    def test_a_later_telling_of_the_same_item_has_its_name_again(self) -> None:
        first = bundle(make.disclosure(OTHER))
        later = bundle(make.disclosure(OTHER, entry="entry-2", at=make.AT + timedelta(days=7)))
        assert first["entry"][2]["fullUrl"] == later["entry"][2]["fullUrl"]
        assert first["entry"][0]["fullUrl"] != later["entry"][0]["fullUrl"]

    @needs_schema
    def test_it_is_r4_with_and_without_everything(self) -> None:
        assert problems(bundle(make.disclosure(PROGRESS, OTHER, PLAIN, RAY, CONTACT))) == []
        assert problems(bundle(make.disclosure(PLAIN, notice=None, scope=None, summary=None))) == []


class TestAsTheGatewayMakesIt:
    def test_the_statement_of_2024_is_inside_word_for_word(self) -> None:
        part = section(bundle(make.cleared()), "notice")
        assert part is not None
        assert STATEMENT_1.text in part["text"]["div"]

    def test_what_redaction_let_through_is_there_and_no_more(self) -> None:
        (found,) = resources(bundle(make.cleared()), "Observation")
        assert found.keys() == {"resourceType", "id", "meta", "status", "code", "subject"}
        assert "CANARY" not in json.dumps(bundle(make.cleared()))

    @needs_schema
    def test_it_is_r4(self) -> None:
        assert problems(bundle(make.cleared())) == []


class TestNeutralAnswer:
    def test_it_tells_nothing_but_the_asker_s_reference(self) -> None:
        one, two = make.neutral("org:da", "ref-1", "entry-1"), make.neutral("org:pd", "ref-2", "entry-2")
        assert json.dumps(neutral_answer(one)).replace("ref-1", "ref-2") == json.dumps(neutral_answer(two))

    def test_it_names_neither_recipient_nor_entry(self) -> None:
        text = json.dumps(neutral_answer(make.neutral("org:CANARY", "ref-1", "CANARY-entry")))
        assert "CANARY" not in text

    def test_it_says_that_there_is_nothing_helpful_to_share(self) -> None:
        (outcome,) = resources(neutral_answer(make.neutral()), "OperationOutcome")
        assert outcome["issue"][0]["details"]["text"] == "Nothing helpful to share at this time"

    def test_it_answers_in_the_same_place_as_a_disclosure(self) -> None:
        told = bundle(make.disclosure(PLAIN, request="ref-1"))
        assert neutral_answer(make.neutral(reference="ref-1"))["identifier"] == told["identifier"]

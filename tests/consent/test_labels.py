"""Labels by source, category and content: unknown protects, and nothing is skipped by its place in the tree."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from consent.codes import Category, Part2Status
from consent.content import Reading
from consent.labels import Labels, label, label_bundle, label_item, label_resource, under_part2
from consent.model import ContentLabels
from consent.sensitivity import Confidentiality, Sensitivity, SensitivityTables, caught_by, high_water, with_parents
from mappings.tables.sensitivity import load_sensitivity
from tests.consent.builders import CM2, HOSPITAL, OTP, facts, item

TABLES = load_sensitivity()
S, Conf = Sensitivity, Confidentiality
SUD_CODE = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F11.20"}
HTN_CODE = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10", "display": "Hypertension"}
HTN: dict[str, Any] = {"resourceType": "Condition", "id": "c1", "code": {"coding": [HTN_CODE]}}
OPIOID = {S.SUD, S.ETH, S.OPIOIDUD}


def labels(resource: dict[str, Any]) -> Labels:
    return label_resource(resource, HOSPITAL, TABLES)


def attached(content: bytes, content_type: str = "text/plain") -> dict[str, Any]:
    attachment = {"contentType": content_type, "data": base64.b64encode(content).decode()}
    return {"resourceType": "DocumentReference", "content": [{"attachment": attachment}]}


class TestBySource:
    def test_a_decision_goes_by_source_and_category_as_before(self) -> None:
        """contracts/decision-case.md: Part 2 by source or category; content does not change a decision here."""
        telling = item(
            source="hospital", category=Category.PHYSICAL_HEALTH, resource=HTN | {"code": {"coding": [SUD_CODE]}}
        )
        assert not label(telling, facts()).part2
        assert label(item(source="otp", category=Category.PROGRESS), facts()).part2
        assert label(item(source="nobody", category=Category.PROGRESS), facts()).part2
        assert label(item(source="hospital", category=Category.MOUD), facts()).sensitivities == {S.SUD, S.ETH}

    @pytest.mark.parametrize("source", [None, OTP, replace(HOSPITAL, part2_status=Part2Status.UNKNOWN)])
    def test_an_unknown_code_is_part_2_unless_its_source_is_known_to_be_no_program(self, source: Any) -> None:
        odd = {"resourceType": "Observation", "code": {"coding": [{"system": "urn:local", "code": "Q-77"}]}}
        assert label_resource(odd, source, TABLES).part2
        assert label_resource(odd, source, TABLES).confidentiality is Conf.R
        assert not label_resource(odd, HOSPITAL, TABLES).part2

    def test_a_telling_code_is_part_2_whoever_says_it(self) -> None:
        found = labels(HTN | {"code": {"coding": [HTN_CODE, SUD_CODE]}})
        assert (found.part2, found.sensitivities, found.confidentiality) == (True, OPIOID, Conf.R)

    def test_a_plain_resource_of_no_program_is_normal(self) -> None:
        assert labels(HTN) == Labels(HOSPITAL, part2=False, firewall=False, note=False)


class TestUnderPart2:
    """A decision asks for this one label alone, which is quicker; it must never be another."""

    @pytest.mark.parametrize("source", [None, "nobody knows it", OTP.id, HOSPITAL.id, CM2.id, "unsure"])
    @pytest.mark.parametrize("part2", [None, False, True])
    def test_it_is_what_the_label_says(self, source: str | None, part2: bool | None) -> None:  # noqa: FBT001  -- a fact of the test, not an option
        kept = None if part2 is None else ContentLabels(part2, True, frozenset(), Confidentiality.N)  # noqa: FBT003  -- opaque says nothing here
        unsure = replace(HOSPITAL, id="unsure", part2_status=Part2Status.UNKNOWN)
        known = facts()
        known = replace(known, organizations={**known.organizations, "unsure": unsure})
        things = [item(category=category, source=source, labels=kept) for category in Category]
        assert [under_part2(each, known) for each in things] == [label(each, known).part2 for each in things]


class TestItem:
    def test_category_and_content_add_up(self) -> None:
        found = label_item(
            item(source="cm2", category=Category.HIV_STI, resource=HTN | {"note": [{"text": "on methadone"}]}),
            CM2,
            TABLES,
        )
        assert found.sensitivities == OPIOID | {S.HIV}
        assert found.held_by_case_management

    def test_notes_are_very_restricted(self) -> None:
        found = label_item(item(source="cm2", category=Category.PSYCHOTHERAPY_NOTES), CM2, TABLES)
        assert (found.confidentiality, found.sensitivities, found.note) == (Conf.V, {S.PSY}, True)


class TestPlaces:
    """Each place where a telling code or word was once seen to get past a labelling service."""

    @pytest.mark.parametrize(
        "place",
        [
            {"contained": [{"resourceType": "Condition", "code": {"coding": [SUD_CODE]}}]},
            {"contained": [{"resourceType": "Bundle", "entry": [{"resource": {"code": {"coding": [SUD_CODE]}}}]}]},
            {
                "extension": [
                    {"url": "urn:x", "extension": [{"url": "y", "valueCodeableConcept": {"coding": [SUD_CODE]}}]}
                ]
            },
            {"modifierExtension": [{"url": "urn:x", "valueString": "opioid use disorder"}]},
            {"code": {"coding": [{**HTN_CODE, "display": "Heroin dependence"}]}},
            {"code": {"text": "Opioid use disorder, severe"}},
            {"text": {"status": "generated", "div": "<div><p>Takes <b>Suboxone</b> daily</p></div>"}},
            {"text": {"status": "generated", "div": "<div>her&#111;in</div>"}},
            {"note": [{"text": "relapsed on alcohol after detox"}]},
            {"subject": {"reference": "Patient/p1", "display": "Fern Methadone Clinic"}},
            {"recorder": {"reference": "https://methadone.example/Practitioner/1"}},
            {"identifier": [{"system": "https://suboxone-clinic.example/mrn", "value": "17"}]},
            {"id": "methadone-dose-1"},
            {"code": {"coding": [{"system": "urn:local", "code": "METHADONE-TAKEHOME"}]}},
            {"code": {"coding": [{"system": ["urn:x"], "code": "F11.20"}]}},
            {"note": [{"text": "adicción a la heroína"}]},
            {"note": [{"text": "hero\u00adin"}]},
            {"_status": {"extension": [{"url": "urn:x", "valueString": "cocaine"}]}},
            {"reasonCode": ({"text": "cocaine"},)},
        ],
    )
    def test_a_word_or_a_code_is_found(self, place: dict[str, Any]) -> None:
        found = labels(HTN | place)
        assert found.part2
        assert S.SUD in found.sensitivities

    def test_a_label_that_the_sender_put_on_stays_on(self) -> None:
        act, level = (
            "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
        )
        assert labels(HTN | {"meta": {"security": [{"system": act, "code": "42CFRPart2"}]}}).part2
        assert labels(HTN | {"meta": {"security": [{"system": act, "code": "HIV"}]}}).sensitivities == {S.HIV}
        assert labels(HTN | {"meta": {"security": [{"system": level, "code": "V"}]}}).confidentiality is Conf.V
        assert labels(HTN | {"meta": {"security": [{"system": level, "code": "R"}]}}).confidentiality is Conf.R

    @pytest.mark.parametrize(
        "text",
        [
            "alcohol swab applied",
            "non-alcoholic steatohepatitis",
            "nonalcoholic fatty liver",
            "hearing AIDS fitted",
            "first aid given",
            "ST depression in V4",
            "bipolar hemiarthroplasty",
            "drug allergy: none known",
            "insulin dependent",
            "relapsing multiple sclerosis",
            "cardiac rehab",
            "2026-11-24T10:00:00Z",
            "3f2c9a1e-f10a-4f11-9f12-0a1b2c3d4e5f",
        ],
    )
    def test_common_words_tell_nothing(self, text: str) -> None:
        assert labels(HTN | {"note": [{"text": text}]}).sensitivities == frozenset()

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("AIDS, on antiretroviral therapy", S.HIV),
            ("Major depressive disorder", S.PSY),
            ("suicidal ideation", S.PSY),
            ("intimate partner violence", S.SDV),
            ("seen for F43.10, F11.20", S.OPIOIDUD),
            ("billed H0020", S.OPIOIDUD),
            ("ETOH abuse", S.ETHUD),
        ],
    )
    def test_words_of_each_kind(self, text: str, found: Sensitivity) -> None:
        assert found in labels(HTN | {"note": [{"text": text}]}).sensitivities


class TestAttachments:
    """A scanned assessment is the most telling part of a chart, and says nothing to a code table."""

    @pytest.mark.parametrize(
        "resource",
        [
            attached(b"%PDF-1.7 plain page", "application/pdf"),
            attached(b"%PDF-1.7 plain page", "text/plain"),
            attached(b"\x89PNG", "image/png"),
            attached(b"plain", ""),
            {"resourceType": "Binary", "contentType": "text/plain", "data": "not base64!"},
            {"resourceType": "Binary", "contentType": "application/pdf", "data": "JVBERi0="},
            {"resourceType": "Patient", "photo": [{"contentType": "image/jpeg", "url": "https://x.example/1"}]},
            {"resourceType": "Media", "content": {"contentType": "image/jpeg", "url": "https://x.example/1"}},
            {"resourceType": "Basic", "extension": [{"url": "urn:x", "valueBase64Binary": "QUJD"}]},
            {"resourceType": "Basic", "text": {"div": "<div><img src='data:image/png;base64,QUJD'/></div>"}},
        ],
    )
    def test_what_nobody_can_look_into_counts_as_sensitive(self, resource: dict[str, Any]) -> None:
        found = labels(resource)
        assert (found.opaque, found.part2, found.confidentiality) == (True, True, Conf.R)
        assert all(found.carries(code) for code in Sensitivity)

    def test_without_a_reader_no_attachment_is_read(self) -> None:
        unread = SensitivityTables(systems={}, unnamed=(), words={}, capitals={})
        assert label_resource(attached(b"plain"), HOSPITAL, unread).opaque

    def test_a_text_is_read(self) -> None:
        assert labels(attached(b"He is on methadone.")).sensitivities == OPIOID
        assert labels(attached(rb"{\rtf1\ansi He is on meth{\b adone}.}", "application/rtf")).sensitivities == OPIOID
        plain = labels(attached(b"Blood pressure is fine."))
        assert (plain.opaque, plain.part2) == (False, False)

    def test_numbers_of_a_device_are_no_attachment(self) -> None:
        sampled = {"resourceType": "Observation", "valueSampledData": {"dimensions": 1, "data": "1 2 3 E U"}}
        assert not labels(sampled).opaque

    def test_the_same_bytes_are_opaque_every_time(self) -> None:
        """A memory of what is clean must not learn that a binary is."""
        binary = {"extension": [{"url": "urn:x", "valueBase64Binary": "QUJD"}]}
        bundle = {"entry": [{"resource": {"note": "QUJD"}}, {"resource": binary}, {"resource": binary}]}
        assert [each.opaque for each in label_bundle(bundle, HOSPITAL, TABLES).entries] == [False, True, True]


class TestBundle:
    def test_each_entry_has_its_own_labels_and_the_whole_has_the_highest(self) -> None:
        telling = HTN | {"code": {"coding": [SUD_CODE]}}
        bundle = {"resourceType": "Bundle", "entry": [{"resource": HTN}, {"resource": telling}, {"resource": HTN}]}
        found = label_bundle(bundle, HOSPITAL, TABLES)
        assert [each.part2 for each in found.entries] == [False, True, False]
        assert (found.whole.part2, found.whole.confidentiality) == (True, Conf.R)

    def test_a_bundle_in_a_bundle_is_one_entry_and_read_whole(self) -> None:
        inner = {
            "resourceType": "Bundle",
            "entry": [{"resource": HTN}, {"resource": HTN | {"note": [{"text": "heroin"}]}}],
        }
        found = label_bundle({"resourceType": "Bundle", "entry": [{"resource": inner}]}, HOSPITAL, TABLES)
        assert [each.part2 for each in found.entries] == [True]

    def test_what_stands_beside_the_entries_is_read(self) -> None:
        link = [{"relation": "self", "url": "https://x.example/Condition?code=heroin"}]
        assert label_bundle({"resourceType": "Bundle", "link": link, "entry": []}, HOSPITAL, TABLES).whole.part2

    @pytest.mark.parametrize("entry", [None, {}, "heroin", 7])
    def test_entries_that_are_no_list(self, entry: Any) -> None:
        found = label_bundle({"resourceType": "Bundle", "entry": entry}, HOSPITAL, TABLES)
        assert found.entries == ()
        assert found.whole.part2 is (entry == "heroin")

    def test_the_same_words_are_found_again(self) -> None:
        entry = {"resource": HTN | {"note": [{"text": "heroin"}]}}
        found = label_bundle({"entry": [entry, {"resource": HTN}, entry, entry]}, HOSPITAL, TABLES)
        assert [each.part2 for each in found.entries] == [True, False, True, True]

    @pytest.mark.parametrize("odd", [2**70, "\ud800", float("nan")])
    def test_what_cannot_be_written_is_read_all_the_same(self, odd: Any) -> None:
        assert labels(HTN | {"component": [{"value": odd, "note": "heroin"}]}).part2

    def test_bundles_in_bundles_without_end(self) -> None:
        inner: Any = HTN | {"note": [{"text": "heroin"}]}
        for _ in range(3000):
            inner = {"resourceType": "Bundle", "entry": [{"resource": inner}]}
        assert label_bundle(inner, HOSPITAL, TABLES).entries[0].part2

    def test_a_deep_tree_is_read_to_its_end(self) -> None:
        deep: Any = "heroin"
        for _ in range(5000):
            deep = [{"x": deep}]
        assert Reading(TABLES).bits_of({"extension": deep})


class TestOrder:
    def test_asking_for_the_parent_catches_the_children_and_not_the_other_way(self) -> None:
        """wire.md: an engine that compared codes let ETHUD pass where SUD was refused."""
        assert caught_by("SUD") == {"SUD", "ETHUD", "OPIOIDUD"}
        assert caught_by("ETHUD") == {"ETHUD"}
        assert caught_by("unheard-of") == {"unheard-of"}

    def test_eth_and_sud_are_siblings_and_both_listed(self) -> None:
        assert with_parents({S.ETHUD}) == {S.ETHUD, S.SUD, S.ETH}
        assert with_parents({S.ETH}) == {S.SUD, S.ETH}
        assert with_parents({S.HIV}) == {S.HIV}

    def test_carries(self) -> None:
        found = labels(HTN | {"code": {"coding": [SUD_CODE]}})
        assert [code for code in ("SUD", "ETH", "OPIOIDUD", "ETHUD", "HIV") if found.carries(code)] == [
            "SUD",
            "ETH",
            "OPIOIDUD",
        ]

    def test_high_water(self) -> None:
        assert high_water([]) is Conf.N
        assert high_water([Conf.R, Conf.V, Conf.N]) is Conf.V

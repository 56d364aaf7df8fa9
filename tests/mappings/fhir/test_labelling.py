"""DS4P on the wire: one confidentiality per resource, its reasons as extensions, nothing telling on a Bundle."""

from typing import Any

import pytest

from consent.labels import BundleLabels, Labels, label_bundle, label_resource
from consent.sensitivity import Confidentiality, Sensitivity
from mappings.fhir.codes import ACT_CODE, CONFIDENTIALITY
from mappings.fhir.labelling import BASIS, CLASSIFIER, RELATED_ARTIFACT, labelled, labelled_bundle
from mappings.tables.sensitivity import load_sensitivity
from tests.consent.builders import HOSPITAL

TABLES = load_sensitivity()
HTN: dict[str, Any] = {"resourceType": "Condition", "id": "c1", "code": {"text": "Hypertension"}}
OUD: dict[str, Any] = {"resourceType": "Condition", "id": "c2", "code": {"text": "Opioid use disorder: methadone"}}
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "meta": {"security": [{"system": ACT_CODE, "code": "42CFRPart2"}]},
    "entry": [
        {"fullUrl": "urn:x", "resource": HTN},
        {"resource": OUD},
        {"request": {"method": "DELETE", "url": "x"}},
    ],
}
PLAIN = Labels(HOSPITAL, part2=False, firewall=False, note=False)
TELLING = label_resource(OUD, HOSPITAL, TABLES)


def security(resource: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["system"], each["code"]) for each in resource["meta"]["security"]]


class TestResource:
    def test_the_law_the_refrain_and_the_sensitivities(self) -> None:
        found = labelled(OUD, TELLING)
        acts = ["42CFRPart2", "NORDSCLCD", "ETH", "OPIOIDUD", "SUD"]
        assert security(found) == [(CONFIDENTIALITY, "R"), *((ACT_CODE, code) for code in acts)]
        assert found["code"] == OUD["code"]
        assert "meta" not in OUD

    def test_extensions_say_on_what_a_label_stands(self) -> None:
        first = labelled(OUD, TELLING, "Consent/c9", classifier="lead-gateway")["meta"]["security"][0]
        assert first["extension"] == [
            {"url": BASIS, "valueCoding": {"system": ACT_CODE, "code": "42CFRPart2"}},
            {"url": RELATED_ARTIFACT, "valueRelatedArtifact": {"type": "justification", "url": "Consent/c9"}},
            {"url": CLASSIFIER, "valueContributor": {"type": "reviewer", "name": "lead-gateway"}},
        ]

    def test_the_law_is_no_reason_for_another_sensitivity(self) -> None:
        hiv = PLAIN._replace(sensitivities=frozenset({Sensitivity.HIV}), confidentiality=Confidentiality.R)
        assert labelled(HTN, hiv, "Consent/c9")["meta"]["security"] == [
            {"system": CONFIDENTIALITY, "code": "R"},
            {"system": ACT_CODE, "code": "HIV"},
        ]

    def test_a_plain_one_says_so(self) -> None:
        assert labelled(HTN, PLAIN)["meta"] == {"security": [{"system": CONFIDENTIALITY, "code": "N"}]}

    @pytest.mark.parametrize(("sent", "kept"), [("V", "V"), ("R", "R"), ("N", "N"), ("L", "N"), ("nonsense", "N")])
    def test_the_higher_confidentiality_wins_and_there_is_one(self, sent: str, kept: str) -> None:
        resource = HTN | {"meta": {"versionId": "3", "security": [{"system": CONFIDENTIALITY, "code": sent}, "odd"]}}
        found = labelled(resource, PLAIN)
        assert security(found) == [(CONFIDENTIALITY, kept)]
        assert found["meta"]["versionId"] == "3"

    def test_what_the_sender_put_on_stays_once(self) -> None:
        sent = [{"system": ACT_CODE, "code": code} for code in ("SUD", "NODSCLCD")]
        found = security(labelled(OUD | {"meta": {"security": sent}}, TELLING))
        assert found.count((ACT_CODE, "SUD")) == 1
        assert (ACT_CODE, "NODSCLCD") in found


class TestBundle:
    def test_carries_its_confidentiality_and_nothing_that_tells(self) -> None:
        """A relay that reads the envelope only must not learn that it carries a patient of a program."""
        labels = label_bundle(BUNDLE, HOSPITAL, TABLES)
        found = labelled_bundle(BUNDLE, labels, "Consent/c9")
        assert found["meta"] == {"security": [{"system": CONFIDENTIALITY, "code": "R"}]}
        assert security(found["entry"][0]["resource"]) == [(CONFIDENTIALITY, "N")]
        assert (ACT_CODE, "42CFRPart2") in security(found["entry"][1]["resource"])
        assert found["entry"][2] == BUNDLE["entry"][2]

    def test_as_a_resource_lends_its_labels_to_all_that_is_in_it(self) -> None:
        found = labelled(BUNDLE, label_resource(BUNDLE, HOSPITAL, TABLES))
        assert found["meta"] == {"security": [{"system": CONFIDENTIALITY, "code": "R"}]}
        assert all((ACT_CODE, "SUD") in security(entry["resource"]) for entry in found["entry"][:2])

    def test_labels_are_never_paired_with_entries_that_they_are_not_about(self) -> None:
        with pytest.raises(ValueError, match="one for each entry"):
            labelled_bundle(BUNDLE, BundleLabels((PLAIN,), PLAIN))


class TestNew:
    def test_two_resources_with_the_same_labels_share_none_of_them(self) -> None:
        """A label that one receiver adds to must not appear on everything else that was labelled with it."""
        two = {"resourceType": "Bundle", "entry": [{"resource": OUD}, {"resource": OUD | {"id": "c3"}}]}
        found = labelled_bundle(two, label_bundle(two, HOSPITAL, TABLES), "Consent/c9")
        one, other = (entry["resource"]["meta"]["security"] for entry in found["entry"])
        one[0]["display"] = "changed"
        one.append({"code": "more"})
        assert len(other) == 6
        assert "display" not in other[0]

    @pytest.mark.parametrize("missing", ["id", "resourceType", "meta"])
    def test_nothing_is_added_but_labels(self, missing: str) -> None:
        told = {"code": {"text": "x"}, "meta": {"versionId": "1"}, "id": "c1", "resourceType": "Condition"}
        told.pop(missing)
        found = labelled(told, PLAIN)
        assert {name: value for name, value in found.items() if name != "meta"} == {
            name: value for name, value in told.items() if name != "meta"
        }
        assert list(found)[:2] == [name for name in ("resourceType", "id", "meta") if name in found][:2]

"""Every active code of CMS's list is labelled, however it is written; 2,000 common codes of other things are not."""

import hashlib
from typing import Any

import pytest

from consent.content import find, system_name
from consent.labels import label_resource
from consent.model import Organization
from consent.sensitivity import SUBSTANCE_USE, sensitivities_in
from mappings.tables import TableError
from mappings.tables.sensitivity import CODE_FILES, load_sensitivity, read, tables_of
from tests.consent.builders import HOSPITAL, OTP
from tests.mappings.tables.unrelated_codes import unrelated

TABLES = load_sensitivity()
CMS = read("sensitivity_cms.toml")
ACTIVE = [(block["system"], code) for block in CMS["block"] for code in block["codes"]]
DIGEST = "9279c6151cb021a2f1a9163cc6db11e6e27c1ecb5facec3be2f5d2f0228b9507"
URIS = {
    "icd-10-cm": [
        "http://hl7.org/fhir/sid/icd-10-cm",
        "urn:oid:2.16.840.1.113883.6.90",
        "http://hl7.org/fhir/sid/icd-10",
    ],
    "icd-10-pcs": ["http://www.cms.gov/Medicare/Coding/ICD10", "urn:oid:2.16.840.1.113883.6.4"],
    "icd-9-cm": ["http://hl7.org/fhir/sid/icd-9-cm", "2.16.840.1.113883.6.103"],
    "icd-9-pcs": ["http://www.cms.gov/Medicare/Coding/ICD9", "urn:oid:2.16.840.1.113883.6.104"],
    "hcpcs": ["https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "urn:oid:2.16.840.1.113883.6.285"],
    "cpt": ["http://www.ama-assn.org/go/cpt", "urn:oid:2.16.840.1.113883.6.12"],
    "ms-drg": [
        "https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/MS-DRG-Classifications-and-Software"
    ],
}

BLOCK = {"source": "x", "system": "hcpcs", "labels": ["SUD"], "codes": ["H0020"]}
SYSTEMS = {"names": {"hcpcs": ["hcpcs"]}, "unnamed": {"tables": []}}


def condition(system: str | None, code: str, **more: Any) -> dict[str, Any]:
    coding = {"code": code} if system is None else {"system": system, "code": code}
    return {"resourceType": "Condition", "code": {"coding": [coding | more]}}


def is_sud(system: str | None, code: str, source: Organization = HOSPITAL) -> bool:
    labels = label_resource(condition(system, code), source, TABLES)
    assert labels.part2 or source is HOSPITAL
    return not SUBSTANCE_USE.isdisjoint(labels.sensitivities)


class TestFailures:
    @pytest.mark.parametrize("wrong", [{"source": " "}, {"labels": ["STD"]}])
    def test_a_block_that_is_wrong(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(TableError):
            tables_of([BLOCK | wrong], [], SYSTEMS)

    @pytest.mark.parametrize("stem", ["ab", "two words", "12-step"])
    def test_a_stem_that_no_word_can_begin_with(self, stem: str) -> None:
        with pytest.raises(TableError):
            tables_of([BLOCK], [{"source": "x", "labels": ["SUD"], "stem": [stem]}], SYSTEMS)

    def test_a_name_for_a_table_that_is_not_there(self) -> None:
        with pytest.raises(TableError):
            tables_of([BLOCK], [], {"names": {"cpt": ["cpt"]}, "unnamed": {"tables": []}})


class TestTheListOfCms:
    def test_is_whole(self) -> None:
        """682 rows as read, two of them ended: the digest says that nobody lost one since."""
        listed = "\n".join(sorted(f"{system} {code.replace('.', '').upper()}" for system, code in ACTIVE))
        assert len(ACTIVE) == len(set(ACTIVE)) == 680
        assert hashlib.sha256(listed.encode()).hexdigest() == DIGEST

    def test_every_active_code_is_labelled_however_it_is_written(self) -> None:
        missed = [
            (uri, written)
            for system, code in ACTIVE
            for uri in URIS[system]
            for written in (code, code.replace(".", ""), code.lower(), f" {code} ")
            if not is_sud(uri, written)
        ]
        assert missed == []

    def test_letters_tell_a_code_without_its_system(self) -> None:
        lettered = [code for system, code in ACTIVE if system in {"icd-10-cm", "icd-10-pcs", "hcpcs"}]
        assert [code for code in lettered if not is_sud(None, code)] == []

    def test_an_ended_code_is_not_kept_where_its_number_means_something_else(self) -> None:
        assert [code for row in CMS["ended"] for code in row["codes"]] == ["522", "523"]
        assert not is_sud(URIS["ms-drg"][0], "522")

    def test_every_row_cites_its_source(self) -> None:
        assert all(block["source"].strip() for name in CODE_FILES for block in read(name)["block"])
        assert all(row["source"].strip() for row in read("sensitivity_words.toml")["words"])


class TestByPrefix:
    @pytest.mark.parametrize("category", ["F10", "F11", "F12", "F13", "F14", "F15", "F16", "F18", "F19"])
    def test_a_category_and_all_that_is_ever_put_under_it(self, category: str) -> None:
        written = [
            category,
            f"{category}.A",
            f"{category}.13",
            f"{category}139",
            f"{category}.90",
            f"{category.lower()}.988",
        ]
        assert [code for code in written if not is_sud(URIS["icd-10-cm"][0], code)] == []

    def test_tobacco_only_where_a_program_says_it(self) -> None:
        assert not is_sud(URIS["icd-10-cm"][0], "F17.210")
        assert is_sud(URIS["icd-10-cm"][0], "F17.210", OTP)

    @pytest.mark.parametrize(
        ("system", "code"),
        [
            ("http://www.nlm.nih.gov/research/umls/rxnorm", "864706"),
            ("http://www.nlm.nih.gov/research/umls/rxnorm", "1010600"),
            ("http://hl7.org/fhir/sid/ndc", "12496-1208-03"),
            ("http://hl7.org/fhir/sid/ndc", "0406-5771-23"),
            (None, "12496-1208-03"),
            ("https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "J0571-HG"),
            ("http://snomed.info/sct|http://snomed.info/sct/731000124108", "310653000"),
            ("http://hl7.org/fhir/sid/icd-9-cm", "94.65"),
            ("https://www.cms.gov/Medicare/Coding/place-of-service-codes", "58"),
        ],
    )
    def test_medicines_modifiers_versions(self, system: str | None, code: str) -> None:
        assert is_sud(system, code)

    def test_a_unit_is_no_treatment(self) -> None:
        """`Hz` begins like the section of ICD-10-PCS for substance abuse treatment."""
        assert not is_sud("http://unitsofmeasure.org", "Hz")
        assert not is_sud(None, "Hz")


class TestFalseLabels:
    def test_there_are_none_on_two_thousand_codes(self) -> None:
        codes = unrelated()
        assert len(codes) >= 2000
        false = []
        for system, code, display in codes:
            labels = label_resource(condition(system, code, display=display), HOSPITAL, TABLES)
            if labels.part2 or labels.sensitivities or labels.confidentiality != "N":
                false.append((system, code, display))
        assert false == []


class TestNames:
    def test_of_systems_in_any_dress(self) -> None:
        names = [
            "HTTP://hl7.org/fhir/sid/ICD-10-CM/",
            "http://hl7.org/fhir/sid/icd-10-cm|2026",
            " 2.16.840.1.113883.6.90",
        ]
        assert all(TABLES.systems[system_name(name)] for name in names)

    def test_hierarchy_of_what_is_found(self) -> None:
        bits = find(TABLES.systems[system_name(URIS["icd-10-cm"][0])], "f11 20")
        assert sensitivities_in(bits) == {"OPIOIDUD", "SUD", "ETH"}

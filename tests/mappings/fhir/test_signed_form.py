"""The signed form and its provenance: evidence that can be checked."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from consent.codes import Capacity, ConsentKind
from consent.model import Signer
from mappings.fhir import provenance, signed_form
from mappings.fhir.build import BuildError
from mappings.lead.signed_form import Signing
from tests.mappings.fhir import factory as make
from tests.mappings.fhir import lead_factory as lead
from tests.mappings.fhir.schema import needs_schema, problems

CONSENT = make.consent(make.grant())


class TestForm:
    @pytest.mark.parametrize(
        "changes", [{"content": None}, {"content": b""}, {"url": "https://lead.cedar.example/fhir/Binary/1"}]
    )
    def test_neither_nor_and_both_are_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(BuildError):
            signed_form.to_fhir(CONSENT, replace(lead.FORM, **changes))

    def test_its_bytes_can_be_checked(self) -> None:
        attachment = signed_form.to_fhir(CONSENT, lead.FORM)["content"][0]["attachment"]
        content = base64.b64decode(attachment["data"])
        assert content == lead.FORM.content
        assert attachment["size"] == len(content)
        assert base64.b64decode(attachment["hash"]) == hashlib.sha1(content, usedforsecurity=False).digest()

    def test_a_url_alone_will_do(self) -> None:
        kept = replace(lead.FORM, content=None, url="https://lead.cedar.example/fhir/Binary/1")
        assert signed_form.to_fhir(CONSENT, kept)["content"][0]["attachment"]["url"].endswith("/Binary/1")

    @pytest.mark.parametrize(
        ("kind", "code"),
        [
            (ConsentKind.ROI, "64292-6"),
            (ConsentKind.TPO, "64292-6"),
            (ConsentKind.NOTES, "59284-0"),
            (ConsentKind.PROCEEDING, "59284-0"),
            (ConsentKind.CJ_2_35, "59284-0"),
        ],
    )
    def test_each_kind_has_its_type(self, kind: ConsentKind, code: str) -> None:
        found = signed_form.to_fhir(make.consent(make.grant(), kind=kind), lead.FORM)
        assert found["type"]["coding"][0]["code"] == code
        assert found["category"][0]["coding"][0]["code"] == "57016-8"


class TestProvenance:
    def test_it_names_signer_custodian_and_witness(self) -> None:
        found = provenance.to_fhir(CONSENT, lead.SIGNING)
        assert [one["type"]["coding"][0]["code"] for one in found["agent"]] == ["author", "custodian", "attester"]
        assert found["agent"][0]["who"]["identifier"]["value"] == "p-ray"
        assert base64.b64decode(found["signature"][0]["data"]) == b"ink"

    def test_no_witness_and_no_bytes_are_said_by_silence(self) -> None:
        found = provenance.to_fhir(CONSENT, Signing(make.AT, "org:wren"))
        assert [one["type"]["coding"][0]["code"] for one in found["agent"]] == ["author", "custodian"]
        assert found["signature"][0].keys() == {"type", "when", "who"}

    def test_who_signs_for_another_is_not_the_participant(self) -> None:
        parent = make.consent(make.grant(), signer=Signer("Birch Alder", Capacity.PARENT, "birth certificate"))
        found = provenance.to_fhir(parent, lead.SIGNING)
        assert found["signature"][0]["who"] == {"type": "RelatedPerson", "display": "Birch Alder"}
        assert "p-ray" not in json.dumps(found)

    @needs_schema
    def test_it_is_r4_whoever_signs(self) -> None:
        nameless = make.consent(make.grant(), signer=Signer("", Capacity.GUARDIAN))
        assert problems(provenance.to_fhir(nameless, Signing(make.AT, "org:wren"))) == []

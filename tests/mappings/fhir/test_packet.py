"""What an organization takes to a conference: several participants, one recipient, one document."""

import json
from typing import Any

import pytest

from consent.codes import Category
from consent.disclosure import Disclosure
from consent.notices import STATEMENT_1
from mappings.fhir.bundle import disclosure_bundle
from mappings.fhir.packet import PacketError, packet_bundle
from tests.mappings.fhir import factory as make
from tests.mappings.fhir.schema import needs_schema, problems

URL = "https://lead.cedar.example"


def one(participant: str, entry: str, **changes: Any) -> Disclosure:
    item = make.item(f"i-{participant}", Category.PROGRESS, make.OTHER_OBSERVATION, participant=participant)
    return make.disclosure(item, entry=entry, participant=participant, **changes)


RAY = one("p-ray", "entry-1", notice=STATEMENT_1, scope="Until 2027-10-01.")
TESTINA = one("p-testina", "entry-2", notice=STATEMENT_1, scope="Until 2026-12-31.")


def packet(*disclosures: Disclosure) -> dict[str, Any]:
    return packet_bundle(disclosures, organizations=make.ORGANIZATIONS, base_url=URL, at=make.AT)


class TestPacket:
    @pytest.mark.parametrize("disclosures", [(), (RAY, RAY), (RAY, one("p-testina", "e", recipient="org:other"))])
    def test_is_none(self, disclosures: tuple[Disclosure, ...]) -> None:
        with pytest.raises(PacketError):
            packet(*disclosures)

    def test_holds_each_document_whole_and_nothing_else(self) -> None:
        found = packet(RAY, TESTINA)
        whole = [
            entry
            for each in (RAY, TESTINA)
            for entry in disclosure_bundle(each, organizations=make.ORGANIZATIONS, base_url=URL, at=make.AT)["entry"]
        ]
        assert found["entry"][1:] == whole
        assert len({entry["fullUrl"] for entry in found["entry"]}) == len(found["entry"])

    def test_notice_first_then_a_section_for_each(self) -> None:
        composition = packet(RAY, TESTINA)["entry"][0]["resource"]
        assert [section["title"] for section in composition["section"][1:]] == ["Participant", "Participant"]
        assert STATEMENT_1.text[:60] in json.dumps(composition["section"][0])
        assert "subject" not in composition

    def test_no_id_of_the_house_and_the_same_bytes_again(self) -> None:
        assert packet(RAY, TESTINA) == packet(RAY, TESTINA)
        assert not {"p-ray", "p-testina", "i-p-ray"} & set(json.dumps(packet(RAY, TESTINA)).split('"'))

    @needs_schema
    def test_is_r4(self) -> None:
        assert problems(packet(RAY, TESTINA)) == []

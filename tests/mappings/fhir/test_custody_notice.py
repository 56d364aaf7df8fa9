"""A custody notice tells a hospital that somebody is in or out, and nothing of why."""

import json
from typing import Any

import pytest

from consent.codes import Category
from consent.notices import STATEMENT_1
from mappings.fhir import custody_notice, patient
from mappings.fhir.build import BuildError
from mappings.fhir.carried_notice import read_notice
from mappings.lead.custody import CustodyKind
from tests.mappings.fhir import factory as make
from tests.mappings.fhir import lead_factory as lead
from tests.mappings.fhir.schema import needs_schema, problems


def _message(*more: Any, **changes: Any) -> dict[str, Any]:
    return custody_notice.notification(
        lead.custody_disclosure(*more, **changes),
        organizations={lead.HOSPITAL.id: lead.HOSPITAL},
        base_url=lead.BASE_URL,
        endpoint=lead.ENDPOINT,
        at=make.AT,
    )


def _ray(**changes: Any) -> Any:
    ray = patient.to_fhir(make.PARTICIPANT, make.RAY, systems=frozenset({"sid"}))
    return make.item("i2", Category.IDENTITY, ray, **changes)


class TestRefusals:
    @pytest.mark.parametrize(
        "more",
        [
            (make.item("i9", Category.PROGRESS, make.OBSERVATION),),
            (make.item("i9", Category.CUSTODY, lead.stay()),),
            (make.item("i9", Category.LEGAL_STATUS, {"resourceType": "Task"}),),
            (make.item("i9", Category.CUSTODY),),
            (_ray(), _ray()),
            (_ray(participant="p-testina"),),
        ],
    )
    def test_a_disclosure_of_more_is_refused_rather_than_cut(self, more: tuple[Any, ...]) -> None:
        with pytest.raises(BuildError):
            _message(*more)

    @pytest.mark.parametrize(
        "changes",
        [
            {"status": "arrived"},
            {"status": None},
            {"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}},
            {"class": None},
            {"resourceType": "Task"},
        ],
    )
    def test_what_is_no_stay_in_custody_is_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(BuildError):
            _message(resource=lead.stay() | changes)


class TestMessage:
    @pytest.mark.parametrize(
        ("kind", "event", "edge"),
        [
            (CustodyKind.BOOKING, "notification-admit", "start"),
            (CustodyKind.RELEASE, "notification-discharge", "end"),
        ],
    )
    def test_its_header_comes_first_and_points_at_the_stay(self, kind: CustodyKind, event: str, edge: str) -> None:
        message = _message(resource=lead.stay(kind))
        header, stay, person = (entry["resource"] for entry in message["entry"])
        assert message["type"] == "message"
        assert header["eventCoding"]["code"] == event
        assert header["focus"] == [{"reference": message["entry"][1]["fullUrl"]}]
        assert stay["subject"] == {"reference": message["entry"][2]["fullUrl"]}
        assert stay["period"].keys() == {edge}
        assert person["resourceType"] == "Patient"

    def test_the_place_is_09_and_nothing_of_the_jail_is_told(self) -> None:
        resource = lead.stay() | {
            "reasonCode": [{"text": "CANARY-CHARGE"}],
            "hospitalization": {"dischargeDisposition": {"text": "CANARY-REASON"}},
            "identifier": [{"value": "CANARY-NUMBER"}],
            "text": {"status": "generated", "div": "CANARY"},
            "extension": [{"url": "urn:CANARY", "valueString": "x"}],
            "period": {"start": "2026-11-24T22:01:00Z", "extension": [{"url": "urn:CANARY", "valueString": "x"}]},
        }
        message = _message(resource=resource)
        (type_,) = message["entry"][1]["resource"]["type"]
        assert (type_["coding"][0]["code"], type_["text"]) == ("09", "Jail custody")
        assert "CANARY" not in json.dumps(message)

    def test_the_statement_and_the_scope_are_on_every_record(self) -> None:
        for entry in _message(_ray())["entry"][1:]:
            carried = read_notice(entry["resource"])
            assert carried is not None
            assert (carried.statement, carried.scope) == (STATEMENT_1.text, lead.SCOPE)

    def test_a_name_leaves_only_where_it_was_released(self) -> None:
        assert "Alder" not in json.dumps(_message())
        assert "Alder" in json.dumps(_message(_ray()))

    def test_no_id_of_the_house_leaves(self) -> None:
        written = json.dumps([_message(), _message(_ray())])
        for ident in ("p-ray", "i1", "entry-1", "c1/g1", lead.stay()["id"]):
            assert f'"{ident}"' not in written

    def test_it_is_the_same_retry_after_retry(self) -> None:
        assert _message() == _message()

    def test_without_part_2_it_carries_no_statement(self) -> None:
        message = _message(notice=None, scope=None)
        assert [read_notice(entry["resource"]) for entry in message["entry"]] == [None] * 3

    @needs_schema
    def test_it_is_r4_with_and_without_a_name(self) -> None:
        bare = {key: value for key, value in lead.stay().items() if key != "period"}
        assert [problems(one) for one in (_message(), _message(_ray()), _message(resource=bare))] == [[], [], []]

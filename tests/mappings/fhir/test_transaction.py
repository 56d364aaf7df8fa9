"""A disclosure for a FHIR server: whole, under its notice, and the same twice."""

import base64
import json
from typing import Any

import pytest

from consent.codes import Category
from consent.disclosure import Disclosure
from mappings.fhir import codes
from mappings.fhir.build import BuildError
from mappings.fhir.carried_notice import read_notice
from mappings.fhir.patient import to_fhir
from mappings.fhir.transaction import disclosed_resources, disclosure_transaction
from tests.mappings.fhir import factory as make
from tests.mappings.fhir.schema import needs_schema, problems

Json = dict[str, Any]
PROGRESS = make.item("i1", Category.PROGRESS, make.OBSERVATION, part2=True)
PLAIN = make.item("i3", Category.PARTICIPATION)
RAY = make.item("i4", Category.IDENTITY, to_fhir(make.PARTICIPANT, make.RAY, systems=frozenset({"sid"})))


def transaction(disclosure: Disclosure) -> Json:
    return disclosure_transaction(
        disclosure, organizations=make.ORGANIZATIONS, base_url="https://lead.example", at=make.AT
    )


def resources(disclosure: Disclosure) -> tuple[Json, ...]:
    return disclosed_resources(
        disclosure, organizations=make.ORGANIZATIONS, base_url="https://lead.example", at=make.AT
    )


class TestTransaction:
    def test_the_notice_stands_in_front_and_points_at_everything(self) -> None:
        cleared = make.cleared()
        first, *rest = transaction(cleared)["entry"]
        notice = cleared.clearance.notice
        assert notice is not None
        texts = [base64.b64decode(c["attachment"]["data"]).decode() for c in first["resource"]["content"]]
        assert texts == [notice.text, cleared.clearance.scope]
        related = [one["reference"] for one in first["resource"]["context"]["related"]]
        assert related == [one["fullUrl"] for one in rest]

    def test_where_no_notice_is_owed_there_is_none(self) -> None:
        found = transaction(make.disclosure(PLAIN, notice=None, scope=None))
        assert {e["resource"]["resourceType"] for e in found["entry"]} == {"Patient", "Basic"}

    def test_every_entry_is_created_once_however_often_it_is_sent(self) -> None:
        found = transaction(make.disclosure(PROGRESS, PLAIN, RAY))
        assert found == transaction(make.disclosure(PROGRESS, PLAIN, RAY))
        asked = [entry["request"]["ifNoneExist"] for entry in found["entry"]]
        assert asked == [f"identifier={codes.URI}|{entry['fullUrl']}" for entry in found["entry"]]
        for entry in found["entry"]:
            assert {"system": codes.URI, "value": entry["fullUrl"]} in entry["resource"]["identifier"]
            assert entry["request"]["url"] == entry["resource"]["resourceType"]

    def test_an_identifier_that_is_its_own_stays(self) -> None:
        found = transaction(make.disclosure(RAY))
        (ray,) = [e["resource"] for e in found["entry"] if e["resource"]["resourceType"] == "Patient"]
        assert ray["identifier"][0] == {"system": "sid", "value": "WA00000001"}
        assert "p-ray" not in json.dumps(found)

    def test_labels_are_on_the_resources(self) -> None:
        found = transaction(make.disclosure(PROGRESS))
        (progress,) = [e["resource"] for e in found["entry"] if e["resource"]["resourceType"] == "Observation"]
        assert [one["code"] for one in progress["meta"]["security"]] == ["R", "42CFRPart2", "NORDSCLCD"]

    def test_what_has_one_identifier_only_is_refused(self) -> None:
        form = make.item("i1", Category.INTAKE, {"resourceType": "QuestionnaireResponse", "identifier": {"value": "x"}})
        with pytest.raises(BuildError, match="QuestionnaireResponse"):
            transaction(make.disclosure(form))

    @needs_schema
    def test_it_is_r4(self) -> None:
        assert problems(transaction(make.disclosure(PROGRESS, PLAIN, RAY))) == []


class TestResources:
    def test_each_carries_statement_and_scope(self) -> None:
        cleared = make.cleared()
        found = resources(cleared)
        assert {one["resourceType"] for one in found} == {"Patient", "Observation"}
        for one in found:
            carried = read_notice(one)
            assert carried is not None
            assert carried.scope == cleared.clearance.scope

    def test_none_where_none_is_owed(self) -> None:
        assert [read_notice(one) for one in resources(make.disclosure(PLAIN, notice=None, scope=None))] == [None, None]

    @needs_schema
    def test_each_is_r4(self) -> None:
        assert [problems(one) for one in resources(make.cleared())] == [[], []]

"""The statement arrives whole, on whatever carries the record."""

import base64
import copy
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.notices import STATEMENT_1, STATEMENT_2
from mappings.fhir import carried_notice, episode
from mappings.fhir.build import BuildError, UnreadableResourceError
from tests.mappings.fhir import lead_factory as lead
from tests.mappings.fhir.lead_goldens import searchset, transaction
from tests.mappings.fhir.schema import needs_schema, problems
from tests.mappings.fhir.strategies import TEXT

NOTICES = pytest.mark.parametrize("notice", [STATEMENT_1, STATEMENT_2], ids=lambda n: n.version)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def resource() -> dict[str, Any]:
    return episode.to_fhir(lead.episode())


class TestOnAResource:
    @pytest.mark.parametrize("kind", ["Bundle", "Binary", "Parameters", ""])
    def test_what_can_hold_no_extension_is_refused(self, kind: str) -> None:
        with pytest.raises(BuildError):
            carried_notice.on_resource({"resourceType": kind}, STATEMENT_1, None)

    def test_a_second_notice_is_refused(self) -> None:
        once = carried_notice.on_resource(resource(), STATEMENT_1, None)
        with pytest.raises(BuildError):
            carried_notice.on_resource(once, STATEMENT_2, None)

    CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {  # noqa: RUF012  -- a table of cases, never changed
        "a word less": lambda e: e["extension"][-2].update(valueString=STATEMENT_1.text[:-1]),
        "an unknown version": lambda e: e["extension"][0].update(valueString="CANARY"),
        "another citation": lambda e: e["extension"][1].update(valueString="CANARY"),
        "no statement": lambda e: e["extension"].pop(-2),
        "a part more": lambda e: e["extension"].append({"url": "CANARY", "valueString": "x"}),
        "a part of another type": lambda e: e["extension"][-1].update(valueCode="CANARY"),
    }

    @pytest.mark.parametrize("name", CHANGES)
    def test_a_notice_that_is_not_whole_is_not_read(self, name: str) -> None:
        found = carried_notice.on_resource(resource(), STATEMENT_1, lead.SCOPE)
        self.CHANGES[name](found["extension"][-1])
        with pytest.raises(UnreadableResourceError) as refused:
            carried_notice.read_notice(found)
        assert "CANARY" not in str(refused.value)

    def test_two_are_not_read(self) -> None:
        found = carried_notice.on_resource(resource(), STATEMENT_1, lead.SCOPE)
        found["extension"] *= 2
        with pytest.raises(UnreadableResourceError):
            carried_notice.read_notice(found)

    @NOTICES
    @given(scope=st.none() | TEXT)
    def test_the_statement_is_whole_and_nothing_else_is_changed(self, notice: Any, scope: str | None) -> None:
        before = resource() | {"extension": [{"url": "urn:other", "valueString": "x"}]}
        kept = copy.deepcopy(before)
        found = carried_notice.on_resource(before, notice, scope)
        carried = carried_notice.read_notice(found)
        assert before == kept
        assert carried is not None
        assert (carried.version, digest(carried.statement)) == (notice.version, digest(notice.text))
        assert carried.scope == scope
        assert found | {"extension": found["extension"][:-1]} == before

    def test_who_carries_none_carries_none(self) -> None:
        assert carried_notice.read_notice(resource()) is None


class TestOnASearchset:
    @pytest.mark.parametrize("kind", ["collection", "document", "transaction", None])
    def test_another_bundle_is_refused(self, kind: str | None) -> None:
        with pytest.raises(BuildError):
            carried_notice.on_searchset(searchset() | {"type": kind}, STATEMENT_1, None)

    def test_where_nothing_is_found_nothing_is_protected(self) -> None:
        """A notice on an empty answer would tell who is a participant."""
        outcome = {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}}
        some: tuple[dict[str, Any], ...] = ({}, {"entry": []}, {"entry": [outcome]})
        for entries in some:
            empty = {"resourceType": "Bundle", "type": "searchset", "total": 0, **entries}
            assert carried_notice.on_searchset(empty, STATEMENT_1, lead.SCOPE) == empty

    @NOTICES
    def test_the_statement_is_whole_in_front_and_not_counted(self, notice: Any) -> None:
        before = searchset()
        found = carried_notice.on_searchset(before, notice, lead.SCOPE)
        first, *rest = found["entry"]
        assert first["search"] == {"mode": "outcome"}
        said = [issue["details"]["text"] for issue in first["resource"]["issue"]]
        assert [digest(one) for one in said] == [digest(notice.text), digest(lead.SCOPE)]
        assert found | {"entry": rest} == before

    def test_without_a_scope_one_issue_will_do(self) -> None:
        found = carried_notice.on_searchset(searchset(), STATEMENT_1, None)
        assert len(found["entry"][0]["resource"]["issue"]) == 1


class TestOnATransaction:
    @pytest.mark.parametrize("kind", ["batch", "searchset", "message"])
    def test_a_batch_could_lose_it_so_it_is_refused(self, kind: str) -> None:
        with pytest.raises(BuildError):
            carried_notice.on_transaction(transaction() | {"type": kind}, STATEMENT_1, None)

    @pytest.mark.parametrize(
        "entries",
        [
            [{"fullUrl": "urn:x"}],
            [{"request": {"method": "DELETE", "url": "Goal/1"}}],
            [{"resource": {"resourceType": "Goal"}}],
        ],
    )
    def test_what_it_could_not_point_at_is_refused(self, entries: list[dict[str, Any]]) -> None:
        besides: tuple[list[dict[str, Any]], ...] = ([], transaction()["entry"])
        for beside in besides:
            with pytest.raises(BuildError):
                carried_notice.on_transaction(transaction() | {"entry": [*entries, *beside]}, STATEMENT_1, None)

    @NOTICES
    def test_the_statement_is_whole_in_front(self, notice: Any) -> None:
        before = transaction()
        found = carried_notice.on_transaction(before, notice, lead.SCOPE)
        first, *rest = found["entry"]
        said = [base64.b64decode(one["attachment"]["data"]).decode() for one in first["resource"]["content"]]
        assert [digest(one) for one in said] == [digest(notice.text), digest(lead.SCOPE)]
        assert first["request"] == {"method": "POST", "url": "DocumentReference"}
        assert first["resource"]["context"]["related"] == [{"reference": rest[0]["fullUrl"]}]
        assert found | {"entry": rest} == before

    def test_nothing_to_write_is_refused(self) -> None:
        with pytest.raises(BuildError):
            carried_notice.on_transaction({"resourceType": "Bundle", "type": "transaction"}, STATEMENT_1, None)

    def test_it_is_filed_under_whom_it_protects(self) -> None:
        filed = carried_notice.on_transaction(transaction(), STATEMENT_1, None, patient="Patient/7")
        assert filed["entry"][0]["resource"]["subject"] == {"reference": "Patient/7"}

    def test_it_is_the_same_retry_after_retry(self) -> None:
        one, other = (carried_notice.on_transaction(transaction(), STATEMENT_1, lead.SCOPE) for _ in range(2))
        assert json.dumps(one) == json.dumps(other)


@needs_schema
@NOTICES
def test_every_carrier_is_r4(notice: Any) -> None:
    found = [
        carried_notice.on_resource(resource(), notice, None),
        carried_notice.on_searchset(searchset(), notice, None),
        carried_notice.on_transaction(transaction(), notice, None),
    ]
    assert [problems(one) for one in found] == [[], [], []]


def test_a_carrier_is_a_copy_to_the_depth() -> None:
    shown, pushed = searchset(), transaction()
    for found in (
        carried_notice.on_searchset(shown, STATEMENT_1, None),
        carried_notice.on_transaction(pushed, STATEMENT_1, None),
    ):
        found["entry"][-1]["resource"]["identifier"][0]["value"] = "CANARY"
    assert "CANARY" not in json.dumps([shown, pushed])

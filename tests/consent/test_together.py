"""Many records at once: what is alike is cut, written and pointed at once, and never mistaken for something else."""

from types import MappingProxyType
from typing import Any

import orjson
import pytest

from consent.adverse import _spaced, adverse_terms
from consent.canonical import Resources, canonical
from consent.clearance import clear
from consent.codes import Category
from consent.engine import decide
from consent.facts import Policy
from consent.redaction import Redaction, modifies, redact
from tests.consent.builders import C, K, P, facts, item, request

FIELDS = frozenset({"Task.status", "Task.intent", "Task.code.coding.code"})
ROWS = {(K.PROSECUTOR, P.CASE_ALIGNMENT, C.PROGRESS): FIELDS}


def task(code: str) -> dict[str, Any]:
    return {"resourceType": "Task", "status": "ready", "intent": "plan", "code": {"coding": [{"code": code}]}}


class TestCleared:
    def test_what_is_equal_in_several_items_is_one_object(self) -> None:
        record = tuple(item(name, resource=task(code)) for name, code in (("a", "x"), ("b", "y"), ("c", "x")))
        decision = decide(request(), facts(policy=Policy("test", ROWS), record=record))
        told = {each.item: each.resource or {} for each in clear(decision, record, written=orjson.dumps).items}
        assert told == {name: task(code) for name, code in (("a", "x"), ("b", "y"), ("c", "x"))}
        assert told["a"]["code"] is told["c"]["code"]
        assert told["a"]["code"] is not record[0].resource["code"]  # type: ignore[index]  # it has one
        assert clear(decision, record).items == clear(decision, record, written=orjson.dumps).items

    def test_one_item_that_was_not_there(self) -> None:
        record = (item("a", resource=task("x")), item("b", resource=None), item("c", resource=task("x")))
        decision = decide(request(), facts(policy=Policy("test", ROWS), record=record))
        told = clear(decision, record, written=orjson.dumps).items
        assert [each.resource is None for each in told] == [False, True, False]

    def test_a_record_is_searched_for_modifiers_once(self) -> None:
        """All of it at one go; then no resource is written whole again, only its elements are."""
        whole: list[Any] = []

        def written(value: Any) -> bytes:
            whole.extend([value] if isinstance(value, list) or "resourceType" in value else [])
            return orjson.dumps(value)

        record = tuple(item(name, resource=task(name)) for name in "abc")
        decision = decide(request(), facts(policy=Policy("test", ROWS), record=record))
        clear(decision, record, written=written)
        assert whole == [[each.resource for each in record]]


class TestRedacted:
    @pytest.mark.parametrize(("length", "shared"), [(2048, True), (2049, False)])
    def test_a_long_element_is_not_remembered(self, length: int, shared: bool) -> None:  # noqa: FBT001  -- a fact of the test, not an option
        redaction = Redaction(FIELDS, lambda _value: b"x" * length, unmodified=True)
        one, other = redaction.of(task("x")), redaction.of(task("x"))
        assert one == other == task("x")
        assert (one is not None and other is not None and one["code"] is other["code"]) is shared

    @pytest.mark.parametrize("kind", [None, 7, ["Task"], {"a": 1}])
    def test_a_type_that_is_no_name(self, kind: Any) -> None:
        assert redact({**task("x"), "resourceType": kind}, FIELDS) is None

    def test_an_object_of_another_make_is_an_object(self) -> None:
        """A caller may hand in what nobody can write to; it is read, cut and searched like any other."""
        strange = MappingProxyType({**task("x"), "code": MappingProxyType({"coding": (), "text": "secret"})})
        assert redact(strange, FIELDS) == {"resourceType": "Task", "status": "ready", "intent": "plan"}
        inner = {**task("x"), "code": MappingProxyType({"coding": [MappingProxyType({"code": "x", "display": "y"})]})}
        assert redact(inner, FIELDS) == task("x")
        hidden = MappingProxyType({"resourceType": "Basic", "modifierExtension": [{"url": "urn:x"}]})
        assert redact({**task("x"), "contained": [hidden]}, FIELDS) is None
        plan = {**task("x"), "for": MappingProxyType({"reference": "Patient/p1"})}
        kept = redact(plan, FIELDS | {"Task.for.reference"})
        assert kept is not None
        assert kept["for"] == {"reference": "Patient/p1"}

    def test_what_json_does_not_have_stops_no_search(self) -> None:
        beside = {"contained": [{"modifierExtension": [{"url": "urn:x"}]}], "note": ("a", "tuple"), "odd": b"bytes"}
        assert modifies(beside)
        assert not modifies({**beside, "contained": []})

    def test_a_list_in_a_list_is_nothing_that_r4_has(self) -> None:
        nested = {"resourceType": "Patient", "name": [{"given": [["Ray"], "Testina"]}], "gender": "other"}
        kept = redact(nested, frozenset({"Patient.name.given", "Patient.gender"}))
        assert kept == {"resourceType": "Patient", "name": [{"given": ["Testina"]}], "gender": "other"}


class TestCanonical:
    @pytest.mark.parametrize(
        "resource",
        [
            {"a": None, "b": {"c": 1}, "d": [1, 2], "e": True},
            {"b": {"c": None}, "a": None, "z": 0},
            {"a": 1, "b": 1.0, "c": True, "d": "1", "e": [], "f": {}},
        ],
    )
    def test_nothing_is_taken_for_something_else(self, resource: dict[str, Any]) -> None:
        several = Resources()
        assert several.text(resource) == several.text(resource) == canonical(resource)

    def test_one_object_in_several_is_written_once(self) -> None:
        class Counted(Resources):
            written = 0

            def _text(self, value: Any) -> str:
                self.written += 1
                return super()._text(value)

        shared, several = {"coding": [{"code": "x"}]}, Counted()
        for name in ("a", "b"):
            assert several.text({"id": name, "code": shared, "status": "ready"}) == (
                f'{{"code":{{"coding":[{{"code":"x"}}]}},"id":"{name}","status":"ready"}}'
            )
        assert several.written == 1


class TestAdverse:
    def test_of_two_that_begin_together_the_longer_first(self) -> None:
        found = [(each.start, each.end, each.category) for each in adverse_terms("a drug test")]
        assert found == [(2, 11, Category.DRUG_TESTS), (2, 6, Category.RELAPSE_USE)]

    def test_a_space_in_a_phrase_is_any_white_space(self) -> None:
        assert _spaced("did ?n[o']t come back") == r"did\s*n[o']t\s+come\s+back"
        assert [each.category for each in adverse_terms("drug \n test")] == [Category.DRUG_TESTS, Category.RELAPSE_USE]

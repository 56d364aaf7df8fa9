"""The question: refused by field and rule, never by content; and the acknowledgement that is the same for all."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.codes import Purpose
from consent.model import Person
from consent.request import EmergencyDeclaration
from mappings.fhir import codes
from mappings.fhir.build import BuildError
from mappings.fhir.task import (
    QUESTION_FIELDS,
    About,
    Broken,
    Input,
    Question,
    QuestionError,
    acknowledgement,
    question_task,
    read_question,
)
from tests.mappings.fhir import factory as make
from tests.mappings.fhir.goldens import question

Json = dict[str, Any]
QUESTION = question()


def an_input(code: str, element: str, value: Any) -> Json:
    return {"type": codes.concept(codes.QUESTION_INPUT, code), element: value}


def _set(**elements: Any) -> Callable[[Json], None]:
    return lambda task: task.update(elements)


def _without(element: str) -> Callable[[Json], None]:
    return lambda task: task.pop(element)


def _input(code: str, **elements: Any) -> Callable[[Json], None]:
    """Change the value of an input."""

    def change(task: Json) -> None:
        (one,) = [i for i in task["input"] if i["type"]["coding"][0]["code"] == code]
        for name in [n for n in one if n != "type"]:
            del one[name]
        one.update(elements)

    return change


def _drop(code: str) -> Callable[[Json], None]:
    return lambda task: task.update(input=[i for i in task["input"] if i["type"]["coding"][0]["code"] != code])


def _more(code: str, element: str, value: Any, times: int = 1) -> Callable[[Json], None]:
    return lambda task: task["input"].extend([an_input(code, element, value)] * times)


REFUSED: dict[str, tuple[Callable[[Json], None], str, Broken]] = {
    "another resource": (_set(resourceType="Patient"), "Task.resourceType", Broken.FIXED),
    "an element not read": (_set(**{"for": {"reference": "Patient/CANARY"}}), "Task", Broken.NOT_READ),
    "a modifier": (_set(modifierExtension=[{"url": "CANARY"}]), "Task", Broken.NOT_READ),
    "no status": (_without("status"), "Task.status", Broken.MISSING),
    "another status": (_set(status="CANARY"), "Task.status", Broken.FIXED),
    "another intent": (_set(intent="CANARY"), "Task.intent", Broken.FIXED),
    "no code": (_without("code"), "Task.code", Broken.MISSING),
    "another code": (_set(code=codes.concept(codes.TASK, "CANARY")), "Task.code", Broken.UNKNOWN_CODE),
    "a code of others": (_set(code=codes.concept("x", "disclosure-request")), "Task.code", Broken.UNKNOWN_CODE),
    "a code that is a text": (_set(code="disclosure-request"), "Task.code", Broken.NOT_OBJECT),
    "no inputs": (_without("input"), "Task.input", Broken.MISSING),
    "inputs that are no list": (_set(input={"CANARY": 1}), "Task.input", Broken.NOT_LIST),
    "an input that is no object": (lambda t: t["input"].append("CANARY"), "Task.input", Broken.NOT_OBJECT),
    "too many inputs": (_more("identifier", "valueIdentifier", {}, 41), "Task.input", Broken.TOO_MANY),
    "an input of no type": (lambda t: t["input"].append({"valueString": "x"}), "Task.input.type", Broken.MISSING),
    "an input not known": (_more("CANARY", "valueString", "x"), "Task.input.type", Broken.UNKNOWN_CODE),
    "two purposes": (_more("purpose", "valueCode", "treatment"), "Task.input[purpose]", Broken.REPEATED),
    "no purpose": (_drop("purpose"), "Task.input[purpose]", Broken.MISSING),
    "an unknown purpose": (_input("purpose", valueCode="CANARY"), "Task.input[purpose]", Broken.UNKNOWN_CODE),
    "a purpose in capitals": (_input("purpose", valueCode="TREATMENT"), "Task.input[purpose]", Broken.UNKNOWN_CODE),
    "a purpose as a string": (_input("purpose", valueString="x"), "Task.input[purpose]", Broken.WRONG_VALUE),
    "a second value": (
        _input("purpose", valueCode="treatment", valueString="CANARY"),
        "Task.input[purpose]",
        Broken.WRONG_VALUE,
    ),
    "nobody asking": (_drop("requester-name"), "Task.input[requester-name]", Broken.MISSING),
    "a blank name": (_input("requester-name", valueString=" "), "Task.input[requester-name]", Broken.NOT_TEXT),
    "a role of a page": (
        _input("requester-role", valueString="x" * 201),
        "Task.input[requester-role]",
        Broken.NOT_TEXT,
    ),
    "a role of two lines": (
        _input("requester-role", valueString="a\nb"),
        "Task.input[requester-role]",
        Broken.NOT_TEXT,
    ),
    "a role of half a letter": (
        _input("requester-role", valueString="\ud800"),
        "Task.input[requester-role]",
        Broken.NOT_TEXT,
    ),
    "about nobody": (_drop("name"), "Task.input[name]", Broken.MISSING),
    "a name that is a text": (_input("name", valueHumanName="CANARY"), "Task.input[name]", Broken.NOT_OBJECT),
    "a name with more": (
        _input("name", valueHumanName={"family": "Alder", "given": ["Ray"], "period": {}}),
        "Task.input[name]",
        Broken.NOT_READ,
    ),
    "no family": (_input("name", valueHumanName={"given": ["Ray"]}), "Task.input[name].family", Broken.MISSING),
    "no given": (_input("name", valueHumanName={"family": "Alder"}), "Task.input[name].given", Broken.MISSING),
    "given empty": (
        _input("name", valueHumanName={"family": "A", "given": []}),
        "Task.input[name].given",
        Broken.MISSING,
    ),
    "given a text": (
        _input("name", valueHumanName={"family": "A", "given": "CANARY"}),
        "Task.input[name].given",
        Broken.NOT_LIST,
    ),
    "given a number": (
        _input("name", valueHumanName={"family": "A", "given": [7]}),
        "Task.input[name].given",
        Broken.NOT_TEXT,
    ),
    "six given": (
        _input("name", valueHumanName={"family": "A", "given": ["CANARY"] * 6}),
        "Task.input[name].given",
        Broken.TOO_MANY,
    ),
    "no birth date": (_drop("birth-date"), "Task.input[birth-date]", Broken.MISSING),
    "a birth year": (_input("birth-date", valueDate="1986"), "Task.input[birth-date]", Broken.NOT_DAY),
    "a day that is none": (_input("birth-date", valueDate="1986-02-30"), "Task.input[birth-date]", Broken.NOT_DAY),
    "a birth week": (_input("birth-date", valueDate="1986-W09-7"), "Task.input[birth-date]", Broken.NOT_DAY),
    "a birth number": (_input("birth-date", valueDate=19860302), "Task.input[birth-date]", Broken.NOT_DAY),
    "an identifier of no system": (
        _input("identifier", valueIdentifier={"value": "CANARY"}),
        "Task.input[identifier].system",
        Broken.MISSING,
    ),
    "an identifier of no value": (
        _input("identifier", valueIdentifier={"system": "CANARY"}),
        "Task.input[identifier].value",
        Broken.MISSING,
    ),
    "eleven identifiers": (
        _more("identifier", "valueIdentifier", {"system": "s", "value": "CANARY"}, 10),
        "Task.input[identifier]",
        Broken.TOO_MANY,
    ),
    "a promise in words": (_input("attestation", valueBoolean="true"), "Task.input[attestation]", Broken.NOT_BOOLEAN),
    "a promise as 1": (_input("attestation", valueBoolean=1), "Task.input[attestation]", Broken.NOT_BOOLEAN),
    "an emergency of null": (
        _input("emergency-nature", valueString=None),
        "Task.input[emergency-nature]",
        Broken.NOT_TEXT,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_question_is_refused_by_field_and_rule(name: str) -> None:
    change, field, rule = REFUSED[name]
    task = copy.deepcopy(question_task(QUESTION))
    change(task)
    with pytest.raises(QuestionError) as refused:
        read_question(task)
    assert (refused.value.field, refused.value.rule) == (field, rule.value)
    assert refused.value.field in QUESTION_FIELDS
    assert "CANARY" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("task", [None, [], "Task", 7])
def test_what_is_no_object_is_refused(task: Any) -> None:
    with pytest.raises(QuestionError, match="must be an object"):
        read_question(task)


def test_every_rule_is_tried_above() -> None:
    assert {rule for _, _, rule in REFUSED.values()} == set(Broken)


def test_nothing_declared_is_no_emergency_and_nothing_promised_no_promise() -> None:
    task = question_task(replace(QUESTION, emergency=None))
    _drop("attestation")(task)
    read = read_question(task)
    assert read.emergency is None
    assert read.attested is False


def test_what_only_describes_the_task_changes_nothing() -> None:
    task = question_task(QUESTION) | {
        "id": "1",
        "meta": {},
        "authoredOn": "2026-11-24T10:00:00Z",
        "requester": {"x": "y"},
    }
    assert read_question(task) == QUESTION


TEXT = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30)
QUESTIONS = st.builds(
    Question,
    purpose=st.sampled_from(Purpose),
    person=st.builds(Person, name=TEXT, role=TEXT),
    about=st.builds(
        About,
        given=st.lists(TEXT, min_size=1, max_size=5).map(tuple),
        family=TEXT,
        birth_date=st.dates(date(1900, 1, 1)),
        identifiers=st.lists(st.tuples(TEXT, TEXT), max_size=10).map(tuple),
    ),
    attested=st.booleans(),
    emergency=st.none()
    | st.builds(
        EmergencyDeclaration,
        nature=TEXT,
        personnel_name=st.none() | TEXT,
        personnel_affiliation=st.none() | TEXT,
        discloser=st.none() | TEXT,
    ),
)


@given(QUESTIONS)
def test_what_is_asked_is_what_is_read(asked: Question) -> None:
    assert read_question(question_task(asked)) == asked


def test_every_input_has_its_place_in_a_question() -> None:
    written = [one["type"]["coding"][0]["code"] for one in question_task(QUESTION)["input"]]
    assert set(written) == set(Input)


class TestAcknowledgement:
    def test_a_moment_without_an_offset_is_refused(self) -> None:
        with pytest.raises(BuildError):
            acknowledgement("ref-1", make.SIGNED.replace(tzinfo=None), make.AT)

    def test_a_reference_that_is_no_id_is_refused_without_repeating_it(self) -> None:
        with pytest.raises(BuildError) as refused:
            acknowledgement("CANARY CANARY", make.SIGNED, make.AT)
        assert "CANARY" not in str(refused.value)

    def test_it_is_the_same_for_all_but_reference_and_times(self) -> None:
        one = json.dumps(acknowledgement("ref-1", make.SIGNED, make.AT))
        two = json.dumps(acknowledgement("ref-2", make.AT, make.AT + timedelta(hours=1)))
        assert (
            one.replace("ref-1", "ref-2")
            .replace("2026-11-24T22", "2026-11-24T23")
            .replace("2026-10-01T17:00", "2026-11-24T22:01")
            == two
        )

    def test_it_says_received_and_when_the_answer_is_due(self) -> None:
        task = acknowledgement("ref-1", make.SIGNED, make.AT)
        assert task["status"] == "received"
        assert task["restriction"] == {"period": {"end": "2026-11-24T22:01:00+00:00"}}
        assert "input" not in task

"""The question that a partner asks, as an R4 Task, and the acknowledgement that everybody gets.

The Task (https://hl7.org/fhir/R4/task.html) has status `requested`, intent `order`, our code `disclosure-request`, and
inputs, each typed by a code of the `question-input` system. Who asks is told by the credential, never by the Task.

| input | value | how often |
|---|---|---|
| purpose | valueCode, a code of the purpose system | once |
| requester-name, requester-role | valueString: the person at the asking organization | once each |
| name | valueHumanName with `family` and at least one `given` | once |
| birth-date | valueDate, to the day | once |
| identifier | valueIdentifier with `system` and `value` | up to 10 |
| attestation | valueBoolean: no adverse use, no evidence, no intelligence (GR-05) | at most once; absent: no promise |
| emergency-nature, emergency-discloser | valueString (42 CFR 2.51(c)) | at most once each |
| emergency-personnel-name, emergency-personnel-affiliation | valueString (42 CFR 2.51(c)) | at most once each |
"""

from datetime import date, datetime
from typing import Any, Final

from fhir.resources.R4B.task import Task

from consent.codes import Purpose
from consent.model import Person
from consent.request import EmergencyDeclaration
from mappings.fhir import codes
from mappings.fhir.build import Json, UnreadableResourceError, checked, moment, read_day
from mappings.fhir.question import (
    MAX_GIVEN,
    MAX_IDENTIFIERS,
    MAX_INPUTS,
    MAX_TEXT,
    QUESTION_FIELDS,
    About,
    Broken,
    Input,
    Question,
    QuestionError,
)

__all__ = [
    "QUESTION_FIELDS",
    "About",
    "Broken",
    "Input",
    "Question",
    "QuestionError",
    "acknowledgement",
    "question_task",
    "read_question",
]

_READ: Final = frozenset({"resourceType", "status", "intent", "code", "input"})
_PASSED_OVER: Final = frozenset({"id", "meta", "language", "text", "authoredOn", "lastModified", "requester"})
_VALUES: Final = {
    Input.PURPOSE: "valueCode",
    Input.NAME: "valueHumanName",
    Input.BIRTH_DATE: "valueDate",
    Input.IDENTIFIER: "valueIdentifier",
    Input.ATTESTATION: "valueBoolean",
}
_NAME_PARTS: Final = frozenset({"use", "text", "family", "given"})
_IDENTIFIER_PARTS: Final = frozenset({"use", "type", "system", "value"})

Inputs = dict[Input, list[Any]]


def read_question(task: Json) -> Question:
    """Read the question in a Task. Raises QuestionError on anything missing, unknown, repeated or not read here.

    Elements that only describe the Task (`id`, `meta`, `text`, `authoredOn`, `requester`...) are passed over; every
    other unknown element is refused, so that nobody believes that an ignored one had an effect.
    """
    _read_frame(task)
    given = _read_inputs(task.get("input"))
    return Question(
        purpose=_purpose(given),
        person=Person(name=_required(given, Input.REQUESTER_NAME), role=_required(given, Input.REQUESTER_ROLE)),
        about=_about(given),
        attested=_attested(given),
        emergency=_emergency(given),
    )


def acknowledgement(reference: str, authored: datetime, due: datetime) -> Json:
    """Build what every asker gets: received, answer due by then. The same for all but `reference` and the two moments.

    `reference` must be a FHIR id (a UUID, say). It is the reference that the answer will echo.
    """
    return checked(
        Task,
        {
            "resourceType": "Task",
            "id": reference,
            "status": "received",
            "intent": "order",
            "code": codes.concept(codes.TASK, "disclosure-request"),
            "authoredOn": moment(authored),
            "restriction": {"period": {"end": moment(due)}},
        },
    )


def question_task(question: Question) -> Json:
    """Build the Task that asks a question, as a partner's system sends it. `read_question` reads it back."""
    inputs = [
        (Input.PURPOSE, question.purpose.value),
        (Input.REQUESTER_NAME, question.person.name),
        (Input.REQUESTER_ROLE, question.person.role),
        (Input.NAME, {"family": question.about.family, "given": list(question.about.given)}),
        (Input.BIRTH_DATE, question.about.birth_date.isoformat()),
        *((Input.IDENTIFIER, {"system": s, "value": v}) for s, v in question.about.identifiers),
        (Input.ATTESTATION, question.attested),
        *_emergency_inputs(question.emergency),
    ]
    return checked(
        Task,
        {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "code": codes.concept(codes.TASK, "disclosure-request"),
            "input": [
                {"type": codes.concept(codes.QUESTION_INPUT, code.value), _VALUES.get(code, "valueString"): value}
                for code, value in inputs
            ],
        },
    )


def _emergency_inputs(declared: EmergencyDeclaration | None) -> list[tuple[Input, str]]:
    if declared is None:
        return []
    said = (
        (Input.EMERGENCY_NATURE, declared.nature),
        (Input.EMERGENCY_PERSONNEL_NAME, declared.personnel_name),
        (Input.EMERGENCY_PERSONNEL_AFFILIATION, declared.personnel_affiliation),
        (Input.EMERGENCY_DISCLOSER, declared.discloser),
    )
    return [(code, value) for code, value in said if value is not None]


def _read_frame(task: object) -> None:
    if not isinstance(task, dict):
        raise QuestionError("Task", Broken.NOT_OBJECT)
    if task.get("resourceType") != "Task":
        raise QuestionError("Task.resourceType", Broken.FIXED)
    if not task.keys() <= _READ | _PASSED_OVER:
        raise QuestionError("Task", Broken.NOT_READ)
    for element, fixed in (("status", "requested"), ("intent", "order")):
        if element not in task:
            raise QuestionError(f"Task.{element}", Broken.MISSING)
        if task[element] != fixed:
            raise QuestionError(f"Task.{element}", Broken.FIXED)
    if _code(task.get("code"), codes.TASK, "Task.code") != "disclosure-request":
        raise QuestionError("Task.code", Broken.UNKNOWN_CODE)


def _code(concept: object, system: str, field: str) -> str:
    """Find the one code of `system` in a CodeableConcept."""
    if concept is None:
        raise QuestionError(field, Broken.MISSING)
    if not isinstance(concept, dict) or not isinstance(concept.get("coding"), list):
        raise QuestionError(field, Broken.NOT_OBJECT)
    found = codes.codes_of(concept["coding"], system)
    if len(found) != 1:
        raise QuestionError(field, Broken.UNKNOWN_CODE)
    return found[0]


def _read_inputs(given: object) -> Inputs:
    if given is None:
        raise QuestionError("Task.input", Broken.MISSING)
    if not isinstance(given, list):
        raise QuestionError("Task.input", Broken.NOT_LIST)
    if len(given) > MAX_INPUTS:
        raise QuestionError("Task.input", Broken.TOO_MANY)
    found: Inputs = {}
    for one in given:
        code, value = _read_input(one)
        found.setdefault(code, []).append(value)
    for code, values in found.items():
        if code is not Input.IDENTIFIER and len(values) > 1:
            raise QuestionError(f"Task.input[{code}]", Broken.REPEATED)
    return found


def _read_input(one: object) -> tuple[Input, Any]:
    if not isinstance(one, dict):
        raise QuestionError("Task.input", Broken.NOT_OBJECT)
    try:
        code = Input(_code(one.get("type"), codes.QUESTION_INPUT, "Task.input.type"))
    except ValueError as error:
        if isinstance(error, QuestionError):
            raise
        raise QuestionError("Task.input.type", Broken.UNKNOWN_CODE) from None
    element = _VALUES.get(code, "valueString")
    if one.keys() != {"type", element}:
        raise QuestionError(f"Task.input[{code}]", Broken.WRONG_VALUE)
    return code, one[element]


def _optional(given: Inputs, code: Input) -> str | None:
    return _text(given[code][0], f"Task.input[{code}]") if code in given else None


def _required(given: Inputs, code: Input) -> str:
    if (found := _optional(given, code)) is None:
        raise QuestionError(f"Task.input[{code}]", Broken.MISSING)
    return found


def _text(value: object, field: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT or not value.isprintable():
        raise QuestionError(field, Broken.NOT_TEXT)
    return value


def _purpose(given: Inputs) -> Purpose:
    code = _required(given, Input.PURPOSE)
    if code not in set(Purpose):
        raise QuestionError("Task.input[purpose]", Broken.UNKNOWN_CODE)
    return Purpose(code)


def _about(given: Inputs) -> About:
    for code in (Input.NAME, Input.BIRTH_DATE):
        if code not in given:
            raise QuestionError(f"Task.input[{code}]", Broken.MISSING)
    names, family = _name(given[Input.NAME][0])
    identifiers = given.get(Input.IDENTIFIER, [])
    if len(identifiers) > MAX_IDENTIFIERS:
        raise QuestionError("Task.input[identifier]", Broken.TOO_MANY)
    return About(names, family, _birth_date(given[Input.BIRTH_DATE][0]), tuple(map(_identifier, identifiers)))


def _name(value: object) -> tuple[tuple[str, ...], str]:
    name = _object(value, _NAME_PARTS, "Task.input[name]")
    given = name.get("given")
    if not isinstance(given, list):
        raise QuestionError("Task.input[name].given", Broken.MISSING if given is None else Broken.NOT_LIST)
    if not given or len(given) > MAX_GIVEN:
        raise QuestionError("Task.input[name].given", Broken.TOO_MANY if given else Broken.MISSING)
    return tuple(_text(g, "Task.input[name].given") for g in given), _part(name, "family", "Task.input[name]")


def _identifier(value: object) -> tuple[str, str]:
    found = _object(value, _IDENTIFIER_PARTS, "Task.input[identifier]")
    return _part(found, "system", "Task.input[identifier]"), _part(found, "value", "Task.input[identifier]")


def _object(value: object, allowed: frozenset[str], field: str) -> Json:
    if not isinstance(value, dict):
        raise QuestionError(field, Broken.NOT_OBJECT)
    if not value.keys() <= allowed:
        raise QuestionError(field, Broken.NOT_READ)
    return value


def _part(value: Json, part: str, field: str) -> str:
    if part not in value:
        raise QuestionError(f"{field}.{part}", Broken.MISSING)
    return _text(value[part], f"{field}.{part}")


def _birth_date(value: object) -> date:
    try:
        return read_day(value, "Task.input[birth-date]")
    except UnreadableResourceError:
        raise QuestionError("Task.input[birth-date]", Broken.NOT_DAY) from None


def _attested(given: Inputs) -> bool:
    promised = given.get(Input.ATTESTATION, [False])[0]
    if not isinstance(promised, bool):
        raise QuestionError("Task.input[attestation]", Broken.NOT_BOOLEAN)
    return promised


def _emergency(given: Inputs) -> EmergencyDeclaration | None:
    declared = EmergencyDeclaration(
        nature=_optional(given, Input.EMERGENCY_NATURE),
        personnel_name=_optional(given, Input.EMERGENCY_PERSONNEL_NAME),
        personnel_affiliation=_optional(given, Input.EMERGENCY_PERSONNEL_AFFILIATION),
        discloser=_optional(given, Input.EMERGENCY_DISCLOSER),
    )
    return None if declared == EmergencyDeclaration() else declared

"""The words of a question: its inputs, the rules that it can break, and the values that it becomes."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from consent.codes import Purpose
from consent.model import Person
from consent.request import EmergencyDeclaration
from mappings.fhir.build import UnreadableResourceError

MAX_TEXT: Final = 200  # characters of one string
MAX_INPUTS: Final = 40
MAX_IDENTIFIERS: Final = 10
MAX_GIVEN: Final = 5


class Input(StrEnum):
    """The codes that type an input of a question."""

    PURPOSE = "purpose"
    REQUESTER_NAME = "requester-name"
    REQUESTER_ROLE = "requester-role"
    NAME = "name"
    BIRTH_DATE = "birth-date"
    IDENTIFIER = "identifier"
    ATTESTATION = "attestation"
    EMERGENCY_NATURE = "emergency-nature"
    EMERGENCY_PERSONNEL_NAME = "emergency-personnel-name"
    EMERGENCY_PERSONNEL_AFFILIATION = "emergency-personnel-affiliation"
    EMERGENCY_DISCLOSER = "emergency-discloser"


class Broken(StrEnum):
    """Every rule that a question can break. A closed list, so that an error text can hold nothing of the question."""

    MISSING = "is missing"
    REPEATED = "must not be repeated"
    TOO_MANY = "holds more entries than are read"
    NOT_READ = "holds an element that is not read here"
    UNKNOWN_CODE = "holds a code that is not known here"
    NOT_OBJECT = "must be an object"
    NOT_LIST = "must be a list"
    NOT_TEXT = "must be a text of 1 to 200 printable characters"
    NOT_DAY = "must be a date of the form YYYY-MM-DD"
    NOT_BOOLEAN = "must be true or false"
    WRONG_VALUE = "must have exactly the value element of its type"
    FIXED = "must have the fixed value of a question"


QUESTION_FIELDS: Final = frozenset(
    {"Task", "Task.resourceType", "Task.status", "Task.intent", "Task.code", "Task.input", "Task.input.type"}
    | {f"Task.input[{code}]" for code in Input}
    | {f"Task.input[name].{part}" for part in ("family", "given")}
    | {f"Task.input[identifier].{part}" for part in ("system", "value")}
)
"""Every field that a QuestionError can name."""


class QuestionError(UnreadableResourceError):
    """A Task is not a question. `field` is one of QUESTION_FIELDS, `rule` a value of Broken: never content."""

    def __init__(self, field: str, rule: Broken) -> None:
        super().__init__(field, rule.value)


@dataclass(frozen=True, slots=True)
class About:
    """Whom the question is about, in the asker's words. `identifiers`: (system, value)."""

    given: tuple[str, ...]
    family: str
    birth_date: date
    identifiers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What a partner asks. The organization is not here: it comes from the credential."""

    purpose: Purpose
    person: Person
    about: About
    attested: bool = False
    emergency: EmergencyDeclaration | None = None

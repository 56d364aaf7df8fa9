"""The psychosocial intake: questions and answers, which stay with the case management."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class CodedAnswer:
    """An answer that was chosen from a list."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question. A `str` is free text, in the participant's or case manager's words."""

    question: str
    value: CodedAnswer | bool | date | str


@dataclass(frozen=True, slots=True)
class IntakeForm:
    """A completed intake. `form`: which questionnaire. `answers`: one per question, in the form's order."""

    id: str
    participant: str
    form: str
    completed_at: datetime
    answers: tuple[Answer, ...]

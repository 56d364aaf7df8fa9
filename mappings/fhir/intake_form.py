"""A psychosocial intake as an R4 QuestionnaireResponse, which stays inside, and single answers, which may leave.

US Core 6.1.0 QuestionnaireResponse (.../us-core-questionnaireresponse). INVARIANT: an intake never leaves whole (LEAD
toolkit). What leaves is an excerpt: one Observation per question that somebody allowed, chosen answers only, never free
text; an excerpt that would leave nothing behind is refused. No redaction table has a row for QuestionnaireResponse.
"""

from datetime import date
from typing import Final

from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from mappings.fhir import codes, lead_codes
from mappings.fhir.about import about
from mappings.fhir.build import BuildError, Json, checked, identifier, logical_id, moment, stable_uuid
from mappings.lead.intake import Answer, CodedAnswer, IntakeForm

PROFILE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-questionnaireresponse"


class WholeIntakeError(ValueError):
    """An excerpt would be the whole intake. Names the rule only."""

    def __init__(self) -> None:
        super().__init__("`questions`: an intake never leaves whole")


def to_fhir(form: IntakeForm) -> Json:
    """Write an intake whole, for the participant's own case management. Raises BuildError on a question asked twice."""
    _refuse_repeats(form)
    found: Json = {
        "resourceType": "QuestionnaireResponse",
        "id": logical_id("QuestionnaireResponse", form.id),
        "meta": {"profile": [PROFILE], "security": codes.security(part2=True, sensitive=True)},
        "identifier": identifier(lead_codes.INTAKE_NAME, form.id),
        "questionnaire": lead_codes.QUESTIONNAIRE + form.form,
        "status": "completed",
        "subject": about(form.participant),
        "authored": moment(form.completed_at),
        "item": [{"linkId": answer.question, "answer": [_said(answer)]} for answer in form.answers],
    }
    return checked(QuestionnaireResponse, {name: content for name, content in found.items() if content})


def _said(answer: Answer) -> Json:
    value = answer.value
    if isinstance(value, CodedAnswer):
        return {"valueCoding": codes.coding(value.system, value.code)}
    if isinstance(value, bool):
        return {"valueBoolean": value}
    return {"valueDate": value.isoformat()} if isinstance(value, date) else {"valueString": value}


def excerpt(form: IntakeForm, *, questions: frozenset[str]) -> tuple[Json, ...]:
    """Write the allowed answers as Observations, in the form's order, each an item of its own to decide about.

    Only answers that were chosen from a list, yes or no, pass; free text and dates do not, allowed or not. An
    Observation names neither the form nor the intake. Raises WholeIntakeError where nothing would stay behind.
    """
    _refuse_repeats(form)
    passing = [a for a in form.answers if a.question in questions and isinstance(a.value, CodedAnswer | bool)]
    if passing and len(passing) == len(form.answers):
        raise WholeIntakeError
    return tuple(_finding(form, answer) for answer in passing)


def _refuse_repeats(form: IntakeForm) -> None:
    if len({answer.question for answer in form.answers}) != len(form.answers):
        raise BuildError("an intake with two answers to one question")


def _finding(form: IntakeForm, answer: Answer) -> Json:
    value = answer.value
    chosen: Json = {"valueBoolean": value}
    if isinstance(value, CodedAnswer):
        chosen = {"valueCodeableConcept": codes.concept(value.system, value.code)}
    found: Json = {
        "resourceType": "Observation",
        "id": stable_uuid("intake-answer", form.id, answer.question),
        "status": "final",
        "code": codes.concept(lead_codes.INTAKE_QUESTION, answer.question),
        "subject": about(form.participant),
        "effectiveDateTime": moment(form.completed_at),
    }
    return checked(Observation, found | chosen)

"""The deadline of an intake and the intake itself: what the house sees, and how little anybody else does."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.fhir import intake_deadline, intake_form
from mappings.fhir.build import BuildError
from mappings.lead.intake import Answer, CodedAnswer, IntakeForm
from mappings.lead.referral import DeadlineState, IntakeDeadline
from tests.mappings.fhir import factory as make
from tests.mappings.fhir import lead_factory as lead
from tests.mappings.fhir.schema import needs_schema, problems
from tests.mappings.fhir.strategies import DAY, MOMENT, TEXT

VALUES = st.builds(CodedAnswer, st.just("urn:x"), TEXT) | st.booleans() | DAY | TEXT
FORMS = st.lists(st.tuples(TEXT, VALUES), min_size=1, max_size=6, unique_by=lambda pair: pair[0]).map(
    lambda pairs: IntakeForm("i", "p-ray", "f", make.SIGNED, tuple(Answer(q, v) for q, v in pairs))
)


class TestDeadline:
    @given(st.sampled_from(DeadlineState), MOMENT, DAY, TEXT)
    def test_outsiders_see_the_same_whatever_became_of_it(
        self, state: DeadlineState, set_at: Any, due: date, referral: str
    ) -> None:
        other = IntakeDeadline("deadline-1", "p-ray", referral, state, set_at, due)
        assert intake_deadline.for_outsiders(other) == intake_deadline.for_outsiders(lead.deadline())

    def test_outsiders_see_no_day_at_all(self) -> None:
        shown = intake_deadline.for_outsiders(lead.deadline())
        assert shown.keys() == {"resourceType", "id", "identifier", "status", "intent", "code", "for"}
        assert shown["status"] == "requested"

    @pytest.mark.parametrize(
        ("state", "status"),
        [
            (DeadlineState.OPEN, "in-progress"),
            (DeadlineState.DONE, "completed"),
            (DeadlineState.LIFTED, "cancelled"),
        ],
    )
    def test_the_house_sees_state_and_day(self, state: DeadlineState, status: str) -> None:
        shown = intake_deadline.to_fhir(lead.deadline(state=state))
        assert (shown["status"], shown["restriction"]) == (status, {"period": {"end": "2026-10-31"}})

    def test_nobody_fails(self) -> None:
        statuses = {intake_deadline.to_fhir(lead.deadline(state=state))["status"] for state in DeadlineState}
        assert statuses.isdisjoint({"failed", "rejected", "on-hold"})


class TestForm:
    def test_an_excerpt_of_everything_is_refused(self) -> None:
        form = lead.intake(Answer("phone", value=True), Answer("housing", CodedAnswer("urn:x", "y")))
        with pytest.raises(intake_form.WholeIntakeError):
            intake_form.excerpt(form, questions=frozenset({"phone", "housing", "other"}))

    def test_two_answers_to_one_question_are_refused(self) -> None:
        form = lead.intake(Answer("phone", value=True), Answer("phone", value=False))
        for write in (intake_form.to_fhir, lambda f: intake_form.excerpt(f, questions=frozenset({"phone"}))):
            with pytest.raises(BuildError):
                write(form)

    def test_an_empty_list_passes_nothing(self) -> None:
        assert intake_form.excerpt(lead.intake(), questions=frozenset()) == ()

    def test_free_text_and_days_stay_allowed_or_not(self) -> None:
        assert intake_form.excerpt(lead.intake(), questions=frozenset({"own-words", "since"})) == ()

    def test_an_answer_stands_alone(self) -> None:
        found = intake_form.excerpt(lead.intake(), questions=frozenset({"housing", "phone"}))
        assert [one["resourceType"] for one in found] == ["Observation", "Observation"]
        assert found[0]["valueCodeableConcept"]["coding"][0]["code"] == "unsheltered"
        assert found[1]["valueBoolean"] is True
        assert "intake-1" not in json.dumps(found)
        assert "cedar-intake-3" not in json.dumps(found)

    @given(FORMS, st.data())
    def test_only_what_was_allowed_leaves_and_never_all(self, form: IntakeForm, data: st.DataObject) -> None:
        allowed = data.draw(st.frozensets(st.sampled_from([a.question for a in form.answers])))
        try:
            found = intake_form.excerpt(form, questions=allowed)
        except intake_form.WholeIntakeError:
            assert allowed == {answer.question for answer in form.answers}
            return
        asked = [one["code"]["coding"][0]["code"] for one in found]
        assert set(asked) <= allowed
        assert len(asked) < len(form.answers)

    def test_the_whole_is_labelled_for_the_house(self) -> None:
        labels = [label["code"] for label in intake_form.to_fhir(lead.intake())["meta"]["security"]]
        assert labels == ["R", "42CFRPart2", "NORDSCLCD"]

    @needs_schema
    @given(FORMS)
    def test_any_form_is_r4(self, form: IntakeForm) -> None:
        assert problems(intake_form.to_fhir(form)) == []

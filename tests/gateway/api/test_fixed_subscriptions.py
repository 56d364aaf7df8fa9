"""Blanks of the answers about subscriptions take closed forms only."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.parameters import Parameters

from gateway import subscriptions
from gateway.api import fixed_subscriptions
from gateway.api.fixed import BlankError
from gateway.exit import Departure
from mappings.fhir.notification import Event
from mappings.fhir.subscription import SUBSCRIPTION_FIELDS, Content, Shown, Topic, Unfit, Wanted
from tests.gateway.api.factory import CANARY

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ID = "018f5f3e-0000-7000-8000-0000000000bb"
BASE = "https://gateway.test"
WANTED = Wanted(Topic.CUSTODY, "https://a.test/hook", Content.ID_ONLY, heartbeat=60, patient=ID, end=NOON)
GOOD = Shown(ID, "active", WANTED, events=3)
BAD = [
    replace(GOOD, id=CANARY),
    replace(GOOD, id=ID + "\n"),
    replace(GOOD, wanted=replace(WANTED, bearer="secret")),
    replace(GOOD, wanted=replace(WANTED, patient=CANARY)),
    replace(GOOD, wanted=replace(WANTED, endpoint=f"https://a.test/?x={CANARY}")),
]


class TestBlanks:
    @pytest.mark.parametrize("shown", BAD)
    def test_nothing_out_of_form_leaves(self, shown: Shown) -> None:
        for answer in (
            lambda: fixed_subscriptions.one(shown),
            lambda: fixed_subscriptions.created(shown, BASE),
            lambda: fixed_subscriptions.several([GOOD, shown], BASE),
            lambda: fixed_subscriptions.status(shown, BASE),
            lambda: fixed_subscriptions.events(shown, [], BASE, NOON),
        ):
            with pytest.raises(BlankError):
                answer()

    @pytest.mark.parametrize("focus", [CANARY, f"Encounter/{CANARY}", f"Encounter/{ID}?x", f"../{ID}"])
    def test_a_focus_is_a_reference(self, focus: str) -> None:
        with pytest.raises(BlankError):
            fixed_subscriptions.events(GOOD, [Event(1, NOON, (focus,))], BASE, NOON)

    @pytest.mark.parametrize(
        ("field", "rule"), [(CANARY, Unfit.MISSING.value), ("Subscription", CANARY), ("", ""), ("Task", "is missing")]
    )
    def test_an_unknown_rule_is_one_constant(self, field: str, rule: str) -> None:
        assert fixed_subscriptions.bad_subscription(field, rule) is fixed_subscriptions.UNREADABLE


class TestAnswers:
    def test_every_refusal_has_one(self) -> None:
        assert fixed_subscriptions.REFUSED.keys() == subscriptions.RULES
        assert all(isinstance(each, Departure) for each in fixed_subscriptions.REFUSED.values())

    @pytest.mark.parametrize("field", sorted(SUBSCRIPTION_FIELDS))
    def test_every_rule_can_be_named(self, field: str) -> None:
        for rule in Unfit:
            made = fixed_subscriptions.bad_subscription(field, rule.value)
            assert (made.status, field.encode() in made.body) == (422, True)

    def test_are_fhir(self) -> None:
        told = fixed_subscriptions.events(GOOD, [Event(1, NOON, (f"Encounter/{ID}",)), Event(2, NOON)], BASE, NOON)
        bundle = Bundle.model_validate_json(told.body)
        assert isinstance(bundle.entry[0].resource, Parameters)
        assert Bundle.model_validate_json(fixed_subscriptions.status(GOOD, BASE).body).type == "searchset"
        assert Bundle.model_validate_json(fixed_subscriptions.several([], BASE).body).entry is None

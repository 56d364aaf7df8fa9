"""The table of rules is the same whenever it is built: whatever makes a rule leaves nothing out and adds nothing."""

import importlib.util
from types import ModuleType
from typing import Any

import pytest

from consent.codes import Purpose
from consent.decision import State
from consent.rules import (
    annexes,
    coverage,
    elements,
    emergency,
    grants,
    hipaa,
    limits,
    orders,
    purposes,
    signing,
    standing,
)
from consent.rules.rule import CONSENT_BASIS, EVERY_BASIS, Effect, Rule, Scope, forbid, require, satisfied
from tests.consent.builders import NOW, consent, item, matter

MODULES = (
    annexes,
    coverage,
    elements,
    emergency,
    grants,
    hipaa,
    limits,
    orders,
    purposes,
    signing,
    standing,
)


def built_again(module: ModuleType) -> tuple[Rule, ...]:
    """The rules of a module, from its source once more."""
    spec = module.__spec__
    assert spec is not None
    assert spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    rules: tuple[Rule, ...] = fresh.RULES
    return rules


def told(rule: Rule) -> tuple[Any, ...]:
    made = tuple(None if each is None else each.__qualname__ for each in (rule.check, rule.key, rule.whole))
    return (rule.id, rule.scope, rule.effect, rule.cites, rule.bases, rule.since, rule.until, *made)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_table_that_is_built_again_is_the_same(module: ModuleType) -> None:
    assert [told(rule) for rule in built_again(module)] == [told(rule) for rule in module.RULES]


def test_what_makes_a_rule() -> None:
    check = satisfied
    made = forbid("x", check, "1 CFR 1", "1 CFR 2")
    assert made == Rule("x", Scope.REQUEST, Effect.FORBID, ("1 CFR 1", "1 CFR 2"), check, EVERY_BASIS)
    assert forbid("x", check, "1 CFR 1", stops=CONSENT_BASIS).bases == CONSENT_BASIS
    assert require("y", Scope.GRANT, check, "1 CFR 3") == Rule(
        "y", Scope.GRANT, Effect.REQUIRE, ("1 CFR 3",), check, CONSENT_BASIS
    )


def test_a_text_is_read_from_the_consent_and_must_show_something() -> None:
    check = elements._text(lambda signed: signed.how_to_revoke)
    assert check(matter(), consent()).state is State.SATISFIED
    assert check(matter(), consent(how_to_revoke=" ", patient_name="Ray Alder")).state is State.VIOLATED


def test_a_purpose_that_is_never_served_is_exactly_that() -> None:
    check = purposes._never(Purpose.FUNDRAISING)
    assert check(matter({"purpose": Purpose.FUNDRAISING})).state is State.VIOLATED
    assert check(matter({"purpose": Purpose.CASE_ALIGNMENT})).state is State.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("rule", "purpose"),
    [
        ("purpose.research", Purpose.RESEARCH),
        ("purpose.audit", Purpose.AUDIT),
        ("purpose.public-health", Purpose.PUBLIC_HEALTH),
    ],
)
def test_what_only_says_on_what_law_a_purpose_rests(rule: str, purpose: Purpose) -> None:
    (check,) = (each.check for each in built_again(purposes) if each.id == rule)
    asked_for = {each: check(matter({"purpose": each})).state for each in Purpose}
    assert asked_for == dict.fromkeys(Purpose, State.NOT_APPLICABLE) | {purpose: State.SATISFIED}


def test_what_says_which_items_are_alike() -> None:
    keys = {rule.id: rule.key for module in MODULES for rule in module.RULES if rule.key is not None}
    thing = item("i7", source="hospital", created=NOW)
    before = matter()
    assert {name: key(before, thing) for name, key in keys.items()} == {
        "grant.discloser": "hospital",
        "grant.category": thing.category,
        "grant.record-dates": before.today.toordinal(),
        "grant.ceiling": thing.category,
        "order.listed": "i7",
        "order.no-note": thing.category,
        "emergency.declared": thing.category,
        "emergency.personnel": thing.category,
        "emergency.named": thing.category,
        "emergency.needed": thing.category,
        "hipaa.not-part2": False,
        "hipaa.no-note": thing.category,
        "hipaa.source": "hospital",
        "item.redaction": thing.category,
        "item.participant": "p1",
        "participant.restriction": thing.category,
        "item.part2": False,
    }

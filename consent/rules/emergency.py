"""The medical emergency, 42 CFR 2.51: to medical personnel, to the extent needed, documented at once."""

from typing import Final

from consent.codes import HEALTH_KINDS, MEDICAL_PERSONNEL, Category, Purpose
from consent.matter import Matter
from consent.rules.rule import (
    BasisKind,
    Check,
    Effect,
    Parts,
    Rule,
    Scope,
    Verdict,
    among,
    by_category,
    either,
    not_applicable,
    violated,
)
from consent.wording import is_blank

_EMERGENCY: Final = frozenset({BasisKind.EMERGENCY})
_OPENS: Final = frozenset(
    {
        Category.IDENTITY,
        Category.PHYSICAL_HEALTH,
        Category.MEDICATIONS,
        Category.MENTAL_HEALTH,
        Category.SUD_DIAGNOSIS,
        Category.SUD_TREATMENT,
        Category.MOUD,
    }
)


def _elsewhere(matter: Matter) -> Verdict | None:
    if matter.request.purpose is not Purpose.EMERGENCY:
        return not_applicable("no emergency is in question")
    return None


def _declared(matter: Matter) -> Verdict:
    """2.51(a): a bona fide emergency, declared as one."""
    declared = matter.request.emergency is not None
    return _elsewhere(matter) or either(declared, "an emergency is declared", "no emergency is declared")


def _personnel(matter: Matter) -> Verdict:
    """2.51(a): to medical personnel. An officer with naloxone is none (P2-80)."""
    person = matter.request.person
    medical = matter.kind in HEALTH_KINDS and person is not None and person.role in MEDICAL_PERSONNEL
    return _elsewhere(matter) or either(medical, "medical personnel at a health organization", "no medical personnel")


def _named(matter: Matter) -> Verdict:
    """2.51(c)(1): who receives and at which facility; what happened and who discloses may follow (P2-80)."""
    declared = matter.request.emergency
    if declared is None:
        return _elsewhere(matter) or violated("no emergency is declared")
    named = not is_blank(declared.personnel_name) and not is_blank(declared.personnel_affiliation)
    return _elsewhere(matter) or either(named, "personnel and facility are named", "personnel or facility not named")


def _needed(matter: Matter) -> Verdict | Parts:
    """2.51(a), 2.13(a): what an emergency needs; never notes (2.31(b) names no such exception, P2-40: judgment)."""
    return _elsewhere(matter) or among(_OPENS, "needed in an emergency", "not needed in an emergency")


def _rule(identifier: str, scope: Scope, effect: Effect, check: Check, *cites: str) -> Rule:
    return Rule(identifier, scope, effect, cites, check, _EMERGENCY, key=by_category)


RULES: Final[tuple[Rule, ...]] = (
    _rule("emergency.declared", Scope.STATUTE, Effect.OPEN, _declared, "42 CFR 2.51(a)"),
    _rule("emergency.personnel", Scope.STATUTE, Effect.REQUIRE, _personnel, "42 CFR 2.51(a)"),
    _rule(
        "emergency.named",
        Scope.STATUTE,
        Effect.REQUIRE,
        _named,
        "42 CFR 2.51(c)(1)",
    ),
    _rule(
        "emergency.needed",
        Scope.STATUTE_ITEM,
        Effect.REQUIRE,
        _needed,
        "42 CFR 2.51(a)",
        "42 CFR 2.13(a)",
        "42 CFR 2.31(b)",
    ),
)

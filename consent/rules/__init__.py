"""RULES: the whole law of this house, in one explicit table. What is not in it does not exist; an empty one denies."""

from typing import Final

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
from consent.rules.rule import Rule

RULES: Final[tuple[Rule, ...]] = (
    *standing.RULES,
    *purposes.RULES,
    *elements.RULES,
    *signing.RULES,
    *annexes.RULES,
    *grants.RULES,
    *coverage.RULES,
    *orders.RULES,
    *emergency.RULES,
    *hipaa.RULES,
    *limits.RULES,
)

"""Three answers, because much of what others write cannot be known: a permit needs YES, a refusal applies unless NO."""

from collections.abc import Iterable
from enum import IntEnum


class Match(IntEnum):
    """How well a condition meets what is asked. MAYBE: it cannot be known here."""

    NO = 0
    MAYBE = 1
    YES = 2


def every(found: Iterable[Match]) -> Match:
    """Join conditions that must all hold; no condition at all is no limit, as FHIR has it."""
    return min(found, default=Match.YES)


def some(found: Iterable[Match]) -> Match:
    """Join alternatives; no alternative at all holds never."""
    return max(found, default=Match.NO)

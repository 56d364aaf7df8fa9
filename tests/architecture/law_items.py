"""The list of the law, kept here by id, and the table of consent/README.md that has to answer for each of them."""

import re
from functools import cache
from typing import NamedTuple

from consent.rules import RULES
from tests.architecture.source import ROOT

_RUNS = ((1, 15), (20, 34), (40, 45), (50, 52), (60, 65), (70, 74), (80, 83), (90, 94))
ITEMS: tuple[str, ...] = (
    *(f"P2-{number:02}" for first, last in _RUNS for number in range(first, last + 1)),
    *(f"C-{number:02}" for number in range(1, 14)),
    *(f"H-{number:02}" for number in range(1, 9)),
    *(f"GR-{number:02}" for number in range(1, 10)),
    "S-11",
)
"""42 CFR part 2, the elements of a consent, HIPAA, the Golden Rules, and the state-law hooks (one section, one id)."""
README = ROOT / "consent" / "README.md"
ROW = re.compile(
    r"^\| (?P<item>[A-Z][A-Z0-9]*-\d\d) \| (?P<says>[^|]+) \| (?P<where>[^|]*) \| (?P<tests>[^|]*) \|$", re.MULTILINE
)
NAME = re.compile(r"`([^`]+)`")
RULE_IDS = frozenset(rule.id for rule in RULES)
PLACE = re.compile(r"(?:consent|mappings|adapters|gateway)(?:\.\w+)+|[\w/.-]+\.(?:toml|md)")


class Row(NamedTuple):
    """One line of the table. `rules`: rule ids; `places`: modules, functions, files; `elsewhere`: why not in here."""

    item: str
    says: str
    rules: tuple[str, ...]
    places: tuple[str, ...]
    elsewhere: str
    tests: tuple[str, ...]


@cache
def rows() -> tuple[Row, ...]:
    """Read the table."""
    return tuple(_row(found) for found in ROW.finditer(README.read_text("utf-8")))


def _row(found: re.Match[str]) -> Row:
    where, _, elsewhere = found["where"].partition("Elsewhere:")
    names = NAME.findall(where)
    places = tuple(name for name in names if PLACE.fullmatch(name) and name not in RULE_IDS)
    rules = tuple(name for name in names if name not in places)
    tests = tuple(NAME.findall(found["tests"]))
    return Row(found["item"], found["says"].strip(), rules, places, elsewhere.strip(), tests)

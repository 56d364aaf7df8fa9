"""The index of the corpus: every case is in it, with items that exist, and every item that is decided has a case."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.law_items import ITEMS, rows

HERE = Path(__file__).parent
INDEX: dict[str, dict[str, Any]] = tomllib.loads((HERE / "index.toml").read_text("utf-8"))
CITED = {item for entry in INDEX.values() for item in entry["items"]}
NOT_DECIDED = {
    "P2-15",  # complaints
    "P2-25",  # security
    "P2-26",  # breach
    "P2-28",  # disposition
    "P2-30",  # the patient notice
    "P2-32",  # the list of an intermediary
    "P2-33",  # accounting of consented disclosures
    "P2-45",  # a copy for the patient
    "H-03",  # accounting
    "H-08",  # retention
    "GR-07",  # the participant's ledger
    "GR-09",  # the but-for test
}
"""What no answer to a question can show; its tests stand in the table of consent/README.md."""


def test_every_case_is_in_the_index_and_nothing_else() -> None:
    assert sorted(INDEX) == sorted(path.stem for path in HERE.glob("*.json"))


@pytest.mark.parametrize("name", INDEX)
def test_an_entry_says_what_it_shows_and_why(name: str) -> None:
    entry = INDEX[name]
    assert set(entry) == {"items", "why"}
    assert entry["items"]
    assert len(set(entry["items"])) == len(entry["items"])
    assert set(entry["items"]) <= set(ITEMS)
    assert entry["why"].strip()


def test_what_no_rule_decides_is_not_called_decided() -> None:
    assert {row.item for row in rows() if row.rules} & NOT_DECIDED == set()


@pytest.mark.parametrize("item", [item for item in ITEMS if item not in NOT_DECIDED])
def test_every_item_that_is_decided_has_a_case(item: str) -> None:
    assert item in CITED

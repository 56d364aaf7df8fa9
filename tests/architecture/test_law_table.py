"""Nothing of the law is silently missing: each item of the list has its line in consent/README.md, and it is true."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.architecture.law_items import ITEMS, RULE_IDS, Row, rows
from tests.architecture.source import ROOT

TESTS = ROOT / "tests"


def _defined(path: Path) -> set[str]:
    """Names that a module defines at its top, and those of the classes in it."""
    body = ast.parse(path.read_text("utf-8")).body
    found = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    targets = [node.targets for node in body if isinstance(node, ast.Assign)]
    targets += [[node.target] for node in body if isinstance(node, ast.AnnAssign)]
    return found | {target.id for each in targets for target in each if isinstance(target, ast.Name)}


def _exists(place: str) -> bool:
    """Say whether a file, a module or package, or something that a module defines is there."""
    if "/" in place or not place.replace(".", "_").isidentifier():
        return (ROOT / place).is_file()
    path = ROOT / place.replace(".", "/")
    if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
        return True
    module = path.parent.with_suffix(".py")
    return module.is_file() and path.name in _defined(module)


def _is_test(name: str) -> bool:
    file, _, inside = name.partition("::")
    path = TESTS / file
    return path.is_file() and (not inside or inside in _defined(path))


class TestTheTable:
    def test_every_item_has_one_line_in_the_order_of_the_list(self) -> None:
        assert [row.item for row in rows()] == list(ITEMS)

    def test_every_rule_answers_for_an_item(self) -> None:
        assert RULE_IDS - {rule for row in rows() for rule in row.rules} == set()

    def test_most_items_live_here(self) -> None:
        kinds = Counter(bool(row.rules or row.places) for row in rows())
        assert kinds[True] > 9 * kinds[False]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.item)
class TestEachLine:
    def test_it_says_where_or_why_not(self, row: Row) -> None:
        assert row.says
        assert row.rules or row.places or row.elsewhere

    def test_its_rules_are_rules(self, row: Row) -> None:
        assert [rule for rule in row.rules if rule not in RULE_IDS] == []

    def test_its_places_are_there(self, row: Row) -> None:
        assert [place for place in row.places if not _exists(place)] == []

    def test_it_is_tested_and_the_tests_are_there(self, row: Row) -> None:
        assert [name for name in row.tests if not _is_test(name)] == []
        assert row.tests or row.elsewhere
        assert row.tests or not row.rules


class TestTheTestItself:
    @pytest.mark.parametrize(
        "place", ["consent.engine", "consent.engine.decide", "consent.rules", "mappings/tables/redaction.toml"]
    )
    def test_there(self, place: str) -> None:
        assert _exists(place)

    @pytest.mark.parametrize("place", ["consent.nowhere", "consent.engine.permit", "mappings/tables/nothing.toml"])
    def test_not_there(self, place: str) -> None:
        assert not _exists(place)

    def test_names_of_tests(self) -> None:
        assert _is_test("consent/test_engine.py")
        assert not _is_test("consent/test_nothing.py")
        assert not _is_test("consent/test_engine.py::TestNothing")

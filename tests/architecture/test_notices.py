"""No obsolete statement of 42 CFR 2.32 anywhere in the tree; the 2024 texts stand, frozen, in one place.

Incident: several open projects of 2025 and 2026 still ship the short form of 2018, and so send no notice at all.
"""

import ast
import hashlib
import re

import pytest

from consent.notices import NOTICES, obsolete_in
from tests.architecture.source import ROOT, files, modules

FROZEN = {
    "2.32-2024-statement-1": "d82205a18044f9f45776343d91e26d8ddb44bf13e136af169ec73d755facd9a8",
    "2.32-2024-statement-2": "79fee3d6dff7e052183c61b66bfed589f0f45dcf330bb277e07b396bd12e9774",
}
SEEN = (".css", ".html", ".js", ".json", ".md", ".toml", ".txt", ".xml", ".yaml", ".yml")
HOME = "consent/notices.py"


def _texts() -> list[tuple[str, str]]:
    """Every text that could be sent: files of text as they are, modules by their string constants, joined up."""
    plain = [(path, (ROOT / path).read_text("utf-8")) for path in files() if path.endswith(SEEN)]
    folders = ("gateway", "adapters", "mappings", "consent", "tests")
    constants = [
        (module.path, node.value)
        for module in modules(*folders)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert plain
    return plain + constants


def test_no_obsolete_statement() -> None:
    assert [(path, obsolete_in(text)) for path, text in _texts() if obsolete_in(text)] == []


def test_the_statements_are_frozen() -> None:
    assert {version: hashlib.sha256(each.text.encode()).hexdigest() for version, each in NOTICES.items()} == FROZEN


@pytest.mark.parametrize("version", sorted(FROZEN))
def test_the_program_says_them_in_one_place(version: str) -> None:
    """A second copy is a copy that nobody changes when the law does."""
    text = re.sub(r"\s+", " ", NOTICES[version].text)
    packages = ("gateway/", "adapters/", "mappings/", "consent/", "deploy/")
    holders = {path for path, held in _texts() if path.startswith(packages) and text in re.sub(r"\s+", " ", held)}
    assert holders == {HOME}

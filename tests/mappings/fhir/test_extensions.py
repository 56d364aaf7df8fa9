"""The list of our extensions is true: each that is written is in it, and each in it is written."""

import re
from pathlib import Path
from typing import Final

import mappings.fhir
from mappings.fhir import carried_notice, extensions

FOLDER: Final = Path(mappings.fhir.__file__).parent
WRITTEN: Final = re.compile(r"extensions\.(?:text|value|whole|optional)\(\s*\"([a-z0-9-]+)\"")
LISTED: Final = re.compile(r"`([a-z0-9]+(?:-[a-z0-9]+)*)`")
PASSED_ON: Final = {"counsel-present", "condition-document", "cause", "revocable-from", "monitoring-official"}
"""Names that reach the writer as an argument."""


def written() -> set[str]:
    sources = [path.read_text("utf-8") for path in FOLDER.glob("*.py")]
    found = {name for source in sources for name in WRITTEN.findall(source)}
    assert all(any(f'"{name}"' in source for source in sources) for name in PASSED_ON)
    return found | PASSED_ON | {carried_notice.NAME}


def test_what_is_written_is_listed() -> None:
    parts_of_the_notice = {"version", "cite", "statement", "scope"}  # carried_notice.py lists them
    listed = set(re.findall(r"[a-z0-9-]+", extensions.__doc__ or ""))
    assert sorted(written() - parts_of_the_notice - listed) == []


def test_what_is_listed_is_written() -> None:
    assert sorted(set(LISTED.findall(extensions.__doc__ or "")) - written() - {"blank", "name"}) == []

"""The import contracts bite: a stub tree with one bad line in it is refused by the very contract that is meant.

Incident foreseen: a contract that names a module nobody has any more is kept for ever, and guards nothing.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, ROOT, files

NEEDED = ("gateway/disclosure.py", "gateway/app.py", "gateway/exit.py", "consent/clearance.py")
BAD = [
    ("consent/engine.py", "import mappings", "import downwards only"),
    ("mappings/fhir/bundle.py", "import adapters.health", "import downwards only"),
    ("adapters/health/out.py", "import gateway.disclosure", "import downwards only"),
    ("gateway/jobs.py", "from consent.clearance import clear", "only gateway.disclosure"),
    ("gateway/api/task.py", "import consent.clearance", "only gateway.disclosure"),
    ("mappings/lead/case.py", "from consent import clearance", "only gateway.disclosure"),
    ("consent/engine.py", "import pydantic", "standard library alone"),
    ("consent/rules/entry.py", "from time import time", "standard library alone"),
    ("gateway/ledger.py", "import sqlalchemy", "stay in gateway.store"),
    ("gateway/intake.py", "from fastapi import Request", "stay in gateway.api"),
    ("gateway/jobs.py", "import httpx2", "stay in adapters"),
    ("mappings/niem/booking.py", "import socket", "stay in adapters"),
]
GOOD = [
    ("gateway/disclosure.py", "from consent.clearance import clear"),
    ("gateway/store/people.py", "import sqlalchemy"),
    ("gateway/api/task.py", "from fastapi import Request"),
    ("adapters/jail/out.py", "import httpx2, socket"),
]


def _lint(root: Path, path: str, line: str) -> tuple[int, str]:
    present = {path for path in files() if path.endswith(".py") and path.partition("/")[0] in PACKAGES}
    for name in present | set(NEEDED):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / "consent/clearance.py").write_text("def clear() -> None: ...\n")
    (root / path).write_text(f"{line}\n")
    shutil.copy(ROOT / ".importlinter", root)
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(
        command, cwd=root, env={"PYTHONPATH": str(root), "COLUMNS": "200"}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("path", "line", "contract"), BAD)
def test_a_bad_import_is_refused(tmp_path: Path, path: str, line: str, contract: str) -> None:
    code, said = _lint(tmp_path, path, line)
    broken = [text for text in said.splitlines() if text.endswith("BROKEN")]
    assert code == 1, said
    assert [contract in text for text in broken] == [True], said


@pytest.mark.parametrize(("path", "line"), GOOD)
def test_a_good_import_passes(tmp_path: Path, path: str, line: str) -> None:
    code, said = _lint(tmp_path, path, line)
    assert code == 0, said

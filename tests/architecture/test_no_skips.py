"""The CI plugin turns a skip into a failure, in one process and in several."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

SKIPS = {
    "in the test": "import pytest\n\ndef test_a():\n    pytest.skip('no browser')\n",
    "of the module": "import pytest\npytest.skip('no browser', allow_module_level=True)\n",
    "by a mark": "import pytest\n\n@pytest.mark.skipif(True, reason='no browser')\ndef test_a():\n    pass\n",
}
RUNS = "def test_b():\n    pass\n"


def _pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-c", "pytest.ini", "--rootdir", ".", *words]
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_runs.py").write_text(RUNS)
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
@pytest.mark.parametrize("text", SKIPS.values(), ids=SKIPS)
def test_a_skip_fails_the_run(tmp_path: Path, text: str, workers: tuple[str, ...]) -> None:
    (tmp_path / "test_skips.py").write_text(text)
    done = _pytest(tmp_path, "-p", "tests.no_skips", *workers)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "every test must run" in done.stdout


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_run_without_skips_passes(tmp_path: Path, workers: tuple[str, ...]) -> None:
    done = _pytest(tmp_path, "-p", "tests.no_skips", *workers)
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr


def test_outside_ci_a_skip_is_only_counted(tmp_path: Path) -> None:
    (tmp_path / "test_skips.py").write_text(SKIPS["in the test"])
    assert _pytest(tmp_path).returncode == pytest.ExitCode.OK

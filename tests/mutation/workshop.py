"""A copy of the law in which mutmut makes its changes, so that the tree itself is never touched."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants_of, pass_over_words, words_in

ROOT = Path(__file__).parents[2]
COPIED = ("consent", "mappings", "tests/consent", "tests/corpus", "tests/evaluator", "tests/__init__.py")
# INVARIANT: an allow-list of what is measured would leave out a new module; this list says what is not, and why.
NOT_MEASURED = {
    "consent/codes.py": "no functions",
    "consent/model.py": "no functions",
    "consent/facts.py": "no functions",
    "consent/request.py": "no functions",
}
# Random search (hypothesis) is slow, and what it finds the evaluator's worlds find in less time: it is not run either.
NOT_RUN = {
    "tests/corpus/test_corpus.py": "one test for all cases, see AT_ONCE: hundreds of tests take seconds to be called",
    "tests/corpus/test_index.py": "compares lists",
    "tests/evaluator/test_agreement.py": "some worlds stand for all, see AT_ONCE",
    "tests/evaluator/test_evaluate.py": "judges the evaluator, not the law",
    "tests/consent/test_every_rule.py": "looks for gaps in the other tests",
    "tests/consent/test_explain_words.py": "judges wording",
    "tests/consent/test_properties_worlds.py": "random search; reads the sources of the tests",
}
AT_ONCE = """from tests.corpus import test_corpus
from tests.evaluator.test_agreement import agree


def test_every_case() -> None:
    for path in test_corpus.CASES:
        test_corpus.test_case(path)


def test_some_worlds() -> None:
    assert agree(9_000_000, 150) == 150
"""
SMALLEST = "consent.failing"
MEMORY = re.compile(r"^@(?:lru_cache\(.*\)|cache)\n", re.MULTILINE)
SETTINGS = """[mutmut]
source_paths=consent
also_copy=
    mappings
pytest_add_cli_args_test_selection=
    tests/consent
    tests/corpus
    tests/evaluator
pytest_add_cli_args=
    -p
    no:cacheprovider
    -p
    no:xdist
    -m
    not slow and not hypothesis
{ignored}
use_git_change_detection=false
track_dependencies=false
do_not_mutate=
{left_out}
"""


def prepare(folder: Path) -> None:
    """Copy what is mutated, and the tests that judge it, into an empty folder."""
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    for path in (folder / "consent").rglob("*.py"):
        path.write_text(without_memory(set_apart(path.read_text("utf-8"))), "utf-8")
    (folder / "tests/evaluator/test_at_once.py").write_text(AT_ONCE, "utf-8")
    ignored = "\n".join(f"    --ignore={path}" for path in NOT_RUN)
    left_out = "\n".join(f"    {path}" for path in NOT_MEASURED)
    (folder / "setup.cfg").write_text(SETTINGS.format(ignored=ignored, left_out=left_out), "utf-8")


def set_apart(source: str) -> str:
    """Return `source` with its words in triple quotes, which mutmut leaves alone: a third of its changes are words."""
    lines = source.splitlines(keepends=True)
    for node in sorted(words_in(ast.parse(source)), key=lambda node: (node.lineno, node.col_offset), reverse=True):
        line = lines[node.lineno - 1].encode()
        start, end = node.col_offset, node.end_col_offset or 0
        if node.lineno == node.end_lineno and line[start:end].decode() == f'"{node.value}"':
            lines[node.lineno - 1] = (line[:start] + b'""' + line[start:end] + b'""' + line[end:]).decode()
    return "".join(lines)


def without_memory(source: str) -> str:
    """Return `source` without `@cache`: mutmut passes over whatever is decorated, and a memory decides nothing."""
    return MEMORY.sub("", source)


def run(folder: Path, modules: Iterable[str] = ()) -> None:
    """Make every mutant, and run the tests that reach it: all but words, or those of these modules."""
    _mutmut(folder, SMALLEST)  # makes them all, and finds out which tests reach what
    for path in _generated(folder):
        pass_over_words(path)
    _mutmut(folder, *modules)


def _mutmut(folder: Path, *modules: str) -> None:
    children = str(os.cpu_count() or 1)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    subprocess.run(
        [sys.executable, "-m", "mutmut", "run", "--max-children", children, *(f"{name}.*" for name in modules)],
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _generated(folder: Path) -> list[Path]:
    every = sorted((folder / "mutants").rglob("consent/**/*.py"))
    return [path for path in every if Path(f"{path}.meta").is_file()]


def results(folder: Path, modules: Collection[str] = ()) -> Iterator[Mutant]:
    """Yield every mutant of a finished run, of all modules or of these."""
    for path in _generated(folder):
        module = ".".join(path.relative_to(folder / "mutants").with_suffix("").parts)
        if not modules or module in modules:
            yield from mutants_of(path, module)

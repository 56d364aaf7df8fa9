"""Sizes, names and left-overs. Each limit is design, not taste: what nobody can read at once nobody can vouch for."""

import ast
import re

import pytest

from tests.architecture.source import MIGRATIONS, ROOT, Module, comments, files, modules

MODULE_LINES = 300
FUNCTION_LINES = 40
BANNED = {"manager", "helper", "helpers", "util", "utils", "handler", "handlers", "processor", "processors"}
ROLES = {("case", "manager"), ("project", "manager"), ("case", "managers"), ("project", "managers")}
REASON = 8  # characters: shorter is no reason
NOQA = re.compile(rf"noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*\s+-- .{{{REASON},}}")
IGNORE = re.compile(rf"type: ignore\[[a-z0-9, -]+\]\s+# .{{{REASON},}}")
TEXT = (
    ".py",
    ".md",
    ".toml",
    ".ini",
    ".cfg",
    ".sh",
    ".yaml",
    ".yml",
    ".json",
    ".html",
    ".css",
    ".js",
    ".txt",
    ".service",
)
LOCKS = {"uv.lock", "package-lock.json", "LICENSE"}
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


def _code() -> tuple[Module, ...]:
    return modules("gateway", "adapters", "mappings", "consent", "tests")


def _texts() -> list[tuple[str, str]]:
    plain = [
        path for path in files() if path not in LOCKS and ("." not in path.rpartition("/")[2] or path.endswith(TEXT))
    ]
    assert plain
    return [(path, (ROOT / path).read_text("utf-8")) for path in plain]


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def _banned(name: str) -> bool:
    words = _words(name)
    return any(
        word in BANNED and (before, word) not in ROLES for before, word in zip(["", *words], words, strict=False)
    )


def _lines(function: Function) -> int:
    """Lines of a function without its docstring."""
    first = function.body[0]
    docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    promise = (first.end_lineno or 0) - first.lineno + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - promise


@pytest.mark.parametrize("module", modules(), ids=lambda m: m.path)
class TestSize:
    def test_a_module_fits_in_one_reading(self, module: Module) -> None:
        if not module.path.startswith(MIGRATIONS):  # a migration is written once and never changed
            assert len(module.text.splitlines()) <= MODULE_LINES

    def test_a_function_fits_on_a_screen(self, module: Module) -> None:
        functions = [n for n in ast.walk(module.tree) if isinstance(n, Function)]
        if not module.path.startswith(MIGRATIONS):
            assert [(f.lineno, f.name, _lines(f)) for f in functions if _lines(f) > FUNCTION_LINES] == []


@pytest.mark.parametrize("module", _code(), ids=lambda m: m.path)
class TestWords:
    def test_no_name_says_only_that_something_is_done(self, module: Module) -> None:
        """A case manager and a project manager are people, and keep their titles; a test's name is a sentence."""
        definitions = [n for n in ast.walk(module.tree) if isinstance(n, Definition)]
        defined = [(n.lineno, n.name) for n in definitions if not n.name.startswith("test_")]
        defined.append((1, module.path.rpartition("/")[2].removesuffix(".py")))
        assert [(line, name) for line, name in defined if _banned(name)] == []

    def test_an_ignored_check_has_its_reason_beside_it(self, module: Module) -> None:
        bare = [(line, text) for line, text in comments(module) if "noqa" in text and not NOQA.search(text)]
        bare += [(line, text) for line, text in comments(module) if "type: ignore" in text and not IGNORE.search(text)]
        assert bare == []


class TestLeftOvers:
    def test_no_path_of_somebodys_machine(self) -> None:
        pattern = re.compile(r"(?<![\w./-])/" + "(work|root|home/[a-z]+|tmp/house)" + r"/[\w.]")
        assert [(path, found.group()) for path, text in _texts() for found in pattern.finditer(text)] == []

    def test_no_note_to_do_later(self) -> None:
        pattern = re.compile(r"\b(" + "TO" + "DO|FIX" + r"ME)\b")
        assert [(path, found.group()) for path, text in _texts() for found in pattern.finditer(text)] == []

    def test_no_private_key(self) -> None:
        marker = "-----BEGIN " + "(?:[A-Z]+ )?PRIVATE KEY"
        assert [path for path, text in _texts() if re.search(marker, text)] == []


class TestTheRulesThemselves:
    @pytest.mark.parametrize("name", ["LedgerManager", "date_utils", "helpers", "XMLProcessor", "on_error_handler"])
    def test_banned(self, name: str) -> None:
        assert _banned(name)

    @pytest.mark.parametrize(
        "name", ["CaseManager", "case_managers", "test_a_project_manager_sees_counts", "handle", "utility"]
    )
    def test_not_banned(self, name: str) -> None:
        assert not _banned(name)

    def test_reasons(self) -> None:
        assert NOQA.search("# noqa" + ": S603, S607  -- a constant command")
        assert not NOQA.search("# noqa" + ": S603")
        assert not NOQA.search("# noqa")
        assert IGNORE.search("# type" + ": ignore[misc]  # untyped library")
        assert not IGNORE.search("# type" + ": ignore[misc]")

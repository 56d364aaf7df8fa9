"""Import fences and purity, read from the source itself; the layers are held by import-linter (`make check`)."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, ROOT, Module, calls, imports, modules, names

# fmt: off
# What the law may use of the standard library: nothing that reads a file, a clock, a random number or the network.
LAW_MAY_IMPORT = frozenset({
    "__future__", "abc", "bisect", "collections", "copy", "dataclasses", "datetime", "decimal", "enum", "fractions",
    "functools", "hashlib", "hmac", "itertools", "json", "math", "operator", "re", "string", "textwrap", "types",
    "typing", "unicodedata", "zoneinfo",  # zoneinfo: deploy/decisions/0002
})
TRANSLATION_MAY_NOT = frozenset({
    "ftplib", "http", "os", "pathlib", "random", "secrets", "shutil", "smtplib", "socket", "sqlite3", "subprocess",
    "tempfile", "time", "urllib.request", "uuid.uuid1", "uuid.uuid4", "uuid_utils",
})
# fmt: on
CLOCKS = frozenset({"now", "utcnow", "today", "time_ns", "monotonic", "perf_counter", "fromtimestamp"})
PURE_READERS = frozenset({"open", "input", "print", "Path.read_text", "Path.read_bytes"})


def _top(name: str) -> str:
    return name.partition(".")[0]


class TestOneRoot:
    def test_the_four_packages_come_from_one_root(self) -> None:
        """The names are common words: another distribution's `consent` or `gateway` on the path would be run instead.

        `lead-gateway check` asks the same on an installed system.
        """
        found = {name: Path(importlib.import_module(name).__file__ or "").parent for name in PACKAGES}
        assert found == {name: ROOT / name for name in PACKAGES}

    def test_tests_do_not_shadow_the_packages(self) -> None:
        """Without __init__.py in every test folder pytest imports tests/consent as `consent`."""
        folders = {(ROOT / module.path).parent for module in modules("tests")}
        assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []

    def test_no_package_is_empty_of_its_marker(self) -> None:
        folders = {(ROOT / module.path).parent for module in modules() if "/migrations/" not in module.path}
        assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize("module", modules("consent"), ids=lambda m: m.path)
class TestLaw:
    def test_imports_only_itself_and_the_pure_standard_library(self, module: Module) -> None:
        """A clock or a file inside the law makes a decision that nobody can repeat a year later."""
        foreign = [
            (line, name)
            for line, name in imports(module)
            if _top(name) not in LAW_MAY_IMPORT and _top(name) != "consent"
        ]
        assert foreign == []
        assert sys.stdlib_module_names >= LAW_MAY_IMPORT

    def test_reads_no_clock(self, module: Module) -> None:
        assert [(line, name) for line, name, _ in calls(module) if name.rpartition(".")[2] in CLOCKS] == []

    def test_reads_and_prints_nothing(self, module: Module) -> None:
        assert [(line, name) for line, name, _ in calls(module) if name in PURE_READERS] == []


@pytest.mark.parametrize("module", modules("mappings"), ids=lambda m: m.path)
class TestTranslation:
    def test_imports_nothing_that_reaches_outside(self, module: Module) -> None:
        reached = [
            (line, name)
            for line, name in imports(module)
            if {name, _top(name), name.rpartition(".")[0]} & TRANSLATION_MAY_NOT
        ]
        assert reached == []

    def test_makes_no_random_identifier(self, module: Module) -> None:
        """`uuid5` of what is known gives the same id every time; any other kind asks the machine."""
        random = {"uuid1", "uuid4", "uuid6", "uuid7", "uuid8", "getnode"}
        assert [(line, name) for line, name in names(module) if name in random] == []

    def test_reads_no_clock(self, module: Module) -> None:
        clocks = CLOCKS - {"fromtimestamp"}
        assert [(line, name) for line, name, _ in calls(module) if name.rpartition(".")[2] in clocks] == []

    def test_reads_and_prints_nothing(self, module: Module) -> None:
        assert [(line, name) for line, name, _ in calls(module) if name in PURE_READERS] == []


@pytest.mark.parametrize("module", modules(), ids=lambda m: m.path)
class TestEveryModule:
    def test_imports_nothing_by_name_at_run_time(self, module: Module) -> None:
        """Incident foreseen: `importlib.import_module("consent.clearance")` is invisible to every import contract."""
        banned = {"import_module", "__import__", "exec", "eval", "runpy", "compile_command"}
        bare = {"exec", "eval", "__import__"}
        found = [(line, name) for line, name in imports(module) if name.rpartition(".")[2] in banned]
        found += [(line, name) for line, name, _ in calls(module) if name in bare or name.endswith(".import_module")]
        assert found == []

    def test_imports_are_absolute(self, module: Module) -> None:
        assert [(line, name) for line, name in imports(module) if name.startswith(".")] == []

    def test_urllib_request_stays_in_adapters(self, module: Module) -> None:
        """import-linter sees `urllib` whole and cannot tell parsing an address from calling it."""
        used = [line for line, name in imports(module) if name.startswith(("urllib.request", "http.client"))]
        assert module.path.startswith("adapters/") or used == []

    def test_only_the_clearance_module_touches_the_seal(self, module: Module) -> None:
        """Whoever holds `_SEAL` can make a Disclosure that no decision stands behind."""
        if module.path in {"consent/disclosure.py", "consent/clearance.py"}:
            return
        strings = [n.lineno for n in ast.walk(module.tree) if isinstance(n, ast.Constant) and n.value == "_SEAL"]
        assert [line for line, name in names(module) if name == "_SEAL"] + strings == []

    def test_makes_no_object_behind_its_constructor(self, module: Module) -> None:
        """`Disclosure.__new__` with `object.__setattr__`, or a pickle, goes round every check of a sealed type."""
        banned = {"__new__", "__setstate__", "__reduce__", "__reduce_ex__"}
        found = [(line, name) for line, name, _ in calls(module) if name.rpartition(".")[2] in banned]
        found += [(line, name) for line, name, _ in calls(module) if name == "object.__setattr__"]
        found += [
            (line, name) for line, name in imports(module) if _top(name) in {"pickle", "marshal", "shelve", "dill"}
        ]
        assert found == []


class TestOneWayOut:
    def test_the_clearance_module_is_imported_once(self) -> None:
        """import-linter says the same; this one also sees a tree that its contract file no longer describes."""
        importers = {m.path for m in modules() for _, name in imports(m) if name.startswith("consent.clearance")}
        assert importers <= {"gateway/disclosure.py"}

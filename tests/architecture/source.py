"""The tree as the architecture tests see it: which files there are, and each module parsed once."""

import ast
import io
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gateway", "adapters", "mappings", "consent")
MIGRATIONS = "gateway/store/migrations/"


class Module(NamedTuple):
    path: str
    text: str
    tree: ast.Module


@cache
def tracked() -> tuple[str, ...]:
    """Paths from the root that git keeps."""
    return tuple(_git("ls-files", "--cached"))


@cache
def files() -> tuple[str, ...]:
    """What git keeps or would keep, so that a fault shows before its commit."""
    listed = _git("ls-files", "--cached", "--others", "--exclude-standard")
    return tuple(sorted(path for path in listed if (ROOT / path).is_file()))


def _git(*words: str) -> list[str]:
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Every module of these folders; never none, so that no test passes for want of something to look at."""
    wanted = tuple(f"{folder}/" for folder in folders or PACKAGES)
    paths = [path for path in files() if path.endswith(".py") and path.startswith(wanted)]
    assert paths, f"no modules in {wanted}"
    return tuple(_parse(path) for path in paths)


@cache
def _parse(path: str) -> Module:
    text = (ROOT / path).read_text("utf-8")
    return Module(path, text, ast.parse(text, path))


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything a module imports, wherever in it the import stands."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def names(module: Module) -> Iterator[tuple[int, str]]:
    """Line and word of every name, attribute and import a module mentions."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.alias):
            yield node.lineno, node.name.rpartition(".")[2]


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute chain; the part that is no name stands as `?`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def calls(module: Module) -> Iterator[tuple[int, str, ast.Call]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node.lineno, dotted(node.func), node


def comments(module: Module) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string

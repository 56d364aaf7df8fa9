"""`all([])` is True: a rule that asks whether ALL of nothing is in order says yes to nothing at all.

Incident: in a policy engine that we read, a grant without recipients matched every recipient.
Inside the law every `all(...)` therefore stands behind a check that there is something (`xs and all(...)`), runs over
a literal or a CONSTANT, or says beside it why nothing may pass: `# empty passes: reason`.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, modules


def _iterated(call: ast.Call) -> ast.expr | None:
    argument = call.args[0] if call.args else None
    if isinstance(argument, ast.GeneratorExp | ast.ListComp | ast.SetComp):
        return argument.generators[0].iter
    return argument


def _is_fixed(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return bool(node.elts)
    return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).rpartition(".")[2].isupper()


def _guarded(tree: ast.Module) -> Iterator[ast.Call]:
    """Calls of `all` that stand in an `and` after the very thing they run over."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            for position, value in enumerate(node.values):
                before = " ".join(ast.unparse(earlier) for earlier in node.values[:position])
                for call in ast.walk(value):
                    iterated = _iterated(call) if isinstance(call, ast.Call) else None
                    if isinstance(call, ast.Call) and iterated is not None and ast.unparse(iterated) in before:
                        yield call


def unguarded(module: Module) -> list[int]:
    lines = module.text.splitlines()
    guarded = {id(call) for call in _guarded(module.tree)}
    found = [n for n in ast.walk(module.tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "all"]
    return [
        call.lineno
        for call in found
        if id(call) not in guarded
        and not _is_fixed(_iterated(call))
        and "# empty passes: " not in "".join(lines[max(0, call.lineno - 2) : call.end_lineno])
    ]


@pytest.mark.parametrize("module", modules("consent"), ids=lambda m: m.path)
def test_an_empty_list_never_passes(module: Module) -> None:
    assert unguarded(module) == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("ok = all(x.good for x in xs)", [1]),
        ("ok = ys and all(x.good for x in xs)", [1]),
        ("ok = bool(xs) and all(x.good for x in xs)", []),
        ("ok = all(x.good for x in NEEDED)", []),
        ("ok = all((a, b))", []),
        ("ok = all(x for x in xs)  # empty passes: nothing asked", []),
    ],
)
def test_the_check_itself(text: str, lines: list[int]) -> None:
    assert unguarded(Module("x.py", text, ast.parse(text))) == lines

"""What mutmut has made of a module: each mutant with what it changes and whether a test noticed."""

import ast
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import ndiff
from pathlib import Path
from typing import Any, NamedTuple

KILLED = {1, 3, 24, -24, 36, 152, 255, 37}
"""Exit codes of a mutant that a test, or its time limit, has caught; see mutmut's `stats`."""
SKIPPED = 34
# INVARIANT: only the wording of a verdict, an error or a finding is words. A rule's id, a citation, a code never is.
WORDS = {
    "satisfied": (0,),
    "violated": (0,),
    "unknown": (0,),
    "not_applicable": (0,),
    "either": (1, 2),
    "among": (1, 2),
    "Finding": (3,),
    "finding": (3,),
    "_error": (0,),
    "error": (0,),
    "ClearanceError": (0,),
    "NotClearedError": (0,),
    "SealError": (0,),
    "ValueError": (0,),
}
WORDY_NAMES = {"because"}


class Mutant(NamedTuple):
    """One change. `change` describes it without line numbers or mutmut's numbering, so that it outlives edits."""

    function: str
    change: str
    killed: bool
    words: bool
    module: str


class Score(NamedTuple):
    """How many of the changes to one module a test noticed."""

    module: str
    made: int
    killed: int

    def is_below(self, least: float) -> bool:
        """Whether less than this part of them was noticed. Of nothing, everything was."""
        return self.killed < least * self.made

    def __str__(self) -> str:
        return f"{self.module}: {self.killed} of {self.made} killed ({100 * self.killed / (self.made or 1):.1f} %)"


def scores_of(mutants: Iterable[Mutant]) -> list[Score]:
    """Return the score of each module, by name, and of all of them together at the end. Words do not count."""
    counted = [each for each in mutants if not each.words]
    made = Counter(each.module for each in counted)
    killed = Counter(each.module for each in counted if each.killed)
    every = [Score(module, made[module], killed[module]) for module in sorted(made)]
    return [*every, Score("together", made.total(), killed.total())]


def mutants_of(generated: Path, module: str) -> Iterator[Mutant]:
    """Yield the mutants in a generated module, whose results lie beside it."""
    for name, code, before, after in _pairs(generated):
        stem = name.rpartition(".")[2].partition("__mutmut_")[0]
        words = _dump(before) == _dump(after)
        yield Mutant(f"{module}.{_plain(stem)}", _change(before, after), code in KILLED, words, module)


def pass_over_words(generated: Path) -> None:
    """Tell mutmut that the changes to words in a generated module were skipped: each would take seconds to survive."""
    meta = Path(f"{generated}.meta")
    kept = json.loads(meta.read_text("utf-8"))
    words = {name: SKIPPED for name, _, before, after in _pairs(generated) if _dump(before) == _dump(after)}
    kept["exit_code_by_key"] |= words
    meta.write_text(json.dumps(kept), "utf-8")


def _pairs(generated: Path) -> Iterator[tuple[str, int | None, Any, Any]]:
    """Yield each mutant's name in mutmut, its exit code (None: not judged), the function before and after."""
    codes = json.loads(Path(f"{generated}.meta").read_text("utf-8"))["exit_code_by_key"]
    functions = {node.name: node for node in ast.walk(ast.parse(generated.read_text("utf-8"))) if _is_function(node)}
    for name, code in codes.items():
        mutated = name.rpartition(".")[2]
        yield name, code, functions[f"{mutated.partition('__mutmut_')[0]}__mutmut_orig"], functions[mutated]


def _is_function(node: ast.AST) -> Any:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _plain(stem: str) -> str:
    return stem.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")


def _change(before: Any, after: Any) -> str:
    """Return the lines that differ, as Python would write them: of the signature, too, for a default is law as well."""
    old, new = (_written(function).splitlines() for function in (before, after))
    return "\n".join(line for line in ndiff(old, new) if line[0] in "+-")


def _written(function: Any) -> str:
    return ast.unparse(function).replace(f"def {function.name}(", "def f(", 1)


def words_in(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield the literals that are words."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            for place in WORDS.get(node.func.id, ()):
                word = node.args[place] if place < len(node.args) else None
                if isinstance(word, ast.Constant) and isinstance(word.value, str):
                    yield word


class _Wordless(ast.NodeTransformer):
    """Blank what is only said. What is left is what is decided."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        called = node.func.id if isinstance(node.func, ast.Name) else ""
        for place in WORDS.get(called, ()):
            if place < len(node.args) and _is_word(node.args[place]):
                node.args[place] = ast.Constant("words")
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        wordy = all(isinstance(each, ast.Name) and each.id in WORDY_NAMES for each in node.targets)
        if wordy and _is_word(node.value):
            node.value = ast.Constant("words")
        return node


def _is_word(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | None))


def _dump(function: Any) -> str:
    wordless = _Wordless().visit(ast.parse(ast.unparse(function)).body[0])
    wordless.name = "f"
    return ast.dump(wordless)

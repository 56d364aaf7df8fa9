"""Small changes to the law are noticed: at least 95 of 100 make a test fail, 93 in each module; the rest is explained.

One that is explained never sinks a small module.

`make test-slow` makes them all with mutmut, in a copy; the tests that reach a change judge it, in forked processes.
`python -m tests.mutation consent.scope consent.redaction` does so for these modules alone, in a minute or two.
What is not counted: changes to the wording of a verdict, an error or a finding (see `mutants.WORDS`), for those are
words, no decisions. What mutmut cannot change: tables outside of functions, and properties.
"""

import json
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.mutation import workshop
from tests.mutation.mutants import KILLED, SKIPPED, Mutant, Score, mutants_of, pass_over_words, scores_of

LEAST = 0.95
LEAST_OF_EACH = 0.93
SURVIVORS = Path(__file__).parent / "survivors.toml"
REASON = 20  # characters: shorter is no reason

MADE = """
def x_check__mutmut_orig(age):
    return either(age >= 18, "of age", "a minor")


def x_check__mutmut_1(age):
    return either(age > 18, "of age", "a minor")


def x_check__mutmut_2(age):
    return either(age >= 18, "XXof ageXX", "a minor")


def x_check__mutmut_3(age):
    return either(age >= 18, None, "a minor")


class Rules:
    def xǁRulesǁof__mutmut_orig(self):
        because = "x"
        return Finding("rule", ("42 CFR 2.31",), 1, because)

    def xǁRulesǁof__mutmut_1(self):
        because = "x"
        return Finding("RULE", ("42 CFR 2.31",), 1, because)

    def xǁRulesǁof__mutmut_2(self):
        because = "x"
        return Finding("rule", ("42 cfr 2.31",), 1, because)

    def xǁRulesǁof__mutmut_3(self):
        because = None
        return Finding("rule", ("42 CFR 2.31",), 1, because)
"""
CODES = """{"exit_code_by_key": {
    "consent.m.x_check__mutmut_1": 1, "consent.m.x_check__mutmut_2": 0, "consent.m.x_check__mutmut_3": 33,
    "consent.m.xǁRulesǁof__mutmut_1": 0, "consent.m.xǁRulesǁof__mutmut_2": 33, "consent.m.xǁRulesǁof__mutmut_3": 36
}}"""

BEFORE = list(json.loads(CODES)["exit_code_by_key"].values())


@pytest.fixture
def made(tmp_path: Path) -> list[Mutant]:
    generated = tmp_path / "m.py"
    generated.write_text(MADE, "utf-8")
    Path(f"{generated}.meta").write_text(CODES, "utf-8")
    return list(mutants_of(generated, "consent.m"))


class TestReading:
    def test_only_wording_is_words(self, made: list[Mutant]) -> None:
        assert [each.words for each in made] == [False, True, True, False, False, True]

    def test_a_mutant_that_no_test_reaches_is_alive(self, made: list[Mutant]) -> None:
        assert [each.killed for each in made] == [True, False, False, False, False, True]

    def test_words_are_passed_over_and_nothing_else(self, tmp_path: Path, made: list[Mutant]) -> None:
        generated = tmp_path / "m.py"
        pass_over_words(generated)
        codes = json.loads(Path(f"{generated}.meta").read_text("utf-8"))["exit_code_by_key"]
        assert list(codes.values()) == [
            SKIPPED if each.words else code for each, code in zip(made, BEFORE, strict=True)
        ]
        assert SKIPPED not in KILLED

    def test_a_change_is_told_by_its_lines(self, made: list[Mutant]) -> None:
        assert (made[0].function, made[3].function) == ("consent.m.check", "consent.m.Rules.of")
        assert made[0].change.splitlines() == [
            "-     return either(age >= 18, 'of age', 'a minor')",
            "+     return either(age > 18, 'of age', 'a minor')",
        ]

    def test_a_changed_default_is_told(self, tmp_path: Path) -> None:
        """`def f(by_law=False)` for `True`: once it was told as no change at all."""
        generated = tmp_path / "m.py"
        generated.write_text(
            "def x_f__mutmut_orig(by_law=True):\n    return by_law\n\n\n"
            "def x_f__mutmut_1(by_law=False):\n    return by_law\n",
            "utf-8",
        )
        Path(f"{generated}.meta").write_text('{"exit_code_by_key": {"m.x_f__mutmut_1": 0}}', "utf-8")
        (mutant,) = mutants_of(generated, "m")
        assert mutant.change.splitlines() == ["- def f(by_law=True):", "+ def f(by_law=False):"]
        assert not mutant.words

    def test_words_in_an_assignment_are_words_too(self, tmp_path: Path) -> None:
        generated = tmp_path / "m.py"
        before = 'def x_f__mutmut_orig():\n    good, bad = satisfied("in"), violated("out")\n    return good, bad\n'
        after = before.replace("orig", "1").replace('"out"', "None")
        generated.write_text(f"{before}\n\n{after}", "utf-8")
        Path(f"{generated}.meta").write_text('{"exit_code_by_key": {"m.x_f__mutmut_1": 0}}', "utf-8")
        assert [each.words for each in mutants_of(generated, "m")] == [True]

    def test_a_score_for_each_module_and_for_all(self, made: list[Mutant]) -> None:
        other = [each._replace(module="consent.a", words=False) for each in made[:3]]
        assert scores_of([*made, *other]) == [
            Score("consent.a", 3, 1),
            Score("consent.m", 3, 1),
            Score("together", 6, 2),
        ]
        assert str(Score("consent.a", 3, 1)) == "consent.a: 1 of 3 killed (33.3 %)"
        assert Score("consent.a", 100, 94).is_below(LEAST)
        assert not Score("consent.a", 100, 95).is_below(LEAST)
        assert not Score("consent.a", 0, 0).is_below(LEAST)


class TestSettingApart:
    def test_words_are_set_apart_and_say_the_same(self) -> None:
        source = 'return_ = either(age >= 18, "of age", "für Kinder")  # note\n'
        apart = workshop.set_apart(source)
        assert apart == 'return_ = either(age >= 18, """of age""", """für Kinder""")  # note\n'

    def test_whatever_is_decided_stays(self) -> None:
        source = 'Finding("rule", ("42 CFR 2.31",), state, "because")\nother("words")\nviolated("a\\tb")\n'
        apart = source.replace('"because"', '"""because"""')
        assert workshop.set_apart(source) == apart

    def test_what_is_remembered_is_changed_too(self) -> None:
        source = "@lru_cache(maxsize=4)\n@property\ndef f():\n    return 1\n\n\n@cache\ndef g():\n    return 2\n"
        assert workshop.without_memory(source) == "@property\ndef f():\n    return 1\n\n\ndef g():\n    return 2\n"


def survivors() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(SURVIVORS.read_text("utf-8")).get("survivor", [])
    return found


class TestTheList:
    @pytest.mark.parametrize("each", survivors(), ids=lambda each: str(each["function"]))
    def test_each_survivor_has_a_reason_and_a_function(self, each: dict[str, Any]) -> None:
        assert len(each["reason"]) >= REASON
        assert each["change"].startswith(("-", "+"))
        module, _, name = each["function"].rpartition(".")
        try:
            holder: Any = import_module(module)
        except ModuleNotFoundError:
            module, _, cls = module.rpartition(".")
            holder = getattr(import_module(module), cls)
        assert hasattr(holder, name)

    def test_what_is_not_measured_has_a_reason_and_is_there(self) -> None:
        for path, reason in {**workshop.NOT_MEASURED, **workshop.NOT_RUN}.items():
            assert (workshop.ROOT / path).is_file(), path
            assert reason

    @pytest.mark.parametrize("path", workshop.NOT_MEASURED)
    def test_what_is_not_measured_has_no_functions(self, path: str) -> None:
        assert "def " not in (workshop.ROOT / path).read_text("utf-8")


def listed(mutants: set[tuple[str, str]]) -> str:
    return "\n".join(f"{function}\n{change}" for function, change in sorted(mutants))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_small_changes_are_noticed(tmp_path: Path) -> None:
    workshop.prepare(tmp_path)
    workshop.run(tmp_path)
    found = list(workshop.results(tmp_path))
    scores = scores_of(found)
    print(*scores, sep="\n")  # noqa: T201  -- the scores are what one runs this for
    alive = {(mutant.function, mutant.change) for mutant in found if not mutant.words and not mutant.killed}
    explained = {(each["function"], each["change"].strip("\n")) for each in survivors()}
    assert alive - explained == set(), f"not explained:\n{listed(alive - explained)}"
    assert explained - alive == set(), f"no longer alive:\n{listed(explained - alive)}"
    assert not scores[-1].is_below(LEAST), scores[-1]
    assert [str(each) for each in scores if each.made - each.killed > 1 and each.is_below(LEAST_OF_EACH)] == []

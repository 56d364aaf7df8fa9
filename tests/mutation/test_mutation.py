"""Small changes to the law are noticed: at least 95 of 100 make a test fail, and each that does not is explained.

`make test-slow` makes them all with mutmut, in a copy; the tests that reach a change judge it, in forked processes.
What is not counted: changes to the wording of a verdict, an error or a finding (see `mutants.WORDS`), for those are
words, no decisions. What mutmut cannot change: tables outside of functions and decorated functions.
"""

import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.mutation import workshop
from tests.mutation.mutants import Mutant, mutants_of

LEAST = 0.95
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

    def test_a_change_is_told_by_its_lines(self, made: list[Mutant]) -> None:
        assert (made[0].function, made[3].function) == ("consent.m.check", "consent.m.Rules.of")
        assert made[0].change.splitlines() == [
            "-     return either(age >= 18, 'of age', 'a minor')",
            "+     return either(age > 18, 'of age', 'a minor')",
        ]


class TestSettingApart:
    def test_words_are_set_apart_and_say_the_same(self) -> None:
        source = 'return_ = either(age >= 18, "of age", "für Kinder")  # note\n'
        apart = workshop.set_apart(source)
        assert apart == 'return_ = either(age >= 18, """of age""", """für Kinder""")  # note\n'

    def test_whatever_is_decided_stays(self) -> None:
        source = 'Finding("rule", ("42 CFR 2.31",), state, "because")\nother("words")\nviolated("a\\tb")\n'
        apart = source.replace('"because"', '"""because"""')
        assert workshop.set_apart(source) == apart


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


def listed(mutants: set[tuple[str, str]]) -> str:
    return "\n".join(f"{function}\n{change}" for function, change in sorted(mutants))


@pytest.mark.slow
@pytest.mark.timeout(5400)
def test_small_changes_are_noticed(tmp_path: Path) -> None:
    workshop.prepare(tmp_path)
    workshop.run(tmp_path)
    counted = [mutant for mutant in workshop.results(tmp_path) if not mutant.words]
    alive = {(mutant.function, mutant.change) for mutant in counted if not mutant.killed}
    killed = sum(mutant.killed for mutant in counted)
    print(f"mutants: {killed} of {len(counted)} killed")  # noqa: T201  -- the score is what one runs this for
    assert killed >= LEAST * len(counted), listed(alive)
    explained = {(each["function"], each["change"].strip("\n")) for each in survivors()}
    assert alive - explained == set(), f"not explained:\n{listed(alive - explained)}"
    assert explained - alive == set(), f"no longer alive:\n{listed(explained - alive)}"

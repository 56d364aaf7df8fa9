"""The words for participants: there is one for everything that can happen, all easy to read, none of them jargon."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from consent.codes import Category, OrganizationKind, Purpose
from consent.engine import decide
from consent.explain import LANGUAGES, for_participant
from consent.rules import RULES
from consent.rules.rule import BasisKind
from consent.wording_en import ENGLISH
from consent.wording_es import SPANISH
from consent.wording_staff import UNLOCKS
from consent.wording_table import PlainWords
from mappings.lead.case import read_case
from tests.consent.reading_level import (
    english_syllables,
    fernandez_huerta,
    flesch_kincaid,
    sentences,
    spanish_syllables,
)
from tests.corpus.test_corpus import CASES

REASONS = {rule.id for rule in RULES} | {"item.known", "basis.none", "engine"}
HARDEST_GRADE, LEAST_EASE = 8, 60
JARGON = (
    r"\b(consent|consents|grant|grants|disclosure|disclose|redisclosure|recipient|requester|purpose|category|revoke|"
    r"revoked|revocation|restriction|provision|pursuant|personnel|CFR|HIPAA|TPO|ROI|SUD|MOUD|Part 2|client|subject|"
    r"consentimiento|divulgación|revocar|destinatario|solicitante|propósito|categoría|cliente)\b"
)


def said(words: PlainWords) -> Iterator[str]:
    """Every sentence that can be said in a language; only a name, which nobody can choose, is left out."""
    texts = [words.asked.format(who) for who in (words.somebody, *words.kinds.values())]
    texts += [words.purpose.format(what) for what in words.purposes.values()]
    texts += [words.told.format(what) for what in words.categories.values()]
    texts += [words.nothing, words.kept_back, words.nothing_to_stop]
    texts += [text for table in (words.bases, words.stops, words.reasons) for text in table.values()]
    for text in texts:
        yield from sentences(text)


@pytest.mark.parametrize("words", [ENGLISH, SPANISH], ids=["en", "es"])
class TestEveryThing:
    def test_every_rule_has_a_reason(self, words: PlainWords) -> None:
        assert set(words.reasons) == REASONS

    def test_every_code_has_its_words(self, words: PlainWords) -> None:
        assert set(words.kinds) == set(OrganizationKind)
        assert set(words.purposes) == set(Purpose)
        assert set(words.categories) == set(Category)
        assert set(words.bases) == set(words.stops) == {kind.value for kind in BasisKind}

    def test_sentences_are_sentences(self, words: PlainWords) -> None:
        assert [text for text in said(words) if not re.fullmatch(r"[A-ZÁÉÍÓÚÑ][^.!?_/{}]*\.", text)] == []

    def test_no_jargon(self, words: PlainWords) -> None:
        assert [text for text in said(words) if re.search(JARGON, text, re.IGNORECASE)] == []
        assert [text for text in said(words) if any(name in text for name in REASONS - {"engine"})] == []


def test_every_rule_has_what_would_unlock_it() -> None:
    assert set(UNLOCKS) == REASONS
    assert [text for text in UNLOCKS.values() if not text or text.endswith(".")] == []


class TestReadingLevel:
    @pytest.mark.parametrize("text", sorted(set(said(ENGLISH))))
    def test_english(self, text: str) -> None:
        assert flesch_kincaid(text) <= HARDEST_GRADE

    @pytest.mark.parametrize("text", sorted(set(said(SPANISH))))
    def test_spanish(self, text: str) -> None:
        assert fernandez_huerta(text) >= LEAST_EASE

    @pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
    def test_what_is_said_of_every_case(self, path: Path) -> None:
        """And nothing is said but these sentences."""
        request, facts = read_case(path.read_bytes())
        decision = decide(request, facts)
        for words in LANGUAGES.values():
            told = for_participant(decision, words.language)
            assert set(sentences(told)) <= set(said(words))
        assert flesch_kincaid(for_participant(decision, "en")) <= HARDEST_GRADE
        assert fernandez_huerta(for_participant(decision, "es")) >= LEAST_EASE


class TestTheMeasure:
    """The rules that count syllables are checked on words that a dictionary divides, and on the published formulas."""

    @pytest.mark.parametrize(
        ("word", "count"),
        [
            ("told", 1),
            ("time", 1),
            ("people", 2),
            ("needed", 2),
            ("asked", 1),
            ("emergency", 4),
            ("prosecutor's", 4),
            ("medicine", 3),
            ("visits", 2),
            ("study", 2),
            ("judges", 2),
            ("client", 2),
        ],
    )
    def test_english(self, word: str, count: int) -> None:
        assert english_syllables(word) >= count
        assert english_syllables(word) <= count + 1

    @pytest.mark.parametrize(
        ("word", "count"),
        [
            ("usted", 2),
            ("policía", 4),
            ("ciudad", 2),
            ("poeta", 3),
            ("quién", 1),
            ("guerra", 2),
            ("estudio", 3),
            ("ley", 1),
            ("cárcel", 2),
            ("ahí", 2),
            ("aunque", 2),
            ("consentimiento", 5),
            ("juez", 1),
            ("pingüino", 3),
        ],
    )
    def test_spanish(self, word: str, count: int) -> None:
        assert spanish_syllables(word) == count

    def test_a_hard_text_fails(self) -> None:
        hard = "Information regarding participation was disclosed pursuant to an authorization."
        assert flesch_kincaid(hard) > HARDEST_GRADE
        difficult = "La divulgación de información confidencial requiere autorización administrativa."
        assert fernandez_huerta(difficult) < LEAST_EASE

    def test_the_formulas(self) -> None:
        assert flesch_kincaid("The cat sat.") == pytest.approx(0.39 * 3 + 11.8 - 15.59)
        assert fernandez_huerta("El sol da luz. La luz va.") == pytest.approx(206.84 - 60 - 1.02 * 3.5)

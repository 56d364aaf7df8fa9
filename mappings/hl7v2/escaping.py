r"""Text in an HL7 v2 field: escaped so that it is 7-bit, on one line, and comes back as it was (HL7 v2.5.1, 2.7).

`\F\` `\S\` `\T\` `\R\` `\E\` stand for `|` `^` `&` `~` `\`; `\.br\` for a line feed; `\X..\` (hexadecimal, UTF-8) for
every other character outside printable ASCII. Only the usual delimiters are spoken: MSH-1 `|`, MSH-2 `^~\&`.
"""

import re
from typing import Final

_NAMED: Final = {"|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\\": "\\E\\", "\n": "\\.br\\"}
_CHARACTERS: Final = {escape: char for char, escape in _NAMED.items()}
_ESCAPE: Final = re.compile(r"\\[^\\]*\\")
_HEX: Final = re.compile(r"\\X(?:[0-9A-F]{2})+\\", re.ASCII)


class EscapeError(ValueError):
    """A field holds what is no escape sequence of ours. Says nothing of the field."""


def tokens(text: str) -> list[str]:
    """Return the text as a list of escaped characters, none of which may be cut in two.

    Raises EscapeError on half a character (a lone surrogate), which has no UTF-8.
    """
    return [_token(char) for char in text]


def _token(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    return char if " " <= char <= "~" else hexadecimal(char)


def hexadecimal(char: str) -> str:
    r"""Return a character as `\X..\`."""
    try:
        return f"\\X{char.encode().hex().upper()}\\"
    except UnicodeEncodeError:
        raise EscapeError("a text holds half a character") from None


def escape(text: str) -> str:
    """Return the text as it may stand in a field."""
    return "".join(tokens(text))


def unescape(field: str) -> str:
    """Return the text that a field stands for. Raises EscapeError on a sequence that is not ours."""
    found = _ESCAPE.sub(_character, field)
    if "\\" in _ESCAPE.sub("", field):
        raise EscapeError("a field holds half an escape sequence")
    return found


def _character(match: re.Match[str]) -> str:
    sequence = match.group()
    if sequence in _CHARACTERS:
        return _CHARACTERS[sequence]
    if not _HEX.fullmatch(sequence):
        raise EscapeError("a field holds an escape sequence that is not known here")
    try:
        return bytes.fromhex(sequence[2:-1]).decode()
    except UnicodeDecodeError:
        raise EscapeError("a field holds an escape sequence that is no character") from None

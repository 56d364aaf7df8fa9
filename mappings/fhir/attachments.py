"""Attachments as text: what can be read of base64 content, and nothing where not all of it can.

https://hl7.org/fhir/R4/datatypes.html#Attachment, RTF 1.9.1. INVARIANT: what might hold more than its text (a PDF, an
image, an archive, embedded objects) is never given back as text: half a text would be labelled by that half.
"""

import base64
import binascii
import re
from typing import Final

_READABLE: Final = re.compile(
    r"text/|application/(?:json|xml|rtf|csv|hl7-v2)|x-application/hl7-v2|application/[\w.-]+\+(?:json|xml)",
    re.IGNORECASE,
)
_CHARSET: Final = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)
_BINARY: Final = (
    b"%PDF",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"\xff\xd8\xff",
    b"\x89PNG",
    b"GIF8",
    b"\xd0\xcf\x11\xe0",
    b"II*",
    b"MM\x00*",
)
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/](?:[A-Za-z0-9+/=]|\\?[\r\n]){399,}")
_TAG: Final = re.compile(r"<[^<>]*>")
_RTF_EMBEDS: Final = re.compile(r"\\(?:bin|pict|object|objdata|shppict|nonshppict)(?![a-z])")
_RTF: Final = re.compile(
    r"\\'([0-9a-fA-F]{2})|\\u(-?\d{1,6}) ?(?:\\'[0-9a-fA-F]{2}|[^\\{}])?"
    r"|\\([a-z]{1,32})(-?\d{1,10})? ?|\\([^a-z])|([{}\r\n])"
)
_RTF_BREAKS: Final = frozenset({"par", "line", "tab", "cell", "row", "page", "sect"})


def attachment_text(content_type: str, data: str) -> str | None:
    """Return the text of an attachment, or None where it cannot be read whole.

    `content_type`: as sent, empty where nothing was; `data`: base64. Text of markup comes with and without its tags.
    """
    content = _decoded(data)
    if content is None or content.startswith(_BINARY):
        return None
    if content.lstrip().startswith(b"{\\rtf"):
        return _rtf_text(content.decode("cp1252", errors="replace"))
    if not _READABLE.match(content_type.strip()) or "rtf" in content_type.lower():
        return None
    text = _as_text(content, content_type)
    if text is None or "\x00" in text or _ENCODED.search(text):
        return None
    return f"{text}\n{_TAG.sub('', text)}" if "<" in text else text


def _decoded(data: str) -> bytes | None:
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _as_text(content: bytes, content_type: str) -> str | None:
    named = _CHARSET.search(content_type)
    marked = next((name for mark, name in _BOMS if content.startswith(mark)), None)
    for name in (marked, named and named.group(1), "utf-8", "cp1252"):
        try:
            if name:
                return content.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return None


def _rtf_text(text: str) -> str | None:
    """Return what an RTF document says. Control words go, so that a word in two fonts is one word again."""
    return None if _RTF_EMBEDS.search(text) or _ENCODED.search(text) else _RTF.sub(_rtf_piece, text)


def _rtf_piece(match: re.Match[str]) -> str:
    hexadecimal, number, word, _, symbol, _ = match.groups()
    if hexadecimal:
        return bytes.fromhex(hexadecimal).decode("cp1252", errors="replace")
    if number:
        return chr(int(number) % 0x10000)
    if word:
        return "\n" if word in _RTF_BREAKS else ""
    return {"~": " ", "_": "-", "-": ""}.get(symbol, symbol) if symbol else ""

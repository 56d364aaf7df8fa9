"""Untrusted XML made safe: no DTD, no entities, no network, bounded size, depth and element count.

What goes wrong is told as a `FeedError` that names a field and a rule, never a value: its text may be logged.
"""

import re
from functools import lru_cache
from typing import Final

from lxml import etree
from lxml.etree import _Element as Element

from mappings.lead.feed_error import FeedError

__all__ = ["FeedError", "line_of", "safe_parse"]

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 48
MAX_ELEMENTS: Final = 250_000

# The DOCTYPE search below is sound only for encodings in which `<!DOCTYPE` is those nine bytes.
_ENCODINGS: Final = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1", b"latin1", b"windows-1252"})
_DECLARED: Final = re.compile(rb"""\A(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?\bencoding\s*=\s*["']([^"'>]*)""")
_LIBXML2_DEPTH: Final = 255  # what libxml2 itself refuses without huge_tree


def safe_parse(
    content: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, max_elements: int = MAX_ELEMENTS
) -> Element:
    """Return the root of `content`, comments and processing instructions removed.

    `max_bytes` counts bytes, `max_depth` nested elements (the root is 1; at most 255), `max_elements` elements,
    comments and instructions together. Raises `FeedError` for whatever is empty, too big, too deep, not well-formed,
    in another encoding than UTF-8, ASCII, Latin-1 or Windows-1252, or carries a DOCTYPE, harmless or not.
    """
    _check_bytes(content, max_bytes, max_elements)
    root, line = _parse(content)
    if root is None:
        raise FeedError("xml", "must be well-formed", f"line {line}" if line else None)
    docinfo = root.getroottree().docinfo
    if docinfo.internalDTD is not None or docinfo.externalDTD is not None:
        raise FeedError("xml", "must not carry a DOCTYPE")
    if _deeper_than(min(max_depth, _LIBXML2_DEPTH))(root):
        raise FeedError("xml", f"must not nest deeper than {max_depth} elements")
    return root


def line_of(element: Element) -> str | None:
    """Return where `element` stands, as `line N`, or None for one that was not parsed."""
    return f"line {element.sourceline}" if element.sourceline else None


def _check_bytes(content: bytes, max_bytes: int, max_elements: int) -> None:
    if not content.strip():
        raise FeedError("xml", "must not be empty")
    if len(content) > max_bytes:
        raise FeedError("size", f"must be at most {max_bytes} bytes")
    declared = _DECLARED.match(content)
    if b"\x00" in content or (declared and declared.group(1).lower() not in _ENCODINGS):
        raise FeedError("encoding", "must be utf-8, us-ascii, iso-8859-1 or windows-1252")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise FeedError("xml", "must not carry a DOCTYPE")
    if content.count(b"<") - content.count(b"</") > max_elements:
        raise FeedError("size", f"must hold at most {max_elements} elements")


def _parse(content: bytes) -> tuple[Element | None, int | None]:
    """Return the root, or the line of the first error. lxml's own message quotes content and is dropped here.

    The caller raises outside the `except`: an exception chained as context would still carry that message.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(content, parser), None
    except etree.XMLSyntaxError as error:
        return None, error.lineno
    except ValueError:  # lxml refuses some strings before it parses
        return None, None


@lru_cache(maxsize=8)
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath("boolean(" + "/*" * (depth + 1) + ")")

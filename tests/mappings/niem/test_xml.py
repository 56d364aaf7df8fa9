"""Hostile and broken XML: each is refused with a field and a rule, and nothing of it is repeated."""

import traceback

import pytest

from mappings.niem.xml import FeedError, safe_parse

CANARY = "Testina-Canary-Fir"


def refused(content: bytes, **limits: int) -> FeedError:
    with pytest.raises(FeedError) as caught:
        safe_parse(content, **limits)
    told = "".join(traceback.format_exception(caught.value))
    assert CANARY not in told.replace(repr(content), "")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


class TestRefused:
    @pytest.mark.parametrize("content", [b"", b"   \n\t"])
    def test_empty(self, content):
        assert str(refused(content)) == "`xml` must not be empty"

    @pytest.mark.parametrize(
        "content",
        [
            f"<a><b>{CANARY}</a>",
            f"<a>{CANARY}",
            f"{CANARY}",
            f"<a>{CANARY}</a><b/>",
            f"<a x='{CANARY}' x='{CANARY}'/>",
            f"<p:a>{CANARY}</p:a>",
            f"<a>&{CANARY};</a>",
        ],
    )
    def test_malformed(self, content):
        error = refused(content.encode())
        assert (error.field, error.rule) == ("xml", "must be well-formed")

    def test_the_line_is_told(self):
        assert str(refused(b"<a>\n<b>\n</a>")) == "`xml` must be well-formed (line 3)"

    @pytest.mark.parametrize(
        "prolog",
        [
            "<!DOCTYPE a>",
            f'<!DOCTYPE a [<!ENTITY x "{CANARY}">]>',
            '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">',
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
            '<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
            '<!DOCTYPE a [<!ENTITY a0 "ha"><!ENTITY a1 "&a0;&a0;&a0;&a0;&a0;&a0;&a0;&a0;&a0;&a0;">]>',
            '<!DOCTYPE a [<!ATTLIST a b CDATA "x">]>',
        ],
    )
    def test_doctype_however_harmless(self, prolog):
        assert refused(f"{prolog}<a>&x;</a>".encode()).rule == "must not carry a DOCTYPE"

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-7"])
    def test_an_encoding_in_which_a_doctype_could_hide(self, encoding):
        text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a><a>{CANARY}</a>'
        assert refused(text.encode(encoding)).field == "encoding"

    def test_bytes_that_are_not_in_the_declared_encoding(self):
        assert refused(b'<?xml version="1.0" encoding="UTF-8"?><a>Pe\xf1a</a>').rule == "must be well-formed"

    def test_nul_bytes(self):
        assert refused(b"<a>\x00</a>").field == "encoding"

    def test_too_many_bytes(self):
        assert refused(b"<a>" + b"x" * 100 + b"</a>", max_bytes=50).rule == "must be at most 50 bytes"

    def test_too_many_elements(self):
        assert refused(b"<a>" + b"<b/>" * 20 + b"</a>", max_elements=20).field == "size"

    def test_too_deep_for_us(self):
        assert refused(b"<a>" * 9 + b"</a>" * 9, max_depth=8).rule == "must not nest deeper than 8 elements"

    def test_too_deep_for_the_parser(self):
        assert refused(b"<a>" * 50_000 + b"</a>" * 50_000).field == "xml"

    def test_a_huge_text(self):
        assert refused(b"<a>" + b"x" * 11_000_000 + b"</a>").field == "xml"


class TestRead:
    def test_exactly_at_the_limits(self):
        content = b"<a>" * 8 + b"</a>" * 8
        assert safe_parse(content, max_depth=8, max_elements=8, max_bytes=len(content)).tag == "a"

    def test_comments_and_instructions_are_gone(self):
        root = safe_parse(b"<?do it?><a>Fi<!-- no -->r<?do it?></a>")
        assert (root.text, len(root)) == ("Fir", 0)

    @pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252"])
    def test_encodings(self, encoding):
        root = safe_parse(f'<?xml version="1.0" encoding="{encoding}"?><a>Peña</a>'.encode(encoding))
        assert root.text == "Peña"

    def test_a_byte_order_mark(self):
        assert safe_parse(b"\xef\xbb\xbf<a/>").tag == "a"

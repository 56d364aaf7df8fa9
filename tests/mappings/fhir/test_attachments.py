"""An attachment is read whole or not at all."""

import base64

import pytest

from mappings.fhir.attachments import attachment_text


def text_of(content: bytes, content_type: str = "text/plain") -> str | None:
    return attachment_text(content_type, base64.b64encode(content).decode())


class TestUnreadable:
    @pytest.mark.parametrize(
        ("content_type", "content"),
        [
            ("application/pdf", b"%PDF-1.4"),
            ("text/plain", b"%PDF-1.4"),
            ("text/plain", b"PK\x03\x04"),
            ("text/plain", b"a\x00b"),
            ("application/octet-stream", b"plain"),
            ("application/msword", b"plain"),
            ("", b"plain"),
            ("application/rtf", b"no rtf at all"),
            ("application/rtf", rb"{\rtf1 {\pict 0102}}"),
            ("application/rtf", rb"{\rtf1 {\*\objdata 0102}}"),
            ("application/xml", b"<text>" + b"QUJD" * 200 + b"</text>"),
        ],
    )
    def test_is_none(self, content_type: str, content: bytes) -> None:
        assert text_of(content, content_type) is None

    @pytest.mark.parametrize("data", ["***", "QUJ", "\u00e9"])
    def test_what_is_no_base64(self, data: str) -> None:
        assert attachment_text("text/plain", data) is None


class TestReadable:
    @pytest.mark.parametrize(
        ("content_type", "content", "said"),
        [
            ("text/plain", b"heroin", "heroin"),
            ("text/plain; charset=utf-16", "heroin".encode("utf-16"), "heroin"),
            ("text/plain; charset=nonsense", b"heroin", "heroin"),
            ("TEXT/CSV", b"a,heroin", "heroin"),
            ("text/plain", "hero\u00efn".encode("cp1252"), "hero\u00efn"),
            ("text/html", b"<p>her<b>oin</b></p>", "heroin"),
            ("application/fhir+json", b'{"note": "heroin"}', "heroin"),
            ("x-application/hl7-v2+er7", b"OBX|1|TX|||heroin", "heroin"),
            ("application/rtf", rb"{\rtf1\ansi her\b0 oin\par next}", "heroin\nnext"),
            ("text/plain", rb"{\rtf1 her\'6fin}", "heroin"),
            ("text/rtf", rb"{\rtf1 her\u111?in}", "heroin"),
        ],
    )
    def test_says(self, content_type: str, content: bytes, said: str) -> None:
        assert said in (text_of(content, content_type) or "")

    def test_base64_may_be_broken_into_lines(self) -> None:
        assert attachment_text("text/plain", "aGVy\n b2lu") == "heroin"

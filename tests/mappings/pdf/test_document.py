"""A printed page: read back by another library, with the notice on every page."""

import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from pypdf import PageObject, PdfReader
from pypdf.generic import BooleanObject

from consent.notices import STATEMENT_1, STATEMENT_2
from mappings.lead.notice_blocks import page_notice
from mappings.pdf.document import Content, Heading, Paragraph, PdfError, Table, document_pdf

AT = datetime(2026, 11, 24, 14, 1, tzinfo=UTC)
SCOPE = "May disclose: Cedar Case Management. May receive: District Attorney."
LONG = Table(("when", "what"), tuple((str(at), f"row {at} of many") for at in range(200)), "What was told", (1, 3))


def pages(content: Sequence[Content], title: str = "Statement", **more: object) -> list[str]:
    made = document_pdf(title, content, at=AT, **more)  # type: ignore[arg-type]  # passed on as given
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(made)).pages]


def _passed_over(page: PageObject) -> int:
    """Count the glyph commands of a page that are in artifacts."""
    stream = page.get_contents()
    assert stream is not None
    artifacts = re.findall(rb"/Artifact.*?EMC", stream.get_data(), re.DOTALL)
    return sum(len(re.findall(rb"T[jJ]", each)) + len(each) for each in artifacts if b"BT" in each)


class TestRefused:
    @pytest.mark.parametrize(
        ("title", "content", "more", "rule"),
        [
            (" ", [], {}, "title"),
            ("T", [], {"language": "english, of course"}, "language"),
            ("T", [], {"at": datetime(2026, 11, 24)}, "at"),  # noqa: DTZ001  -- no offset is what is tried
            ("T", [Heading("x", 4)], {}, "heading.level"),
            ("T", [Table((), ())], {}, "table.rows"),
            ("T", [Table(("a",), (("1", "2"),))], {}, "table.rows"),
            ("T", [Table(("a",), (), None, (1, 2))], {}, "table.widths"),
            ("T", [Table(("a",), (), None, (0,))], {}, "table.widths"),
        ],
    )
    def test_what_cannot_be_set(self, title: str, content: list[Content], more: dict[str, object], rule: str) -> None:
        given: dict[str, object] = {"at": AT} | more
        with pytest.raises(PdfError, match=rf"^`{rule}`: "):
            document_pdf(title, content, **given)  # type: ignore[arg-type]  # wrong on purpose

    def test_a_fault_of_the_page_tells_no_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("mappings.pdf.document._page", lambda: b"#panic(sys.inputs.document)")
        with pytest.raises(PdfError) as caught:
            document_pdf("T", [Paragraph("Testina Fir")], at=AT)
        assert "Testina" not in str(caught.value)


class TestTheNotice:
    @pytest.mark.parametrize("notice", [STATEMENT_1, STATEMENT_2], ids=lambda each: each.version)
    def test_stands_on_every_page_whole_with_scope_and_version(self, notice: object) -> None:
        found = pages([LONG], notice=page_notice(notice, SCOPE))  # type: ignore[arg-type]  # a Notice
        assert len(found) > 3
        for page in found:
            assert page.count(notice.text) == 1  # type: ignore[attr-defined]  # a Notice
            assert SCOPE in page
            assert notice.version in page  # type: ignore[attr-defined]  # a Notice

    def test_a_scope_that_fills_pages_stands_once_and_whole(self) -> None:
        scope = " ".join(f"Grant {at} says so." for at in range(900))
        found = pages([Paragraph("after")] * 40, notice=page_notice(STATEMENT_1, scope))
        assert all(STATEMENT_1.text in page for page in found)
        together = " ".join(found)
        assert [at for at in range(900) if len(re.findall(rf"Grant {at}\b", together)) != 1] == []

    def test_is_content_for_whoever_hears_the_page_read(self) -> None:
        """A running header is an artifact in a tagged file, which screen readers pass over: so it is said once."""
        made = document_pdf("T", [LONG], at=AT, notice=page_notice(STATEMENT_1, SCOPE))
        first, second = (_passed_over(page) for page in PdfReader(io.BytesIO(made)).pages[:2])
        assert 0 < first * 5 < second

    def test_is_not_there_where_none_is_owed(self) -> None:
        assert "42 CFR" not in " ".join(pages([LONG]))


class TestTheFile:
    def test_is_tagged_and_says_its_title_and_language(self) -> None:
        read = PdfReader(io.BytesIO(document_pdf("Su historial", [LONG], at=AT, language="es")))
        root = read.trailer["/Root"]
        assert root["/MarkInfo"]["/Marked"] == BooleanObject(value=True)  # type: ignore[index]  # a dictionary of PDF
        assert root["/Lang"] == "es"  # type: ignore[index]  # a dictionary of PDF
        assert root["/ViewerPreferences"]["/DisplayDocTitle"] == BooleanObject(value=True)  # type: ignore[index]  # a dictionary of PDF
        assert "/StructTreeRoot" in root  # type: ignore[operator]  # a dictionary of PDF
        assert b"pdfuaid:part" in root["/Metadata"].get_data()  # type: ignore[index]  # a dictionary of PDF
        assert read.metadata is not None
        assert read.metadata.title == "Su historial"

    def test_is_the_same_bytes_for_the_same_arguments(self) -> None:
        made = {document_pdf("T", [LONG], at=AT, notice=page_notice(STATEMENT_1, SCOPE)) for _ in range(2)}
        assert len(made) == 1

    def test_holds_rows_and_header_on_every_page(self) -> None:
        found = pages([LONG])
        assert all("when what" in page for page in found)
        together = " ".join(found)
        assert [at for at in range(200) if f"row {at} of many" not in together] == []


class TestWords:
    @pytest.mark.parametrize("text", ['#sys.inputs [x] *b* $x$ @ref // "q" \\ <l>', "a #panic() b", "= no heading"])
    def test_are_never_markup(self, text: str) -> None:
        assert text in pages([Paragraph(text)])[0]
        assert text in pages([Table(("h",), ((text,),))])[0]

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("José Ñandú Šárka Łoś", "José Ñandú Šárka Łoś"),
            ("王小明", "[U+738B][U+5C0F][U+660E]"),
            ("ሰላም 한", "[U+1230][U+120B][U+121D] [U+D55C]"),
            ("a\u0001b", "a[U+0001]b"),
        ],
    )
    def test_in_any_script_are_not_lost(self, text: str, shown: str) -> None:
        assert shown in pages([Paragraph(text)])[0]

    def test_no_line_holds_a_long_one_and_it_is_whole_all_the_same(self) -> None:
        digest = "0123456789abcdef" * 4
        assert digest in pages([Table(("a", "b", "c"), ((digest, "x", "y"),))])[0].replace(" ", "").replace(
            "\u200b", ""
        )

    def test_keep_their_line_breaks(self) -> None:
        made = document_pdf("T", [Paragraph("one\ntwo")], at=AT)
        assert "one\ntwo" in PdfReader(io.BytesIO(made)).pages[0].extract_text()

"""A disclosure as a tagged PDF: the notice on every page, the summary, then the records line by line (42 CFR 2.32)."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from consent.disclosure import Disclosure, NeutralAnswer
from consent.model import Organization
from mappings.fhir.bundle import NOTHING_HELPFUL
from mappings.lead.disclosed_rows import rows_of
from mappings.lead.notice_blocks import page_notice
from mappings.pdf.document import Content, Heading, Paragraph, Table, document_pdf

_WIDTHS: Final = (1, 3, 5, 6)
_NO_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)  # a refusal says nothing of when it was made


def disclosure_pdf(disclosure: Disclosure, *, organizations: Mapping[str, Organization]) -> bytes:
    """Render a disclosure as pages for people. The same disclosure gives the same bytes, retry after retry.

    `organizations` names the recipient; nobody else is named but by what was cleared.
    """
    clearance = disclosure.clearance
    known = organizations.get(clearance.recipient)
    return document_pdf(
        f"Disclosure to {'the organization that asked' if known is None else known.name}",
        tuple(_content(disclosure)),
        at=disclosure.at,
        notice=None if clearance.notice is None else page_notice(clearance.notice, clearance.scope),
    )


def neutral_pdf(answer: NeutralAnswer) -> bytes:
    """Render the one answer of every refusal (GR-03): the same bytes but for the asker's own reference."""
    said = (Paragraph(f"Question {answer.reference}"), Paragraph(NOTHING_HELPFUL))
    return document_pdf("Answer", said, at=_NO_MOMENT)


def _content(disclosure: Disclosure) -> Iterator[Content]:
    clearance = disclosure.clearance
    yield Paragraph(f"Question {clearance.request}\nDisclosure {disclosure.entry}\nPurpose: {clearance.purpose}")
    if clearance.summary:
        yield Heading("Summary")
        yield Paragraph(clearance.summary)
    yield Heading("Records")
    rows = tuple((str(row.record), row.category, row.element, row.value) for row in rows_of(clearance))
    yield Table(("No.", "Category", "Element", "Value"), rows, None, _WIDTHS)

"""A conference packet as a tagged PDF: the notice on every page, then whom this organization hears of."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from consent.disclosure import Disclosure, Notice
from consent.model import Organization
from mappings.fhir.packet import TITLE, recipient_of
from mappings.lead.disclosed_rows import rows_of
from mappings.lead.notice_blocks import page_notice
from mappings.pdf.document import Content, Heading, Paragraph, Table, document_pdf

_WIDTHS: Final = (1, 3, 5, 6)


def packet_pdf(disclosures: Sequence[Disclosure], *, organizations: Mapping[str, Organization], at: datetime) -> bytes:
    """Render what one organization takes to a conference, as pages. The same arguments give the same bytes.

    What each participant is called is what was released: who they are, or nothing but a number of this packet. The
    scope of each consent stands with its participant. Raises PacketError as `mappings.fhir.packet` does.
    """
    known = organizations.get(recipient_of(disclosures))
    notices = {each.clearance.notice for each in disclosures if each.clearance.notice is not None}
    first = min(notices, key=lambda notice: notice.version, default=None)
    return document_pdf(
        f"{TITLE}: packet for {'the organization at the table' if known is None else known.name}",
        tuple(_content(disclosures, first)),
        at=at,
        notice=None if first is None else page_notice(first, None),
    )


def _content(disclosures: Sequence[Disclosure], on_pages: Notice | None) -> Iterator[Content]:
    for number, disclosure in enumerate(disclosures, 1):
        clearance = disclosure.clearance
        yield Heading(_name(disclosure) or f"Participant {number}")
        yield Paragraph(f"Disclosure {disclosure.entry}\nPurpose: {clearance.purpose}")
        if clearance.notice is not None and clearance.notice != on_pages:
            yield Paragraph(clearance.notice.text)
        if clearance.scope:
            yield Paragraph(clearance.scope)
        if clearance.summary:
            yield Heading("Summary", 2)
            yield Paragraph(clearance.summary)
        rows = tuple((str(row.record), row.category, row.element, row.value) for row in rows_of(clearance))
        yield Table(("No.", "Category", "Element", "Value"), rows, None, _WIDTHS)


def _name(disclosure: Disclosure) -> str | None:
    """Give the name that was released about somebody, if one was."""
    for item in disclosure.clearance.items:
        resource = item.resource or {}
        if resource.get("resourceType") == "Patient":
            return _written(resource.get("name"))
    return None


def _written(names: Any) -> str | None:
    for name in names if isinstance(names, list) else []:
        words = [*name.get("given", []), name.get("family", "")] if isinstance(name, dict) else []
        if text := " ".join(word for word in words if isinstance(word, str) and word):
            return text
    return None

"""A report of fixed form as a tagged PDF: its title, one line for each field. No record, and no notice of 2.32.

The statement of 42 CFR 2.32 goes with what a consent lets out; a report rests on 2.12(c), and its own closing line
says so.
"""

from datetime import datetime

from mappings.pdf.document import Paragraph, document_pdf


def report_pdf(text: str, *, at: datetime) -> bytes:
    """Set what `consent.reports.report_text` wrote as pages: the first line is the title. Same text, same bytes."""
    title, _, rest = text.partition("\n")
    return document_pdf(title, [Paragraph(part) for part in rest.strip().split("\n\n")], at=at)

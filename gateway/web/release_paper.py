"""The paper behind a release: what was uploaded, known by its first bytes; or the form as signed here, as a PDF."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from starlette.datastructures import UploadFile

from consent.model import Consent
from gateway.web.said import Said
from mappings.pdf.document import Content, Heading, Paragraph, document_pdf

MOST: Final = 5 * (1 << 20)
_MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_TITLES: Final = {"en": "Release of information", "es": "Permiso para dar información"}


class PaperError(ValueError):
    """A paper that cannot be kept. Names the field and the rule, never the file."""


async def uploaded(given: object) -> tuple[bytes, str]:
    """Give the bytes of an uploaded paper and what they are, by themselves and not by its name. Raises PaperError."""
    if not isinstance(given, UploadFile):
        raise PaperError("`paper`: choose the scan or photo of the signed paper")
    content = await given.read(MOST + 1)
    if not content:
        raise PaperError("`paper`: choose the scan or photo of the signed paper")
    if len(content) > MOST:
        raise PaperError("`paper`: must be 5 MB at most")
    media = next((media for magic, media in _MAGIC if content.startswith(magic)), None)
    if media is None:
        raise PaperError("`paper`: must be a PDF, a PNG or a JPEG")
    return content, media


def written(form: Consent, rows: Sequence[Said], *, how: str, witness: str, at: datetime) -> tuple[bytes, str]:
    """Set the form as it was read out and signed here: the words in the language in which they were signed."""
    language = form.form.language
    content: list[Content] = [Paragraph(form.patient_name)]
    for row in rows:
        content += [Heading(", ".join(row.who)), Paragraph("; ".join(row.what)), Paragraph("; ".join(row.why))]
        content += [Paragraph(", ".join(row.source)), Paragraph(row.until)]
    content += [Paragraph(form.how_to_revoke), Paragraph(form.refusal_consequences)]
    content += [Paragraph(form.redisclosure_warning), Heading(form.signer.name)]
    content += [Paragraph(f"{at.isoformat(timespec='seconds')}, {how}, {witness}")]
    return document_pdf(_TITLES[language], content, at=at, language=language), "application/pdf"

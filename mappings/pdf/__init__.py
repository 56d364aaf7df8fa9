"""Pages to print: `document.document_pdf(title, content, *, at, language="en", notice=None) -> bytes`, tagged PDF/UA-1.

`content`: a sequence of `Heading(text, level=1)`, `Paragraph(text)` and `Table(header, rows, caption=None, widths=())`;
`notice`: mappings.lead.notice_blocks.page_notice(notice, scope), on every page; `at`: the moment written into the file.
"""

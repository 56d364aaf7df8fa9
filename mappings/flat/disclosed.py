"""A disclosure as a CSV file, with its notice in the first lines and in a column (42 CFR 2.32).

A cell that a spreadsheet would take for a formula begins with an apostrophe
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
import io
from typing import Final

from consent.disclosure import Clearance, Disclosure
from mappings.flat.notice import write_table
from mappings.lead.disclosed_rows import HEADER, rows_of

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def disclosure_csv(disclosure: Disclosure) -> str:
    """Render a disclosure as a table: record, category, element, value; a summary is record 0. Lines end in CRLF."""
    clearance = disclosure.clearance
    rows = _rows(clearance)
    if clearance.notice is not None:
        return write_table(HEADER, rows, clearance.notice, clearance.scope)
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows((HEADER, *rows))
    return written.getvalue()


def _rows(clearance: Clearance) -> list[tuple[str, ...]]:
    summary = [("0", "", "summary", _safe(clearance.summary))] if clearance.summary else []
    told = [(str(row.record), row.category, row.element, _safe(row.value)) for row in rows_of(clearance)]
    return [*summary, *told]


def _safe(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value

"""The notice in a CSV file: first rows for whoever opens it, columns for whoever cuts it up (42 CFR 2.32).

The file, as RFC 4180 has it (UTF-8, CRLF, fields quoted where needed):

    Notice that accompanies this disclosure (42 CFR 2.32(a)),2.32-2024-statement-1,<statement>
    Scope of the consent (42 CFR 2.32(b)),,<scope>                 only where there is a scope
    <header...>,part2_notice,part2_scope
    <row...>,<statement>,<scope>

Rows are sorted, filtered and pasted elsewhere, and first rows are the first to go: so each row carries the statement
whole. Whether a cell could start a formula in a spreadsheet is for whoever writes the cells.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from consent.disclosure import Notice
from consent.notices import NOTICES
from mappings.lead.notice_blocks import SCOPE_TITLE, STATEMENT_TITLE

NOTICE_COLUMN: Final = "part2_notice"
SCOPE_COLUMN: Final = "part2_scope"

_COLUMNS: Final = (NOTICE_COLUMN, SCOPE_COLUMN)
_PREAMBLE: Final = 3


class NoticeFileError(ValueError):
    """A table cannot carry a notice, or does not carry it whole. Names the place and the rule, never content."""


@dataclass(frozen=True, slots=True)
class NoticedTable:
    """What a file with a notice holds: the notice, and the table without the columns that carried it."""

    version: str
    statement: str
    scope: str | None
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def write_table(header: Sequence[str], rows: Sequence[Sequence[str]], notice: Notice, scope: str | None) -> str:
    """Write a table with its notice. Raises NoticeFileError where there is no row: nothing is disclosed then (GR-03).

    Also raises it where a row is not as wide as the header, or the header has a column of ours already.
    """
    if not header or not rows:
        raise NoticeFileError("`rows`: must not be empty")
    if set(_COLUMNS) & set(header):
        raise NoticeFileError("`header`: must not hold a column of the notice")
    if any(len(row) != len(header) for row in rows):
        raise NoticeFileError("`rows`: must be as wide as the header")
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow((STATEMENT_TITLE, notice.version, notice.text))
    if scope:
        writer.writerow((SCOPE_TITLE, "", scope))
    writer.writerow((*header, *_COLUMNS))
    writer.writerows((*row, notice.text, scope or "") for row in rows)
    return written.getvalue()


def read_table(content: str) -> NoticedTable:
    """Read a file that `write_table` wrote. Raises NoticeFileError where a row has lost its notice, or it differs."""
    try:
        lines = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    except csv.Error:
        raise NoticeFileError("`file`: must be CSV") from None
    version, statement, scope, table = _read_preamble(lines)
    header, rows = tuple(table[0]), [tuple(row) for row in table[1:]]
    if header[-2:] != _COLUMNS or not rows or any(len(row) != len(header) for row in rows):
        raise NoticeFileError("`header`: must end with the columns of the notice, over rows of its width")
    if any(row[-2:] != (statement, scope or "") for row in rows):
        raise NoticeFileError("`part2_notice`: must hold the notice of the file in every row")
    return NoticedTable(version, statement, scope, header[:-2], tuple(row[:-2] for row in rows))


def _read_preamble(lines: list[list[str]]) -> tuple[str, str, str | None, list[list[str]]]:
    first = lines[0] if lines else []
    known = NOTICES.get(first[1]) if len(first) == _PREAMBLE and first[0] == STATEMENT_TITLE else None
    if known is None or first[2] != known.text:
        raise NoticeFileError("`line 1`: must be a statement that is known here, word for word")
    second = lines[1] if len(lines) > 1 else []
    scope = second[2] if len(second) == _PREAMBLE and second[0] == SCOPE_TITLE and not second[1] else None
    table = lines[1:] if scope is None else lines[2:]
    if not table:
        raise NoticeFileError("`header`: is missing")
    return known.version, known.text, scope, table

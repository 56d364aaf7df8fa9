"""The notice in a CSV file: in the first rows, and whole in every row."""

import csv
import hashlib
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.disclosure import Notice
from consent.notices import STATEMENT_1, STATEMENT_2
from mappings.flat.notice import NoticeFileError, read_table, write_table

HEADER = ("name", "in_custody")
ROWS = (("Ray Alder", "yes"), ('Fir, "Testina"', "no\nsince noon"))
SCOPE = "Wren may tell Rowan, and\nnobody else."
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
TABLES = st.integers(1, 3).flatmap(
    lambda width: st.tuples(
        st.lists(st.text("abcxyz", min_size=1), min_size=width, max_size=width).map(tuple),
        st.lists(st.lists(CELL, min_size=width, max_size=width).map(tuple), min_size=1, max_size=3).map(tuple),
    )
)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ((), ()),
        (HEADER, ()),
        ((), (("Ray Alder",),)),
        (HEADER, (("Ray Alder",),)),
        (HEADER, (("Ray Alder", "yes", "more"),)),
        ((*HEADER, "part2_notice"), (("Ray Alder", "yes", "CANARY"),)),
        ((*HEADER, "part2_scope"), (("Ray Alder", "yes", "CANARY"),)),
    ],
)
def test_a_table_that_cannot_carry_it_is_refused(header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
    with pytest.raises(NoticeFileError) as refused:
        write_table(header, rows, STATEMENT_1, SCOPE)
    assert "CANARY" not in str(refused.value)
    assert "Alder" not in str(refused.value)


CHANGES: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "",
    "first row gone": lambda f: f.split("\r\n", 1)[1],
    "a word changed in front": lambda f: f.replace("prohibit", "permit", 1),
    "a word changed in a row": lambda f: f[:-1000] + f[-1000:].replace("NOT", "not"),
    "an unknown version": lambda f: f.replace("statement-1", "CANARY"),
    "a column less": lambda f: f.replace(",part2_notice,part2_scope", ",part2_scope"),
    "no rows": lambda f: f[: f.index("part2_scope") + len("part2_scope\r\n")],
    "nothing but the notice": lambda f: f[: f.index("name,in_custody")],
    "another scope in front": lambda f: f.replace("nobody", "everybody", 1),
    "no CSV": lambda f: f + '"CANARY',
    "a quote in a cell": lambda f: f.replace("Ray Alder,", '"Ray Alder"CANARY,'),
    "a short row": lambda f: f + "CANARY\r\n",
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_file_that_does_not_carry_it_whole_is_refused(name: str) -> None:
    with pytest.raises(NoticeFileError) as refused:
        read_table(CHANGES[name](write_table(HEADER, ROWS, STATEMENT_1, SCOPE)))
    assert "CANARY" not in str(refused.value)


def test_it_is_in_the_first_rows_and_in_a_column() -> None:
    lines = list(csv.reader(io.StringIO(write_table(HEADER, ROWS, STATEMENT_1, SCOPE), newline="")))
    assert lines[0][1:] == [STATEMENT_1.version, STATEMENT_1.text]
    assert lines[1][2] == SCOPE
    assert lines[2] == [*HEADER, "part2_notice", "part2_scope"]
    assert [line[2:] for line in lines[3:]] == [[STATEMENT_1.text, SCOPE]] * 2


def test_lines_end_as_rfc_4180_has_it() -> None:
    assert write_table(HEADER, (("Ray", "yes"),), STATEMENT_2, None).count("\r\n") == 3


@pytest.mark.parametrize("notice", [STATEMENT_1, STATEMENT_2], ids=lambda n: n.version)
@given(table=TABLES, scope=st.none() | CELL)
def test_nothing_is_lost(
    notice: Notice, table: tuple[tuple[str, ...], tuple[tuple[str, ...], ...]], scope: str | None
) -> None:
    found = read_table(write_table(*table, notice, scope))
    assert (found.header, found.rows) == table
    assert (found.version, _digest(found.statement)) == (notice.version, _digest(notice.text))
    assert found.scope == (scope or None)

"""The notice on paper and on a screen: whole, and not to be dismissed."""

import hashlib

import pytest

from consent.disclosure import Notice
from consent.notices import STATEMENT_1, STATEMENT_2
from mappings.lead.notice_blocks import Block, banner, page_notice

SCOPE = "Wren may tell Rowan.\nUntil 2027-10-01."


@pytest.mark.parametrize("notice", [STATEMENT_1, STATEMENT_2], ids=lambda n: n.version)
@pytest.mark.parametrize("scope", [None, "", SCOPE])
def test_the_statement_is_whole_and_first(notice: Notice, scope: str | None) -> None:
    for blocks in (page_notice(notice, scope).header, banner(notice, scope).blocks):
        ((statement,), *rest) = [block.paragraphs for block in blocks]
        assert hashlib.sha256(statement.encode()).digest() == hashlib.sha256(notice.text.encode()).digest()
        assert rest == ([(SCOPE,)] if scope else [])


def test_a_page_says_which_statement_it_is() -> None:
    assert page_notice(STATEMENT_1, None).footer == "42 CFR 2.32(a)(1) | 2.32-2024-statement-1"


def test_a_banner_stays() -> None:
    assert banner(STATEMENT_1, SCOPE).dismissible is False


def test_a_heading_says_what_stands_under_it() -> None:
    assert banner(STATEMENT_1, SCOPE).blocks[1] == Block("Scope of the consent (42 CFR 2.32(b))", (SCOPE,))

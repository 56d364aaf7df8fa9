"""The notice in words that people read: on a page of paper, on a screen (42 CFR 2.32).

Plain texts, never markup: whoever sets them on a page or a screen escapes them there, and shows each in full.
INVARIANT: the statement is one of the texts here, whole and unchanged.
"""

from dataclasses import dataclass
from typing import Final

from consent.disclosure import Notice

STATEMENT_TITLE: Final = "Notice that accompanies this disclosure (42 CFR 2.32(a))"
SCOPE_TITLE: Final = "Scope of the consent (42 CFR 2.32(b))"


@dataclass(frozen=True, slots=True)
class Block:
    """A heading and the texts under it, each a paragraph; a line break within one stays one."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageNotice:
    """What stands on every page of a printout. `footer` names the statement's version, so that it can be checked."""

    header: tuple[Block, ...]
    footer: str


@dataclass(frozen=True, slots=True)
class Banner:
    """What stands above the data on a screen. INVARIANT: it can not be dismissed, and is there before the data."""

    blocks: tuple[Block, ...]
    role: str = "note"
    dismissible: bool = False


def page_notice(notice: Notice, scope: str | None) -> PageNotice:
    """Return header and footer for every page of a printout. The header holds the statement whole, then the scope."""
    return PageNotice(_blocks(notice, scope), f"{', '.join(notice.cites)} | {notice.version}")


def banner(notice: Notice, scope: str | None) -> Banner:
    """Return the banner for a screen that shows the record."""
    return Banner(_blocks(notice, scope))


def _blocks(notice: Notice, scope: str | None) -> tuple[Block, ...]:
    statement = Block(STATEMENT_TITLE, (notice.text,))
    return (statement, Block(SCOPE_TITLE, (scope,))) if scope else (statement,)

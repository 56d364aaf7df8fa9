"""Which proposals wait for a member of staff, in the order in which they came: for the page on which they decide."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from gateway.delegating import Staff, may_decide
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredProposal

PAGE: Final = 50
FURTHEST: Final = 500  # so many are looked through for one page; whoever may decide none of them asks for more
ELSEWHERE: Final = frozenset({"legal-intake"})
"""Exchanges that two persons decide, with the papers before them: not one person, not in this row."""


async def may_any(uow: UnitOfWork, proposal: StoredProposal, who: Sequence[Staff], at: datetime) -> bool:
    """Say whether somebody may decide a proposal in one of their roles; no roles decide nothing, nor ELSEWHERE."""
    for staff in who if proposal.exchange not in ELSEWHERE else ():
        if await may_decide(uow, proposal, staff, at):
            return True
    return False


async def decidable(
    uow: UnitOfWork, who: Sequence[Staff], *, at: datetime, after: UUID | None = None, limit: int = PAGE
) -> list[StoredProposal]:
    """Give at most `limit` proposals that wait and that somebody may decide, oldest first, from `after` on.

    `who`: one person in each of their roles. What cannot be read, nobody can decide: it is left out.
    """
    found: list[StoredProposal] = []
    seen = 0
    while who and len(found) < limit and seen < FURTHEST:
        step, after = await uow.proposals.waiting_page(who[0].organization, after=after, limit=PAGE)
        seen += PAGE
        found += [each for each in step if await may_any(uow, each, who, at)]
        if after is None:
            break
    return found[:limit]

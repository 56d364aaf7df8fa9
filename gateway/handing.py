"""What is printed and handed over by a person: a disclosure like any other, which no machine of a partner receives."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from gateway import ledger
from gateway.delivery import APPROVED, DELIVERED
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import LedgerEntry, StoredDelivery, StoredProposal

BY_HAND: Final = frozenset({"conference-packet", "legal-intake"})
"""The exchanges whose proposals nothing sends: a person prints them."""


def to_be_handed(proposal: StoredProposal, at: datetime) -> StoredDelivery:
    """Give what an approved proposal waits for, where nothing is sent: nowhere stored, under the proposal's own id."""
    return StoredDelivery(
        id=proposal.id,
        participant=proposal.participant,
        question=None,
        proposal=proposal.id,
        recipient=proposal.recipient,
        state=APPROVED,
        attempts=0,
        entry=None,
        cause=None,
        due_at=at,
        kind="exchange",
        exchange=proposal.exchange,
    )


async def handed_over(
    uow: UnitOfWork, passed: Sequence[tuple[StoredProposal, LedgerEntry]], *, by: str, at: datetime
) -> None:
    """Write down that approved proposals were handed over, in the transaction of their disclosure, each by its entry.

    They are sendings that have arrived: on the participant's statement, and among those who hear of an end.
    """
    entries, deliveries = [], []
    await uow.proposals.released([proposal.id for proposal, _ in passed], at)
    for proposal, entry in passed:
        made = StoredDelivery(
            id=new_id(),
            participant=proposal.participant,
            question=None,
            proposal=proposal.id,
            recipient=proposal.recipient,
            state=DELIVERED,
            attempts=1,
            entry=entry.id,
            cause=None,
            due_at=at,
            kind="exchange",
            exchange=proposal.exchange,
        )
        deliveries.append(made)
        content = {
            "delivery": str(made.id),
            "from": None,
            "to": DELIVERED,
            "proposal": str(proposal.id),
            "attempt": 1,
            "cause": None,
            "disclosure": str(entry.id),
            "by": by,
        }
        who, where = proposal.participant, proposal.recipient
        entries.append(ledger.entry("delivery", at=at, content=content, participant=who, organization=where))
    await uow.deliveries.add_all(deliveries, at)
    await ledger.append_all(uow, entries)

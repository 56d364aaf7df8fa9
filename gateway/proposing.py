"""A proposal for its shelf: the exact content that a person will see, on the ledger, and on somebody's list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from consent.request import DisclosureRequest
from gateway import ledger
from gateway.duties import open_duty
from gateway.store import codec
from gateway.store.repositories.duties import Duty
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredProposal


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a proposal comes from: a question, an exchange, the proposal that a person edited."""

    question: UUID | None
    exchange: str | None
    instead_of: UUID | None


def made(request: DisclosureRequest, clearance: dict[str, Any], case_management: str, origin: Origin) -> StoredProposal:
    """Give a new proposal of a clearance (as JSON), which waits for a person of the participant's own organization."""
    return StoredProposal(
        id=new_id(),
        participant=UUID(request.participant),
        question=origin.question,
        recipient=request.requester,
        case_management=case_management,
        state="waiting",
        digest=clearance["digest"],
        clearance=clearance,
        request=codec.load_json(codec.dump(request)),
        why=None,
        created_at=request.at,
        decided_at=None,
        exchange=origin.exchange,
        instead_of=origin.instead_of,
    )


async def shelve_all(uow: UnitOfWork, several: Sequence[tuple[StoredProposal, dict[str, Any], str | None]]) -> None:
    """Shelve several new proposals that no question asked for, in one go: kept, accounted for, on the lists."""
    await uow.proposals.add_all([proposal for proposal, _, _ in several])
    await ledger.append_all(
        uow,
        [
            ledger.entry(
                "proposal",
                at=proposal.created_at,
                content={"proposal": str(proposal.id), **decided},
                participant=proposal.participant,
                organization=proposal.recipient,
            )
            for proposal, decided, _ in several
        ],
    )
    await uow.duties.add_all([_look(proposal, case_manager) for proposal, _, case_manager in several])


def _look(proposal: StoredProposal, case_manager: str | None) -> Duty:
    return Duty(
        id=new_id(),
        kind="approval",
        participant=proposal.participant,
        organization=proposal.case_management,
        role="case-manager",
        created_at=proposal.created_at,
        assignee=case_manager,
        reference=proposal.id,
    )


async def shelve(uow: UnitOfWork, proposal: StoredProposal, decided: dict[str, Any], case_manager: str | None) -> None:
    """Account for a proposal, and put it on the list of the case manager, or of all of them where none is named.

    `decided`: what the ledger shall say of the decision.
    """
    content = {"proposal": str(proposal.id), **decided}
    if proposal.instead_of is not None:
        content["instead_of"] = str(proposal.instead_of)
    await ledger.append(
        uow,
        "proposal",
        at=proposal.created_at,
        content=content,
        participant=proposal.participant,
        organization=proposal.recipient,
    )
    queued = [] if proposal.question is None else await uow.deliveries.for_question(proposal.question)
    await open_duty(
        uow,
        "approval",
        organization=proposal.case_management,
        role="case-manager",
        at=proposal.created_at,
        participant=proposal.participant,
        assignee=case_manager,
        reference=proposal.id,
        due_at=min((delivery.due_at for delivery in queued), default=None),
    )

"""What was judged at the point of no return: what it still owes, and what the ledger is told of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from consent.decision import Decision, Obligation
from consent.disclosure import Clearance
from consent.engine import decide
from consent.facts import Facts
from consent.request import DisclosureRequest
from gateway import ledger
from gateway.emergency import document
from gateway.store import codec
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import LedgerEntry, References, StoredProposal
from gateway.verdicts import decided

APPROVAL_OWED: Final = "approval-owed"
CHANGED: Final = "not-what-was-approved"
BARE_WORDS: Final = "summary-without-notice"
LEGAL_INTAKE: Final = "legal-intake"
_BOTH: Final = frozenset({"counsel", "privacy-officer"})
_WITHIN: Final = frozenset({"notice", "consent-scope", "document-emergency"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision with what it looked at, what it cleared, and why nothing leaves; `refused` None: it may."""

    request: DisclosureRequest
    decision: Decision
    references: References
    clearance: Clearance | None
    refused: str | None


def summary_of(approved: StoredProposal | None) -> str | None:
    """Give the words that a person wrote for this one recipient; nobody else's words ever leave."""
    return None if approved is None else approved.clearance["summary"]


def owed(clearance: Clearance, approved: StoredProposal | None) -> str | None:
    """Say why a clearance may not leave yet: an approval that nobody gave, or one given for something else."""
    if approved is not None and (approved.state != "approved" or approved.digest != clearance.digest):
        return CHANGED
    if clearance.summary is not None and clearance.notice is None:
        return BARE_WORDS  # what staff know comes from the record: part 2 until shown otherwise (42 CFR 2.32)
    return APPROVAL_OWED if any(not _discharged(o, approved) for o in clearance.obligations) else None


def _discharged(obligation: Obligation, approved: StoredProposal | None) -> bool:
    if obligation.kind != "approval":
        # Notice and scope are inside the clearance; `account_for` documents the emergency. Nothing else is known.
        return obligation.kind in _WITHIN
    if approved is None:
        return False
    # INVARIANT: gateway.legal alone makes these, approved by two different persons, and never lets them wait for one.
    return obligation.by in _BOTH if approved.exchange == LEGAL_INTAKE else obligation.by == "case-manager"


async def account_for(uow: UnitOfWork, verdict: Verdict) -> LedgerEntry:
    """Write the ledger entry, and for an emergency what 42 CFR 2.51(c) wants in the record."""
    entry = entry_of(verdict)
    await ledger.write(uow, entry)
    await document_emergency(uow, verdict, entry)
    return entry


def entry_of(verdict: Verdict) -> LedgerEntry:
    """Make the ledger entry of a verdict: a disclosure or a denial, still to be written."""
    known = verdict.references.participant
    return ledger.entry(
        "disclosure" if verdict.refused is None else "denial",
        at=verdict.request.at,
        content=content_of(verdict),
        participant=None if known is None else UUID(known[0]),
        organization=verdict.request.requester,
    )


async def document_emergency(uow: UnitOfWork, verdict: Verdict, entry: LedgerEntry) -> None:
    """Write what 42 CFR 2.51(c) wants in the record, where an emergency was the basis of what is disclosed."""
    emergency = next((o for o in verdict.decision.obligations if o.kind == "document-emergency"), None)
    if verdict.refused is None and emergency is not None and entry.participant is not None:
        await document(uow, verdict.request, emergency.owed, entry, entry.participant)


def content_of(verdict: Verdict) -> dict[str, Any]:
    """Give what an entry says of a verdict."""
    return decided(verdict.request, verdict.decision, verdict.references, verdict.clearance, verdict.refused)


def only(seen: tuple[Facts, References], pinned: Iterable[tuple[str, int]]) -> tuple[Facts, References]:
    """Narrow what was read about a participant to exactly these versions of items, as if nothing else had been read."""
    facts, references = seen
    wanted = frozenset(pinned)
    record = None if facts.record is None else tuple(i for i in facts.record if (i.id, i.version) in wanted)
    return replace(facts, record=record), replace(
        references, items=tuple(each for each in references.items if each in wanted)
    )


def pinned(proposals: Sequence[StoredProposal]) -> dict[UUID, tuple[tuple[str, int], ...]]:
    """Give the item versions that proposals pin, by participant."""
    people = {each.participant for each in proposals}
    return {who: tuple(p for each in proposals if each.participant == who for p in pins(each)) for who in people}


def pins(proposal: StoredProposal) -> tuple[tuple[str, int], ...]:
    """Give the item versions that a proposal pins."""
    return tuple((item["item"], item["version"]) for item in proposal.clearance["items"])


def again(proposal: StoredProposal, at: datetime) -> DisclosureRequest:
    """Give the request of a proposal as if it were asked now."""
    return replace(codec.load(DisclosureRequest, codec.dump(proposal.request)), at=at)


def judge_again(request: DisclosureRequest, facts: Facts) -> Decision:
    """Decide an old request on the facts it saw: the same answer, or a bug (design.md 5)."""
    return decide(request, facts)

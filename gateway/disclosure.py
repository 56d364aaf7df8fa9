"""The one way out.

`disclose` is the point of no return: in one short transaction it holds the participant's consent version still, loads
the facts, decides, clears, accounts, and commits; only then is there a Disclosure. Whatever goes wrong on the way,
nothing has left. A refusal is a value, not an exception, and looks the same for every reason.

This is the only module that imports `consent.clearance` (import-linter holds it).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from consent.clearance import ClearanceError, account, clear, clearance_to_json, neutral
from consent.decision import Decision, Obligation
from consent.disclosure import Clearance, Disclosure, LedgerReceipt, NeutralAnswer
from consent.engine import decide
from consent.facts import Facts
from consent.request import DisclosureRequest
from gateway import ledger
from gateway.store import codec
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry, References, StoredProposal

NOTHING_LEAVES: Final = "site-held"
APPROVAL_OWED: Final = "approval-owed"
CHANGED: Final = "not-what-was-approved"
CANNOT_BE_CLEARED: Final = "cannot-be-cleared"
UNKNOWN_PERSON: Final = "unknown-person"

Passing = Callable[[UnitOfWork, bool, LedgerEntry], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Verdict:
    request: DisclosureRequest
    decision: Decision
    references: References
    clearance: Clearance | None
    refused: str | None


Before = Callable[[UnitOfWork], Awaitable[None]]


class EndedError(Exception):
    """What was to pass has ended in the meantime: nothing is decided, accounted for or sent."""


async def _nothing_before(_uow: UnitOfWork) -> None:
    """Nothing has to be looked at first."""


async def _no_more(_uow: UnitOfWork, _passed: bool, _entry: LedgerEntry) -> None:  # noqa: FBT001  -- the shape of Passing
    """Nothing else belongs to this passing."""


async def disclose(
    store: Store,
    request: DisclosureRequest,
    *,
    reference: str,
    approved: StoredProposal | None = None,
    before: Before = _nothing_before,
    passing: Passing = _no_more,
    retry_of: LedgerEntry | None = None,
) -> Disclosure | NeutralAnswer:
    """Pass the point of no return, or refuse.

    `reference`: the asker's own name for the question, the one thing that a neutral answer echoes. `approved`: the
    proposal that a person has approved; then exactly its pinned item versions are decided again, and only an equal
    digest passes. `before` may end it all with EndedError, once the version is held. `passing` writes what belongs into
    the same transaction, told whether it passed. `retry_of`: the entry of an earlier attempt, under whose id and moment
    the same content goes again, byte for byte. Raises whatever the database raises: then nothing was committed.
    """
    async with store.unit_of_work() as uow:
        # INVARIANT: the version row is held until the commit, so a revocation is wholly before or wholly after it.
        await uow.consents.lock_shared(UUID(request.participant))
        await before(uow)
        verdict = await _judge(uow, request, approved)
        entry = await _account_for(uow, request, verdict)
        await passing(uow, verdict.refused is None, entry)
        await uow.commit()
    if verdict.refused is None and verdict.clearance is not None:
        return account(verdict.clearance, _receipt(entry, retry_of, verdict.clearance.digest))
    return neutral(request.requester, reference, LedgerReceipt(str(entry.id), "", entry.at))


def _receipt(entry: LedgerEntry, retry_of: LedgerEntry | None, digest: str) -> LedgerReceipt:
    """Name the first entry where the same content goes again, else the new one."""
    same = retry_of is not None and retry_of.content.get("digest") == digest
    named = retry_of if retry_of is not None and same else entry
    return LedgerReceipt(str(named.id), digest, named.at)


async def refuse_stranger(
    store: Store,
    *,
    recipient: str,
    reference: str,
    at: datetime,
    detail: dict[str, Any],
    before: Before = _nothing_before,
    passing: Passing = _no_more,
) -> NeutralAnswer:
    """Answer about somebody whom this site does not know: the same neutral answer, accounted for like any denial."""
    async with store.unit_of_work() as uow:
        await before(uow)
        content = {"outcome": "deny", "refused": UNKNOWN_PERSON, **detail}
        entry = await ledger.append(uow, "denial", at=at, content=content, organization=recipient)
        await passing(uow, False, entry)  # noqa: FBT003  -- the shape of Passing
        await uow.commit()
    return neutral(recipient, reference, LedgerReceipt(str(entry.id), "", entry.at))


async def _judge(uow: UnitOfWork, request: DisclosureRequest, approved: StoredProposal | None) -> _Verdict:
    if approved is not None:
        request = replace(request, items=tuple(identity for identity, _ in pins(approved)))
    facts, references = await uow.facts_for(request, None if approved is None else pins(approved))
    decision = decide(request, facts)
    if await uow.registry.is_held():
        return _Verdict(request, decision, references, None, NOTHING_LEAVES)
    if decision.outcome != "permit":
        return _Verdict(request, decision, references, None, "decision")
    try:
        clearance = clear(decision, facts.record or ())
    except ClearanceError:  # a refusal like any other: only a known person could raise it, so nobody must notice
        return _Verdict(request, decision, references, None, CANNOT_BE_CLEARED)
    return _Verdict(request, decision, references, clearance, _owed(clearance, approved))


def _owed(clearance: Clearance, approved: StoredProposal | None) -> str | None:
    """Why a clearance may not leave yet: an approval that nobody gave, or one given for something else."""
    if approved is not None and (approved.state != "approved" or approved.digest != clearance.digest):
        return CHANGED
    return APPROVAL_OWED if any(not _discharged(o, approved) for o in clearance.obligations) else None


def _discharged(obligation: Obligation, approved: StoredProposal | None) -> bool:
    if obligation.kind == "approval":
        return obligation.by == "case-manager" and approved is not None
    # Notice and scope are inside the clearance; the emergency is documented in `_account_for`. Nothing else is known.
    return obligation.kind in ("notice", "consent-scope", "document-emergency")


def pins(proposal: StoredProposal) -> tuple[tuple[str, int], ...]:
    """Give the item versions that a proposal pins."""
    return tuple((item["item"], item["version"]) for item in proposal.clearance["items"])


async def _account_for(uow: UnitOfWork, request: DisclosureRequest, verdict: _Verdict) -> LedgerEntry:
    """Write the ledger entry, and for an emergency what 42 CFR 2.51(c) wants in the record."""
    kind = "disclosure" if verdict.refused is None else "denial"
    known = verdict.references.participant
    participant = None if known is None else UUID(known[0])
    entry = await ledger.append(
        uow,
        kind,
        at=request.at,
        content=_content(verdict),
        participant=participant,
        organization=request.requester,
    )
    owed = next((o for o in verdict.decision.obligations if o.kind == "document-emergency"), None)
    if kind == "disclosure" and owed is not None and participant is not None:
        await _document(uow, request, owed, entry, participant)
    return entry


async def _document(
    uow: UnitOfWork, request: DisclosureRequest, owed: Obligation, entry: LedgerEntry, participant: UUID
) -> None:
    declared = request.emergency
    detail = {
        "nature": declared.nature if declared else None,
        "personnel_name": declared.personnel_name if declared else None,
        "personnel_affiliation": declared.personnel_affiliation if declared else None,
        "discloser": declared.discloser if declared else None,
        "at": request.at.isoformat(),
        "disclosure": str(entry.id),
    }
    await uow.record.document_emergency(participant, detail, owed.owed, request.at)


def _content(verdict: _Verdict) -> dict[str, Any]:
    decision, clearance = verdict.decision, verdict.clearance
    return {
        "request": codec.load_json(codec.dump(verdict.request)),
        "outcome": "permit" if verdict.refused is None else "deny",
        "refused": verdict.refused,
        "rulebook": decision.rulebook,
        "decision": _decision_json(decision),
        "references": codec.load_json(codec.dump(verdict.references)),
        "digest": None if clearance is None else clearance.digest,
        "notice": None if clearance is None or clearance.notice is None else clearance.notice.version,
        "scope": None if clearance is None else clearance.scope,
    }


def _decision_json(decision: Decision) -> dict[str, Any]:
    return {
        "outcome": decision.outcome,
        "released": [[r.item, r.basis, r.category.value, list(r.fields), r.part2] for r in decision.released],
        "withheld": [[w.item, list(w.because)] for w in decision.withheld],
    }


def same_decision(decision: Decision, recorded: dict[str, Any]) -> bool:
    """Say whether a decision agrees with one that the ledger holds."""
    return _decision_json(decision) == recorded


async def propose(uow: UnitOfWork, request: DisclosureRequest, question: UUID | None) -> StoredProposal | None:
    """Keep what could leave as a proposal for a person to approve. None: nothing could, or nobody needs to approve.

    Runs inside the caller's transaction, with the consent version held. Nothing leaves here.
    """
    verdict = await _judge(uow, request, None)
    if verdict.refused != APPROVAL_OWED or verdict.clearance is None:
        return None
    known = await uow.participants.get(UUID(request.participant))
    if known is None:
        return None
    proposal = StoredProposal(
        id=new_id(),
        participant=UUID(request.participant),
        question=question,
        recipient=request.requester,
        case_management=known[0].case_management,
        state="waiting",
        digest=verdict.clearance.digest,
        clearance=clearance_to_json(verdict.clearance),
        request=codec.load_json(codec.dump(request)),
        why=None,
        created_at=request.at,
        decided_at=None,
    )
    await uow.proposals.add(proposal)
    content = {"proposal": str(proposal.id), "digest": proposal.digest, **_content(verdict)}
    await ledger.append(
        uow,
        "proposal",
        at=request.at,
        content=content,
        participant=proposal.participant,
        organization=request.requester,
    )
    return proposal


async def still_stands(uow: UnitOfWork, proposal: StoredProposal, at: datetime) -> bool:
    """Would this proposal pass the point now, if it were approved? Asked by whoever has just changed a consent."""
    request = replace(codec.load(DisclosureRequest, codec.dump(proposal.request)), at=at)
    verdict = await _judge(uow, request, replace(proposal, state="approved"))
    return verdict.refused is None


def judge_again(request: DisclosureRequest, facts: Facts) -> Decision:
    """Decide an old request on the facts it saw: the same answer, or a bug (design.md 5)."""
    return decide(request, facts)

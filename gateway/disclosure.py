"""The one way out.

`disclose` is the point of no return: in one short transaction it holds the participant's consent version still, loads
the facts, decides, clears, accounts, and commits; only then is there a Disclosure. A refusal is a value, not an
exception, and looks the same for every reason. Only this module imports `consent.clearance` (import-linter holds it).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from consent.clearance import ClearanceError, account, clear, clearance_to_json, end_of_permission, neutral
from consent.disclosure import Clearance, Disclosure, EndOfPermission, LedgerReceipt, NeutralAnswer
from consent.engine import decide
from consent.facts import Facts
from consent.request import DisclosureRequest
from gateway import judged, ledger
from gateway.judged import APPROVAL_OWED, Verdict, pins
from gateway.proposing import Origin, made, shelve, shelve_all
from gateway.standing import still_covers
from gateway.store import codec
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry, References, StoredProposal

NOTHING_LEAVES: Final = "site-held"
CANNOT_BE_CLEARED: Final = "cannot-be-cleared"
UNKNOWN_PERSON: Final = "unknown-person"
STANDING_ENDED: Final = "standing-approval-ended"

Passing = Callable[[UnitOfWork, bool, LedgerEntry], Awaitable[None]]
Handing = Callable[[UnitOfWork, Sequence[tuple[StoredProposal, LedgerEntry]]], Awaitable[None]]
Loaded = tuple[Facts, References]
Before = Callable[[UnitOfWork], Awaitable[None]]
Finding = Callable[[UnitOfWork], Awaitable[DisclosureRequest]]
Choosing = Callable[[UnitOfWork, DisclosureRequest, Callable[..., Awaitable[Verdict]]], Awaitable[Verdict]]


class EndedError(Exception):
    """What was to pass has ended in the meantime: nothing is decided, accounted for or sent."""


async def _nothing_before(_uow: UnitOfWork) -> None:
    """Nothing has to be looked at first."""


async def _no_more(_uow: UnitOfWork, _passed: bool, _entry: LedgerEntry) -> None:  # noqa: FBT001  -- the shape of Passing
    """Nothing else belongs to this passing."""


async def disclose(
    store: Store,
    asked: DisclosureRequest | Finding,
    *,
    reference: str,
    approved: StoredProposal | None = None,
    before: Before = _nothing_before,
    choosing: Choosing | None = None,
    passing: Passing = _no_more,
    retry_of: LedgerEntry | None = None,
) -> Disclosure | NeutralAnswer:
    """Pass the point of no return, or refuse.

    `asked` may still have to be found, in the same transaction. `reference`: the asker's own name for the question, all
    that a neutral answer echoes. `approved`: the proposal that a person has approved; then exactly its pinned item
    versions are decided again, and only an equal digest passes. `before` may end it all with EndedError, once the
    version is held. `choosing` narrows it to what fits a search (gateway.pulling). `passing` writes what belongs into
    the same transaction, told whether it passed. `retry_of`: the entry of an earlier attempt, under whose id and moment
    the same content goes again, byte for byte. Raises what the database raises: then nothing was committed.
    """
    async with store.unit_of_work() as uow:
        request = asked if isinstance(asked, DisclosureRequest) else await asked(uow)
        # INVARIANT: the version row is held until the commit, so a revocation is wholly before or wholly after it.
        await uow.consents.lock_shared(UUID(request.participant))
        await before(uow)
        verdict = await (_judge(uow, request, approved) if choosing is None else choosing(uow, request, _judge))
        entry = await judged.account_for(uow, verdict)
        await passing(uow, verdict.refused is None, entry)
        await uow.commit()
    return _message(verdict, entry, reference, retry_of)


async def disclose_all(
    store: Store,
    requests: Mapping[str, DisclosureRequest],
    *,
    before: Callable[[UnitOfWork], Awaitable[frozenset[str]]],
    passing: Callable[[UnitOfWork, Sequence[tuple[str, bool, LedgerEntry]]], Awaitable[None]],
) -> dict[str, Disclosure | NeutralAnswer]:
    """Pass the point of no return with several requests that no question asked for, each decided alone, by its name.

    The same steps as `disclose`, in one transaction, with what is read for them read at once. `before`, with every
    version held, gives the names that are still to be decided. Raises for all what any of them raises.
    """
    async with store.unit_of_work() as uow:
        # INVARIANT: the version rows are held until the commit, so a revocation is wholly before or wholly after it.
        await uow.consents.lock_all_shared(UUID(request.participant) for request in requests.values())
        still = await before(uow)
        await uow.read_ahead(UUID(requests[name].participant) for name in still)
        verdicts = {name: await _judge(uow, requests[name], None) for name in sorted(still)}
        entries = {name: judged.entry_of(verdict) for name, verdict in verdicts.items()}
        await ledger.append_all(uow, list(entries.values()))
        for name, verdict in verdicts.items():
            await judged.document_emergency(uow, verdict, entries[name])
        await passing(uow, [(name, verdict.refused is None, entries[name]) for name, verdict in verdicts.items()])
        await uow.commit()
    return {name: _message(verdict, entries[name], name, None) for name, verdict in verdicts.items()}


def _message(
    verdict: Verdict, entry: LedgerEntry, reference: str, retry_of: LedgerEntry | None
) -> Disclosure | NeutralAnswer:
    if verdict.refused is None and verdict.clearance is not None:
        return account(verdict.clearance, _receipt(entry, retry_of, verdict.clearance.digest))
    return neutral(verdict.request.requester, reference, LedgerReceipt(str(entry.id), "", entry.at))


def _receipt(entry: LedgerEntry, retry_of: LedgerEntry | None, digest: str) -> LedgerReceipt:
    """Name the first entry where the same content goes again, else the new one."""
    same = retry_of is not None and retry_of.content.get("digest") == digest
    named = retry_of if retry_of is not None and same else entry
    return LedgerReceipt(str(named.id), digest, named.at)


async def disclose_together(
    store: Store, proposals: Sequence[UUID], *, at: datetime, passing: Handing
) -> list[Disclosure]:
    """Pass the point with several approved proposals in one transaction, each decided and accounted for by itself.

    One that may not pass is denied and left out; one that is not approved is no part of it. `passing` writes what
    belongs to those that pass.
    """
    async with store.unit_of_work() as uow:
        # INVARIANT: the version rows are held until the commit, so a revocation is wholly before or wholly after it.
        await uow.consents.lock_all_shared(await uow.proposals.people(proposals))
        locked = await uow.proposals.among(proposals)
        approved = [proposal for proposal in locked if proposal.state == "approved"]
        await uow.read_ahead(proposal.participant for proposal in approved)
        seen = {who: await uow.load(who, at, pins=own) for who, own in judged.pinned(approved).items()}
        verdicts = [
            await _judge(uow, judged.again(p, at), p, judged.only(seen[p.participant], pins(p))) for p in approved
        ]
        entries = [judged.entry_of(verdict) for verdict in verdicts]
        await ledger.append_all(uow, entries)
        done = list(zip(approved, verdicts, entries, strict=True))
        await passing(uow, [(proposal, entry) for proposal, verdict, entry in done if verdict.refused is None])
        await uow.commit()
    messages = [_message(verdict, entry, verdict.request.id, None) for _, verdict, entry in done]
    return [message for message in messages if isinstance(message, Disclosure)]


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


async def say_ended(
    store: Store,
    participant: UUID,
    recipient: str,
    *,
    at: datetime,
    about: Callable[[UnitOfWork], Awaitable[tuple[str, UUID]]],
    passing: Passing = _no_more,
) -> EndOfPermission:
    """Pass the point of no return with the notice that a permission is over (gateway.ending), accounted for.

    `about`, once the version is held: the identifier that the recipient knows the earlier message by, and the ledger
    entry of that one; or EndedError, and nothing leaves.
    """
    async with store.unit_of_work() as uow:
        await uow.consents.lock_shared(participant)
        reference, earlier = await about(uow)
        if await uow.registry.is_held():
            raise EndedError
        content = {"reference": reference, "disclosure": str(earlier)}
        entry = await ledger.append(
            uow, "end-of-permission", at=at, content=content, participant=participant, organization=recipient
        )
        await passing(uow, True, entry)  # noqa: FBT003  -- the shape of Passing
        await uow.commit()
    return end_of_permission(recipient, reference, LedgerReceipt(str(entry.id), "", entry.at))


async def _judge(
    uow: UnitOfWork, request: DisclosureRequest, approved: StoredProposal | None, seen: Loaded | None = None
) -> Verdict:
    if approved is not None:
        request = replace(request, items=tuple(identity for identity, _ in pins(approved)))
    facts, references = seen or await uow.facts_for(request, None if approved is None else pins(approved))
    decision = decide(request, facts)
    if await uow.is_held():
        return Verdict(request, decision, references, None, NOTHING_LEAVES)
    if decision.outcome != "permit":
        return Verdict(request, decision, references, None, "decision")
    try:
        clearance = clear(decision, facts.record or (), summary=judged.summary_of(approved), written=orjson.dumps)
    except ClearanceError:  # a refusal like any other: only a known person could raise it, so nobody must notice
        return Verdict(request, decision, references, None, CANNOT_BE_CLEARED)
    refused = judged.owed(clearance, approved)
    if approved is not None and approved.standing is not None and not await still_covers(uow, approved, request.at):
        refused = refused or STANDING_ENDED
    return Verdict(request, decision, references, clearance, refused)


async def propose(
    uow: UnitOfWork, request: DisclosureRequest, question: UUID | None, exchange: str | None = None
) -> StoredProposal | None:
    """Keep what could leave as a proposal for a person to approve. None: nothing could, or nobody needs to approve.

    `exchange`: the standing kind of disclosure that it belongs to; then a person looks also where no law asks. Runs
    inside the caller's transaction, with the consent version held. Whoever manages the case has it on a list.
    """
    verdict = await _judge(uow, request, None)
    if verdict.refused != APPROVAL_OWED and (exchange is None or verdict.refused is not None):
        return None
    return await _keep(uow, verdict, question=question, exchange=exchange, instead_of=None)


async def propose_each(uow: UnitOfWork, asked: Sequence[tuple[DisclosureRequest, Loaded]], exchange: str) -> None:
    """Propose to each of several recipients, on what the caller has read for all of them since it holds the versions.

    Where nothing may leave there is no proposal: that is accounted for like any denial.
    """
    verdicts = [await _judge(uow, request, None, seen) for request, seen in asked]
    may = [verdict for verdict in verdicts if verdict.refused in (None, APPROVAL_OWED)]
    denied = [judged.entry_of(verdict) for verdict in verdicts if verdict.refused not in (None, APPROVAL_OWED)]
    await ledger.append_all(uow, denied)
    shelved = []
    for verdict in may:
        known = await uow.participants.get(UUID(verdict.request.participant))
        if known is not None and verdict.clearance is not None:
            kept, origin = clearance_to_json(verdict.clearance), Origin(None, exchange, None)
            proposal = made(verdict.request, kept, known[0].case_management, origin)
            shelved.append((proposal, judged.content_of(verdict), known[0].case_manager))
    await shelve_all(uow, shelved)


async def propose_instead(
    uow: UnitOfWork, proposal: StoredProposal, *, items: frozenset[str], summary: str | None, at: datetime
) -> StoredProposal | None:
    """Keep less of a waiting proposal, or a person's own words with it, as a proposal of its own with its own digest.

    `items`: the ids that stay. None: what stays may not leave, or is not what was seen any more.
    INVARIANT: nothing joins, and what stays stays byte for byte as it was proposed.
    """
    kept = [item for item in proposal.clearance["items"] if item["item"] in items]
    less = replace(proposal, state="approved", clearance={**proposal.clearance, "items": kept, "summary": summary})
    verdict = await _judge(uow, judged.again(proposal, at), less)
    if not kept or verdict.clearance is None or _as_kept(verdict.clearance)["items"] != kept:
        return None
    if judged.owed(verdict.clearance, replace(less, digest=verdict.clearance.digest)) is not None:
        return None
    return await _keep(uow, verdict, question=proposal.question, exchange=proposal.exchange, instead_of=proposal.id)


def _as_kept(clearance: Clearance) -> dict[str, Any]:
    """Give a clearance as it reads when it comes back from its row."""
    return codec.load_json(codec.dump(clearance_to_json(clearance)))


async def _keep(
    uow: UnitOfWork, verdict: Verdict, *, question: UUID | None, exchange: str | None, instead_of: UUID | None
) -> StoredProposal | None:
    known = await uow.participants.get(UUID(verdict.request.participant))
    if known is None or verdict.clearance is None:
        return None
    origin = Origin(question, exchange, instead_of)
    proposal = made(verdict.request, clearance_to_json(verdict.clearance), known[0].case_management, origin)
    await uow.proposals.add(proposal)
    await shelve(uow, proposal, judged.content_of(verdict), known[0].case_manager)
    return proposal


async def still_stands(uow: UnitOfWork, proposal: StoredProposal, at: datetime) -> bool:
    """Would this proposal pass the point now, if it were approved? Asked by whoever has just changed a consent."""
    return (await _judge(uow, judged.again(proposal, at), replace(proposal, state="approved"))).refused is None


async def may_leave(uow: UnitOfWork, request: DisclosureRequest, at: datetime) -> bool:
    """Say whether what an exchange asks to send, with nobody to approve it, would pass the point now."""
    return (await _judge(uow, replace(request, at=at), None)).refused is None

"""Legal papers: subpoenas, warrants, orders. Answered alike whoever they are about; released is what an order lists.

A paper is acknowledged with one neutral text. An order is structured by one person and confirmed by another (counsel
and privacy officer, P2-90); only then is it a fact that rules look at, and what it lists is kept as a proposal that
these two have approved. It is printed and handed over by a person: nothing here is ever sent by itself. A subpoena or a
warrant alone releases nothing (42 CFR 2.61).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from consent.codes import OrderFinding, OrderType, OrganizationKind, Purpose
from consent.disclosure import Disclosure
from consent.model import CourtOrder
from consent.request import DisclosureRequest
from gateway import defender, ledger
from gateway.disclosure import disclose_together, propose
from gateway.duties import close_duties, open_duty
from gateway.handing import handed_over
from gateway.judged import LEGAL_INTAKE
from gateway.store.repositories.affairs import PAPERS, Affairs, LegalRequest
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry, StoredProposal
from mappings.fhir.bundle import NOTHING_HELPFUL, disclosure_bundle
from mappings.pdf.disclosed import disclosure_pdf

KINDS: Final = PAPERS
DUTY: Final = "legal-request"
DAYS: Final = 7
"""A paper that names no day is answered within so many."""
ACKNOWLEDGEMENT: Final = (
    "We have received your paper. This does not say whether anybody is or was known here. Federal law "
    "(42 CFR part 2, subpart E) sets what may be released, and to whom. You will hear from us in writing."
)
"""The one acknowledgement, whoever a paper is about and whatever it is."""
ANSWER: Final = NOTHING_HELPFUL
"""The one answer where nothing is released, whatever the reason."""
RECEIVED: Final = "received"
STRUCTURED: Final = "structured"
CONFIRMED: Final = "confirmed"
REFUSED: Final = "refused"
ANSWERED: Final = "answered"


class LegalError(ValueError):
    """A legal paper cannot be handled so. Names the field and the rule, never a person."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An order as one person has read it: its type and findings, exactly these items, to this one, until then."""

    participant: UUID
    type: OrderType
    findings: frozenset[OrderFinding]
    items: frozenset[str]
    recipient: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An order that two persons have confirmed. `releases`: how many of its items may leave; 0: it does not suffice."""

    order: UUID
    releases: int


@dataclass(frozen=True, slots=True)
class Handed:
    """What an order lets out, as a document Bundle in JSON and as a tagged PDF."""

    recipient: str
    bundle: bytes
    pdf: bytes


async def receive(
    store: Store,
    kind: str,
    *,
    sender: str,
    reference: str,
    by: str,
    at: datetime,
    participant: UUID | None = None,
    due_at: datetime | None = None,
) -> UUID:
    """Take a paper in; the answer to whoever brought it is ACKNOWLEDGEMENT, always. Returns its id.

    `reference`: the sender's own name for it (a cause number). Raises LegalError for another kind or a blank field.
    """
    if kind not in KINDS:
        raise LegalError("`kind`: must be one of " + ", ".join(KINDS))
    _named(sender=sender, reference=reference, by=by)
    due = due_at or at + timedelta(days=DAYS)
    detail = {"sender": sender.strip(), "reference": reference.strip(), "received_by": by}
    paper = LegalRequest(new_id(), kind, RECEIVED, at, due, participant, None, detail)
    async with store.unit_of_work() as uow:
        await _shelf(uow).put_legal(paper)
        await _account(uow, paper, at, by=by)
        organization = await _keeper(uow, participant)
        await open_duty(
            uow, DUTY, organization=organization, role="privacy-officer", at=at, due_at=due, reference=paper.id
        )
        if participant is not None:
            await defender.tell(uow, participant, "legal-paper", paper.id, at)
        await uow.commit()
    return paper.id


async def structure(store: Store, identity: UUID, draft: Draft, *, by: str, at: datetime) -> None:
    """Read an order into its record; it has no effect until somebody else confirms it. Replaces an earlier reading.

    Raises LegalError: no open paper, not an order, no items, an unknown item or recipient, or an order past its end.
    """
    async with store.unit_of_work() as uow:
        paper = await _held(uow, identity, (RECEIVED, STRUCTURED))
        _named(by=by)
        if paper.kind != "order":
            raise LegalError("`kind`: a subpoena or a warrant alone releases nothing (42 CFR 2.61); refuse it")
        await _check(uow, draft, at)
        read = {
            "type": draft.type.value,
            "findings": sorted(each.value for each in draft.findings),
            "items": sorted(draft.items),
            "recipient": draft.recipient,
            "expires": draft.expires.isoformat(),
        }
        detail = {**paper.detail, "order": read, "structured_by": by}
        read_so = replace(paper, state=STRUCTURED, participant=draft.participant, detail=detail)
        await _shelf(uow).put_legal(read_so)
        await _account(uow, read_so, at, by=by)
        await defender.tell(uow, draft.participant, "legal-paper", paper.id, at)
        await uow.commit()


async def _check(uow: UnitOfWork, draft: Draft, at: datetime) -> None:
    if draft.expires.utcoffset() is None or draft.expires <= at:
        raise LegalError("`expires`: must be a moment to come, with its offset")
    if await uow.registry.organization(draft.recipient) is None:
        raise LegalError("`recipient`: must be an organization of this site")
    if await uow.participants.get(draft.participant) is None:
        raise LegalError("`participant`: must be a participant of this site")
    known = {item.id for item in await uow.record.items(draft.participant)}
    if not draft.items or not draft.items <= known:
        raise LegalError("`items`: must be at least one, each on record about this participant")


async def confirm(store: Store, identity: UUID, *, by: str, at: datetime) -> Confirmed:
    """Confirm what another person has read in an order: from now on it is a fact. What it lists is ready to be printed.

    Raises LegalError: nothing to confirm, the same person, or an order that has run out by now.
    """
    async with store.unit_of_work() as uow:
        paper = await _held(uow, identity, (STRUCTURED,))
        _named(by=by)
        if _same(by, paper.detail["structured_by"]):
            raise LegalError("`--by`: must be another person than who read it")
        participant, draft = _draft(paper)
        await uow.consents.lock_and_raise(participant)
        await _check(uow, draft, at)
        order = CourtOrder("", draft.type, draft.findings, draft.items, draft.recipient, draft.expires)
        row = await uow.matters.add_order(participant, order, at)
        proposal = await _ready(uow, paper, draft, by, at)
        detail = {**paper.detail, "confirmed_by": by, "court_order": str(row)}
        detail["proposal"] = None if proposal is None else str(proposal.id)
        confirmed = replace(paper, state=CONFIRMED, detail=detail)
        await _shelf(uow).put_legal(confirmed)
        await _account(uow, confirmed, at, by=by, court_order=str(row))
        await uow.commit()
    return Confirmed(row, 0 if proposal is None else len(proposal.clearance["items"]))


async def _ready(uow: UnitOfWork, paper: LegalRequest, draft: Draft, by: str, at: datetime) -> StoredProposal | None:
    """Keep what the order lets out, as approved by both. None: it lets nothing out (a finding is missing, say)."""
    request = DisclosureRequest(
        id=str(paper.id),
        at=at,
        requester=draft.recipient,
        participant=str(draft.participant),
        purpose=Purpose.PROCEEDING,
        items=tuple(sorted(draft.items)),
    )
    proposal = await propose(uow, request, None, LEGAL_INTAKE)
    if proposal is None:
        return None
    both = f"{paper.detail['structured_by']}, {by}"
    await uow.proposals.decide(replace(proposal, by=both), "approved", None, at)
    await close_duties(uow, kinds=["approval"], reference=proposal.id, at=at)  # nobody's who works with the participant
    content = {"proposal": str(proposal.id), "digest": proposal.digest, "by": both}
    await ledger.append(
        uow, "approved", at=at, content=content, participant=draft.participant, organization=draft.recipient
    )
    return proposal


async def hand_over(store: Store, identity: UUID, *, base_url: str, by: str, at: datetime) -> Handed:
    """Print exactly what a confirmed order lists, for whoever it names. It is decided again now, and accounted for.

    Raises LegalError: not confirmed, or nothing of it may leave.
    """
    async with store.unit_of_work() as uow:
        paper = await _held(uow, identity, (CONFIRMED,))
        _named(by=by)
        organizations = {name: known for name, (known, _) in (await uow.registry.organizations()).items()}
    proposal = paper.detail["proposal"]

    async def passing(uow: UnitOfWork, passed: Sequence[tuple[StoredProposal, LedgerEntry]]) -> None:
        current = await _held(uow, identity, (CONFIRMED,))
        await handed_over(uow, passed, by=by, at=at)
        if passed:
            await _close(uow, current, ANSWERED, at, by=by)

    disclosed = await disclose_together(store, [UUID(proposal)] if proposal else [], at=at, passing=passing)
    if not disclosed:
        raise LegalError("`order`: lets nothing out; refuse it, and answer as always")
    return _handed(disclosed[0], organizations, base_url, at)


def _handed(disclosure: Disclosure, organizations: dict[str, Any], base_url: str, at: datetime) -> Handed:
    bundle = disclosure_bundle(disclosure, organizations=organizations, base_url=base_url, at=at)
    pdf = disclosure_pdf(disclosure, organizations=organizations)
    return Handed(disclosure.clearance.recipient, orjson.dumps(bundle), pdf)


async def refuse(store: Store, identity: UUID, *, why: str, by: str, at: datetime) -> None:
    """Close a paper without releasing anything; whoever brought it gets ANSWER, and the reason stays here, sealed."""
    _named(why=why, by=by)
    async with store.unit_of_work() as uow:
        paper = await _held(uow, identity, (RECEIVED, STRUCTURED, CONFIRMED))
        if paper.detail.get("proposal"):
            await uow.proposals.lapse(UUID(paper.detail["proposal"]), at)
        await _close(uow, replace(paper, detail={**paper.detail, "why": why.strip()}), REFUSED, at, by=by)
        await uow.commit()


async def _close(uow: UnitOfWork, paper: LegalRequest, state: str, at: datetime, *, by: str) -> None:
    closed = replace(paper, state=state, closed_at=at)
    await _shelf(uow).put_legal(closed)
    await _account(uow, closed, at, by=by)
    await close_duties(uow, kinds=[DUTY], reference=paper.id, at=at)


async def _held(uow: UnitOfWork, identity: UUID, states: tuple[str, ...]) -> LegalRequest:
    paper = await _shelf(uow).legal(identity, lock=True)
    if paper is None or paper.kind not in KINDS:
        raise LegalError("`ID`: names no legal paper")
    if paper.state not in states:
        raise LegalError(f"`state`: must be {' or '.join(states)}")
    return paper


def _draft(paper: LegalRequest) -> tuple[UUID, Draft]:
    read = paper.detail["order"]
    if paper.participant is None:
        raise LegalError("`participant`: must be known")
    draft = Draft(
        paper.participant,
        OrderType(read["type"]),
        frozenset(OrderFinding(each) for each in read["findings"]),
        frozenset(read["items"]),
        read["recipient"],
        datetime.fromisoformat(read["expires"]),
    )
    return paper.participant, draft


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _named(**fields: str) -> None:
    for name, value in fields.items():
        if not value.strip():
            raise LegalError(f"`{name}`: must not be blank")


def _shelf(uow: UnitOfWork) -> Affairs:
    return Affairs(uow.connection, uow.vault)


async def _keeper(uow: UnitOfWork, participant: UUID | None) -> str:
    known = None if participant is None else await uow.participants.get(participant)
    if known is not None:
        return known[0].case_management
    organizations = await uow.registry.organizations()
    keepers = sorted(n for n, (found, _) in organizations.items() if found.kind is OrganizationKind.CASE_MANAGEMENT)
    return keepers[0] if keepers else "site"


async def _account(uow: UnitOfWork, paper: LegalRequest, at: datetime, **more: str) -> None:
    content = {"paper": str(paper.id), "kind": paper.kind, "state": paper.state, **more}
    await ledger.append(uow, "legal-paper", at=at, content=content, participant=paper.participant)

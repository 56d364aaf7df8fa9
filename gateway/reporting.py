"""Reports that the law lets go without consent: a crime on the premises, child abuse, an extreme threat.

One person drafts, another confirms; the entry on the ledger commits, and only then is there a text and a PDF to hand
over. Nothing is sent by itself and no record goes with it: what a report may say are the typed fields of
consent.reports, and there is no other way to put anything in. 42 CFR 2.12(c)(5), 2.12(c)(6), LEAD GR-01.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, Final
from uuid import UUID

from consent.accounting import AccountingRow, RowKind
from consent.codes import OrganizationKind
from consent.days import day_of
from consent.model import Person
from consent.reports import (
    TYPES,
    Addressee,
    Authority,
    Report,
    ReportFault,
    ReportKind,
    cite_of,
    report_faults,
    report_text,
    title_of,
    told_fields,
)
from gateway import ledger
from gateway.store.repositories.affairs import REPORT, Affairs, LegalRequest
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry
from mappings.lead.statement import Reported
from mappings.pdf.report import report_pdf

KIND: Final = "report"
"""Of the ledger entry: a report was confirmed and handed over."""
DRAFTED: Final = "drafted"
CONFIRMED: Final = "confirmed"
DISCARDED: Final = "discarded"
_TO_COME: Final = Person("the second person, who is to come", "supervisor")
_MOMENTS: Final = frozenset({"occurred_at", "learned_at"})


class ReportingError(ValueError):
    """A report cannot be made so. Names the field and the rule, never what a field says."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A report as one person wrote it. `fields`: exactly those of its kind (`told_fields`); a moment as RFC 3339."""

    kind: ReportKind
    participant: UUID
    addressee: Addressee
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report that waits for its second person. Nobody is named."""

    id: UUID
    kind: ReportKind
    authority: Authority
    drafted_at: datetime


@dataclass(frozen=True, slots=True)
class Handed:
    """A confirmed report, to be handed to `addressee` by a person. `entry`: of the ledger."""

    addressee: Addressee
    text: str
    pdf: bytes
    entry: UUID


async def draft(store: Store, written: Draft, *, by: Person, at: datetime) -> UUID:
    """Keep a report that still has to be confirmed by another person; it has no effect yet. Returns its id.

    Raises ReportingError: a participant of nobody's here, a field too many or too few, any fault of consent.reports.
    """
    _check(_report(written, by, _TO_COME), written.addressee, at)
    identity = new_id()
    detail = {
        "kind": written.kind.value,
        "addressee": asdict(written.addressee),
        "fields": dict(written.fields),
        "author": asdict(by),
    }
    async with store.unit_of_work() as uow:
        if await uow.participants.get(written.participant) is None:
            raise ReportingError("`participant`: must be a participant of this site")
        paper = LegalRequest(identity, REPORT, DRAFTED, at, None, written.participant, None, detail)
        await _shelf(uow).put_legal(paper)
        await uow.commit()
    return identity


async def confirm(store: Store, identity: UUID, *, by: Person, at: datetime) -> Handed:
    """Confirm what another person has drafted, once, and give it to be handed over. Checked again as of now.

    INVARIANT: no entry on the ledger, no text. Raises ReportingError: no such draft, the same person, somebody who may
    not confirm, a fault, a site that is held after a restore.
    """
    async with store.unit_of_work() as uow:
        paper = await _held(uow, identity)
        written, author = _written(paper)
        report = _report(written, author, by)
        _check(report, written.addressee, at)
        if await uow.is_held():
            raise ReportingError("`site`: is held after a restore; nothing leaves until a privacy officer confirms")
        text = report_text(report)
        pdf = report_pdf(text, at=at)
        content = {
            "report": str(identity),
            "kind": written.kind.value,
            "addressee": asdict(written.addressee),
            "author": asdict(author),
            "approver": asdict(by),
            "digest": hashlib.sha256(text.encode()).hexdigest(),
        }
        entry = await ledger.append(uow, KIND, at=at, content=content, participant=written.participant)
        detail = {**paper.detail, "approver": asdict(by), "entry": str(entry.id)}
        await _shelf(uow).put_legal(replace(paper, state=CONFIRMED, closed_at=at, detail=detail))
        await uow.commit()
    return Handed(written.addressee, text, pdf, entry.id)


async def discard(store: Store, identity: UUID, *, by: Person, at: datetime) -> None:
    """Close a draft that is not to be made. Raises ReportingError: no such draft."""
    async with store.unit_of_work() as uow:
        paper = await _held(uow, identity)
        detail = {**paper.detail, "discarded_by": asdict(by)}
        await _shelf(uow).put_legal(replace(paper, state=DISCARDED, closed_at=at, detail=detail))
        await uow.commit()


async def waiting(store: Store) -> list[Waiting]:
    """Give the drafts that nobody has confirmed or discarded, oldest first."""
    async with store.unit_of_work() as uow:
        papers = await _shelf(uow).legal_open((REPORT,))
    return [
        Waiting(p.id, ReportKind(p.detail["kind"]), Authority(p.detail["addressee"]["authority"]), p.received_at)
        for p in papers
    ]


def accounted(entry: LedgerEntry) -> AccountingRow:
    """Read a `report` entry as a row of an accounting (45 CFR 164.528): to whom, on what provision, what it was."""
    kind, to = ReportKind(entry.content["kind"]), entry.content["addressee"]
    return AccountingRow(
        at=entry.at,
        kind=RowKind.REPORT,
        recipient=to["name"],
        recipient_address=to["address"],
        recipient_kind=OrganizationKind.POLICE if to["authority"] == Authority.POLICE else None,
        description=title_of(kind),
        purpose=None,
        basis=cite_of(kind),
        part2=kind is not ReportKind.THREAT,
    )


def told(entry: LedgerEntry, zone: tzinfo) -> Reported:
    """Read a `report` entry as a line of the participant's statement."""
    return Reported(day_of(entry.at, zone), entry.content["addressee"]["name"], ReportKind(entry.content["kind"]))


def _report(written: Draft, author: Person, approver: Person) -> Report:
    names = told_fields(written.kind)
    if written.fields.keys() != set(names):
        raise ReportingError(f"`fields`: must be exactly {', '.join(names)}")
    values: dict[str, Any] = {name: _value(name, written.fields[name]) for name in names}
    return TYPES[written.kind](**values, author=author, approver=approver)


def _value(name: str, text: object) -> str | datetime:
    if not isinstance(text, str):
        raise ReportingError(f"`{name}`: must be a text")
    if name not in _MOMENTS:
        return text
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ReportingError(f"`{name}`: must be a moment with its offset") from None


def _check(report: Report, addressee: Addressee, at: datetime) -> None:
    faults: tuple[ReportFault, ...] = report_faults(report, addressee, at=at)
    if faults:
        raise ReportingError("; ".join(f"`{fault.field}`: {fault.rule} ({fault.cite})" for fault in faults))


def _written(paper: LegalRequest) -> tuple[Draft, Person]:
    kept, participant = paper.detail, paper.participant
    if participant is None:
        raise ReportingError("`participant`: must be known")
    to = kept["addressee"]
    addressee = Addressee(to["name"], to["address"], Authority(to["authority"]))
    return Draft(ReportKind(kept["kind"]), participant, addressee, kept["fields"]), Person(**kept["author"])


async def _held(uow: UnitOfWork, identity: UUID) -> LegalRequest:
    paper = await _shelf(uow).legal(identity, lock=True)
    if paper is None or paper.kind != REPORT or paper.state != DRAFTED:
        raise ReportingError("`ID`: names no report that waits to be confirmed")
    return paper


def _shelf(uow: UnitOfWork) -> Affairs:
    return Affairs(uow.connection, uow.vault)

"""What a person sees before they decide: what is asked and why, what would leave, what stays and because of what."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from consent.adverse import Adverse, adverse_terms, is_guarded
from consent.decision import Decision, Finding, State
from consent.model import Item, Organization
from consent.notices import NOTICES
from consent.wording_staff import UNLOCKS
from gateway.delivery import PROPOSED, QUEUED
from gateway.explaining import ExplainError, explain
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import ParticipantRecord, StoredProposal
from gateway.use import inside
from gateway.web import vocabulary
from gateway.web.readable import Facts, facts_of
from gateway.web.seeing import full_name

_AGAINST: Final = frozenset({State.VIOLATED, State.UNKNOWN, State.ERROR})
_NO_BASIS: Final = "basis.none"
_ELSEWHERE: Final = "Held for other organizations"
_OF_THE_PERMISSION: Final = frozenset(
    {
        "participant.hold",
        "consents.readable",
        "requester.known",
        "requester.agreement",
        "requester.attested",
        "consent.not-revoked",
        "grant.recipient",
        "grant.role",
        "grant.purpose",
        "grant.category",
        "grant.unexpired",
        "grant.not-revoked",
        "grant.not-held",
        _NO_BASIS,
        "engine",
    }
)
"""Rules whose words speak of what was permitted, not of what the record is: the others would name its category."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item that would leave, as the recipient would read it."""

    item: str
    category: str
    facts: Facts
    part2: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something stays, where that stands, and what would change it."""

    because: str
    cites: str
    unlock: str


_OF_ITS_KIND: Final = Reason("a rule about records of its kind", "", "")


@dataclass(frozen=True, slots=True)
class Held:
    """What stays, by category, with the reasons; never sent, never told to who asks."""

    category: str
    count: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One place in a summary that may speak against the participant."""

    words: str
    category: str
    because: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The whole page. `due_at`: when the answer goes; `ends_at`: when a sending is too late; None: neither."""

    proposal: StoredProposal
    participant: str
    recipient: Organization | None
    asker: str | None
    entries: tuple[Entry, ...]
    held: tuple[Held, ...]
    statement: str | None
    exact: str
    due_at: datetime | None
    ends_at: datetime | None
    guarded: bool


async def shown(store: Store, proposal: StoredProposal, zone: ZoneInfo) -> Shown:
    """Put together what the page shows of a proposal that has been opened as a Use."""
    decision = await _decision(store, proposal)
    async with store.unit_of_work() as uow:
        known = await uow.participants.get(proposal.participant)
        organizations = {name: each for name, (each, _) in (await uow.registry.organizations()).items()}
        recipient = organizations.get(proposal.recipient)
        due_at, ends_at = await _times(uow, proposal)
        gone = frozenset(envelope for _, envelope in await uow.matters.unlinked(proposal.participant))
        record = await uow.record.items(proposal.participant, without=gone)
    if known is None:
        raise LookupError("a proposal is about somebody")
    clearance = proposal.clearance
    return Shown(
        proposal,
        full_name(known[0]),
        recipient,
        _asker(proposal.request),
        tuple(_entry(item, zone) for item in clearance["items"]),
        () if decision is None else held(decision, record, known[0], organizations),
        None if clearance["notice"] is None else NOTICES[clearance["notice"]].text,
        exact(clearance),
        due_at,
        ends_at,
        recipient is None or is_guarded(recipient.kind),
    )


async def _decision(store: Store, proposal: StoredProposal) -> Decision | None:
    try:
        return (await explain(store, proposal.id)).decision
    except ExplainError:
        return None


async def _times(uow: UnitOfWork, proposal: StoredProposal) -> tuple[datetime | None, datetime | None]:
    if proposal.question is not None:
        answers = await uow.deliveries.for_question(proposal.question)
        return min((each.due_at for each in answers if each.state == QUEUED and not each.late), default=None), None
    sendings = await uow.deliveries.for_proposal(proposal.id, (PROPOSED,))
    return None, min((each.expires_at for each in sendings if each.expires_at), default=None)


def _asker(request: Mapping[str, Any]) -> str | None:
    person = request.get("person")
    return None if person is None else f"{person['name']}, {person['role']}"


def _entry(item: Mapping[str, Any], zone: ZoneInfo) -> Entry:
    facts = [fact for fact in facts_of(item["resource"], zone) if fact != ("About", "the participant")]
    return Entry(item["item"], vocabulary.category(item["category"]), facts, item["part2"])


def exact(clearance: Mapping[str, Any]) -> str:
    """Write what the digest binds, as it is: nothing else of a proposal leaves."""
    names = ("recipient", "purpose", "summary", "scope", "notice", "digest")
    items = [{name: each[name] for name in ("item", "version", "category", "resource")} for each in clearance["items"]]
    return json.dumps({**{name: clearance[name] for name in names}, "items": items}, indent=1, ensure_ascii=False)


def held(
    decision: Decision, record: Sequence[Item], known: ParticipantRecord, organizations: Mapping[str, Organization]
) -> tuple[Held, ...]:
    """Group what is withheld by its category and its reasons.

    INVARIANT: of what neither the participant's case management holds nor a justice feed told it, no category is
    named, nor a rule that names it: that another organization keeps such a record is that organization's to disclose.
    """
    ours = {item.id for item in inside(record, known.case_management, organizations)}
    labels = {item.id: vocabulary.category(item.category) if item.id in ours else _ELSEWHERE for item in record}
    groups: dict[tuple[str, tuple[Reason, ...]], int] = {}
    for each in decision.withheld:
        label = labels.get(each.item, _ELSEWHERE)
        key = label, _reasons(decision.findings, each.item, each.because, ours=label != _ELSEWHERE)
        groups[key] = groups.get(key, 0) + 1
    ordered = sorted(groups.items(), key=lambda group: (group[0][0] == _ELSEWHERE, group[0][0]))
    return tuple(Held(label, count, reasons) for (label, reasons), count in ordered)


def _reasons(findings: Sequence[Finding], item: str, because: Sequence[str], *, ours: bool) -> tuple[Reason, ...]:
    rules = [rule for rule in because if rule != _NO_BASIS] or list(because)
    said = [_reason(rule, findings, item) if ours or rule in _OF_THE_PERMISSION else _OF_ITS_KIND for rule in rules]
    return tuple(dict.fromkeys(said))


def _reason(rule: str, findings: Sequence[Finding], item: str) -> Reason:
    against = [f for f in findings if f.rule == rule and f.state in _AGAINST]
    said = next((f for f in against if item in f.items), against[0] if against else None)
    if said is None:
        return Reason("a rule of this house", rule, UNLOCKS.get(rule, ""))
    return Reason(said.because, "; ".join(said.cites), UNLOCKS.get(rule, ""))


def told(summary: str | None) -> tuple[Told, ...]:
    """Point out what a summary may say against the participant, in the words that stand there."""
    return () if summary is None else tuple(_told(each, summary) for each in adverse_terms(summary))


def _told(found: Adverse, summary: str) -> Told:
    return Told(summary[found.start : found.end], vocabulary.category(found.category), found.because)

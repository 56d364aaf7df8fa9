"""A false match: what came was about somebody else. Undone in one transaction, with all that came of it.

What an envelope brought is no part of the record any more, whatever decides next (also what is queued); what was
disclosed while it was is listed, entry by entry; an incident is opened, and two statements are written.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.days import day_of
from gateway import ledger
from gateway.duties import close_duties
from gateway.incidents import FALSE_MATCH, open_incident
from gateway.judged import pins
from gateway.outcomes import suppress
from gateway.placing import carried, replace_without
from gateway.store.repositories.affairs import Affairs, Incident
from gateway.store.repositories.stopping import Stopping
from gateway.store.unit_of_work import SiteNotConfiguredError, Store, UnitOfWork
from gateway.store.values import LedgerEntry
from gateway.store.vault import UNREADABLE
from gateway.withdrawing import CHANGED, Withdrawn, tell_staff, withdraw, withdraw_proposal
from mappings.lead.incident_words import for_other, for_participant


class UnlinkError(ValueError):
    """A match cannot be undone so. Names the field and the rule, never a person."""


@dataclass(frozen=True, slots=True)
class Told:
    """One disclosure that rested on the false match. `content`: what the message says was in it, not only led to it."""

    entry: UUID
    at: datetime
    organization: str
    content: bool


@dataclass(frozen=True, slots=True)
class Unlinked:
    """What undoing a match did: the incident, who had been told, what was taken back, what both sides are told."""

    incident: Incident
    told: tuple[Told, ...]
    taken: Withdrawn
    for_participant: tuple[str, ...]
    for_other: tuple[str, ...]


async def unlink(
    store: Store, participant: UUID, envelope: UUID, *, why: str, by: str, at: datetime, language: str = "en"
) -> Unlinked:
    """Take an envelope off a participant. Raises UnlinkError: nothing of theirs by that id, undone before, or blank."""
    if not why.strip() or not by.strip():
        raise UnlinkError("`--why`, `--by`: must not be blank")
    async with store.unit_of_work() as uow:
        await uow.told.alone(participant)  # before the consent version, as intake does
        await uow.consents.lock_and_raise(participant)
        affairs = Affairs(uow.connection, uow.vault)
        came = await affairs.came(participant, envelope)
        if came is None:
            raise UnlinkError("`ENVELOPE`: names nothing that is kept about this participant")
        if envelope in {known for _, known in await uow.matters.unlinked(participant)}:
            raise UnlinkError("`ENVELOPE`: has been taken off already")
        brought = await affairs.brought(participant, envelope)
        tainted = await carried(uow, participant, envelope, came)
        told = tuple(_told(await uow.accounting.of(participant), tainted.union(brought)))
        row = await uow.matters.add_unlink(participant, envelope, {"by": by, "why": why.strip()}, at)
        await uow.mark("unlink", {"participant": str(participant), "envelope": str(envelope), "by": by})
        await _account(uow, participant, envelope, brought, told, by, at)
        taken = await put_right(uow, participant, envelope, tainted, at, by=by)
        await tell_staff(uow, participant, row, taken, at, how="false-match", by=by)
        texts = await _words(uow, told, came, at, language)
        detail = _detail(envelope, why, told, texts)
        incident = await open_incident(uow, FALSE_MATCH, participant=participant, detail=detail, by=by, at=at)
        await uow.commit()
    return Unlinked(incident, told, taken, *texts)


async def put_right(
    uow: UnitOfWork, participant: UUID, envelope: UUID, tainted: Collection[tuple[str, int]], at: datetime, *, by: str
) -> Withdrawn:
    """Work the record out anew without an envelope, which has been taken off, and take back what rests on it.

    `tainted`: the versions that may say what it said. INVARIANT: a proposal pins versions, so one that pins such a
    version would say it still, whatever the record says now; it is withdrawn, queued or not.
    """
    await replace_without(uow, participant, envelope, at)
    suppressed = withdrawn = 0
    for queued in await uow.deliveries.queued_for(participant):
        if queued.proposal is not None and await _rests_on(uow, queued.proposal, tainted):
            await suppress(uow, queued, at, cause=CHANGED)
            await close_duties(uow, kinds=["approval"], reference=queued.proposal, at=at)
            suppressed += 1
    for identity in await Stopping(uow.connection).undecided(participant):
        if await _rests_on(uow, identity, tainted):
            await withdraw_proposal(uow, identity, participant, at, by=by, cause=CHANGED)
            withdrawn += 1
    taken = await withdraw(uow, participant, at, by=by)
    return replace(taken, deliveries=taken.deliveries + suppressed, proposals=taken.proposals + withdrawn)


async def _rests_on(uow: UnitOfWork, proposal: UUID, tainted: Collection[tuple[str, int]]) -> bool:
    try:
        found = await uow.proposals.get(proposal, lock=True)
    except UNREADABLE:  # `withdraw` takes it back in any case
        return False
    return found is not None and any(pinned in tainted for pinned in pins(found))


def _told(entries: Sequence[LedgerEntry], wanted: Collection[tuple[str, int]]) -> list[Told]:
    """Give the disclosures whose decision saw what the envelope said, by the versions that the ledger refers to."""
    found = []
    for entry in entries:
        if entry.kind != "disclosure" or entry.organization is None:
            continue
        seen = {(item, version) for item, version in entry.content["references"]["items"]}.intersection(wanted)
        released = {each[0] for each in entry.content["decision"]["released"]}
        if seen:
            content = any(item in released for item, _ in seen)
            found.append(Told(entry.id, entry.at, entry.organization, content))
    return found


async def _account(
    uow: UnitOfWork,
    participant: UUID,
    envelope: UUID,
    brought: Sequence[tuple[str, int]],
    told: Sequence[Told],
    by: str,
    at: datetime,
) -> None:
    content = {
        "envelope": str(envelope),
        "items": [[item, version] for item, version in brought],
        "disclosures": [str(each.entry) for each in told],
        "by": by,
    }
    await ledger.append(uow, "unlink", at=at, content=content, participant=participant)


async def _words(
    uow: UnitOfWork, told: Sequence[Told], came: datetime, at: datetime, language: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    site = await uow.registry.site()
    if site is None:
        raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
    zone: tzinfo = ZoneInfo(site.timezone)
    known = {name: found.name for name, (found, _) in (await uow.registry.organizations()).items()}
    since, until = (day_of(moment, zone).isoformat() for moment in (came, at))
    names = sorted({known.get(each.organization, each.organization) for each in told})
    content = sorted({known.get(each.organization, each.organization) for each in told if each.content})
    return for_participant(language, since, until, names), for_other(language, since, until, content)


def _detail(
    envelope: UUID, why: str, told: Sequence[Told], texts: tuple[tuple[str, ...], tuple[str, ...]]
) -> dict[str, Any]:
    return {
        "envelope": str(envelope),
        "why": why.strip(),
        "told": [[str(each.entry), each.organization, each.content] for each in told],
        "for_participant": list(texts[0]),
        "for_other": list(texts[1]),
    }

"""The case conference (OWG): one packet for each organization at the table, of only what that organization may see.

An agenda is prepared first: for each participant and organization that a grant reaches, a proposal waits for the case
manager, like any other; what may not leave is a denial on the ledger. What was approved is then printed, all of it in
one passing of the point of no return: decided again, accounted for, and handed over (printing is a disclosure too).
INVARIANT: a packet holds what its organization may see and nothing else; it does not tell who was on the agenda.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import orjson

from consent.adverse import is_guarded
from consent.days import day_of
from consent.disclosure import Disclosure
from consent.model import Organization
from consent.request import DisclosureRequest
from gateway import ledger
from gateway.approval import pointed_out
from gateway.disclosure import Loaded, disclose_together, propose_each
from gateway.exchanges import diversion
from gateway.exchanges.configured import Promise, configured
from gateway.exchanges.recipients import Occasion, offers
from gateway.handing import handed_over
from gateway.store.repositories.affairs import Affairs, Conference
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry, StoredProposal
from mappings.fhir.packet import packet_bundle
from mappings.lead.agenda import Agenda, Seat
from mappings.pdf.packet import packet_pdf
from mappings.tables.exchanges import Exchange, Trigger

EXCHANGE: Final = "conference-packet"
PREPARED: Final = "prepared"
PRINTED: Final = "printed"
_NAMESPACE: Final = UUID("b8a5a8a2-3f0c-5a56-8f5b-6a0a7a0f6a77")  # of our own, for uuid5 (RFC 9562)


class ConferenceError(ValueError):
    """A conference cannot be prepared or printed so. Names the field and the rule, never a participant."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A conference by its id; how many proposals wait for a case manager, and how many have been approved."""

    id: UUID
    waiting: int
    approved: int


@dataclass(frozen=True, slots=True)
class Packet:
    """What one organization takes to the table: a document Bundle as JSON, and the same as a tagged PDF."""

    organization: str
    bundle: bytes
    pdf: bytes
    participants: int


def id_of(agenda: Agenda) -> UUID:
    """Give the id of a conference: the same agenda is the same conference."""
    seats = sorted(f"{seat.organization}|{seat.person}|{seat.role}|{seat.promised}" for seat in agenda.seats)
    return uuid5(_NAMESPACE, "\n".join((agenda.at.isoformat(), *sorted(agenda.participants), "", *seats)))


async def prepare(store: Store, agenda: Agenda, *, by: str, at: datetime) -> Prepared:
    """Propose to each organization at the table what it may see of each participant. A second time changes nothing.

    Raises ConferenceError: the exchange is off, the time is over, or a participant or an organization is not known.
    """
    identity = id_of(agenda)
    async with store.unit_of_work() as uow:
        exchange = await _exchange(uow, agenda, at)
        people = await _people(uow, agenda)
        await _check_table(uow, agenda)
        if await Affairs(uow.connection, uow.vault).conference(identity) is None:
            await uow.consents.lock_all_shared(people)
            await uow.read_ahead(people)
            await _propose(uow, exchange, agenda, identity, people, at)
            await _keep(uow, agenda, identity, by, at)
        prepared = await _count(uow, identity, people, agenda)
        await uow.commit()
    return prepared


async def _exchange(uow: UnitOfWork, agenda: Agenda, at: datetime) -> Exchange:
    exchange = (await configured(uow, at)).exchanges.get(EXCHANGE)
    if exchange is None or Trigger.CONFERENCE not in exchange.triggers:
        raise ConferenceError("`exchange`: this site has turned conference packets off")
    if at >= agenda.at + exchange.limit:
        raise ConferenceError("`at`: the time limit of this conference has passed")
    return exchange


async def _people(uow: UnitOfWork, agenda: Agenda) -> list[UUID]:
    found = [await uow.participants.find(reference) for reference in agenda.participants]
    known = [identity for identity in found if identity is not None]
    if len(known) != len(found):
        raise ConferenceError("`participants`: each must be a participant of this site")
    return known


async def _check_table(uow: UnitOfWork, agenda: Agenda) -> None:
    known = await uow.registry.organizations()
    if any(seat.organization not in known for seat in agenda.seats):
        raise ConferenceError("`organizations`: each must be an organization of this site")


async def _propose(
    uow: UnitOfWork, exchange: Exchange, agenda: Agenda, identity: UUID, people: Sequence[UUID], at: datetime
) -> None:
    site = await uow.registry.site()
    day = agenda.at.date() if site is None else day_of(agenda.at, ZoneInfo(site.timezone))
    read = [(participant, await uow.load(participant, at)) for participant in people]
    asked = [
        (_request(exchange, seen, seat, identity, participant, day, at), seen)
        for participant, seen in read
        for seat in agenda.seats
    ]
    await propose_each(uow, asked, EXCHANGE)


def _request(
    exchange: Exchange, seen: Loaded, seat: Seat, identity: UUID, participant: UUID, day: date, at: datetime
) -> DisclosureRequest:
    """Give the request of one pair: what a grant lets through, else one for nothing, which is denied and accounted."""
    promises = {seat.organization: Promise(seat.organization, seat.person, day)} if seat.promised else {}
    occasion = Occasion(str(participant), frozenset(), at)
    name = str(uuid5(identity, f"{participant}|{seat.organization}"))
    untold = diversion.untold(seen[0], str(participant), seat.organization)
    for offer in offers(exchange, seen[0], occasion, promises, only=seat.organization):
        if offer.request.person is None or offer.request.person.role in ("", seat.role):
            items = tuple(each for each in offer.request.items or () if each not in untold)
            return replace(offer.request, id=name, at=at, items=items)
    return DisclosureRequest(name, at, seat.organization, str(participant), exchange.purposes[0], items=())


async def _keep(uow: UnitOfWork, agenda: Agenda, identity: UUID, by: str, at: datetime) -> None:
    detail = {"by": by, "participants": len(agenda.participants), "seats": [s.organization for s in agenda.seats]}
    await Affairs(uow.connection, uow.vault).put_conference(Conference(identity, PREPARED, agenda.at, at, detail))
    await ledger.append(uow, "conference", at=at, content={"conference": str(identity), "by": by, "step": PREPARED})


async def _count(uow: UnitOfWork, identity: UUID, people: Sequence[UUID], agenda: Agenda) -> Prepared:
    states = [each.state for each in await _proposals(uow, identity, people, agenda)]
    return Prepared(identity, states.count("waiting"), states.count("approved"))


async def _proposals(uow: UnitOfWork, identity: UUID, people: Sequence[UUID], agenda: Agenda) -> list[StoredProposal]:
    """Give the proposals of a conference that stand, those that a person has edited in the place of the first."""
    rows = await Affairs(uow.connection, uow.vault).decisions(people, EXCHANGE)
    names = {str(uuid5(identity, f"{p}|{seat.organization}")) for p in people for seat in agenda.seats}
    found = await uow.proposals.among([row[0] for row in rows])
    return [each for each in found if each.request["id"] in names]


async def approve_all(store: Store, agenda: Agenda, *, by: str, at: datetime) -> int:
    """Approve, by name, whatever of a conference still waits, as it stands; returns how many.

    Words that speak against a participant, to anybody but health and counsel, are left waiting: they are approved one
    by one. Raises ConferenceError: nobody is named, or the conference has not been prepared.
    """
    if not by.strip():
        raise ConferenceError("`--by`: must name somebody")
    identity = id_of(agenda)
    async with store.unit_of_work() as uow:
        people = await _people(uow, agenda)
        await uow.consents.lock_all_shared(people)
        if await Affairs(uow.connection, uow.vault).conference(identity) is None:
            raise ConferenceError("`AGENDA`: has not been prepared")
        kinds = {name: known.kind for name, (known, _) in (await uow.registry.organizations()).items()}
        waiting = [
            each
            for each in await _proposals(uow, identity, people, agenda)
            if each.state == "waiting" and not (pointed_out(each) and is_guarded(kinds[each.recipient]))
        ]
        await _approve(uow, waiting, by, at)
        await uow.commit()
    return len(waiting)


async def _approve(uow: UnitOfWork, waiting: Sequence[StoredProposal], by: str, at: datetime) -> None:
    entries = []
    await uow.proposals.approve_all([replace(each, by=by) for each in waiting], at)
    await Affairs(uow.connection, uow.vault).close_duties("approval", [each.id for each in waiting], at)
    for each in waiting:
        content = {"proposal": str(each.id), "digest": each.digest, "by": by}
        entries.append(
            ledger.entry("approved", at=at, content=content, participant=each.participant, organization=each.recipient)
        )
    await ledger.append_all(uow, entries)


async def hand_over(store: Store, agenda: Agenda, *, base_url: str, by: str, at: datetime) -> list[Packet]:
    """Make the packets of what has been approved, one for each organization that hears anything.

    Each is a disclosure: decided again now, on exactly the approved versions; what may not leave any more is left out.
    Raises ConferenceError: not prepared, or its time limit has passed.
    """
    identity = id_of(agenda)
    async with store.unit_of_work() as uow:
        await _exchange(uow, agenda, at)
        people = await _people(uow, agenda)
        if await Affairs(uow.connection, uow.vault).conference(identity) is None:
            raise ConferenceError("`AGENDA`: has not been prepared")
        approved = [each for each in await _proposals(uow, identity, people, agenda) if each.state == "approved"]
        organizations = {name: known for name, (known, _) in (await uow.registry.organizations()).items()}

    async def passing(uow: UnitOfWork, passed: Sequence[tuple[StoredProposal, LedgerEntry]]) -> None:
        await _handed(uow, identity, passed, by, at)

    disclosed = await disclose_together(store, [each.id for each in approved], at=at, passing=passing)
    made = [asyncio.to_thread(_packet, each, organizations, base_url, at) for each in _by_recipient(disclosed).values()]
    return sorted(await asyncio.gather(*made), key=lambda packet: packet.organization)


def _packet(
    disclosures: Sequence[Disclosure], organizations: Mapping[str, Organization], base_url: str, at: datetime
) -> Packet:
    bundle = packet_bundle(disclosures, organizations=organizations, base_url=base_url, at=at)
    pdf = packet_pdf(disclosures, organizations=organizations, at=at)
    return Packet(disclosures[0].clearance.recipient, orjson.dumps(bundle), pdf, len(disclosures))


def _by_recipient(disclosed: Iterable[Disclosure]) -> dict[str, list[Disclosure]]:
    found: dict[str, list[Disclosure]] = defaultdict(list)
    for each in disclosed:
        found[each.clearance.recipient].append(each)
    return found


async def _handed(
    uow: UnitOfWork, identity: UUID, passed: Sequence[tuple[StoredProposal, LedgerEntry]], by: str, at: datetime
) -> None:
    """Write down that what passed was handed over, and by whom."""
    await handed_over(uow, passed, by=by, at=at)
    affairs = Affairs(uow.connection, uow.vault)
    meeting = await affairs.conference(identity, lock=True)
    if meeting is not None:
        await affairs.put_conference(replace(meeting, state=PRINTED))
    await ledger.append(uow, "conference", at=at, content={"conference": str(identity), "by": by, "step": PRINTED})

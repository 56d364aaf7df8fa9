"""Put a LEAD file into the site: all of it or nothing, and the same file twice changes nothing."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from uuid import UUID

import orjson

from consent.codes import Category
from consent.model import Consent, Revocation
from gateway import defender, ledger
from gateway.announcing import consent_changed
from gateway.ending import window
from gateway.exchanges.arriving import after_consent, after_items
from gateway.stopping import SYSTEM, record_stop
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import Client, ParticipantRecord, PersonName, Stop, StopKind, StoredItem
from gateway.withdrawing import NOTHING, tell_staff, withdraw
from mappings.fhir import careplan
from mappings.lead.site_checks import KnownIds
from mappings.lead.site_file import Enrollment, LeadFile, Partner, SystemClient, read_lead_file


@dataclass(frozen=True, slots=True)
class Ingested:
    """How many things of each kind were new or changed."""

    organizations: int
    participants: int
    consents: int
    items: int
    clients: int


async def ingest(store: Store, content: bytes, at: datetime) -> Ingested:
    """Read a LEAD file and put it in. Raises LeadFileError, which names path and rule; then nothing was changed."""
    return await ingest_all(store, [content], at)


async def ingest_all(store: Store, contents: Sequence[bytes], at: datetime) -> Ingested:
    """Put several LEAD files in, in their order, all or none. A later one may refer to an earlier one."""
    async with store.unit_of_work() as uow:
        await _hold(uow, contents)
        done = [await _file(uow, content, at) for content in contents]
        await uow.commit()
    return Ingested(*(sum(counts) for counts in zip(*map(astuple, done), strict=True)))


async def _hold(uow: UnitOfWork, contents: Sequence[bytes]) -> None:
    """Take the consent versions of all whose forms or events may come, in the one order that everybody keeps.

    In the order of the files, two that name the same people the other way round would wait for each other for ever.
    """
    named = frozenset[str]().union(*(_named(content, ("rois", "records")) for content in contents))
    known = {await uow.participants.find(reference) for reference in named}
    for participant in sorted(identity for identity in known if identity is not None):
        await uow.consents.lock_and_raise(participant)


async def _file(uow: UnitOfWork, content: bytes, at: datetime) -> Ingested:
    file = read_lead_file(content, await _known(uow, content), at=at)
    if file.site is not None:
        await uow.registry.put_site(file.site, at)
    organizations = [await _partner(uow, partner, at) for partner in file.partners]
    people = {e.participant.id: await _enrollment(uow, e, at) for e in file.enrollments}
    return Ingested(
        organizations=sum(organizations),
        participants=sum(changed for _, changed in people.values()),
        consents=sum([await _consent(uow, c, at) for c in file.rois]),
        items=sum([await _item(uow, *pair, at) for pair in await _items(uow, file)]),
        clients=sum([await _client(uow, given) for given in file.clients]),
    )


async def _known(uow: UnitOfWork, content: bytes) -> KnownIds:
    """Give what a file may refer to besides itself. References are asked for one by one: no list."""
    named = read_references(content)
    known = [reference for reference in named if await uow.participants.find(reference) is not None]
    organizations = {name: one for name, (one, _) in (await uow.registry.organizations()).items()}
    return KnownIds(organizations, frozenset(known))


def read_references(content: bytes) -> frozenset[str]:
    """Give the participant references that a file uses, as far as it can be read; its real reading comes after."""
    return _named(content, ("intakes", "plans", "rois", "records"))


def _named(content: bytes, parts: Sequence[str]) -> frozenset[str]:
    try:
        raw = orjson.loads(content)
        named = [row["participant"] for part in parts for row in raw.get(part, [])]
        return frozenset(name for name in named if isinstance(name, str))
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return frozenset()


async def _partner(uow: UnitOfWork, partner: Partner, at: datetime) -> bool:
    endpoint = None if partner.endpoint is None else partner.endpoint.url
    return await uow.registry.put_organization(partner.organization, endpoint, at)


async def _client(uow: UnitOfWork, given: SystemClient) -> bool:
    made = Client(given.client_id, given.organization, dict(given.jwks), given.scopes, disabled=False)
    return await uow.clients.put(replace(made, purposes=given.purposes))


async def _enrollment(uow: UnitOfWork, enrollment: Enrollment, at: datetime) -> tuple[UUID, bool]:
    record = ParticipantRecord(
        participant=enrollment.participant,
        reference=enrollment.participant.id,
        name=PersonName(enrollment.name.given, enrollment.name.family),
        aliases=tuple(PersonName(a.given, a.family) for a in enrollment.aliases),
        identifiers=tuple((i.system, i.value) for i in enrollment.identifiers),
        case_management=enrollment.case_management,
        case_manager=enrollment.case_manager,
    )
    return await uow.participants.put(record, at)


async def _find(uow: UnitOfWork, reference: str) -> UUID:
    found = await uow.participants.find(reference)
    if found is None:
        raise LookupError("`participant`: must be a participant of this site")
    return found


async def _consent(uow: UnitOfWork, consent: Consent, at: datetime) -> bool:
    participant = await _find(uow, consent.participant)
    await uow.consents.lock_and_raise(participant)
    consent = await defender.before_consent(uow, participant, consent)
    identity, changed = await uow.consents.put(participant, consent.id, consent, at)
    revoked = [await _revocation(uow, participant, identity, each, at) for each in consent.revocations]
    if changed or any(revoked):  # a new version of a form may be a narrower one
        taken = await withdraw(uow, participant, at, by=SYSTEM)
        stops = [stop for stop in revoked if stop is not None]
        if stops and taken is not NOTHING:  # one that came already revoked has led to nothing yet
            await tell_staff(uow, participant, stops[0], taken, at, how="revocation-received", by=SYSTEM)
    if changed:
        content = {"consent": str(identity), "kind": consent.kind.value}
        await ledger.append(uow, "consent", at=at, content=content, participant=participant)
        await after_consent(uow, participant, at)
        await defender.after_consent(uow, participant, identity, consent, at)
        await consent_changed(uow, participant, identity, await window(uow, at), at)
    return changed or any(revoked)


async def _revocation(
    uow: UnitOfWork, participant: UUID, consent: UUID, given: Revocation, at: datetime
) -> UUID | None:
    """Record a revocation that came with a form; None: it is on record already."""
    stop = Stop(StopKind.REVOCATION, given.at, consent=str(consent), grants=given.grants, mode=given.mode)
    if any(known == stop for _, known in await uow.consents.stops(participant)):
        return None
    return await record_stop(uow, participant, stop, at)


async def _items(uow: UnitOfWork, file: LeadFile) -> list[tuple[str, StoredItem]]:
    records = [
        (
            i.participant,
            StoredItem(i.id, i.category, i.source, i.created, None if i.resource is None else dict(i.resource)),
        )
        for i in file.records
    ]
    plans = [
        (
            p.participant,
            StoredItem(
                f"plan:{p.id}",
                Category.CARE_PLAN,
                await _case_management(uow, p.participant),
                p.created,
                careplan.to_fhir(p),
            ),
        )
        for p in file.plans
    ]
    intakes = [
        (
            i.participant,
            StoredItem("intake", Category.INTAKE, await _case_management(uow, i.participant), i.completed_at, None),
        )
        for i in file.intakes
    ]
    return [*records, *plans, *intakes]


async def _case_management(uow: UnitOfWork, reference: str) -> str | None:
    known = await uow.participants.get(await _find(uow, reference))
    return None if known is None else known[0].case_management


async def _item(uow: UnitOfWork, reference: str, item: StoredItem, at: datetime) -> bool:
    participant = await _find(uow, reference)
    identity, changed = await uow.record.put(participant, item, at)
    await after_items(uow, participant, [(identity, item)] if changed else [], at)
    return changed

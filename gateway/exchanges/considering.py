"""The job after something came in: what it sets off, toward whom, and what is made of that.

Idempotent, and safe to run in any number of processes. Who sent the item never learns what came of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from consent.codes import OrganizationKind
from consent.facts import Facts
from consent.model import Item
from gateway.announcing import custody_changed
from gateway.duties import open_duty
from gateway.exchanges import diversion
from gateway.exchanges.configured import configured
from gateway.exchanges.offering import Cause, Desk, key_of, make
from gateway.exchanges.recipients import Occasion, item_of, offers
from gateway.exchanges.triggers import happened, trigger_of
from gateway.log import get_logger
from gateway.settings import Settings
from gateway.store.repositories.site_exchanges import Past
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.vault import UNREADABLE
from mappings.tables.exchanges import Exchange, Trigger

_DUTIES: Final = {
    Trigger.BOOKING: "custody-alert",
    Trigger.RELEASE: "custody-alert",
    Trigger.FILING_DECISION: "case-status",
}
_log = get_logger(__name__)


async def consider(store: Store, settings: Settings, participant: UUID, items: Iterable[UUID], at: datetime) -> int:
    """Do what new or changed items of a participant set off, or a recorded form (no items). Returns how much was made.

    A record that cannot be read sets nothing off.
    """
    async with store.unit_of_work() as uow:
        await Past(uow.connection).alone(participant)
        if await uow.consents.lock_shared(participant) is None:
            return 0
        try:
            desk = Desk(uow, await configured(uow, at), settings, at)
            made = await _consider(desk, participant, tuple(items))
        except UNREADABLE as error:
            _log.error("record unreadable", error_class=type(error).__name__)
            return 0
        await uow.commit()
        return made


async def _consider(desk: Desk, participant: UUID, items: tuple[UUID, ...]) -> int:
    facts, _ = await desk.uow.load(participant, desk.at)
    causes = await _causes(desk, facts, participant, items)
    made = await _announce(desk, facts, participant, causes)
    for exchange in desk.site.exchanges.values():
        for trigger in sorted(exchange.triggers & causes.keys()):
            for happening in causes[trigger]:
                work = _inside if exchange.use else _outside
                made += await work(desk, exchange, facts, happening)
    return made


async def _announce(desk: Desk, facts: Facts, participant: UUID, causes: Mapping[Trigger, list["_Happening"]]) -> int:
    """Have those told of bookings and releases who subscribed to them (gateway.announcing)."""
    made = 0
    for happening in (one for trigger in (Trigger.BOOKING, Trigger.RELEASE) for one in causes.get(trigger, ())):
        for item in (item_of(facts, identity) for identity in sorted(happening.occasion.items)):
            if item is not None:
                made += await custody_changed(desk.uow, participant, item, desk.at)
    return made


@dataclass(frozen=True, slots=True)
class _Happening:
    """What has happened: the items that say so, and since when and in which versions."""

    trigger: Trigger
    occasion: Occasion
    cause: Cause


async def _causes(
    desk: Desk, facts: Facts, participant: UUID, items: tuple[UUID, ...]
) -> Mapping[Trigger, list[_Happening]]:
    found: dict[Trigger, list[_Happening]] = defaultdict(list)
    for item in (item for identity in items if (item := item_of(facts, str(identity))) is not None):
        before = await _before(desk.uow, participant, item)
        trigger = trigger_of(item, before, _sender(facts, item))
        if trigger is not None:
            occasion = Occasion(str(participant), frozenset({item.id}), desk.at)
            cause = Cause(happened(item, before, desk.at), (f"{item.id}/{item.version}",))
            found[trigger].append(_Happening(trigger, occasion, cause))
    since = diversion.completed_at(facts, str(participant))
    if since is not None:
        occasion = Occasion(str(participant), frozenset(), desk.at)
        cause = Cause(since, diversion.versions(facts, str(participant)))
        found[Trigger.ENROLLED].append(_Happening(Trigger.ENROLLED, occasion, cause))
    return found


async def _before(uow: UnitOfWork, participant: UUID, item: Item) -> Item | None:
    """Give the version before this one, so that the same news told again is no news."""
    if item.version == 1:
        return None
    found = await uow.record.items(participant, [(item.id, item.version - 1)])
    return found[0] if found else None


def _sender(facts: Facts, item: Item) -> OrganizationKind | None:
    source = None if item.source is None else facts.organizations.get(item.source)
    return None if source is None else source.kind


async def _outside(desk: Desk, exchange: Exchange, facts: Facts, happening: _Happening) -> int:
    """Offer it to each recipient whom the participant's grants let it reach."""
    made = 0
    for offer in offers(exchange, facts, happening.occasion, desk.site.promises):
        about = (UUID(happening.occasion.participant), exchange.id, offer.recipient.id)
        if happening.trigger is Trigger.ENROLLED and await Past(desk.uow.connection).goes_on(*about):
            continue  # said once, or about to be said: a second form is no second completion
        made += await make(desk, exchange, offer, happening.cause) is not None
    return made


async def _inside(desk: Desk, exchange: Exchange, facts: Facts, happening: _Happening) -> int:
    """Put it on the list of the participant's own case management: once, until somebody has seen it (a Use)."""
    participant = UUID(happening.occasion.participant)
    known = await desk.uow.participants.get(participant)
    kind = _DUTIES.get(happening.trigger)
    if known is None or kind is None or desk.at >= happening.cause.since + exchange.limit:
        return 0
    categories = {item.category for item in facts.record or () if item.id in happening.occasion.items}
    if not categories & exchange.categories:
        return 0
    reference = key_of(exchange.id, participant, known[0].case_management, happening.cause.versions)
    if await Past(desk.uow.connection).was_duty(reference):
        return 0
    await open_duty(
        desk.uow,
        kind,
        organization=known[0].case_management,
        role="case-manager",
        at=desk.at,
        participant=participant,
        assignee=known[0].case_manager,
        reference=reference,
        detail=_detail(facts, happening),
    )
    return 1


def _detail(facts: Facts, happening: _Happening) -> dict[str, Any]:
    """Say what has happened; of a case also what it is to the enrolment, for those who manage it."""
    occasion = happening.occasion
    told: dict[str, Any] = {"event": happening.trigger.value, "items": sorted(occasion.items)}
    matters = diversion.matter_kinds(facts, occasion.participant, occasion.items)
    return told | ({"matter": {item: kind.value for item, kind in matters.items()}} if matters else {})

"""Tells staff that something waits, and nothing else: no name, no kind, no number (design.md 9: counts are exits too).

Each minute: who has an open duty that nobody has told them of, or not for as long as its kind says. At most one message
per person in an hour, whatever waits. In quiet hours nobody is told but of a custody alert: a booked participant may
miss a dose before the morning. A nudge at night therefore says that somebody is in custody, but not who; a site for
which that is too much disables those contacts or sets quiet hours of `none`.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from adapters.staff.nudge import ContactError, NotTold, Nudge, Told
from adapters.staff.smtp import Mail, checked_address, server_of
from adapters.staff.webhook import Webhook, checked_webhook
from gateway.duties import KINDS, DutyKind, escalate, holder
from gateway.log import get_logger
from gateway.settings import Settings, quiet_of
from gateway.store.repositories.approvals import Contact, Delegation
from gateway.store.repositories.duties import Duty
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.windows import is_quiet

if TYPE_CHECKING:  # the program composes the housekeeping that calls this
    from gateway.program import Program

PER_PERSON: Final = timedelta(hours=1)
AFTER_A_FAILURE: Final = timedelta(minutes=5)
ROLES: Final = frozenset({"privacy-officer", "case-manager", "supervisor", "project-manager", "auditor", "defender"})
CONSOLE: Final = "/console"
_UNKNOWN_KIND: Final = DutyKind((24, 72))
_log = get_logger(__name__)
Doors = Mapping[str, Nudge]


@dataclass(frozen=True, slots=True)
class _Round:
    """Whom to tell now, and of which duties each would then know."""

    contacts: tuple[Contact, ...] = ()
    duties: Mapping[UUID, tuple[UUID, ...]] | None = None


async def nudge(program: "Program") -> None:
    """Tell whoever has something waiting. Any number of processes may call: one at a time decides whom."""
    await nudge_once(program.store, program.settings, doors_of(program.settings), program.now())


def doors_of(settings: Settings) -> Doors:
    """Give the ways in which this site tells staff: webhooks always, e-mail where a server is set."""
    doors: dict[str, Nudge] = {"webhook": Webhook()}
    if settings.smtp_url is not None and settings.smtp_from is not None:
        tls = ssl.create_default_context(cafile=settings.smtp_ca_file)
        server = server_of(settings.smtp_url.get_secret_value())
        doors["email"] = Mail(server, sender=settings.smtp_from, tls=tls)
    return doors


async def nudge_once(store: Store, settings: Settings, doors: Doors, at: datetime) -> int:
    """Make one round; returns how many were told. That a round was begun is committed before anything is sent."""
    async with store.unit_of_work() as uow:
        found = await _whom(uow, settings, doors, at)
        await uow.approvals.nudged([contact.id for contact in found.contacts], at)
        await uow.commit()
    if not found.contacts:
        return 0
    outcomes = await asyncio.gather(*(_tell(doors, contact, settings, at) for contact in found.contacts))
    async with store.unit_of_work() as uow:
        told = [contact for contact, went in zip(found.contacts, outcomes, strict=True) if _may_have_gone(went)]
        missed = [
            contact.id for contact, went in zip(found.contacts, outcomes, strict=True) if not _may_have_gone(went)
        ]
        await uow.duties.nudged([each for contact in told for each in (found.duties or {})[contact.id]], at)
        await uow.approvals.nudged(missed, at - PER_PERSON + AFTER_A_FAILURE)
        await uow.commit()
    return len(told)


def _may_have_gone(went: Told | NotTold) -> bool:
    return isinstance(went, Told) or went.perhaps


async def _tell(doors: Doors, contact: Contact, settings: Settings, at: datetime) -> Told | NotTold:
    try:
        went = await doors[contact.channel].tell(contact.address, settings.base_url + CONSOLE, at)
    except ContactError:
        went = NotTold("address", perhaps=False)
    if isinstance(went, NotTold):
        _log.warning("staff not told", rule=went.cause)
    return went


async def _whom(uow: UnitOfWork, settings: Settings, doors: Doors, at: datetime) -> _Round:
    site = await uow.registry.site()
    if site is None or await uow.registry.is_held() or not await uow.approvals.become_nudger():
        return _Round()
    quiet = is_quiet(at, quiet_of(settings.nudge_quiet_hours), site.timezone)
    waiting = [duty for duty in await uow.duties.open(bare=True) if _calls(duty, at, quiet=quiet)]
    contacts = [each for each in await uow.approvals.contacts() if each.channel in doors]
    delegations = [each for each in await uow.approvals.delegations() if each.in_force(at)]
    resting = {_person(each) for each in contacts if each.nudged_at is not None and at < each.nudged_at + PER_PERSON}
    chosen: dict[tuple[str, str], Contact] = {}
    duties: dict[UUID, tuple[UUID, ...]] = {}
    for duty in waiting:
        for contact in _reach(duty, contacts, delegations):
            if _person(contact) not in resting:
                first = chosen.setdefault(_person(contact), contact)
                duties[first.id] = (*duties.get(first.id, ()), duty.id)
    return _Round(tuple(chosen.values()), duties)


def _calls(duty: Duty, at: datetime, *, quiet: bool) -> bool:
    """Say whether a duty wants somebody told now."""
    kind = KINDS.get(duty.kind, _UNKNOWN_KIND)
    rested = duty.nudged_at is None or at >= duty.nudged_at + timedelta(hours=kind.again)
    return rested and (kind.urgent or not quiet)


def _reach(duty: Duty, contacts: Iterable[Contact], delegations: Iterable[Delegation]) -> list[Contact]:
    """Give the contacts of whoever has a duty: its assignee and their delegates, or everybody in its role."""
    role = [each for each in contacts if each.organization == duty.organization and each.role == holder(duty)]
    hands = {duty.assignee} | {d.to_staff for d in delegations if d.from_staff == duty.assignee}
    own = [each for each in role if each.staff is not None and each.staff in hands]
    return own or role


def _person(contact: Contact) -> tuple[str, str]:
    """Name a person by where they are reached: two contacts of one address are one person."""
    return contact.channel, contact.address.lower() if contact.channel == "email" else contact.address


async def add_contact(
    store: Store,
    *,
    organization: str,
    role: str,
    channel: Literal["email", "webhook"],
    address: str,
    staff: str | None = None,
) -> Contact:
    """Keep where staff are told. Raises ContactError: nobody's organization, no role of the house, a bad address."""
    if role not in ROLES:
        raise ContactError("`ROLE`: is not a role of the house")
    checked = checked_address(address) if channel == "email" else checked_webhook(address)
    new = Contact(new_id(), organization, role, channel, checked, staff)
    async with store.unit_of_work() as uow:
        if organization not in await uow.registry.organizations():
            raise ContactError("`ORGANIZATION`: names no organization of this site")
        await uow.approvals.add_contact(new)
        await uow.commit()
    return new


async def disable_contact(store: Store, identity: UUID, at: datetime) -> None:
    """Tell a contact nothing any more. Raises ContactError where there is none that works."""
    async with store.unit_of_work() as uow:
        if not await uow.approvals.disable_contact(identity, at):
            raise ContactError("`ID`: names no contact that works")
        await uow.commit()


async def try_contact(store: Store, settings: Settings, doors: Doors, identity: UUID, at: datetime) -> Told | NotTold:
    """Send a contact what it would get, now, in quiet hours, too; it counts as the one message of the hour."""
    async with store.unit_of_work() as uow:
        contact = await uow.approvals.contact(identity)
        if contact is None or contact.disabled_at is not None:
            raise ContactError("`ID`: names no contact that works")
        if contact.channel not in doors:
            raise ContactError("`LEAD_SMTP_URL`: must be set before anybody is told by e-mail")
        await uow.approvals.nudged([identity], at)
        await uow.commit()
    return await _tell(doors, contact, settings, at)


async def push(program: "Program") -> None:
    """Push up what has waited too long (`gateway.duties`), so that the next round tells whoever has it then."""
    await escalate(program.store, program.now())

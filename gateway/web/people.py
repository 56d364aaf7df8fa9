"""Participants as pages of matters need them: found by reference, named where this person may learn the name."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import ParticipantRecord
from gateway.use import record_matters
from gateway.web.guard import NotForYouError
from gateway.web.seeing import full_name, visible_participant
from gateway.web.sessions import Visit


async def by_reference(uow: UnitOfWork, visit: Visit, reference: str, at: datetime) -> ParticipantRecord | None:
    """Find a participant whom this person may see by the site-wide reference or id; None: not there, or not theirs."""
    identity = await uow.participants.find(reference.strip()) if reference.strip() else None
    return None if identity is None else await seen(uow, visit, identity, at)


async def seen(uow: UnitOfWork, visit: Visit, identity: UUID | None, at: datetime) -> ParticipantRecord | None:
    """Give a participant whom this person may see; None: nobody, or not theirs."""
    if identity is None:
        return None
    try:
        return await visible_participant(uow, visit, identity, at)
    except NotForYouError:
        return None


async def visible_names(
    store: Store, visit: Visit, participants: Iterable[UUID | None], *, read: str, at: datetime
) -> dict[UUID, str]:
    """Give the names of those whom this person may see, and record that they were shown: a Use."""
    async with store.unit_of_work() as uow:
        wanted = sorted({each for each in participants if each is not None})
        known = {each: await seen(uow, visit, each, at) for each in wanted}
    names = {identity: full_name(record) for identity, record in known.items() if record is not None}
    if names:
        session = visit.session
        await record_matters(store, names, read=read, staff=session.staff, organization=session.organization, at=at)
    return names

"""What a question is answered with at most: bounded before anything is decided, out of the asker's sight."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from consent.facts import Facts
from consent.request import DisclosureRequest
from gateway.exchanges import diversion
from gateway.exchanges.configured import configured
from gateway.store.unit_of_work import UnitOfWork
from mappings.tables.exchanges import Exchange, Trigger, load_exchanges

COORDINATION: Final = "coordination-request"


async def bounded(uow: UnitOfWork, request: DisclosureRequest) -> DisclosureRequest:
    """Return a question's request, less what the site has narrowed, and what a pending diversion must not tell.

    It only ever takes items away; without any, the answer is the neutral one. The caller holds the participant's
    consent version.
    """
    facts, _ = await uow.load(UUID(request.participant), request.at)
    untold = diversion.untold(facts, request.participant, request.requester)
    shipped = load_exchanges()[COORDINATION]
    now = (await configured(uow, request.at)).exchanges.get(COORDINATION)
    if _is_coordination(shipped, facts, request) and now != shipped:
        untold |= _beyond(now, facts, request)
    if not untold:
        return request
    asked = request.items if request.items is not None else tuple(item.id for item in facts.record or ())
    return replace(request, items=tuple(each for each in asked if each not in untold))


def _is_coordination(shipped: Exchange, facts: Facts, request: DisclosureRequest) -> bool:
    """Say whether a question is of the kind that the row is about; others have their own rules."""
    known = facts.organizations.get(request.requester)
    return known is not None and known.kind in shipped.kinds and request.purpose in shipped.purposes


def _beyond(now: Exchange | None, facts: Facts, request: DisclosureRequest) -> frozenset[str]:
    """Return the ids of what the site does not let such a question be answered with: all of it, where it is off."""
    kind = facts.organizations[request.requester].kind
    record = facts.record or ()
    if now is None or Trigger.QUESTION not in now.triggers:
        return frozenset(item.id for item in record)
    if kind not in now.kinds or request.purpose not in now.purposes:
        return frozenset(item.id for item in record)
    return frozenset(item.id for item in record if item.category not in now.categories)

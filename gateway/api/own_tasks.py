"""Task over the FHIR door: an asker's own questions, and the steps that are on record about one participant.

A question that one's own organization has asked is under way until it is due, and then points at its answer
(gateway/api/answers.py), whatever that is.
"""

from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request

from gateway.api import fixed_search, pacing
from gateway.api.admission import admitted_for
from gateway.api.composition import gateway_of
from gateway.api.directory import fitting
from gateway.api.negotiation import parameters_of
from gateway.api.ports import Gateway, Grant
from gateway.api.reading import RefusedError
from gateway.api.resources import Answer, checked_query, mount, read_as, search_as
from gateway.api.responses import FixedResponse

router = APIRouter()

_TASK = "Task"


async def search(request: Request) -> Answer:
    """List one's own questions; where a participant is named, the steps that are on record about them."""
    arrived = pacing.now()
    gateway = gateway_of(request)
    try:
        grant = await admitted_for(request, gateway, _TASK, "s")
        given = await parameters_of(request)
        if any(name.partition(":")[0] in {"patient", "subject", "_page"} for name, _ in given):
            return await search_as(request, grant, _TASK, given, arrived)
        query = checked_query(request, gateway, _TASK, given)
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    outcome = fixed_search.ignored(query.ignored, and_others=query.more_ignored)
    asked = await _asked(gateway, grant)
    return FixedResponse(fixed_search.own_tasks(asked, gateway.settings.base_url, fitting(query), outcome, query.count))


async def read(request: Request, identity: str) -> Answer:
    """Give one of one's own questions; else a step that is on record."""
    arrived = pacing.now()
    gateway = gateway_of(request)
    try:
        grant = await admitted_for(request, gateway, _TASK, "r")
        query = checked_query(request, gateway, _TASK, await parameters_of(request), is_read=True)
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    asked = await gateway.own_question(grant, identity)
    if asked is not None:
        return FixedResponse(fixed_search.own_task(*asked, is_over=asked[2] <= gateway.now()))
    return await read_as(request, grant, query, identity, arrived)


async def _asked(gateway: Gateway, grant: Grant) -> list[tuple[str, datetime, datetime, bool]]:
    now = gateway.now()
    return [(one, received, due, due <= now) for one, received, due in await gateway.own_questions(grant)]


mount(router, _TASK, search, read)

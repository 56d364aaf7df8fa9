"""Subscriptions of partners' systems (HL7 Subscriptions R5 Backport 1.1.0): made, read, ended; `$status` and `$events`.

POST, GET and DELETE /fhir/Subscription. A system sees its own and nobody else's. Nothing here looks at a participant
but `$events`, whose answer always leaves at a whole multiple of a refusal's step.
"""

import re
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request

from gateway.api import fixed, fixed_subscriptions, pacing
from gateway.api.admission import admitted_for
from gateway.api.composition import gateway_of
from gateway.api.ports import Gateway, Grant
from gateway.api.reading import RefusedError, read_object
from gateway.api.responses import FixedResponse
from gateway.subscriptions import NotSubscribedError
from mappings.fhir.subscription import SubscriptionError, Wanted, read_subscription

router = APIRouter()

_KIND: Final = "Subscription"
_NUMBER: Final = re.compile(r"[1-9]\d{0,14}", re.ASCII)
_ALL: Final = 10**15


@router.post("/fhir/Subscription", response_model=None)
async def subscribe(request: Request) -> FixedResponse:
    """Make a subscription: 201, as requested; its handshake makes it active."""
    gateway = gateway_of(request)
    try:
        grant = await admitted_for(request, gateway, _KIND, "c")
        wanted = await _wanted(request, gateway)
        made = await gateway.telling.subscribe(grant, wanted, gateway.now())
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    except NotSubscribedError as refusal:
        return FixedResponse(fixed_subscriptions.REFUSED[refusal.rule])
    return FixedResponse(fixed_subscriptions.created(made, gateway.settings.base_url))


async def _wanted(request: Request, gateway: Gateway) -> Wanted:
    resource = await read_object(request, gateway.settings.max_body_bytes)
    try:
        return read_subscription(resource)
    except SubscriptionError as error:
        raise RefusedError(fixed_subscriptions.bad_subscription(error.field, error.rule)) from None


@router.get("/fhir/Subscription", response_model=None)
async def search(request: Request) -> FixedResponse:
    """Give all own subscriptions; parameters are not served, and are refused."""
    gateway = gateway_of(request)
    try:
        grant = await admitted_for(request, gateway, _KIND, "s")
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    if request.url.query:
        return FixedResponse(fixed.BAD_REQUEST)
    return FixedResponse(
        fixed_subscriptions.several(await gateway.telling.subscriptions(grant), gateway.settings.base_url)
    )


@router.get("/fhir/Subscription/{identity}", response_model=None)
async def read(request: Request, identity: str) -> FixedResponse:
    """Give an own subscription."""
    gateway = gateway_of(request)
    try:
        grant = await admitted_for(request, gateway, _KIND, "r")
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    found = await gateway.telling.subscription(grant, identity)
    return FixedResponse(fixed.NOT_FOUND if found is None else fixed_subscriptions.one(found))


@router.delete("/fhir/Subscription/{identity}", response_model=None)
async def unsubscribe(request: Request, identity: str) -> FixedResponse:
    """End an own subscription: nothing more is told from the answer on."""
    gateway = gateway_of(request)
    try:
        grant = await admitted_for(request, gateway, _KIND, "d")
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    ended = await gateway.telling.unsubscribe(grant, identity, gateway.now())
    return FixedResponse(fixed_subscriptions.ENDED if ended else fixed.NOT_FOUND)


@router.get("/fhir/Subscription/{identity}/$status", response_model=None)
async def status(request: Request, identity: str) -> FixedResponse:
    """Say how an own subscription stands."""
    gateway = gateway_of(request)
    try:
        grant = await admitted_for(request, gateway, _KIND, "r")
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    found = await gateway.telling.subscription(grant, identity)
    if found is None:
        return FixedResponse(fixed.NOT_FOUND)
    return FixedResponse(fixed_subscriptions.status(found, gateway.settings.base_url))


@router.api_route("/fhir/Subscription/{identity}/$events", methods=["GET", "POST"], response_model=None)
async def events(request: Request, identity: str) -> FixedResponse:
    """Tell the events of a range again, the oldest first, some at a time; each is decided anew."""
    arrived, gateway = pacing.now(), gateway_of(request)
    try:
        grant = await admitted_for(request, gateway, _KIND, "r")
        since, until = await _range(request, gateway)
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    try:
        return await _events(gateway, grant, identity, since, until)
    finally:
        await pacing.until_step(arrived, gateway.settings.neutral_step_ms)


async def _events(gateway: Gateway, grant: Grant, identity: str, since: int, until: int) -> FixedResponse:
    now = gateway.now()
    found = await gateway.telling.events(grant, identity, since, until, now)
    if found is None:
        return FixedResponse(fixed.NOT_FOUND)
    shown, told = found
    return FixedResponse(fixed_subscriptions.events(shown, told, gateway.settings.base_url, now))


async def _range(request: Request, gateway: Gateway) -> tuple[int, int]:
    given: dict[str, Any] = dict(request.query_params)
    if request.method == "POST":
        given |= _parameters(await read_object(request, gateway.settings.max_body_bytes))
    since, until = given.get("eventsSinceNumber", "1"), given.get("eventsUntilNumber", str(_ALL - 1))
    if not all(isinstance(each, str) and _NUMBER.fullmatch(each) for each in (since, until)):
        raise RefusedError(fixed_subscriptions.NOT_NUMBERS)
    return int(since), int(until)


def _parameters(resource: dict[str, Any]) -> dict[str, Any]:
    listed = resource.get("parameter", [])
    if resource.get("resourceType") != "Parameters" or not isinstance(listed, list):
        raise RefusedError(fixed_subscriptions.NOT_NUMBERS)
    named = [one for one in listed if isinstance(one, dict) and isinstance(one.get("name"), str)]
    return {one["name"]: one.get("valueString") for one in named}

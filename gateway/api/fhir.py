"""The FHIR door: POST /fhir/Task asks a question about one person; every path that no other module serves is here too.

A question of purpose `emergency` is answered at once, with a Bundle or the neutral answer; every other question is
acknowledged, the same for a known and an unknown person, and answered later in a message of its own. With
`If-None-Exist` it is asked once under that identifier (gateway/api/conditional.py).
"""

import asyncio
import math
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request

from consent.codes import Purpose
from consent.disclosure import Disclosure
from gateway.api import fixed
from gateway.api.admission import admitted, admitted_for
from gateway.api.composition import gateway_of
from gateway.api.conditional import once_of
from gateway.api.ports import Gateway, Grant
from gateway.api.reading import RefusedError, read_task
from gateway.api.responses import DisclosureResponse, FixedResponse
from gateway.api.scopes import permits
from mappings.fhir.question import Question, QuestionError
from mappings.fhir.task import read_question

router = APIRouter()

_SHORTEST_STEP: Final = 0.001


@router.get("/fhir/.well-known/smart-configuration", response_model=None)
async def smart_configuration(request: Request) -> FixedResponse:
    """Say where tokens are issued and what for (SMART App Launch 2.2)."""
    return FixedResponse(fixed.smart(gateway_of(request).settings.base_url))


@router.get("/fhir/metadata", response_model=None)
async def metadata(request: Request) -> FixedResponse:
    """Say what this server can do (FHIR R4, capabilities); to who brings a token, as far as its scopes go."""
    gateway = gateway_of(request)
    if "authorization" not in request.headers:
        return FixedResponse(fixed.metadata(gateway.settings.base_url))
    try:
        grant = await admitted(request, gateway)
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)

    def held(kind: str, letter: str) -> bool:
        return permits(grant.scopes, "Task" if kind == "Bundle" else kind, letter)

    return FixedResponse(fixed.metadata(gateway.settings.base_url, held))


@router.post("/fhir/Task", response_model=None)
async def ask(request: Request) -> FixedResponse | DisclosureResponse:
    """Take one question. 401, 403, 415, 413, 400, 422 in this order; then 202, or for an emergency 200."""
    arrived = asyncio.get_running_loop().time()
    gateway = gateway_of(request)
    try:
        grant = await admitted_for(request, gateway, "Task", "c")
        once = once_of(request.headers.get("if-none-exist"))
        question = await _question(request, gateway)
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    if question.purpose is Purpose.EMERGENCY:
        return await _answer_now(grant, question, gateway, arrived)
    if once is None:
        told = await gateway.ask(grant, question, gateway.now())
    else:
        (told,) = await gateway.ask_all(grant, [(question, once)], gateway.now())
    return FixedResponse(fixed.acknowledgement(told.reference, told.received_at, told.due_at))


@router.api_route("/fhir", methods=["GET", "HEAD", "POST"], response_model=None)
@router.api_route("/fhir/{path:path}", methods=["GET", "HEAD", "POST"], response_model=None)
async def nothing_here() -> FixedResponse:
    """Answer every other path alike, with or without a token."""
    return FixedResponse(fixed.NOT_FOUND)


async def _question(request: Request, gateway: Gateway) -> Question:
    task = await read_task(request, gateway.settings.max_body_bytes)
    try:
        return read_question(task)
    except QuestionError as error:
        raise RefusedError(fixed.bad_element(error.field, error.rule)) from None


async def _answer_now(grant: Grant, question: Question, gateway: Gateway, arrived: float) -> DisclosureResponse:
    """Answer an emergency: a disclosure at once, anything else (a failure too) on the step of a refusal."""
    step = gateway.settings.neutral_step_ms / 1000
    try:
        sealed = await gateway.answer_now(grant, question, gateway.now())
        response = DisclosureResponse(
            sealed,
            recipient=grant.organization,
            organizations=gateway.organizations,
            base_url=gateway.settings.base_url,
        )
    except Exception:
        await _until_step(arrived, step)
        raise
    if not isinstance(sealed, Disclosure):
        await _until_step(arrived, step)
    return response


async def _until_step(arrived: float, step: float) -> None:
    """Wait until `arrived` plus the next whole multiple of `step` (seconds), at least one."""
    step = max(step, _SHORTEST_STEP)
    passed = asyncio.get_running_loop().time() - arrived
    await asyncio.sleep(max(1, math.ceil(passed / step)) * step - passed)

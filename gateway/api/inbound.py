"""POST /inbound/{feed}: a message of a feed that signs what it sends.

`X-Lead-Timestamp`: seconds since 1970. `X-Lead-Signature`: `sha256=` and the HMAC of time, full stop and body
(gateway.signed_feeds). INVARIANT: a feed that is not there and a wrong signature are one answer, at the same time.
"""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request

from gateway.api import fixed, fixed_inbound
from gateway.api.admission import source_of
from gateway.api.composition import gateway_of
from gateway.api.pacing import now, until_step
from gateway.api.ports import Gateway
from gateway.api.reading import RefusedError, read_body
from gateway.api.responses import FixedResponse
from gateway.exit import Departure
from gateway.signed_feeds import Signed, Taken

router = APIRouter()

LARGEST: Final = 16 << 20  # bytes of one message; what every splitter of XML takes at most
_LONGEST_NAME: Final = 64
_ANSWERS: Final = {
    Taken.STORED: fixed_inbound.STORED,
    Taken.UNBELIEVED: fixed_inbound.UNSIGNED,
    Taken.PAUSED: fixed_inbound.PAUSED,
}


@router.post("/inbound/{feed}", response_model=None)
async def take(request: Request, feed: str) -> FixedResponse:
    """Take one message in; 202 only after it is stored."""
    arrived = now()
    gateway = gateway_of(request)
    try:
        answer = await _answer(request, gateway, feed)
    except RefusedError as refused:
        answer = fixed_inbound.TOO_LARGE if refused.answer is fixed.TOO_LARGE else refused.answer
    if answer is fixed_inbound.UNSIGNED:
        await until_step(arrived, gateway.settings.neutral_step_ms)
    return FixedResponse(answer)


async def _answer(request: Request, gateway: Gateway, feed: str) -> Departure:
    name, source = f"feed:{feed[:_LONGEST_NAME]}", source_of(request)
    if not await gateway.may_try(name, source):
        return fixed_inbound.TOO_MANY
    body = await read_body(request, LARGEST)
    head = request.headers
    signed = Signed(body, head.get("x-lead-timestamp", ""), head.get("x-lead-signature", ""))
    if len(feed) > _LONGEST_NAME or not head.get("x-lead-signature"):
        return fixed_inbound.UNSIGNED
    taken = await gateway.signed.take(feed, signed, gateway.now())
    if taken is not Taken.UNBELIEVED:
        await gateway.succeeded(name, source)
    if taken is Taken.STORED and not body:
        return fixed_inbound.EMPTY
    return _ANSWERS[taken]

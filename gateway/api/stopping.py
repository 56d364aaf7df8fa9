"""The participant's own door: GET /revoke shows a form, POST /revoke takes the code of a printed slip.

The code comes in the body, never in an address, so no log and no proxy keeps it. Every answer is one of four frozen
pages, and those to a code leave at a whole multiple of the step of a refusal: wrong, used and old codes are alike.
"""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter
from starlette.requests import Request

from gateway.api import fixed
from gateway.api.composition import gateway_of
from gateway.api.reading import RefusedError, content_type, read_body
from gateway.api.responses import FixedResponse

router = APIRouter()

TRIES: Final = 10  # from one address in one minute, to one process
_MINUTE: Final = 60.0
_ADDRESSES: Final = 10_000
_LONGEST_BODY: Final = 512
_FORM: Final = "application/x-www-form-urlencoded"
_SHORTEST_STEP: Final = 0.001


class Tries:
    """Who has tried how often in the last minute: in memory only, of as many addresses as fit."""

    def __init__(self, clock: Callable[[], float], *, tries: int = TRIES, addresses: int = _ADDRESSES) -> None:
        self._clock = clock
        self._tries = tries
        self._addresses = addresses
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def may(self, address: str) -> bool:
        """Count a try, and say whether it is not one too many."""
        now = self._clock()
        seen = self._seen.setdefault(address, deque(maxlen=self._tries))
        self._seen.move_to_end(address)
        if len(self._seen) > self._addresses:
            self._seen.popitem(last=False)
        while seen and now - seen[0] >= _MINUTE:
            seen.popleft()
        if len(seen) >= self._tries:
            return False
        seen.append(now)
        return True


_TRIES: Final = "lead_tries"


def _tries_of(request: Request) -> Tries:
    found = getattr(request.app.state, _TRIES, None)
    if not isinstance(found, Tries):
        found = Tries(asyncio.get_running_loop().time)
        setattr(request.app.state, _TRIES, found)
    return found


@router.get("/revoke", response_model=None)
async def ask() -> FixedResponse:
    """Show the form."""
    return FixedResponse(fixed.STOP_FORM)


@router.post("/revoke", response_model=None)
async def stop(request: Request) -> FixedResponse:
    """Revoke everything for whose slip it is."""
    arrived = asyncio.get_running_loop().time()
    if not _tries_of(request).may(request.client.host if request.client else ""):
        return FixedResponse(fixed.STOP_LATER)
    gateway = gateway_of(request)
    try:
        stopped = await gateway.stop_by_slip(await _code(request), gateway.now())
    except RefusedError:
        stopped = False
    await _until_step(arrived, gateway.settings.neutral_step_ms / 1000)
    return FixedResponse(fixed.STOPPED if stopped else fixed.NOT_STOPPED)


async def _code(request: Request) -> str:
    """Read the one field of the form; empty for anything else."""
    if content_type(request) != _FORM:
        return ""
    body = await read_body(request, _LONGEST_BODY)
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=4)
    except ValueError:  # not ASCII, or too many fields
        return ""
    return fields.get("code", [""])[0]


async def _until_step(arrived: float, step: float) -> None:
    """Wait until `arrived` plus the next whole multiple of `step` (seconds), at least one."""
    step = max(step, _SHORTEST_STEP)
    passed = asyncio.get_running_loop().time() - arrived
    await asyncio.sleep(max(1, math.ceil(passed / step)) * step - passed)

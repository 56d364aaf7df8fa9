"""When an answer leaves that must not tell by its time how it came about: at a whole multiple of one step."""

import asyncio
import math
from typing import Final

FILING_STEPS: Final = 4
"""What is filed is answered at a multiple of so many steps: what follows from a stop can take longer than one."""

_SHORTEST_STEP: Final = 0.001


def now() -> float:
    """Read the clock of the event loop, in seconds; to be read when a request comes in."""
    return asyncio.get_running_loop().time()


async def until_step(arrived: float, step_ms: int) -> None:
    """Wait until `arrived` plus the next whole multiple of the step (milliseconds), at least one."""
    step = max(step_ms / 1000, _SHORTEST_STEP)
    passed = now() - arrived
    await asyncio.sleep(max(1, math.ceil(passed / step)) * step - passed)

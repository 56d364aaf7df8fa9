"""A worker that dies, as by kill -9, at one point of its first delivery: `python -m tests.scenarios.dying POINT`.

`before`: at the door to the point of no return. `between`: past that point, the commit is on the disk, before a byte
leaves. What it dies of is in here and not in the program.
"""

import os
import signal
import sys
from typing import Any

from gateway import sending
from gateway.cli import main


async def _die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    setattr(sending, {"before": "_pass", "between": "_send"}[sys.argv.pop(1)], _die)
    main()

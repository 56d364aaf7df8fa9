"""Programs on one pair of databases: what one has done, the other must know. Nobody is in them, if not put there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.opening import compose
from gateway.program import Program
from gateway.store.places import Places
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Clock, settings_for


@asynccontextmanager
async def composed(folder: Path, urls: DatabaseUrls, clock: Clock, **more: Any) -> AsyncIterator[Program]:
    """Give a program with connections and a clock. It has no journal, so it must not change consents."""
    program = compose(settings_for(folder, urls, **more), Places(urls.data, urls.keys, None, None))
    program.clock = clock
    try:
        yield program
    finally:
        await program.close()

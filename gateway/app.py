"""The application factory: the one place where the API meets the program."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from gateway import ledger
from gateway.api import install
from gateway.jobs import working
from gateway.program import Program


def make_app(program: Program, *, jobs: str | None) -> FastAPI:
    """Give an application over an open program. `jobs`: the connection for the worker inside this process, or None."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sealer = asyncio.create_task(ledger.run_sealer(program.store, program.settings.checkpoint_dir))
        try:
            if jobs is None:
                yield
            else:
                async with working(program, jobs):
                    yield
        finally:
            sealer.cancel()
            await asyncio.gather(sealer, return_exceptions=True)

    app = FastAPI(title="lead-gateway", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    install(app, program)
    return app

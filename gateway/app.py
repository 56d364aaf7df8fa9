"""The application factory: the one place where the API meets the program."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from gateway.api import install
from gateway.housekeeping import keeping_house
from gateway.jobs import working
from gateway.program import Program
from gateway.web.installing import install as install_console


def make_app(program: Program, *, jobs: str | None, demo: bool = False) -> FastAPI:
    """Give an application over an open program. `jobs`: the connection for the worker inside this process, or None.

    `demo`: with the sign-in links that only a demo has.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(keeping_house(program))
            if jobs is not None:
                await stack.enter_async_context(working(program, jobs))
            yield

    app = FastAPI(title="lead-gateway", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    install(app, program)
    install_console(app, program, demo=demo)
    return app

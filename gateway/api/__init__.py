"""The HTTP API for partners' systems, and the probes.

`install` is all that the application factory needs.
"""

from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from gateway.api import (
    answers,
    batch,
    consents,
    directory,
    errors,
    fhir,
    fixed,
    health,
    hooks,
    inbound,
    oauth,
    openapi,
    own_tasks,
    resources,
    stopping,
    subscriptions,
)
from gateway.api.composition import compose
from gateway.api.counts import Counts
from gateway.api.ports import Gateway
from gateway.exit import ExitFence

ROUTERS: Final[tuple[APIRouter, ...]] = (
    oauth.router,
    consents.router,
    hooks.router,
    resources.router,
    own_tasks.router,
    directory.router,
    batch.router,
    subscriptions.router,
    answers.router,
    fhir.router,  # its last route answers every other path of /fhir
    inbound.router,
    stopping.router,
    openapi.router,
    health.router,
)


def install(app: FastAPI, gateway: Gateway) -> None:
    """Mount the routers and the error answers, and put the exit fence outside everything else.

    The fence surrounds the whole middleware stack, the framework's own error page included, whenever it is built:
    middleware added later stays inside. Redirects to a path with another slash are off, because they echo the path.
    """
    counts = Counts()
    compose(app, gateway, counts)
    for router in ROUTERS:
        app.include_router(router)
    app.router.redirect_slashes = False
    errors.catch(app)
    build = app.build_middleware_stack

    def fenced() -> ASGIApp:
        return ExitFence(build(), otherwise=fixed.SERVER_ERROR, observe=counts.observe)

    app.build_middleware_stack = fenced  # type: ignore[method-assign]  # the one place outside ServerErrorMiddleware

"""Where a route finds the program behind it."""

from typing import Final, cast

from fastapi import FastAPI
from starlette.requests import Request

from gateway.api.counts import Counts
from gateway.api.ports import Gateway

_GATEWAY: Final = "lead_gateway"
_COUNTS: Final = "lead_counts"


def compose(app: FastAPI, gateway: Gateway, counts: Counts) -> None:
    """Give the application its program and its counts."""
    setattr(app.state, _GATEWAY, gateway)
    setattr(app.state, _COUNTS, counts)


def gateway_of(request: Request) -> Gateway:
    """Find the program that serves this request."""
    return cast("Gateway", getattr(request.app.state, _GATEWAY))


def counts_of(request: Request) -> Counts:
    """Find the counts of this process."""
    return cast("Counts", getattr(request.app.state, _COUNTS))

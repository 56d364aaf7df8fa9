"""Is the program alive, is it ready, and what has it counted. Nothing about anybody."""

import hmac
from collections.abc import Mapping
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

import structlog
from fastapi import APIRouter
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse

from gateway.api.admission import source_of
from gateway.api.composition import counts_of, gateway_of
from gateway.api.ports import Gateway

router = APIRouter()

_UNCACHED: Final = {"Cache-Control": "no-store"}
_PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"

_FORWARDED: Final = frozenset({"forwarded", "via", "x-forwarded-for", "x-real-ip"})

_log = structlog.get_logger(__name__)


@router.get("/health/live", response_model=None)
async def live() -> JSONResponse:
    """Answer 200 as long as the process serves at all."""
    return JSONResponse({"live": True}, headers=_UNCACHED)


@router.get("/health/ready", response_model=None)
async def ready(request: Request) -> JSONResponse:
    """Answer 200 if every part is ready, else 503, with the parts by name."""
    parts = await _parts(gateway_of(request))
    fit = bool(parts) and all(parts.values())
    status = HTTPStatus.OK if fit else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse({"ready": fit, "parts": dict(parts)}, status_code=int(status), headers=_UNCACHED)


@router.get("/metrics", response_model=None)
async def metrics(request: Request) -> PlainTextResponse:
    """Give the counts of this process in the Prometheus text format: to this machine itself, or for the site's token.

    For anybody else there is nothing here: how much is refused, and when, is nobody's business.
    """
    gateway = gateway_of(request)
    if not _may_measure(request, gateway.settings.metrics_token):
        return PlainTextResponse("Not Found", status_code=int(HTTPStatus.NOT_FOUND), headers=_UNCACHED)
    told = counts_of(request).text(await _parts(gateway)) + gateway.figures()
    return PlainTextResponse(told, media_type=_PROMETHEUS, headers=_UNCACHED)


def _may_measure(request: Request, token: SecretStr | None) -> bool:
    """Take whoever is on this machine and passes nobody on, or brings the token."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if given:
        wanted = b"" if token is None else token.get_secret_value().encode()
        return bool(wanted) and scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), wanted)
    try:
        near = ip_address(source_of(request)).is_loopback
    except ValueError:
        return False
    return near and not _FORWARDED & set(request.headers.keys())


async def _parts(gateway: Gateway) -> Mapping[str, bool]:
    """Ask each part; a check that itself fails is not ready."""
    try:
        return await gateway.ready()
    except Exception as error:  # noqa: BLE001  -- a probe answers whatever happens
        _log.error("readiness-check-failed", error_class=type(error).__name__)
        return {"check": False}

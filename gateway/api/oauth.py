"""The token endpoint: client_credentials with private_key_jwt (SMART Backend Services, RFC 6749 section 4.4).

Every failed authentication is the same answer, whether the client is unknown, disabled, or signed wrongly.
"""

from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter
from starlette.requests import Request

from gateway.api import fixed
from gateway.api.assertion import ASSERTION_TYPE, AssertionRefusedError, authenticate
from gateway.api.composition import gateway_of
from gateway.api.ports import Client, Gateway
from gateway.api.reading import RefusedError, content_type, read_body
from gateway.api.responses import FixedResponse
from gateway.api.scopes import intersect

router = APIRouter()

_FORM: Final = "application/x-www-form-urlencoded"
_LARGEST_FORM: Final = 16_384
_MOST_FIELDS: Final = 20

_log = structlog.get_logger(__name__)


@router.post("/oauth/token", response_model=None)
async def issue(request: Request) -> FixedResponse:
    """Exchange a signed assertion for an access token of five minutes."""
    gateway = gateway_of(request)
    try:
        form = await _read_form(request, min(_LARGEST_FORM, gateway.settings.max_body_bytes))
        return await _issue(form, gateway)
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)


async def _issue(form: dict[str, str], gateway: Gateway) -> FixedResponse:
    if "grant_type" not in form:
        raise RefusedError(fixed.INVALID_REQUEST)
    if form["grant_type"] != "client_credentials":
        raise RefusedError(fixed.UNSUPPORTED_GRANT)
    client = await _authenticated(form, gateway)
    granted = intersect(form.get("scope", "").split(), client.scopes)
    if not granted:
        raise RefusedError(fixed.INVALID_SCOPE)
    expires = gateway.now() + timedelta(seconds=fixed.TOKEN_SECONDS)
    token = await gateway.issue_token(client.client_id, granted, expires)
    return FixedResponse(fixed.token_issued(token, granted))


async def _authenticated(form: dict[str, str], gateway: Gateway) -> Client:
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise RefusedError(fixed.INVALID_CLIENT)
    token_url = f"{gateway.settings.base_url}/oauth/token"
    try:
        client = await authenticate(form["client_assertion"], token_url, gateway)
    except AssertionRefusedError as refused:
        _log.warning("client-refused", error_class=refused.code)
        raise RefusedError(fixed.INVALID_CLIENT) from None
    if form.get("client_id", client.client_id) != client.client_id:  # RFC 7521 section 4.2
        raise RefusedError(fixed.INVALID_CLIENT)
    return client


async def _read_form(request: Request, limit: int) -> dict[str, str]:
    """Read the form. RFC 6749 section 3.2: no parameter twice, and one without a value counts as absent."""
    if content_type(request) != _FORM or "authorization" in request.headers:
        raise RefusedError(fixed.INVALID_REQUEST)
    try:
        body = (await read_body(request, limit)).decode("ascii")
        pairs = parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except (ValueError, RefusedError):
        raise RefusedError(fixed.INVALID_REQUEST) from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise RefusedError(fixed.INVALID_REQUEST)
    return {name: value for name, value in form.items() if value}

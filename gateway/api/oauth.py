"""The token endpoint: client_credentials with private_key_jwt (SMART Backend Services, RFC 6749 section 4.4).

Every failed authentication is the same answer, whether the client is unknown, disabled, or signed wrongly.
"""

from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter
from starlette.requests import Request

from gateway import caps
from gateway.api import fixed
from gateway.api.admission import source_of
from gateway.api.assertion import (
    ASSERTION_TYPE,
    AssertionRefusedError,
    Authenticated,
    Caller,
    TooManyTriesError,
    authenticate,
)
from gateway.api.composition import gateway_of
from gateway.api.ports import Gateway
from gateway.api.reading import RefusedError, content_type, read_body
from gateway.api.responses import FixedResponse
from gateway.api.scopes import intersect
from gateway.certificates import certificate_of
from mappings.fhir.b2b import B2B, B2BError, read_b2b

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
        return await _issue(form, gateway, Caller(source_of(request), certificate_of(request.scope)))
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)


async def _issue(form: dict[str, str], gateway: Gateway, caller: Caller) -> FixedResponse:
    if "grant_type" not in form:
        raise RefusedError(fixed.INVALID_REQUEST)
    if form["grant_type"] != "client_credentials":
        raise RefusedError(fixed.UNSUPPORTED_GRANT)
    known = await _authenticated(form, gateway, caller)
    client = known.client
    if not await gateway.may_ask(client.client_id):
        raise RefusedError(fixed.TOO_MANY_TRIES)
    most = intersect(client.scopes, caps.scopes_of(known.organization.kind))
    granted = intersect(form.get("scope", "").split(), most)
    if not granted:
        raise RefusedError(fixed.INVALID_SCOPE)
    use = _use(known)
    expires = gateway.now() + timedelta(seconds=fixed.TOKEN_SECONDS)
    token = await gateway.issue_token(
        client.client_id, granted, expires, purpose=use.purpose, person=use.person, thumbprint=client.thumbprint
    )
    if await gateway.client(client.client_id) != client:
        # INVARIANT: keys that were changed meanwhile open nothing; what changes after this look drops the token itself.
        raise RefusedError(fixed.INVALID_CLIENT)
    return FixedResponse(fixed.token_issued(token, granted))


def _use(known: Authenticated) -> B2B:
    """Say why, and for whom, the token will be used: as the assertion says within what is registered, or the default.

    INVARIANT: a purpose comes from the registration and the signed assertion, never from a form, body or query.
    """
    capped = caps.purposes_of(known.organization.kind)
    registered = [each for each in known.client.purposes if each in capped] if known.client.purposes else list(capped)
    try:
        asked = read_b2b(known.claims)
    except B2BError:
        raise RefusedError(fixed.INVALID_PURPOSE) from None
    if asked.purpose is None:
        return B2B(registered[0] if registered else None, asked.person)
    if asked.purpose not in registered:
        raise RefusedError(fixed.INVALID_PURPOSE)
    return asked


async def _authenticated(form: dict[str, str], gateway: Gateway, caller: Caller) -> Authenticated:
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise RefusedError(fixed.INVALID_CLIENT)
    token_url = f"{gateway.settings.base_url}/oauth/token"
    try:
        known = await authenticate(form["client_assertion"], token_url, gateway, caller)
    except TooManyTriesError:
        raise RefusedError(fixed.TOO_MANY_TRIES) from None
    except AssertionRefusedError as refused:
        _log.warning("client-refused", error_class=refused.code)
        raise RefusedError(fixed.INVALID_CLIENT) from None
    if form.get("client_id", known.client.client_id) != known.client.client_id:  # RFC 7521 section 4.2
        raise RefusedError(fixed.INVALID_CLIENT)
    return known


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

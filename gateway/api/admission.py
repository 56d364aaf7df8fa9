"""Who may come in: a bearer token, the certificate that it is bound to, and not too often.

Every route for partners' systems begins with `admitted` and asks `permits` for what it does (gateway/api/scopes.py).
"""

from typing import Final

from starlette.requests import Request

from gateway.api import fixed
from gateway.api.ports import Gateway, Grant
from gateway.api.reading import RefusedError
from gateway.api.scopes import permits
from gateway.certificates import certificate_of

_LONGEST_TOKEN: Final = 1024


async def admitted(request: Request, gateway: Gateway) -> Grant:
    """Give what the request's token is worth now. Raises RefusedError: 401, or 429 for one request too many.

    A token that is bound to a certificate is worth nothing with another, or with none (RFC 8705 section 3).
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not 0 < len(token) <= _LONGEST_TOKEN:
        raise RefusedError(fixed.UNAUTHENTICATED)
    grant = await gateway.token(token)
    if grant is None or grant.expires <= gateway.now():
        raise RefusedError(fixed.UNAUTHENTICATED)
    if grant.thumbprint is not None and grant.thumbprint != certificate_of(request.scope):
        raise RefusedError(fixed.UNAUTHENTICATED)
    if not await gateway.may_ask(grant.client_id):
        raise RefusedError(fixed.TOO_MANY)
    return grant


async def admitted_for(request: Request, gateway: Gateway, resource: str, letter: str) -> Grant:
    """Give the same, if the token's scopes cover one interaction with one resource type. Raises RefusedError."""
    grant = await admitted(request, gateway)
    if not permits(grant.scopes, resource, letter):
        raise RefusedError(fixed.OUT_OF_SCOPE)
    return grant


def source_of(request: Request) -> str:
    """Say from where a request comes, as far as the server knows: behind a proxy, what that proxy says."""
    return request.client.host if request.client else ""

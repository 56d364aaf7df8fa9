"""The certificate that a partner's system shows (mutual TLS), as a thumbprint in the ASGI scope.

It comes from the TLS connection itself, or from the one proxy that is believed, in the header `Client-Cert` (RFC 9440
section 2). The same header from anybody else is nothing. The thumbprint is `x5t#S256` of RFC 8705 section 3.1.
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from ipaddress import ip_address, ip_network
from typing import Any, Final

from uvicorn.protocols.http.auto import AutoHTTPProtocol

_SHOWN: Final = "lead.certificate"
_HEADER: Final = b"client-cert"
_LARGEST: Final = 16_384

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


def thumbprint(der: bytes) -> str:
    """Give `x5t#S256` of a certificate in DER: base64url of its SHA-256, without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode("ascii")


def certificate_of(scope: Mapping[str, Any]) -> str | None:
    """Give the thumbprint of the certificate that the request's client has shown; None: none that is believed."""
    found = scope.get(_SHOWN)
    return found if isinstance(found, str) else None


class ClientCertificate:
    """Wraps the whole application, outside of whatever rewrites the client's address. `proxy`: who is believed.

    INVARIANT: what is believed is the proxy's header where the connection is the proxy's, and TLS where it is not.
    """

    def __init__(self, app: App, proxy: str | None) -> None:
        self._app = app
        self._proxy = None if proxy is None else ip_network(proxy)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Note the thumbprint in the scope, and pass on."""
        if scope["type"] == "http":
            scope[_SHOWN] = _forwarded(scope) if self._is_proxy(scope) else scope.get("state", {}).get(_SHOWN)
        await self._app(scope, receive, send)

    def _is_proxy(self, scope: Scope) -> bool:
        peer = scope.get("client")
        try:
            return self._proxy is not None and peer is not None and ip_address(peer[0]) in self._proxy
        except ValueError:
            return False


def _forwarded(scope: Scope) -> str | None:
    """Read the one `Client-Cert` header: a certificate in DER as a byte sequence of RFC 8941 section 3.3.5."""
    given = [value.strip() for name, value in scope["headers"] if name == _HEADER]
    if len(given) != 1 or len(given[0]) > _LARGEST or given[0][:1] != b":" or given[0][-1:] != b":":
        return None
    try:
        der = base64.b64decode(given[0][1:-1], validate=True)
    except (binascii.Error, ValueError):
        return None
    return thumbprint(der) if der else None


class _Shown(asyncio.Protocol):
    """Puts the certificate of the connection into the state of each of its requests."""

    app_state: dict[str, Any]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note what the client has shown: the TLS handshake is over by now."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        der = None if tls is None else tls.getpeercert(binary_form=True)
        self.app_state = {**self.app_state, _SHOWN: thumbprint(der) if der else None}


TlsProtocol: Final = type("TlsProtocol", (_Shown, AutoHTTPProtocol), {})
"""The server's HTTP protocol (uvicorn chooses which), and the certificate besides."""

"""Gets the public keys of a partner's system from the address that it has registered (RFC 7517, `jwks_uri`).

The address is a partner's word, so it is called as adapters/addresses.py allows and not otherwise: https, a public
address that is used as it was judged, no redirect, at most 64 KB within five seconds. What is not a public signing key
is left out; a set with a private key in it is refused whole, because its owner has just published it.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import httpx2

from adapters.addresses import AddressError, pinned

FETCH_SECONDS: Final = 5.0
LARGEST: Final = 65_536
MOST_KEYS: Final = 20
_PUBLIC: Final = frozenset({"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"})
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})  # RFC 7518 section 6
_KINDS: Final = frozenset({"EC", "RSA"})
_ACCEPT: Final = "application/jwk-set+json, application/json"


class KeySetError(Exception):
    """No keys. `code`: why, in one word of ours; never anything that the other side has written."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class KeySetFetch:
    """Fetches sets. `private`: a demo, whose partners are on this machine. `tls`: instead of the system's trust."""

    def __init__(self, *, private: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self._private = private
        self._tls = tls

    async def fetch(self, uri: str) -> Mapping[str, Any]:
        """Give the set at an address. Raises KeySetError for whatever goes wrong."""
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                body = await self._body(uri)
        except AddressError as error:
            raise KeySetError(f"address-{error.code}") from None
        except (TimeoutError, httpx2.TimeoutException):
            raise KeySetError("timeout") from None
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError, ValueError):
            raise KeySetError("transport") from None
        return read_key_set(body)

    async def _body(self, uri: str) -> bytes:
        place = await pinned(uri, private=self._private)
        verify = ssl.create_default_context() if self._tls is None else self._tls
        headers = {"Host": place.host, "Accept": _ACCEPT, "Accept-Encoding": "identity"}
        client = httpx2.AsyncClient(verify=verify, timeout=FETCH_SECONDS, follow_redirects=False, trust_env=False)
        async with client, client.stream("GET", place.url, headers=headers, extensions=place.extensions) as answer:
            if answer.status_code != HTTPStatus.OK:
                raise KeySetError("status")
            return await _bounded(answer)


async def _bounded(answer: httpx2.Response) -> bytes:
    """Read at most LARGEST bytes, as they came: nothing is unpacked."""
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise KeySetError("encoding")
    body = bytearray()
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > LARGEST:
            raise KeySetError("too-large")
    return bytes(body)


def read_key_set(body: bytes) -> dict[str, Any]:
    """Read a JWK set: its public EC and RSA keys with a `kid`, at most MOST_KEYS. Raises KeySetError."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise KeySetError("not-json") from None
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list) or len(keys) > MOST_KEYS or not all(isinstance(key, dict) for key in keys):
        raise KeySetError("form")
    if any(_PRIVATE & key.keys() for key in keys):
        raise KeySetError("private-key")
    usable = [_public(key) for key in keys if key.get("kty") in _KINDS and isinstance(key.get("kid"), str)]
    if not usable:
        raise KeySetError("empty")
    return {"keys": usable}


def _public(key: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name in _PUBLIC and isinstance(value, str)}

"""Addresses that partners name: looked up once, judged, and then used as they were judged (no second look-up).

A partner may make us call a URL of its own: where its keys are, where it wants to be told. It must not make us call
what only we can reach. INVARIANT: the connection goes to the very address that was found public; a name that answers
otherwise the next time (DNS rebinding) is not asked a next time. Name and certificate stay those of the URL.
"""

import asyncio
import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

import httpx2

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?")
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~\-]*)*")
_LONGEST: Final = 512
_LOOK_UP_SECONDS: Final = 3.0
_NAT64: Final = ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in other clothes

Address = IPv4Address | IPv6Address


class AddressError(ValueError):
    """An address may not be called. `code`: why, in one word of ours; never anything of the address."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Pinned:
    """Where to connect to: `url` has the judged address in place of the name, `host` is what the Host header says."""

    url: httpx2.URL
    host: str
    name: str

    @property
    def extensions(self) -> dict[str, Any]:
        """What the HTTP client needs so that TLS asks for, and checks, the name and not the number."""
        return {"sni_hostname": self.name} if self.url.scheme == "https" else {}


def checked(url: str, *, private: bool = False) -> httpx2.URL:
    """Return the URL if it may be called as far as its text tells: https, a plain host, no credentials, no query.

    `private`: this machine and its own networks are meant (a demo); then http is taken toward loopback. Raises
    AddressError.
    """
    try:
        found = httpx2.URL(url)
    except (httpx2.InvalidURL, TypeError):
        raise AddressError("form") from None
    if (
        len(url) > _LONGEST
        or not url.isascii()
        or found.userinfo
        or found.query
        or found.fragment
        or set("?%#") & set(url)
    ):
        raise AddressError("form")
    literal = _literal(found.host)
    if not _PATH.fullmatch(found.path) or (literal is None and not _HOST.fullmatch(found.host)):
        raise AddressError("form")
    if found.scheme != "https" and not (found.scheme == "http" and private and _is_loopback(found.host, literal)):
        raise AddressError("https")
    if literal is not None and not private and not is_public(literal):
        raise AddressError("private")
    return found


async def pinned(url: str, *, private: bool = False) -> Pinned:
    """Look a URL's host up and pin the connection to the address found. Raises AddressError.

    INVARIANT: one address among several that is not public refuses them all.
    """
    found = checked(url, private=private)
    addresses = await _addresses(found.host, found.port or (443 if found.scheme == "https" else 80))
    if not addresses:
        raise AddressError("unknown")
    if not private and not all(is_public(each) for each in addresses):
        raise AddressError("private")
    return Pinned(found.copy_with(host=str(addresses[0])), found.netloc.decode("ascii"), found.host)


def is_public(address: Address) -> bool:
    """Say whether an address belongs to the world: not ours, not this machine's, not special in any way."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local
    return address.is_global and not special


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _is_loopback(host: str, literal: Address | None) -> bool:
    return host == "localhost" if literal is None else literal.is_loopback


async def _addresses(host: str, port: int) -> list[Address]:
    literal = _literal(host)
    if literal is not None:
        return [literal]
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_LOOK_UP_SECONDS):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        return []
    return [ip_address(str(where[4][0]).partition("%")[0]) for where in found]

"""Partners' systems, registered and ended by a privacy officer. Each act is on the ledger with who did it.

A system is registered only for an organization with an agreement in date, and for no more than its kind may hold
(gateway/caps.py). Disabling it, or changing its keys, takes effect with the commit: every process looks a token up in
the database each time it is shown.
"""

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from adapters.addresses import AddressError, checked
from consent.codes import Purpose
from consent.model import Organization
from gateway import caps, ledger
from gateway.api.assertion import believable
from gateway.api.scopes import Permissions, intersect, read_scopes
from gateway.permissions import may_receive
from gateway.store.unit_of_work import SiteNotConfiguredError, Store, UnitOfWork
from gateway.store.values import Client

REGISTERED: Final = "client-registered"
ROTATED: Final = "client-rotated"
DISABLED: Final = "client-disabled"
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,127}")
_NO_KEYS: Final[dict[str, Any]] = {"keys": []}


class RegistrationError(ValueError):
    """A system cannot be registered so. Names the option and the rule."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a system proves who it is: a JWK set, or the address of one; and a certificate's thumbprint besides."""

    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    thumbprint: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a system is to be registered as. `client_id` None: one is made. `purposes` empty: those of its kind."""

    organization: str
    credentials: Credentials
    scopes: tuple[str, ...]
    purposes: tuple[Purpose, ...] = ()
    client_id: str | None = None


async def register(store: Store, wish: Wish, *, by: str, at: datetime, private: bool = False) -> Client:
    """Register a system. `private`: a demo, whose partners are on this machine. Raises RegistrationError."""
    async with store.unit_of_work() as uow:
        organization = await _in_agreement(uow, wish.organization, at)
        client = Client(
            _client_id(wish),
            organization.id,
            _keys(wish.credentials, private=private),
            _scopes(wish.scopes, organization),
            disabled=False,
            purposes=_purposes(wish.purposes, organization),
            jwks_uri=wish.credentials.jwks_uri,
            thumbprint=wish.credentials.thumbprint,
        )
        if not await uow.clients.register(client, by=by, at=at):
            raise RegistrationError("`--id`: is taken; a disabled system keeps its id")
        await _account(uow, REGISTERED, client, by=by, at=at)
        await uow.commit()
    return client


async def rotate(
    store: Store, client_id: str, credentials: Credentials, *, by: str, at: datetime, private: bool = False
) -> Client:
    """Give a system other keys, another address of keys, or another certificate; what is not named stays.

    Its tokens are worth nothing from the commit on: whoever had the old key may have asked for one a moment ago.
    Raises RegistrationError.
    """
    async with store.unit_of_work() as uow:
        known = await uow.clients.get(client_id, lock=True)  # what is not named stays as it is now, not as it was
        if known is None or known.disabled:
            raise RegistrationError("`CLIENT_ID`: names no working system")
        await _in_agreement(uow, known.organization, at)
        client = _changed(known, credentials, private=private)
        if not await uow.clients.rotate(client, by=by, at=at):
            raise RegistrationError("`CLIENT_ID`: names no working system")
        await uow.clients.forget_tokens(client_id)
        await _account(uow, ROTATED, client, by=by, at=at)
        await uow.commit()
    return client


async def disable(store: Store, client_id: str, *, by: str, at: datetime) -> Client:
    """Stop a system; a second call changes nothing and writes nothing. Raises RegistrationError for no such system."""
    async with store.unit_of_work() as uow:
        known = await uow.clients.get(client_id, lock=True)
        if known is None or not await uow.clients.disable(client_id, at):
            raise RegistrationError("`CLIENT_ID`: names no registered system")
        await uow.clients.forget_tokens(client_id)
        if not known.disabled:
            await _account(uow, DISABLED, known, by=by, at=at)
        await uow.commit()
    return replace(known, disabled=True)


async def _in_agreement(uow: UnitOfWork, identity: str, at: datetime) -> Organization:
    """Give an organization with an agreement in date. A law that needs none does not give its systems a door."""
    site, found = await uow.registry.site(), await uow.registry.organization(identity)
    if site is None:
        raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
    if found is None:
        raise RegistrationError("`ORGANIZATION`: names no organization of this site")
    if found.agreement_expires is None or not may_receive(found, site, at):
        raise RegistrationError("`ORGANIZATION`: has no agreement in date")
    return found


def _client_id(wish: Wish) -> str:
    made = wish.client_id or f"{wish.organization.rpartition(':')[2]}-{secrets.token_hex(4)}"
    if not _CLIENT_ID.fullmatch(made):
        raise RegistrationError("`--id`: must be letters, digits, `.`, `_`, `:` and `-`, at most 128")
    return made


def _keys(credentials: Credentials, *, private: bool) -> dict[str, Any]:
    if (credentials.jwks is None) == (credentials.jwks_uri is None):
        raise RegistrationError("`--jwks`, `--jwks-uri`: exactly one is needed")
    if credentials.jwks_uri is not None:
        _check_address(credentials.jwks_uri, private=private)
        return _NO_KEYS
    return _checked_keys(credentials.jwks or _NO_KEYS)


def _check_address(uri: str, *, private: bool) -> None:
    try:
        checked(uri, private=private)
    except AddressError:
        raise RegistrationError("`--jwks-uri`: must be a public https address, without query or fragment") from None


def _checked_keys(jwks: dict[str, Any]) -> dict[str, Any]:
    found = believable(jwks)
    if not found or len(found) != len(jwks["keys"]):
        raise RegistrationError("`--jwks`: each key must be EC P-384 or RSA of at least 2048 bits, with its own `kid`")
    return jwks


def _changed(known: Client, credentials: Credentials, *, private: bool) -> Client:
    if credentials == Credentials():
        raise RegistrationError("`--jwks`, `--jwks-uri`, `--certificate`: at least one is needed")
    changed = known
    if credentials.jwks is not None or credentials.jwks_uri is not None:
        changed = replace(changed, jwks=_keys(credentials, private=private), jwks_uri=credentials.jwks_uri)
    if credentials.thumbprint is not None:
        changed = replace(changed, thumbprint=credentials.thumbprint)
    return changed


def _scopes(wanted: Iterable[str], organization: Organization) -> frozenset[str]:
    """Give the scopes that are registered. A wildcard stands for all that the kind may hold of those letters."""
    most = caps.scopes_of(organization.kind)
    for scope in wanted:
        asked = read_scopes([scope])
        if not asked:
            raise RegistrationError("`--scope`: must be a SMART v2 system scope without a filter, `system/Task.cr` say")
        if not _is_within(asked, read_scopes(most)):
            raise RegistrationError(f"`--scope`: `{scope}` is more than an organization of its kind may hold")
    granted = intersect(wanted, most)
    if not granted:
        raise RegistrationError("`--scope`: at least one is needed")
    return granted


def _is_within(asked: Permissions, most: Permissions) -> bool:
    """Say whether all that is asked may be held; of a wildcard, at least something under each of its letters."""
    return all(
        any(held == letter for _, held in most) if kind == "*" else (kind, letter) in most for kind, letter in asked
    )


def _purposes(wanted: Sequence[Purpose], organization: Organization) -> tuple[Purpose, ...]:
    capped = caps.purposes_of(organization.kind)
    for purpose in wanted:
        if purpose not in capped:
            raise RegistrationError(f"`--purpose`: `{purpose.value}` is not for an organization of its kind")
    return tuple(dict.fromkeys(wanted)) or capped[:1]


async def _account(uow: UnitOfWork, kind: str, client: Client, *, by: str, at: datetime) -> None:
    content = {
        "client": client.client_id,
        "scopes": sorted(client.scopes),
        "purposes": [purpose.value for purpose in client.purposes],
        "keys": [str(key.get("kid")) for key in client.jwks["keys"]],
        "jwks_uri": client.jwks_uri,
        "certificate": client.thumbprint,
        "by": by,
    }
    await ledger.append(uow, kind, at=at, content=content, organization=client.organization)

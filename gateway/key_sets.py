"""The keys of a partner's system that shows them at an address (`jwks_uri`), kept for all processes of a site.

A set is good for five minutes, so a withdrawn key is believed for no longer than that, whatever the partner's server
does: after five minutes without a good answer there are no keys. A key id that the set does not have makes it be
fetched anew, but nothing is fetched more often than every 30 seconds, failed tries included.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from adapters.key_sets import FETCH_SECONDS, KeySetError
from gateway.log import get_logger
from gateway.store.repositories.knocking import KeySet, KeySets
from gateway.store.unit_of_work import Store
from gateway.store.values import Client

GOOD_FOR: Final = timedelta(minutes=5)
RENEWED_AFTER: Final = timedelta(minutes=4)
EVERY: Final = timedelta(seconds=30)
_LOOK_SECONDS: Final = 0.1
_NONE: Final[Mapping[str, Any]] = {"keys": []}

_log = get_logger(__name__)


class Fetch(Protocol):
    """Whatever gets a set from an address."""

    async def fetch(self, uri: str) -> Mapping[str, Any]:
        """Give the set. Raises KeySetError."""


async def keys_of(store: Store, fetch: Fetch, client: Client, key_id: str, at: datetime) -> Mapping[str, Any]:
    """Give the JWK set by which a client is believed now: registered, kept or fetched; empty where there is none."""
    if client.jwks_uri is None:
        return client.jwks
    known = await _known(store, client.jwks_uri)
    if not _suffices(known, key_id, at) and await _claimed(store, client.jwks_uri, at):
        await _renew(store, fetch, client.jwks_uri, at)
        known = await _known(store, client.jwks_uri)
    elif not _is_good(known, at):
        known = await _wait(store, client.jwks_uri, at)
    return known.jwks if known is not None and known.jwks is not None and _is_good(known, at) else _NONE


def _is_good(known: KeySet | None, at: datetime) -> bool:
    if known is None or known.jwks is None or known.fetched_at is None:
        return False
    return at - known.fetched_at < GOOD_FOR


def _suffices(known: KeySet | None, key_id: str, at: datetime) -> bool:
    if known is None or known.jwks is None or known.fetched_at is None or at - known.fetched_at >= RENEWED_AFTER:
        return False
    return any(key.get("kid") == key_id for key in known.jwks["keys"])


async def _known(store: Store, uri: str) -> KeySet | None:
    async with store.unit_of_work() as uow:
        return await KeySets(uow.connection).get(uri)


async def _claimed(store: Store, uri: str, at: datetime) -> bool:
    async with store.unit_of_work() as uow:
        won = await KeySets(uow.connection).claim(uri, at, EVERY)
        await uow.commit()
    return won


async def _renew(store: Store, fetch: Fetch, uri: str, at: datetime) -> None:
    jwks: Mapping[str, Any] | None
    try:
        jwks = await fetch.fetch(uri)
    except KeySetError as error:
        _log.warning("keys-not-fetched", error_class=error.code)
        jwks = None
    async with store.unit_of_work() as uow:
        kept = KeySets(uow.connection)
        await (kept.fail(uri, at, GOOD_FOR) if jwks is None else kept.put(uri, jwks, at))
        await uow.commit()


async def _wait(store: Store, uri: str, at: datetime) -> KeySet | None:
    """Wait for another process, or another request, that is fetching; no longer than a fetch takes."""
    known, waited = await _known(store, uri), 0.0
    while _is_fetched(known, at) and waited < FETCH_SECONDS:
        await asyncio.sleep(_LOOK_SECONDS)
        waited += _LOOK_SECONDS
        known = await _known(store, uri)
    return known


def _is_fetched(known: KeySet | None, at: datetime) -> bool:
    """Say whether somebody is fetching it right now, as far as the moments tell."""
    if known is None or at - known.tried_at > timedelta(seconds=FETCH_SECONDS):
        return False
    return known.fetched_at is None or known.fetched_at < known.tried_at

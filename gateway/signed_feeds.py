"""Feeds whose sender signs each message with a shared key: believed or not, and if so, taken in.

The signature is HMAC-SHA256 over the time, a full stop and the body, as bytes; the time is in seconds since 1970 (UTC).
A message older or newer than five minutes is not believed, so what somebody has overheard is worth nothing later;
within them the same message twice changes nothing, because intake recognises it.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from gateway import intake
from gateway.feeds import FeedSetupError, read_secret, source_of
from gateway.intake import Envelope
from gateway.store.repositories.feeds import Feed
from gateway.store.unit_of_work import Store
from mappings.lead.matching import Weights

WINDOW: Final = 300  # seconds, to either side
SHORTEST_KEY: Final = 32  # bytes; RFC 2104 section 3: not below the length of the hash
_SIGNATURE: Final = re.compile(r"sha256=([0-9a-f]{64})")
_MOMENT: Final = re.compile(r"[0-9]{1,12}")


class Taken(StrEnum):
    """What became of a message. A feed that is not there, or has no key, is `unbelieved` like a wrong signature."""

    STORED = "stored"
    UNBELIEVED = "unbelieved"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Signed:
    """A message as it came: its body, and what its head says about time and signature."""

    body: bytes
    timestamp: str
    signature: str


def signature_of(key: bytes, timestamp: str, body: bytes) -> str:
    """Give the signature of a message, as it stands in its head: `sha256=` and 64 hexadecimal digits."""
    return "sha256=" + hmac.new(key, timestamp.encode("ascii") + b"." + body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class SignedFeeds:
    """The door of signed messages."""

    store: Store
    weights: Weights

    async def take(self, name: str, message: Signed, at: datetime) -> Taken:
        """Believe a message or not, and take it in; `stored` only after it is, whatever it says."""
        async with self.store.unit_of_work() as uow:
            feed = await uow.feeds.get(name)
        if not is_believed(message, _key_of(feed), at) or feed is None:
            return Taken.UNBELIEVED
        try:
            source = source_of(feed)
        except FeedSetupError:
            return Taken.PAUSED
        if message.body:
            await intake.receive(self.store, Envelope(message.body, at), source, self.weights)
        return Taken.STORED


_NOBODY: Final = secrets.token_bytes(SHORTEST_KEY)
"""The key of a feed that is not there: the same work is done, and nothing is ever signed with it."""


def _key_of(feed: Feed | None) -> bytes:
    if feed is None or feed.secret is None:
        return _NOBODY
    try:
        found = read_secret(feed.secret)
    except FeedSetupError:
        return _NOBODY
    return found if len(found) >= SHORTEST_KEY else _NOBODY


def is_believed(message: Signed, key: bytes, at: datetime) -> bool:
    """Say whether a message is signed with this key and of these minutes."""
    if not _MOMENT.fullmatch(message.timestamp) or not _SIGNATURE.fullmatch(message.signature):
        return False
    wanted = signature_of(key, message.timestamp, message.body)
    is_signed = hmac.compare_digest(wanted, message.signature)
    return is_signed and abs(at.timestamp() - int(message.timestamp)) <= WINDOW

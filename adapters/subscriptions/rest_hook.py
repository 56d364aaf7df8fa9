"""Tells a subscriber at its rest-hook endpoint: one notification Bundle each (Subscriptions R5 Backport 1.1.0).

What tells something of a participant is rendered from a sealed message; everything else is a Signal, which cannot.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import httpx2
import orjson

from adapters.addresses import AddressError, Pinned, pinned
from adapters.attempts import Attempt, is_tls, judged, retry_after
from adapters.outbound import Acknowledged, Failed
from consent.disclosure import Disclosure, EndOfPermission, Message
from mappings.fhir.build import Json
from mappings.fhir.notification import (
    EVENT,
    HANDSHAKE,
    HEARTBEAT,
    Event,
    Named,
    focus_of,
    notification,
    resources_of,
    status,
)
from mappings.fhir.subscription import Content, Shown

_KEY: Final = re.compile(r"[A-Za-z0-9._:\-]{8,128}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SIGNALS: Final = frozenset({HANDSHAKE, HEARTBEAT, EVENT})


class SignalError(TypeError):
    """Somebody tried to say more with a signal than it can say."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What says nothing of any participant: a handshake, a heartbeat, or that an answer to `question` is due.

    `question`: the reference of a question that `recipient` itself asked; every question's answer becomes due, whoever
    it was about and whatever the answer is.
    """

    recipient: str
    kind: str
    question: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in _SIGNALS or (self.kind == EVENT) != (self.question is not None):
            raise SignalError("`kind`: a signal is a handshake, a heartbeat or about a question")
        if self.question is not None and not _UUID.fullmatch(self.question):
            raise SignalError("`question`: must be the reference of a question")


@dataclass(frozen=True, slots=True)
class Occasion:
    """Which event of a subscription a message is: its number, its moment, the consent that it may be about."""

    number: int = 0
    at: datetime | None = None
    consent: str | None = None


class RestHook:
    """One subscription's endpoint; implements adapters.outbound.Outbound.

    `recipient`: the organization whose subscription it is; `named` gives the ids by which it knows things. `private`:
    its address may be one of this machine or its networks (a demo). `occasion` is set when the message has passed its
    point. Redirects are not followed, proxies and credentials of the environment not used, and what the endpoint
    writes back is never read.
    """

    def __init__(
        self,
        shown: Shown,
        *,
        recipient: str,
        named: Named,
        base_url: str,
        at: datetime,
        private: bool = False,
        verify: ssl.SSLContext | None = None,
    ) -> None:
        self.shown = shown
        self.occasion = Occasion()
        self._recipient = recipient
        self._named = named
        self._base_url = base_url
        self._at = at
        self._private = private
        self._verify = verify

    async def send(
        self,
        message: Message,
        *,
        idempotency_key: str,
        timeout: float = 5.0,  # noqa: ASYNC109  -- one attempt's bound is part of the contract
    ) -> Acknowledged | Failed:
        """POST one event. Raises TypeError for what is not sealed, ValueError for a key out of form."""
        if isinstance(message, Disclosure):
            body = self._disclosed(message)
        elif isinstance(message, EndOfPermission):
            body = self._ended(message)
        else:
            raise TypeError("only a sealed message with an event in it can be sent")
        return await self._post(body, idempotency_key, timeout)

    async def tell(self, signal: Signal, *, idempotency_key: str, seconds: float = 5.0) -> Acknowledged | Failed:
        """POST a signal. Raises TypeError for anything else, or for a signal to somebody else."""
        if not isinstance(signal, Signal) or signal.recipient != self._recipient:
            raise TypeError("only a signal to this recipient can be told")
        if signal.question is None:
            told = status(self.shown, signal.kind, self._base_url)
            return await self._post(self._bundle(told, ()), idempotency_key, seconds)
        named = () if self.shown.wanted.content is Content.EMPTY else (f"Task/{signal.question}",)
        return await self._post(self._bundle(self._event(named), ()), idempotency_key, seconds)

    def _event(self, focus: tuple[str, ...]) -> Json:
        """Render the one event of this occasion, as of which the subscription has had so many."""
        number, at = self.occasion.number, self.occasion.at or self._at
        shown = replace(self.shown, events=max(self.shown.events, number))
        return status(shown, EVENT, self._base_url, [Event(number, at, focus)])

    def _disclosed(self, message: Disclosure) -> Json:
        if message.clearance.recipient != self._recipient:
            raise TypeError("only a message to this recipient can be sent")
        wanted = self.shown.wanted
        focus = focus_of(message, wanted.topic, wanted.content, self._named, self.occasion.consent)
        resources = resources_of(message, self._base_url, self._named) if wanted.content is Content.FULL else []
        return self._bundle(self._event(focus), resources)

    def _ended(self, message: EndOfPermission) -> Json:
        """Name the consent that lets nothing more go there; what it says now is read where it is."""
        consent = self.occasion.consent
        named = (
            ()
            if self.shown.wanted.content is Content.EMPTY or consent is None
            else (f"Consent/{self._named(consent)}",)
        )
        if message.recipient != self._recipient:
            raise TypeError("only a message to this recipient can be sent")
        return self._bundle(self._event(named), ())

    def _bundle(self, told: Json, resources: Any) -> Json:
        return notification(self.shown, told, self._base_url, self.occasion.at or self._at, resources)

    async def _post(self, bundle: Json, key: str, seconds: float) -> Acknowledged | Failed:
        if not _KEY.fullmatch(key):
            raise ValueError("`idempotency_key` is out of form")
        body, attempt = orjson.dumps(bundle), Attempt(seconds)
        try:
            async with attempt.limited():
                where = await pinned(self.shown.wanted.endpoint, private=self._private)
                code, wished = await self._stream(where, body, self._headers(key), attempt)
        except AddressError:
            return Failed(retryable=True, cause="address")
        except (TimeoutError, httpx2.TimeoutException):
            return Failed(retryable=True, cause="timeout", first_byte=attempt.first_byte)
        except httpx2.ConnectError as error:
            return Failed(retryable=True, cause="tls" if is_tls(error) else "connect")
        except (httpx2.HTTPError, httpx2.StreamError, OSError):
            return Failed(retryable=True, cause="transport", first_byte=attempt.first_byte)
        return judged(code, wished, attempt.first_byte)

    def _headers(self, key: str) -> dict[str, str]:
        headers = {"Content-Type": "application/fhir+json; charset=utf-8", "Idempotency-Key": key}
        bearer = self.shown.wanted.bearer
        return headers if bearer is None else headers | {"Authorization": f"Bearer {bearer}"}

    async def _stream(
        self, where: Pinned, body: bytes, headers: Mapping[str, str], attempt: Attempt
    ) -> tuple[int, float | None]:
        extensions = {"trace": attempt.trace, **where.extensions}
        verify = ssl.create_default_context() if self._verify is None else self._verify
        opened = httpx2.AsyncClient(verify=verify, timeout=None, follow_redirects=False, trust_env=False)
        told = {**headers, "Host": where.host}
        async with (
            opened as http,
            http.stream("POST", where.url, content=body, headers=told, extensions=extensions) as answer,
        ):
            return answer.status_code, retry_after(answer.headers)

"""Pushes sealed messages, one FHIR R4 Bundle each, to a prosecutor's case-management system."""

import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any, Final

import httpx2
import orjson

from adapters.attempts import Attempt, is_tls, judged, retry_after
from adapters.outbound import Acknowledged, Failed
from consent.disclosure import Disclosure, EndOfPermission, Message, NeutralAnswer
from consent.model import Organization
from mappings.fhir.bundle import disclosure_bundle, neutral_answer
from mappings.fhir.ended import end_of_permission

_KEY: Final = re.compile(r"[A-Za-z0-9._:\-]{8,128}")
_CREDENTIAL: Final = re.compile(r"[A-Za-z0-9._~+/\-]{1,4096}=*")  # RFC 6750 section 2.1
_IDLE_SECONDS: Final = 5.0  # an open connection is kept for so long


class EndpointError(ValueError):
    """The endpoint or credential of a recipient cannot be used as configured."""


class FhirPush:
    """One recipient's endpoint; implements adapters.outbound.Outbound.

    `organizations` are all partners by id, for the names in the Bundle; `base_url` is the gateway's own address.
    Plain HTTP is taken only toward this machine itself, or where `plain_http` says so on purpose. Proxies and
    credentials of the environment are not used, and redirects are not followed. `keep_open`: connections are used
    again, and `close` must be called in the end.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        organizations: Mapping[str, Organization],
        base_url: str,
        credential: str | None = None,
        verify: ssl.SSLContext | None = None,
        plain_http: bool = False,
        keep_open: bool = False,
    ) -> None:
        self._endpoint = _checked(endpoint, plain_http=plain_http)
        self._organizations = organizations
        self._base_url = base_url
        if credential is not None and not _CREDENTIAL.fullmatch(credential):
            raise EndpointError("`credential` is not a bearer token")
        self._credential = credential
        self._verify = ssl.create_default_context() if verify is None else verify
        self._kept: httpx2.AsyncClient | None = self._client() if keep_open else None

    async def send(
        self,
        message: Message,
        *,
        idempotency_key: str,
        timeout: float = 5.0,  # noqa: ASYNC109  -- one attempt's bound is part of the contract
    ) -> Acknowledged | Failed:
        """POST one Bundle. Raises TypeError for what is not sealed, ValueError for a key out of form."""
        body = self._render(message)
        headers = self._headers(idempotency_key)
        attempt = Attempt(timeout)
        try:
            async with attempt.limited(), self._open() as client:
                status, wished = await self._post(client, body, headers, attempt)
        except (TimeoutError, httpx2.TimeoutException):
            return Failed(retryable=True, cause="timeout", first_byte=attempt.first_byte)
        except httpx2.ConnectError as error:
            return Failed(retryable=True, cause="tls" if is_tls(error) else "connect")
        except (httpx2.HTTPError, httpx2.StreamError, OSError):
            return Failed(retryable=True, cause="transport", first_byte=attempt.first_byte)
        return judged(status, wished, attempt.first_byte)

    async def close(self) -> None:
        """Give the connections back."""
        if self._kept is not None:
            await self._kept.aclose()

    def _render(self, message: Message) -> bytes:
        bundle: Mapping[str, Any]
        if isinstance(message, Disclosure):
            bundle = disclosure_bundle(
                message, organizations=self._organizations, base_url=self._base_url, at=message.at
            )
        elif isinstance(message, NeutralAnswer):
            bundle = neutral_answer(message)
        elif isinstance(message, EndOfPermission):
            bundle = end_of_permission(message)
        else:
            raise TypeError("only a sealed message can be sent")
        return orjson.dumps(bundle)

    def _headers(self, idempotency_key: str) -> dict[str, str]:
        if not _KEY.fullmatch(idempotency_key):
            raise ValueError("`idempotency_key` is out of form")
        headers = {"Content-Type": "application/fhir+json; charset=utf-8", "Idempotency-Key": idempotency_key}
        return headers if self._credential is None else headers | {"Authorization": f"Bearer {self._credential}"}

    def _client(self) -> httpx2.AsyncClient:
        limits = httpx2.Limits(keepalive_expiry=_IDLE_SECONDS)
        return httpx2.AsyncClient(
            verify=self._verify, timeout=None, limits=limits, follow_redirects=False, trust_env=False
        )

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[httpx2.AsyncClient]:
        """Give the client that is kept, or one for this attempt alone. The attempt's own limit bounds it all."""
        if self._kept is not None:
            yield self._kept
            return
        async with self._client() as client:
            yield client

    async def _post(
        self, client: httpx2.AsyncClient, body: bytes, headers: Mapping[str, str], attempt: Attempt
    ) -> tuple[int, float | None]:
        """Give the status, and for how many seconds the recipient asks to be left alone.

        The answer's body is never read: it is nobody's business what a recipient writes. One that has none is read to
        its end, which is nothing, so that the connection can be used again.
        """
        extensions = {"trace": attempt.trace}
        post = client.stream("POST", self._endpoint, content=body, headers=dict(headers), extensions=extensions)
        async with post as answer:
            if answer.headers.get("content-length") == "0":
                await answer.aread()
            return answer.status_code, retry_after(answer.headers)


def _checked(endpoint: str, *, plain_http: bool) -> str:
    try:
        url = httpx2.URL(endpoint)
    except (httpx2.InvalidURL, TypeError):
        raise EndpointError("`endpoint` is not a URL") from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise EndpointError("`endpoint` must be an http or https URL")
    if url.userinfo or url.query or url.fragment:
        raise EndpointError("`endpoint` must not carry credentials, a query or a fragment")
    if url.scheme == "http" and not plain_http and not _is_loopback(url.host):
        raise EndpointError("`endpoint` must use https beyond this machine")
    return endpoint


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Pushes a disclosure, or the neutral answer, as one FHIR R4 Bundle to a prosecutor's case-management system."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Final

import httpx2
import orjson

from adapters.outbound import Acknowledged, Failed
from consent.disclosure import Disclosure, NeutralAnswer
from consent.model import Organization
from mappings.fhir.bundle import disclosure_bundle, neutral_answer

_KEY: Final = re.compile(r"[A-Za-z0-9._:\-]{8,128}")
_CREDENTIAL: Final = re.compile(r"[A-Za-z0-9._~+/\-]{1,4096}=*")  # RFC 6750 section 2.1
_RETRYABLE: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)


_SUCCESS: Final = 2
_REDIRECTION: Final = 3
_SERVER_FAULT: Final = 5


class EndpointError(ValueError):
    """The endpoint or credential of a recipient cannot be used as configured."""


class FhirPush:
    """One recipient's endpoint; implements adapters.outbound.Outbound.

    `organizations` are all partners by id, for the names in the Bundle; `base_url` is the gateway's own address.
    Plain HTTP is taken only toward this machine itself, or where `plain_http` says so on purpose. Proxies and
    credentials of the environment are not used, and redirects are not followed.
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
    ) -> None:
        self._endpoint = _checked(endpoint, plain_http=plain_http)
        self._organizations = organizations
        self._base_url = base_url
        if credential is not None and not _CREDENTIAL.fullmatch(credential):
            raise EndpointError("`credential` is not a bearer token")
        self._credential = credential
        self._verify = ssl.create_default_context() if verify is None else verify

    async def send(
        self,
        message: Disclosure | NeutralAnswer,
        *,
        idempotency_key: str,
        timeout: float = 5.0,  # noqa: ASYNC109  -- one attempt's bound is part of the contract
    ) -> Acknowledged | Failed:
        """POST one Bundle. Raises TypeError for what is not sealed, ValueError for a key out of form."""
        body = self._render(message)
        headers = self._headers(idempotency_key)
        try:
            async with asyncio.timeout(timeout):
                status = await self._post(body, headers, timeout)
        except (TimeoutError, httpx2.TimeoutException):
            return Failed(retryable=True, cause="timeout")
        except httpx2.ConnectError as error:
            return Failed(retryable=True, cause="tls" if _is_tls(error) else "connect")
        except (httpx2.HTTPError, httpx2.StreamError, OSError):
            return Failed(retryable=True, cause="transport")
        return _judged(status)

    def _render(self, message: Disclosure | NeutralAnswer) -> bytes:
        bundle: Mapping[str, Any]
        if isinstance(message, Disclosure):
            bundle = disclosure_bundle(
                message, organizations=self._organizations, base_url=self._base_url, at=message.at
            )
        elif isinstance(message, NeutralAnswer):
            bundle = neutral_answer(message)
        else:
            raise TypeError("only a sealed disclosure or neutral answer can be sent")
        return orjson.dumps(bundle)

    def _headers(self, idempotency_key: str) -> dict[str, str]:
        if not _KEY.fullmatch(idempotency_key):
            raise ValueError("`idempotency_key` is out of form")
        headers = {"Content-Type": "application/fhir+json; charset=utf-8", "Idempotency-Key": idempotency_key}
        return headers if self._credential is None else headers | {"Authorization": f"Bearer {self._credential}"}

    async def _post(self, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
        """Give the status. The answer's body is never read: it is nobody's business what a recipient writes."""
        client = httpx2.AsyncClient(verify=self._verify, timeout=seconds, follow_redirects=False, trust_env=False)
        async with client, client.stream("POST", self._endpoint, content=body, headers=dict(headers)) as answer:
            return answer.status_code


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


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _judged(status: int) -> Acknowledged | Failed:
    """Read a status: 2xx is an acknowledgement, a redirect is never followed, 5xx and a few others may be retried."""
    family = status // 100
    if family == _SUCCESS:
        return Acknowledged(status)
    if family == _REDIRECTION:
        return Failed(retryable=False, cause="redirect")
    return Failed(retryable=family == _SERVER_FAULT or status in _RETRYABLE, cause=f"http-{status}")

"""A partner's side of SMART Backend Services: gets a token with a signed assertion, then asks over FHIR.

Used by the demo, which plays the partners, and by whoever wants to see how little a partner's system needs.
Source: SMART App Launch 2.2.0, client-confidential-asymmetric and backend services.
"""

import secrets
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import httpx2
import orjson
from joserfc import jwt
from joserfc.jwk import ECKey

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE: Final = timedelta(minutes=4)
FHIR_JSON: Final = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its status and its body as it came."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Give the body as JSON."""
        return orjson.loads(self.body)


class SmartClientError(Exception):
    """The server gave no token. Says the status only."""


class SmartClient:
    """One system of one organization. `jwk`: its private EC P-384 key as a JSON Web Key."""

    def __init__(self, http: httpx2.AsyncClient, *, token_url: str, client_id: str, jwk: dict[str, Any]) -> None:
        self._http = http
        self._token_url = token_url
        self._client_id = client_id
        self._key = ECKey.import_key(jwk)

    def assertion(self, at: datetime) -> str:
        """Give a fresh signed assertion: ES384, one use, four minutes."""
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._token_url,
            "jti": secrets.token_urlsafe(16),
            "iat": int(at.timestamp()),
            "exp": int((at + ASSERTION_LIFE).timestamp()),
        }
        return jwt.encode({"alg": "ES384", "kid": self._key.kid}, claims, self._key, algorithms=["ES384"])

    async def token(self, scope: str, at: datetime) -> str:
        """Get an access token. Raises SmartClientError."""
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion(at),
        }
        got = await self._http.post(self._token_url, data=form)
        if got.status_code != httpx2.codes.OK:
            raise SmartClientError(f"no token: the server answered {got.status_code}")
        token: str = got.json()["access_token"]
        return token

    async def post(self, url: str, resource: dict[str, Any], *, scope: str, at: datetime) -> Answer:
        """Send one resource with a fresh token."""
        headers = {"Authorization": f"Bearer {await self.token(scope, at)}", "Content-Type": FHIR_JSON}
        got = await self._http.post(url, content=orjson.dumps(resource), headers=headers)
        return Answer(got.status_code, got.content)


def new_key() -> dict[str, Any]:
    """Make a private EC P-384 key as a JSON Web Key with an id."""
    return dict(ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384"}, auto_kid=True).as_dict(private=True))


def public_part(jwk: dict[str, Any]) -> dict[str, Any]:
    """Give what a partner registers: the key without its private part, and without `key_ops` of signing."""
    return {name: value for name, value in jwk.items() if name not in ("d", "key_ops")}


def open_http(trust: ssl.SSLContext | None = None) -> httpx2.AsyncClient:
    """Give an HTTP client that follows no redirects and takes nothing from the environment.

    `trust`: instead of the system's certificates.
    """
    verify = ssl.create_default_context() if trust is None else trust
    return httpx2.AsyncClient(verify=verify, timeout=10, follow_redirects=False, trust_env=False)

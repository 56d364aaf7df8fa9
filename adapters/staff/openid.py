"""Signing staff in at the site's OpenID provider: authorization code with PKCE, nothing else.

Source: OpenID Connect Core 1.0 (3.1), OpenID Connect Discovery 1.0 (4), RFC 7636 (S256), RFC 9700. No password of ours:
what the provider says of a person is believed only in an ID token that it signed for this site and this attempt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import orjson
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SCOPE: Final = "openid profile"
TIMEOUT: Final = 10.0
_LONGEST: Final = 1 << 20
_LEEWAY: Final = 60
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class OpenIdError(Exception):
    """Nobody was signed in. The message names the step and the rule, never what the provider or the browser sent."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is remembered between sending somebody to the provider and their return."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Attempt":
        """Make one: three secrets of their own."""
        return cls(generate_token(43), generate_token(43), generate_token(64))


@dataclass(frozen=True, slots=True)
class Registration:
    """How this site is known at the provider. `secret`: None where it is registered as a public client."""

    issuer: str
    client_id: str
    redirect_uri: str
    secret: str | None = field(default=None, repr=False)


@dataclass
class OpenIdProvider:
    """The provider, as its discovery document tells; that and its keys are asked for when first needed."""

    registration: Registration
    http: httpx2.AsyncClient = field(default_factory=httpx2.AsyncClient, repr=False)
    _document: Mapping[str, Any] | None = field(default=None, init=False)
    _keys: KeySet | None = field(default=None, init=False)

    async def address(self, attempt: Attempt) -> str:
        """Give the address to which the browser goes. Raises OpenIdError where the provider cannot be asked."""
        document = await self._discovered()
        challenge = create_s256_code_challenge(attempt.verifier)  # type: ignore[no-untyped-call]  # its stub is bare
        return str(
            prepare_grant_uri(
                document["authorization_endpoint"],
                client_id=self.registration.client_id,
                response_type="code",
                redirect_uri=self.registration.redirect_uri,
                scope=SCOPE,
                state=attempt.state,
                nonce=attempt.nonce,
                code_challenge=challenge,
                code_challenge_method="S256",
            )
        )

    async def claims(
        self, code: str, attempt: Attempt, at: datetime, *, issuer: str | None = None
    ) -> Mapping[str, Any]:
        """Redeem a code and give the claims of its ID token. Raises OpenIdError on anything that is not in order.

        `issuer`: who says that it sent the browser back (RFC 9207), where it says so.
        """
        document = await self._discovered()
        if issuer is not None and issuer != document["issuer"]:
            raise OpenIdError("`iss`: another provider sent the browser back")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.registration.redirect_uri,
            "code_verifier": attempt.verifier,
            "client_id": self.registration.client_id,
        }
        secret = self.registration.secret
        auth = None if secret is None else httpx2.BasicAuth(self.registration.client_id, secret)
        if auth is not None:
            del form["client_id"]
        answer = await self._json("token", "POST", document["token_endpoint"], data=form, auth=auth)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise OpenIdError("`id_token`: is missing")
        return await self._checked(token, attempt, at)

    async def _checked(self, token: str, attempt: Attempt, at: datetime) -> Mapping[str, Any]:
        claims = await self._signed(token)
        mine, now = self.registration.client_id, int(at.timestamp())
        audience = claims.get("aud")
        if claims.get("iss") != (await self._discovered())["issuer"]:
            raise OpenIdError("`iss`: is another provider")
        if audience != mine and not (isinstance(audience, list) and mine in audience and claims.get("azp") == mine):
            raise OpenIdError("`aud`: is not this site")
        if not _is_number(claims.get("exp")) or claims["exp"] + _LEEWAY <= now:
            raise OpenIdError("`exp`: has passed")
        if not _is_number(claims.get("iat")) or claims["iat"] - _LEEWAY > now:
            raise OpenIdError("`iat`: is in the future")
        if claims.get("nonce") != attempt.nonce:
            raise OpenIdError("`nonce`: is not of this attempt")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise OpenIdError("`sub`: is missing")
        return claims

    async def _signed(self, token: str) -> dict[str, Any]:
        for refresh in (False, True):  # keys rotate: a signature by none that we know is tried with those of now
            try:
                return jwt.decode(token, await self._key_set(refresh=refresh), algorithms=list(ALGORITHMS)).claims
            except (JoseError, ValueError):
                continue
        raise OpenIdError("`id_token`: is not signed by the provider")

    async def _key_set(self, *, refresh: bool) -> KeySet:
        if self._keys is None or refresh:
            found = await self._json("keys", "GET", (await self._discovered())["jwks_uri"])
            try:
                self._keys = KeySet.import_key_set({"keys": list(found["keys"])})
            except (KeyError, TypeError, ValueError, JoseError):
                raise OpenIdError("`jwks_uri`: gives no keys") from None
        return self._keys

    async def _discovered(self) -> Mapping[str, Any]:
        if self._document is None:
            found = await self._json("discovery", "GET", f"{self.registration.issuer}/.well-known/openid-configuration")
            self._document = _checked_document(found, self.registration.issuer)
        return self._document

    async def _json(self, step: str, method: str, address: str, **more: Any) -> dict[str, Any]:
        try:
            answer = await self.http.request(method, address, timeout=TIMEOUT, follow_redirects=False, **more)
            body = orjson.loads(answer.content) if len(answer.content) <= _LONGEST else None
        except (httpx2.HTTPError, orjson.JSONDecodeError) as error:
            raise OpenIdError(f"`{step}`: the provider cannot be asked ({type(error).__name__})") from None
        if not answer.is_success or not isinstance(body, dict):
            raise OpenIdError(f"`{step}`: the provider refused")
        return body


def _checked_document(found: Mapping[str, Any], issuer: str) -> Mapping[str, Any]:
    if str(found.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise OpenIdError("`discovery`: names another issuer")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not is_secure(str(found.get(name, ""))):
            raise OpenIdError(f"`{name}`: must be an `https://` address")
    return found


def is_secure(address: str) -> bool:
    """Say whether an address is over TLS, or on this very machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)

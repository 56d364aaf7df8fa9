"""Client authentication by a signed assertion: SMART Backend Services, RFC 7523, RFC 7515.

Built on joserfc, the core that Authlib itself stands on. Authlib's JWTBearerClientAssertion is not used: as shipped it
refuses ES384 and RS384, accepts RS256 and ES256, and takes the only key of a set where `kid` is missing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, Literal

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key

from consent.model import Organization
from gateway.api.capability import SIGNING_ALGORITHMS
from gateway.api.ports import Client, Gateway

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_LONGEST_LIFE: Final = 300  # seconds; SMART App Launch 2.2, asymmetric client authentication
_SKEW: Final = 5  # seconds that a partner's clock may run ahead
_LONGEST_ASSERTION: Final = 8192
_LONGEST_ID: Final = 256
_SMALLEST_RSA: Final = 2048  # bits
_KEY_TYPES: Final[Mapping[str, Literal["EC", "RSA"]]] = {"ES384": "EC", "RS384": "RSA"}
_CURVE: Final = "P-384"


class AssertionRefusedError(Exception):
    """The assertion does not authenticate anybody. Carries a code for our own log, never told to the caller."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever is at the other end: `source`, its address; `thumbprint`, of the certificate it has shown, or None."""

    source: str
    thumbprint: str | None


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A client that has proved who it is, its organization as it is now, and what its assertion says."""

    client: Client
    organization: Organization
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Claimed:
    client_id: str
    algorithm: str
    key_id: str


class TooManyTriesError(Exception):
    """Too many authentications under this id, or from this source, have failed. Nothing was looked at."""


async def authenticate(assertion: str, token_url: str, gateway: Gateway, caller: Caller) -> Authenticated:
    """Check an assertion and spend its `jti`.

    Raises AssertionRefusedError for every failure, TooManyTriesError after too many of them. An unknown or disabled
    client costs the same signature check as a known one, on a decoy key.
    """
    try:
        claimed = _peek(assertion)
    except AssertionRefusedError:
        await _count("", gateway, caller)
        raise
    await _count(claimed.client_id, gateway, caller)
    client = await gateway.client(claimed.client_id)
    key = None
    if client is not None and not client.disabled:
        key = _registered_key(await gateway.keys_of(client, claimed.key_id), claimed)
    claims = _verify(assertion, claimed, key)
    if client is None or client.client_id != claimed.client_id or key is None:
        raise AssertionRefusedError("no-key")
    if client.thumbprint is not None and client.thumbprint != caller.thumbprint:
        raise AssertionRefusedError("certificate")
    expires = _check(claims, claimed.client_id, token_url, gateway.now())
    organization = await gateway.partner(client.organization)
    if organization is None:
        raise AssertionRefusedError("agreement")
    if not await gateway.use_jti(client.client_id, claims["jti"], expires):
        raise AssertionRefusedError("replayed")
    await gateway.succeeded(client.client_id, caller.source)
    return Authenticated(client, organization, claims)


async def _count(client_id: str, gateway: Gateway, caller: Caller) -> None:
    if not await gateway.may_try(client_id, caller.source):
        raise TooManyTriesError


def _peek(assertion: str) -> _Claimed:
    """Read who claims to speak, before anything is believed."""
    if len(assertion) > _LONGEST_ASSERTION:
        raise AssertionRefusedError("too-long")
    try:
        signature = jws.extract_compact(assertion.encode("ascii"))
        claims = json.loads(signature.payload)
    except (JoseError, ValueError, RecursionError):
        raise AssertionRefusedError("unreadable") from None
    header = signature.headers()
    algorithm, key_id = header.get("alg"), header.get("kid")
    client_id = claims.get("sub") if isinstance(claims, dict) else None
    if algorithm not in SIGNING_ALGORITHMS:
        raise AssertionRefusedError("algorithm")
    if not _short_text(key_id) or not _short_text(client_id):
        raise AssertionRefusedError("kid-or-sub")
    return _Claimed(str(client_id), str(algorithm), str(key_id))


def _short_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and value.isprintable()


def _registered_key(jwks: Mapping[str, Any], claimed: _Claimed) -> ECKey | RSAKey | None:
    """Pick the one key that the header's `kid` names; None where there is none, or several, or it does not fit."""
    keys = jwks.get("keys")
    named = [key for key in keys if isinstance(key, Mapping) and key.get("kid") == claimed.key_id] if keys else []
    if len(named) != 1:
        return None
    found = named[0]
    fits = found.get("alg", claimed.algorithm) == claimed.algorithm and found.get("use", "sig") == "sig"
    if not fits or found.get("kty") != _KEY_TYPES[claimed.algorithm]:
        return None
    return _imported(found, claimed.algorithm)


def _imported(found: Mapping[str, Any], algorithm: str) -> ECKey | RSAKey | None:
    public = {name: found[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in found}
    try:
        key = import_key(public, _KEY_TYPES[algorithm])
    except (JoseError, ValueError, TypeError):
        return None
    if isinstance(key, RSAKey) and key.public_key.key_size < _SMALLEST_RSA:
        return None
    return key  # joserfc itself refuses a key that is not on the curve of ES384


def believable(jwks: Mapping[str, Any]) -> list[str]:
    """Name, by `kid`, the keys of a set by which an assertion could be checked; a `kid` that repeats names none."""
    fitting = {kind: algorithm for algorithm, kind in _KEY_TYPES.items()}
    claimed = [
        _Claimed("", fitting[key["kty"]], str(key.get("kid"))) for key in jwks["keys"] if key.get("kty") in fitting
    ]
    return [each.key_id for each in claimed if _short_text(each.key_id) and _fits(jwks, each)]


def _fits(jwks: Mapping[str, Any], claimed: _Claimed) -> bool:
    key = _registered_key(jwks, claimed)
    return isinstance(key, RSAKey) or (isinstance(key, ECKey) and key.curve_name == _CURVE)


@cache
def _decoy(algorithm: str) -> ECKey | RSAKey:
    if _KEY_TYPES[algorithm] == "EC":
        return ECKey.generate_key(_CURVE, private=False)
    return RSAKey.generate_key(_SMALLEST_RSA, private=False)


def _verify(assertion: str, claimed: _Claimed, key: ECKey | RSAKey | None) -> dict[str, Any]:
    """Check the signature with exactly the algorithm that the header claims, one of the two allowed."""
    try:
        token = jwt.decode(assertion, key or _decoy(claimed.algorithm), algorithms=[claimed.algorithm])
    except (JoseError, ValueError, TypeError):
        raise AssertionRefusedError("signature") from None
    return token.claims


def _check(claims: dict[str, Any], client_id: str, token_url: str, now: datetime) -> datetime:
    """Check the claims of RFC 7523 section 3; give the moment until which the `jti` must be remembered."""
    seconds = now.timestamp()
    past = jwt.JWTClaimsRegistry(now=int(seconds), exp={"essential": True})
    rest = jwt.JWTClaimsRegistry(
        now=int(seconds),
        leeway=_SKEW,
        iss={"essential": True, "value": client_id},
        sub={"essential": True, "value": client_id},
        aud={"essential": True, "value": token_url},
        jti={"essential": True},
    )
    try:
        past.validate({"exp": claims.get("exp")})
        rest.validate(claims)
    except (JoseError, OverflowError):
        raise AssertionRefusedError("claims") from None
    if claims["exp"] > seconds + _LONGEST_LIFE + _SKEW:
        raise AssertionRefusedError("lives-too-long")
    if not _short_text(claims["jti"]):
        raise AssertionRefusedError("jti")
    return datetime.fromtimestamp(claims["exp"], UTC) + timedelta(seconds=_SKEW)

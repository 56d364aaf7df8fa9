"""A provider that lies, is broken or belongs to somebody else: nobody is signed in. (The real one: tests/browser.)"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from adapters.staff.openid import Attempt, OpenIdError, OpenIdProvider, Registration

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ISSUER = "https://sign-in.test"
ATTEMPT = Attempt("a state", "a nonce", "v" * 64)
KEY = ECKey.generate_key("P-384", parameters={"kid": "one"})
OTHER = ECKey.generate_key("P-384", parameters={"kid": "other"})
GOOD = {
    "iss": ISSUER,
    "aud": "lead-console",
    "sub": "Mo Cypress",
    "nonce": "a nonce",
    "iat": int(NOON.timestamp()),
    "exp": int(NOON.timestamp()) + 60,
}


class Hostile:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self, claims: dict[str, Any] | None = None, *, key: ECKey = KEY, algorithm: str = "ES384") -> None:
        self.claims = GOOD if claims is None else claims
        self.key, self.algorithm = key, algorithm
        self.document: dict[str, Any] = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/jwks",
        }
        self.keys = [KEY]
        self.forms: list[dict[str, list[str]]] = []
        self.asked: list[str] = []
        self.status = 200

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.asked.append(path)
        if path.startswith("/.well-known"):
            return httpx2.Response(self.status, json=self.document)
        if path == "/jwks":
            return httpx2.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})
        self.forms.append(parse_qs(request.content.decode()))
        token = jwt.encode(
            {"alg": self.algorithm, "kid": self.key.kid}, self.claims, self.key, algorithms=[self.algorithm]
        )
        return httpx2.Response(200, json={"id_token": token})

    def provider(self, **more: Any) -> OpenIdProvider:
        known = Registration(ISSUER, "lead-console", "https://lead.test/console/signed-in", **more)
        return OpenIdProvider(known, httpx2.AsyncClient(transport=httpx2.MockTransport(self)))


async def _refused(hostile: Hostile, why: str, **more: Any) -> None:
    with pytest.raises(OpenIdError, match=why) as refused:
        await hostile.provider().claims("a code", ATTEMPT, NOON, **more)
    assert "Cypress" not in str(refused.value)


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"iss": "https://evil.test"}, "`iss`"),
            ({"aud": "another-site"}, "`aud`"),
            ({"aud": ["lead-console", "another-site"]}, "`aud`"),
            ({"aud": ["lead-console", "another-site"], "azp": "another-site"}, "`aud`"),
            ({"exp": int(NOON.timestamp()) - 60}, "`exp`"),
            ({"exp": "never"}, "`exp`"),
            ({"iat": int(NOON.timestamp()) + 61}, "`iat`"),
            ({"nonce": "of another attempt"}, "`nonce`"),
            ({"sub": ""}, "`sub`"),
        ],
    )
    async def test_a_claim_that_is_not_in_order(self, change: dict[str, Any], why: str) -> None:
        await _refused(Hostile({**GOOD, **change}), why)

    @pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat", "nonce", "sub"])
    async def test_a_claim_that_is_missing(self, name: str) -> None:
        await _refused(Hostile({key: value for key, value in GOOD.items() if key != name}), f"`{name}`")

    async def test_a_key_of_somebody_else(self) -> None:
        await _refused(Hostile(key=OTHER), "not signed by the provider")

    async def test_another_provider_in_the_answer(self) -> None:
        await _refused(Hostile(), "another provider", issuer="https://evil.test")

    async def test_a_discovery_document_of_another_issuer(self) -> None:
        hostile = Hostile()
        hostile.document["issuer"] = "https://evil.test"
        await _refused(hostile, "another issuer")

    @pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
    async def test_an_address_in_the_clear(self, name: str) -> None:
        hostile = Hostile()
        hostile.document[name] = "http://sign-in.test/x"
        await _refused(hostile, f"`{name}`")

    async def test_a_provider_that_is_down(self) -> None:
        hostile = Hostile()
        hostile.status = 503
        await _refused(hostile, "`discovery`")


class TestAsked:
    async def test_with_a_challenge_and_never_with_the_verifier(self) -> None:
        query = parse_qs(urlsplit(await Hostile().provider().address(ATTEMPT)).query)
        assert query["code_challenge_method"] == ["S256"]
        assert query["nonce"] == ["a nonce"]
        assert ATTEMPT.verifier not in str(query)

    async def test_the_verifier_comes_with_the_code(self) -> None:
        hostile = Hostile()
        assert (await hostile.provider(secret="s").claims("a code", ATTEMPT, NOON))["sub"] == "Mo Cypress"
        assert hostile.forms[0]["code_verifier"] == [ATTEMPT.verifier]

    async def test_keys_that_rotate_are_asked_for_again(self) -> None:
        hostile = Hostile()
        provider = hostile.provider()
        await provider.claims("a code", ATTEMPT, NOON)
        hostile.key, hostile.keys = OTHER, [OTHER]
        await provider.claims("a code", ATTEMPT, NOON)
        assert hostile.asked.count("/jwks") == 2

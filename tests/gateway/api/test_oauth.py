import hmac
import json
import time
import warnings
from base64 import urlsafe_b64encode
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from gateway.api.assertion import ASSERTION_TYPE
from gateway.api.ports import Client
from tests.gateway.api.fake import NOON, FakeGateway

URL = "https://gateway.test/oauth/token"
NOW = int(NOON.timestamp())
OWN = ECKey.generate_key("P-384", {"kid": "own"})
OTHERS = ECKey.generate_key("P-384", {"kid": "others"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
LARGE_CURVE = ECKey.generate_key("P-521", {"kid": "large"})
FOR_SECRETS = ECKey.generate_key("P-384", {"kid": "enc", "use": "enc"})
FOR_OTHER = ECKey.generate_key("P-384", {"kid": "other-alg", "alg": "ES256"})
with warnings.catch_warnings():
    warnings.simplefilter("ignore", SecurityWarning)
    SMALL_RSA = RSAKey.generate_key(1024, {"kid": "small-rsa"})
SMALL_CURVE = ECKey.generate_key("P-256", {"kid": "small"})
ANY = JWSRegistry(algorithms=["none", "ES256", "ES384", "RS256", "RS384", "HS384", "PS384"], strict_check_header=False)


def client(client_id: str, *keys, disabled: bool = False) -> Client:
    jwks = {"keys": [key.as_dict(private=False) for key in keys]}
    return Client(client_id, "prosecutor", jwks, frozenset({"system/Task.c", "system/Consent.rs"}), disabled)


@pytest.fixture
def gateway() -> FakeGateway:
    made = FakeGateway()
    for one in (
        client("pa", OWN, RSA, SMALL_CURVE, LARGE_CURVE, SMALL_RSA, FOR_SECRETS, FOR_OTHER),
        client("jail", OTHERS),
        client("gone", OWN, disabled=True),
        client("two", OWN, OWN),
    ):
        made.clients[one.client_id] = one
    return made


def claims(**changed) -> dict:
    made = {"iss": "pa", "sub": "pa", "aud": URL, "exp": NOW + 240, "iat": NOW, "jti": f"j-{time.monotonic_ns()}"}
    return {name: value for name, value in (made | changed).items() if value is not None}


def signed(key=OWN, header: dict | None = None, **changed) -> str:
    head = {"alg": "ES384", "kid": "own"} | (header or {})
    return jwt.encode({k: v for k, v in head.items() if v is not None}, claims(**changed), key, registry=ANY)


def raw(header: dict, payload: object, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def form(assertion: str, **changed) -> dict[str, str]:
    made = {
        "grant_type": "client_credentials",
        "scope": "system/Task.c",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    return {name: value for name, value in (made | changed).items() if value is not None}


async def post(http, fields) -> object:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await http.post("/oauth/token", content=urlencode(fields), headers=headers)


def by_hand(header: dict, sign, payload: object = None) -> str:
    """Sign what no library would let us sign."""
    unsigned = raw(header, claims() if payload is None else payload).rpartition(".")[0]
    return f"{unsigned}.{urlsafe_b64encode(sign(unsigned.encode())).rstrip(b'=').decode()}"


def by_curve(key: ECKey):
    """Sign as RFC 7518 section 3.4 does, with SHA-384 and whatever curve the key has."""
    width = (key.private_key.key_size + 7) // 8

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.private_key.sign(message, ECDSA(SHA384())))
        return r.to_bytes(width, "big") + s.to_bytes(width, "big")

    return sign


own = by_curve(OWN)


def with_public_key(message: bytes) -> bytes:
    return hmac.digest(OWN.as_pem(private=False), message, "sha384")


REFUSED = {
    "alg none": lambda: raw({"alg": "none", "kid": "own"}, claims()),
    "alg none, signed": lambda: raw({"alg": "none", "kid": "own"}, claims(), b"x" * 96),
    "ES384 without a signature": lambda: raw({"alg": "ES384", "kid": "own"}, claims()),
    "RS256": lambda: signed(RSA, {"alg": "RS256", "kid": "rsa"}),
    "PS384": lambda: signed(RSA, {"alg": "PS384", "kid": "rsa"}),
    "ES256": lambda: signed(SMALL_CURVE, {"alg": "ES256", "kid": "small"}),
    "ES384 claimed for a P-256 key": lambda: raw({"alg": "ES384", "kid": "small"}, claims(), b"x" * 64),
    "ES384 by a P-256 key": lambda: by_hand({"alg": "ES384", "kid": "small"}, by_curve(SMALL_CURVE)),
    "ES384 by a P-521 key": lambda: by_hand({"alg": "ES384", "kid": "large"}, by_curve(LARGE_CURVE)),
    "a short RSA key": lambda: signed(SMALL_RSA, {"alg": "RS384", "kid": "small-rsa"}),
    "a key for encryption": lambda: by_hand({"alg": "ES384", "kid": "enc"}, by_curve(FOR_SECRETS)),
    "a key for another algorithm": lambda: by_hand({"alg": "ES384", "kid": "other-alg"}, by_curve(FOR_OTHER)),
    "HS384 with the public key as the secret": lambda: by_hand({"alg": "HS384", "kid": "own"}, with_public_key),
    "RS384 named, EC key": lambda: raw({"alg": "RS384", "kid": "own"}, claims(), b"x" * 256),
    "expired": lambda: signed(exp=NOW - 1),
    "expires this second": lambda: signed(exp=NOW),
    "lives too long": lambda: signed(exp=NOW + 330),
    "exp missing": lambda: signed(exp=None),
    "exp a text": lambda: signed(exp=str(NOW + 60)),
    "exp a boolean": lambda: signed(exp=True),
    "exp not a number": lambda: signed(exp=float("nan")),
    "exp without end": lambda: signed(exp=float("inf")),
    "exp huge": lambda: signed(exp=10**400),
    "issued in the future": lambda: signed(iat=NOW + 60),
    "not yet valid": lambda: signed(nbf=NOW + 60),
    "wrong aud": lambda: signed(aud="https://gateway.test/fhir"),
    "aud with a slash more": lambda: signed(aud=URL + "/"),
    "aud of somebody else's list": lambda: signed(aud=["https://elsewhere.test/oauth/token"]),
    "aud missing": lambda: signed(aud=None),
    "iss is not sub": lambda: signed(iss="jail"),
    "iss missing": lambda: signed(iss=None),
    "sub a list": lambda: signed(sub=["pa"]),
    "jti missing": lambda: signed(jti=None),
    "jti empty": lambda: signed(jti=""),
    "jti a number": lambda: signed(jti=7),
    "jti long": lambda: signed(jti="j" * 300),
    "kid missing": lambda: signed(header={"kid": None}),
    "kid unknown": lambda: signed(header={"kid": "nobody"}),
    "kid of another client": lambda: signed(OTHERS, {"kid": "others"}),
    "another client's key under our kid": lambda: signed(OTHERS),
    "kid named twice": lambda: signed(iss="two", sub="two"),
    "unknown client": lambda: signed(iss="nobody", sub="nobody"),
    "disabled client": lambda: signed(iss="gone", sub="gone"),
    "own key in the header": lambda: signed(OTHERS, {"jwk": OTHERS.as_dict(private=False), "kid": "own"}),
    "crit": lambda: by_hand({"alg": "ES384", "kid": "own", "crit": ["x"], "x": 1}, own),
    "not a token": lambda: "not-a-token",
    "two parts": lambda: "e30.e30",
    "not ASCII": lambda: "é.é.é",
    "payload a list": lambda: by_hand({"alg": "ES384", "kid": "own"}, own, [1]),
    "too long": lambda: signed(more="x" * 9000),
    "deep": lambda: raw({"alg": "ES384", "kid": "own"}, 0).replace("MA", urlsafe_b64encode(b"[" * 3000).decode()),
}


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
class TestAuthenticationFails:
    @pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
    async def test_every_failure_is_the_same_answer(self, http, gateway, make):
        answer = await post(http, form(make()))
        assert answer.status_code == 401
        assert answer.json() == {"error": "invalid_client", "error_description": "client authentication failed"}
        assert answer.headers["cache-control"] == "no-store"
        assert gateway.grants == {}

    async def test_a_token_is_used_once(self, http):
        assertion = signed()
        assert (await post(http, form(assertion))).status_code == 200
        again = await post(http, form(assertion))
        assert (again.status_code, again.json()["error"]) == (401, "invalid_client")

    async def test_a_refused_assertion_does_not_spend_its_jti(self, http, gateway):
        await post(http, form(signed(OTHERS, jti="kept")))
        assert gateway.spent == set()

    @pytest.mark.parametrize(
        "changed", [{"client_assertion": None}, {"client_assertion_type": None}, {"client_id": "x"}]
    )
    async def test_no_or_other_credentials(self, http, changed):
        answer = await post(http, form(signed(), **changed))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


class TestKeysChangeMeanwhile:
    """A privacy officer gives a system new keys, or stops it, while an old key is already believed."""

    @pytest.mark.parametrize("changed", [client("pa", OTHERS), client("pa", OWN, disabled=True), None])
    async def test_the_old_key_opens_nothing(self, http, gateway, monkeypatch, changed):
        issue = gateway.issue_token

        async def overtaken(*args, **more):
            token = await issue(*args, **more)
            gateway.clients["pa"] = changed
            return token

        monkeypatch.setattr(gateway, "issue_token", overtaken)
        answer = await post(http, form(signed()))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


class TestRequestFails:
    @pytest.mark.parametrize(
        ("changed", "error"),
        [
            ({"grant_type": None}, "invalid_request"),
            ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
            ({"scope": None}, "invalid_scope"),
            ({"scope": "system/Patient.r"}, "invalid_scope"),
            ({"scope": "canary-scope"}, "invalid_scope"),
        ],
    )
    async def test_errors_of_rfc_6749(self, http, changed, error):
        answer = await post(http, form(signed(), **changed))
        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert "canary" not in answer.text

    async def test_a_parameter_twice(self, http):
        answer = await post(http, [*form(signed()).items(), ("scope", "system/Task.c")])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    async def test_json_instead_of_a_form(self, http):
        answer = await http.post("/oauth/token", json=form(signed()))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    async def test_a_password_besides(self, http):
        answer = await http.post("/oauth/token", data=form(signed()), auth=("pa", "secret"))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    async def test_a_huge_form(self, http):
        answer = await post(http, form(signed(), more="x" * 20_000))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    async def test_many_fields(self, http):
        answer = await post(http, form(signed()) | {f"f{n}": "x" for n in range(40)})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")

    async def test_get(self, http):
        assert (await http.get("/oauth/token")).status_code == 405


class TestTokenIssued:
    async def test_signing_by_hand_is_no_reason_to_refuse(self, http):
        answer = await post(http, form(by_hand({"alg": "ES384", "kid": "own"}, own)))
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        "assertion",
        [
            signed,
            lambda: signed(RSA, {"alg": "RS384", "kid": "rsa"}),
            lambda: signed(header={"typ": "JWT"}, aud=[URL]),
            lambda: signed(exp=NOW + 300, iat=NOW + 3),
        ],
        ids=["ES384", "RS384", "aud in a list", "a clock a little ahead"],
    )
    async def test_a_token_of_five_minutes(self, http, gateway, assertion):
        answer = await post(http, form(assertion()))
        body = answer.json()
        assert answer.status_code == 200
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("bearer", 300, "system/Task.c")
        grant = gateway.grants[body["access_token"]]
        assert (grant.client_id, grant.organization) == ("pa", "prosecutor")
        assert (grant.expires - NOON).total_seconds() == 300

    async def test_only_what_is_registered(self, http):
        answer = await post(http, form(signed(), scope="system/Task.cruds system/Consent.rs system/Patient.r"))
        assert answer.json()["scope"] == "system/Task.c"  # of what is registered, what its kind may hold


class TestDiscovery:
    async def test_smart_configuration(self, http):
        answer = await http.get("/fhir/.well-known/smart-configuration")
        told = answer.json()
        assert told["token_endpoint"] == URL
        assert sorted(told["token_endpoint_auth_signing_alg_values_supported"]) == ["ES384", "RS384"]
        assert told["grant_types_supported"] == ["client_credentials"]
        assert answer.headers["content-type"].startswith("application/json")

"""Field types of the LEAD file: what one text, day, moment or address must look like.

Every validator raises PydanticCustomError with our own words, so that no value of a person gets into a message.
"""

import re
from datetime import date, datetime
from ipaddress import ip_address
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, PlainValidator, StringConstraints
from pydantic_core import PydanticCustomError

from consent.codes import CLASS_PREFIX, RECIPIENT_CLASSES

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:[0-5]\d)", re.ASCII)
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,79}")
_SCOPE: Final = re.compile(r"system/[A-Z][A-Za-z]{1,40}\.c?r?u?d?s?")
_PRIVATE_JWK: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_YEARS: Final = (1850, 2200)
_SMALLEST_RSA: Final = 256  # bytes of a modulus: 2048 bits

_D = TypeVar("_D", date, datetime)


def wrong(rule: str) -> PydanticCustomError:
    """Return the error whose message is exactly `rule`."""
    return PydanticCustomError("lead_rule", "{rule}", {"rule": rule})


def _in_reach(value: _D) -> _D:
    if not _YEARS[0] <= value.year <= _YEARS[1]:
        raise wrong(f"must lie between the years {_YEARS[0]} and {_YEARS[1]}")
    return value


def read_day(value: Any) -> date:
    """Return a day from `YYYY-MM-DD`."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise wrong("must be a day, `YYYY-MM-DD`")
    try:
        found = date.fromisoformat(value)
    except ValueError:
        raise wrong("must be a day of the calendar") from None
    return _in_reach(found)


def read_moment(value: Any) -> datetime:
    """Return an aware moment from `YYYY-MM-DDThh:mm:ss`, its offset or `Z` at the end."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise wrong("must be a time with seconds and an offset, `2026-11-24T14:01:00-08:00`")
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise wrong("must be a time of the calendar") from None
    return _in_reach(found)


def read_expiry(value: Any) -> datetime | str:
    """Return a grant's end: a moment, `event:<name>` or `none` (42 CFR 2.31(a)(7))."""
    if value == "none":
        return "none"
    if isinstance(value, str) and value.startswith("event:"):
        if not value.removeprefix("event:").strip():
            raise wrong("must name the event after `event:`")
        return value
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise wrong("must be a time with seconds and an offset, `event:<name>` or `none`")
    return read_moment(value)


def read_grant_ids(value: Any) -> Literal["all"] | frozenset[str]:
    """Return what a revocation reaches: `"all"`, or the ids of grants."""
    if value == "all":
        return "all"
    if not isinstance(value, list) or not all(isinstance(each, str) and _ID.fullmatch(each) for each in value):
        raise wrong("must be `all` or a list of grant ids")  # an empty list is well formed, and counts as `all`
    return frozenset(value)


def _not_blank(value: str) -> str:
    if not value.strip():
        raise wrong("must not be blank")
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise wrong("must be a time zone of the IANA list") from None
    return value


def _recipient(value: str) -> str:
    if value.startswith(CLASS_PREFIX) and value.removeprefix(CLASS_PREFIX) not in RECIPIENT_CLASSES:
        raise wrong("must be a known class after `class:`")
    return value


def _class(value: str) -> str:
    if value not in RECIPIENT_CLASSES:
        raise wrong(f"must be one of {', '.join(sorted(RECIPIENT_CLASSES))}")
    return value


def _scope(value: str) -> str:
    if not _SCOPE.fullmatch(value) or value.endswith("."):
        raise wrong("must be a SMART v2 system scope, `system/Task.c`")
    return value


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise wrong("must be an address, `https://host/path`") from None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and _loopback(host))):
        raise wrong("must be https, or http on this machine")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise wrong("must hold no credential, query or fragment")
    return value


def _public_key(key: Any) -> str:
    """Return the `kid` of one public key that ES384 or RS384 can use (SMART Backend Services)."""
    if not isinstance(key, dict) or not isinstance(key.get("kid"), str) or not key["kid"].strip():
        raise wrong("must give every key a `kid`")
    if _PRIVATE_JWK & key.keys():
        raise wrong("must hold public keys only")
    elliptic = key.get("kty") == "EC" and key.get("crv") == "P-384" and _texts(key, "x", "y")
    rsa = key.get("kty") == "RSA" and _texts(key, "n", "e") and len(key["n"]) * 3 // 4 >= _SMALLEST_RSA
    if not elliptic and not rsa:
        raise wrong("must hold P-384 keys or RSA keys of 2048 bits or more")
    return str(key["kid"])


def _texts(key: dict[str, Any], *names: str) -> bool:
    return all(isinstance(key.get(name), str) and key[name] for name in names)


def read_jwks(value: Any) -> dict[str, Any]:
    """Return a JSON Web Key Set (RFC 7517) of public keys."""
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(value, dict) or value.keys() != {"keys"} or not isinstance(keys, list) or not keys:
        raise wrong("must be a key set, `keys` with at least one key")
    kids = [_public_key(key) for key in keys]
    if len(set(kids)) < len(kids):
        raise wrong("must not give one `kid` to two keys")
    return value


Day = Annotated[date, BeforeValidator(read_day)]
Moment = Annotated[datetime, BeforeValidator(read_moment)]
Expiry = Annotated[datetime | str, PlainValidator(read_expiry)]
GrantIds = Annotated[Literal["all"] | frozenset[str], PlainValidator(read_grant_ids)]
Id = Annotated[str, StringConstraints(pattern=f"^{_ID.pattern}$")]
Text = Annotated[str, StringConstraints(max_length=20_000)]
Line = Annotated[str, StringConstraints(max_length=400), AfterValidator(_not_blank)]
State = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
RecipientId = Annotated[Id, AfterValidator(_recipient)]
RecipientClass = Annotated[str, AfterValidator(_class)]
Scope = Annotated[str, AfterValidator(_scope)]
Address = Annotated[str, StringConstraints(max_length=400), AfterValidator(_address)]
Jwks = Annotated[dict[str, Any], BeforeValidator(read_jwks)]

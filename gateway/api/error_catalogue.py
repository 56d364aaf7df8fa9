"""The catalogue of errors for partners' developers: `python -m gateway.api.error_catalogue > deploy/errors.md`.

Made of the constants themselves, so it says what is said; a test compares the page with them.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import ModuleType
from typing import Final

import orjson

from gateway.api import fixed, fixed_consents, fixed_inbound, fixed_search, fixed_subscriptions
from gateway.exit import Departure
from mappings.fhir import consent_search, filed, question, search_query, subscription

MODULES: Final[tuple[ModuleType, ...]] = (fixed, fixed_search, fixed_consents, fixed_subscriptions, fixed_inbound)

_BLANKS: Final = (
    ("422", "a Task", "an element", [rule.value for rule in question.Broken]),
    ("422", "what is filed", "an element", [rule.value for rule in filed.Fault]),
    ("422", "a Subscription", "an element", [rule.value for rule in subscription.Unfit]),
    ("400", "a search", "a parameter", [rule.value for rule in search_query.Broken]),
    ("400", "a search for Consents", "a parameter", [rule.value for rule in consent_search.Broken]),
)

_HEAD: Final = """# Errors, for a partner's developer

Made by `python -m gateway.api.error_catalogue`: do not edit it by hand.

Under `/fhir` every error is an OperationOutcome: read `issue[0].code` and `issue[0].details.text`. `/oauth/token`
answers as RFC 6749 section 5.2 says, `/cds-services` with `httpCode`, `error` and `errorMessage`, `/inbound` with
`error`. No text holds anything of a request or of a participant.

404 for a read, and an empty searchset for a search, are no errors of yours. They are what everybody gets who may not
be told: there is no such person, no consent, a revoked one, nothing on record. Do not repeat the request. After 429 and
503 wait as long as `Retry-After` says; 500 may be tried again later.

| status | code | text |
|---|---|---|
"""
_MORE: Final = """
Some name what is wrong, always by a name and a rule of these lists:

| status | in | named | rules |
|---|---|---|---|
"""


def errors() -> Iterator[tuple[str, Departure]]:
    """Give every constant that is an error, once, with the name of its module."""
    seen: set[int] = set()
    for module in MODULES:
        for departure in _of(vars(module)):
            if departure.status >= HTTPStatus.BAD_REQUEST and id(departure) not in seen:
                seen.add(id(departure))
                yield module.__name__, departure


def _of(names: Mapping[str, object]) -> Iterator[Departure]:
    for found in names.values():
        if isinstance(found, Departure):
            yield found
        elif isinstance(found, Mapping):
            yield from (one for one in found.values() if isinstance(one, Departure))


def said(departure: Departure) -> tuple[str, str]:
    """Give the code and the text of an error; for a page, that it is one."""
    if not departure.body.startswith(b"{"):
        return "-", "a page for the participant"
    body = orjson.loads(departure.body)
    if "issue" in body:
        return body["issue"][0]["code"], body["issue"][0]["details"]["text"]
    text = body.get("errorMessage") or body.get("error_description")
    return ("-", body["error"]) if text is None else (body["error"], text)


def page() -> str:
    """Write the whole page."""
    rows = sorted({(departure.status, *said(departure)) for _, departure in errors()})
    told = "".join(f"| {status} | {code} | {text} |\n" for status, code, text in rows)
    blanks = "".join(
        f"| {status} | {where} | {what} | {'; '.join(rules)} |\n" for status, where, what, rules in _BLANKS
    )
    return f"{_HEAD}{told}{_MORE}{blanks}"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201  -- what it is for

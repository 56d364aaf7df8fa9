"""The only responses of partner routes. Each marks the scope; gateway/exit.py lets nothing else through."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from consent.disclosure import Disclosure, NeutralAnswer
from consent.model import Organization
from gateway.api.fixed import FHIR_JSON, headers
from gateway.api.negotiation import SMALLEST, compressed
from gateway.exit import _STAMP, Departure, DepartureError, mark
from gateway.showing import PartyAnswer
from mappings.fhir.build import Json
from mappings.fhir.bundle import disclosure_bundle, neutral_answer
from mappings.fhir.searchset import View, searchset, single


class _DepartureResponse(Response):
    """Sends one departure. Raises DepartureError where no exit fence stands in front of the application."""

    def __init__(self, departure: Departure) -> None:
        super().__init__(content=departure.body, status_code=departure.status)
        self.raw_headers = list(departure.headers)
        self._departure = departure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        mark(scope, self._departure)
        await super().__call__(scope, receive, send)


class FixedResponse(_DepartureResponse):
    """One of the constants of gateway/api/fixed.py."""

    def __init__(self, constant: Departure) -> None:
        if not isinstance(constant, Departure) or not isinstance(constant.source, str):
            raise DepartureError("only a constant of `gateway.api.fixed` can be sent")
        super().__init__(constant)


class DisclosureResponse(_DepartureResponse):
    """A sealed disclosure, or the neutral answer, as a FHIR Bundle to the organization that asked.

    Takes sealed values only and renders them itself. Raises DepartureError for anything else, or where the sealed
    value was made for another organization than `recipient`.
    """

    def __init__(
        self,
        sealed: Disclosure | NeutralAnswer,
        *,
        recipient: str,
        organizations: Mapping[str, Organization],
        base_url: str,
    ) -> None:
        if not isinstance(sealed, (Disclosure, NeutralAnswer)):
            raise DepartureError("only a sealed disclosure or neutral answer can be sent")
        if _recipient(sealed) != recipient:
            raise DepartureError("`recipient` differs from the organization that the disclosure was made for")
        super().__init__(_render(sealed, organizations, base_url))


@dataclass(frozen=True, slots=True)
class Wish:
    """How a pull is to be shown. `one`: a resource by itself; else a searchset, with `ignored` and the next page's url.

    `gzip`: compressed where it is worth it. `tags`: what the client has already; None: whatever it is.
    """

    one: bool = False
    ignored: Json | None = None
    next_page: str | None = None
    gzip: bool = False
    tags: frozenset[str] | None = frozenset()


class PulledResponse(_DepartureResponse):
    """A sealed disclosure as what a reading or searching system gets: one resource, or a searchset.

    Raises DepartureError for anything that is not sealed, or was made for another organization than `recipient`.
    INVARIANT: only what passed the point of no return is shown, so 304 too says no more than that it may leave.
    """

    def __init__(self, sealed: Disclosure, view: View, wish: Wish, *, recipient: str) -> None:
        if not isinstance(sealed, Disclosure):
            raise DepartureError("only a sealed disclosure can be sent")
        if sealed.clearance.recipient != recipient:
            raise DepartureError("`recipient` differs from the organization that the disclosure was made for")
        super().__init__(_shown(sealed, view, wish))


def _shown(sealed: Disclosure, view: View, wish: Wish) -> Departure:
    if not wish.one:
        found = searchset(sealed, view, ignored=wish.ignored, next_page=wish.next_page)
        return _written(sealed, orjson.dumps(found), wish, ())
    body = orjson.dumps(single(sealed, view))
    if view.kind == "Provenance":  # of this one disclosure: another is another
        return _written(sealed, body, wish, ())
    tag = hashlib.sha256(body).hexdigest()[:32]
    etag = ((b"etag", f'W/"{tag}"'.encode()),)
    if wish.tags is None or tag in wish.tags:
        kept = tuple(one for one in headers(FHIR_JSON, 0) if one[0] not in {b"content-type", b"content-length"})
        return Departure(_STAMP, sealed, int(HTTPStatus.NOT_MODIFIED), kept + etag, b"")
    return _written(sealed, body, wish, etag)


def _written(sealed: Disclosure, body: bytes, wish: Wish, extra: tuple[tuple[bytes, bytes], ...]) -> Departure:
    """Write a whole answer. What is compressed is a client's own answer to its own request: nobody else is in it."""
    if wish.gzip and len(body) >= SMALLEST:
        body, extra = compressed(body), (*extra, (b"content-encoding", b"gzip"))
    return Departure(_STAMP, sealed, int(HTTPStatus.OK), headers(FHIR_JSON, len(body)) + extra, body)


class PartyResponse(_DepartureResponse):
    """What a party to a consent is told of it (gateway.showing), sealed and accounted for.

    Raises DepartureError for anything else, or where it was made for another organization than `recipient`.
    """

    def __init__(self, told: PartyAnswer, *, recipient: str, kind: bytes = FHIR_JSON) -> None:
        if type(told) is not PartyAnswer:
            raise DepartureError("only what `gateway.showing` made can be told to a party")
        if told.recipient != recipient:
            raise DepartureError("`recipient` differs from the organization that it was made for")
        body = orjson.dumps(told.body)
        super().__init__(Departure(_STAMP, f"party:{told.entry}", int(HTTPStatus.OK), headers(kind, len(body)), body))


def _recipient(sealed: Disclosure | NeutralAnswer) -> str:
    return sealed.recipient if isinstance(sealed, NeutralAnswer) else sealed.clearance.recipient


def _render(sealed: Disclosure | NeutralAnswer, organizations: Mapping[str, Organization], base_url: str) -> Departure:
    bundle: Mapping[str, Any]
    if isinstance(sealed, Disclosure):
        bundle = disclosure_bundle(sealed, organizations=organizations, base_url=base_url, at=sealed.at)
    else:
        bundle = neutral_answer(sealed)
    body = orjson.dumps(bundle)
    # INVARIANT: status and header names are the same for a disclosure and a neutral answer.
    return Departure(_STAMP, sealed, int(HTTPStatus.OK), headers(FHIR_JSON, len(body)), body)

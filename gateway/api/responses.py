"""The only two responses of partner routes. Each marks the scope; gateway/exit.py lets nothing else through."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from consent.disclosure import Disclosure, NeutralAnswer
from consent.model import Organization
from gateway.api.fixed import FHIR_JSON, headers
from gateway.exit import _STAMP, Departure, DepartureError, mark
from mappings.fhir.bundle import disclosure_bundle, neutral_answer


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

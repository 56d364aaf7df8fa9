"""The constant answer of /openapi.json; as gateway/api/fixed.py has the others. Its one blank: the site's address."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from gateway.api.fixed import _PLAIN_JSON, _departure
from gateway.exit import Departure


def openapi(document: Mapping[str, Any]) -> Departure:
    """Give the description of the routes (gateway/api/openapi.py)."""
    return _departure("openapi", HTTPStatus.OK, document, _PLAIN_JSON)

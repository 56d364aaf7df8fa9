"""The description of the routes: valid, complete, and nothing beside them."""

from typing import Any

import pytest
from openapi_spec_validator import validate

from gateway.api.openapi import document
from tests.gateway.api.rows import EXCEPTIONS, routes

NOT_DESCRIBED = {
    "GET /revoke": "the participant's own page",
    "POST /revoke": "the participant's own page",
    "POST /inbound/{feed}": "feeds sign their messages: adapters/README.md",
    "GET /health/live": "for whoever runs the site",
    "GET /health/ready": "for whoever runs the site",
    "GET /metrics": "for whoever runs the site",
    "GET /fhir": "nothing is there",
    "POST /fhir/": "the same as without the slash",
    "GET /fhir/{path:path}": "nothing is there",
    "POST /fhir/{path:path}": "nothing is there",
}


def described() -> dict[str, dict[str, Any]]:
    paths = document("https://gateway.test")["paths"]
    return {f"{method.upper()} {path}": operation for path, one in paths.items() for method, operation in one.items()}


class TestDocument:
    def test_it_is_valid(self) -> None:
        validate(document("https://gateway.test"))

    def test_it_is_what_is_served(self) -> None:
        served = {route for route in routes() if not route.startswith("HEAD ")}
        assert set(described()) == served - set(NOT_DESCRIBED)
        assert set(NOT_DESCRIBED) <= served

    def test_a_token_is_asked_for_where_somebody_is_named(self) -> None:
        for route, operation in described().items():
            if route not in EXCEPTIONS:
                assert operation["security"] == [{"backend": []}], route

    def test_names_are_unique_and_links_lead_somewhere(self) -> None:
        operations = described().values()
        names = [operation["operationId"] for operation in operations]
        assert len(set(names)) == len(names)
        answers = [answer for one in operations for answer in one["responses"].values()]
        links = [link["operationId"] for answer in answers for link in answer.get("links", {}).values()]
        assert len(links) == 4
        assert set(links) <= set(names)

    @pytest.mark.parametrize("word", ["Ray", "Alder", "participant/"])
    def test_nobody_is_in_it(self, word: str) -> None:
        assert word not in str(document("https://gateway.test"))

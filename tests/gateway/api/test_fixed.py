from datetime import UTC, datetime

import orjson
import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome

from gateway.api import fixed
from gateway.exit import Departure
from mappings.fhir.question import QUESTION_FIELDS, Broken
from tests.gateway.api.factory import CANARY

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ALL = {name: value for name, value in vars(fixed).items() if isinstance(value, Departure)}


class TestBlanks:
    @pytest.mark.parametrize("reference", ["", "a b", "a/b", "x" * 65, "é", "a\n"])
    def test_a_reference_is_a_fhir_id(self, reference):
        with pytest.raises(fixed.BlankError):
            fixed.acknowledgement(reference, NOON, NOON)

    def test_moments_are_aware(self):
        with pytest.raises(fixed.BlankError):
            fixed.acknowledgement("r", NOON, NOON.replace(tzinfo=None))

    @pytest.mark.parametrize("token", ["", "short", "a b" * 10, "x" * 600, "x" * 20 + "\n"])
    def test_a_token_is_a_token(self, token):
        with pytest.raises(fixed.BlankError):
            fixed.token_issued(token, frozenset({"system/Task.c"}))

    @pytest.mark.parametrize("scopes", [(), ("x",), ("system/Task.c", CANARY), ("system/Task.c\n",)])
    def test_scopes_are_scopes(self, scopes):
        with pytest.raises(fixed.BlankError):
            fixed.token_issued("x" * 40, frozenset(scopes))


class TestBadElement:
    @pytest.mark.parametrize(
        ("field", "rule"), [(CANARY, "is missing"), ("Task", CANARY), ("", ""), ("Task.input[x]", "is missing")]
    )
    def test_what_the_tables_do_not_hold_is_not_written(self, field, rule):
        assert fixed.bad_element(field, rule) is fixed.UNPROCESSABLE

    @pytest.mark.parametrize("rule", list(Broken))
    @pytest.mark.parametrize("field", sorted(QUESTION_FIELDS))
    def test_every_field_and_rule_of_a_question_is_named(self, field, rule):
        told = orjson.loads(fixed.bad_element(field, rule.value).body)
        OperationOutcome.model_validate(told)
        assert told["issue"][0]["details"]["text"] == f"`{field}` {rule.value}"


class TestConstants:
    @pytest.mark.parametrize("constant", ALL.values(), ids=ALL.keys())
    def test_each_is_whole(self, constant):
        headers = dict(constant.headers)
        assert headers[b"content-length"] == str(len(constant.body)).encode()
        assert headers[b"cache-control"] == b"no-store"
        if b"html" in headers[b"content-type"]:  # the participant's own pages
            assert constant.body.startswith(b"<!DOCTYPE html>")
            assert constant.body.endswith(b"</html>\n")
            return
        told = orjson.loads(constant.body)
        if b"fhir" in headers[b"content-type"]:
            OperationOutcome.model_validate(told)
        else:
            assert told.keys() == {"error", "error_description"}

    @pytest.mark.parametrize("status", [200, 302, 418, 500, 502, 503, 599])
    def test_an_unlisted_status_is_a_server_error(self, status):
        assert fixed.for_status(status) is fixed.SERVER_ERROR

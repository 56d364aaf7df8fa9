"""Canonical JSON: what a digest is made of. Two ways of writing it would be two digests of one thing."""

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.canonical import Resources, canonical, quoted

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


def plainly(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), {1, 2}, MappingProxyType({})])
def test_what_json_has_not_is_refused(odd: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        canonical(odd)
    with pytest.raises((ValueError, TypeError)):
        Resources().text({"resourceType": "Task", "status": odd})
    with pytest.raises((ValueError, TypeError)):
        Resources().text(odd)


def test_names_in_order_and_nothing_escaped_that_need_not_be() -> None:
    assert canonical({"b": 1, "a": ["é", 1.50, None, True]}) == '{"a":["é",1.5,null,true],"b":1}'
    assert quoted('"\n') == '"\\"\\n"'


def test_a_resource_that_is_not_there() -> None:
    assert Resources().text(None) == "null"


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(st.text(), JSON, max_size=5), max_size=4))
def test_resources_are_written_as_alone(several: list[dict[str, Any]]) -> None:
    resources = Resources()
    assert [resources.text(each) for each in several * 2] == [plainly(each) for each in several] * 2


def test_one_object_in_several_places_is_written_under_each_name() -> None:
    """Incident in building it: remembered together with its name, a code that stands under two took the first one."""
    code = {"coding": [{"code": "a%s"}]}
    one, other = {"code": code, "count": 7}, {"category": code, "%s": 7}
    resources = Resources()
    assert [resources.text(one), resources.text(other)] == [plainly(one), plainly(other)]
